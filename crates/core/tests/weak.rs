//! Weak references: what pictures show of them when asked, and that nothing else knows of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::ControlFlow;

use proptest::prelude::*;
use refroots_core::export::{self, Format};
use refroots_core::petgraph::Direction;
use refroots_core::petgraph::graph::NodeIndex;
use refroots_core::petgraph::visit::EdgeRef;
use refroots_core::query::neighbourhood::{Neighbourhood, neighbourhood};
use refroots_core::query::{dominators, paths, weak};
use refroots_core::{NodeId, Study, Values, View, sketch};

mod random;

fn look(text: &str, start: u32, direction: Direction, is_weak: bool, folds: bool) -> View {
    let graph = sketch::parse(text).unwrap();
    let what = Neighbourhood { weak: is_weak, folds, ..Neighbourhood::new(direction) };
    neighbourhood(&graph, &[NodeId(start)], &what)
}

/// Each reference of a view: `list#1 [0] Foo#0`.
fn references(view: &View) -> Vec<String> {
    let node = |index: NodeIndex| format!("{}#{}", view.graph[index].type_name, view.graph[index].ordinal.0);
    let name = |edge: &refroots_core::ViewEdge| if edge.is_weak { "weak".to_owned() } else { edge.name.clone() };
    view.graph.edge_references().map(|e| format!("{} {} {}", node(e.source()), name(e.weight()), node(e.target()))).collect()
}

const CACHED: &str = "foo: app.Foo
    entry: weakref
    entry ~> foo
    cache: dict
    cache -> entry [k]
    cache -> k key
    k: str 'k'
    list: list
    list -> foo [0]
    proxy: weakproxy internal
    proxy ~> foo";

#[test]
fn weak_referrers_are_followed_when_asked() {
    let plain = look(CACHED, 0, Direction::Incoming, false, false);
    assert_eq!(references(&plain), ["list#4 [0] Foo#0"]);
    assert_eq!(plain.title, "What refers to app.Foo #0, 3 levels");
    for folds in [false, true] {
        let view = look(CACHED, 0, Direction::Incoming, true, folds);
        assert_eq!(references(&view), ["list#4 [0] Foo#0", "weakref#1 weak Foo#0", "dict#2 ['k'] weakref#1"]);
        assert_eq!(view.title, "What refers to app.Foo #0, 3 levels, weak references too");
    }
}

#[test]
fn weak_referents_are_followed_when_asked() {
    let plain = look(CACHED, 2, Direction::Outgoing, false, false);
    assert_eq!(references(&plain), ["dict#2 ['k'] weakref#1"]);
    let view = look(CACHED, 2, Direction::Outgoing, true, false);
    assert_eq!(references(&view), ["dict#2 ['k'] weakref#1", "weakref#1 weak Foo#0"]);
}

#[test]
fn what_only_weak_references_lead_to_is_still_held_from_outside() {
    let view = look("foo: app.Foo external=1\nw: weakref\nw ~> foo", 0, Direction::Incoming, true, true);
    let root = view.graph.node_weights().find(|node| node.ordinal == NodeId(0)).unwrap().root.clone();
    assert_eq!(root.map(|root| root.text).as_deref(), Some("held from outside by 1 reference that Python cannot see"));
}

#[test]
fn functions_that_use_a_namespace_are_drawn_where_only_weak_references_are_beside_them() {
    let names = "names: ns namespace\nf: function 'f'\nf -> names .__globals__\nw: weakref\nw ~> names";
    let view = look(names, 0, Direction::Incoming, true, false);
    assert_eq!(references(&view), ["weakref#2 weak ns#0", "function#1 .__globals__ ns#0"]);
}

#[test]
fn nine_thousand_weak_references_are_one_line_with_their_number() {
    let mut text = String::from("foo: app.Foo\nlist: list\nlist -> foo [0]\n");
    for i in 0..9_000 {
        text += &format!("w{i}: weakref\nw{i} ~> foo\nlist -> w{i} [{}]\n", i + 1);
    }
    let view = look(&text, 0, Direction::Incoming, true, true);
    let weak: Vec<u64> = view.graph.edge_weights().filter(|edge| edge.is_weak).map(|edge| edge.folded + 1).collect();
    assert_eq!((view.graph.node_count(), weak), (3, vec![9_000]));
}

#[test]
fn a_graph_that_does_not_know_says_so() {
    let mut file = Vec::new();
    let graph = refroots_core::HeapGraph::default();
    refroots_core::snapshot::write(&graph, Values::None, &mut file, &mut |_, _| ControlFlow::Continue(())).unwrap();
    let read = refroots_core::snapshot::read(&mut std::io::Cursor::new(file), &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert!(!weak::is_known(&read));
    let what = Neighbourhood { weak: true, ..Neighbourhood::new(Direction::Incoming) };
    assert_eq!(neighbourhood(&read, &[], &what).title, "What refers to nothing, 3 levels, weak references unknown");
}

/// Everything that says what keeps objects alive.
fn told(study: &Study) -> Vec<String> {
    let found = dominators::dominators(study).unwrap();
    let of_node = |node: NodeId| {
        let chain = paths::why(study, node, &paths::WhyOptions::default());
        let around = |direction| format!("{:?}", neighbourhood(study, &[node], &Neighbourhood::new(direction)).graph);
        let pictures = around(Direction::Incoming) + &around(Direction::Outgoing);
        let counts = (study.refcount(node), study.external(node), found.retained(node), study.referrers(node));
        format!("{counts:?} {:?} {pictures}", chain.references)
    };
    let mut told: Vec<String> = study.node_ids().map(of_node).collect();
    for format in [Format::HeapSnapshot, Format::GraphMl, Format::NodeLink, Format::Collapsed] {
        let mut out = Vec::new();
        let options = export::Options::new(Values::Short);
        export::write(study, format, options, &mut out, &mut |_, _| ControlFlow::Continue(())).unwrap();
        told.push(String::from_utf8(out).unwrap());
    }
    told
}

proptest! {
    #[test]
    fn weak_references_keep_nothing_alive(plain in random::graphs(), pairs in prop::collection::vec((any::<u32>(), any::<u32>()), 1..30)) {
        let count = plain.nodes.len() as u32;
        let mut weak = random::text(&plain);
        let mut sources: Vec<u32> = pairs.iter().map(|(source, _)| source % count).collect();
        sources.sort_unstable();
        sources.dedup();
        for (source, (_, target)) in sources.iter().zip(&pairs) {
            weak += &format!("n{source} ~> n{}\n", target % count);
        }
        let (without, with) = (Study::new(random::build(&plain)), Study::new(sketch::parse(&weak).unwrap()));
        prop_assert_eq!(told(&without), told(&with));
        prop_assert!(with.node_ids().any(|node| weak::referent(&with, node).is_some()));
    }
}
