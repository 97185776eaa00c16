//! Where the names of arrows stand: close to their own arrow, on no box and on no other name.

use std::collections::HashMap;

use super::bends::on_curve;
use super::{Geometry, Plan, Point, Size};

/// Room between a name and the arrow that it stands beside.
const GAP: f64 = 1.0;

/// Moves names for which the engine made room sideways to their arrows, where an arrow's smoothed
/// line left them, unless something else stands there.
pub(super) fn move_to_arrows(geometry: &mut Geometry, plan: &Plan) {
    let mut taken = Taken::boxes(geometry, plan);
    for (i, arrow) in plan.arrows.iter().enumerate() {
        for point in samples(&geometry.curves[i]) {
            taken.add(Owner::Arrow(i), point, Size::default());
        }
        if let (Some(centre), Some(size)) = (geometry.labels[i], arrow.label) {
            taken.add(Owner::Arrow(i), centre, size);
        }
    }
    for (i, arrow) in plan.arrows.iter().enumerate() {
        let (Some(centre), Some(size)) = (geometry.labels[i], arrow.label) else { continue };
        let near: Vec<Point> =
            samples(&geometry.curves[i]).into_iter().filter(|point| (point.y - centre.y).abs() < size.h / 2.0 + 2.0).collect();
        let Some(beside) = near.iter().min_by(|a, b| (a.x - centre.x).abs().total_cmp(&(b.x - centre.x).abs())) else { continue };
        let reach = size.w / 2.0 + GAP;
        let is_right = centre.x >= beside.x;
        // A slanting line is kept clear of over the whole height of the name.
        let own_side = near.iter().map(|point| point.x).filter(|x| (*x <= centre.x) == is_right);
        let x = if is_right { own_side.fold(beside.x, f64::max) + reach } else { own_side.fold(beside.x, f64::min) - reach };
        let wished = Point { x, y: centre.y };
        let is_nearer = (x - beside.x).abs() < (centre.x - beside.x).abs();
        if is_nearer && taken.is_free(wished, size, Some(Owner::Arrow(i))) {
            geometry.labels[i] = Some(wished);
            taken.add(Owner::Arrow(i), wished, size);
        }
    }
}

/// Puts every name that has no place yet on its arrow, as near to the middle as is free.
pub(super) fn put_on_arrows(geometry: &mut Geometry, plan: &Plan) {
    let mut taken = Taken::boxes(geometry, plan);
    for (i, arrow) in plan.arrows.iter().enumerate() {
        if let (Some(centre), Some(size)) = (geometry.labels[i], arrow.label) {
            taken.add(Owner::Arrow(i), centre, size);
        }
    }
    for (i, arrow) in plan.arrows.iter().enumerate() {
        let Some(size) = arrow.label.filter(|_| geometry.labels[i].is_none()) else { continue };
        let mut points = samples(&geometry.curves[i]);
        let middle = points.get(points.len() / 2).copied().unwrap_or_default();
        // Many arrows meet at one end, so the search stays away from both.
        let ends = points.len() / 6;
        points = points.split_off(ends.min(points.len()));
        points.truncate(points.len().saturating_sub(ends));
        let step = (points.len() / 24).max(1);
        let mut candidates: Vec<Point> = points.into_iter().step_by(step).collect();
        candidates.sort_by(|a, b| distance(*a, middle).total_cmp(&distance(*b, middle)));
        let free = candidates.into_iter().find(|&point| taken.is_free(point, size, None));
        let centre = free.unwrap_or(middle);
        taken.add(Owner::Arrow(i), centre, size);
        geometry.labels[i] = Some(centre);
    }
}

/// Moves names that stand on a box or on another name to the nearest free place along their arrows, or else around
/// where they are.
pub(super) fn part(geometry: &mut Geometry, plan: &Plan) {
    let mut taken = Taken::boxes(geometry, plan);
    let mut in_the_way = Vec::new();
    for (i, arrow) in plan.arrows.iter().enumerate() {
        let (Some(centre), Some(size)) = (geometry.labels[i], arrow.label) else { continue };
        if taken.is_free(centre, size, None) {
            taken.add(Owner::Arrow(i), centre, size);
        } else {
            in_the_way.push((i, centre, size));
        }
    }
    for (i, centre, size) in in_the_way {
        let beside = |point: Point| [-1.0, 0.0, 1.0].map(|side| Point { x: point.x + side * (size.w / 2.0 + GAP), ..point });
        let mut candidates: Vec<Point> = samples(&geometry.curves[i]).into_iter().flat_map(beside).collect();
        candidates.sort_by(|a, b| distance(*a, centre).total_cmp(&distance(*b, centre)));
        let free = candidates.into_iter().chain(around(centre)).find(|&point| taken.is_free(point, size, None));
        let place = free.unwrap_or(centre);
        taken.add(Owner::Arrow(i), place, size);
        geometry.labels[i] = Some(place);
    }
}

/// Points around a point, the nearest first; in the end they are beyond all that is drawn, and further apart with each
/// ring.
fn around(centre: Point) -> impl Iterator<Item = Point> {
    const DIRECTIONS: u32 = 16;
    std::iter::successors(Some(8.0), |far| Some(f64::max(far + 8.0, far * 1.02))).flat_map(move |far: f64| {
        (0..DIRECTIONS).map(move |direction| {
            let angle = f64::from(direction) * std::f64::consts::TAU / f64::from(DIRECTIONS);
            Point { x: centre.x + far * angle.cos(), y: centre.y + far * angle.sin() }
        })
    })
}

fn distance(a: Point, b: Point) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// Points on a chain of curves, some eight apart.
fn samples(curve: &[Point]) -> Vec<Point> {
    let mut out: Vec<Point> = curve.first().copied().into_iter().collect();
    for at in (0..curve.len().saturating_sub(3)).step_by(3) {
        let [a, b, c, d] = [curve[at], curve[at + 1], curve[at + 2], curve[at + 3]];
        let length = (d.x - a.x).hypot(d.y - a.y);
        let steps = (length / 8.0).ceil().clamp(2.0, 400.0) as u32;
        for step in 1..=steps {
            out.push(on_curve([a, b, c, d], f64::from(step) / f64::from(steps)));
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Box,
    Arrow(usize),
}

/// The places that are taken, found through the cells of a grid.
struct Taken {
    places: Vec<(Owner, Point, Size)>,
    cells: HashMap<(i64, i64), Vec<usize>>,
}

const CELL: f64 = 64.0;

impl Taken {
    fn boxes(geometry: &Geometry, plan: &Plan) -> Self {
        let mut taken = Self { places: Vec::new(), cells: HashMap::new() };
        for (&centre, &size) in geometry.centres.iter().zip(&plan.boxes) {
            taken.add(Owner::Box, centre, size);
        }
        taken
    }

    fn add(&mut self, owner: Owner, centre: Point, size: Size) {
        for cell in cells(centre, size) {
            self.cells.entry(cell).or_default().push(self.places.len());
        }
        self.places.push((owner, centre, size));
    }

    fn is_free(&self, centre: Point, size: Size, owner: Option<Owner>) -> bool {
        cells(centre, size).filter_map(|cell| self.cells.get(&cell)).flatten().all(|&place| {
            let (other_owner, other, other_size) = self.places[place];
            Some(other_owner) == owner
                || (centre.x - other.x).abs() >= (size.w + other_size.w) / 2.0
                || (centre.y - other.y).abs() >= (size.h + other_size.h) / 2.0
        })
    }
}

fn cells(centre: Point, size: Size) -> impl Iterator<Item = (i64, i64)> {
    let cell = |at: f64| (at / CELL).floor() as i64;
    let (left, right) = (cell(centre.x - size.w / 2.0), cell(centre.x + size.w / 2.0));
    let (top, bottom) = (cell(centre.y - size.h / 2.0), cell(centre.y + size.h / 2.0));
    (left..=right).flat_map(move |x| (top..=bottom).map(move |y| (x, y)))
}
