//! Files of every format version that was ever written open, and say what they said.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;

use refroots_core::query::{histogram, paths, select, weak};
use refroots_core::{HeapGraph, Values, snapshot};

fn open(name: &str) -> HeapGraph {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/snapshots").join(name);
    snapshot::read(&mut File::open(path).unwrap(), &mut |_, _| ControlFlow::Continue(())).unwrap()
}

#[test]
fn every_version_opens() {
    for (name, values) in [
        ("version-1-short.refroots", Values::Short),
        ("version-1-none.refroots", Values::None),
        ("version-1.1-short.refroots", Values::Short),
        ("version-1.1-none.refroots", Values::None),
    ] {
        let graph = open(name);
        assert_eq!(graph.origin().values, values);
        assert_eq!((graph.origin().python.as_str(), graph.origin().platform.as_str()), ("CPython 3.11.7", "linux x86_64"));
        assert!(graph.origin().process.is_some() && graph.origin().marks.is_some());
        let foo = select::find_type(&graph, "Foo").unwrap().nodes;
        assert_eq!(foo.len(), 3);
        let rows = histogram::by_type(&graph, None);
        assert!(rows.iter().any(|row| row.name == "dict" && row.count > 100));
        let expression = paths::why(&graph, foo[1], &paths::WhyOptions::default()).expression(&graph, Values::Short);
        let expected = match values {
            Values::Short => Some("__main__.CACHE['user 1']".to_owned()),
            Values::None => None,
        };
        assert_eq!(expression, expected);
        let weakly_held: Vec<usize> = foo.iter().map(|&node| weak::referrers(&graph, node).count()).collect();
        assert_eq!(weak::is_known(&graph), name.starts_with("version-1.1"));
        assert_eq!(weakly_held, if weak::is_known(&graph) { [1, 2, 1] } else { [0, 0, 0] });
    }
}
