//! The only way to make a [`HeapGraph`]: nodes as they are met, then each one's facts and references.

use std::ops::Range;

use crate::graph::{TypeRecord, UNKNOWN_COUNT};
use crate::{EdgeKind, Error, HeapGraph, NodeFlags, NodeId, Root, RootKind, TextId, TypeId, Value};

/// Builds a graph in one pass.
///
/// [`discover`](Self::discover) numbers an object the first time anything points to it;
/// [`describe`](Self::describe) gives the facts of the next object in that order and opens its
/// references, which [`refer`](Self::refer) adds. Objects may be discovered at any time, so a walk
/// numbers referents while it reads a referrer, and goes on until every discovered object is
/// described.
#[derive(Default)]
pub struct HeapGraphBuilder {
    graph: HeapGraph,
    suspects: Vec<(u32, RootKind, TextId)>,
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
    /// A builder with room for `objects` objects and twice as many references.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when there is no such room.
    pub fn with_room_for(objects: usize) -> Result<Self, Error> {
        let mut builder = Self::default();
        let graph = &mut builder.graph;
        let reserved = graph
            .addresses
            .try_reserve(objects)
            .and_then(|()| graph.node_types.try_reserve(objects))
            .and_then(|()| graph.sizes.try_reserve(objects))
            .and_then(|()| graph.refcounts.try_reserve(objects))
            .and_then(|()| graph.flags.try_reserve(objects))
            .and_then(|()| graph.starts.try_reserve(objects + 1))
            .and_then(|()| graph.targets.try_reserve(objects * 2))
            .and_then(|()| graph.kinds.try_reserve(objects * 2))
            .and_then(|()| graph.names.try_reserve(objects * 2));
        reserved.map_err(|_| Error::OutOfMemory(objects * 43))?;
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

    /// The whole name of a described object's type.
    pub fn type_name_of(&self, node: NodeId) -> String {
        self.graph.type_name(TypeId(self.graph.node_types[node.index()]))
    }

    /// Numbers the object at an address. The caller asks once for each address.
    #[inline]
    pub fn discover(&mut self, address: u64) -> NodeId {
        let addresses = &mut self.graph.addresses;
        let id = NodeId::at(addresses.len());
        if addresses.len() == addresses.capacity() && addresses.try_reserve(1).is_err() {
            self.fail(8 * id.index());
            return NodeId(0);
        }
        if id.0 == u32::MAX {
            self.failure.get_or_insert(Error::TooLarge(u32::MAX));
            return NodeId(0);
        }
        self.graph.addresses.push(address);
        id
    }

    #[cold]
    fn fail(&mut self, bytes: usize) {
        self.failure.get_or_insert(Error::OutOfMemory(bytes));
    }

    /// Number of objects discovered so far.
    pub fn discovered(&self) -> usize {
        self.graph.addresses.len()
    }

    /// Number of objects described so far: the ordinal of the next one.
    pub fn described(&self) -> usize {
        self.graph.sizes.len()
    }

    /// The address of a discovered object.
    pub fn address(&self, node: NodeId) -> u64 {
        self.graph.addresses[node.index()]
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
        let id = NodeId::at(graph.sizes.len());
        let size = u32::try_from(record.size).unwrap_or(u32::MAX);
        if size == u32::MAX {
            graph.large_sizes.push((id.0, record.size));
        }
        graph.sizes.push(size);
        graph.node_types.push(record.type_id.0);
        graph.refcounts.push(record.refcount.unwrap_or(UNKNOWN_COUNT));
        graph.flags.push(record.flags);
        graph.starts.push(graph.targets.len() as u32);
        id
    }

    /// Adds a reference from the object that was described last.
    #[inline]
    pub fn refer(&mut self, target: NodeId, name: ReferenceName) {
        let graph = &mut self.graph;
        if graph.targets.len() == graph.targets.capacity() {
            let reserved =
                graph.targets.try_reserve(1).and_then(|()| graph.kinds.try_reserve(1)).and_then(|()| graph.names.try_reserve(1));
            if reserved.is_err() {
                let bytes = graph.targets.len() * 9;
                return self.fail(bytes);
            }
            if graph.targets.len() >= (u32::MAX - 1) as usize {
                self.failure.get_or_insert(Error::TooLarge(u32::MAX));
                return;
            }
        }
        let (kind, word) = name.split();
        graph.targets.push(target.0);
        graph.kinds.push(kind);
        graph.names.push(word);
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
        let old = &mut self.graph.flags[node.index()];
        *old = old.with(flags);
    }

    /// Whether a described object has these flags.
    pub fn has_flag(&self, node: NodeId, flags: NodeFlags) -> bool {
        self.graph.flags[node.index()].contains(flags)
    }

    /// The name of a described definition.
    pub fn definition(&self, node: NodeId) -> Option<TextId> {
        // Definitions are added as nodes are described: in order.
        let definitions = &self.graph.definitions;
        definitions.binary_search_by_key(&node.0, |&(id, _)| id).ok().map(|at| definitions[at].1)
    }

    /// Addresses of what a described object refers to so far.
    pub fn referents(&self, node: NodeId) -> impl Iterator<Item = u64> + '_ {
        self.edges_of(node).map(|edge| self.graph.addresses[self.graph.targets[edge] as usize])
    }

    /// Whether a described object refers to anything so far.
    pub fn has_references(&self, node: NodeId) -> bool {
        !self.edges_of(node).is_empty()
    }

    /// The keys of a described dict's items.
    pub fn item_keys(&self, dict: NodeId) -> Vec<NodeId> {
        let edges = self.edges_of(dict).filter(|&edge| self.graph.kinds[edge] == EdgeKind::Item);
        edges.map(|edge| NodeId(self.graph.names[edge])).collect()
    }

    /// Turns the items of a described dict into attributes, where `attribute` knows the key's text.
    pub fn items_to_attributes(&mut self, dict: NodeId, attribute: impl Fn(NodeId) -> Option<TextId>) {
        for edge in self.edges_of(dict) {
            if self.graph.kinds[edge] == EdgeKind::Item
                && let Some(name) = attribute(NodeId(self.graph.names[edge]))
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
        let end = graph.starts.get(node.index() + 1).map_or(graph.targets.len(), |&end| end as usize);
        graph.starts[node.index()] as usize..end
    }

    fn rename(&mut self, edge: usize, name: ReferenceName) {
        (self.graph.kinds[edge], self.graph.names[edge]) = name.split();
    }

    /// Keeps the value of the object that was described last.
    #[inline]
    pub fn keep_value(&mut self, value: &Value<'_>) {
        let node = NodeId::at(self.graph.sizes.len().saturating_sub(1));
        self.graph.values.push(node, value);
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
    pub fn finish(mut self) -> Result<HeapGraph, Error> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let graph = &mut self.graph;
        assert_eq!(graph.addresses.len(), graph.sizes.len(), "each discovered object must be described");
        graph.starts.push(graph.targets.len() as u32);
        turn_around(graph)?;
        keep_evidence(graph, std::mem::take(&mut self.suspects));
        graph.give_back_room();
        graph.borrowed.sort_unstable();
        graph.definitions.sort_by_key(|&(node, _)| node);
        graph.definitions.dedup_by_key(|&mut (node, _)| node);
        graph.roots.sort_by_key(|root| (root.node, root.kind));
        graph.roots.dedup_by_key(|root| root.node);
        Ok(self.graph)
    }
}

/// Keeps of each object as many places as references to it come from outside, the interpreter's own first.
fn keep_evidence(graph: &mut HeapGraph, mut suspects: Vec<(u32, RootKind, TextId)>) {
    let detail = graph.texts.intern("");
    // A stable sort: places of one kind stay in the order in which capture looked.
    suspects.sort_by_key(|&(node, kind, _)| (node, kind));
    let mut kept = Vec::new();
    for of_one in suspects.chunk_by(|one, other| one.0 == other.0) {
        let node = NodeId(of_one[0].0);
        let count = graph.external(node).unwrap_or_default() as usize;
        for &(_, kind, place) in of_one.iter().take(count) {
            kept.push((node.0, place));
            if kind == RootKind::Interpreter {
                graph.roots.push(Root { node, kind, name: place, detail, asking: false });
            }
        }
    }
    graph.places = kept;
}

/// Fills the columns of the other direction by a counting sort, O(nodes + references).
fn turn_around(graph: &mut HeapGraph) -> Result<(), Error> {
    let nodes = graph.sizes.len();
    let out_of_memory = |bytes: usize| move |_| Error::OutOfMemory(bytes);
    let mut ends: Vec<u32> = Vec::new();
    ends.try_reserve_exact(nodes + 1).map_err(out_of_memory(4 * nodes))?;
    ends.resize(nodes + 1, 0);
    for &target in &graph.targets {
        ends[target as usize + 1] += 1;
    }
    for node in 0..nodes {
        ends[node + 1] += ends[node];
    }
    let mut sources: Vec<u32> = Vec::new();
    sources.try_reserve_exact(graph.targets.len()).map_err(out_of_memory(4 * graph.targets.len()))?;
    sources.resize(graph.targets.len(), 0);
    // `ends[n]` is where the next source of `n` goes; when all are placed it is where n's end.
    for node in 0..nodes {
        for edge in graph.starts[node]..graph.starts[node + 1] {
            let place = &mut ends[graph.targets[edge as usize] as usize];
            sources[*place as usize] = node as u32;
            *place += 1;
        }
    }
    ends.rotate_right(1);
    ends[0] = 0;
    graph.back_starts = ends;
    graph.sources = sources;
    Ok(())
}
