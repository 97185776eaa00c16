//! What is known of a type once for all its objects: its name, how they are read, where fields stand.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};

use refroots_core::{ReferenceName, TextId, TypeId};

use super::fields;
use super::interior::Interior;
use super::layout::{InlineValues, Layout, type_field};
use super::loaded::Loaded;
use super::names::Names;
use super::outside::Outside;
use super::raw::{self, Address, Traverse};
use super::weak::WeakTypes;

/// How an object's references are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    /// An instance whose readers are known to say all that `tp_traverse` says, and the names.
    Known(Content),
    /// `tp_traverse` says what there is; fields and contents that it confirms have names.
    Traversed(Content),
    /// A class.
    Type,
    /// A code object, which the collector does not know.
    Code,
    /// A string.
    Str,
    /// A bytes object.
    Bytes,
    /// An integer.
    Int,
    /// A float.
    Float,
    /// `None`, `True`, `Ellipsis`, …: its type's name says which.
    Constant,
    /// Something else that the collector does not know: only its fields are seen.
    Opaque,
}

/// What an object contains besides fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Fields only.
    Nothing,
    /// A list's elements.
    List,
    /// A tuple's elements.
    Tuple,
    /// A dict's keys and values.
    Dict,
    /// A set's or frozenset's members.
    Set,
}

/// A pointer inside an object, at an offset from its beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) offset: isize,
    pub(crate) name: ReferenceName,
    /// Whether the type publishes it as a member; one that it does not only names what is traversed.
    pub(crate) is_published: bool,
    /// Whether the type owns what stands there and its traverse does not report it.
    pub(crate) is_unvisited: bool,
}

/// Where an instance keeps its `__dict__`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DictPlace {
    /// It has none.
    Absent,
    /// At an offset from the beginning.
    At(isize),
    /// At an offset from the end of an object of variable size.
    FromEnd(isize),
    /// Before the object, as [`InlineValues`] says.
    Managed,
}

/// One type's shape.
#[derive(Debug)]
pub(crate) struct TypeShape {
    pub(crate) type_id: TypeId,
    pub(crate) category: Category,
    pub(crate) flags: usize,
    pub(crate) basic_size: usize,
    pub(crate) item_size: usize,
    pub(crate) traverse: Option<Traverse>,
    pub(crate) asks_is_gc: bool,
    pub(crate) fields: Vec<Field>,
    /// What its objects hold outside of their fields.
    pub(crate) interior: Interior,
    /// What memory its objects own besides themselves.
    pub(crate) outside: Outside,
    /// A type in C that CPython does not ship: what its objects hold is known from its traverse alone.
    pub(crate) is_foreign: bool,
    /// A dtype of numpy.
    pub(crate) is_dtype: bool,
    /// The name of references that nothing else names.
    pub(crate) others: ReferenceName,
    /// Whether the collector never tracks its objects, though their type says that it could.
    pub(crate) is_never_tracked: bool,
    /// Whether its objects own a reference to their class that no one else is asked for: of the link of an
    /// `lru_cache` the wrapper's traverse tells (Modules/_functoolsmodule.c).
    pub(crate) shows_class: bool,
    /// Whether a coroutine can wait for its objects.
    pub(crate) is_awaitable: bool,
    /// Whether its objects are weak references.
    pub(crate) is_weak: bool,
    /// A named sequence in C (`structseq`): its fields are its items, more of them than it has length.
    pub(crate) is_struct_sequence: bool,
    pub(crate) dict: DictPlace,
    /// Names of inline values and the keys that stand for them, in the order of the values.
    pub(crate) inline_names: Vec<(TextId, Address)>,
    /// Entries that the inline values of one instance have room for.
    pub(crate) inline_capacity: usize,
    /// `str`, `int`, …: of the exact built-in type whose objects have a size of their own.
    pub(crate) builtin: Builtin,
    /// refroots' own type.
    pub(crate) is_own: bool,
    /// Definitions: how an object of this type says its name.
    pub(crate) definition: Definition,
}

/// Built-in types (and what inherits their layout) whose size is not basic size plus items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Builtin {
    Other,
    List,
    Dict,
    Set,
    Str,
    Int,
    Type,
    ByteArray,
    /// A generator or coroutine: its frame is its last field (3.11+).
    Generator,
    /// A frame object: the frame is its last field once it has ended (3.11+).
    Frame,
}

/// Objects that have a name of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Definition {
    None,
    Type,
    Module,
    Function,
    Code,
    BuiltinFunction,
    BoundMethod,
}

/// `PyType_GetDict`: a new reference to a type's dict.
pub(crate) type TypeDict = unsafe extern "C" fn(*mut pyo3::ffi::PyTypeObject) -> *mut pyo3::ffi::PyObject;

/// From an interpreter to its first thread, and from a thread to the next.
pub(crate) type ThreadStep = unsafe extern "C" fn(*mut c_void) -> *mut pyo3::ffi::PyThreadState;

/// From a code object and an offset in bytes to a line; it decodes the line table on the stack.
pub(crate) type LineOf = unsafe extern "C" fn(*mut pyo3::ffi::PyObject, c_int) -> c_int;

/// The types that shapes are compared with, and functions that the stable ABI does not have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownTypes {
    pub(crate) object: Address,
    pub(crate) list: Address,
    pub(crate) tuple: Address,
    pub(crate) dict: Address,
    pub(crate) set: Address,
    pub(crate) frozenset: Address,
    pub(crate) int: Address,
    pub(crate) str: Address,
    pub(crate) bytes: Address,
    pub(crate) float: Address,
    pub(crate) bytearray: Address,
    /// Types of `None`, `True`, `Ellipsis` and `NotImplemented`.
    pub(crate) constants: [Address; 4],
    pub(crate) none: Address,
    pub(crate) code: Address,
    pub(crate) cell: Address,
    pub(crate) module: Address,
    pub(crate) function: Address,
    pub(crate) method: Address,
    pub(crate) builtin_function: Address,
    pub(crate) frame: Address,
    pub(crate) weak: WeakTypes,
    /// Generators, coroutines and async generators, with their basic sizes in bytes.
    pub(crate) generators: [(Address, usize); 3],
    pub(crate) tuple_items: isize,
    /// `tp_traverse` of classes that Python code makes: `subtype_traverse`.
    pub(crate) subtype_traverse: Address,
    /// `PyInterpreterState_ThreadHead` and `PyThreadState_Next` (cpython/pystate.h, 3.10–3.14).
    pub(crate) threads: Option<(ThreadStep, ThreadStep)>,
    /// `PyCode_Addr2Line` (cpython/code.h, 3.10–3.14).
    pub(crate) line_of: Option<LineOf>,
    /// `PyType_GetDict`, where there is one (3.12+).
    pub(crate) type_dict: Option<TypeDict>,
    /// `tp_traverse` of named sequences in C: `structseq_traverse`.
    pub(crate) struct_sequence_traverse: Address,
}

impl TypeShape {
    /// Reads a type.
    ///
    /// # Safety
    /// `type_object` must be a live type, the GIL held, and no Python code may run meanwhile.
    pub(crate) unsafe fn read(
        type_object: Address,
        layout: &Layout,
        known: &KnownTypes,
        loaded: &Loaded,
        names: &mut Names<'_>,
    ) -> Self {
        // SAFETY: every read below is of a field of a live type or of one of its bases, which it keeps
        // alive; the offsets are those of `PyTypeObject`, checked by the probe.
        unsafe {
            let flags = raw::type_flags(type_object);
            let traverse = raw::word(type_object, type_field::TRAVERSE);
            let (type_id, is_own) = names.type_named(type_object, flags);
            let (content, is_known) = content(type_object, known);
            let builtin = builtin(flags, content, type_object, known);
            let is_struct_sequence = traverse == known.struct_sequence_traverse;
            // Without their layout only `tp_traverse` says what attributes stand in an instance.
            let is_unread = flags & raw::MANAGED_DICT != 0 && layout.inline_values == InlineValues::Absent;
            let is_known = (is_known || is_struct_sequence) && traverse != 0 && !is_unread;
            let mut shape = Self {
                type_id,
                category: category(type_object, flags, known, content, is_known),
                flags,
                basic_size: raw::signed(type_object, type_field::BASIC_SIZE).unsigned_abs(),
                item_size: raw::signed(type_object, type_field::ITEM_SIZE).unsigned_abs(),
                traverse: (flags & raw::HAVE_GC != 0 && traverse != 0).then(|| std::mem::transmute::<usize, Traverse>(traverse)),
                asks_is_gc: raw::word(type_object, type_field::IS_GC) != 0,
                fields: Vec::new(),
                interior: Interior::None,
                outside: Outside::Nothing,
                is_foreign: false,
                is_dtype: false,
                others: ReferenceName::Unnamed,
                is_never_tracked: false,
                shows_class: flags & raw::HEAP_TYPE != 0
                    && raw::c_string(type_object, type_field::NAME) != "functools._lru_list_elem",
                is_awaitable: false,
                is_weak: false,
                is_struct_sequence,
                dict: if is_unread { DictPlace::Absent } else { dict_place(type_object, flags) },
                inline_names: Vec::new(),
                inline_capacity: 0,
                builtin,
                is_own,
                definition: definition(type_object, flags, known),
            };
            shape.read_fields(type_object, layout, known, loaded, names);
            if has_inline_values(layout, flags) {
                shape.read_inline_names(type_object, layout, names);
            }
            shape
        }
    }

    /// Fields by `tp_members` of the type and its bases, and those that built-in types do not publish.
    ///
    /// # Safety
    /// As for [`TypeShape::read`].
    unsafe fn read_fields(
        &mut self,
        type_object: Address,
        layout: &Layout,
        known: &KnownTypes,
        loaded: &Loaded,
        names: &mut Names<'_>,
    ) {
        let mut base = type_object;
        while base != 0 {
            // SAFETY:
            // - `tp_members` is NULL or an array of `PyMemberDef` (name, type, offset, flags, doc: 40 bytes)
            //   that ends with a NULL name (descrobject.h, 3.10–3.14);
            // - bases form a chain that ends with `object`.
            unsafe {
                self.is_weak |= known.weak.has(base);
                let is_heap = raw::type_flags(base) & raw::HEAP_TYPE != 0;
                let has_slots = is_heap && raw::word(base, layout.ht_name + 8) != 0;
                let mut member = raw::word(base, type_field::MEMBERS);
                while member != 0 && raw::word(member, 0) != 0 {
                    let (kind, offset, member_flags) = (raw::half(member, 8), raw::signed(member, 16), raw::half(member, 24));
                    // T_OBJECT and T_OBJECT_EX; an offset relative to the base's size (8) is some C type's own.
                    if matches!(kind, 6 | 16) && member_flags & 8 == 0 {
                        let name = names.intern(raw::c_string(member, 0));
                        let name = if has_slots { ReferenceName::Slot(name) } else { ReferenceName::Special(name) };
                        self.add_field(offset, name, true);
                    }
                    member += 40;
                }
                // A class of the program may have any name; a type that is compiled in has its own.
                let traverse = raw::word(base, type_field::TRAVERSE);
                if !is_heap || (traverse != 0 && traverse != known.subtype_traverse) {
                    let type_name = raw::c_string(base, type_field::NAME);
                    self.read_known_fields(type_name, layout, names);
                    // `tp_dealloc` is there also where nothing is to be traversed.
                    if loaded.is_shipped(raw::word(base, type_field::DEALLOC), known.subtype_traverse) {
                        if self.interior == Interior::None {
                            self.interior = Interior::of(type_name);
                        }
                        if self.outside == Outside::Nothing {
                            self.outside = Outside::of_shipped(type_name);
                        }
                    } else {
                        self.is_foreign |= base != known.object;
                        if type_name == "numpy.ndarray" {
                            self.outside = Outside::NumpyArray;
                        }
                    }
                    self.is_dtype |= type_name == "numpy.dtype" && base != type_object;
                }
                base = raw::word(base, type_field::BASE);
            }
        }
    }

    fn read_known_fields(&mut self, type_name: &str, layout: &Layout, names: &mut Names<'_>) {
        for &(offset, field) in fields::fields_of(type_name, layout.version) {
            let name = names.intern(field);
            self.add_field(offset, ReferenceName::Special(name), false);
        }
        for &offset in fields::unvisited_fields_of(type_name) {
            if let Some(field) = self.fields.iter_mut().find(|field| field.offset == offset) {
                (field.is_published, field.is_unvisited) = (true, true);
            }
        }
        self.is_never_tracked |= fields::NEVER_TRACKED.contains(&type_name);
        if let (ReferenceName::Unnamed, Some(others)) = (self.others, fields::others_of(type_name)) {
            self.others = ReferenceName::Special(names.intern(others));
        }
        self.is_awaitable |= matches!(
            type_name,
            "generator"
                | "coroutine"
                | "async_generator_asend"
                | "async_generator_athrow"
                | "anext_awaitable"
                | "coroutine_wrapper"
                | "_asyncio.FutureIter"
        );
    }

    fn add_field(&mut self, offset: isize, name: ReferenceName, is_published: bool) {
        let fits = offset >= 16 && (self.is_struct_sequence || offset as usize + raw::WORD <= self.basic_size);
        if fits && self.fields.iter().all(|field| field.offset != offset) {
            self.fields.push(Field { offset, name, is_published, is_unvisited: false });
        }
    }

    /// # Safety
    /// As for [`TypeShape::read`].
    unsafe fn read_inline_names(&mut self, type_object: Address, layout: &Layout, names: &mut Names<'_>) {
        // SAFETY:
        // - a heap type with inline values has `ht_cached_keys`, a split key table;
        // - the probe has read an instance's attributes through this.
        unsafe {
            let keys = raw::word(type_object, layout.cached_keys);
            if keys == 0 {
                return;
            }
            let entries = layout.split_keys(keys);
            self.inline_capacity = entries.capacity;
            for entry in (entries.start..entries.end).step_by(entries.step) {
                let key = raw::word(entry, 0);
                let name = if key == 0 { names.intern("") } else { names.text_of(key).unwrap_or_else(|| names.intern("?")) };
                self.inline_names.push((name, key));
            }
        }
    }

    /// Whether the type is a class that Python code or C code made at run time.
    pub(crate) fn is_heap_type(&self) -> bool {
        self.flags & raw::HEAP_TYPE != 0
    }
}

pub(crate) fn has_inline_values(layout: &Layout, flags: usize) -> bool {
    match layout.inline_values {
        InlineValues::Absent => false,
        InlineValues::Pointer | InlineValues::Tagged => flags & raw::MANAGED_DICT != 0,
        InlineValues::Behind => flags & raw::INLINE_VALUES != 0,
    }
}

/// Whether a type's traverse is the one of Python's classes, and above it there is nothing but a built-in container.
///
/// # Safety
/// `type_object` must be live.
pub(super) unsafe fn has_plain_traverse(type_object: Address, known: &KnownTypes) -> bool {
    // SAFETY: the caller's promise.
    unsafe { content(type_object, known).1 && raw::word(type_object, type_field::TRAVERSE) == known.subtype_traverse }
}

/// The container that the type is or derives from, and whether every `tp_traverse` on the way is the
/// one of Python classes, so that slots, dict, class and content are all there is.
unsafe fn content(type_object: Address, known: &KnownTypes) -> (Content, bool) {
    let mut base = type_object;
    let mut is_known = true;
    while base != 0 {
        let found = match base {
            b if b == known.object => Some(Content::Nothing),
            b if b == known.list => Some(Content::List),
            b if b == known.tuple => Some(Content::Tuple),
            b if b == known.dict => Some(Content::Dict),
            b if b == known.set || b == known.frozenset => Some(Content::Set),
            _ => None,
        };
        if let Some(content) = found {
            return (content, is_known);
        }
        // SAFETY: `base` is the live type or one of its bases.
        unsafe {
            // A base without a traverse (`int`, `datetime`) adds nothing that the collector could see; one
            // with it may be inherited from by types that the collector knows without being one itself.
            let traverse = raw::word(base, type_field::TRAVERSE);
            if traverse == 0 && raw::type_flags(base) & raw::HEAP_TYPE == 0 {
                return (Content::Nothing, is_known);
            }
            is_known &= traverse == known.subtype_traverse;
            base = raw::word(base, type_field::BASE);
        }
    }
    (Content::Nothing, false)
}

fn category(type_object: Address, flags: usize, known: &KnownTypes, content: Content, is_known: bool) -> Category {
    match type_object {
        _ if flags & raw::TYPE_SUBCLASS != 0 => Category::Type,
        t if t == known.code => Category::Code,
        t if t == known.str => Category::Str,
        t if t == known.bytes => Category::Bytes,
        t if t == known.int => Category::Int,
        t if t == known.float => Category::Float,
        t if known.constants.contains(&t) => Category::Constant,
        _ if flags & raw::HAVE_GC == 0 => Category::Opaque,
        _ if is_known => Category::Known(content),
        _ => Category::Traversed(content),
    }
}

fn builtin(flags: usize, content: Content, type_object: Address, known: &KnownTypes) -> Builtin {
    match content {
        Content::List => Builtin::List,
        Content::Dict => Builtin::Dict,
        Content::Set => Builtin::Set,
        _ if flags & raw::UNICODE_SUBCLASS != 0 => Builtin::Str,
        _ if flags & raw::LONG_SUBCLASS != 0 => Builtin::Int,
        _ if flags & raw::TYPE_SUBCLASS != 0 => Builtin::Type,
        _ if type_object == known.bytearray => Builtin::ByteArray,
        _ if known.generators.iter().any(|&(generator, _)| generator == type_object) => Builtin::Generator,
        _ if type_object == known.frame => Builtin::Frame,
        _ => Builtin::Other,
    }
}

fn definition(type_object: Address, flags: usize, known: &KnownTypes) -> Definition {
    match type_object {
        _ if flags & raw::TYPE_SUBCLASS != 0 => Definition::Type,
        t if t == known.module => Definition::Module,
        t if t == known.function => Definition::Function,
        t if t == known.code => Definition::Code,
        t if t == known.builtin_function => Definition::BuiltinFunction,
        t if t == known.method => Definition::BoundMethod,
        _ => Definition::None,
    }
}

/// # Safety
/// `type_object` must be a live type.
unsafe fn dict_place(type_object: Address, flags: usize) -> DictPlace {
    if flags & raw::MANAGED_DICT != 0 {
        return DictPlace::Managed;
    }
    // SAFETY: the caller's promise.
    match unsafe { raw::signed(type_object, type_field::DICT_OFFSET) } {
        0 => DictPlace::Absent,
        offset if offset > 0 => DictPlace::At(offset),
        offset => DictPlace::FromEnd(offset),
    }
}
