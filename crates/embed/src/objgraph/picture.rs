//! A picture of what objgraph draws, for where there is no Graphviz.

use std::path::PathBuf;

use pyo3::prelude::*;
use refroots_core::petgraph::graph::{DiGraph, NodeIndex};
use refroots_core::{EdgeKind, NodeId};
use refroots_core::{Question, View, ViewEdge, ViewNode};

use refroots_render::Drawing;

use crate::picture::Picture;

/// A node as the Python side words it: its type, its text, its depth, whether it was asked for, what was left out.
type Node = (String, String, u32, bool, u64);

/// Makes a picture of worded nodes and of references `(source, target, word)` between them.
#[pyfunction]
pub(crate) fn picture(nodes: Vec<Node>, references: Vec<(u32, u32, String)>, backwards: bool, title: String) -> Picture {
    let mut graph = DiGraph::new();
    for (place, (type_name, text, depth, is_start, cut)) in nodes.into_iter().enumerate() {
        let ordinal = NodeId(place as u32);
        let full_type_name = type_name.clone();
        graph.add_node(ViewNode { ordinal, type_name, full_type_name, text, depth, is_start, cut, ..ViewNode::default() });
    }
    for (source, target, name) in references {
        let (source, target) = (NodeIndex::new(source as usize), NodeIndex::new(target as usize));
        if source.index() < graph.node_count() && target.index() < graph.node_count() {
            graph.add_edge(source, target, ViewEdge { kind: EdgeKind::Attribute, name, ..ViewEdge::default() });
        }
    }
    let question = if backwards { Question::Referrers } else { Question::Referents };
    Picture::new(View { graph, ..View::new(question, title) }).drawn(Drawing { legend: false, ..Drawing::default() })
}

/// Whether a file name ends in a format that refroots draws itself.
#[pyfunction]
pub(crate) fn draws(path: PathBuf) -> bool {
    refroots_render::Format::from_path(&path).is_ok()
}
