//! Pictures by their geometry: nothing overlaps, no arrow runs through a box, and none is wider than it must be.

#![allow(clippy::unwrap_used, reason = "what cannot be drawn fails its test")]

mod fixtures;
mod judge;

use fixtures::{CACHE, backrefs, refs, view, why};
use judge::Drawn;
use proptest::prelude::*;
use refroots_core::{Question, View, ViewNode};
use refroots_render::{Drawing, EngineChoice, Error, svg};

fn drawn(view: &View) -> Drawn {
    judge::read(&svg(view, &Drawing::default()).unwrap(), view)
}

/// What must hold of every picture.
fn check(drawn: &Drawn) {
    assert_eq!((drawn.overlapping_boxes(), drawn.overlapping_names()), (0, 0));
    if cfg!(feature = "graphviz-pure") {
        assert_eq!(drawn.through_boxes(), []);
    }
}

/// A hub with so many holders, of which every tenth is held by so many others.
fn star(holders: usize, others: usize, direction: fn(usize, usize) -> (usize, usize)) -> View {
    let mut edges: Vec<_> = (1..=holders).map(|i| direction(i, 0)).collect();
    let mut next = holders + 1;
    for holder in (1..=holders).step_by(10) {
        edges.extend((next..next + others).map(|i| direction(i, holder)));
        next += others;
    }
    let question = if direction(1, 0) == (1, 0) { Question::Referrers } else { Question::Referents };
    let mut view = view(next, &edges, question);
    for node in view.graph.node_indices().filter(|node| node.index() > holders).collect::<Vec<_>>() {
        view.graph[node].depth = 2;
    }
    view
}

const UP: fn(usize, usize) -> (usize, usize) = |holder, held| (holder, held);
const DOWN: fn(usize, usize) -> (usize, usize) = |holder, held| (held, holder);

#[test]
fn nothing_overlaps_in_the_fixtures() {
    let many: String = (0..30).map(|i| format!("d{i}: dict\nd{i} -> hub [{i}]\nl{i}: list\nl{i} -> d{i} [0]\n")).collect();
    let views = [
        backrefs(CACHE, "foo", 5, 10),
        refs(CACHE, "app", 3, 10),
        why(CACHE, "foo"),
        backrefs(&format!("hub: app.Hub\n{many}"), "hub", 1, 3),
        backrefs(&format!("hub: app.Hub\n{many}"), "hub", 2, 40),
        backrefs("a: app.A\nb: app.B\na -> b .b\nb -> a .a\na -> a .me", "a", 3, 10),
        refs("l: list\nfoo: app.Foo\nl -> foo [0]\nl -> foo [1]\nl -> foo [2]", "l", 2, 10),
        why("foo: app.Foo external=2", "foo"),
    ];
    for view in &views {
        check(&drawn(view));
    }
}

#[test]
fn many_that_hang_on_one_object_stand_in_rows() {
    for (holders, others, direction) in [(200, 0, UP), (200, 0, DOWN), (40, 30, UP), (40, 30, DOWN), (1_000, 0, UP)] {
        let drawn = drawn(&star(holders, others, direction));
        check(&drawn);
        assert!(drawn.width < 3.5 * drawn.height, "{holders}, {others}: {} x {}", drawn.width, drawn.height);
        assert_eq!(drawn.crossings(), 0, "{holders}, {others}");
    }
}

#[test]
fn objects_that_hang_on_nothing_stand_in_rows() {
    let mut view = View::new(Question::Dominated, "what keeps most alive".to_owned());
    for _ in 0..90 {
        view.graph.add_node(ViewNode { type_name: "app.Record".into(), ..ViewNode::default() });
    }
    let drawn = drawn(&view);
    check(&drawn);
    assert!(drawn.width < 1_800.0, "{} x {}", drawn.width, drawn.height);
}

#[test]
fn a_few_that_hang_on_one_object_stay_in_one_row() {
    let drawn = drawn(&star(10, 0, UP));
    let tops: Vec<f64> = drawn.boxes[1..].iter().map(|place| place.top).collect();
    assert!(tops.iter().all(|top| *top == tops[0]), "{tops:?}");
}

#[cfg(feature = "graphviz-pure")]
#[test]
fn what_graphviz_answers_is_drawn_by_the_same_writer() {
    fn port(graph: &str) -> Result<String, String> {
        graphviz_pure::render_dot(graph, "dot", "svg").map(|drawn| drawn.into_output()).map_err(|problem| problem.to_string())
    }
    let view = star(60, 4, UP);
    let by_dot = svg(&view, &Drawing { engine: EngineChoice::Dot(port), ..Drawing::default() }).unwrap();
    assert_eq!(by_dot.replace("Graphviz's dot", "graphviz-pure 1.0.0"), svg(&view, &Drawing::default()).unwrap());
}

#[test]
fn what_graphviz_cannot_is_said_and_not_drawn_otherwise() {
    for (answer, said) in [
        (EngineChoice::Dot(|_| Err("it is away".to_owned())), "Graphviz's dot failed: it is away"),
        (EngineChoice::Dot(|_| Ok("no SVG".to_owned())), "Graphviz's dot failed: "),
        (EngineChoice::Dot(|_| Ok("<svg/>".to_owned())), "Graphviz's dot failed: its geometry is incomplete"),
    ] {
        let problem = svg(&star(2, 0, UP), &Drawing { engine: answer, ..Drawing::default() }).unwrap_err();
        assert!(matches!(&problem, Error::Layout(words) if words.starts_with(said)), "{problem}");
    }
}

/// Views whose nodes were met breadth first, with references that go anywhere.
fn random_view() -> impl Strategy<Value = View> {
    let holders = prop::collection::vec((any::<prop::sample::Index>(), "[a-z]{1,12}"), 0..59);
    let more = prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..40);
    (holders, more, any::<bool>()).prop_map(|(holders, more, is_up)| {
        let count = holders.len() + 1;
        let direction = if is_up { UP } else { DOWN };
        let held: Vec<usize> = holders.iter().enumerate().map(|(i, (held, _))| held.index(i + 1)).collect();
        let mut edges: Vec<_> = held.iter().enumerate().map(|(i, &held)| direction(i + 1, held)).collect();
        edges.extend(more.iter().map(|(from, to)| (from.index(count), to.index(count))));
        let mut view = view(count, &edges, if is_up { Question::Referrers } else { Question::Referents });
        for (i, node) in view.graph.node_indices().enumerate().skip(1) {
            view.graph[node].depth = view.graph[node_at(held[i - 1])].depth + 1;
            view.graph[node].type_name.clone_from(&holders[i - 1].1);
        }
        view
    })
}

fn node_at(place: usize) -> refroots_core::petgraph::graph::NodeIndex {
    refroots_core::petgraph::graph::NodeIndex::new(place)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn nothing_overlaps_and_the_bytes_are_the_same(view in random_view()) {
        let bytes = svg(&view, &Drawing::default()).unwrap();
        check(&judge::read(&bytes, &view));
        prop_assert_eq!(&bytes, &svg(&view, &Drawing::default()).unwrap());
    }
}
