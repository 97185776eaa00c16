//! Shelves: parts of a picture that no arrow connects stand in rows where side by side they would be very wide.

use super::{Geometry, Plan, Point};

/// What is less wide stays as the engine has placed it.
const WIDE: f64 = 1_600.0;
/// How wide the shelves may be for the height of all of them.
const ASPECT: f64 = 1.8;
const GAP: f64 = 32.0;

/// One part: what it covers.
#[derive(Clone, Copy)]
struct Part {
    low: Point,
    high: Point,
}

impl Part {
    const NOTHING: Self =
        Self { low: Point { x: f64::INFINITY, y: f64::INFINITY }, high: Point { x: f64::NEG_INFINITY, y: f64::NEG_INFINITY } };

    fn cover(&mut self, centre: Point, half_w: f64, half_h: f64) {
        self.low = Point { x: self.low.x.min(centre.x - half_w), y: self.low.y.min(centre.y - half_h) };
        self.high = Point { x: self.high.x.max(centre.x + half_w), y: self.high.y.max(centre.y + half_h) };
    }

    fn width(&self) -> f64 {
        self.high.x - self.low.x
    }

    fn height(&self) -> f64 {
        self.high.y - self.low.y
    }
}

/// Moves the parts of a wide picture onto shelves, in the order of their first boxes; each keeps its shape.
pub(super) fn put_on_shelves(geometry: &mut Geometry, plan: &Plan) {
    let part_of = connected(plan);
    let count = part_of.iter().max().map_or(0, |last| last + 1);
    let mut parts = vec![Part::NOTHING; count];
    for (at, (&centre, size)) in geometry.centres.iter().zip(&plan.boxes).enumerate() {
        parts[part_of[at]].cover(centre, size.w / 2.0, size.h / 2.0);
    }
    for (at, arrow) in plan.arrows.iter().enumerate() {
        let part = &mut parts[part_of[arrow.from]];
        for &point in &geometry.curves[at] {
            part.cover(point, 0.0, 0.0);
        }
        if let (Some(centre), Some(size)) = (geometry.labels[at], arrow.label) {
            part.cover(centre, size.w / 2.0, size.h / 2.0);
        }
    }
    let mut whole = Part::NOTHING;
    for part in &parts {
        whole.cover(part.low, 0.0, 0.0);
        whole.cover(part.high, 0.0, 0.0);
    }
    if count < 2 || whole.width() <= WIDE {
        return;
    }
    let moves = shelved(&parts);
    let moved = |point: &mut Point, part: usize| *point = Point { x: point.x + moves[part].x, y: point.y + moves[part].y };
    for (at, centre) in geometry.centres.iter_mut().enumerate() {
        moved(centre, part_of[at]);
    }
    for (at, arrow) in plan.arrows.iter().enumerate() {
        for point in &mut geometry.curves[at] {
            moved(point, part_of[arrow.from]);
        }
        if let Some(centre) = &mut geometry.labels[at] {
            moved(centre, part_of[arrow.from]);
        }
    }
}

/// How far each part moves.
fn shelved(parts: &[Part]) -> Vec<Point> {
    let room: f64 = parts.iter().map(|part| (part.width() + GAP) * (part.height() + GAP)).sum();
    let widest = parts.iter().map(Part::width).fold(0.0, f64::max);
    let width = (room * ASPECT).sqrt().max(WIDE).max(widest);
    let (mut at, mut height) = (Point::default(), 0.0_f64);
    let mut moves = Vec::with_capacity(parts.len());
    for part in parts {
        if at.x > 0.0 && at.x + part.width() > width {
            at = Point { x: 0.0, y: at.y + height + GAP };
            height = 0.0;
        }
        moves.push(Point { x: at.x - part.low.x, y: at.y - part.low.y });
        at.x += part.width() + GAP;
        height = height.max(part.height());
    }
    moves
}

/// For each box the number of its part, those first that have the first boxes.
fn connected(plan: &Plan) -> Vec<usize> {
    let mut above: Vec<usize> = (0..plan.boxes.len()).collect();
    fn top(above: &mut [usize], mut at: usize) -> usize {
        while above[at] != at {
            above[at] = above[above[at]];
            at = above[at];
        }
        at
    }
    for arrow in &plan.arrows {
        let (one, other) = (top(&mut above, arrow.from), top(&mut above, arrow.to));
        above[one.max(other)] = one.min(other);
    }
    let mut numbers = vec![usize::MAX; above.len()];
    let mut count = 0;
    (0..above.len())
        .map(|at| {
            let top = top(&mut above, at);
            if numbers[top] == usize::MAX {
                numbers[top] = count;
                count += 1;
            }
            numbers[top]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Arrow, Size};
    use super::*;

    /// Pairs of boxes with an arrow and its name, side by side.
    fn pairs(count: usize) -> (Plan, Geometry) {
        let size = Size { w: 100.0, h: 40.0 };
        let arrow = |pair: usize| Arrow { from: 2 * pair + 1, to: 2 * pair, label: Some(size), sets_rank: true };
        let plan = Plan {
            boxes: vec![size; 2 * count],
            levels: (0..2 * count).map(|at| 1 - (at % 2) as i64).collect(),
            arrows: (0..count).map(arrow).collect(),
            railed: 0,
        };
        let at = |pair: usize, y: f64| Point { x: 120.0 * pair as f64, y };
        let geometry = Geometry {
            centres: (0..2 * count).map(|of| at(of / 2, if of % 2 == 0 { 100.0 } else { 0.0 })).collect(),
            curves: (0..count).map(|pair| [20.0, 40.0, 60.0, 80.0].map(|y| at(pair, y)).to_vec()).collect(),
            labels: (0..count).map(|pair| Some(at(pair, 50.0))).collect(),
            ..Geometry::default()
        };
        (plan, geometry)
    }

    #[test]
    fn wide_forests_stand_in_rows_that_keep_the_shape_of_each() {
        let (plan, mut geometry) = pairs(60);
        let before: Vec<f64> = (0..60).map(|pair| geometry.centres[2 * pair].y - geometry.centres[2 * pair + 1].y).collect();
        put_on_shelves(&mut geometry, &plan);
        let widest = geometry.centres.iter().map(|centre| centre.x).fold(0.0, f64::max);
        assert!(widest < 1.1 * WIDE, "{widest}");
        let after: Vec<f64> = (0..60).map(|pair| geometry.centres[2 * pair].y - geometry.centres[2 * pair + 1].y).collect();
        assert_eq!(before, after);
        for (one, a) in geometry.centres.iter().enumerate() {
            for b in &geometry.centres[..one] {
                assert!((a.x - b.x).abs() >= 100.0 || (a.y - b.y).abs() >= 40.0, "{a:?} {b:?}");
            }
        }
        for pair in 0..60 {
            let [label, centre, curve] = [geometry.labels[pair].unwrap(), geometry.centres[2 * pair], geometry.curves[pair][0]];
            assert_eq!((label.x, curve.x, label.y - curve.y), (centre.x, centre.x, 30.0));
        }
    }

    #[test]
    fn what_is_connected_or_narrow_stays() {
        let (plan, mut geometry) = pairs(5);
        let before = geometry.centres.clone();
        put_on_shelves(&mut geometry, &plan);
        assert_eq!(geometry.centres, before);
        let (mut plan, mut geometry) = pairs(60);
        plan.arrows.extend((1..60).map(|pair| Arrow { from: 2 * pair + 1, to: 0, label: None, sets_rank: true }));
        geometry.curves.extend((1..60).map(|_| vec![Point::default(); 4]));
        geometry.labels.extend((1..60).map(|_| None));
        let before = geometry.centres.clone();
        put_on_shelves(&mut geometry, &plan);
        assert_eq!(geometry.centres, before);
    }
}
