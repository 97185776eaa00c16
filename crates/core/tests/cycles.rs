//! Components, cycles and reach against petgraph and plain searches on random graphs; and shapes that hurt.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use refroots_core::petgraph::algo::kosaraju_scc;
use refroots_core::petgraph::graph::DiGraph;
use refroots_core::query::components::Components;
use refroots_core::query::cycles::{CycleOptions, cycles, smallest_cycle};
use refroots_core::query::reach::{Reach, garbage, is_garbage, reachable_size};
use refroots_core::{HeapGraph, HeapGraphBuilder, NodeFlags, NodeId, NodeRecord, ReferenceName, sketch};

/// Nodes by what they are, and edges.
#[derive(Clone, Debug)]
struct Plain {
    roles: Vec<Role>,
    edges: Vec<(usize, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    List,
    Node,
    Held,
    Class,
    Own,
    Frame,
}

fn graphs(roles: impl Strategy<Value = Role> + Clone) -> impl Strategy<Value = Plain> {
    prop::collection::vec(roles, 1..30).prop_flat_map(|roles| {
        let count = roles.len();
        prop::collection::vec((0..count, 0..count), 0..60).prop_map(move |edges| Plain { roles: roles.clone(), edges })
    })
}

fn objects() -> impl Strategy<Value = Role> + Clone {
    prop_oneof![4 => Just(Role::List), 4 => Just(Role::Node)]
}

fn anything() -> impl Strategy<Value = Role> + Clone {
    prop_oneof![
        6 => Just(Role::List),
        6 => Just(Role::Node),
        2 => Just(Role::Held),
        3 => Just(Role::Class),
        1 => Just(Role::Own),
        1 => Just(Role::Frame),
    ]
}

fn build(plain: &Plain) -> HeapGraph {
    let mut text = String::new();
    for (node, role) in plain.roles.iter().enumerate() {
        let role = match role {
            Role::List => "list",
            Role::Node => "app.Node",
            Role::Held => "list external=1",
            Role::Class => "type 'app.Class'",
            Role::Own => "list internal",
            Role::Frame => "frame 'app.main:3' root synthetic",
        };
        text += &format!("n{node}: {role} size={}\n", node + 1);
    }
    for (source, target) in &plain.edges {
        text += &format!("n{source} -> n{target}\n");
    }
    sketch::parse(&text).unwrap()
}

impl Plain {
    /// The nodes that `starts` reach by at least one reference through nodes that `keep` lets in.
    fn reach(&self, starts: &[usize], keep: impl Fn(usize) -> bool) -> HashMap<usize, usize> {
        let mut found = HashMap::new();
        let mut level: Vec<usize> = starts.to_vec();
        for steps in 1.. {
            let new: BTreeSet<usize> = (self.edges.iter())
                .filter(|(source, target)| level.contains(source) && keep(*target) && !found.contains_key(target))
                .map(|&(_, target)| target)
                .collect();
            if new.is_empty() {
                break;
            }
            found.extend(new.iter().map(|&node| (node, steps)));
            level = new.into_iter().collect();
        }
        found
    }

    fn garbage(&self) -> HashSet<usize> {
        let roots = |role| matches!(role, Role::Held | Role::Own | Role::Frame);
        let roots: Vec<usize> = (0..self.roles.len()).filter(|&node| roots(self.roles[node])).collect();
        let reached = self.reach(&roots, |_| true);
        (0..self.roles.len()).filter(|node| !roots.contains(node) && !reached.contains_key(node)).collect()
    }

    /// Sets of nodes that reach one another, and themselves, through nodes that `keep` lets in.
    fn components(&self, keep: impl Fn(usize) -> bool) -> BTreeSet<Vec<usize>> {
        let reach: Vec<HashMap<usize, usize>> = (0..self.roles.len()).map(|node| self.reach(&[node], &keep)).collect();
        let on_cycle = (0..self.roles.len()).filter(|&node| keep(node) && reach[node].contains_key(&node));
        let mates = |node: usize| -> BTreeSet<usize> {
            reach[node].keys().copied().filter(|&other| reach[other].contains_key(&node)).collect()
        };
        on_cycle.map(|node| mates(node).into_iter().collect()).collect()
    }
}

/// Components, objects, bytes, and the first object of a group.
type Row = (u64, u64, u64, u32);

fn listed(components: &Components) -> Vec<Vec<usize>> {
    (0..components.len()).map(|at| components.members(at).map(NodeId::index).collect()).collect()
}

proptest! {
    #[test]
    fn components_are_petgraphs(plain in graphs(objects())) {
        let graph = build(&plain);
        let components = Components::find(&graph, |_| true);
        let edges = plain.edges.iter().map(|&(source, target)| (source as u32, target as u32));
        let mut expected: Vec<Vec<usize>> = kosaraju_scc(&DiGraph::<(), ()>::from_edges(edges))
            .into_iter()
            .map(|one| one.into_iter().map(|node| node.index()).collect::<Vec<usize>>())
            .filter(|one| one.len() > 1 || plain.edges.contains(&(one[0], one[0])))
            .collect();
        expected.iter_mut().for_each(|one| one.sort_unstable());
        expected.sort();
        prop_assert_eq!(&listed(&components), &expected);
        for node in graph.node_ids() {
            prop_assert_eq!(components.of(node), expected.iter().position(|one| one.contains(&node.index())));
        }
    }

    #[test]
    fn groups_are_of_components_that_a_plain_search_finds(plain in graphs(anything()), definitions: bool) {
        let graph = build(&plain);
        let garbage = plain.garbage();
        let noise = |node| plain.roles[node] == Role::Class && !garbage.contains(&node) && !definitions;
        let mut expected: BTreeMap<(bool, Vec<(String, u64)>), Row> = BTreeMap::new();
        for one in plain.components(|node| plain.roles[node] != Role::Own && !noise(node)) {
            let mut types: BTreeMap<String, u64> = BTreeMap::new();
            for &node in &one {
                *types.entry(graph.type_name(graph.type_of(NodeId(node as u32)))).or_default() += 1;
            }
            let mut types: Vec<(String, u64)> = types.into_iter().collect();
            types.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            let objects: Vec<usize> = one.into_iter().filter(|&node| plain.roles[node] != Role::Frame).collect();
            let Some(&first) = objects.first() else { continue };
            let row = expected.entry((garbage.contains(&first), types)).or_insert((0, 0, 0, u32::MAX));
            row.0 += 1;
            row.1 += objects.len() as u64;
            row.2 += objects.iter().map(|&node| node as u64 + 1).sum::<u64>();
            row.3 = row.3.min(first as u32);
        }
        let groups = cycles(&graph, &CycleOptions { definitions });
        prop_assert!(groups.is_sorted_by_key(|group| (std::cmp::Reverse(group.size), group.example)));
        let found: BTreeMap<_, _> = groups
            .into_iter()
            .map(|group| ((group.is_garbage, group.types), (group.count, group.objects, group.size, group.example.0)))
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_cycle_is_smaller_than_the_one_found(plain in graphs(anything()), definitions: bool) {
        let graph = build(&plain);
        let garbage = plain.garbage();
        for node in 0..plain.roles.len() {
            prop_assert_eq!(is_garbage(&graph, NodeId(node as u32)), garbage.contains(&node));
            let lets_all = definitions || garbage.contains(&node) || plain.roles[node] == Role::Class;
            let keep = |other| plain.roles[other] != Role::Own && (lets_all || plain.roles[other] != Role::Class);
            let expected = if keep(node) { plain.reach(&[node], keep).get(&node).copied() } else { None };
            let found = smallest_cycle(&graph, NodeId(node as u32), &CycleOptions { definitions });
            prop_assert_eq!(found.as_ref().map(Vec::len), expected);
            let mut at = NodeId(node as u32);
            for reference in found.iter().flatten() {
                prop_assert_eq!(reference.source, at);
                prop_assert!(plain.edges.contains(&(at.index(), reference.target.index())));
                prop_assert!(keep(at.index()));
                at = reference.target;
            }
            prop_assert_eq!(at.index(), node);
        }
        let all: HashSet<usize> = refroots_core::query::reach::garbage(&graph).into_iter().map(NodeId::index).collect();
        prop_assert_eq!(all, garbage);
    }

    #[test]
    fn reach_is_what_a_plain_search_reaches(plain in graphs(anything()), starts in prop::collection::vec(0_usize..30, 0..4), through: bool) {
        let graph = build(&plain);
        let is_own = |node: usize| plain.roles[node] == Role::Own;
        let starts: Vec<usize> = starts.into_iter().filter(|&start| start < plain.roles.len()).collect();
        let ends = |node: usize| !through && matches!(plain.roles[node], Role::Class | Role::Frame);
        let shown: Vec<usize> = starts.iter().copied().filter(|&start| !is_own(start)).collect();
        let mut expected: HashSet<usize> = plain.reach(&shown, |node| !is_own(node) && !ends(node)).into_keys().collect();
        expected.extend(&shown);
        expected.retain(|&node| plain.roles[node] != Role::Frame);
        let found = reachable_size(&graph, &starts.iter().map(|&node| NodeId(node as u32)).collect::<Vec<_>>(), through);
        let size = expected.iter().map(|&node| node as u64 + 1).sum();
        prop_assert_eq!(found, Reach { count: expected.len() as u64, size });
    }
}

/// A heap of so many objects of one class, with these references.
fn shape(nodes: u32, edges: impl Fn(u32) -> Vec<u32>) -> HeapGraph {
    let mut builder = HeapGraphBuilder::with_room_for(nodes as usize).unwrap();
    let (module, name) = (builder.intern("app"), builder.intern("Node"));
    let type_id = builder.add_type(module, name);
    for node in 0..nodes {
        builder.discover(u64::from(node) * 16 + 4096);
    }
    for node in 0..nodes {
        builder.describe(NodeRecord { type_id, size: 16, refcount: Some(0), flags: NodeFlags::default() });
        for target in edges(node) {
            builder.refer(NodeId(target), ReferenceName::Slot(name));
        }
    }
    builder.finish().unwrap()
}

/// Asks everything of a graph that is one component; each answer must come in a time that is linear.
fn is_one_component(graph: &HeapGraph, far: u32, smallest: usize) {
    let begun = Instant::now();
    let groups = cycles(graph, &CycleOptions::default());
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].count, groups[0].objects, groups[0].is_garbage), (1, graph.node_count() as u64, true));
    assert_eq!(smallest_cycle(graph, NodeId(far), &CycleOptions::default()).unwrap().len(), smallest);
    assert_eq!(reachable_size(graph, &[NodeId(far)], false).count, graph.node_count() as u64);
    assert_eq!(garbage(graph).len(), graph.node_count());
    assert!(begun.elapsed() < Duration::from_secs(20), "took {:?}", begun.elapsed());
}

#[test]
fn a_million_deep_ring_a_hub_a_tree_with_parents_and_a_clique_are_one_component() {
    let million = 1_000_000;
    is_one_component(&shape(million, |node| vec![(node + 1) % million]), 7, million as usize);
    is_one_component(&shape(million, |node| if node == 0 { (1..million).collect() } else { vec![0] }), 7, 2);
    is_one_component(
        &shape(million, |node| {
            [node.saturating_sub(1) / 2, 2 * node + 1, 2 * node + 2].into_iter().filter(|&to| to < million).collect()
        }),
        7,
        2,
    );
    is_one_component(&shape(3000, |node| (0..3000).filter(|&other| other != node).collect()), 7, 2);
}

#[test]
fn a_million_deep_list_has_no_cycle() {
    let million = 1_000_000;
    let graph = shape(million, |node| if node + 1 < million { vec![node + 1] } else { Vec::new() });
    assert!(Components::find(&graph, |_| true).is_empty());
    assert!(smallest_cycle(&graph, NodeId(million - 2), &CycleOptions::default()).is_none());
    assert_eq!(reachable_size(&graph, &[NodeId(0)], false), Reach { count: u64::from(million), size: 16 * u64::from(million) });
}

#[test]
fn components_of_growing_size_are_groups_of_their_own() {
    // 1,400 rings of 2, 3, 4, … objects: as many different groups as a million objects can make of one type.
    let mut next = Vec::new();
    for length in 2..=1400_u32 {
        let first = next.len() as u32;
        next.extend((1..=length).map(|at| first + at % length));
    }
    let graph = shape(next.len() as u32, |node| vec![next[node as usize]]);
    let groups = cycles(&graph, &CycleOptions::default());
    assert_eq!((groups.len(), groups[0].objects, groups[1398].objects), (1399, 1400, 2));
}
