//! Asking for memory before it is read: most of a walk's time is waiting for objects that lie far apart.
#![allow(unsafe_code)]

use refroots_core::NodeId;

use super::layout::{InlineValues, Layout};
use super::raw::{self, Address};
use super::type_shape::{Builtin, TypeShape, has_inline_values};
use super::walk::Walk;

/// How many objects before its turn an object's own memory is asked for, and then the table that it
/// points to. Memory answers within the time of some ten objects.
const OBJECT: u32 = 24;
const TABLE: u32 = 12;

/// Where objects of a type keep the pointer to what is read of them next: a list's items, a dict's keys,
/// an instance's values. 0 where there is no such thing.
pub(super) fn table_pointer(shape: &TypeShape, layout: &Layout) -> isize {
    match (shape.builtin, layout.inline_values) {
        (Builtin::List, _) => 24,
        (Builtin::Dict, _) => 32,
        (_, InlineValues::Pointer) if has_inline_values(layout, shape.flags) => -32,
        (_, InlineValues::Tagged) if has_inline_values(layout, shape.flags) => -24,
        _ => 0,
    }
}

impl Walk<'_> {
    /// Asks for the memory of objects whose turn comes soon after `node`.
    ///
    /// # Safety
    /// As for [`Walk::run`].
    #[inline]
    pub(super) unsafe fn fetch_ahead(&self, node: NodeId) {
        if let Some(object) = self.builder.address_if_discovered(NodeId(node.0 + OBJECT)) {
            raw::fetch(object as Address);
        }
        let later = NodeId(node.0 + TABLE);
        let Some(object) = self.builder.address_if_discovered(later) else { return };
        if self.synthetic.contains(&later.0) {
            return;
        }
        // SAFETY: a discovered object is live, and the offset is its own type's (see `table_pointer`).
        unsafe {
            let object = object as Address;
            let table = self.shapes.recent(raw::type_of(object)).map_or(0, |recent| recent.table_pointer);
            if table != 0 {
                raw::fetch(raw::word(object, table));
            }
        }
    }
}
