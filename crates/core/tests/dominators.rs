//! Dominators against petgraph's, retained sizes against deletion, on random graphs; and shapes that hurt.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;

mod random;

use proptest::prelude::*;
use random::{Plain, Role, build, graphs};
use refroots_core::petgraph::algo::{dominators::simple_fast, kosaraju_scc};
use refroots_core::petgraph::graph::{DiGraph, NodeIndex};
use refroots_core::query::dominators::{Dominator, Dominators, dominators};
use refroots_core::query::reach::retained_together;
use refroots_core::{HeapGraph, HeapGraphBuilder, NodeFlags, NodeId, NodeRecord, ReferenceName, Root, RootKind};

/// The same graph with a virtual root behind the nodes and a node for each thread behind that; edges of
/// refroots' own nodes are left out.
fn with_virtual_root(plain: &Plain, heads: &[u32]) -> (DiGraph<(), ()>, NodeIndex) {
    let mut graph = DiGraph::new();
    for _ in 0..plain.nodes.len() + 3 {
        graph.add_node(());
    }
    let root = NodeIndex::new(plain.nodes.len());
    for thread in 0..2 {
        graph.add_edge(root, NodeIndex::new(root.index() + 1 + thread), ());
    }
    for (node, &(_, role)) in plain.nodes.iter().enumerate() {
        match role {
            Role::Frame(thread) => {
                graph.add_edge(NodeIndex::new(root.index() + 1 + usize::from(thread)), NodeIndex::new(node), ());
            }
            Role::Module | Role::Outside | Role::Immortal => {
                graph.add_edge(root, NodeIndex::new(node), ());
            }
            Role::Ordinary | Role::Own => {}
        }
    }
    for &head in heads {
        graph.add_edge(root, NodeIndex::new(head as usize), ());
    }
    let is_own = |node: u32| plain.nodes[node as usize].1 == Role::Own;
    for &(source, target) in plain.edges.iter().filter(|&&(source, target)| !is_own(source) && !is_own(target)) {
        graph.add_edge(NodeIndex::new(source as usize), NodeIndex::new(target as usize), ());
    }
    (graph, root)
}

/// What the root reaches without going through one node.
fn reached(graph: &DiGraph<(), ()>, root: NodeIndex, without: Option<NodeIndex>) -> HashSet<usize> {
    let mut met = HashSet::from([root.index()]);
    let mut waiting = vec![root];
    while let Some(node) = waiting.pop() {
        for next in graph.neighbors(node) {
            if Some(next) != without && met.insert(next.index()) {
                waiting.push(next);
            }
        }
    }
    met
}

fn check(plain: &Plain) -> Result<(), TestCaseError> {
    let graph = build(plain);
    let found: Dominators = dominators(&graph).unwrap();
    let is_own = |node: usize| plain.nodes[node].1 == Role::Own;
    let (held, root) = with_virtual_root(plain, &[]);
    let alive = reached(&held, root, None);
    let garbage: Vec<usize> = (0..plain.nodes.len()).filter(|&node| !alive.contains(&node) && !is_own(node)).collect();
    // Of each set of garbage that nothing else holds, exactly one hangs below the root.
    let mut heads = Vec::new();
    for component in kosaraju_scc(&held) {
        let members: HashSet<usize> = component.iter().map(|node| node.index()).collect();
        let is_source = component.iter().all(|&node| {
            held.neighbors_directed(node, refroots_core::petgraph::Incoming).all(|source| members.contains(&source.index()))
        });
        if is_source && members.iter().all(|node| garbage.contains(node)) {
            let below: Vec<usize> =
                members.into_iter().filter(|&node| found.dominator(NodeId(node as u32)) == Dominator::Root).collect();
            prop_assert_eq!(below.len(), 1);
            heads.push(below[0] as u32);
        }
    }
    let (full, root) = with_virtual_root(plain, &heads);
    let all = reached(&full, root, None);
    let expected = simple_fast(&full, root);
    for node in (0..plain.nodes.len()).filter(|&node| !is_own(node)) {
        let idom = expected.immediate_dominator(NodeIndex::new(node)).unwrap();
        let same = match found.dominator(NodeId(node as u32)) {
            Dominator::Root => idom == root,
            Dominator::Object(above) => idom.index() == above.index(),
            Dominator::Thread(thread) => graph.text(thread) == format!("T{}", idom.index() as i64 - root.index() as i64 - 1),
        };
        prop_assert!(same, "{node}: expected {idom:?}, found {:?}", found.dominator(NodeId(node as u32)));
        let without = reached(&full, root, Some(NodeIndex::new(node)));
        let freed: u64 = all.difference(&without).filter_map(|&n| plain.nodes.get(n)).map(|&(size, _)| u64::from(size)).sum();
        prop_assert_eq!(found.retained(NodeId(node as u32)), freed);
    }
    for (thread, retained) in found.threads() {
        let number: usize = graph.text(thread)[1..].parse().unwrap();
        let without = reached(&full, root, Some(NodeIndex::new(root.index() + 1 + number)));
        let freed: u64 = all.difference(&without).filter_map(|&n| plain.nodes.get(n)).map(|&(size, _)| u64::from(size)).sum();
        prop_assert_eq!(retained, freed);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn dominators_are_petgraphs_and_retained_sizes_are_what_deletion_frees(plain in graphs()) {
        check(&plain)?;
    }
}

/// A graph of a module and objects of 16 bytes, by their targets; the module is node 0.
fn shape(nodes: u32, targets: impl Fn(u32, &mut Vec<u32>)) -> HeapGraph {
    let mut builder = HeapGraphBuilder::with_room_for(nodes as usize).unwrap();
    let (module, name) = (builder.intern("app"), builder.intern("Node"));
    let type_id = builder.add_type(module, name);
    for node in 0..nodes {
        builder.discover(u64::from(node) * 16 + 4096);
    }
    let mut found = Vec::new();
    for node in 0..nodes {
        builder.describe(NodeRecord { type_id, size: 16, refcount: Some(0), flags: NodeFlags::default() });
        targets(node, &mut found);
        for target in found.drain(..) {
            builder.refer(NodeId(target), ReferenceName::Slot(name));
        }
    }
    builder.add_root(Root { node: NodeId(0), kind: RootKind::Module, name, detail: name, thread: name, asking: false });
    builder.finish().unwrap()
}

#[test]
fn shapes_that_hurt_are_walked_without_recursion_and_in_time() {
    const MILLION: u32 = 1_000_000;
    let list = shape(MILLION, |node, targets| targets.extend((node + 1 < MILLION).then_some(node + 1)));
    assert_eq!(dominators(&list).unwrap().retained(NodeId(0)), u64::from(MILLION) * 16);
    assert_eq!(dominators(&list).unwrap().parent(NodeId(MILLION - 1)), Some(NodeId(MILLION - 2)));

    let both_ways = shape(MILLION, |node, targets| {
        targets.extend((node + 1 < MILLION).then_some(node + 1));
        targets.extend(node.checked_sub(1));
    });
    assert_eq!(dominators(&both_ways).unwrap().retained(NodeId(1)), u64::from(MILLION - 1) * 16);

    // Everybody refers to the last, and the last to everybody.
    let hub = shape(MILLION, |node, targets| match node {
        0 => targets.push(MILLION - 1),
        node if node == MILLION - 1 => targets.extend(1..MILLION - 1),
        _ => targets.push(MILLION - 1),
    });
    let found = dominators(&hub).unwrap();
    assert_eq!((found.parent(NodeId(7)), found.retained(NodeId(7))), (Some(NodeId(MILLION - 1)), 16));

    let tree = shape(MILLION, |node, targets| {
        targets.extend([2 * node + 1, 2 * node + 2].into_iter().filter(|&child| child < MILLION));
        targets.extend(node.checked_sub(1).map(|above| above / 2));
    });
    assert_eq!(dominators(&tree).unwrap().parent(NodeId(MILLION - 1)), Some(NodeId((MILLION - 2) / 2)));

    let clique = shape(1_000, |_, targets| targets.extend(0..1_000));
    assert_eq!(dominators(&clique).unwrap().parent(NodeId(999)), Some(NodeId(0)));

    // A long list whose end and whose head refer to the same objects: their way up is the whole list.
    let half = MILLION / 2;
    let ends = shape(MILLION, |node, targets| {
        if node + 1 < half {
            targets.push(node + 1);
        }
        if node == half - 1 || node == 1 {
            targets.extend(half..MILLION);
        }
    });
    assert_eq!(dominators(&ends).unwrap().parent(NodeId(MILLION - 1)), Some(NodeId(1)));

    let garbage = shape(MILLION, |node, targets| targets.extend((node > 0).then_some(node % (MILLION - 1) + 1)));
    assert_eq!(dominators(&garbage).unwrap().retained(NodeId(1)), u64::from(MILLION - 1) * 16);
}

/// A module's list has two objects; a running frame's evaluation stack has both too, and something else outside the second.
fn with_operands() -> HeapGraph {
    let mut builder = HeapGraphBuilder::default();
    let (module, name) = (builder.intern("app"), builder.intern("Foo"));
    let of_foo = builder.add_type(module, name);
    let empty = builder.intern("");
    let place = builder.intern("a running frame's evaluation stack");
    for node in 1..=4 {
        builder.discover(64 * node);
    }
    for (size, refcount, targets) in [(64, 1, vec![1]), (128, 1, vec![2, 3]), (192, 2, vec![]), (256, 3, vec![])] {
        builder.describe(NodeRecord { type_id: of_foo, size, refcount: Some(refcount), flags: NodeFlags::default() });
        for target in targets {
            builder.refer(NodeId(target), ReferenceName::Key);
        }
    }
    for node in [NodeId(2), NodeId(3)] {
        builder.suspect(node, RootKind::External, place);
    }
    builder.add_root(Root { node: NodeId(0), kind: RootKind::Module, name, detail: empty, thread: empty, asking: false });
    builder.finish().unwrap()
}

#[test]
fn the_argument_of_a_call_is_still_its_holders() {
    let graph = with_operands();
    let found = dominators(&graph).unwrap();
    assert_eq!(graph.places(NodeId(2)).count(), 1);
    assert_eq!([2, 3].map(|node| found.parent(NodeId(node))), [Some(NodeId(1)), None]);
    assert_eq!(found.retained(NodeId(1)), 128 + 192);
    assert_eq!(retained_together(&graph, &[NodeId(1)]), 128 + 192);
}
