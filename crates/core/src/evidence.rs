//! Places where references from outside stand: which of those that were found a graph keeps.

use crate::{HeapGraph, NodeId, Root, RootKind, TextId};

/// Keeps of each object as many places as references to it come from outside, the interpreter's own first,
/// and makes roots of what the interpreter holds. O(places × log places).
pub(crate) fn keep_evidence(graph: &mut HeapGraph, mut suspects: Vec<(u32, RootKind, TextId)>) {
    let detail = graph.texts.intern("");
    // A stable sort: places of one kind stay in the order in which capture looked.
    suspects.sort_by_key(|&(node, kind, _)| (node, kind));
    let mut kept = Vec::new();
    for of_one in suspects.chunk_by(|one, other| one.0 == other.0) {
        let node = NodeId(of_one[0].0);
        let count = graph.external(node).unwrap_or_default() as usize;
        for &(_, kind, place) in of_one.iter().take(count) {
            kept.push((node.0, place));
            if kind == RootKind::Interpreter {
                graph.roots.push(Root { node, kind, name: place, detail, thread: detail, asking: false });
            }
        }
    }
    graph.places = kept;
}
