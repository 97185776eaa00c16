//! The sections of a file: their names, encodings, and how a graph's columns fill them.

use std::borrow::Cow;
use std::ops::Range;

use super::facts;
use super::policy::Kept;
use crate::weak::WeakTable;
use crate::{EdgeId, HeapGraph, NodeId};

/// How the elements of a section are written in its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Encoding {
    /// Bytes as they are.
    Bytes = 0,
    /// Numbers in planes.
    Planes = 1,
    /// Numbers as differences from the one before, in planes.
    Differences = 2,
    /// As differences from the last in the same context: an object's type and size.
    Addresses = 3,
    /// As differences by the references' kinds.
    Names = 4,
    /// As differences from the last in the same context: a reference's kind and name.
    Targets = 5,
}

/// A section as this version writes it: name, encoding, how many bytes of memory a reader needs for an element, and the
/// minor version of the format that brought it.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) encoding: Encoding,
    pub(super) memory: u64,
    /// Of a later version than 1.0 it may be absent, and readers need not know it.
    pub(super) since: u16,
}

macro_rules! known {
    ($($name:ident $text:literal $encoding:ident $memory:literal $since:literal)*) => {
        $(pub(super) const $name: Known =
            Known { name: $text, encoding: Encoding::$encoding, memory: $memory, since: $since };)*
        /// Every section of this version, in the order in which they are written.
        pub(super) const ALL: &[&Known] = &[$(&$name),*];
    };
}

known! {
    FACTS "facts" Bytes 1 0
    TEXTS "texts" Bytes 1 0
    TEXT_ENDS "text-ends" Differences 4 0
    TYPE_MODULES "type-modules" Planes 4 0
    TYPE_NAMES "type-names" Planes 4 0
    NODE_TYPES "node-types" Planes 2 0
    NODE_SIZES "node-sizes" Planes 2 0
    NODE_REFCOUNTS "node-refcounts" Planes 1 0
    NODE_FLAGS "node-flags" Planes 1 0
    NODE_ADDRESSES "node-addresses" Addresses 8 0
    NODE_REFERENCES "node-references" Planes 8 0
    REFERENCE_KINDS "reference-kinds" Planes 4 0
    REFERENCE_NAMES "reference-names" Names 0 0
    REFERENCE_TARGETS "reference-targets" Targets 8 0
    BORROWED "borrowed" Differences 4 0
    VALUE_NODES "value-nodes" Planes 12 0
    VALUES "values" Bytes 1 0
    EQUAL_NODES "equal-nodes" Differences 4 0
    EQUAL_FIRSTS "equal-firsts" Differences 4 0
    DEFINITION_NODES "definition-nodes" Differences 4 0
    DEFINITION_NAMES "definition-names" Planes 4 0
    ROOT_NODES "root-nodes" Differences 4 0
    ROOT_KINDS "root-kinds" Planes 4 0
    ROOT_NAMES "root-names" Planes 4 0
    ROOT_DETAILS "root-details" Planes 4 0
    ROOT_THREADS "root-threads" Planes 4 0
    ROOT_ASKING "root-asking" Planes 4 0
    PLACE_NODES "place-nodes" Differences 4 0
    PLACE_NAMES "place-names" Planes 4 0
    NOTES "notes" Bytes 1 0
    WEAK_REFERENCES "weak-references" Differences 8 1
    WEAK_REFERENTS "weak-referents" Differences 4 1
}

/// The name of the section that makes a file as long as its memory asks for; no reader looks into it.
pub(super) const PADDING: &str = "padding";

type Fill<'a> = Box<dyn Fn(Range<usize>, &mut Vec<u64>) + Send + Sync + 'a>;
type Contexts<'a> = Box<dyn Fn(Range<usize>, &mut Vec<u32>) + Send + Sync + 'a>;

/// What a section is filled with.
pub(super) enum Body<'a> {
    Bytes(Cow<'a, [u8]>),
    Numbers { count: usize, fill: Fill<'a>, contexts: Option<Contexts<'a>> },
}

pub(super) struct Section<'a> {
    pub(super) known: &'static Known,
    pub(super) body: Body<'a>,
}

fn numbers<'a, I: Iterator<Item = u64>>(
    known: &'static Known,
    count: usize,
    of: impl Fn(Range<usize>) -> I + Send + Sync + 'a,
) -> Section<'a> {
    let fill: Fill<'a> = Box::new(move |range, numbers| numbers.extend(of(range)));
    Section { known, body: Body::Numbers { count, fill, contexts: None } }
}

fn column<'a, T: Sync>(known: &'static Known, column: &'a [T], of: impl Fn(&T) -> u64 + Send + Sync + Copy + 'a) -> Section<'a> {
    numbers(known, column.len(), move |range| column[range].iter().map(of))
}

fn bytes<'a>(known: &'static Known, bytes: impl Into<Cow<'a, [u8]>>) -> Section<'a> {
    Section { known, body: Body::Bytes(bytes.into()) }
}

impl<'a> Section<'a> {
    fn in_context(self, of: impl Fn(Range<usize>, &mut Vec<u32>) + Send + Sync + 'a) -> Self {
        match self.body {
            Body::Numbers { count, fill, .. } => {
                Self { known: self.known, body: Body::Numbers { count, fill, contexts: Some(Box::new(of)) } }
            }
            Body::Bytes(_) => self,
        }
    }

    pub(super) fn count(&self) -> usize {
        match &self.body {
            Body::Bytes(bytes) => bytes.len(),
            Body::Numbers { count, .. } => *count,
        }
    }
}

/// What an object's address is foretold by.
#[inline]
pub(super) fn address_context(node_type: u32, size: u32) -> u32 {
    (node_type.wrapping_mul(0x9e37_79b1) ^ size) & ((1 << crate::label::NAME_BITS) - 1)
}

/// Every section of a graph; what it does not know has none.
pub(super) fn sections<'a>(graph: &'a HeapGraph, kept: &'a Kept<'a>) -> Vec<Section<'a>> {
    let node = |at: usize| NodeId::at(at);
    let nodes = graph.node_count();
    let edges = graph.edge_count();
    let word = |&word: &u32| u64::from(word);
    let (value_bits, values) = kept.values.parts();
    let labels = graph.labels();
    let name = move |edge: usize| u64::from(kept.name(labels.kind(edge), labels.name(edge)));
    let notes: String = graph.notes.iter().map(|note| note.replace('\n', " ") + "\n").collect();
    let weak = graph.weak.as_ref().map(WeakTable::pairs);
    let mut sections = vec![
        bytes(&FACTS, facts::write(graph, kept.policy).into_bytes()),
        bytes(&TEXTS, kept.texts.as_slice()),
        column(&TEXT_ENDS, &kept.text_ends, word),
        column(&TYPE_MODULES, &graph.types, |record| kept.text(record.module).into()),
        column(&TYPE_NAMES, &graph.types, |record| kept.text(record.qualname).into()),
        numbers(&NODE_TYPES, nodes, move |range| range.map(move |at| graph.type_of(node(at)).0.into())),
        numbers(&NODE_SIZES, nodes, move |range| range.map(move |at| graph.size(node(at)))),
        numbers(&NODE_REFCOUNTS, nodes, move |range| range.map(move |at| graph.refcounts.get(at))),
        column(&NODE_FLAGS, &graph.flags, |flags| flags.byte().into()),
        column(&NODE_ADDRESSES, graph.addresses(), |&address| address).in_context(move |range, contexts| {
            contexts.extend(range.map(|at| address_context(graph.type_of(node(at)).0, graph.size(node(at)) as u32)));
        }),
        numbers(&NODE_REFERENCES, nodes, move |range| range.map(move |at| u64::from(graph.starts[at + 1] - graph.starts[at]))),
        column(&REFERENCE_KINDS, labels.words(), |label| u64::from(label >> crate::label::NAME_BITS)),
        numbers(&REFERENCE_NAMES, edges, move |range| range.map(name)).in_context(move |range, contexts| {
            contexts.extend(range.map(|edge| labels.kind(edge) as u32));
        }),
        column(&REFERENCE_TARGETS, graph.targets(), word).in_context(move |range, contexts| {
            contexts.extend(range.map(|edge| crate::label::label(labels.kind(edge), name(edge) as u32)));
        }),
        column(&BORROWED, &graph.borrowed, word),
        column(&VALUE_NODES, value_bits, |&bits| bits),
        bytes(&VALUES, values),
        column(&EQUAL_NODES, &kept.equals, |&(node, _)| node.into()),
        column(&EQUAL_FIRSTS, &kept.equals, |&(_, first)| first.into()),
        column(&DEFINITION_NODES, &graph.definitions, |&(node, _)| node.into()),
        column(&DEFINITION_NAMES, &graph.definitions, |&(_, name)| kept.text(name).into()),
        column(&ROOT_NODES, &graph.roots, |root| root.node.0.into()),
        column(&ROOT_KINDS, &graph.roots, |root| root.kind as u64),
        column(&ROOT_NAMES, &kept.roots, |&[name, ..]| name.into()),
        column(&ROOT_DETAILS, &kept.roots, |&[_, detail, _]| detail.into()),
        column(&ROOT_THREADS, &kept.roots, |&[.., thread]| thread.into()),
        column(&ROOT_ASKING, &graph.roots, |root| root.asking.into()),
        column(&PLACE_NODES, &graph.places, |&(node, _)| node.into()),
        column(&PLACE_NAMES, &graph.places, |&(_, name)| kept.text(name).into()),
        bytes(&NOTES, notes.into_bytes()),
    ];
    if let Some(pairs) = weak {
        sections.push(column(&WEAK_REFERENCES, pairs, |&(reference, _)| reference.into()));
        sections.push(column(&WEAK_REFERENTS, pairs, |&(_, referent)| referent.into()));
    }
    sections
}

/// Puts what is written in the place of a block's numbers.
pub(super) fn encode(encoding: Encoding, foretold: &mut super::foretell::Foretold, contexts: &[u32], numbers: &mut [u64]) {
    match encoding {
        Encoding::Bytes | Encoding::Planes => {}
        Encoding::Differences | Encoding::Addresses | Encoding::Targets => foretold.differences(contexts, numbers),
        Encoding::Names => super::names::differences(contexts, numbers),
    }
}

/// Puts a block's numbers back.
pub(super) fn decode(encoding: Encoding, foretold: &mut super::foretell::Foretold, contexts: &[u32], numbers: &mut [u64]) {
    match encoding {
        Encoding::Bytes | Encoding::Planes => {}
        Encoding::Differences | Encoding::Addresses | Encoding::Targets => foretold.numbers(contexts, numbers),
        Encoding::Names => super::names::names(contexts, numbers),
    }
}

const _: () = assert!(size_of::<EdgeId>() == 4, "counts of references fit words of 32 bits");
