//! The heap as a graph in plain columns: immutable, both directions, no Python reference in it.

use std::ops::Range;
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use rustc_hash::FxHashMap;

use crate::label::LabelColumn;
use crate::later::Later;
use crate::narrow::NarrowColumn;
use crate::referrers::Referrers;
use crate::snapshot::Stored;
use crate::strings::Texts;
use crate::value_column::ValueColumn;
use crate::weak::WeakTable;
use crate::{EdgeId, EdgeKind, NodeFlags, NodeId, Origin, RootKind, TextId, TypeId, Value};

/// Every object of a process at one moment, and every reference between them.
///
/// Nodes and edges are numbered from 0 without gaps. Nodes stand in *heap order*, the order in
/// which capture met them; edges stand by referrer, in the order in which it holds them. The cost
/// is about 22 bytes an object, 12 bytes a reference, and the values and texts.
#[derive(Clone, Default, BorshSerialize, BorshDeserialize)]
pub struct HeapGraph {
    /// Here and below: a graph that is not finished has none, and sends none to another process.
    #[borsh(skip)]
    pub(crate) addresses: Later<Vec<u64>>,
    pub(crate) node_types: NarrowColumn<u16>,
    pub(crate) sizes: NarrowColumn<u16>,
    /// 1 + the reference count, 0 where it says nothing: the object is immortal, or the file does not know.
    pub(crate) refcounts: NarrowColumn<u8>,
    pub(crate) flags: Vec<NodeFlags>,
    pub(crate) starts: Vec<u32>,
    #[borsh(skip)]
    pub(crate) references: Later<References>,
    #[borsh(skip)]
    pub(crate) back: Referrers,
    /// What `addresses` and `references` of a file are read from.
    #[borsh(skip)]
    pub(crate) stored: Option<Arc<Stored>>,
    /// Targets of references that their counts leave out, sorted: one entry for each reference.
    pub(crate) borrowed: Vec<u32>,
    pub(crate) types: Vec<TypeRecord>,
    pub(crate) texts: Texts,
    pub(crate) values: ValueColumn,
    /// Atoms whose whole value was not kept, each with the first one that is equal to it.
    pub(crate) equals: Vec<(u32, u32)>,
    pub(crate) definitions: Vec<(u32, TextId)>,
    pub(crate) roots: Vec<Root>,
    pub(crate) places: Vec<(u32, TextId)>,
    /// What weak references refer to, where that is known.
    pub(crate) weak: Option<WeakTable>,
    pub(crate) notes: Vec<String>,
    pub(crate) origin: Origin,
}

/// What references lead to, how, and under which names.
#[derive(Clone, Default)]
pub(crate) struct References {
    pub(crate) targets: Vec<u32>,
    pub(crate) labels: LabelColumn,
}

impl References {
    /// So many references to the first object, without names.
    fn of_zeros(count: usize) -> Self {
        Self { targets: vec![0; count], labels: LabelColumn::from_parts(vec![0; count], FxHashMap::default()) }
    }

    fn heap_bytes(&self) -> usize {
        4 * self.targets.capacity() + self.labels.heap_bytes()
    }
}

#[derive(Clone, Copy, BorshSerialize, BorshDeserialize)]
pub(crate) struct TypeRecord {
    pub(crate) module: TextId,
    pub(crate) qualname: TextId,
}

/// One reference: who holds whom, how, and under which name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The reference's own ordinal.
    pub edge: EdgeId,
    /// The referrer.
    pub source: NodeId,
    /// The referent.
    pub target: NodeId,
    /// How it is held.
    pub kind: EdgeKind,
    /// What `kind` says it is: a [`TextId`], a [`NodeId`], an index, or nothing.
    pub(crate) name: u32,
}

/// What keeps objects alive without being kept by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Root {
    /// The object (or the frame) that is the root.
    pub node: NodeId,
    /// Why it is one.
    pub kind: RootKind,
    /// A module's name, or a frame's `module.qualname:line`.
    pub name: TextId,
    /// A frame's file: a place of this machine. May be empty.
    pub detail: TextId,
    /// The name of a frame's thread. May be empty.
    pub thread: TextId,
    /// The frame that asked: as a holder it is rarely what people mean.
    pub asking: bool,
}

impl HeapGraph {
    /// Number of nodes: objects, and running frames that are none.
    #[inline]
    pub fn node_count(&self) -> usize {
        self.flags.len()
    }

    /// Number of references, parallel ones counted each.
    #[inline]
    pub fn edge_count(&self) -> usize {
        self.starts.last().map_or(0, |&end| end as usize)
    }

    /// Every node, in heap order.
    pub fn node_ids(&self) -> impl ExactSizeIterator<Item = NodeId> + DoubleEndedIterator + use<> {
        (0..self.flags.len() as u32).map(NodeId)
    }

    /// Where the object stood in the memory of its process. No cost, but for the first question to a graph that was read
    /// from a file: O(objects).
    #[inline]
    pub fn address(&self, node: NodeId) -> u64 {
        self.addresses()[node.index()]
    }

    #[inline]
    pub(crate) fn addresses(&self) -> &[u64] {
        self.addresses.get().unwrap_or_else(|| self.read_addresses())
    }

    #[cold]
    fn read_addresses(&self) -> &Vec<u64> {
        let read = |column: &mut Vec<u64>| self.stored.iter().for_each(|stored| stored.read_addresses(self, column));
        self.addresses.fill(|| vec![0; self.node_count()], read)
    }

    /// What each reference leads to. As for [`Self::address`].
    #[inline]
    pub(crate) fn targets(&self) -> &[u32] {
        &self.references().targets
    }

    /// How each reference is held, and under which name. As for [`Self::address`].
    #[inline]
    pub(crate) fn labels(&self) -> &LabelColumn {
        &self.references().labels
    }

    #[inline]
    fn references(&self) -> &References {
        self.references.get().unwrap_or_else(|| self.read_references())
    }

    #[cold]
    fn read_references(&self) -> &References {
        let read = |columns: &mut References| self.stored.iter().for_each(|stored| stored.read_references(columns));
        self.references.fill(|| References::of_zeros(self.edge_count()), read)
    }

    /// The node at an address. Cost: one pass over the addresses.
    pub fn at_address(&self, address: u64) -> Option<NodeId> {
        self.addresses().iter().position(|&a| a == address).map(NodeId::at)
    }

    /// The object's exact type.
    #[inline]
    pub fn type_of(&self, node: NodeId) -> TypeId {
        TypeId(self.node_types.get(node.index()) as u32)
    }

    /// Shallow size in bytes: the object itself, GC header, inline values and own tables included.
    pub fn size(&self, node: NodeId) -> u64 {
        self.sizes.get(node.index())
    }

    /// The object's reference count, where it counts anything.
    pub fn refcount(&self, node: NodeId) -> Option<u32> {
        self.refcounts.get(node.index()).checked_sub(1).map(|count| count as u32)
    }

    /// References to the object that the graph cannot see: from C code, or from a stack.
    /// `None` where the count says nothing.
    pub fn external(&self, node: NodeId) -> Option<u32> {
        self.external_beside(node, self.referrers(node).len())
    }

    /// References that the graph cannot see, of an object with so many that it does.
    pub(crate) fn external_beside(&self, node: NodeId, referrers: usize) -> Option<u32> {
        let borrowed =
            self.borrowed.partition_point(|&other| other <= node.0) - self.borrowed.partition_point(|&other| other < node.0);
        let seen = (referrers - borrowed) as u32;
        self.refcount(node).map(|count| count.saturating_sub(seen))
    }

    /// Where such references stand, as far as it was found: in the interpreter's state, in static data of
    /// a library. At most as many as there are.
    pub fn places(&self, node: NodeId) -> impl Iterator<Item = &str> {
        let start = self.places.partition_point(|&(at, _)| at < node.0);
        self.places[start..].iter().take_while(move |&&(at, _)| at == node.0).map(|&(_, place)| self.text(place))
    }

    /// How many of them nothing explains. `None` where the count says nothing.
    pub fn unexplained(&self, node: NodeId) -> Option<u32> {
        self.external(node).map(|count| if count == 0 { 0 } else { count - self.places(node).count() as u32 })
    }

    /// One-bit facts.
    #[inline]
    pub fn flags(&self, node: NodeId) -> NodeFlags {
        self.flags[node.index()]
    }

    /// Whether the node may be shown: refroots' own objects may not.
    #[inline]
    pub fn is_shown(&self, node: NodeId) -> bool {
        !self.flags(node).contains(NodeFlags::INTERNAL)
    }

    #[inline]
    pub(crate) fn edge_range(&self, node: NodeId) -> Range<usize> {
        self.starts[node.index()] as usize..self.starts[node.index() + 1] as usize
    }

    /// What the object refers to, once for each reference. A slice of the graph: no cost.
    #[inline]
    pub fn referents(&self, node: NodeId) -> &[u32] {
        &self.targets()[self.edge_range(node)]
    }

    /// Who refers to the object, once for each reference, in heap order. No cost, but for the first question to a graph
    /// that was read from a file: O(objects + references), on up to four threads.
    #[inline]
    pub fn referrers(&self, node: NodeId) -> &[u32] {
        self.back.of(node.index(), &self.starts, || self.targets())
    }

    #[inline]
    pub(crate) fn reference_at(&self, source: NodeId, edge: usize) -> Reference {
        let References { targets, labels } = self.references();
        Reference {
            edge: EdgeId::at(edge),
            source,
            target: NodeId(targets[edge]),
            kind: labels.kind(edge),
            name: labels.name(edge),
        }
    }

    /// A reference by its ordinal. O(log(objects)).
    pub fn reference_of(&self, edge: EdgeId) -> Reference {
        let source = NodeId::at(self.starts.partition_point(|&start| start <= edge.0) - 1);
        self.reference_at(source, edge.index())
    }

    /// The references that the object holds, in its own order.
    pub fn references_from(&self, source: NodeId) -> impl ExactSizeIterator<Item = Reference> + DoubleEndedIterator + Clone + '_ {
        self.edge_range(source).map(move |edge| self.reference_at(source, edge))
    }

    /// The references that `source` holds to `target`. Cost: the references of `source`.
    pub fn references_between(&self, source: NodeId, target: NodeId) -> impl Iterator<Item = Reference> + Clone + '_ {
        let edges = self.edge_range(source);
        let (first, targets) = (edges.start, &self.targets()[edges]);
        // Labels are read of those alone that are meant: a list may have a million others.
        let meant = (0..targets.len()).filter(move |&at| targets[at] == target.0);
        meant.map(move |at| self.reference_at(source, first + at))
    }

    /// The references to the object: referrers in heap order, parallel ones together.
    /// Cost: the references of its referrers.
    pub fn references_to(&self, target: NodeId) -> impl Iterator<Item = Reference> + Clone + '_ {
        self.distinct_referrers(target).flat_map(move |source| self.references_between(source, target))
    }

    /// Each referrer once, in heap order.
    pub fn distinct_referrers(&self, target: NodeId) -> impl Iterator<Item = NodeId> + Clone + '_ {
        let sources = self.referrers(target);
        (0..sources.len()).filter(move |&i| i == 0 || sources[i] != sources[i - 1]).map(move |i| NodeId(sources[i]))
    }

    /// Number of types, those without objects included.
    pub fn type_count(&self) -> usize {
        self.types.len()
    }

    /// Every type, in the order in which capture met them.
    pub fn type_ids(&self) -> impl ExactSizeIterator<Item = TypeId> + use<> {
        (0..self.types.len() as u32).map(TypeId)
    }

    /// The module that a type says it is from; `builtins` for built-in ones.
    pub fn type_module(&self, id: TypeId) -> &str {
        self.text(self.types[id.index()].module)
    }

    /// A type's qualified name, without its module: `Outer.Inner`, `f.<locals>.Foo`.
    pub fn type_qualname(&self, id: TypeId) -> &str {
        self.text(self.types[id.index()].qualname)
    }

    /// A type's whole name: `app.models.Foo`; built-in types have no prefix: `list`.
    pub fn type_name(&self, id: TypeId) -> String {
        match self.type_module(id) {
            "" | "builtins" => self.type_qualname(id).to_owned(),
            module => format!("{module}.{}", self.type_qualname(id)),
        }
    }

    /// A type's readable name, without its module and the functions around it: `Foo`.
    pub fn type_short_name(&self, id: TypeId) -> &str {
        let name = self.type_qualname(id);
        name.rsplit_once("<locals>.").map_or(name, |(_, last)| last)
    }

    /// What capture kept of an atom's value; whether it may be said is the output's to decide.
    pub fn value(&self, node: NodeId) -> Option<Value<'_>> {
        self.values.get(node)
    }

    /// Whether the node is an atom, also where its value was not kept.
    pub(crate) fn has_value(&self, node: NodeId) -> bool {
        self.values.has(node)
    }

    /// The first object of the same type and value, for an atom of which capture did not keep the whole
    /// value; `None` where the object is the first itself, or the value was kept.
    pub fn equal_to(&self, node: NodeId) -> Option<NodeId> {
        let at = self.equals.binary_search_by_key(&node.0, |&(id, _)| id).ok()?;
        Some(NodeId(self.equals[at].1))
    }

    /// The name under which a module, class, function, code object or frame was defined.
    pub fn definition(&self, node: NodeId) -> Option<&str> {
        let at = self.definitions.binary_search_by_key(&node.0, |&(id, _)| id).ok()?;
        Some(self.text(self.definitions[at].1))
    }

    /// The nodes that have a definition's name, in heap order.
    pub(crate) fn defined(&self) -> impl ExactSizeIterator<Item = NodeId> + '_ {
        self.definitions.iter().map(|&(node, _)| NodeId(node))
    }

    /// Every GC root, by node.
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// The root that the node is, if it is one.
    pub fn root(&self, node: NodeId) -> Option<&Root> {
        let at = self.roots.binary_search_by_key(&node, |root| root.node).ok()?;
        self.roots.get(at)
    }

    /// An interned text.
    pub fn text(&self, id: TextId) -> &str {
        self.texts.get(id)
    }

    /// What capture could not see, one line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Gives back what columns were given and did not need.
    pub(crate) fn give_back_room(&mut self) {
        self.node_types.give_back_room();
        self.sizes.give_back_room();
        self.refcounts.give_back_room();
        self.flags.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.values.give_back_room();
        self.equals.shrink_to_fit();
    }

    /// Bytes that the columns take.
    pub fn heap_bytes(&self) -> usize {
        self.addresses.bytes(Vec::capacity) * 8
            + self.node_types.heap_bytes()
            + self.sizes.heap_bytes()
            + self.refcounts.heap_bytes()
            + self.flags.capacity()
            + self.starts.capacity() * 4
            + self.references.bytes(References::heap_bytes)
            + self.back.heap_bytes()
            + self.stored.as_ref().map_or(0, |stored| stored.bytes())
            + self.values.heap_bytes()
            + self.equals.capacity() * 8
            + self.weak.as_ref().map_or(0, WeakTable::heap_bytes)
    }
}

impl Reference {
    /// The name as a text, for kinds that have one.
    pub fn text(self, graph: &HeapGraph) -> Option<&str> {
        match self.kind {
            EdgeKind::Attribute | EdgeKind::Slot | EdgeKind::Cell | EdgeKind::Local | EdgeKind::Special => {
                Some(graph.text(TextId(self.name)))
            }
            _ => None,
        }
    }

    /// The key of a dict's item.
    pub fn key(self) -> Option<NodeId> {
        (self.kind == EdgeKind::Item).then_some(NodeId(self.name))
    }

    /// The position of an element or constant.
    pub fn index(self) -> Option<u32> {
        matches!(self.kind, EdgeKind::Index | EdgeKind::Constant).then_some(self.name)
    }
}
