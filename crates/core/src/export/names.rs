//! The names of an export, each distinct one once: of types, of references, of nodes.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::strings::Texts;
use crate::wording::Said;
use crate::{EdgeKind, HeapGraph, NodeId, Reference, TextId, TypeId, Value, Values, Wording};

/// No name yet.
const UNKNOWN: u32 = u32::MAX;
/// Keys that may not be said and stand farther behind are not remembered one by one.
const REMEMBERED_PLACES: u32 = 1 << 12;

/// How a name is written, given what the wording says: V8's properties stand without their dot.
pub(super) type Style = fn(&str) -> &str;

/// Distinct names by ordinal. 9 bytes and its text for each.
pub(super) struct Names<'a> {
    graph: &'a HeapGraph,
    pub(super) wording: Wording<'a>,
    style: Style,
    texts: Texts,
    count: u32,
    types: Vec<u32>,
    by_kind: [Vec<u32>; EdgeKind::ALL.len()],
    by_said: FxHashMap<Said, u32>,
}

impl<'a> Names<'a> {
    /// No names yet but the empty one, which is number 0.
    pub(super) fn new(graph: &'a HeapGraph, values: Values, style: Style) -> Self {
        let mut names = Self {
            graph,
            wording: Wording::new(graph, values),
            style,
            texts: Texts::default(),
            count: 0,
            types: vec![UNKNOWN; graph.type_count()],
            by_kind: Default::default(),
            by_said: FxHashMap::default(),
        };
        names.intern("");
        names
    }

    /// The number of a name.
    pub(super) fn intern(&mut self, name: &str) -> u32 {
        let TextId(id) = self.texts.intern(name);
        self.count = self.count.max(id + 1);
        id
    }

    /// How many names there are.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// A name by its number.
    pub(super) fn get(&self, id: u32) -> &str {
        self.texts.get(TextId(id))
    }

    /// A type's whole name.
    pub(super) fn type_name(&mut self, id: TypeId) -> u32 {
        if self.types[id.index()] == UNKNOWN {
            self.types[id.index()] = self.intern(&self.graph.type_name(id));
        }
        self.types[id.index()]
    }

    /// A reference's name, 0 for none. `places` counts the references of its source.
    #[inline]
    pub(super) fn reference(&mut self, reference: Reference, places: &mut Places) -> u32 {
        let kind = reference.kind as usize;
        places.0[kind] += 1;
        if let Some(&known) = self.by_kind[kind].get(reference.name as usize)
            && known != UNKNOWN
        {
            return known;
        }
        self.meet(reference, places.0[kind])
    }

    fn meet(&mut self, reference: Reference, place: u32) -> u32 {
        let said = self.wording.said(reference, || place);
        if let Said::Unsaid(_, REMEMBERED_PLACES..) = said {
            return self.word(said);
        }
        if let Some(&known) = self.by_said.get(&said) {
            return known;
        }
        let id = self.word(said);
        match said {
            Said::Text(kind, TextId(text)) => {
                let known = &mut self.by_kind[kind as usize];
                if known.len() <= text as usize {
                    known.resize((text as usize + 1).next_power_of_two(), UNKNOWN);
                }
                known[text as usize] = id;
            }
            said => {
                self.by_said.insert(said, id);
            }
        }
        id
    }

    fn word(&mut self, said: Said) -> u32 {
        let words = self.wording.words(said);
        self.intern((self.style)(&words))
    }

    /// What the graph says of its nodes, to be asked in heap order.
    pub(super) fn notes(&self) -> Notes<'a> {
        Notes {
            graph: self.graph,
            wording: self.wording,
            defined: Box::new(self.graph.defined()),
            values: Box::new(self.graph.values.values()),
            next_defined: None,
            next_value: None,
        }
        .begun()
    }
}

/// Definitions and values of nodes in heap order, in one pass over both.
pub(super) struct Notes<'a> {
    graph: &'a HeapGraph,
    wording: Wording<'a>,
    defined: Box<dyn Iterator<Item = NodeId> + 'a>,
    values: Box<dyn Iterator<Item = (NodeId, Value<'a>)> + 'a>,
    next_defined: Option<NodeId>,
    next_value: Option<(NodeId, Value<'a>)>,
}

/// What is said of one node.
pub(super) struct Note<'a> {
    /// A definition's name, or an atom's value where it may be said.
    pub(super) text: Option<Cow<'a, str>>,
    pub(super) is_definition: bool,
    /// Length of a string, bytes or a container.
    pub(super) length: Option<u64>,
}

impl<'a> Notes<'a> {
    fn begun(mut self) -> Self {
        self.next_defined = self.defined.next();
        self.next_value = self.values.next();
        self
    }

    /// Of one node; each call must be for a later one. O(references of it).
    pub(super) fn of(&mut self, node: NodeId) -> Note<'a> {
        while self.next_value.as_ref().is_some_and(|(other, _)| *other < node) {
            self.next_value = self.values.next();
        }
        while self.next_defined.is_some_and(|other| other < node) {
            self.next_defined = self.defined.next();
        }
        let value = self.next_value.as_ref().filter(|(other, _)| *other == node).map(|(_, value)| value);
        let is_definition = self.next_defined == Some(node);
        let text = match value {
            _ if is_definition => self.graph.definition(node).map(Cow::Borrowed),
            Some(value) => self.wording.value_text(value).map(Cow::Owned),
            None => None,
        };
        let length = match value {
            Some(value) => value.length(),
            None => self.wording.contained(node),
        };
        Note { text, is_definition, length }
    }
}

/// How many references of each kind a referrer holds so far: begin anew at each.
#[derive(Default)]
pub(super) struct Places([u32; EdgeKind::ALL.len()]);
