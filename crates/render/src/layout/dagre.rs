//! The engine `dugong`: dagre, ported to Rust; fast on graphs of any shape.

use dugong::graphlib::{Graph, GraphOptions};
use dugong::{EdgeLabel, GraphLabel, LabelPos, NodeLabel};

use super::bends::rounded;
use super::{Engine, Geometry, Plan, Point, Size, Told};

/// The engine.
pub(super) struct Dugong;

impl Engine for Dugong {
    fn name(&self) -> &'static str {
        "dugong 0.9.3"
    }

    fn lay_out(&self, plan: &Plan, _: Told) -> Result<Geometry, String> {
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
            let mut bends: Vec<Point> = label.points.iter().map(|point| Point { x: point.x, y: point.y }).collect();
            let middle = |at: usize, down: f64| {
                let Point { x, y } = geometry.centres[at];
                plan.is_railed(at).then_some(Point { x, y: y + down * plan.boxes[at].h })
            };
            if let (Some(first), Some(middle)) = (bends.first_mut(), middle(arrow.from, 0.5)) {
                *first = middle;
            }
            if let (Some(last), Some(middle)) = (bends.last_mut(), middle(arrow.to, -0.5)) {
                *last = middle;
            }
            geometry.curves[i] = rounded(&bends, ROUNDING);
            if arrow.label.is_some() {
                geometry.labels[i] = label.x.zip(label.y).map(|(x, y)| Point { x, y });
            }
        }
        Ok(geometry)
    }
}

/// How far from a bend its rounding begins.
const ROUNDING: f64 = 14.0;
