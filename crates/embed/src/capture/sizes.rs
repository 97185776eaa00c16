//! Shallow sizes in bytes, as the allocator gave them: header, values before or behind the object, own tables.
#![allow(unsafe_code)]

use pyo3::prelude::*;
use pyo3::types::PyList;
use refroots_core::NodeFlags;

use super::key_table::{key_table, values_size};
use super::layout::{InlineValues, Layout};
use super::raw::{self, Address, WORD};
use super::suspended;
use super::type_shape::{Builtin, Category, TypeShape, has_inline_values};

/// Bytes of `PyGC_Head`.
const GC_HEADER: usize = 16;

/// What the object itself takes. Equal to `sys.getsizeof` for objects of built-in types; for
/// instances more, because that leaves inline values and what stands before the object out.
///
/// # Safety
/// `object` must be live and of the type of `shape`.
pub(crate) unsafe fn shallow(object: Address, shape: &TypeShape, layout: &Layout, flags: NodeFlags) -> usize {
    let header = if shape.flags & raw::HAVE_GC != 0 && !flags.contains(NodeFlags::STATIC) { GC_HEADER } else { 0 };
    // SAFETY: the shape says which layout the object has.
    unsafe { body(object, shape, layout).saturating_add(header + before_and_behind(object, shape, layout)) }
}

/// For how many items a list has room.
pub(crate) fn list_room(list: &Bound<'_, PyList>) -> usize {
    // SAFETY: a live list; `allocated` at 32 as in `body`.
    unsafe { raw::signed(list.as_ptr() as Address, 32).max(0) as usize }
}

/// # Safety
/// As for [`shallow`].
unsafe fn body(object: Address, shape: &TypeShape, layout: &Layout) -> usize {
    // SAFETY: cpython/listobject.h, setobject.h, bytearrayobject.h: `allocated` at 32, `mask` at 32,
    // `table` at 40, the small table at 64, `ob_alloc` at 24, the same in 3.10–3.14.
    unsafe {
        match shape.builtin {
            // -1 while it is being sorted (Objects/listobject.c `list_sort_impl`).
            Builtin::List => shape.basic_size + raw::signed(object, 32).max(0) as usize * WORD,
            Builtin::Dict => shape.basic_size + dict_tables(object, layout),
            Builtin::Set => {
                let is_large = raw::word(object, 40) != object + 64;
                shape.basic_size + if is_large { (raw::word(object, 32) + 1) * 16 } else { 0 }
            }
            Builtin::Str if shape.category == Category::Str => layout.str_size(object),
            // A subclass keeps its characters outside; its own part is larger than a str's headers.
            Builtin::Str => shape.basic_size + layout.str_size(object).saturating_sub(layout.str_headers.1 + WORD),
            // Zero has one digit allocated from 3.11 on (Objects/longobject.c).
            Builtin::Int => {
                let digits = layout.item_count(object, true).max(usize::from(layout.version >= (3, 11)));
                let of_subclass = if shape.is_heap_type() { shape.basic_size.saturating_sub(24) } else { 0 };
                24 + digits * 4 + of_subclass
            }
            Builtin::ByteArray => shape.basic_size + raw::word(object, 24),
            Builtin::Type if raw::type_flags(object) & raw::HEAP_TYPE != 0 => {
                let keys = raw::word(object, layout.cached_keys);
                let slots = raw::signed(object, 16).unsigned_abs() * shape.item_size;
                shape.basic_size + slots + if keys == 0 { 0 } else { key_table(keys, layout) }
            }
            Builtin::Type => 408 + if layout.version >= (3, 12) { 8 } else { 0 },
            Builtin::Generator | Builtin::Frame if layout.frames.is_some_and(|frames| !frames.is_object) => {
                shape.basic_size + suspended::slot_count(object, shape, layout) * WORD
            }
            // Their item size is no promise that a count of items stands in the object.
            Builtin::Generator => shape.basic_size,
            Builtin::Frame if layout.version >= (3, 11) => shape.basic_size,
            Builtin::Other | Builtin::Frame if shape.item_size > 0 => {
                // A type of another extension may keep anything where its count would be.
                shape.basic_size.saturating_add(layout.item_count(object, false).saturating_mul(shape.item_size))
            }
            Builtin::Other | Builtin::Frame => shape.basic_size,
        }
    }
}

/// A dict's own tables: the values of a split one, the keys where they are not shared.
///
/// # Safety
/// `dict` must be a live dict.
unsafe fn dict_tables(dict: Address, layout: &Layout) -> usize {
    // SAFETY: `ma_keys` at 32, `ma_values` at 40; a key table begins with its count of owners.
    unsafe {
        let (keys, values) = (raw::word(dict, 32), raw::word(dict, 40));
        let is_embedded = values != 0 && layout.inline_values == InlineValues::Behind && raw::byte(values, 2) != 0;
        let values = match values {
            0 => 0,
            _ if is_embedded => 0,
            _ => values_size(keys, layout),
        };
        values + if raw::word(keys, 0) == 1 { key_table(keys, layout) } else { 0 }
    }
}

/// Words before an instance, and values of its own behind it or elsewhere.
///
/// # Safety
/// As for [`shallow`].
unsafe fn before_and_behind(object: Address, shape: &TypeShape, layout: &Layout) -> usize {
    let before = if shape.flags & (raw::MANAGED_DICT | raw::MANAGED_WEAKREF) != 0 && layout.version >= (3, 11) { 16 } else { 0 };
    if !has_inline_values(layout, shape.flags) {
        return before;
    }
    let values = match layout.inline_values {
        InlineValues::Absent => 0,
        // A prefix of one byte a value and two more, rounded up (`new_values`, Objects/dictobject.c, 3.11, 3.12).
        InlineValues::Pointer | InlineValues::Tagged => {
            // SAFETY: see `Walk::inline_values`.
            let values = unsafe {
                match layout.inline_values {
                    InlineValues::Pointer => raw::word(object, -32),
                    _ => Some(raw::word(object, -24)).filter(|values| values & 1 == 1).map_or(0, |values| values + 1),
                }
            };
            if values == 0 {
                return before;
            }
            // The class's first instances had room for more attributes than later ones; the byte before the
            // values says how long the prefix is that was made for them.
            // SAFETY: as above.
            let prefix = usize::from(unsafe { raw::byte(values, -1) });
            let room = shape.inline_capacity.clamp(prefix.saturating_sub(WORD + 1), prefix.saturating_sub(2));
            prefix + room * WORD
        }
        // The values begin with the room that this instance was made with; `_PyInlineValuesSize`
        // (internal/pycore_dict.h, 3.13+) says how much that takes.
        InlineValues::Behind => {
            // SAFETY: the values stand behind the object from its beginning to its end.
            let room = usize::from(unsafe { raw::byte(object + shape.basic_size, 0) });
            room.next_multiple_of(WORD) + (room + 1) * WORD
        }
    };
    before + values
}
