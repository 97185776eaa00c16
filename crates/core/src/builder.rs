//! The only way to make a [`HeapGraph`]: nodes as they are met, then each one's facts and references.

use std::collections::TryReserveError;
use std::ops::Range;

use crate::evidence::keep_evidence;
use crate::graph::{References, TypeRecord};
use crate::label::LabelColumn;
use crate::later::Later;
use crate::referrers::Referrers;
use crate::weak::WeakTable;
use crate::{EdgeKind, Error, HeapGraph, NodeFlags, NodeId, Root, RootKind, TextId, TypeId, Value};

/// Objects that a graph can have: whoever finds them by their addresses keeps one bit beside an id.
pub(crate) const MOST_OBJECTS: u32 = (1 << 31) - 2;

/// Entries that a column has room for at least, as soon as it has one.
const FEWEST: usize = 64;

/// Builds a graph in one pass.
///
/// [`discover`](Self::discover) numbers an object the first time anything points to it;
/// [`describe`](Self::describe) gives the facts of the next object in that order and opens its
/// references, which [`refer`](Self::refer) adds. Objects may be discovered at any time, so a walk
/// numbers referents while it reads a referrer, and goes on until every discovered object is
/// described.
#[derive(Default)]
pub struct HeapGraphBuilder {
    pub(crate) graph: HeapGraph,
    pub(crate) addresses: Vec<u64>,
    pub(crate) targets: Vec<u32>,
    pub(crate) labels: LabelColumn,
    pub(crate) suspects: Vec<(u32, RootKind, TextId)>,
    failure: Option<Error>,
}

/// The facts of one object.
#[derive(Clone, Copy, Debug)]
pub struct NodeRecord {
    /// Its exact type.
    pub type_id: TypeId,
    /// Shallow size in bytes.
    pub size: u64,
    /// Its reference count; `None` where it says nothing.
    pub refcount: Option<u32>,
    /// One-bit facts.
    pub flags: NodeFlags,
}

/// How a reference is held, with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceName {
    /// Nothing names it.
    Unnamed,
    /// `.x` of user code.
    Attribute(TextId),
    /// `.x` of `__slots__`.
    Slot(TextId),
    /// A dict's value, by the node of its key.
    Item(NodeId),
    /// A dict's key.
    Key,
    /// An element of a list or tuple.
    Index(u32),
    /// An element of a set.
    Member,
    /// A cell's contents, by the variable's name.
    Cell(TextId),
    /// A frame's local variable.
    Local(TextId),
    /// A field of a built-in type.
    Special(TextId),
    /// A code object's constant.
    Constant(u32),
}

impl ReferenceName {
    fn split(self) -> (EdgeKind, u32) {
        match self {
            Self::Unnamed => (EdgeKind::Unnamed, 0),
            Self::Attribute(text) => (EdgeKind::Attribute, text.0),
            Self::Slot(text) => (EdgeKind::Slot, text.0),
            Self::Item(key) => (EdgeKind::Item, key.0),
            Self::Key => (EdgeKind::Key, 0),
            Self::Index(index) => (EdgeKind::Index, index),
            Self::Member => (EdgeKind::Member, 0),
            Self::Cell(text) => (EdgeKind::Cell, text.0),
            Self::Local(text) => (EdgeKind::Local, text.0),
            Self::Special(text) => (EdgeKind::Special, text.0),
            Self::Constant(index) => (EdgeKind::Constant, index),
        }
    }
}

impl HeapGraphBuilder {
    /// A builder with room to describe `objects` objects and twice as many references.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when there is no such room.
    pub fn with_room_for(objects: usize) -> Result<Self, Error> {
        let mut builder = Self::default();
        let graph = &mut builder.graph;
        let reserved = reserve_objects(graph, objects)
            .and_then(|()| reserve_references(&mut builder.labels, &mut builder.targets, objects * 2));
        reserved.map_err(|_| Error::OutOfMemory(objects * 26))?;
        Ok(builder)
    }

    /// Interns a name.
    pub fn intern(&mut self, text: &str) -> TextId {
        self.graph.texts.intern(text)
    }

    /// An interned name.
    pub fn text(&self, id: TextId) -> &str {
        self.graph.text(id)
    }

    /// Adds a type; the same name twice is two types.
    pub fn add_type(&mut self, module: TextId, qualname: TextId) -> TypeId {
        self.graph.types.push(TypeRecord { module, qualname });
        TypeId::at(self.graph.types.len() - 1)
    }

    /// A type's qualified name, without its module.
    pub fn qualname(&self, id: TypeId) -> &str {
        self.graph.type_qualname(id)
    }

    /// A type's whole name.
    pub fn type_name(&self, id: TypeId) -> String {
        self.graph.type_name(id)
    }

    /// The qualified name of a described object's type, without its module.
    pub fn qualname_of(&self, node: NodeId) -> &str {
        self.graph.type_qualname(self.graph.type_of(node))
    }

    /// The whole name of a described object's type.
    pub fn type_name_of(&self, node: NodeId) -> String {
        self.graph.type_name(self.graph.type_of(node))
    }

    /// Numbers the objects at these addresses, each different, in their order and before any other.
    pub fn begin_with(&mut self, addresses: Vec<u64>) {
        debug_assert!(self.addresses.is_empty(), "these are the first objects");
        if addresses.len() >= MOST_OBJECTS as usize {
            self.failure.get_or_insert(Error::TooLarge(MOST_OBJECTS));
        } else {
            self.addresses = addresses;
        }
    }

    /// Numbers the object at an address. The caller asks once for each address.
    #[inline]
    pub fn discover(&mut self, address: u64) -> NodeId {
        let addresses = &mut self.addresses;
        let id = NodeId::at(addresses.len());
        if addresses.len() == addresses.capacity() && addresses.try_reserve(1).is_err() {
            self.fail(8 * id.index());
            return NodeId(0);
        }
        if id.0 == MOST_OBJECTS {
            self.failure.get_or_insert(Error::TooLarge(MOST_OBJECTS));
            return NodeId(0);
        }
        self.addresses.push(address);
        id
    }

    /// Gives up for want of so many bytes; [`finish`](Self::finish) will say so.
    #[cold]
    pub fn fail(&mut self, bytes: usize) {
        self.failure.get_or_insert(Error::OutOfMemory(bytes));
    }

    /// Number of objects discovered so far.
    pub fn discovered(&self) -> usize {
        self.addresses.len()
    }

    /// Number of objects described so far: the ordinal of the next one.
    pub fn described(&self) -> usize {
        self.graph.flags.len()
    }

    /// The address of a discovered object.
    pub fn address(&self, node: NodeId) -> u64 {
        self.addresses[node.index()]
    }

    /// The address of an object that may have been discovered already.
    #[inline]
    pub fn address_if_discovered(&self, node: NodeId) -> Option<u64> {
        self.addresses.get(node.index()).copied()
    }

    /// Whether building has failed already; [`finish`](Self::finish) says why.
    #[inline]
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Gives the facts of the next discovered object and opens its references.
    #[inline]
    pub fn describe(&mut self, record: NodeRecord) -> NodeId {
        let graph = &mut self.graph;
        let id = NodeId::at(graph.flags.len());
        if graph.flags.len() == graph.flags.capacity() && reserve_objects(graph, graph.flags.len().max(FEWEST)).is_err() {
            self.fail(10 * id.index());
            return id;
        }
        graph.node_types.push(u64::from(record.type_id.0));
        graph.sizes.push(record.size);
        graph.refcounts.push(record.refcount.map_or(0, |count| u64::from(count) + 1));
        graph.flags.push(record.flags);
        graph.starts.push(self.targets.len() as u32);
        id
    }

    /// Adds a reference from the object that was described last.
    #[inline]
    pub fn refer(&mut self, target: NodeId, name: ReferenceName) {
        let targets = &mut self.targets;
        if targets.len() == targets.capacity() {
            if targets.len() >= (u32::MAX - 1) as usize {
                self.failure.get_or_insert(Error::TooLarge(u32::MAX));
                return;
            }
            if reserve_references(&mut self.labels, targets, targets.len().max(FEWEST)).is_err() {
                let bytes = targets.len() * 8;
                return self.fail(bytes);
            }
        }
        let (kind, word) = name.split();
        if self.labels.push(kind, word).is_ok() {
            self.targets.push(target.0);
        } else {
            self.fail(8);
        }
    }

    /// Adds a reference of the object that was described last which the target's count leaves out.
    pub fn refer_borrowed(&mut self, target: NodeId, name: ReferenceName) {
        if self.graph.borrowed.try_reserve(1).is_err() {
            return self.fail(size_of_val(self.graph.borrowed.as_slice()));
        }
        self.graph.borrowed.push(target.0);
        self.refer(target, name);
    }

    /// Adds flags to a described object.
    pub fn flag(&mut self, node: NodeId, flags: NodeFlags) {
        if let Some(old) = self.graph.flags.get_mut(node.index()) {
            *old = old.with(flags);
        }
    }

    /// Whether a described object has these flags.
    pub fn has_flag(&self, node: NodeId, flags: NodeFlags) -> bool {
        self.graph.flags.get(node.index()).is_some_and(|known| known.contains(flags))
    }

    /// The name of a described definition.
    pub fn definition(&self, node: NodeId) -> Option<TextId> {
        // Definitions are added as nodes are described: in order.
        let definitions = &self.graph.definitions;
        definitions.binary_search_by_key(&node.0, |&(id, _)| id).ok().map(|at| definitions[at].1)
    }

    /// Addresses of what a described object refers to so far.
    pub fn referents(&self, node: NodeId) -> impl Iterator<Item = u64> + '_ {
        self.edges_of(node).map(|edge| self.addresses[self.targets[edge] as usize])
    }

    /// What a described object refers to so far: the address, the kind, and the word that the kind gives a meaning.
    pub fn references(&self, node: NodeId) -> impl Iterator<Item = (u64, EdgeKind, u32)> + '_ {
        let address = |edge: usize| self.addresses[self.targets[edge] as usize];
        self.edges_of(node).map(move |edge| (address(edge), self.labels.kind(edge), self.labels.name(edge)))
    }

    /// Whether a described object refers to anything so far.
    pub fn has_references(&self, node: NodeId) -> bool {
        !self.edges_of(node).is_empty()
    }

    /// The keys of a described dict's items.
    pub fn item_keys(&self, dict: NodeId) -> Vec<NodeId> {
        let edges = self.edges_of(dict).filter(|&edge| self.labels.kind(edge) == EdgeKind::Item);
        edges.map(|edge| NodeId(self.labels.name(edge))).collect()
    }

    /// Turns the items of a described dict into attributes, where `attribute` knows the key's text.
    pub fn items_to_attributes(&mut self, dict: NodeId, attribute: impl Fn(NodeId) -> Option<TextId>) {
        for edge in self.edges_of(dict) {
            if self.labels.kind(edge) == EdgeKind::Item
                && let Some(name) = attribute(NodeId(self.labels.name(edge)))
            {
                self.rename(edge, ReferenceName::Attribute(name));
            }
        }
    }

    /// Gives every reference of a described object this name: a cell has one, its variable's.
    pub fn rename_all(&mut self, node: NodeId, name: ReferenceName) {
        for edge in self.edges_of(node) {
            self.rename(edge, name);
        }
    }

    fn edges_of(&self, node: NodeId) -> Range<usize> {
        let graph = &self.graph;
        // An object that could not be described has none.
        let at = |index: usize| graph.starts.get(index).map_or(self.targets.len(), |&at| at as usize);
        at(node.index())..at(node.index() + 1)
    }

    fn rename(&mut self, edge: usize, name: ReferenceName) {
        let (kind, word) = name.split();
        if self.labels.set(edge, kind, word).is_err() {
            self.fail(8);
        }
    }

    /// Keeps the value of the object that was described last.
    #[inline]
    pub fn keep_value(&mut self, value: &Value<'_>) {
        let node = NodeId::at(self.graph.flags.len().saturating_sub(1));
        self.graph.values.push(node, value);
    }

    /// Says that a described object is equal to `first`, the first of its type with that value. Only for values
    /// that are not kept whole. Without memory it goes unsaid.
    pub fn equal_to(&mut self, node: NodeId, first: NodeId) {
        if self.graph.equals.try_reserve(1).is_ok() {
            self.graph.equals.push((node.0, first.0));
        }
    }

    /// Names a described object: the module, class, function or code that it is.
    pub fn define(&mut self, node: NodeId, name: TextId) {
        self.graph.definitions.push((node.0, name));
    }

    /// Makes an object a GC root.
    pub fn add_root(&mut self, root: Root) {
        self.graph.roots.push(root);
    }

    /// Says that a word which no object holds has a described object's address: evidence of a reference
    /// from outside, which is kept where the count shows one that no object holds. Named places in the
    /// interpreter's state make roots of such objects.
    pub fn suspect(&mut self, node: NodeId, kind: RootKind, place: TextId) {
        self.suspects.push((node.0, kind, place));
    }

    /// Says which described objects are weak references, each with what it refers to: all of them at once. Where
    /// this is not said, the graph knows nothing of weak references.
    pub fn know_weak(&mut self, mut pairs: Vec<(u32, u32)>) {
        pairs.sort_unstable();
        match WeakTable::of(pairs) {
            Ok(table) => self.graph.weak = Some(table),
            Err(error) => _ = self.failure.get_or_insert(error),
        }
    }

    /// Says what capture could not see.
    pub fn note(&mut self, note: impl Into<String>) {
        self.graph.notes.push(note.into());
    }

    /// Turns the references around and gives the graph.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] and [`Error::TooLarge`], also those met earlier.
    ///
    /// # Panics
    /// Where a discovered object was not described: that is a bug of the caller.
    pub fn finish(self) -> Result<HeapGraph, Error> {
        self.finish_in(Vec::new(), &mut || true)
    }

    /// As [`finish`](Self::finish), with a vector that the caller needs no more: its memory is taken for
    /// a column, because fresh memory costs time to clear. `goes_on` is asked about twenty times a second.
    ///
    /// # Errors
    /// As for [`finish`](Self::finish), and [`Error::Stopped`] where `goes_on` says no.
    ///
    /// # Panics
    /// As for [`finish`](Self::finish).
    pub fn finish_in(mut self, room: Vec<u32>, goes_on: &mut dyn FnMut() -> bool) -> Result<HeapGraph, Error> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let graph = &mut self.graph;
        assert_eq!(self.addresses.len(), graph.flags.len(), "each discovered object must be described");
        graph.starts.try_reserve(1).map_err(|_| Error::OutOfMemory(4 * graph.flags.len()))?;
        graph.starts.push(self.targets.len() as u32);
        graph.give_back_room();
        self.addresses.shrink_to_fit();
        self.targets.shrink_to_fit();
        self.labels.give_back_room();
        graph.addresses = Later::now(self.addresses);
        graph.back = Referrers::now(&graph.starts, &self.targets, room, goes_on)?;
        graph.references = Later::now(References { targets: self.targets, labels: self.labels });
        graph.borrowed.sort_unstable();
        graph.equals.sort_unstable();
        keep_evidence(graph, std::mem::take(&mut self.suspects));
        graph.definitions.sort_by_key(|&(node, _)| node);
        graph.definitions.dedup_by_key(|&mut (node, _)| node);
        graph.roots.sort_by_key(|root| (root.node, root.kind));
        graph.roots.dedup_by_key(|root| root.node);
        Ok(self.graph)
    }
}

/// Makes room for the facts of more objects, the same in each column.
#[cold]
fn reserve_objects(graph: &mut HeapGraph, more: usize) -> Result<(), TryReserveError> {
    graph.node_types.try_reserve_exact(more)?;
    graph.sizes.try_reserve_exact(more)?;
    graph.refcounts.try_reserve_exact(more)?;
    graph.starts.try_reserve_exact(more + 1)?;
    // Last, because its capacity speaks for all.
    graph.flags.try_reserve_exact(more)
}

/// Makes room for more references, the same in both columns.
#[cold]
fn reserve_references(labels: &mut LabelColumn, targets: &mut Vec<u32>, more: usize) -> Result<(), TryReserveError> {
    labels.try_reserve_exact(more)?;
    targets.try_reserve_exact(more)
}
