//! The view in Graphviz's language, with the words and colours of the picture.
//!
//! Arrows are written in their own direction: Graphviz ranks them as it does, and another tool
//! that reads the file learns who refers to whom.

use graphviz_rust::dot_structures::{Attribute, Edge, EdgeTy, Graph, GraphAttributes, Id, Node, NodeId, Stmt, Vertex};
use graphviz_rust::printer::{DotPrinter, PrinterContext};
use refroots_core::petgraph::graph::NodeIndex;
use refroots_core::petgraph::visit::EdgeRef;
use refroots_core::{Question, View};

use crate::escape;
use crate::label::{self, Words};
use crate::measure::FAMILY;
use crate::style::{self, FAINT_INK, INK, LINE_INK, NAME_INK};

/// Writes a view as DOT.
pub fn dot(view: &View) -> String {
    let mut stmts = vec![
        Stmt::GAttribute(GraphAttributes::Graph(vec![
            text("label", [label::title(view).as_str()]),
            text("labelloc", ["t"]),
            text("labeljust", ["l"]),
            text("rankdir", ["TB"]),
            text("bgcolor", ["white"]),
            text("fontname", [FAMILY]),
            text("fontsize", ["15"]),
        ])),
        Stmt::GAttribute(GraphAttributes::Node(vec![
            text("shape", ["box"]),
            text("style", ["rounded,filled"]),
            text("fontname", [FAMILY]),
            text("fontsize", ["12"]),
            text("fontcolor", [INK]),
        ])),
        Stmt::GAttribute(GraphAttributes::Edge(vec![
            text("fontname", [FAMILY]),
            text("fontsize", ["11"]),
            text("fontcolor", [NAME_INK]),
            text("color", [LINE_INK]),
        ])),
    ];
    stmts.extend(view.graph.node_indices().map(|index| Stmt::Node(node(view, index))));
    stmts.extend(view.graph.edge_references().map(|edge| {
        let name = label::edge(edge.weight());
        let mut attributes = if name.is_empty() { Vec::new() } else { vec![text("label", [format!(" {name} ").as_str()])] };
        if edge.weight().is_weak {
            attributes.push(text("style", ["dotted"]));
        }
        Stmt::Edge(arrow(id("n", edge.source()), id("n", edge.target()), attributes))
    }));
    for index in view.graph.node_indices() {
        if let Some(words) = view.cut_text(index) {
            stmts.extend(stub(view.question, index, &words));
        }
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
    let Words { text: second, root, beyond, .. } = words;
    let marker = if shown.is_start { label::START } else { "" };
    let lines = [marker, &heading, &second, &root, &beyond].into_iter().filter(|line| !line.is_empty());
    let looks = style::of(shown);
    let corners = if looks.dot_shape == "box" { "rounded," } else { "" };
    let dashes = if looks.is_dashed { ",dashed" } else { "" };
    Node {
        id: id("n", index),
        attributes: vec![
            text("label", lines),
            text("tooltip", [label::tooltip(shown).as_str()]),
            text("shape", [looks.dot_shape]),
            text("style", [format!("{corners}filled{dashes}").as_str()]),
            text("fillcolor", [looks.fill]),
            text("color", [looks.stroke]),
            text("penwidth", [looks.stroke_width.to_string().as_str()]),
        ],
    }
}

/// The dashed box that says what was cut at a node, and its line.
fn stub(question: Question, index: NodeIndex, words: &str) -> [Stmt; 2] {
    let attributes = vec![
        text("label", [words]),
        text("style", ["rounded,dashed"]),
        text("color", [LINE_INK]),
        text("fontcolor", [FAINT_INK]),
    ];
    let (cut, node) = (id("cut", index), id("n", index));
    let (from, to) =
        if matches!(question, Question::Referents | Question::Dominated) { (node, cut.clone()) } else { (cut.clone(), node) };
    [Stmt::Node(Node { id: cut, attributes }), Stmt::Edge(arrow(from, to, vec![text("style", ["dashed"])]))]
}
