//! Judges a picture by its geometry, read back from the SVG: what crosses, overlaps or runs through what.
#![allow(clippy::unwrap_used, reason = "a picture that cannot be read fails its test")]
#![allow(dead_code, reason = "each test binary uses some of it")]

use std::collections::{HashMap, HashSet};

use refroots_core::View;
use refroots_core::petgraph::visit::EdgeRef;
use resvg::tiny_skia::PathSegment;
use resvg::usvg::roxmltree::Document;
use resvg::usvg::{Node, Options, Path, Tree};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// What is drawn, in points.
#[derive(Default)]
pub(crate) struct Drawn {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) boxes: Vec<Rect>,
    pub(crate) arrows: Vec<Arrow>,
    pub(crate) names: Vec<Rect>,
}

/// An arrow as straight pieces, and the boxes that it belongs to.
pub(crate) struct Arrow {
    pub(crate) ends: [usize; 2],
    pub(crate) points: Vec<Point>,
}

/// A straight piece of an arrow.
type Piece = (usize, Point, Point);

/// Reads a picture of a view.
pub(crate) fn read(svg: &str, view: &View) -> Drawn {
    let tree = Tree::from_str(svg, &Options::default()).unwrap();
    let paths = |id: &str| -> Vec<Path> {
        let Some(Node::Group(group)) = tree.node_by_id(id) else { panic!("{id} is not drawn") };
        let path = |node: &Node| if let Node::Path(path) = node { Some((**path).clone()) } else { None };
        group.children().iter().filter_map(path).collect()
    };
    let outline = |id: &str| {
        let place = paths(id)[0].abs_bounding_box();
        Rect { left: place.left().into(), top: place.top().into(), right: place.right().into(), bottom: place.bottom().into() }
    };
    let mut drawn = Drawn { width: tree.size().width().into(), height: tree.size().height().into(), ..Drawn::default() };
    drawn.boxes = view.graph.node_indices().map(|node| outline(&format!("n{}", node.index()))).collect();
    let arrow = |id: &str, ends| {
        let parts = paths(id);
        let mut points = flattened(&parts[0]);
        points.extend(flattened(&parts[1]).first());
        Arrow { ends, points }
    };
    for edge in view.graph.edge_references() {
        let ends = [edge.source().index(), edge.target().index()];
        drawn.arrows.push(arrow(&format!("e{}", edge.id().index()), ends));
    }
    for node in view.graph.node_indices().filter(|&node| view.cut_text(node).is_some()) {
        drawn.boxes.push(outline(&format!("cut{}", node.index())));
        let ends = [node.index(), drawn.boxes.len() - 1];
        drawn.arrows.push(arrow(&format!("cut{}-line", node.index()), ends));
    }
    let document = Document::parse(svg).unwrap();
    for group in document.descendants().filter(|node| node.attribute("class") == Some("name")) {
        let room = group.children().find(|child| child.has_tag_name("rect")).unwrap();
        let number = |key: &str| room.attribute(key).unwrap().parse::<f64>().unwrap();
        let (left, top) = (number("x"), number("y"));
        drawn.names.push(Rect { left, top, right: left + number("width"), bottom: top + number("height") });
    }
    drawn
}

/// A path as straight pieces.
fn flattened(path: &Path) -> Vec<Point> {
    let point = |at: resvg::tiny_skia::Point| Point { x: at.x.into(), y: at.y.into() };
    let mut out: Vec<Point> = Vec::new();
    for segment in path.data().segments() {
        match segment {
            PathSegment::MoveTo(to) | PathSegment::LineTo(to) => out.push(point(to)),
            PathSegment::CubicTo(b, c, d) => {
                let from = *out.last().unwrap();
                out.extend(curve(from, point(b), point(c), point(d)));
            }
            PathSegment::QuadTo(..) | PathSegment::Close => {}
        }
    }
    out
}

/// A cubic Bézier curve as straight pieces, without its first point.
pub(crate) fn curve(a: Point, b: Point, c: Point, d: Point) -> Vec<Point> {
    const STEPS: u32 = 12;
    let at = |t: f64| {
        let s = 1.0 - t;
        let mix = |a: f64, b: f64, c: f64, d: f64| s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d;
        Point { x: mix(a.x, b.x, c.x, d.x), y: mix(a.y, b.y, c.y, d.y) }
    };
    (1..=STEPS).map(|step| at(f64::from(step) / f64::from(STEPS))).collect()
}

impl Drawn {
    /// How often arrows cross one another. What runs along another arrow does not cross it.
    pub(crate) fn crossings(&self) -> usize {
        const CELL: f64 = 48.0;
        let cell = |value: f64| (value / CELL).floor() as i64;
        let mut cells: HashMap<(i64, i64), Vec<Piece>> = HashMap::new();
        for (i, arrow) in self.arrows.iter().enumerate() {
            for piece in arrow.points.windows(2) {
                let (a, b) = (piece[0], piece[1]);
                for x in cell(a.x.min(b.x))..=cell(a.x.max(b.x)) {
                    for y in cell(a.y.min(b.y))..=cell(a.y.max(b.y)) {
                        cells.entry((x, y)).or_default().push((i, a, b));
                    }
                }
            }
        }
        let in_cell = |(&here, pieces): (&(i64, i64), &Vec<Piece>)| {
            let mut found = 0;
            for (place, &(i, a, b)) in pieces.iter().enumerate() {
                for &(j, c, d) in &pieces[..place] {
                    let at = if i == j { None } else { crossing(a, b, c, d) };
                    found += usize::from(at.is_some_and(|at| (cell(at.x), cell(at.y)) == here));
                }
            }
            found
        };
        cells.iter().map(in_cell).sum()
    }

    /// The arrows that run through a box, each with that box; at an end of its own an arrow may touch it.
    pub(crate) fn through_boxes(&self) -> Vec<(usize, usize)> {
        let mut found = HashSet::new();
        for (i, arrow) in self.arrows.iter().enumerate() {
            for (at, place) in self.boxes.iter().enumerate() {
                let depth = if arrow.ends.contains(&at) { 2.5 } else { 1.0 };
                let inside = place.shrunk(depth);
                if arrow.points.windows(2).any(|piece| inside.is_met_by(piece[0], piece[1])) {
                    found.insert((i, at));
                }
            }
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable();
        found
    }

    /// How many names stand on a box or on another name.
    pub(crate) fn overlapping_names(&self) -> usize {
        let on_box = |name: &&Rect| self.boxes.iter().any(|place| place.overlaps(name));
        let on_name = |(i, name): (usize, &Rect)| self.names[..i].iter().filter(|other| other.overlaps(name)).count();
        self.names.iter().filter(on_box).count() + self.names.iter().enumerate().map(on_name).sum::<usize>()
    }

    /// How many pairs of boxes overlap.
    pub(crate) fn overlapping_boxes(&self) -> usize {
        let on_box = |(i, place): (usize, &Rect)| self.boxes[..i].iter().filter(|other| other.overlaps(place)).count();
        self.boxes.iter().enumerate().map(on_box).sum()
    }

    /// The length of all arrows together.
    pub(crate) fn length(&self) -> f64 {
        let pieces = self.arrows.iter().flat_map(|arrow| arrow.points.windows(2));
        pieces.map(|piece| (piece[1].x - piece[0].x).hypot(piece[1].y - piece[0].y)).sum()
    }
}

impl Rect {
    fn shrunk(self, by: f64) -> Self {
        Self { left: self.left + by, top: self.top + by, right: self.right - by, bottom: self.bottom - by }
    }

    /// Whether both have more in common than what rounding makes of a border.
    fn overlaps(&self, other: &Self) -> bool {
        const ROUNDING: f64 = 0.2;
        let across = self.right.min(other.right) - self.left.max(other.left);
        let down = self.bottom.min(other.bottom) - self.top.max(other.top);
        across > ROUNDING && down > ROUNDING
    }

    /// Whether a straight piece meets it, by cutting the piece at each side.
    fn is_met_by(&self, a: Point, b: Point) -> bool {
        let (mut first, mut last) = (0.0_f64, 1.0_f64);
        for (from, along, low, high) in [(a.x, b.x - a.x, self.left, self.right), (a.y, b.y - a.y, self.top, self.bottom)] {
            if along == 0.0 {
                if from < low || from > high {
                    return false;
                }
                continue;
            }
            let (enters, leaves) = ((low - from) / along, (high - from) / along);
            first = first.max(enters.min(leaves));
            last = last.min(enters.max(leaves));
        }
        first <= last
    }
}

/// Where two straight pieces cross properly, both going on at either side.
fn crossing(a: Point, b: Point, c: Point, d: Point) -> Option<Point> {
    let turn = |p: Point, q: Point, r: Point| (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
    let (c_side, d_side, a_side, b_side) = (turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b));
    // What is nearer than this to a line stands on it.
    let near = 0.01 * (b.x - a.x).hypot(b.y - a.y).max((d.x - c.x).hypot(d.y - c.y));
    if [c_side, d_side, a_side, b_side].iter().any(|side| side.abs() < near) || c_side * d_side > 0.0 || a_side * b_side > 0.0 {
        return None;
    }
    let share = c_side / (c_side - d_side);
    Some(Point { x: c.x + (d.x - c.x) * share, y: c.y + (d.y - c.y) * share })
}
