//! Chains and the ways in which many objects are held, as JSON.

use refroots_core::query::chain::Chain;
use refroots_core::query::familiar::familiar;
use refroots_core::query::reasons::Reason;
use refroots_core::{HeapGraph, NodeId, Reference, Values, Wording};
use serde_json::{Value, json};

/// A chain: `root` (`kind`, `text`), `expression` (or null), `path` in words, `target`, and its `references`
/// from the root on, each with `name`, `kind`, `note`, `source` and `target` (`type`, `ordinal`).
pub fn chain(graph: &HeapGraph, chain: &Chain, values: Values) -> Value {
    json!({
        "root": {"kind": chain.root.word(), "text": chain.root_text(graph, values)},
        "expression": chain.expression(graph, values),
        "path": chain.path(graph, values),
        "target": object(graph, chain.target),
        "references": references(graph, &chain.references, values),
        "cycle": references(graph, &chain.cycle, values),
    })
}

/// References in order.
pub fn references(graph: &HeapGraph, references: &[Reference], values: Values) -> Vec<Value> {
    let wording = Wording::new(graph, values);
    let one = |reference: &Reference| {
        json!({
            "name": wording.reference(*reference),
            "kind": reference.kind.word(),
            "note": familiar(graph, *reference, values),
            "source": object(graph, reference.source),
            "target": object(graph, reference.target),
        })
    };
    references.iter().map(one).collect()
}

/// Groups of objects that are held the same way: `count`, `size` in bytes, `signature`, and the `chain` to one.
pub fn reasons(graph: &HeapGraph, reasons: &[Reason], values: Values) -> Value {
    let one = |reason: &Reason| {
        json!({
            "count": reason.count,
            "size": reason.size,
            "signature": reason.signature,
            "chain": chain(graph, &reason.chain, values),
        })
    };
    reasons.iter().map(one).collect()
}

fn object(graph: &HeapGraph, node: NodeId) -> Value {
    json!({"type": graph.type_name(graph.type_of(node)), "ordinal": node.0})
}
