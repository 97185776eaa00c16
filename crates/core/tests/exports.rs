//! Exports of random graphs read back and compared with the graph; and shapes that hurt, within a time.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use refroots_core::export::{self, Format, Options};
use refroots_core::{
    HeapGraph, HeapGraphBuilder, NodeFlags, NodeId, NodeRecord, ReferenceName, Root, RootKind, Study, Value, Values,
};

const STREAMS: [Format; 4] = [Format::HeapSnapshot, Format::GraphMl, Format::NodeLink, Format::Collapsed];

fn on(_: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn stream(study: &Study, format: Format, values: Values) -> Vec<u8> {
    let mut out = Vec::new();
    export::write(study, format, Options::new(values), &mut out, &mut on).unwrap();
    out
}

/// Objects 0 to `count`, and references in the order of their sources.
fn graph(count: u32, size: impl Fn(u32) -> u64, references: impl Fn(u32) -> Vec<(u32, ReferenceName)>) -> HeapGraph {
    let mut builder = HeapGraphBuilder::default();
    let (module, qualname, text) = (builder.intern("app"), builder.intern("Node"), builder.intern("x"));
    let types = [builder.add_type(module, qualname), builder.add_type(text, text)];
    for node in 0..count {
        builder.discover(u64::from(node) * 16 + 16);
    }
    for node in 0..count {
        let flags = if node % 7 == 3 { NodeFlags::INTERNAL } else { NodeFlags::TRACKED };
        let refcount = (node % 5 != 0).then_some(node % 11);
        let id = builder.describe(NodeRecord { type_id: types[node as usize % 2], size: size(node), refcount, flags });
        if node % 3 == 1 {
            builder.keep_value(&Value::Str(format!("v{}", node % 100).into(), u64::from(node % 100) + 3));
        }
        if node == 0 {
            builder.add_root(Root { node: id, kind: RootKind::Module, name: module, detail: text, thread: text, asking: false });
        }
        for (target, name) in references(node) {
            builder.refer(NodeId(target), name);
        }
    }
    builder.finish().unwrap()
}

#[derive(Clone, Debug)]
struct Plain {
    sizes: Vec<u64>,
    edges: Vec<Vec<(u32, u32, u8)>>,
}

fn plain() -> impl Strategy<Value = Plain> {
    let size = prop_oneof![4 => 0_u64..300, 1 => Just(1 << 40), 1 => any::<u32>().prop_map(u64::from)];
    prop::collection::vec(size, 1..400).prop_flat_map(|sizes| {
        let count = sizes.len() as u32;
        let edge = (0..count, prop_oneof![3 => 0..count, 1 => 1 << 27..1_u32 << 30], 0_u8..6);
        let edges = prop::collection::vec(prop::collection::vec(edge, 0..6), sizes.len());
        edges.prop_map(move |edges| Plain { sizes: sizes.clone(), edges })
    })
}

fn build(plain: &Plain) -> Study {
    let count = plain.sizes.len() as u32;
    let name = |number: u32, kind: u8| match kind {
        0 => ReferenceName::Index(number),
        1 => ReferenceName::Item(NodeId(number % count)),
        2 => ReferenceName::Key,
        3 => ReferenceName::Member,
        4 => ReferenceName::Constant(number),
        _ => ReferenceName::Unnamed,
    };
    let references =
        |node: u32| plain.edges[node as usize].iter().map(|&(target, number, kind)| (target, name(number, kind))).collect();
    Study::new(graph(count, |node| plain.sizes[node as usize], references))
}

/// The bytes that the lines of collapsed stacks add up to.
fn sum_of_lines(stacks: &[u8]) -> u64 {
    let text = std::str::from_utf8(stacks).unwrap();
    text.lines().map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
}

proptest! {
    #[test]
    fn stacks_add_up_and_bytes_are_the_same(plain in plain()) {
        let (study, again) = (build(&plain), build(&plain));
        let total = study.dominators().unwrap().total(&study);
        prop_assert_eq!(sum_of_lines(&stream(&study, Format::Collapsed, Values::None)), total);
        for format in STREAMS {
            prop_assert_eq!(stream(&study, format, Values::Short), stream(&again, format, Values::Short));
        }
    }

    #[test]
    fn no_value_is_said_where_none_may_be(plain in plain()) {
        let study = build(&plain);
        for format in STREAMS {
            let text = String::from_utf8(stream(&study, format, Values::None)).unwrap();
            prop_assert!(!text.contains("'v"), "{}", text);
        }
    }
}

#[test]
fn a_writer_that_fails_is_told() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let study = Study::new(graph(1000, |_| 16, |node| vec![((node + 1) % 1000, ReferenceName::Unnamed)]));
    for format in STREAMS {
        let error = export::write(&study, format, Options::new(Values::None), &mut Full, &mut on).unwrap_err();
        assert!(matches!(&error, export::Error::Write(inner) if inner.kind() == io::ErrorKind::StorageFull), "{error}");
    }
}

/// A list a million deep, a hub with a million referrers, a dict with a million keys, a clique.
fn shapes() -> Vec<(&'static str, Study)> {
    const MANY: u32 = 1_000_000;
    let shape = |count, references: &dyn Fn(u32) -> Vec<(u32, ReferenceName)>| Study::new(graph(count, |_| 16, references));
    let of_hub = |node: u32| match node {
        0 => (1..MANY).map(|target| (target, ReferenceName::Index(target))).collect(),
        _ => vec![(0, ReferenceName::Unnamed)],
    };
    let of_dict = |node: u32| match node {
        0 => (1..MANY).flat_map(|key| [(key, ReferenceName::Key), (key, ReferenceName::Item(NodeId(key)))]).collect(),
        _ => vec![],
    };
    vec![
        ("list", shape(MANY, &|node| vec![((node + 1) % MANY, ReferenceName::Unnamed)])),
        ("hub", shape(MANY, &of_hub)),
        ("dict", shape(MANY, &of_dict)),
        ("clique", shape(1500, &|_| (0..1500).map(|target| (target, ReferenceName::Index(target))).collect())),
    ]
}

#[test]
fn hard_shapes_are_fast() {
    for (name, study) in shapes() {
        for format in STREAMS {
            for values in [Values::None, Values::Short] {
                let begun = Instant::now();
                let length = stream(&study, format, values).len();
                let took = begun.elapsed();
                assert!(took < Duration::from_secs(20), "{name} as {format:?}: {length} bytes in {took:?}");
            }
        }
    }
}

#[cfg(feature = "parquet")]
mod tables {
    use std::collections::BTreeMap;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::{Field, Row};

    use super::*;

    type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

    struct File(Files, String);

    impl Write for File {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().entry(self.1.clone()).or_default().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn tables(study: &Study, values: Values) -> BTreeMap<String, Vec<u8>> {
        let files = Files::default();
        let open = |name: &str| Ok(Box::new(File(Arc::clone(&files), name.to_owned())) as Box<dyn Write + Send>);
        export::write_tables(study, values, &open, &mut on).unwrap();
        let mut files = files.lock().unwrap();
        std::mem::take(&mut *files)
    }

    fn rows(file: &[u8]) -> Vec<Row> {
        let reader = SerializedFileReader::new(Bytes::copy_from_slice(file)).unwrap();
        reader.get_row_iter(None).unwrap().map(Result::unwrap).collect()
    }

    fn number(field: &Field) -> Option<u64> {
        match field {
            Field::Int(value) => Some(*value as u64),
            Field::Long(value) => Some(*value as u64),
            Field::Null => None,
            other => panic!("{other} is no number"),
        }
    }

    fn text(field: &Field) -> Option<&str> {
        match field {
            Field::Str(text) => Some(text),
            Field::Null => None,
            other => panic!("{other} is no text"),
        }
    }

    fn agree(study: &Study, values: Values) {
        let wording = refroots_core::Wording::new(study, values);
        let dominators = study.dominators().unwrap();
        let files = tables(study, values);
        assert_eq!(files.len(), export::TABLES.len());
        let shown: Vec<NodeId> = study.node_ids().filter(|&node| study.is_shown(node)).collect();
        let nodes = rows(&files["nodes.parquet"]);
        assert_eq!(nodes.len(), shown.len());
        for (row, &node) in nodes.iter().zip(&shown) {
            let fields: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
            let numbers = [0, 1, 3, 4, 5, 6, 7].map(|at| number(fields[at]));
            let expected = [
                Some(u64::from(node.0)),
                Some(u64::from(study.type_of(node).0)),
                Some(study.size(node)),
                Some(dominators.retained(node)),
                dominators.parent(node).map(|parent| u64::from(parent.0)),
                study.refcount(node).map(u64::from),
                study.external(node).map(u64::from),
            ];
            assert_eq!(numbers, expected, "node {node:?}");
            assert_eq!(text(fields[2]), Some(study.type_name(study.type_of(node)).as_str()));
            let said = study.value(node).filter(|_| values == Values::Short).map(|value| value.literal());
            assert_eq!(text(fields[9]), said.as_deref());
            assert_eq!(fields[10], &Field::Bool(study.flags(node).contains(NodeFlags::TRACKED)));
        }
        let mut references = rows(&files["references.parquet"]).into_iter();
        for &node in &shown {
            for reference in study.references_from(node).filter(|reference| study.is_shown(reference.target)) {
                let row = references.next().unwrap();
                let fields: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
                assert_eq!(number(fields[0]), Some(u64::from(node.0)));
                assert_eq!(number(fields[1]), Some(u64::from(reference.target.0)));
                assert_eq!(text(fields[2]), Some(reference.kind.word()));
                let name = wording.reference(reference);
                let is_named = reference.index().is_none() && !name.is_empty();
                assert_eq!(text(fields[3]), is_named.then_some(name.as_str()));
                assert_eq!(number(fields[4]), reference.index().map(u64::from));
            }
        }
        assert!(references.next().is_none());
        let roots = rows(&files["roots.parquet"]);
        let [root] = roots.as_slice() else { panic!("{} roots", roots.len()) };
        let words: Vec<Option<&str>> = root.get_column_iter().skip(1).map(|(_, field)| text(field)).collect();
        let outside = Some("x").filter(|_| values == Values::Short);
        assert_eq!(words, [Some("module"), Some("module app"), outside, outside]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_row_comes_back(plain in plain(), is_short in any::<bool>()) {
            agree(&build(&plain), if is_short { Values::Short } else { Values::None });
        }
    }

    #[test]
    fn more_rows_than_one_group_come_back() {
        let references = |node: u32| {
            let far = node.wrapping_mul(2_654_435_761) % 600_000;
            vec![(far, ReferenceName::Index(node)), ((node + 1) % 600_000, ReferenceName::Item(NodeId(node)))]
        };
        agree(&Study::new(graph(600_000, |node| u64::from(node) << (node % 34), references)), Values::Short);
    }

    #[test]
    fn hard_shapes_are_fast() {
        for (name, study) in shapes() {
            for values in [Values::None, Values::Short] {
                let begun = Instant::now();
                let length: usize = tables(&study, values).values().map(Vec::len).sum();
                let took = begun.elapsed();
                assert!(took < Duration::from_secs(20), "{name}: {length} bytes in {took:?}");
            }
        }
    }
}
