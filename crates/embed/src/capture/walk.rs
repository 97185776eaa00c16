//! The walk: every object that anything leads to, once, with its facts and its references.
#![allow(unsafe_code)]

use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use pyo3::ffi;
use refroots_core::{Error, HeapGraph, HeapGraphBuilder, NodeFlags, NodeId, NodeRecord, ReferenceName, TextId, TypeId};
use rustc_hash::FxHashMap;

use super::equal::Equals;
use super::frames::Frame;
use super::layout::Layout;
use super::loaded::Loaded;
use super::names::{NameCache, Names};
use super::outside::{self, Outside};
use super::page_index::PageIndex;
use super::probe::Proved;
use super::raw::{self, Address};
use super::shapes::Shapes;
use super::sizes;
use super::traversed::{Confirmed, MOST_VISITED, collect_visited};
use super::type_shape::{Builtin, Category, Definition, KnownTypes, TypeShape};

/// Names of fields that the walk itself gives.
pub(crate) struct FieldNames {
    pub(crate) dict: TextId,
    pub(crate) class: TextId,
}

/// A walk in progress. Everything it points to stays alive because the GIL is held and nothing runs.
pub(crate) struct Walk<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) known: &'a KnownTypes,
    pub(crate) builder: HeapGraphBuilder,
    pub(crate) index: PageIndex,
    pub(crate) cache: NameCache,
    pub(crate) field_names: FieldNames,
    pub(super) shapes: Shapes,
    pub(crate) loaded: Arc<Loaded>,
    /// Whether arrays of numpy can be read; not known before the first of them.
    pub(crate) reads_arrays: Option<bool>,
    /// Frames by node (synthetic ones) or by their frame object's address.
    pub(crate) frames: Vec<Frame>,
    pub(crate) frame_objects: FxHashMap<Address, usize>,
    /// Thread states, with their threads' names.
    pub(crate) threads: Vec<(Address, TextId)>,
    /// Objects of types in C that CPython does not ship.
    pub(crate) foreign: Vec<NodeId>,
    /// Whether a word that is found outside may mean an object that a free list has had.
    pub(crate) takes_recycled: bool,
    /// Modules in C, whose state may hold objects.
    pub(crate) modules: Vec<Address>,
    /// Objects that refroots made for the question itself.
    pub(crate) own_objects: Vec<Address>,
    /// Objects that are asked about.
    pub(crate) subjects: Vec<Address>,
    /// One bit a node: whether it is a dict that is yet to be described and whose keys are names.
    namespaces: Vec<u64>,
    late_namespaces: Vec<NodeId>,
    pub(crate) cells: Vec<(NodeId, TextId)>,
    /// Weak references, and the addresses of what they refer to.
    pub(super) weak: Vec<(NodeId, Address)>,
    pub(crate) synthetic_type: Option<TypeId>,
    /// Nodes of frames that have no frame object.
    pub(super) synthetic: Range<u32>,
    pub(crate) visited: Vec<Address>,
    pub(crate) confirmed: Confirmed,
    pub(super) equals: Equals,
}

/// How many objects are described between two looks for Ctrl-C: about 5 ms.
const OBJECTS_BETWEEN_POLLS: usize = 1 << 16;

/// Most objects of foreign types whose own memory is looked through: about 100 ms.
const MOST_FOREIGN: usize = 1 << 20;

/// What a walk has read: plain columns, one direction.
pub(crate) struct Columns {
    pub(crate) builder: HeapGraphBuilder,
    room: Vec<u32>,
}

impl Columns {
    /// Turns the references around and gives the graph, unless `goes_on` says no. Needs neither the GIL nor the objects.
    pub(crate) fn finish(self, goes_on: &mut dyn FnMut() -> bool) -> Result<HeapGraph, Stopped> {
        self.builder.finish_in(self.room, goes_on).map_err(|error| match error {
            Error::Stopped => Stopped::Interrupted,
            other => Stopped::Failed(other),
        })
    }
}

/// A walk over at most so many objects is one of a question about a few.
const SMALL: usize = 1 << 10;

/// Why a walk ended early.
pub(crate) enum Stopped {
    /// Ctrl-C.
    Interrupted,
    /// The graph could not be built.
    Failed(Error),
}

impl<'a> Walk<'a> {
    pub(crate) fn new(proved: &'a Proved, loaded: Arc<Loaded>, room: usize) -> Result<Self, Error> {
        let mut builder = HeapGraphBuilder::with_room_for(room)?;
        let field_names = FieldNames { dict: builder.intern("__dict__"), class: builder.intern("__class__") };
        Ok(Self {
            layout: &proved.layout,
            known: &proved.known,
            builder,
            index: if room <= SMALL { PageIndex::for_few() } else { PageIndex::default() },
            cache: NameCache::new(proved.str_type),
            field_names,
            shapes: Shapes::new(),
            loaded,
            reads_arrays: None,
            frames: Vec::new(),
            frame_objects: FxHashMap::default(),
            threads: Vec::new(),
            foreign: Vec::new(),
            takes_recycled: true,
            modules: Vec::new(),
            own_objects: Vec::new(),
            subjects: Vec::new(),
            namespaces: Vec::new(),
            late_namespaces: Vec::new(),
            cells: Vec::new(),
            weak: Vec::new(),
            synthetic_type: None,
            synthetic: 0..0,
            visited: Vec::new(),
            confirmed: Confirmed::default(),
            equals: Equals::default(),
        })
    }

    pub(crate) fn names(&mut self) -> Names<'_> {
        Names { cache: &mut self.cache, layout: self.layout, builder: &mut self.builder }
    }

    /// The node at an address, numbered when it is new. `None` for what is no object's address:
    /// NULL, a tagged pointer, what a broken traverse hands out.
    #[inline]
    pub(crate) fn node(&mut self, address: Address) -> Option<NodeId> {
        if address < 0x1000 || address & 7 != 0 {
            return None;
        }
        let builder = &mut self.builder;
        match self.index.number(address, || builder.discover(address as u64).0) {
            Some(id) => Some(NodeId(id)),
            // No object's address, or no memory for it.
            None => {
                self.fail_without_room();
                None
            }
        }
    }

    /// Numbers the objects that the collector tracks, before any other: their list becomes the column of
    /// addresses.
    pub(crate) fn discover_tracked(&mut self, mut objects: Vec<u64>) {
        let mut next = 0;
        objects.retain(|&object| {
            let is_new = self.index.number(object as Address, || next) == Some(next);
            next += u32::from(is_new);
            is_new
        });
        self.builder.begin_with(objects);
        self.fail_without_room();
    }

    /// Gives up where the index had no memory for an address.
    #[cold]
    fn fail_without_room(&mut self) {
        if self.index.has_failed() {
            self.builder.fail(self.builder.discovered() * 12);
        }
    }

    /// The node at an address that was described.
    pub(crate) fn described_at(&self, address: Address) -> Option<NodeId> {
        let id = self.index.find(address)?;
        ((id as usize) < self.builder.described()).then_some(NodeId(id))
    }

    /// Adds a reference of the object that is being described.
    #[inline]
    pub(crate) fn refer(&mut self, target: Address, name: ReferenceName) {
        if let Some(node) = self.node(target) {
            self.builder.refer(node, name);
        }
    }

    /// Remembers that a dict's keys are names: at once, or for the end where it was described before.
    pub(crate) fn mark_namespace(&mut self, dict: Address) {
        if let Some(node) = self.node(dict) {
            if node.index() >= self.builder.described() {
                self.expect_namespace(node);
            } else if !self.builder.has_flag(node, NodeFlags::NAMESPACE) {
                self.late_namespaces.push(node);
            }
        }
    }

    fn expect_namespace(&mut self, node: NodeId) {
        let words = node.index() / 64 + 1;
        if words > self.namespaces.len() {
            let more = words - self.namespaces.len();
            if self.namespaces.try_reserve(more).is_err() {
                return self.builder.fail(8 * words);
            }
            self.namespaces.resize(words, 0);
        }
        self.namespaces[words - 1] |= 1 << (node.0 % 64);
    }

    /// Whether a dict's keys are known to be names; asked once, when it is described.
    pub(crate) fn take_namespace(&mut self, node: NodeId) -> bool {
        let bit = 1 << (node.0 % 64);
        let Some(word) = self.namespaces.get_mut(node.index() / 64) else { return false };
        let is_namespace = *word & bit != 0;
        *word &= !bit;
        is_namespace
    }

    /// Gives each running frame its node: its frame object's, or one of its own. Frames without an
    /// object stand before the others, so that their nodes are one range.
    pub(crate) fn discover_frames(&mut self) {
        let first = self.builder.discovered() as u32;
        self.synthetic = first..first + self.frames.iter().filter(|frame| frame.is_synthetic()).count() as u32;
        for at in 0..self.frames.len() {
            let frame = self.frames[at];
            if frame.is_synthetic() {
                self.node(frame.address);
            } else {
                self.frame_objects.insert(frame.object, at);
                self.node(frame.object);
            }
        }
    }

    /// Describes everything that has been discovered, and all that this discovers.
    ///
    /// # Safety
    /// Every discovered address but those of synthetic frames must be of a live object, the GIL held,
    /// and no Python code may run.
    pub(crate) unsafe fn run(&mut self) -> Result<(), Stopped> {
        let mut until_poll = OBJECTS_BETWEEN_POLLS;
        while self.builder.described() < self.builder.discovered() && !self.builder.has_failed() {
            let node = NodeId(self.builder.described() as u32);
            let address = self.builder.address(node);
            // SAFETY: the caller's promise, kept up by `node`, which discovers live objects only.
            unsafe {
                self.fetch_ahead(node);
                if self.synthetic.contains(&node.0) {
                    self.describe_frame(node, (node.0 - self.synthetic.start) as usize);
                } else {
                    self.describe(node, address as Address);
                }
            }
            until_poll -= 1;
            if until_poll == 0 {
                until_poll = OBJECTS_BETWEEN_POLLS;
                // SAFETY: stable ABI; only reads and clears a flag.
                if unsafe { ffi::PyOS_InterruptOccurred() } != 0 {
                    return Err(Stopped::Interrupted);
                }
            }
        }
        Ok(())
    }

    /// Describes the one object that a walk is about.
    ///
    /// # Safety
    /// As for [`Walk::run`], with one object discovered.
    pub(super) unsafe fn describe_one(&mut self, node: NodeId, object: Address) {
        // SAFETY: the caller's promise.
        unsafe { self.describe(node, object) };
    }

    /// Describes one object.
    ///
    /// # Safety
    /// `object` must be live.
    unsafe fn describe(&mut self, node: NodeId, object: Address) {
        // SAFETY: reads of a live object, by its type's shape.
        unsafe {
            let type_object = raw::type_of(object);
            let at = self.shape(type_object);
            let shape = &*Rc::clone(&self.shapes.all[at]);
            let flags = self.flags(object, shape);
            let outside = match shape.outside {
                Outside::NumpyArray if !self.reads_arrays(object) => Outside::Nothing,
                outside => outside,
            };
            let size = sizes::shallow(object, shape, self.layout, flags).saturating_add(outside::bytes(object, outside));
            let refcount = self.refcount(object);
            let flags = if refcount.is_none() { flags.with(NodeFlags::IMMORTAL) } else { flags };
            self.builder.describe(NodeRecord { type_id: shape.type_id, size: size as u64, refcount, flags });
            self.keep_value(object, shape);
            self.read_references(node, object, type_object, shape);
            if shape.is_foreign && self.foreign.len() < MOST_FOREIGN {
                self.foreign.push(node);
            }
            let frame = if self.frame_objects.is_empty() { None } else { self.frame_objects.get(&object).copied() };
            if let Some(frame) = frame {
                self.read_frame(node, frame);
            } else if matches!(shape.builtin, Builtin::Generator | Builtin::Frame) {
                self.define_suspended(node, object, shape);
            } else {
                self.define(node, object, shape);
            }
        }
    }

    /// # Safety
    /// `object` must be live and of the type of `shape`.
    unsafe fn flags(&self, object: Address, shape: &TypeShape) -> NodeFlags {
        let mut flags = NodeFlags::default();
        // SAFETY: an object of a GC type that does not ask has a header of two words before it; the
        // first is 0 while the collector does not track it (internal/pycore_gc.h, 3.10–3.14).
        let is_tracked = unsafe {
            if shape.flags & raw::HAVE_GC == 0 {
                false
            } else if shape.asks_is_gc {
                // Without a type of its own it cannot be asked (see `type_of`).
                raw::word(object, 8) != 0 && ffi::PyObject_GC_IsTracked(object as *mut ffi::PyObject) != 0
            } else {
                raw::word(object, -16) != 0
            }
        };
        if is_tracked {
            flags = flags.with(NodeFlags::TRACKED);
        }
        // SAFETY: a type's flags are read of a live type.
        if shape.category == Category::Type && unsafe { raw::type_flags(object) } & raw::HEAP_TYPE == 0 {
            flags = flags.with(NodeFlags::STATIC);
        }
        if shape.is_own {
            flags = flags.with(NodeFlags::INTERNAL);
        }
        flags
    }

    /// The reference count; `None` for immortal objects.
    ///
    /// # Safety
    /// `object` must be live.
    unsafe fn refcount(&self, object: Address) -> Option<u32> {
        // SAFETY: `ob_refcnt` stands first. From 3.12 an object is immortal when the low 32 bits are
        // negative (object.h `_Py_IsImmortal`, 64-bit builds); 3.14 keeps flags above them.
        let count = unsafe { raw::half(object, 0) };
        // On 3.11 what is compiled in begins with 999,999,999 (`_PyObject_IMMORTAL_REFCNT`), and counts on.
        let is_unknown = if self.layout.version >= (3, 12) { (count as i32) < 0 } else { count >= 1 << 29 };
        if is_unknown { None } else { Some(count) }
    }

    /// Keeps the name of an object that defines one.
    ///
    /// # Safety
    /// `object` must be live and of the type of `shape`.
    unsafe fn define(&mut self, node: NodeId, object: Address, shape: &TypeShape) {
        // SAFETY: the definition says which layout the object has; each field is checked for NULL.
        unsafe {
            let name = match shape.definition {
                Definition::None => return,
                Definition::Type => self.type_name(object),
                Definition::Module => {
                    if raw::word(object, 32) != 0 {
                        self.modules.push(object);
                    }
                    self.module_name(object)
                }
                Definition::Function => self.text_at(object, 40),
                Definition::Code => self.layout.code.and_then(|code| self.text_at(object, code.qualname)),
                Definition::BoundMethod => {
                    let function = raw::word(object, 16);
                    let is_function = function != 0 && {
                        let at = self.shape(raw::type_of(function));
                        self.shapes.all[at].definition == Definition::Function
                    };
                    if is_function { self.text_at(function, 40) } else { None }
                }
                // `m_ml` at 16 begins with the name (cpython/methodobject.h).
                Definition::BuiltinFunction => {
                    let name = raw::c_string(raw::word(object, 16), 0);
                    Some(self.builder.intern(name))
                }
            };
            if let Some(name) = name {
                self.builder.define(node, name);
            }
            if shape.definition == Definition::Function {
                self.name_cells(object);
            }
        }
    }

    /// # Safety
    /// `object` must be a live type.
    unsafe fn type_name(&mut self, object: Address) -> Option<TextId> {
        // SAFETY: the caller's promise.
        let (type_id, _) = unsafe {
            let flags = raw::type_flags(object);
            self.names().type_named(object, flags)
        };
        let name = self.builder.type_name(type_id);
        Some(self.builder.intern(&name))
    }

    /// # Safety
    /// `module` must be a live module.
    unsafe fn module_name(&mut self, module: Address) -> Option<TextId> {
        // SAFETY: `md_dict` at 16 is a dict or NULL (internal/pycore_moduleobject.h, 3.10–3.14).
        unsafe {
            let dict = raw::word(module, 16);
            if dict == 0 {
                return None;
            }
            let mut names = self.names();
            let name = names.item(dict, "__name__")?;
            names.text_of(name)
        }
    }

    /// The text of a string field.
    ///
    /// # Safety
    /// The word at `offset` must be NULL or a live object.
    pub(crate) unsafe fn text_at(&mut self, object: Address, offset: isize) -> Option<TextId> {
        // SAFETY: the caller's promise.
        unsafe {
            let text = raw::word(object, offset);
            if text == 0 { None } else { self.names().text_of(text) }
        }
    }

    /// Gives names that were learnt after the objects had been described, flags what refroots made for the
    /// question, and leaves what needs no live object any more.
    ///
    /// # Safety
    /// As for [`Walk::run`], which must have ended well.
    pub(crate) unsafe fn finish(mut self) -> Columns {
        // SAFETY: the caller's promise.
        unsafe { self.tell_equal() };
        self.tell_weak();
        for (cell, name) in std::mem::take(&mut self.cells) {
            self.builder.rename_all(cell, ReferenceName::Cell(name));
        }
        for own in std::mem::take(&mut self.own_objects) {
            if let Some(node) = self.described_at(own) {
                self.builder.flag(node, NodeFlags::INTERNAL);
            }
        }
        for dict in std::mem::take(&mut self.late_namespaces) {
            let mut attributes: FxHashMap<NodeId, TextId> = FxHashMap::default();
            for key in self.builder.item_keys(dict) {
                let address = self.builder.address(key) as Address;
                // SAFETY: the caller's promise: keys are alive.
                if let Some(text) = unsafe { self.names().text_of(address) } {
                    attributes.insert(key, text);
                }
            }
            self.builder.items_to_attributes(dict, |key| attributes.get(&key).copied());
            self.builder.flag(dict, NodeFlags::NAMESPACE);
        }
        Columns { builder: self.builder, room: self.index.into_room() }
    }

    /// Reads what `tp_traverse` says of an object into `visited`.
    ///
    /// # Safety
    /// `object` must be a live object that the collector tracks, of a type with this traverse.
    pub(crate) unsafe fn traverse(&mut self, object: Address, traverse: raw::Traverse) {
        self.visited.clear();
        // SAFETY:
        // - a tracked object is complete, so its traverse may be called at any time with the GIL held;
        // - traverse runs no Python code, and the visitor only appends to the vector.
        unsafe {
            traverse(object as *mut ffi::PyObject, collect_visited, (&raw mut self.visited).cast());
        }
        if self.visited.len() >= MOST_VISITED {
            self.visited.clear();
            self.builder.note("an object's own traverse does not end; what it holds is absent");
        }
    }
}
