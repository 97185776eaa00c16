//! What the roots reach, and what they do not: garbage that waits for the collector.

use crate::query::anchors::anchors;
use crate::{HeapGraph, NodeId};

/// Objects that something outside the graph holds, in heap order; only those of which some references
/// are not explained by a place where they stand, where `unexplained` says so. O(objects).
pub fn held_from_outside(graph: &HeapGraph, unexplained: bool) -> Vec<NodeId> {
    let count = |&node: &NodeId| if unexplained { graph.unexplained(node) } else { graph.external(node) };
    graph.node_ids().filter(|node| graph.is_shown(*node) && count(node).is_some_and(|count| count > 0)).collect()
}

/// Objects that no root reaches, in heap order. Objects that something outside the graph holds count as
/// roots; so do immortal ones, which nothing frees. O(objects + references), and one byte an object.
pub fn garbage(graph: &HeapGraph) -> Vec<NodeId> {
    let is_garbage = unreached(graph);
    graph.node_ids().filter(|&node| is_garbage(node)).collect()
}

/// Bytes that would be freed with all of these objects together: those that nothing else keeps alive, their own
/// included. What nothing keeps alive anyway does not count. O(objects + references), two bytes an object.
pub fn retained_together(graph: &HeapGraph, nodes: &[NodeId]) -> u64 {
    let mut is_removed = vec![false; graph.node_count()];
    for node in nodes {
        is_removed[node.index()] = true;
    }
    let with = kept(graph, vec![false; graph.node_count()]);
    let without = kept(graph, is_removed);
    with.saturating_sub(without)
}

/// Bytes of what stays alive; objects that are marked as met already are not followed and not counted.
fn kept(graph: &HeapGraph, mut is_met: Vec<bool>) -> u64 {
    let mut size = 0_u64;
    let mut waiting: Vec<NodeId> = Vec::new();
    let mut meet = |node: NodeId, waiting: &mut Vec<NodeId>| {
        if graph.is_shown(node) && !std::mem::replace(&mut is_met[node.index()], true) {
            size = size.saturating_add(graph.size(node));
            waiting.push(node);
        }
    };
    for anchor in anchors(graph).keeping() {
        meet(anchor, &mut waiting);
        while let Some(node) = waiting.pop() {
            for &target in graph.referents(node) {
                meet(NodeId(target), &mut waiting);
            }
        }
    }
    size
}

/// Whether an object is garbage in the sense of [`garbage`], for every object at once.
pub(crate) fn unreached(graph: &HeapGraph) -> impl Fn(NodeId) -> bool {
    let mut is_reached = vec![false; graph.node_count()];
    let is_root = |node: NodeId| graph.root(node).is_some() || !graph.is_shown(node) || graph.external(node) != Some(0);
    let mut waiting: Vec<NodeId> = graph.node_ids().filter(|&node| is_root(node)).collect();
    for &node in &waiting {
        is_reached[node.index()] = true;
    }
    while let Some(node) = waiting.pop() {
        for &target in graph.referents(node) {
            if !std::mem::replace(&mut is_reached[target as usize], true) {
                waiting.push(NodeId(target));
            }
        }
    }
    move |node| !is_reached[node.index()]
}
