//! Bézier curves: where an arrow's line ends and its head begins.

use crate::layout::Point;

/// The corners of an arrow's head, the tip first.
pub(crate) type Head = [Point; 3];

/// How long the head of a line of some width is; a head is 0.84 times as wide as long.
fn head_length(width: f64) -> f64 {
    7.4 + 1.4 * width
}

/// Cuts a chain of curves where the head of a line of that width begins; returns the head.
pub(crate) fn cut_for_head(curve: &mut Vec<Point>, width: f64) -> Head {
    let length = head_length(width);
    let tip = curve.last().copied().unwrap_or_default();
    while curve.len() > 4 && distance(curve[curve.len() - 4], tip) <= length {
        curve.truncate(curve.len() - 3);
    }
    if let Some(last) = curve.len().checked_sub(4) {
        shorten(&mut curve[last..], tip, length);
    }
    let neck = curve.last().copied().unwrap_or_default();
    let half = 0.42 * length / distance(neck, tip).max(1e-6);
    let (across_x, across_y) = ((tip.y - neck.y) * half, (neck.x - tip.x) * half);
    [tip, Point { x: neck.x + across_x, y: neck.y + across_y }, Point { x: neck.x - across_x, y: neck.y - across_y }]
}

/// Cuts one curve back to a length from the tip.
fn shorten(curve: &mut [Point], tip: Point, length: f64) {
    let [a, b, c, d] = *curve else { return };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..24 {
        let middle = (low + high) / 2.0;
        if distance(first_part([a, b, c, d], middle)[3], tip) > length {
            low = middle;
        } else {
            high = middle;
        }
    }
    curve.copy_from_slice(&first_part([a, b, c, d], low));
}

/// The part of a curve before `t`, by de Casteljau's construction.
fn first_part([a, b, c, d]: [Point; 4], t: f64) -> [Point; 4] {
    let mix = |p: Point, q: Point| Point { x: p.x + (q.x - p.x) * t, y: p.y + (q.y - p.y) * t };
    let (ab, bc, cd) = (mix(a, b), mix(b, c), mix(c, d));
    let (abc, bcd) = (mix(ab, bc), mix(bc, cd));
    [a, ab, abc, mix(abc, bcd)]
}

fn distance(a: Point, b: Point) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_points_along_the_line() {
        let mut line: Vec<Point> = (0..4).map(|i| Point { x: 0.0, y: f64::from(i) * 10.0 }).collect();
        let [tip, left, right] = cut_for_head(&mut line, 1.0);
        assert_eq!(tip, Point { x: 0.0, y: 30.0 });
        let neck = 30.0 - 8.8;
        assert!((line[3].y - neck).abs() < 0.01, "{line:?}");
        assert!((left.y - neck).abs() < 0.01 && (right.y - neck).abs() < 0.01);
        assert!((left.x - 3.696).abs() < 0.01 && (right.x + 3.696).abs() < 0.01);
    }

    #[test]
    fn a_curve_shorter_than_its_head_stays_finite() {
        for mut line in [vec![Point::default(); 4], (0..4).map(|i| Point { x: f64::from(i), y: 0.0 }).collect()] {
            assert!(cut_for_head(&mut line, 1.0).iter().all(|corner| corner.x.is_finite() && corner.y.is_finite()));
        }
    }
}
