//! What the pictures of small graphs say, in each format; of pixels a checksum, once they were looked at.

mod fixtures;

use fixtures::{backrefs, dot, refs, svg, view, weak_backrefs, why};
use refroots_core::{Question, View};
use refroots_render::{json, mermaid, text};

/// Snapshots all formats of a view; the SVG is the default engine's.
macro_rules! snapshot {
    ($name:literal, $view:expr) => {
        let view: View = $view;
        insta::assert_snapshot!(concat!($name, ".txt"), text(&view));
        insta::assert_snapshot!(concat!($name, ".dot"), dot(&view));
        insta::assert_snapshot!(concat!($name, ".mmd"), mermaid(&view));
        insta::assert_snapshot!(concat!($name, ".json"), json(&view));
        let drawn = svg(&view).unwrap();
        if cfg!(feature = "graphviz-pure") {
            insta::assert_snapshot!(concat!($name, ".svg"), drawn);
            insta::assert_snapshot!(concat!($name, ".png"), fixtures::pixels(&view));
        }
    };
}

#[test]
fn referrers_of_an_object_in_a_list_in_a_dict_in_a_module() {
    snapshot!("backrefs", backrefs(fixtures::CACHE, "foo", 5, 10));
}

#[test]
fn referents() {
    snapshot!("refs", refs(fixtures::CACHE, "app", 3, 10));
}

#[test]
fn a_chain_from_a_module() {
    snapshot!("chain", why(fixtures::CACHE, "foo"));
}

#[test]
fn a_chain_from_a_local_of_a_frame() {
    snapshot!("frame", why("main: frame 'app.main:20' root synthetic\nmain -> foo local first\nfoo: app.Foo", "foo"));
}

#[test]
fn what_is_cut_and_what_lies_beyond_is_counted() {
    let mut sketch = String::from("hub: app.Hub\n");
    for i in 0..30 {
        sketch.push_str(&format!("d{i}: dict\nd{i} -> hub [{i}]\nl{i}: list\nl{i} -> d{i} [0]\n"));
    }
    snapshot!("cut", backrefs(&sketch, "hub", 1, 3));
}

#[test]
fn weak_references() {
    let sketch = "foo: app.Foo\nentry: weakref.KeyedRef\nentry ~> foo\nentry -> foo slot key\nproxy: weakproxy\nproxy ~> foo
        app: module 'app' root\napp -> names .__dict__\nnames: dict namespace\nnames -> foo .foo\nnames -> proxy .proxy
        names -> entry .entry";
    snapshot!("weak", weak_backrefs(sketch, "foo"));
    let many: String = (0..30).map(|i| format!("w{i}: weakref\nw{i} ~> foo\nall -> w{i} [{i}]\n")).collect();
    snapshot!("weak_folded", weak_backrefs(&format!("foo: app.Foo\nall: list\n{many}"), "foo"));
}

#[test]
fn a_cycle_and_a_self_reference() {
    snapshot!("cycle", backrefs("a: app.A\nb: app.B\na -> b .b\nb -> a .a\na -> a .me", "a", 3, 10));
}

#[test]
fn parallel_references() {
    snapshot!("parallel", refs("l: list\nfoo: app.Foo\nl -> foo [0]\nl -> foo [1]\nl -> foo [2]", "l", 2, 10));
}

#[test]
fn garbage_and_what_is_held_from_outside() {
    snapshot!("garbage", why("foo: app.Foo", "foo"));
    snapshot!("external", why("foo: app.Foo external=2", "foo"));
}

#[test]
fn an_empty_view() {
    snapshot!("empty", View::new(Question::Referrers, "What refers to nothing".into()));
}

#[test]
fn a_deep_chain_stops_being_indented() {
    let drawn = text(&view(200, &(1..200).map(|i| (i - 1, i)).collect::<Vec<_>>(), Question::Chain));
    assert_eq!(drawn.lines().count(), 201);
    assert!(drawn.lines().all(|line| line.chars().count() < 100));
}
