//! The view as plain data: what `.json` files and Python's `Picture.view` say, as docs/json.md has it.

use refroots_core::petgraph::visit::EdgeRef;
use refroots_core::{Question, View, ViewEdge, ViewNode};
use serde_json::{Value, json};

/// A view as plain data. Texts are whole and as they are.
pub fn plain(view: &View) -> Value {
    let references = view.graph.edge_references();
    json!({
        "title": view.title,
        "question": word(view.question),
        "nodes": view.graph.node_weights().map(node).collect::<Vec<_>>(),
        "references": references
            .map(|edge| reference(edge.source().index(), edge.target().index(), edge.weight()))
            .collect::<Vec<_>>(),
    })
}

/// Writes a view as JSON.
pub fn json(view: &View) -> String {
    format!("{:#}\n", plain(view))
}

fn word(question: Question) -> &'static str {
    match question {
        Question::Referrers => "referrers",
        Question::Referents => "referents",
        Question::Chain => "chain",
        Question::Dominated => "dominated",
    }
}

fn node(node: &ViewNode) -> Value {
    json!({
        "ordinal": node.ordinal.0,
        "type": node.full_type_name,
        "text": node.text,
        "size": node.size,
        "retained": node.retained,
        "address": node.address,
        "depth": node.depth,
        "start": node.is_start,
        "root": node.root.as_ref().map(|root| &root.text),
        "root_kind": node.root.as_ref().map(|root| root.kind.word()),
        "cut": node.cut,
        "beyond": node.beyond,
        "functions": node.functions,
        "count": node.folded + 1,
        "chain": node.is_on_chain,
    })
}

fn reference(source: usize, target: usize, edge: &ViewEdge) -> Value {
    json!({
        "source": source,
        "target": target,
        "kind": edge.kind.word(),
        "name": edge.name,
        "note": Some(&edge.note).filter(|note| !note.is_empty()),
        "count": edge.folded + 1,
        "chain": edge.is_on_chain,
        "weak": edge.is_weak,
    })
}
