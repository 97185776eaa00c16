//! What a picture need not draw, because a box or another reference says it.

use crate::{EdgeKind, HeapGraph, NodeId, Reference};

/// An object's hold on its class, and a dict's on a key that is an atom: the node says its type, and
/// the reference to the value says the key.
pub(super) fn is_said_already(graph: &HeapGraph, reference: Reference) -> bool {
    match reference.kind {
        EdgeKind::Special => reference.text(graph) == Some("__class__"),
        EdgeKind::Key => graph.has_value(reference.target),
        _ => false,
    }
}

/// A call's hold on its function and code, which its box names: a frame's, a generator's, a coroutine's.
pub(super) fn is_what_runs(graph: &HeapGraph, reference: Reference) -> bool {
    matches!(reference.text(graph), Some("(f_func)" | "f_code" | "gi_code" | "cr_code" | "ag_code"))
        && matches!(graph.type_qualname(graph.type_of(reference.source)), "frame" | "generator" | "coroutine" | "async_generator")
}

/// Whether an object is a part of a class that refers back to it, and that nobody else holds: its `__mro__`, or the
/// descriptor of an attribute.
pub(super) fn is_part_of_class(graph: &HeapGraph, part: NodeId, class: NodeId) -> bool {
    let refers =
        |source, target, name| graph.references_between(source, target).any(|reference| reference.text(graph) == Some(name));
    let is_part = match graph.type_qualname(graph.type_of(part)) {
        "tuple" => refers(class, part, "__mro__"),
        "getset_descriptor" | "member_descriptor" => refers(part, class, "__objclass__"),
        _ => false,
    };
    is_part && graph.distinct_referrers(part).all(|holder| holder == class || refers(class, holder, "__dict__"))
}

#[cfg(test)]
mod tests {
    use petgraph::Direction;

    use super::*;
    use crate::query::neighbourhood::{Neighbourhood, neighbourhood};
    use crate::sketch;

    const CLASS: &str = "
        app: module 'app' root
        app -> class .Foo
        class: type 'app.Foo'
        class -> mro .__mro__
        mro: tuple
        mro -> class [0]
        class -> names .__dict__
        names: dict namespace
        names -> weak .__weakref__
        weak: getset_descriptor
        weak -> class .__objclass__
    ";

    fn drawn(text: &str, start: u32, what: &Neighbourhood<'_>) -> Vec<String> {
        let graph = sketch::parse(text).unwrap();
        let view = neighbourhood(&graph, &[NodeId(start)], what);
        let mut types: Vec<String> = view.graph.node_weights().map(|node| node.type_name.clone()).collect();
        types.sort();
        types
    }

    #[test]
    fn what_a_class_alone_holds_does_not_tell_what_holds_the_class() {
        let what = Neighbourhood { depth: 2, ..Neighbourhood::new(Direction::Incoming) };
        assert_eq!(drawn(CLASS, 1, &what), ["module", "type"]);
        let kept = format!("{CLASS}\nkept: list root\nkept -> weak [0]");
        assert_eq!(drawn(&kept, 1, &what), ["getset_descriptor", "list", "module", "type"]);
        let all = Neighbourhood { folds: false, ..what };
        assert_eq!(drawn(CLASS, 1, &all), ["dict", "getset_descriptor", "module", "tuple", "type"]);
        let garbage = CLASS.replace("app -> class .Foo", "");
        assert!(drawn(&garbage, 1, &what).len() > 1, "where nothing else holds it, they tell");
    }

    #[test]
    fn what_a_call_runs_is_said_by_its_box() {
        let text = "
            frame: frame 'app.main:3'
            frame -> code .f_code
            code: code 'app.main'
            frame -> rows .rows
            rows: list
        ";
        let what = Neighbourhood::new(Direction::Outgoing);
        assert_eq!(drawn(text, 0, &what), ["frame", "list"]);
        assert_eq!(drawn(text, 0, &Neighbourhood { folds: false, ..what }), ["code", "frame", "list"]);
    }
}
