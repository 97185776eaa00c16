//! Differences of sketches, each idea of the evidence alone, and shapes that are large.

use super::*;
use crate::{HeapGraphBuilder, NodeFlags, NodeRecord, ReferenceName, sketch};

const APP: &str = "m: module 'app' root\nm -> d .__dict__\nd: dict namespace tracked at=2000\n";

fn graph(lines: &str) -> HeapGraph {
    sketch::parse(&format!("{APP}{lines}")).unwrap()
}

/// New, gone and unsure by their addresses, and how many are the same.
fn told(before: &HeapGraph, after: &HeapGraph, mark: Option<Mark>) -> (Vec<u64>, Vec<u64>, Vec<u64>, u64) {
    let diff = diff(before, after, mark);
    let at = |graph: &HeapGraph, nodes: &[NodeId]| nodes.iter().map(|&node| graph.address(node)).collect();
    (at(after, &diff.new), at(before, &diff.gone), at(after, &diff.unsure), diff.survivors)
}

#[test]
fn nothing_happened() {
    let heap = graph("d -> a .a\na: app.A tracked at=3000\na -> n .n\nn: int 5 at=4000");
    assert_eq!(told(&heap, &heap, None), (vec![], vec![], vec![], 4));
    assert_eq!(told(&HeapGraph::default(), &heap, None).0, [0x1000, 0x2000, 0x3000, 0x4000]);
    assert_eq!(told(&heap, &HeapGraph::default(), None).1, [0x1000, 0x2000, 0x3000, 0x4000]);
}

#[test]
fn another_type_or_another_value_is_another_object() {
    let before = graph("d -> a .a\nd -> n .n\na: app.A tracked at=3000\nn: int 5 at=4000");
    let after = graph("d -> a .a\nd -> n .n\na: app.B tracked at=3000\nn: int 6 at=4000");
    assert_eq!(told(&before, &after, None), (vec![0x3000, 0x4000], vec![0x3000, 0x4000], vec![], 2));
}

#[test]
fn one_that_stands_behind_what_is_new_is_not_believed() {
    let before = graph("d -> a .a\nd -> b .b\na: app.A tracked at=3000\nb: app.A tracked at=3100");
    let after =
        graph("d -> a .a\nd -> b .b\nd -> c .c\nb: app.A tracked at=3100\nc: app.C tracked at=9000\na: app.A tracked at=3000");
    assert_eq!(told(&before, &after, None), (vec![0x9000], vec![], vec![0x3000], 3));
}

#[test]
fn one_that_stands_behind_what_stood_behind_it_is_not_believed() {
    let before = graph("d -> a .a\nd -> b .b\na: app.A tracked at=3000\nb: app.A tracked at=3100");
    let after = graph("d -> a .a\nd -> b .b\nb: app.A tracked at=3100\na: app.A tracked at=3000");
    assert_eq!(told(&before, &after, None), (vec![], vec![], vec![0x3000], 3));
}

#[test]
fn without_a_mark_one_of_its_holders_must_hold_it_still() {
    let before = graph("d -> a .a\nd -> l .l\nl: list tracked at=2800\na: app.A tracked at=3000");
    let after = graph("d -> l .l\nl -> a [0]\nl: list tracked at=2800\na: app.A tracked at=3000");
    assert_eq!(told(&before, &after, None), (vec![], vec![], vec![0x3000], 3));
    let after = graph("d -> l .l\nd -> a .b\nl: list tracked at=2800\na: app.A tracked at=3000");
    assert_eq!(told(&before, &after, None), (vec![], vec![], vec![], 4));
}

#[test]
fn what_stands_before_the_mark_is_the_same_and_what_stands_behind_it_is_not_believed() {
    let before = graph("a: app.A tracked at=3000\nb: app.A tracked at=3100");
    let after = graph("a: app.A tracked at=3000\nmark: refroots.Mark internal tracked at=8000\nb: app.A tracked at=3100");
    let mark = Mark { behind_oldest: 0x8000, behind_all: None };
    assert_eq!(told(&before, &after, Some(mark)), (vec![], vec![], vec![0x3100], 3));
    // Another one's mark proves nothing: nobody holds them.
    let other = Mark { behind_oldest: 0x8100, behind_all: None };
    assert_eq!(told(&before, &after, Some(other)), (vec![], vec![], vec![0x3000, 0x3100], 2));
    let after = graph(
        "a: app.A tracked at=3000\nold: refroots.Mark internal tracked at=8000\nb: app.A tracked at=3100\n\
         all: refroots.Mark internal tracked at=8100\nc: app.A tracked at=9000",
    );
    assert_eq!(told(&before, &after, Some(Mark { behind_all: Some(0x8100), ..mark })), (vec![0x9000], vec![], vec![], 4));
    assert_eq!(told(&before, &after, Some(mark)), (vec![0x9000], vec![], vec![0x3100], 3));
}

#[test]
fn what_is_not_tracked_must_hold_what_it_held() {
    let before = graph("d -> t .t\nt: tuple at=3000\nt -> n [0]\nt -> k [1]\nn: int 5 at=4000\nk: int 6 at=4100");
    let after = graph("d -> t .t\nt: tuple at=3000\nt -> k [0]\nt -> n [1]\nn: int 5 at=4000\nk: int 6 at=4100");
    assert_eq!(told(&before, &before, None).3, 5);
    assert_eq!(told(&before, &after, None), (vec![], vec![], vec![0x3000, 0x4000, 0x4100], 2));
}

#[test]
fn frames_are_the_same_where_their_functions_are() {
    let line = |function: &str| format!("f: frame '{function}' root synthetic at=5000\nf -> a local x\na: app.A tracked at=3000");
    let (before, later, other) = (graph(&line("app.f:3")), graph(&line("app.f:9")), graph(&line("app.g:3")));
    assert_eq!(told(&before, &later, None), (vec![], vec![], vec![], 3));
    assert_eq!(told(&before, &other, None), (vec![], vec![], vec![0x3000], 2));
}

#[test]
fn what_is_never_freed_needs_no_evidence_and_what_is_refroots_own_is_left_out() {
    let before = sketch::parse("n: NoneType immortal\nown: app.A internal\ng: app.A").unwrap();
    assert_eq!(told(&before, &before, None), (vec![], vec![], vec![0x1020], 1));
    let after = sketch::parse("n: NoneType immortal\nown: app.A\ng: app.A internal").unwrap();
    assert_eq!(told(&before, &after, None), (vec![0x1010], vec![0x1020], vec![], 1));
}

#[test]
fn by_type_tells_what_grew_most_first() {
    let before = graph("d -> a .a\na: app.A size=100 tracked at=3000\nb: app.B size=50 at=3100\nx: app.Own internal");
    let after = graph("d -> a .a\na: app.A size=100 tracked at=3000\nc: app.C size=70 at=9000\nb: app.C size=50 at=3100");
    let found = diff(&before, &after, None);
    let rows: Vec<_> = by_type(&found, &before, &after)
        .into_iter()
        .map(|row| (row.size(), row.count(), row.type_name.clone(), row.new, row.gone, row.unsure))
        .collect();
    assert_eq!(rows, [(120, 2, "app.C".into(), 2, 0, 0), (-50, -1, "app.B".into(), 0, 1, 0),]);
}

#[test]
fn what_appeared_in_the_second_heap_and_is_there_in_the_third() {
    let first = graph("");
    let second = graph("d -> a .a\nd -> b .b\na: app.A tracked at=3000\nb: app.A tracked at=3100");
    let third = graph("x: app.X at=7000\nd -> b .b\nb: app.A tracked at=3100\nc: app.A tracked at=9000");
    let (to_second, to_third) = (diff(&first, &second, None), diff(&second, &third, None));
    let found = still_there(&to_second, &to_third, &second, &third);
    assert_eq!(found.iter().map(|&node| third.address(node)).collect::<Vec<_>>(), [0x3100]);
}

/// A heap of tracked nodes at these addresses, each with references to nodes.
fn large(addresses: impl ExactSizeIterator<Item = u64>, referents: impl Fn(u32) -> Vec<u32>) -> HeapGraph {
    let mut builder = HeapGraphBuilder::default();
    let name = builder.intern("Node");
    let type_id = builder.add_type(name, name);
    let count = addresses.len() as u32;
    for address in addresses {
        builder.discover(address);
    }
    for node in 0..count {
        builder.describe(NodeRecord { type_id, size: 16, refcount: Some(1), flags: NodeFlags::TRACKED });
        for (index, target) in (0..).zip(referents(node)) {
            builder.refer(NodeId(target), ReferenceName::Index(index));
        }
    }
    builder.finish().unwrap()
}

const MILLION: u32 = 1_000_000;

fn addresses() -> impl ExactSizeIterator<Item = u64> {
    (0..MILLION as usize).map(|node| 0x1000 + 64 * node as u64)
}

#[test]
fn a_million_deep_list_all_the_same_and_all_other() {
    let next = |node: u32| if node + 1 < MILLION { vec![node + 1] } else { vec![] };
    let (before, moved) = (large(addresses(), next), large(addresses().map(|address| address + 32), next));
    // Nothing holds the first.
    assert_eq!(diff(&before, &before, None).survivors, u64::from(MILLION) - 1);
    let found = diff(&before, &moved, None);
    assert_eq!((found.new.len(), found.gone.len(), found.survivors), (MILLION as usize, MILLION as usize, 0));
}

#[test]
fn hubs_with_a_million_references_in_another_order() {
    // One holds all, all hold one, and the order in which the hub holds them is turned.
    let forwards = large(addresses(), |node| if node == 0 { (1..MILLION).collect() } else { vec![0] });
    let backwards = large(addresses(), |node| if node == 0 { (1..MILLION).rev().collect() } else { vec![0] });
    assert_eq!(diff(&forwards, &backwards, None).survivors, u64::from(MILLION));
}

#[test]
fn a_clique_of_three_thousand() {
    let clique = |turned: u32| {
        large((0..3000_usize).map(|node| 0x1000 + 16 * node as u64), move |_| (0..3000).map(|at| (at + turned) % 3000).collect())
    };
    assert_eq!(diff(&clique(0), &clique(1), None).survivors, 3000);
}
