//! The engine `dugong`: dagre, ported to Rust; fast on graphs of any shape.

use dugong::graphlib::{Graph, GraphOptions};
use dugong::{EdgeLabel, GraphLabel, LabelPos, NodeLabel};

use super::{Engine, Geometry, Plan, Point, Size};

/// The engine.
pub(super) struct Dugong;

impl Engine for Dugong {
    fn name(&self) -> &'static str {
        "dugong 0.9.3"
    }

    fn lay_out(&self, plan: &Plan) -> Result<Geometry, String> {
        let mut graph: Graph<NodeLabel, EdgeLabel, GraphLabel> =
            Graph::new(GraphOptions { directed: true, multigraph: true, compound: false });
        graph.set_graph(GraphLabel { nodesep: 22.0, ranksep: 44.0, edgesep: 12.0, ..GraphLabel::default() });
        for (i, size) in plan.boxes.iter().enumerate() {
            graph.set_node(i.to_string(), NodeLabel { width: size.w, height: size.h, ..NodeLabel::default() });
        }
        for (i, arrow) in plan.arrows.iter().enumerate() {
            let Size { w, h } = arrow.label.unwrap_or_default();
            let label = EdgeLabel { width: w, height: h, labelpos: LabelPos::C, minlen: 1, weight: 1.0, ..EdgeLabel::default() };
            graph.set_edge_named(arrow.from.to_string(), arrow.to.to_string(), Some(i.to_string()), Some(label));
        }
        dugong::layout(&mut graph).map_err(|problem| problem.to_string())?;
        let mut geometry = Geometry {
            curves: vec![Vec::new(); plan.arrows.len()],
            labels: vec![None; plan.arrows.len()],
            ..Geometry::default()
        };
        for i in 0..plan.boxes.len() {
            let label = graph.node(&i.to_string()).ok_or("it lost a node")?;
            geometry.centres.push(Point { x: label.x.ok_or("it left a node out")?, y: label.y.ok_or("it left a node out")? });
        }
        for (i, arrow) in plan.arrows.iter().enumerate() {
            let label =
                graph.edge(&arrow.from.to_string(), &arrow.to.to_string(), Some(&i.to_string())).ok_or("it lost an edge")?;
            let bends: Vec<Point> = label.points.iter().map(|point| Point { x: point.x, y: point.y }).collect();
            geometry.curves[i] = rounded(&bends);
            if arrow.label.is_some() {
                geometry.labels[i] = label.x.zip(label.y).map(|(x, y)| Point { x, y });
            }
        }
        Ok(geometry)
    }
}

/// How far from a bend its rounding begins.
const ROUNDING: f64 = 14.0;

/// A line through bends, as Bézier curves: straight but for its rounded bends, so that it stays
/// where the engine made room for it.
fn rounded(bends: &[Point]) -> Vec<Point> {
    let (Some(&first), Some(&last)) = (bends.first(), bends.last()) else { return Vec::new() };
    let mut out = vec![first];
    let mut at = first;
    for corner in bends.windows(3) {
        let (before, bend, after) = (corner[0], corner[1], corner[2]);
        let enter = towards(bend, before);
        let leave = towards(bend, after);
        straight(&mut out, at, enter);
        out.extend([between(enter, bend, 0.6), between(leave, bend, 0.6), leave]);
        at = leave;
    }
    straight(&mut out, at, last);
    out
}

fn straight(out: &mut Vec<Point>, from: Point, to: Point) {
    out.extend([between(from, to, 1.0 / 3.0), between(from, to, 2.0 / 3.0), to]);
}

fn between(a: Point, b: Point, share: f64) -> Point {
    Point { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share }
}

/// The point a rounding's length from `from` on the way to `to`, at most half way.
fn towards(from: Point, to: Point) -> Point {
    let length = (to.x - from.x).hypot(to.y - from.y);
    if length == 0.0 { from } else { between(from, to, (ROUNDING / length).min(0.5)) }
}
