//! What is gathered around objects, and what is only counted.

use petgraph::visit::EdgeRef;

use super::*;
use crate::query::dominators::dominators;
use crate::sketch;

fn around(text: &str, start: u32, question: Question) -> View {
    surroundings(&sketch::parse(text).unwrap(), &[NodeId(start)], &Surroundings::new(question))
}

fn edges(view: &View) -> Vec<String> {
    let node = |index: NodeIndex| format!("{}#{}", view.graph[index].type_name, view.graph[index].ordinal.0);
    let edge = |e: petgraph::graph::EdgeReference<'_, ViewEdge>| {
        format!("{} {} {} {}", node(e.source()), e.weight().name, node(e.target()), e.weight().folded + 1)
    };
    view.graph.edge_references().map(edge).collect()
}

const HELD: &str = "foo: app.Foo
    list: list
    list -> foo [0]
    list -> other [1]
    other: app.Other
    foo -> part .part
    part: app.Part
    twin: app.Twin
    twin -> part .part
    app: module 'app' root
    app -> names .__dict__
    names: dict namespace
    names -> list .ALL";

#[test]
fn both_directions_are_there_and_what_stands_beside() {
    let view = around(HELD, 0, Question::Referrers);
    let mut found = edges(&view);
    found.sort();
    assert_eq!(
        found,
        ["Foo#0 .part Part#3 1", "Twin#4 .part Part#3 1", "list#1 [0] Foo#0 1", "list#1 [1] Other#2 1", "module#5 .ALL list#1 1"]
    );
    let on_chain: Vec<&str> = view.graph.node_weights().filter(|n| n.is_on_chain).map(|n| n.type_name.as_str()).collect();
    assert_eq!(on_chain, ["Foo", "module", "list"]);
    assert_eq!(view.graph.edge_weights().filter(|edge| edge.is_on_chain).count(), 2);
    assert_eq!(view.title, "What refers to app.Foo #0");
}

#[test]
fn what_is_left_out_is_counted_exactly_in_both_directions() {
    let mut text = String::from("hub: app.Hub\nall: list\n");
    for i in 0..25_000 {
        text += &format!("x{i}: app.X size=10\nx{i} -> hub .hub\nall -> x{i} [{i}]\n");
    }
    let view = around(&text, 0, Question::Referrers);
    let of_type = |name: &str| -> u64 {
        let nodes = view.graph.node_indices().filter(|&index| view.graph[index].type_name == name);
        let held = nodes.filter(|&index| view.graph.contains_edge(index, NodeIndex::new(0)));
        held.map(|index| view.graph[index].folded + 1).sum()
    };
    assert_eq!(of_type("X"), 25_000);
    let list = view.graph.node_indices().find(|&index| view.graph[index].type_name == "list").unwrap();
    let held: u64 = view.graph.neighbors(list).map(|index| view.graph[index].folded + 1).sum();
    assert_eq!(held, 25_000);
    assert!(edges(&view).iter().any(|edge| edge.contains("[*]")), "{:?}", edges(&view).last());
}

#[test]
fn no_more_than_twenty_thousand_objects_are_gathered() {
    let mut text = String::from("x0: list\n");
    for i in 1..30_000 {
        text += &format!("x{i}: list\nx{i} -> x{} [0]\n", i / 3);
    }
    let view = around(&text, 0, Question::Referrers);
    let gathered = view.graph.node_weights().filter(|node| node.references.is_some()).count();
    assert!((MOST / 2..=MOST).contains(&gathered), "{gathered}");
}

#[test]
fn retained_sizes_are_said_where_they_are_known_and_keys_only_where_they_may_be() {
    let graph = sketch::parse("d: dict\nd -> v [k]\nd -> w [j]\nk: str 'secret'\nj: str 'j'\nv: list size=70\nw: list").unwrap();
    let found = dominators(&graph).unwrap();
    let what = Surroundings { values: Values::None, dominators: Some(&found), ..Surroundings::new(Question::Referents) };
    let view = surroundings(&graph, &[NodeId(0)], &what);
    let names: Vec<&str> = view.graph.edge_weights().map(|edge| edge.name.as_str()).collect();
    assert_eq!(names, ["[<str #1>]", "[<str #2>]"]);
    let retained: Vec<Option<u64>> = view.graph.node_weights().map(|node| node.retained).collect();
    assert_eq!(retained[1], Some(70));
}

#[test]
fn what_nothing_holds_says_what_keeps_it() {
    let view = around("foo: app.Foo external=2", 0, Question::Chain);
    let root = view.graph[NodeIndex::new(0)].root.clone().unwrap();
    assert_eq!((root.kind, view.title.as_str()), (RootKind::External, "Why app.Foo #0 is alive"));
}
