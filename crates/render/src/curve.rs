//! Bézier curves: where an arrow's line ends and its head begins.

use crate::layout::Point;

const HEAD_LENGTH: f64 = 9.0;
const HEAD_HALF_WIDTH: f64 = 3.8;

/// Cuts a chain of curves where the arrow's head begins; returns the head's corners, tip first.
pub(crate) fn cut_for_head(curve: &mut Vec<Point>) -> [Point; 3] {
    let tip = curve.last().copied().unwrap_or_default();
    while curve.len() > 4 && distance(curve[curve.len() - 4], tip) <= HEAD_LENGTH {
        curve.truncate(curve.len() - 3);
    }
    if let Some(last) = curve.len().checked_sub(4) {
        shorten(&mut curve[last..], tip);
    }
    let neck = curve.last().copied().unwrap_or_default();
    let length = distance(neck, tip).max(1e-6);
    let (across_x, across_y) = ((tip.y - neck.y) / length * HEAD_HALF_WIDTH, (neck.x - tip.x) / length * HEAD_HALF_WIDTH);
    [tip, Point { x: neck.x + across_x, y: neck.y + across_y }, Point { x: neck.x - across_x, y: neck.y - across_y }]
}

/// Cuts one curve back to a head's length from the tip.
fn shorten(curve: &mut [Point], tip: Point) {
    let [a, b, c, d] = *curve else { return };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..24 {
        let middle = (low + high) / 2.0;
        if distance(first_part([a, b, c, d], middle)[3], tip) > HEAD_LENGTH {
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
        let [tip, left, right] = cut_for_head(&mut line);
        assert_eq!(tip, Point { x: 0.0, y: 30.0 });
        assert!((line[3].y - 21.0).abs() < 0.01, "{line:?}");
        assert!((left.y - 21.0).abs() < 0.01 && (right.y - 21.0).abs() < 0.01);
        assert!((left.x - 3.8).abs() < 0.01 && (right.x + 3.8).abs() < 0.01);
    }

    #[test]
    fn a_curve_shorter_than_its_head_stays_finite() {
        for mut line in [vec![Point::default(); 4], (0..4).map(|i| Point { x: f64::from(i), y: 0.0 }).collect()] {
            assert!(cut_for_head(&mut line).iter().all(|corner| corner.x.is_finite() && corner.y.is_finite()));
        }
    }
}
