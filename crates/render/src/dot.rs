//! The view in Graphviz's language, with the words and colours of the picture.
//!
//! Arrows are written in their own direction: Graphviz ranks them as it does, and another tool
//! that reads the file learns who refers to whom.

use graphviz_rust::dot_structures::{Attribute, Edge, EdgeTy, Graph, GraphAttributes, Id, Node, NodeId, Stmt, Vertex};
use graphviz_rust::printer::{DotPrinter, PrinterContext};
use refroots_core::petgraph::graph::NodeIndex;
use refroots_core::petgraph::visit::EdgeRef;
use refroots_core::{Question, View};

use crate::colour::{BACKGROUND, FAINT_INK, INK, LINE_INK, NAME_INK};
use crate::cycles::on_cycle;
use crate::escape;
use crate::label::{self, Words};
use crate::measure::FAMILY;
use crate::style::{ArrowStyle, Outline, Stroke};
use crate::{Drawing, sign, style};

/// Writes a view as DOT.
pub fn dot(view: &View, drawing: &Drawing) -> String {
    let is_on_cycle = on_cycle(view);
    let caption = [label::title(view), label::stamp(view)];
    let mut stmts = vec![
        Stmt::GAttribute(GraphAttributes::Graph(vec![
            text("label", caption.iter().map(String::as_str).filter(|line| !line.is_empty())),
            text("labelloc", ["t"]),
            text("labeljust", ["l"]),
            text("rankdir", ["TB"]),
            text("bgcolor", [BACKGROUND.light]),
            text("fontname", [FAMILY]),
            text("fontsize", ["15"]),
        ])),
        Stmt::GAttribute(GraphAttributes::Node(vec![
            text("shape", ["box"]),
            text("style", ["rounded,filled"]),
            text("fontname", [FAMILY]),
            text("fontsize", ["12"]),
            text("fontcolor", [INK.light]),
        ])),
        Stmt::GAttribute(GraphAttributes::Edge(vec![
            text("fontname", [FAMILY]),
            text("fontsize", ["11"]),
            text("fontcolor", [NAME_INK.light]),
            text("color", [LINE_INK.light]),
        ])),
    ];
    stmts.extend(view.graph.node_indices().map(|index| Stmt::Node(node(view, index))));
    stmts.extend(view.graph.edge_references().map(|edge| {
        let name = label::edge(edge.weight());
        let mut attributes = if name.is_empty() { Vec::new() } else { vec![text("label", [format!(" {name} ").as_str()])] };
        attributes.extend(looks(style::of_reference(edge.weight(), is_on_cycle[edge.id().index()])));
        Stmt::Edge(arrow(id("n", edge.source()), id("n", edge.target()), attributes))
    }));
    for index in view.graph.node_indices() {
        if let Some(words) = view.cut_text(index) {
            stmts.extend(stub(view.question, index, &words));
        }
    }
    if drawing.legend && view.graph.node_count() > 0 {
        stmts.push(Stmt::Node(legend(view)));
    }
    let graph = Graph::DiGraph { id: Id::Plain("refroots".to_owned()), strict: false, stmts };
    let mut printed = graph.print(PrinterContext::default().with_semi());
    printed.push('\n');
    printed
}

fn id(prefix: &str, index: NodeIndex) -> NodeId {
    NodeId(Id::Plain(format!("{prefix}{}", index.index())), None)
}

/// An attribute whose value is lines of any text.
fn text<'a>(key: &str, lines: impl IntoIterator<Item = &'a str>) -> Attribute {
    Attribute(Id::Plain(key.to_owned()), Id::Escaped(escape::dot(lines)))
}

fn arrow(from: NodeId, to: NodeId, attributes: Vec<Attribute>) -> Edge {
    Edge { ty: EdgeTy::Pair(Vertex::N(from), Vertex::N(to)), attributes }
}

fn node(view: &View, index: NodeIndex) -> Node {
    let shown = &view.graph[index];
    let words = label::node(view, index);
    let heading = label::heading(shown, &words);
    let Words { text: second, root, sizes, address, beyond, .. } = words;
    let marker = if shown.is_start { label::START } else { "" };
    let lines = [marker, &heading, &second, &root, &sizes, &address, &beyond].into_iter().filter(|line| !line.is_empty());
    let looks = style::of(shown);
    let (shape, corners) = looks.outline.in_dot();
    let mut attributes = vec![
        text("label", lines),
        text("tooltip", [label::tooltip(shown).as_str()]),
        text("shape", [shape]),
        text("style", [corners]),
        text("fillcolor", [looks.fill.light]),
        text("color", [looks.stroke.light]),
        text("penwidth", [looks.stroke_width.to_string().as_str()]),
    ];
    if shown.folded > 0 {
        let borders = if looks.outline == Outline::DoubleOctagon { "3" } else { "2" };
        attributes.push(text("peripheries", [borders]));
    }
    Node { id: id("n", index), attributes }
}

/// What tells an arrow from an ordinary one.
fn looks(arrow: ArrowStyle) -> Vec<Attribute> {
    let mut attributes = Vec::new();
    if arrow.colour != LINE_INK {
        attributes.push(text("color", [arrow.colour.light]));
        attributes.push(text("penwidth", [arrow.width.to_string().as_str()]));
    }
    if arrow.stroke == Stroke::Dotted {
        attributes.push(text("style", ["dotted"]));
    }
    if !arrow.is_head_filled {
        attributes.push(text("arrowhead", ["empty"]));
    }
    attributes
}

/// The signs of the picture and their meanings, as a note beside it.
fn legend(view: &View) -> Node {
    let lines: Vec<String> =
        sign::used(view).iter().map(|sign| format!("{}: {}", sign.looks(), sign.meaning(view.question))).collect();
    let attributes = vec![
        text("label", lines.iter().map(String::as_str)),
        text("shape", ["plaintext"]),
        text("style", [""]),
        text("fontcolor", [FAINT_INK.light]),
    ];
    Node { id: NodeId(Id::Plain("legend".to_owned()), None), attributes }
}

/// The dashed box that says what was cut at a node, and its line.
fn stub(question: Question, index: NodeIndex, words: &str) -> [Stmt; 2] {
    let attributes = vec![
        text("label", [words]),
        text("style", ["rounded,dashed"]),
        text("color", [LINE_INK.light]),
        text("fontcolor", [FAINT_INK.light]),
    ];
    let (cut, node) = (id("cut", index), id("n", index));
    let (from, to) =
        if matches!(question, Question::Referents | Question::Dominated) { (node, cut.clone()) } else { (cut.clone(), node) };
    [Stmt::Node(Node { id: cut, attributes }), Stmt::Edge(arrow(from, to, vec![text("style", ["dashed"])]))]
}
