//! The engines of Graphviz's `dot`: `graphviz-pure`, its port to Rust, and the program itself.
//!
//! They are told numbers only: boxes of fixed size, labels as empty tables of fixed size. Their SVG is
//! where they write coordinates with most digits whatever the size of the canvas, so that is read
//! back.

use std::fmt::Write;

use resvg::usvg::roxmltree::{Document, Node, ParsingOptions};

use super::{Engine, Geometry, Plan, Point, Told};
use crate::RunDot;

/// The port.
#[cfg(feature = "graphviz-pure")]
pub(super) struct GraphvizPure;

#[cfg(feature = "graphviz-pure")]
impl Engine for GraphvizPure {
    fn name(&self) -> &'static str {
        "graphviz-pure 1.0.0"
    }

    fn minds_order(&self) -> bool {
        true
    }

    fn lay_out(&self, plan: &Plan, told: Told) -> Result<Geometry, String> {
        let drawn = graphviz_pure::render_dot(&question(plan, told), "dot", "svg").map_err(|problem| problem.to_string())?;
        answer(&drawn.into_output(), plan)
    }
}

/// The program, behind what runs it.
pub(super) struct OwnDot(pub(super) RunDot);

impl Engine for OwnDot {
    fn name(&self) -> &'static str {
        "Graphviz's dot"
    }

    fn lay_out(&self, plan: &Plan, told: Told) -> Result<Geometry, String> {
        answer(&(self.0)(&question(plan, told))?, plan)
    }
}

const POINTS_PER_INCH: f64 = 72.0;

fn question(plan: &Plan, told: Told) -> String {
    let mut out = String::from(
        "digraph {\ngraph [nodesep=0.25, ranksep=0.4];\nnode [shape=box, fixedsize=true, label=\"\"];\nedge [dir=none];\n",
    );
    let count = plan.boxes.len();
    let order = (0..count).map(|at| if told == Told::Forwards { at } else { count - 1 - at });
    for (i, size) in order.map(|i| (i, plan.boxes[i])) {
        let (w, h) = (size.w / POINTS_PER_INCH, size.h / POINTS_PER_INCH);
        let _ = writeln!(out, "n{i} [id=n{i}, width={w:.6}, height={h:.6}];");
    }
    for (i, arrow) in plan.arrows.iter().enumerate() {
        let (from, to) = (port(plan, arrow.from, ":s"), port(plan, arrow.to, ":n"));
        let _ = write!(out, "n{}{from} -> n{}{to} [id=e{i}", arrow.from, arrow.to);
        if !arrow.sets_rank {
            out.push_str(", constraint=false");
        }
        if let Some(size) = arrow.label {
            let (w, h) = (size.w.ceil(), size.h.ceil());
            let _ = write!(
                out,
                ", label=<<TABLE FIXEDSIZE=\"TRUE\" WIDTH=\"{w}\" HEIGHT=\"{h}\" BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" \
                 CELLPADDING=\"0\" BGCOLOR=\"white\"><TR><TD></TD></TR></TABLE>>"
            );
        }
        out.push_str("];\n");
    }
    out.push_str("}\n");
    out
}

/// The side at which an arrow meets a box, where the plan says that.
fn port(plan: &Plan, at: usize, side: &'static str) -> &'static str {
    if plan.is_railed(at) { side } else { "" }
}

fn answer(svg: &str, plan: &Plan) -> Result<Geometry, String> {
    let options = ParsingOptions { allow_dtd: true, nodes_limit: u32::MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(svg, options).map_err(|problem| problem.to_string())?;
    let mut geometry = Geometry {
        centres: vec![Point { x: f64::NAN, y: f64::NAN }; plan.boxes.len()],
        curves: vec![Vec::new(); plan.arrows.len()],
        labels: vec![None; plan.arrows.len()],
        ..Geometry::default()
    };
    for group in document.descendants().filter(|node| node.has_tag_name("g")) {
        let (class, id) = (group.attribute("class"), group.attribute("id").unwrap_or_default());
        let place = |prefix: &str| id.strip_prefix(prefix).and_then(|digits| digits.parse::<usize>().ok());
        match class {
            Some("node") => {
                let at = place("n").and_then(|i| geometry.centres.get_mut(i)).ok_or("it drew an unknown node")?;
                *at = polygon_centre(group).ok_or("it drew a node without a box")?;
            }
            Some("edge") => {
                let i = place("e").filter(|&i| i < plan.arrows.len()).ok_or("it drew an unknown edge")?;
                let path = group.children().find_map(|shape| shape.attribute("d")).unwrap_or_default();
                geometry.curves[i] = points(path);
                geometry.labels[i] = polygon_centre(group);
            }
            _ => {}
        }
    }
    Ok(geometry)
}

fn polygon_centre(group: Node<'_, '_>) -> Option<Point> {
    let corners = points(group.children().find_map(|shape| shape.attribute("points"))?);
    let bounds = |pick: fn(&Point) -> f64| {
        let values = corners.iter().map(pick);
        (values.clone().fold(f64::INFINITY, f64::min) + values.fold(f64::NEG_INFINITY, f64::max)) / 2.0
    };
    Some(Point { x: bounds(|point| point.x), y: bounds(|point| point.y) })
}

/// The points of a path (`M1,2C3,4 …`) or a polygon.
fn points(text: &str) -> Vec<Point> {
    let mut numbers =
        text.split(|c: char| c.is_ascii_alphabetic() || c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    let mut out = Vec::new();
    while let (Some(x), Some(y)) = (numbers.next(), numbers.next()) {
        let number = |word: &str| word.parse().unwrap_or(f64::NAN);
        out.push(Point { x: number(x), y: number(y) });
    }
    out
}
