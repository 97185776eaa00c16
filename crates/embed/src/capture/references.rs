//! Reading an object's references, with their names: what layouts say, checked against `tp_traverse`.
#![allow(unsafe_code)]

use refroots_core::{NodeFlags, NodeId, ReferenceName};

use super::code::LocalsLayout;
use super::interior::Interior;
use super::layout::InlineValues;
use super::outside::Outside;
use super::raw::{self, Address, WORD};
use super::type_shape::{Category, Content, DictPlace, Field, TypeShape, has_inline_values};
use super::walk::Walk;

impl Walk<'_> {
    /// Adds the references of the object that was described last.
    ///
    /// # Safety
    /// `object` must be live, of type `type_object`, of which `shape` is the shape.
    pub(crate) unsafe fn read_references(&mut self, node: NodeId, object: Address, type_object: Address, shape: &TypeShape) {
        // SAFETY: the caller's promise.
        unsafe {
            match shape.category {
                Category::Known(_) if shape.is_struct_sequence => self.read_struct_sequence(object, type_object, shape),
                Category::Known(content) => {
                    self.read_content(node, object, content);
                    self.each_field(object, shape, |walk, target, name| walk.refer(target, name));
                    if shape.outside == Outside::NumpyArray {
                        self.read_numpy_array(object);
                    }
                    if matches!(shape.interior, Interior::Zoned(_)) {
                        self.read_unseen(object, shape);
                    }
                    if shape.is_heap_type() {
                        let class = self.field_names.class;
                        self.refer(type_object, ReferenceName::Special(class));
                    }
                }
                Category::Traversed(content) => {
                    self.read_traversed(node, object, type_object, shape, content);
                    if shape.is_weak {
                        self.read_weak(node, object);
                    }
                }
                Category::Type => self.read_type(object, type_object, shape),
                Category::Code => {
                    self.each_field(object, shape, |walk, target, name| walk.refer(target, name));
                    if let Some(LocalsLayout::Together { names, .. }) = self.layout.code.map(|code| code.locals) {
                        let field = self.builder.intern("(co_localsplusnames)");
                        self.refer(raw::word(object, names), ReferenceName::Special(field));
                    }
                }
                Category::Opaque => {
                    self.each_field(object, shape, |walk, target, name| walk.refer(target, name));
                    match shape.outside {
                        Outside::NumpyArray => self.read_numpy_array(object),
                        _ if matches!(shape.interior, Interior::Zoned(_)) => self.read_unseen(object, shape),
                        _ if shape.is_dtype => self.read_dtype(object, shape.basic_size),
                        _ => {}
                    }
                    // A class made at run time that no traverse of its objects could show.
                    if shape.shows_class {
                        let class = self.field_names.class;
                        self.refer(type_object, ReferenceName::Special(class));
                    }
                }
                Category::Str | Category::Bytes | Category::Int | Category::Float | Category::Constant => {}
            }
        }
    }

    /// Adds what a container contains.
    ///
    /// # Safety
    /// `object` must be live and have the content's layout.
    pub(super) unsafe fn read_content(&mut self, node: NodeId, object: Address, content: Content) {
        // SAFETY: layouts of cpython/listobject.h, tupleobject.h, setobject.h, the same in 3.10–3.14 but
        // for the beginning of a tuple's items, which is `tuple.__basicsize__`.
        unsafe {
            match content {
                Content::Nothing => {}
                Content::List => self.read_array(raw::word(object, 24), raw::word(object, 16)),
                Content::Tuple => {
                    let items = object.wrapping_add_signed(self.known.tuple_items);
                    self.read_array(items, raw::word(object, 16));
                }
                Content::Dict => self.read_dict(node, object),
                Content::Set => each_member(object, |member| self.refer(member, ReferenceName::Member)),
            }
        }
    }

    /// Adds the items of a named sequence by their names. It has more of them than its length says, and
    /// some are never tracked (Objects/structseq.c).
    ///
    /// # Safety
    /// As for [`Walk::read_references`].
    unsafe fn read_struct_sequence(&mut self, object: Address, type_object: Address, shape: &TypeShape) {
        // SAFETY: its members' offsets are those of its items, named hidden ones behind the visible ones.
        unsafe {
            let start = self.known.tuple_items;
            let named = shape.fields.iter().map(|field| (field.offset - start) as usize / WORD + 1).max();
            for index in 0..raw::word(object, 16).max(named.unwrap_or(0)) {
                let offset = start + (index * WORD) as isize;
                let field = shape.fields.iter().find(|field| field.offset == offset);
                let item = raw::word(object, offset);
                if item != 0 {
                    self.refer(item, field.map_or(ReferenceName::Index(index as u32), |field| field.name));
                }
            }
            if shape.is_heap_type() {
                let class = self.field_names.class;
                self.refer(type_object, ReferenceName::Special(class));
            }
        }
    }

    /// # Safety
    /// `items` must be an array of `count` pointers to live objects, or NULL where `count` is 0.
    unsafe fn read_array(&mut self, items: Address, count: usize) {
        for index in 0..count {
            // SAFETY: the caller's promise; an element may be NULL while the container is being built.
            let item = unsafe { raw::word(items, (index * WORD) as isize) };
            if item != 0 {
                self.refer(item, ReferenceName::Index(index as u32));
            }
        }
    }

    /// Adds a dict's keys and values. The keys of a split table are its class's. Values that stand inside
    /// an instance are on 3.13 referred to by the instance, on 3.14 by the dict as soon as there is one
    /// (`PyObject_VisitManagedDict` and `dict_traverse`, Objects/dictobject.c).
    ///
    /// # Safety
    /// `dict` must be a live dict.
    unsafe fn read_dict(&mut self, node: NodeId, dict: Address) {
        let is_namespace = self.take_namespace(node);
        if is_namespace {
            self.builder.flag(node, NodeFlags::NAMESPACE);
        }
        // SAFETY:
        // - `ma_values` at 40 is NULL for combined tables (cpython/dictobject.h, 3.10–3.14);
        // - the values' third byte says whether an instance embeds them (internal/pycore_dict.h, 3.13+).
        unsafe {
            let values = raw::word(dict, 40);
            let is_split = values != 0;
            let is_instances_own = is_split && self.layout.version == (3, 13) && raw::byte(values, 2) != 0;
            if is_instances_own {
                return;
            }
            if self.is_interned_strings(dict) {
                return self.builder.flag(node, NodeFlags::INTERNAL);
            }
            raw::each_item(dict, |key, value| {
                let Some(key_node) = self.node(key) else { return true };
                let attribute = if is_namespace { self.names().text_of(key) } else { None };
                self.refer(value, attribute.map_or(ReferenceName::Item(key_node), ReferenceName::Attribute));
                if !is_split {
                    self.builder.refer(key_node, ReferenceName::Key);
                }
                !self.builder.has_failed()
            });
        }
    }

    /// Whether a dict is the interpreter's own of interned strings: the collector has it from 3.14 on, and
    /// it does not own what it refers to (Objects/unicodeobject.c, `intern_common`). Every key of it is
    /// its own value, and an interned string; it is not told from a dict of the program that is just so.
    ///
    /// # Safety
    /// `dict` must be a live dict.
    unsafe fn is_interned_strings(&self, dict: Address) -> bool {
        // SAFETY: `ma_used` at 16; the state of a str at 32, whose low two bits say that it is interned.
        unsafe {
            if self.layout.version < (3, 14) || raw::word(dict, 16) < 1000 {
                return false;
            }
            let mut is_so = true;
            raw::each_item(dict, |key, value| {
                is_so = key == value && raw::type_of(key) == self.known.str && raw::half(key, 32) & 3 != 0;
                is_so
            });
            is_so
        }
    }

    /// Calls `found` for each pointer that stands in the object itself: fields, attributes, `__dict__`.
    ///
    /// # Safety
    /// `object` must be live and of the type of `shape`.
    pub(super) unsafe fn each_field(
        &mut self,
        object: Address,
        shape: &TypeShape,
        mut found: impl FnMut(&mut Self, Address, ReferenceName),
    ) {
        // SAFETY: every offset lies within the type's basic size, or where `dict_pointer` and
        // `inline_values` know it to be.
        unsafe {
            let is_confirmed = matches!(shape.category, Category::Traversed(_) | Category::Type);
            // Fields that no visit confirms are read by themselves where visits confirm the others.
            let is_read = |field: &&Field| if is_confirmed { !field.is_unvisited } else { field.is_published };
            for field in shape.fields.iter().filter(is_read) {
                let target = raw::word(object, field.offset);
                if target != 0 {
                    if !is_confirmed && field.name == ReferenceName::Special(self.field_names.dict) {
                        self.mark_namespace(target);
                    }
                    found(self, target, field.name);
                }
            }
            if let Some(values) = self.inline_values(object, shape) {
                for (index, &(name, _)) in shape.inline_names.iter().enumerate().take(values.count) {
                    let value = raw::word(values.start, (index * WORD) as isize);
                    if value != 0 {
                        found(self, value, ReferenceName::Attribute(name));
                    }
                }
            }
            let dict = self.dict_pointer(object, shape);
            if dict != 0 {
                // What `tp_traverse` is to confirm may be no object: a field of an object that is not filled
                // yet, or of a base whose layout the type has left (mypyc's).
                if !is_confirmed {
                    self.mark_namespace(dict);
                }
                found(self, dict, ReferenceName::Special(self.field_names.dict));
            }
        }
    }

    /// The object's `__dict__`, 0 where there is none (yet): it is never made.
    ///
    /// # Safety
    /// As for [`Walk::each_field`].
    pub(crate) unsafe fn dict_pointer(&self, object: Address, shape: &TypeShape) -> Address {
        // SAFETY: `_PyObject_ComputedDictPointer` (Objects/object.c) computes the same places; managed
        // dicts stand 3 words before the object (internal/pycore_object.h, 3.11–3.14).
        unsafe {
            match shape.dict {
                DictPlace::Absent => 0,
                DictPlace::At(offset) => raw::word(object, offset),
                DictPlace::FromEnd(offset) => {
                    let items = self.layout.item_count(object, shape.flags & raw::LONG_SUBCLASS != 0);
                    let end = (shape.basic_size + items * shape.item_size).next_multiple_of(WORD);
                    raw::word(object, end as isize + offset)
                }
                DictPlace::Managed => {
                    let dict = raw::word(object, -24);
                    if self.layout.inline_values == InlineValues::Tagged && dict & 1 == 1 { 0 } else { dict }
                }
            }
        }
    }

    /// # Safety
    /// As for [`Walk::each_field`].
    pub(crate) unsafe fn inline_values(&self, object: Address, shape: &TypeShape) -> Option<ValuesRun> {
        if !has_inline_values(self.layout, shape.flags) {
            return None;
        }
        let count = shape.inline_names.len();
        // SAFETY: see [`InlineValues`]; `count` is at most what the class's key table has room for, which
        // is what each instance's values have room for.
        let start = unsafe {
            match self.layout.inline_values {
                InlineValues::Absent => 0,
                InlineValues::Pointer => raw::word(object, -32),
                InlineValues::Tagged => match raw::word(object, -24) {
                    tagged if tagged & 1 == 1 => tagged + 1,
                    _ => 0,
                },
                InlineValues::Behind => {
                    let values = object + shape.basic_size;
                    let has_dict = self.layout.version >= (3, 14) && raw::word(object, -24) != 0;
                    let (capacity, is_valid) = (raw::byte(values, 0), raw::byte(values, 3) != 0 && !has_dict);
                    return is_valid.then_some(ValuesRun { start: values + 8, count: count.min(capacity as usize) });
                }
            }
        };
        (start != 0).then_some(ValuesRun { start, count })
    }

    /// Learns which cells of a closure hold which variables.
    ///
    /// # Safety
    /// `function` must be a live function.
    pub(crate) unsafe fn name_cells(&mut self, function: Address) {
        // SAFETY:
        // - `func_code` at 48, `func_closure` at 72 (cpython/funcobject.h, 3.10–3.14): a code object, and
        //   NULL or a tuple of cells, one for each free variable in order;
        // - free variables are the last of the code's locals.
        unsafe {
            let (code, closure) = (raw::word(function, 48), raw::word(function, 72));
            let Some(layout) = self.layout.code.filter(|_| closure != 0 && code != 0) else { return };
            let (all, free) = (layout.local_count(code), layout.free_count(code));
            let count = raw::word(closure, 16).min(free).min(all);
            for index in 0..count {
                let cell = raw::word(closure, self.known.tuple_items + (index * WORD) as isize);
                let name = layout.local(code, all - free + index, self.known.tuple_items).name;
                if name != 0
                    && let (Some(name), Some(cell)) = (self.names().text_of(name), self.node(cell))
                {
                    self.cells.push((cell, name));
                }
            }
        }
    }
}

/// Where inline values stand, and how many of them have names.
pub(crate) struct ValuesRun {
    pub(crate) start: Address,
    pub(crate) count: usize,
}

/// Calls `found` for each member of a set.
///
/// # Safety
/// `set` must be a live set or frozenset.
unsafe fn each_member(set: Address, mut found: impl FnMut(Address)) {
    // SAFETY: `mask` at 32 and `table` at 40, entries of key and hash; an empty entry has no key, a
    // deleted one the hash -1, which no key has (cpython/setobject.h, Objects/setobject.c, 3.10–3.14).
    unsafe {
        let (mask, table) = (raw::word(set, 32), raw::word(set, 40));
        for entry in 0..=mask {
            let (key, hash) = (raw::word(table, (16 * entry) as isize), raw::signed(table, (16 * entry + 8) as isize));
            if key != 0 && hash != -1 {
                found(key);
            }
        }
    }
}
