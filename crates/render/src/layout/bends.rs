//! Lines through bends, as Bézier curves.

use super::Point;

/// A line through bends: straight but for its rounded bends, so that it stays where room was made for it. A bend's
/// rounding begins `radius` before it, at most half way to the next one.
pub(super) fn rounded(bends: &[Point], radius: f64) -> Vec<Point> {
    let (Some(&first), Some(&last)) = (bends.first(), bends.last()) else { return Vec::new() };
    let mut out = vec![first];
    let mut at = first;
    for corner in bends.windows(3) {
        let (before, bend, after) = (corner[0], corner[1], corner[2]);
        let enter = towards(bend, before, radius);
        let leave = towards(bend, after, radius);
        straight(&mut out, at, enter);
        out.extend([between(enter, bend, 0.6), between(leave, bend, 0.6), leave]);
        at = leave;
    }
    straight(&mut out, at, last);
    out
}

/// The point of a cubic curve at `t` from 0 to 1.
pub(super) fn on_curve([a, b, c, d]: [Point; 4], t: f64) -> Point {
    let s = 1.0 - t;
    let mix = |a: f64, b: f64, c: f64, d: f64| s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d;
    Point { x: mix(a.x, b.x, c.x, d.x), y: mix(a.y, b.y, c.y, d.y) }
}

fn straight(out: &mut Vec<Point>, from: Point, to: Point) {
    out.extend([between(from, to, 1.0 / 3.0), between(from, to, 2.0 / 3.0), to]);
}

fn between(a: Point, b: Point, share: f64) -> Point {
    Point { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share }
}

/// The point `radius` away from `from` on the way to `to`, at most half way.
fn towards(from: Point, to: Point, radius: f64) -> Point {
    let length = (to.x - from.x).hypot(to.y - from.y);
    if length == 0.0 { from } else { between(from, to, (radius / length).min(0.5)) }
}
