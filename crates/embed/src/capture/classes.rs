//! What classes hold: fields that their traverse reports, and names, subclasses and keys that it does not.
#![allow(unsafe_code)]

use pyo3::ffi;
use refroots_core::ReferenceName;

use super::layout::type_field;
use super::raw::{self, Address};
use super::type_shape::TypeShape;
use super::walk::Walk;

const TYPE_FIELDS: [(isize, &str); 5] = [
    (type_field::DICT, "__dict__"),
    (type_field::BASE, "__base__"),
    (type_field::BASES, "__bases__"),
    (type_field::MRO, "__mro__"),
    (type_field::CACHE, "(tp_cache)"),
];

impl Walk<'_> {
    /// Adds what a class holds. Static types must not be traversed (Objects/typeobject.c asserts it).
    ///
    /// # Safety
    /// `object` must be a live type, of type `type_object`, of which `shape` is the shape.
    pub(super) unsafe fn read_type(&mut self, object: Address, type_object: Address, shape: &TypeShape) {
        // SAFETY: fields of `PyTypeObject` and `PyHeapTypeObject`, each NULL or owned by the type.
        unsafe {
            let is_heap = raw::type_flags(object) & raw::HEAP_TYPE != 0;
            let dict = raw::word(object, type_field::DICT);
            if dict != 0 {
                self.mark_namespace(dict);
            }
            let mut confirmed = std::mem::take(&mut self.confirmed);
            confirmed.clear();
            for (offset, field) in TYPE_FIELDS {
                let name = ReferenceName::Special(self.builder.intern(field));
                confirmed.add(raw::word(object, offset), name, false);
            }
            if is_heap {
                confirmed.add(type_object, ReferenceName::Special(self.field_names.class), false);
                self.each_field(object, shape, |_, target, name| confirmed.add(target, name, false));
                if let Some(traverse) = shape.traverse {
                    self.traverse(object, traverse);
                    self.refer_visited(&mut confirmed, shape);
                }
                self.read_hidden_type_fields(object);
            } else {
                // `tp_base` of a static type is borrowed from its bases (Objects/typeobject.c, `type_ready`).
                let base = raw::word(object, type_field::BASE);
                for entry in confirmed.entries.iter().filter(|entry| entry.target != base) {
                    self.refer(entry.target, entry.name);
                }
                self.read_static_type(object, dict);
            }
            self.confirmed = confirmed;
        }
    }

    /// What a static type owns besides its fields: a dict that stands in the interpreter's state for types
    /// of the interpreter itself (3.12+), and its subclasses.
    ///
    /// # Safety
    /// `object` must be a live static type.
    unsafe fn read_static_type(&mut self, object: Address, dict: Address) {
        // SAFETY:
        // - exported with this signature from 3.12 on (cpython/typeobject.h, 3.12–3.14); it gives a new
        //   reference, which is given back at once: the type keeps its own, so that nothing is freed;
        // - `tp_subclasses` is NULL or a dict before 3.12, a number in the interpreter's own types from then on.
        unsafe {
            if dict == 0 {
                let Some(dict_of) = self.known.type_dict else { return };
                let dict = dict_of(object as *mut ffi::PyTypeObject);
                if dict.is_null() {
                    return;
                }
                ffi::Py_DECREF(dict);
                self.mark_namespace(dict as Address);
                let name = self.field_names.dict;
                self.refer(dict as Address, ReferenceName::Special(name));
            } else {
                let subclasses = raw::word(object, type_field::SUBCLASSES);
                if subclasses > 0x10000 {
                    let name = self.builder.intern("(tp_subclasses)");
                    self.refer(subclasses, ReferenceName::Special(name));
                }
            }
        }
    }

    /// What a class owns and its traverse does not report.
    ///
    /// # Safety
    /// `class` must be a live heap type.
    unsafe fn read_hidden_type_fields(&mut self, class: Address) {
        // SAFETY: owned references of the class, or NULL; `ht_slots` stands between its neighbours.
        unsafe {
            let fields = [
                (type_field::SUBCLASSES, "(tp_subclasses)"),
                (self.layout.ht_name, "__name__"),
                (self.layout.ht_name + 8, "__slots__"),
                (self.layout.ht_qualname, "__qualname__"),
            ];
            for (offset, field) in fields {
                let target = raw::word(class, offset);
                if target != 0 {
                    let name = self.builder.intern(field);
                    self.refer(target, ReferenceName::Special(name));
                }
            }
            let keys = raw::word(class, self.layout.cached_keys);
            if keys != 0 {
                let entries = self.layout.split_keys(keys);
                for key in (entries.start..entries.end).step_by(entries.step) {
                    self.refer(raw::word(key, 0), ReferenceName::Key);
                }
            }
        }
    }
}
