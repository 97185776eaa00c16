//! Ways around boxes for arrows that an engine led behind one.

use super::bends::{on_curve, rounded};
use super::{Geometry, Plan, Point, Size};

/// Room between a box and an arrow that goes around it.
const CLEARANCE: f64 = 7.0;
/// The rounding of bends, which stays inside that room.
const RADIUS: f64 = 5.0;
/// How far beside an arrow boxes are looked at.
const REACH: f64 = 200.0;
/// Boxes beside an arrow from which on no way is looked for: it would take long, and the picture is a large one.
const MOST_BESIDE: usize = 120;
/// Pairs of arrows and boxes from which on none is looked at: some tenths of a second.
const MOST_PAIRS: usize = 1 << 22;
/// Straight pieces that stand for one curve.
const PIECES: u32 = 12;

#[derive(Clone, Copy)]
struct Rect {
    low: Point,
    high: Point,
}

impl Rect {
    fn of(centre: Point, size: Size, more: f64) -> Self {
        let (w, h) = (size.w / 2.0 + more, size.h / 2.0 + more);
        Self { low: Point { x: centre.x - w, y: centre.y - h }, high: Point { x: centre.x + w, y: centre.y + h } }
    }

    /// Whether a straight piece has a point inside, by clipping it (Liang and Barsky, 1984).
    fn is_met_by(&self, from: Point, to: Point) -> bool {
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        let axes = [(from.x, to.x - from.x, self.low.x, self.high.x), (from.y, to.y - from.y, self.low.y, self.high.y)];
        for (start, along, low, high) in axes {
            if along == 0.0 {
                if start <= low || start >= high {
                    return false;
                }
                continue;
            }
            let (one, other) = ((low - start) / along, (high - start) / along);
            enter = enter.max(one.min(other));
            leave = leave.min(one.max(other));
        }
        enter < leave
    }

    fn meets(&self, other: &Self) -> bool {
        self.low.x < other.high.x && other.low.x < self.high.x && self.low.y < other.high.y && other.low.y < self.high.y
    }

    fn corners(&self) -> [Point; 4] {
        let at = |x, y| Point { x, y };
        [at(self.low.x, self.low.y), at(self.high.x, self.low.y), at(self.low.x, self.high.y), at(self.high.x, self.high.y)]
    }
}

/// Leads each arrow that runs behind a box around it, by the shortest way along corners; its name gets a place later. Arrows
/// that are clear stay as they are. O(arrows × boxes), and for each arrow that is led O(boxes beside it³).
pub(super) fn lead_around(geometry: &mut Geometry, plan: &Plan) {
    if plan.arrows.len().saturating_mul(plan.boxes.len()) > MOST_PAIRS {
        return;
    }
    for (at, arrow) in plan.arrows.iter().enumerate() {
        // At an end of its own an arrow may touch the box.
        let inset = |of: usize| if of == arrow.from || of == arrow.to { -2.0 } else { -0.5 };
        let boxes: Vec<Rect> =
            (0..plan.boxes.len()).map(|of| Rect::of(geometry.centres[of], plan.boxes[of], inset(of))).collect();
        let line = flattened(&geometry.curves[at]);
        if is_clear(&line, &boxes) {
            continue;
        }
        let around = bounds(&line, REACH);
        let beside: Vec<usize> = (0..boxes.len()).filter(|&of| boxes[of].meets(&around)).collect();
        let (Some(&from), Some(&to)) = (line.first(), line.last()) else { continue };
        if beside.len() > MOST_BESIDE {
            continue;
        }
        let near: Vec<Rect> = beside.iter().map(|&of| boxes[of]).collect();
        let corners = beside.iter().flat_map(|&of| Rect::of(geometry.centres[of], plan.boxes[of], CLEARANCE).corners());
        let stops: Vec<Point> = [from, to].into_iter().chain(corners).collect();
        if let Some(way) = shortest(&stops, &near) {
            let curve = rounded(&way, RADIUS);
            if is_clear(&flattened(&curve), &boxes) {
                geometry.curves[at] = curve;
                geometry.labels[at] = None;
            }
        }
    }
}

fn flattened(curve: &[Point]) -> Vec<Point> {
    let mut line: Vec<Point> = curve.first().copied().into_iter().collect();
    for at in (0..curve.len().saturating_sub(3)).step_by(3) {
        let whole = [curve[at], curve[at + 1], curve[at + 2], curve[at + 3]];
        line.extend((1..=PIECES).map(|step| on_curve(whole, f64::from(step) / f64::from(PIECES))));
    }
    line
}

fn is_clear(line: &[Point], boxes: &[Rect]) -> bool {
    let around = bounds(line, 0.5);
    boxes
        .iter()
        .filter(|place| place.meets(&around))
        .all(|place| !line.windows(2).any(|piece| place.is_met_by(piece[0], piece[1])))
}

fn bounds(line: &[Point], more: f64) -> Rect {
    let least = |pick: fn(&Point) -> f64| line.iter().map(pick).fold(f64::INFINITY, f64::min) - more;
    let most = |pick: fn(&Point) -> f64| line.iter().map(pick).fold(f64::NEG_INFINITY, f64::max) + more;
    Rect {
        low: Point { x: least(|point| point.x), y: least(|point| point.y) },
        high: Point { x: most(|point| point.x), y: most(|point| point.y) },
    }
}

/// The shortest way from the first to the second stop over others whose straight pieces are clear (Dijkstra, 1959).
fn shortest(stops: &[Point], boxes: &[Rect]) -> Option<Vec<Point>> {
    let mut found: Vec<(f64, usize)> = vec![(f64::INFINITY, 0); stops.len()];
    let mut is_done = vec![false; stops.len()];
    found.first_mut()?.0 = 0.0;
    loop {
        let open = (0..stops.len()).filter(|&stop| !is_done[stop] && found[stop].0.is_finite());
        let here = open.min_by(|&a, &b| found[a].0.total_cmp(&found[b].0))?;
        if here == 1 {
            break;
        }
        is_done[here] = true;
        for there in 0..stops.len() {
            let far = found[here].0 + (stops[there].x - stops[here].x).hypot(stops[there].y - stops[here].y);
            if !is_done[there] && far < found[there].0 && is_clear(&[stops[here], stops[there]], boxes) {
                found[there] = (far, here);
            }
        }
    }
    let mut way = vec![stops[1]];
    let mut at = 1;
    while at != 0 {
        at = found[at].1;
        way.push(stops[at]);
    }
    way.reverse();
    Some(way)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Arrow;

    #[test]
    fn an_arrow_behind_a_box_goes_around_it_and_a_clear_one_stays() {
        let size = Size { w: 40.0, h: 20.0 };
        let at = |x: f64, y: f64| Point { x, y };
        let arrow = |from, to| Arrow { from, to, label: Some(Size { w: 9.0, h: 9.0 }), sets_rank: true };
        let plan = Plan { boxes: vec![size; 4], arrows: vec![arrow(0, 2), arrow(0, 3)], ..Plan::default() };
        let straight = |from: Point, to: Point| rounded(&[from, to], 1.0);
        let mut geometry = Geometry {
            centres: vec![at(0.0, 0.0), at(3.0, 60.0), at(0.0, 120.0), at(200.0, 120.0)],
            curves: vec![straight(at(0.0, 10.0), at(0.0, 110.0)), straight(at(20.0, 0.0), at(200.0, 110.0))],
            labels: vec![Some(at(0.0, 50.0)), Some(at(100.0, 55.0))],
            ..Geometry::default()
        };
        let clear = geometry.curves[1].clone();
        lead_around(&mut geometry, &plan);
        assert_eq!((&geometry.curves[1], geometry.labels[1].is_some()), (&clear, true));
        let line = flattened(&geometry.curves[0]);
        assert!(
            geometry.labels[0].is_none()
                && !line.windows(2).any(|piece| Rect::of(at(3.0, 60.0), size, 0.0).is_met_by(piece[0], piece[1]))
        );
        assert_eq!((line[0], *line.last().unwrap()), (at(0.0, 10.0), at(0.0, 110.0)));
        // The nearer side, on which the way is shorter.
        assert!(line.iter().all(|point| point.x <= 0.0));
    }
}
