//! Weak references: which of them refer to an object, and what one refers to. They keep nothing alive.

use crate::{HeapGraph, NodeId};

/// Whether the graph knows what weak references refer to: a capture does not where their layout is unknown, nor
/// does a file of format 1.0.
pub fn is_known(graph: &HeapGraph) -> bool {
    graph.weak.is_some()
}

/// The weak references to an object, in heap order: they are objects themselves (`weakref.ref`, a proxy, an entry of
/// a `WeakSet`). There are none where the graph does not know. O(log(weak references)).
pub fn referrers(graph: &HeapGraph, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
    graph.weak.iter().flat_map(move |table| table.referrers(node.0)).map(NodeId)
}

/// What a weak reference refers to; `None` of other objects, where the referent is gone, and where the graph does not
/// know. O(log(weak references)).
pub fn referent(graph: &HeapGraph, node: NodeId) -> Option<NodeId> {
    graph.weak.as_ref()?.referent(node.0).map(NodeId)
}
