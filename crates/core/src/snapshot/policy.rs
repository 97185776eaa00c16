//! What of a graph a file may have: the texts that its names need, and its values as the policy allows.

use std::borrow::Cow;

use crate::parallel::both;
use crate::query::duplicates::equal_atoms;
use crate::value_column::ValueColumn;
use crate::wording::is_identifier;
use crate::{EdgeKind, HeapGraph, NodeId, RootKind, Stages, TextId, Values};

/// Stands for a text that is not kept.
const LEFT_OUT: u32 = u32::MAX;

/// The parts of a graph that depend on the policy.
pub(super) struct Kept<'a> {
    pub(super) policy: Values,
    pub(super) texts: Vec<u8>,
    pub(super) text_ends: Vec<u32>,
    /// For each text of the graph its number in the file.
    plain: Vec<u32>,
    /// The same for names of attributes, where what is no identifier is a value.
    attributes: Vec<u32>,
    pub(super) values: Cow<'a, ValueColumn>,
    pub(super) equals: Cow<'a, [(u32, u32)]>,
    /// Names of roots, their details and their threads.
    pub(super) roots: Vec<[u32; 3]>,
}

impl<'a> Kept<'a> {
    /// O(references + values), and for [`Values::None`] what equal atoms cost. Of no use where `goes_on` said no.
    pub(super) fn of(graph: &'a HeapGraph, values: Values, goes_on: &(dyn Fn() -> bool + Sync)) -> Self {
        let policy = graph.sayable(values);
        let is_cut = policy == Values::None && graph.origin.values == Values::Short;
        let values_and_equals = || {
            if !is_cut {
                return (Cow::Borrowed(&graph.values), Cow::Borrowed(graph.equals.as_slice()));
            }
            let (values, equals) = both(|| graph.values.unsaid(), || equal_atoms(graph, goes_on));
            (Cow::Owned(values), Cow::Owned(equals))
        };
        let (names, (values, equals)) = both(|| Names::used(graph, policy, goes_on), values_and_equals);
        let mut kept = Self {
            policy,
            texts: Vec::new(),
            text_ends: Vec::new(),
            plain: vec![LEFT_OUT; graph.texts.len()],
            attributes: vec![LEFT_OUT; graph.texts.len()],
            values,
            equals,
            roots: Vec::new(),
        };
        let empty = kept.add("");
        for id in 0..graph.texts.len() {
            let text = graph.text(TextId::at(id));
            let is_named = names.attributes[id] && (policy == Values::Short || is_identifier(text));
            if text.is_empty() {
                (kept.plain[id], kept.attributes[id]) = (empty, empty);
            } else if names.plain[id] || is_named {
                let number = kept.add(text);
                kept.plain[id] = number;
                kept.attributes[id] = if is_named { number } else { empty };
            } else {
                kept.attributes[id] = empty;
            }
        }
        kept.keep_roots(graph, empty);
        // Past 4 GiB of values capture keeps none, and equality says nothing of such.
        if kept.equals.iter().any(|&(node, first)| !graph.has_value(NodeId(node)) || !graph.has_value(NodeId(first))) {
            let both = |&&(node, first): &&(u32, u32)| graph.has_value(NodeId(node)) && graph.has_value(NodeId(first));
            kept.equals = Cow::Owned(kept.equals.iter().filter(both).copied().collect());
        }
        kept
    }

    fn add(&mut self, text: &str) -> u32 {
        self.texts.extend_from_slice(text.as_bytes());
        self.text_ends.push(self.texts.len() as u32);
        self.text_ends.len() as u32 - 1
    }

    fn keep_roots(&mut self, graph: &HeapGraph, empty: u32) {
        // In the order in which threads are counted where their names may not be said.
        let mut threads: Vec<TextId> = graph.roots.iter().map(|root| root.thread).collect();
        threads.sort_unstable();
        threads.dedup();
        threads.retain(|&thread| self.policy == Values::None && !graph.text(thread).is_empty());
        for root in &graph.roots {
            let name = self.text(root.name);
            let [detail, thread] = match self.policy {
                Values::Short => [self.text(root.detail), self.text(root.thread)],
                Values::None => {
                    let number = threads.binary_search(&root.thread);
                    [empty, number.map_or(empty, |number| LEFT_OUT - 1 - number as u32)]
                }
            };
            self.roots.push([name, detail, thread]);
        }
        // Which frames are of one thread may be said, what it is called may not.
        let numbers: Vec<u32> = (1..=threads.len()).map(|number| self.add(&format!("thread #{number}"))).collect();
        for [_, _, thread] in &mut self.roots {
            if let Some(&number) = numbers.get((LEFT_OUT - 1 - *thread) as usize) {
                *thread = number;
            }
        }
    }

    /// The number in the file of a text that is a name whatever it says.
    pub(super) fn text(&self, id: TextId) -> u32 {
        match self.plain[id.index()] {
            LEFT_OUT => 0,
            number => number,
        }
    }

    /// What stands in the file for the name of a reference.
    #[inline]
    pub(super) fn name(&self, kind: EdgeKind, name: u32) -> u32 {
        match kind {
            EdgeKind::Attribute => self.attributes[name as usize],
            EdgeKind::Slot | EdgeKind::Cell | EdgeKind::Local | EdgeKind::Special => self.plain[name as usize],
            _ => name,
        }
    }
}

/// Which texts are names of something.
struct Names {
    plain: Vec<bool>,
    attributes: Vec<bool>,
}

impl Names {
    fn used(graph: &HeapGraph, policy: Values, goes_on: &dyn Fn() -> bool) -> Self {
        let mut names = Self { plain: vec![false; graph.texts.len()], attributes: vec![false; graph.texts.len()] };
        let labels = graph.labels();
        for edge in (0..graph.edge_count()).take_while(|edge| !edge.is_multiple_of(Stages::EVERY) || goes_on()) {
            match labels.kind(edge) {
                EdgeKind::Attribute => names.attributes[labels.name(edge) as usize] = true,
                EdgeKind::Slot | EdgeKind::Cell | EdgeKind::Local | EdgeKind::Special => {
                    names.plain[labels.name(edge) as usize] = true;
                }
                _ => {}
            }
        }
        let mut keep = |id: TextId| names.plain[id.index()] = true;
        for record in &graph.types {
            keep(record.module);
            keep(record.qualname);
        }
        for &(_, name) in graph.definitions.iter().chain(&graph.places) {
            keep(name);
        }
        for root in &graph.roots {
            // A frame that nothing names has its file for a name.
            if policy == Values::Short || root.kind != RootKind::Frame || root.name != root.detail {
                keep(root.name);
            }
            if policy == Values::Short {
                keep(root.detail);
                keep(root.thread);
            }
        }
        names
    }
}
