//! Files of any bytes: an error with the place, or a graph that every question can be asked of.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::Cursor;
use std::ops::ControlFlow;

use proptest::prelude::*;
use refroots_core::query::weak;
use refroots_core::snapshot::forge::Forged;
use refroots_core::snapshot::{self, SnapshotError};
use refroots_core::{HeapGraph, Origin, Values, sketch};

mod questions;
use questions::ask_everything;

fn read(bytes: &[u8]) -> Result<HeapGraph, SnapshotError> {
    snapshot::read(&mut Cursor::new(bytes), &mut |_, _| ControlFlow::Continue(()))
}

fn small_graph() -> HeapGraph {
    let graph = sketch::parse(
        "app: module 'app' root
         app -> d .__dict__
         d: dict namespace tracked at=7f00
         d -> foo .cache
         d -> odd .two words
         foo: app.Foo tracked size=48 external=1
         foo -> items slot items
         foo -> cell .__closure__
         cell: cell
         cell -> foo <self>
         items: list tracked size=80
         items -> text [0]
         items -> number [1]
         items -> same [2]
         items -> pair [3]
         text: str 'a text'
         same: str 'a text'
         number: int 7
         odd: set
         odd -> number [*]
         pair: tuple
         pair -> text [0]
         pair -> number [1]
         twin: tuple
         twin -> same [0]
         twin -> number [1]
         cache: dict
         cache -> foo [text]
         cache -> text key
         frame: frame 'app.main:20' root synthetic thread=Main
         frame -> cache local cache
         frame -> twin
         code: code 'main' immortal
         entry: weakref tracked
         entry ~> foo
         proxy: weakproxy
         proxy ~> items",
    );
    graph.unwrap().with_origin(Origin { python: "CPython 3.11.7".into(), ..Origin::default() })
}

fn write(values: Values) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Built graphs say nothing of their origin, whose default keeps values.
    snapshot::write(&small_graph(), values, &mut bytes, &mut |_, _| ControlFlow::Continue(())).unwrap();
    bytes
}

/// Begins the corpus of `snapshot_fuzz` anew: `cargo test -p refroots-core --test snapshot_hostile -- --ignored`.
#[test]
#[ignore = "writes files of the repository"]
fn write_the_corpus() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let cycle = sketch::parse("a: list tracked\na -> b [0]\nb: list tracked\nb -> a [0]\nb -> b [1]").unwrap();
    let mut deep = String::new();
    for at in 0..200 {
        deep += &format!(
            "n{at}: app.Link tracked size=32\nn{at} -> n{} .after\nn{at} -> s{at} .text\ns{at}: str 'same'\n",
            (at + 1) % 200
        );
    }
    let deep = sketch::parse(&deep).unwrap();
    for (name, graph) in [("small", &small_graph()), ("empty", &HeapGraph::default()), ("cycle", &cycle), ("deep", &deep)] {
        for (policy, values) in [("none", Values::None), ("short", Values::Short)] {
            let mut bytes = Vec::new();
            snapshot::write(graph, values, &mut bytes, &mut |_, _| ControlFlow::Continue(())).unwrap();
            std::fs::write(folder.join(format!("{name}-{policy}.refroots")), bytes).unwrap();
        }
    }
}

/// The error of a file that is wrong, which must say where and what to do.
fn refused(bytes: &[u8]) -> String {
    let error = read(bytes).err().expect("this file is wrong").to_string();
    assert!(error.contains("; "), "{error} says nothing to do");
    error
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused() {
    let whole = write(Values::Short);
    for length in 0..whole.len() {
        refused(&whole[..length]);
    }
    assert!(refused(&whole[..whole.len() - 1]).contains("cut short"));
    let longer = [whole.as_slice(), b"x"].concat();
    assert!(read(&longer).is_err());
}

#[test]
fn a_file_with_any_flipped_byte_is_refused() {
    let whole = write(Values::None);
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            assert!(read(&bytes).is_err(), "byte {at}");
        }
    }
}

#[test]
fn good_files_answer_every_question() {
    for values in [Values::None, Values::Short] {
        let file = write(values);
        assert_eq!(Forged::of(&file).unwrap().bytes().unwrap(), file);
        assert!(ask_everything(&read(&file).unwrap()) > 100);
    }
}

#[test]
fn sections_of_later_minor_versions_are_skipped() {
    let mut forged = Forged::of(&write(Values::Short)).unwrap();
    forged.version = (1, 7);
    let mut later = forged.sections[0].clone();
    later.name = "birthdays".into();
    (later.is_required, later.encoding, later.count) = (false, 200, u64::MAX);
    forged.sections.insert(3, later);
    assert_eq!(read(&forged.bytes().unwrap()).unwrap().node_count(), small_graph().node_count());
    forged.sections[3].is_required = true;
    assert!(refused(&forged.bytes().unwrap()).contains("\"birthdays\""));
    forged.version = (2, 0);
    assert!(refused(&forged.bytes().unwrap()).contains("format 2.0"));
}

#[test]
fn sections_of_version_1_1_may_be_absent_and_unknown() {
    let mut forged = Forged::of(&write(Values::Short)).unwrap();
    let optional: Vec<String> =
        forged.sections.iter().filter(|section| !section.is_required).map(|section| section.name.clone()).collect();
    assert_eq!(optional, ["weak-references", "weak-referents"], "an older reader refuses what is required");
    assert!(weak::is_known(&read(&forged.bytes().unwrap()).unwrap()));
    let mut half = forged.clone();
    half.sections.retain(|section| section.name != "weak-referents");
    assert!(refused(&half.bytes().unwrap()).contains("weak-referents"));
    forged.sections.retain(|section| section.is_required);
    forged.version = (1, 0);
    let old = read(&forged.bytes().unwrap()).unwrap();
    assert!(!weak::is_known(&old) && ask_everything(&old) > 100);
}

#[test]
fn absurd_counts_are_refused_before_memory_is_given() {
    for count in [1 << 20, 1 << 31, 1 << 40, 1_000_000_000_000_000_000, u64::MAX] {
        for at in 0..Forged::of(&write(Values::Short)).unwrap().sections.len() {
            let mut forged = Forged::of(&write(Values::Short)).unwrap();
            forged.sections[at].count = count;
            refused(&forged.bytes().unwrap());
        }
        let mut forged = Forged::of(&write(Values::Short)).unwrap();
        let facts = forged.section("facts").unwrap();
        let text = format!("values\tnone\nnodes\t{count}\nreferences\t{count}\n").into_bytes();
        (facts.count, facts.blocks) = (text.len() as u64, vec![(text.len() as u32, text)]);
        refused(&forged.bytes().unwrap());
    }
}

/// Changes one section of a good file; the error must name it.
fn forged(name: &str, numbers: &[u64]) -> String {
    let mut forged = Forged::of(&write(Values::Short)).unwrap();
    forged.section(name).unwrap().set(numbers);
    let error = refused(&forged.bytes().unwrap());
    assert!(error.contains("at byte"), "{error}");
    error
}

/// Numbers as the encoding of differences writes them.
fn differences(numbers: &[u64]) -> Vec<u64> {
    let mut last = 0;
    let difference = |&number: &u64| {
        let difference = number.wrapping_sub(std::mem::replace(&mut last, number));
        difference << 1 ^ ((difference as i64) >> 63) as u64
    };
    numbers.iter().map(difference).collect()
}

#[test]
fn columns_that_disagree_are_refused_with_the_section() {
    let graph = small_graph();
    let (nodes, references) = (graph.node_count(), graph.edge_count());
    for (name, numbers, words) in [
        ("node-types", vec![900; nodes], "numbers below"),
        ("node-types", vec![0; nodes - 1], "elements"),
        ("node-sizes", vec![1 << 56; nodes], "together"),
        ("node-sizes", vec![u64::MAX; nodes], "numbers below"),
        ("node-refcounts", vec![1 << 33; nodes], "numbers below"),
        ("node-flags", vec![64; nodes], "flags that are known"),
        ("node-references", vec![0; nodes], "references in all"),
        ("node-references", vec![references as u64; nodes], "references in all"),
        ("node-references", vec![u64::from(u32::MAX); nodes], "numbers below"),
        ("reference-kinds", vec![11; references], "numbers below 11"),
        ("reference-names", vec![1 << 31; references], "numbers below"),
        ("reference-targets", vec![2 * nodes as u64; references], "numbers below"),
        ("reference-targets", vec![1; references], "numbers below"),
        ("borrowed", differences(&[3, 2]), "in order"),
        ("borrowed", differences(&[3; 90]), "borrowed references"),
        ("value-nodes", vec![u64::MAX], "bits behind them"),
        ("value-nodes", vec![1], "other"),
        ("text-ends", differences(&[5, 3]), "ends of texts"),
        ("type-modules", vec![1000], "numbers below"),
        ("definition-nodes", differences(&[1, 1, 1]), "in order"),
        ("root-kinds", vec![6, 6], "numbers below 6"),
        ("root-nodes", differences(&[4, 4]), "in order"),
        ("root-asking", vec![2, 0], "numbers below 2"),
        ("weak-references", differences(&[4, 3]), "in order"),
        ("weak-references", differences(&[4, 4]), "in order"),
        ("weak-references", vec![2], "elements"),
        ("weak-referents", vec![1 << 31, 0], "numbers below"),
    ] {
        let error = forged(name, &numbers);
        assert!(words == "other" || error.contains(words), "{name}: {error}");
    }
}

#[test]
fn equality_must_go_to_the_first_of_unsaid_values() {
    for (nodes, firsts) in [([1], [0]), ([7], [6]), ([6], [7]), ([20], [20])] {
        let mut forged = Forged::of(&write(Values::Short)).unwrap();
        forged.section("equal-nodes").unwrap().set(&differences(&nodes));
        forged.section("equal-firsts").unwrap().set(&differences(&firsts));
        assert!(refused(&forged.bytes().unwrap()).contains("equal"));
    }
}

#[test]
fn texts_must_be_utf8() {
    let mut forged = Forged::of(&write(Values::Short)).unwrap();
    forged.section("texts").unwrap().blocks[0].1[0] = 0xff;
    let error = refused(&forged.bytes().unwrap());
    assert!(error.contains("in texts: expected UTF-8"), "{error}");
}

proptest! {
    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(&bytes).is_err());
        let begun = [b"\x89RFS\r\n\x1a\n\x01\0\0\0".as_slice(), &bytes].concat();
        prop_assert!(read(&begun).is_err());
    }
}
