//! Numbers and curves as SVG writes them in paths.

use std::fmt::Write;

use crate::layout::Point;

/// A coordinate with one digit after the point, and without it where it is 0.
pub(crate) fn number(value: f64) -> String {
    let written = format!("{value:.1}");
    let short = written.strip_suffix(".0").unwrap_or(&written);
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// A point.
pub(crate) fn at(point: Point) -> String {
    format!("{},{}", number(point.x), number(point.y))
}

/// A chain of cubic curves.
pub(crate) fn curve(points: &[Point]) -> String {
    let mut path = String::new();
    for (i, &point) in points.iter().enumerate() {
        let joint = match i {
            0 => "M",
            1 => " C",
            _ => " ",
        };
        let _ = write!(path, "{joint}{}", at(point));
    }
    path
}
