//! Folded pictures: what they count against the plain neighbourhood, on random graphs and on large ones.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;

use proptest::prelude::*;
use refroots_core::petgraph::Direction;
use refroots_core::query::neighbourhood::{Neighbourhood, neighbourhood};
use refroots_core::{HeapGraph, HeapGraphBuilder, NodeFlags, NodeId, NodeRecord, ReferenceName, View};

/// A graph of nodes of a few types, each as large as its number says.
fn build(types: &[u8], references: &[(u32, u32)]) -> HeapGraph {
    let mut from: HashMap<u32, Vec<u32>> = HashMap::new();
    for &(source, target) in references {
        from.entry(source).or_default().push(target);
    }
    let mut builder = HeapGraphBuilder::default();
    let module = builder.intern("app");
    let names: Vec<_> = (0..256).map(|i| builder.intern(&format!("T{i}"))).collect();
    let ids: Vec<_> = names.iter().map(|&name| builder.add_type(module, name)).collect();
    for node in 0..types.len() as u64 {
        builder.discover(node * 16 + 4096);
    }
    for (node, &kind) in (0..).zip(types) {
        let size = u64::from(node) + 16;
        builder.describe(NodeRecord { type_id: ids[usize::from(kind)], size, refcount: Some(0), flags: NodeFlags::default() });
        for (index, &target) in (0..).zip(from.get(&node).into_iter().flatten()) {
            builder.refer(NodeId(target), ReferenceName::Index(index));
        }
    }
    builder.finish().unwrap()
}

fn look(graph: &HeapGraph, direction: Direction, depth: u32, folds: bool) -> View {
    neighbourhood(graph, &[NodeId(0)], &Neighbourhood { depth, folds, ..Neighbourhood::new(direction) })
}

/// How many references a view stands for: those that are drawn, and those of which it says how many more there are.
fn references(view: &View) -> u64 {
    let more = |name: &str| name.strip_prefix("and ")?.strip_suffix(" more")?.replace(',', "").parse::<u64>().ok();
    view.graph.edge_weights().map(|edge| more(&edge.name).unwrap_or(edge.folded + 1)).sum()
}

fn graphs() -> impl Strategy<Value = (Vec<u8>, Vec<(u32, u32)>)> {
    (2_u32..200, 1_u8..4).prop_flat_map(|(nodes, kinds)| {
        let types = prop::collection::vec(0..kinds, nodes as usize);
        // Many references into few objects, so that there are siblings.
        let ends = (0..nodes, prop_oneof![0..nodes, 0..nodes.min(5)]);
        (types, prop::collection::vec(ends, 0..400))
    })
}

proptest! {
    #[test]
    fn folded_pictures_count_all_that_is_there((types, edges) in graphs(), depth in 1_u32..6, backwards: bool) {
        let graph = build(&types, &edges);
        let direction = if backwards { Direction::Incoming } else { Direction::Outgoing };
        let (plain, folded) = (look(&graph, direction, depth, false), look(&graph, direction, depth, true));
        let reached: HashMap<u32, u32> = plain.graph.node_weights().map(|node| (node.ordinal.0, node.depth)).collect();
        let by = |view: &View| {
            let mut by: HashMap<(String, u32), u64> = HashMap::new();
            for node in view.graph.node_weights() {
                *by.entry((node.type_name.clone(), node.depth)).or_default() += node.folded + 1;
            }
            by
        };
        // With three types and six levels nothing has to be left out.
        prop_assert_eq!(by(&folded), by(&plain));
        let size = |view: &View| view.graph.node_weights().map(|node| node.size).sum::<u64>();
        prop_assert_eq!(size(&folded), size(&plain));
        let chain = folded.graph.node_weights().filter(|node| node.is_on_chain).count();
        prop_assert!(folded.graph.node_count() <= 60 + chain, "{} boxes", folded.graph.node_count());
        let among = edges.iter().filter(|(source, target)| reached.contains_key(source) && reached.contains_key(target));
        prop_assert_eq!(references(&folded), among.count() as u64);
        prop_assert!(folded.graph.node_weights().filter(|node| node.is_start || node.is_on_chain).all(|node| node.folded == 0));
    }

    #[test]
    fn the_same_graph_folds_the_same((types, edges) in graphs(), depth in 1_u32..6) {
        let graph = build(&types, &edges);
        let told = |view: View| format!("{:?}", view.graph);
        let (first, second) = (look(&graph, Direction::Incoming, depth, true), look(&graph, Direction::Incoming, depth, true));
        prop_assert_eq!(told(first), told(second));
    }
}

#[test]
fn nine_hundred_thousand_alike_are_counted_exactly_both_ways() {
    // A list holds each of them, and each holds the hub: looked at pair by pair this would take hours.
    let many = 900_000;
    let types: Vec<u8> = (0..many + 2).map(|node| if node < 2 { node as u8 } else { 2 }).collect();
    let references: Vec<(u32, u32)> = (2..many + 2).flat_map(|node| [(1, node), (node, 0)]).collect();
    let counts = |view: &View| view.graph.node_weights().map(|node| node.folded + 1).collect::<Vec<_>>();
    let up = look(&build(&types, &references), Direction::Incoming, 3, true);
    assert_eq!(counts(&up), [1, u64::from(many), 1]);
    assert_eq!(references_by_name(&up), [("[*]", u64::from(many)), ("[0]", u64::from(many))]);
    let turned: Vec<(u32, u32)> = references.iter().map(|&(source, target)| (target, source)).collect();
    let down = look(&build(&types, &turned), Direction::Outgoing, 3, true);
    assert_eq!(counts(&down), [1, u64::from(many), 1]);
}

fn references_by_name(view: &View) -> Vec<(&str, u64)> {
    let mut found: Vec<_> = view.graph.edge_weights().map(|edge| (edge.name.as_str(), edge.folded + 1)).collect();
    found.sort_unstable();
    found
}
