//! Random graphs: queries against plain searches, and petgraph's algorithms on a heap.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{HashMap, HashSet, VecDeque};

use proptest::prelude::*;
use refroots_core::petgraph::Direction;
use refroots_core::petgraph::algo::{has_path_connecting, is_cyclic_directed, kosaraju_scc};
use refroots_core::petgraph::graph::DiGraph;
use refroots_core::petgraph::visit::{Bfs, EdgeRef, IntoEdgeReferences, IntoNodeIdentifiers, Reversed};
use refroots_core::query::neighbourhood::{Neighbourhood, neighbourhood};
use refroots_core::query::paths::{self, WhyOptions};
use refroots_core::{HeapGraph, HeapGraphBuilder, NodeFlags, NodeId, NodeRecord, ReferenceName, Root, RootKind, Values};

#[derive(Clone, Debug)]
struct Plain {
    nodes: u32,
    edges: Vec<(u32, u32)>,
    roots: Vec<u32>,
}

fn graphs() -> impl Strategy<Value = Plain> {
    (2_u32..40).prop_flat_map(|nodes| {
        let edges = prop::collection::vec((0..nodes, 0..nodes), 0..120);
        let roots = prop::collection::vec(0..nodes, 0..4);
        (edges, roots).prop_map(move |(edges, roots)| Plain { nodes, edges, roots })
    })
}

fn build(plain: &Plain) -> HeapGraph {
    let mut builder = HeapGraphBuilder::default();
    let (module, name) = (builder.intern("app"), builder.intern("Node"));
    let type_id = builder.add_type(module, name);
    for node in 0..plain.nodes {
        builder.discover(u64::from(node) * 16 + 4096);
    }
    for node in 0..plain.nodes {
        builder.describe(NodeRecord { type_id, size: 16, refcount: Some(0), flags: NodeFlags::default() });
        for (index, &(_, target)) in plain.edges.iter().filter(|(source, _)| *source == node).enumerate() {
            builder.refer(NodeId(target), ReferenceName::Index(index as u32));
        }
    }
    for &root in &plain.roots {
        builder.add_root(Root { node: NodeId(root), kind: RootKind::Module, name, detail: name, thread: name, asking: false });
    }
    builder.finish().unwrap()
}

/// Steps from the nearest of `starts`, forwards or backwards.
fn distances(plain: &Plain, starts: &[u32], direction: Direction) -> HashMap<u32, u32> {
    let mut found: HashMap<u32, u32> = starts.iter().map(|&start| (start, 0)).collect();
    let mut queue: VecDeque<u32> = starts.iter().copied().collect();
    while let Some(node) = queue.pop_front() {
        for &(source, target) in &plain.edges {
            let (from, to) = if direction == Direction::Outgoing { (source, target) } else { (target, source) };
            if from == node && !found.contains_key(&to) {
                found.insert(to, found[&node] + 1);
                queue.push_back(to);
            }
        }
    }
    found
}

proptest! {
    #[test]
    fn both_directions_hold_the_same_references(plain in graphs()) {
        let graph = build(&plain);
        let mut forwards: Vec<(u32, u32)> = (&graph).edge_references().map(|e| (e.source().0, e.target().0)).collect();
        let mut backwards: Vec<(u32, u32)> =
            graph.node_ids().flat_map(|node| graph.referrers(node).iter().map(move |&source| (source, node.0))).collect();
        let mut expected = plain.edges.clone();
        for edges in [&mut forwards, &mut backwards, &mut expected] {
            edges.sort_unstable();
        }
        prop_assert_eq!(&forwards, &expected);
        prop_assert_eq!(&backwards, &expected);
        for node in graph.node_ids() {
            prop_assert_eq!(graph.references_to(node).count(), graph.referrers(node).len());
        }
    }

    #[test]
    fn chains_are_as_short_as_a_plain_search_finds(plain in graphs()) {
        let graph = build(&plain);
        let expected = distances(&plain, &plain.roots, Direction::Outgoing);
        for node in 0..plain.nodes {
            let chain = paths::why(&graph, NodeId(node), &WhyOptions::default());
            match expected.get(&node) {
                Some(&steps) => {
                    prop_assert_eq!(chain.root, RootKind::Module);
                    prop_assert_eq!(chain.references.len() as u32, steps);
                    prop_assert!(plain.roots.contains(&chain.first.0));
                    let mut at = chain.first;
                    for reference in &chain.references {
                        prop_assert_eq!(reference.source, at);
                        prop_assert!(plain.edges.contains(&(reference.source.0, reference.target.0)));
                        at = reference.target;
                    }
                    prop_assert_eq!(at, NodeId(node));
                }
                None => prop_assert_eq!(chain.root, RootKind::Garbage),
            }
        }
    }

    #[test]
    fn neighbourhoods_are_what_a_plain_search_reaches(plain in graphs(), depth in 1_u32..6, backwards: bool) {
        let graph = build(&Plain { roots: Vec::new(), ..plain.clone() });
        let direction = if backwards { Direction::Incoming } else { Direction::Outgoing };
        let what = Neighbourhood { depth, folds: false, values: Values::None, ..Neighbourhood::new(direction) };
        let view = neighbourhood(&graph, &[NodeId(0)], &what);
        let expected: HashMap<u32, u32> =
            distances(&plain, &[0], direction).into_iter().filter(|&(_, steps)| steps <= depth).collect();
        let found: HashMap<u32, u32> = view.graph.node_weights().map(|node| (node.ordinal.0, node.depth)).collect();
        prop_assert_eq!(&found, &expected);
        for node in view.graph.node_weights().filter(|node| node.depth == depth) {
            let neighbours: HashSet<u32> = match direction {
                Direction::Outgoing => graph.referents(node.ordinal).iter().copied().collect(),
                Direction::Incoming => graph.referrers(node.ordinal).iter().copied().collect(),
            };
            prop_assert_eq!(node.beyond as usize, neighbours.iter().filter(|other| !found.contains_key(other)).count());
        }
    }

    #[test]
    fn petgraph_runs_on_a_heap_as_on_its_own_graph(plain in graphs()) {
        let graph = build(&plain);
        let own = DiGraph::<(), ()>::from_edges(&plain.edges);
        prop_assert_eq!(is_cyclic_directed(&graph), is_cyclic_directed(&own));
        let components = |mut all: Vec<Vec<usize>>| {
            all.iter_mut().for_each(|one| one.sort_unstable());
            all.retain(|one| one.len() > 1);
            all.sort();
            all
        };
        let heap = components(kosaraju_scc(&graph).into_iter().map(|one| one.into_iter().map(|n| n.index()).collect()).collect());
        let expected = components(kosaraju_scc(&own).into_iter().map(|one| one.into_iter().map(|n| n.index()).collect()).collect());
        prop_assert_eq!(heap, expected);
        let mut bfs = Bfs::new(Reversed(&graph), NodeId(0));
        let mut met = HashSet::new();
        while let Some(node) = bfs.next(Reversed(&graph)) {
            met.insert(node.0);
        }
        prop_assert_eq!(met, distances(&plain, &[0], Direction::Incoming).into_keys().collect());
        for node in (&graph).node_identifiers().take(5) {
            let expected = distances(&plain, &[0], Direction::Outgoing).contains_key(&node.0);
            prop_assert_eq!(has_path_connecting(&graph, NodeId(0), node, None), expected);
        }
    }
}

#[test]
fn a_chain_of_a_million_nodes_is_searched_without_recursion() {
    let nodes = 1_000_000;
    let mut builder = HeapGraphBuilder::with_room_for(nodes as usize).unwrap();
    let (module, name) = (builder.intern("app"), builder.intern("Node"));
    let type_id = builder.add_type(module, name);
    for node in 0..nodes {
        builder.discover(u64::from(node) * 16 + 4096);
    }
    for node in 0..nodes {
        builder.describe(NodeRecord { type_id, size: 16, refcount: Some(1), flags: NodeFlags::default() });
        if node + 1 < nodes {
            builder.refer(NodeId(node + 1), ReferenceName::Slot(name));
        }
    }
    builder.add_root(Root { node: NodeId(0), kind: RootKind::Module, name, detail: name, thread: name, asking: false });
    let graph = builder.finish().unwrap();
    let chain = paths::why(&graph, NodeId(nodes - 1), &WhyOptions::default());
    assert_eq!(chain.references.len(), nodes as usize - 1);
    assert_eq!(chain.view(&graph, Values::Short).graph.node_count(), nodes as usize);
}
