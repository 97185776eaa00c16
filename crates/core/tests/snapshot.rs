//! Snapshots: what is written is read again, under both policies.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::Cursor;
use std::ops::ControlFlow;

use proptest::prelude::*;
use refroots_core::query::weak;
use refroots_core::snapshot::{self, Reading, SnapshotError};
use refroots_core::{
    EdgeKind, HeapGraph, HeapGraphBuilder, Marks, NodeFlags, NodeId, NodeRecord, Origin, Process, ReferenceName, Root, RootKind,
    Value, Values, sketch,
};

fn write(graph: &HeapGraph, values: Values) -> Vec<u8> {
    let mut bytes = Vec::new();
    snapshot::write(graph, values, &mut bytes, &mut |_, _| ControlFlow::Continue(())).unwrap();
    bytes
}

/// Reads objects alone; references, which are read when they are asked for, must be what reading them at once gives.
fn read(bytes: &[u8]) -> Result<HeapGraph, SnapshotError> {
    let read = |reading| snapshot::read_in(&mut Cursor::new(bytes), reading, &mut |_, _| ControlFlow::Continue(()));
    let (later, at_once) = (read(Reading::Objects), read(Reading::References));
    assert_eq!(later.is_ok(), at_once.is_ok());
    if let (Ok(later), Ok(at_once)) = (&later, &at_once) {
        for node in later.node_ids() {
            assert_eq!(later.referrers(node), at_once.referrers(node));
            assert!(later.references_from(node).eq(at_once.references_from(node)));
            assert_eq!(later.address(node), at_once.address(node));
        }
    }
    later
}

#[test]
fn millions_of_references_come_back() {
    // More than are decoded at once, more than one block at the end, and names that have no room in their words.
    const NODES: u32 = 1000;
    const EACH: u32 = 2500;
    let mut builder = HeapGraphBuilder::default();
    let name = builder.intern("list");
    let of_list = builder.add_type(name, name);
    for at in 0..NODES {
        builder.discover(u64::from(at) * 16 + 7 * u64::from(at % 3));
    }
    let target = |node: u32, at: u32| (node * 31 + at * at) % NODES;
    let index = |node: u32, at: u32| if at.is_multiple_of(1000) { u32::MAX - node } else { at };
    for node in 0..NODES {
        builder.describe(NodeRecord { type_id: of_list, size: 16, refcount: Some(1), flags: NodeFlags::default() });
        for at in 0..EACH {
            builder.refer(NodeId(target(node, at)), ReferenceName::Index(index(node, at)));
        }
    }
    let file = write(&builder.finish().unwrap(), Values::None);
    let read = read(&file).unwrap();
    for node in 0..NODES {
        let expected = (0..EACH).map(|at| (NodeId(target(node, at)), Some(index(node, at))));
        assert!(read.references_from(NodeId(node)).map(|reference| (reference.target, reference.index())).eq(expected));
    }
}

#[derive(Clone, Debug)]
struct Node {
    address: u64,
    type_id: usize,
    size: u64,
    refcount: Option<u32>,
    flags: u8,
    value: Option<u32>,
    references: Vec<(u32, u8, u32)>,
    /// What it is a weak reference to.
    weak: Option<u32>,
}

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let reference = (any::<u32>(), 0..11_u8, prop_oneof![0..20_u32, any::<u32>()]);
    let node = (
        any::<u64>(),
        0..300_usize,
        prop_oneof![0..100_u64, 0..1_u64 << 40],
        any::<Option<u32>>(),
        0..64_u8,
        any::<Option<u32>>(),
        prop::collection::vec(reference, 0..6),
        any::<Option<u32>>(),
    );
    let node = node.prop_map(|(address, type_id, size, refcount, flags, value, references, weak)| Node {
        address,
        type_id,
        size,
        refcount,
        flags,
        value,
        references,
        weak,
    });
    prop::collection::vec(node, 0..40)
}

const FLAGS: [NodeFlags; 6] =
    [NodeFlags::TRACKED, NodeFlags::IMMORTAL, NodeFlags::STATIC, NodeFlags::INTERNAL, NodeFlags::SYNTHETIC, NodeFlags::NAMESPACE];

fn value(number: u32) -> Value<'static> {
    match number % 8 {
        0 => Value::Str(format!("text {}", number % 30).into(), 6 + u64::from(number % 3)),
        1 => Value::Bytes(vec![number as u8; 5].into(), 5),
        2 => Value::Int(i128::from(number) << (number % 90)),
        3 => Value::BigInt { negative: number.is_multiple_of(3), bits: number.into() },
        4 => Value::Float(f64::from(number) / 3.0),
        5 => Value::Constant("None".into()),
        6 => Value::Str("cut".into(), 90),
        _ => Value::Bytes(Vec::new().into(), 7),
    }
}

fn graph(nodes: &[Node]) -> HeapGraph {
    let mut builder = HeapGraphBuilder::default();
    let types: Vec<_> = (0..300)
        .map(|id| {
            let (module, name) = (builder.intern(&format!("m{}", id % 7)), builder.intern(&format!("Type{id}é")));
            builder.add_type(module, name)
        })
        .collect();
    for node in nodes {
        builder.discover(node.address);
    }
    let count = nodes.len() as u32;
    for (at, node) in nodes.iter().enumerate() {
        let flags = FLAGS.iter().enumerate().filter(|&(bit, _)| node.flags & 1 << bit != 0);
        let flags = flags.fold(NodeFlags::default(), |flags, (_, &flag)| flags.with(flag));
        let id = builder.describe(NodeRecord { type_id: types[node.type_id], size: node.size, refcount: node.refcount, flags });
        if let Some(number) = node.value {
            builder.keep_value(&value(number));
        }
        for &(target, kind, name) in &node.references {
            let text = builder.intern(&format!("name {}", name % 9));
            let name = match kind {
                0 => ReferenceName::Unnamed,
                1 => ReferenceName::Attribute(text),
                2 => ReferenceName::Slot(text),
                3 => ReferenceName::Item(NodeId(name % count)),
                4 => ReferenceName::Key,
                5 => ReferenceName::Index(name),
                6 => ReferenceName::Member,
                7 => ReferenceName::Cell(text),
                8 => ReferenceName::Local(text),
                9 => ReferenceName::Special(text),
                _ => ReferenceName::Constant(name),
            };
            builder.refer(NodeId(target % count), name);
        }
        let place = builder.intern(&format!("place {}", at % 4));
        if node.flags % 3 == 0 {
            builder.define(id, place);
            builder.suspect(id, RootKind::External, place);
        }
        if node.flags % 5 == 0 {
            let kind = [RootKind::Module, RootKind::Frame, RootKind::Static][at % 3];
            let (detail, thread) = (builder.intern("/home/me/app.py"), builder.intern(&format!("worker {}", at % 2)));
            builder.add_root(Root { node: id, kind, name: place, detail, thread, asking: at % 2 == 0 });
        }
    }
    let weak = (0..).zip(nodes).filter_map(|(at, node)| Some((at, node.weak? % count)));
    builder.know_weak(weak.collect());
    builder.note("what was not seen");
    builder.finish().unwrap().with_origin(Origin {
        values: Values::Short,
        python: "CPython 3.11.7".into(),
        platform: "linux x86_64".into(),
        process: Some(Process { pid: 7, token: u64::MAX }),
        captured_at: Some(1_700_000_000),
        marks: Some(Marks { behind_oldest: 0x7f00_0000_0010, behind_all: 0x20, full_collections: 3 }),
    })
}

/// What is asked of two graphs that should be the same, in the words of `values`.
fn assert_same(one: &HeapGraph, other: &HeapGraph, values: Values) {
    assert_eq!((one.node_count(), one.edge_count()), (other.node_count(), other.edge_count()));
    let types = |graph: &HeapGraph| graph.type_ids().map(|id| graph.type_name(id)).collect::<Vec<_>>();
    assert_eq!(types(one), types(other));
    for node in one.node_ids() {
        let facts = |graph: &HeapGraph| {
            let names = (graph.type_of(node), graph.definition(node).map(str::to_owned));
            let counts = (graph.refcount(node), graph.external(node), graph.unexplained(node));
            let places: Vec<String> = graph.places(node).map(str::to_owned).collect();
            let weak = (weak::referent(graph, node), weak::referrers(graph, node).collect::<Vec<_>>());
            (
                graph.address(node),
                graph.size(node),
                graph.flags(node),
                names,
                counts,
                places,
                graph.referrers(node).to_vec(),
                weak,
            )
        };
        assert_eq!(facts(one), facts(other));
        let references = |graph: &HeapGraph| {
            let wording = refroots_core::Wording::new(graph, values);
            let said = |r: refroots_core::Reference| (r.source, r.target, r.kind, r.key(), r.index(), wording.reference(r));
            graph.references_from(node).map(said).collect::<Vec<_>>()
        };
        assert_eq!(references(one), references(other));
        let said = |graph: &HeapGraph| refroots_core::Wording::new(graph, values).node(node);
        assert_eq!(said(one), said(other));
        if values == Values::Short {
            assert_eq!(one.value(node), other.value(node));
            assert_eq!(one.equal_to(node), other.equal_to(node));
        }
    }
    let roots = |graph: &HeapGraph| {
        let wording = refroots_core::Wording::new(graph, values);
        graph.roots().iter().map(|root| (root.node, root.kind, wording.root(root), root.asking)).collect::<Vec<_>>()
    };
    assert_eq!(roots(one), roots(other));
    assert_eq!(one.notes(), other.notes());
    let duplicates = |graph: &HeapGraph| {
        let found = refroots_core::query::duplicates::duplicates(graph);
        found.groups.iter().map(|group| (group.clone(), found.members(group).collect::<Vec<_>>())).collect::<Vec<_>>()
    };
    assert_eq!(duplicates(one), duplicates(other));
}

proptest! {
    #[test]
    fn what_is_written_is_read(nodes in nodes()) {
        let graph = graph(&nodes);
        for values in [Values::Short, Values::None] {
            let bytes = write(&graph, values);
            let read = read(&bytes).unwrap();
            prop_assert_eq!(read.origin(), &Origin { values, ..graph.origin().clone() });
            assert_same(&graph, &read, values);
            // A second time nothing changes any more.
            prop_assert!(write(&read, values) == bytes);
            prop_assert!(write(&read, Values::Short) == bytes, "what was not kept cannot come back");
        }
    }
}

#[test]
fn large_columns_come_back_over_many_blocks() {
    let count = 300_000_u32;
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 4
    };
    let nodes: Vec<Node> = (0..count)
        .map(|at| Node {
            address: 0x7f00_0000_0000 + u64::from(at) * 48 + u64::from(random() % 3) * 16,
            type_id: (random() % 300) as usize,
            size: u64::from(random() % 70_000),
            refcount: Some(random() % 400),
            flags: (random() % 64) as u8,
            value: (random() % 3 == 0).then(&mut random),
            references: (0..random() % 4).map(|_| (random(), (random() % 11) as u8, random() % 500)).collect(),
            weak: (random() % 3 == 0).then(&mut random),
        })
        .collect();
    let graph = graph(&nodes);
    for values in [Values::Short, Values::None] {
        assert_same(&graph, &read(&write(&graph, values)).unwrap(), values);
    }
}

#[test]
fn an_empty_graph_comes_back() {
    let read = read(&write(&HeapGraph::default(), Values::None)).unwrap();
    assert_eq!((read.node_count(), read.edge_count()), (0, 0));
}

#[test]
fn a_graph_of_one_object_held_a_million_times_comes_back() {
    let mut builder = HeapGraphBuilder::default();
    let name = builder.intern("list");
    let of_list = builder.add_type(name, name);
    for address in [16, 32] {
        builder.discover(address);
    }
    for _ in 0..2 {
        builder.describe(NodeRecord { type_id: of_list, size: 16, refcount: Some(1), flags: NodeFlags::default() });
    }
    for at in 0..3_000_000 {
        builder.refer(NodeId(0), ReferenceName::Index(at));
    }
    let graph = builder.finish().unwrap();
    let bytes = write(&graph, Values::None);
    let read = read(&bytes).unwrap();
    assert_eq!(read.edge_count(), 3_000_000);
    assert_eq!(read.references_from(NodeId(1)).last().and_then(|last| last.index()), Some(2_999_999));
    // Its columns say little, and still a reader may not be made to give much memory for few bytes.
    assert!(bytes.len() > 12 * 3_000_000 / 17, "{} bytes", bytes.len());
}

/// A disk that is full after so many bytes.
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let fitting = bytes.len().min(self.0);
        self.0 -= fitting;
        if fitting == 0 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(fitting) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error_wherever_it_is_full() {
    let mut text = String::from("hub: list\n");
    for at in 0..200_000 {
        text += &format!("n{at}: app.Node\nn{at} -> hub .hub\n");
    }
    let graph = sketch::parse(&text).unwrap();
    let whole = write(&graph, Values::None).len();
    for room in (0..whole).step_by(whole / 50) {
        let written = snapshot::write(&graph, Values::None, &mut Full(room), &mut |_, _| ControlFlow::Continue(()));
        assert!(matches!(written, Err(SnapshotError::Io(error)) if error.kind() == std::io::ErrorKind::StorageFull));
    }
    snapshot::write(&graph, Values::None, &mut Full(whole), &mut |_, _| ControlFlow::Continue(())).unwrap();
}

#[test]
fn writing_and_reading_can_be_stopped() {
    let graph = sketch::parse("a: list\na -> b\nb: list").unwrap();
    let stopped = snapshot::write(&graph, Values::None, &mut Vec::new(), &mut |_, _| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(SnapshotError::Stopped)));
    assert_eq!(graph.references_from(NodeId(0)).next().map(|r| r.kind), Some(EdgeKind::Unnamed));
}
