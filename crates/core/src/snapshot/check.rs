//! What must be true between the columns of a graph that was read, so that no question to it can fail.

use std::sync::atomic::{AtomicUsize, Ordering};

use petgraph::visit::{VisitMap, Visitable};

use super::sections::{self as known, Known};
use crate::parallel::both;
use crate::value_column::Sameness;
use crate::weak::WeakTable;
use crate::{HeapGraph, NodeId};

/// The section that is wrong, what was expected, and what was found.
type Disagreement = (&'static Known, String, String);

/// Compares the columns with one another. Each alone was checked as it was read. O(objects + borrowed references).
pub(super) fn check(graph: &HeapGraph, counts: &Counts) -> Result<(), Disagreement> {
    in_order(&known::DEFINITION_NODES, graph.definitions.iter().map(|&(node, _)| node), true)?;
    in_order(&known::ROOT_NODES, graph.roots.iter().map(|root| root.node.0), true)?;
    in_order(&known::EQUAL_NODES, graph.equals.iter().map(|&(node, _)| node), true)?;
    in_order(&known::BORROWED, graph.borrowed.iter().copied(), false)?;
    in_order(&known::WEAK_REFERENCES, graph.weak.iter().flat_map(WeakTable::pairs).map(|&(reference, _)| reference), true)?;
    in_order(&known::PLACE_NODES, graph.places.iter().map(|&(node, _)| node), false)?;
    let of_references = || {
        borrowed(graph, counts)?;
        places(graph, counts)
    };
    let (of_values, of_references) = both(|| values(graph).and_then(|()| equals(graph)), of_references);
    of_references.and(of_values)
}

fn in_order(section: &'static Known, nodes: impl Iterator<Item = u32>, is_each_once: bool) -> Result<(), Disagreement> {
    let mut least = 0;
    for node in nodes {
        if node < least {
            return Err((section, format!("nodes in order, {least} or later"), node.to_string()));
        }
        least = node + u32::from(is_each_once);
    }
    Ok(())
}

/// How many references there are to the nodes that are checked, counted while the references are read.
pub(super) struct Counts {
    /// Where they are few, so that the references need not be turned around for them.
    few: Option<Few>,
}

struct Few {
    /// In order.
    nodes: Vec<u32>,
    counts: Vec<AtomicUsize>,
    is_counted: <HeapGraph as Visitable>::Map,
}

impl Counts {
    /// Nodes that are counted by themselves: what they take stays small whatever a file says.
    const FEW: usize = 1 << 14;

    /// For what a graph says of references that its objects do not hold.
    pub(super) fn of_few(graph: &HeapGraph) -> Self {
        if graph.borrowed.len() + graph.places.len() > Self::FEW {
            return Self { few: None };
        }
        let mut nodes: Vec<u32> = graph.borrowed.iter().copied().chain(graph.places.iter().map(|&(node, _)| node)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let mut is_counted = graph.visit_map();
        for &node in &nodes {
            is_counted.visit(NodeId(node));
        }
        let counts = nodes.iter().map(|_| AtomicUsize::new(0)).collect();
        Self { few: Some(Few { nodes, counts, is_counted }) }
    }

    /// Counts references to these.
    pub(super) fn add(&self, targets: &[u32]) {
        let Some(few) = self.few.as_ref().filter(|few| !few.nodes.is_empty()) else { return };
        for target in targets.iter().filter(|&&target| few.is_counted.is_visited(&NodeId(target))) {
            if let Ok(at) = few.nodes.binary_search(target) {
                few.counts[at].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn of(&self, graph: &HeapGraph, node: u32) -> usize {
        match &self.few {
            Some(few) => few.nodes.binary_search(&node).map_or(0, |at| few.counts[at].load(Ordering::Relaxed)),
            None => graph.referrers(NodeId(node)).len(),
        }
    }
}

/// An object has no more borrowed references than references.
fn borrowed(graph: &HeapGraph, counts: &Counts) -> Result<(), Disagreement> {
    for run in graph.borrowed.chunk_by(|one, other| one == other) {
        let referrers = counts.of(graph, run[0]);
        if run.len() > referrers {
            let expected = format!("at most {referrers} borrowed references to node {}", run[0]);
            return Err((&known::BORROWED, expected, run.len().to_string()));
        }
    }
    Ok(())
}

/// An object has no more places of references from outside than such references.
fn places(graph: &HeapGraph, counts: &Counts) -> Result<(), Disagreement> {
    for run in graph.places.chunk_by(|one, other| one.0 == other.0) {
        let external = graph.external_beside(NodeId(run[0].0), counts.of(graph, run[0].0)).unwrap_or_default();
        if run.len() > external as usize {
            let expected = format!("at most {external} places of references to node {}", run[0].0);
            return Err((&known::PLACE_NODES, expected, run.len().to_string()));
        }
    }
    Ok(())
}

/// Tuples are compared by what they contain: none is an atom.
fn values(graph: &HeapGraph) -> Result<(), Disagreement> {
    let is_tuple = graph.type_ids().map(|id| graph.type_qualname(id) == "tuple" && graph.type_module(id) == "builtins");
    let is_tuple: Vec<bool> = is_tuple.collect();
    match graph.node_ids().find(|&node| graph.has_value(node) && is_tuple[graph.type_of(node).index()]) {
        None => Ok(()),
        Some(node) => Err((&known::VALUE_NODES, "atoms".to_owned(), format!("a tuple, node {}", node.0))),
    }
}

/// Equality is said of atoms whose values do not say it, and goes to the first of each class.
fn equals(graph: &HeapGraph) -> Result<(), Disagreement> {
    let is_open = |node: u32| graph.values.packed(NodeId(node)).is_some_and(|packed| Sameness::of(packed) == Sameness::Unknown);
    for &(node, first) in &graph.equals {
        let is_first = first < node && graph.equal_to(NodeId(first)).is_none();
        if !is_first || !is_open(node) || !is_open(first) {
            let expected = format!("for node {node} the first atom that is equal to it, of values that were not kept");
            return Err((&known::EQUAL_FIRSTS, expected, format!("node {first}")));
        }
    }
    Ok(())
}
