//! References that `tp_traverse` reports, and how each gets its name: from a field or a content that it confirms.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};

use pyo3::ffi;
use refroots_core::{NodeFlags, NodeId, ReferenceName};

use super::interior::Interior;
use super::raw::{self, Address};
use super::type_shape::{Content, DictPlace, TypeShape};
use super::walk::Walk;

/// References that one traverse may report: 512 MiB of them.
pub(crate) const MOST_VISITED: usize = 1 << 26;

/// Appends what a traverse hands out; nothing else may happen inside one.
///
/// # Safety
/// `into` must be the vector that [`Walk::traverse`] gave.
pub(crate) unsafe extern "C" fn collect_visited(object: *mut ffi::PyObject, into: *mut c_void) -> c_int {
    // SAFETY: the vector is the walk's, which waits for the traverse to return.
    let visited = unsafe { &mut *into.cast::<Vec<Address>>() };
    // CPython 3.12's `_asyncio` walks a free list that can be a ring; no object refers to so many others.
    if visited.len() >= MOST_VISITED {
        return 1;
    }
    // A failed allocation must not unwind through C: the reference is dropped and the traverse ends.
    if visited.len() == visited.capacity() && visited.try_reserve(visited.len().max(64)).is_err() {
        return 1;
    }
    visited.push(object as Address);
    0
}

/// Names of references, each to be confirmed by a visit; and references that are sure, each of which
/// answers for one visit.
#[derive(Default)]
pub(crate) struct Confirmed {
    pub(super) entries: Vec<Entry>,
    order: Vec<u32>,
}

pub(super) struct Entry {
    pub(super) target: Address,
    pub(super) name: ReferenceName,
    is_sure: bool,
    is_used: bool,
}

impl Confirmed {
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
    }

    pub(super) fn add(&mut self, target: Address, name: ReferenceName, is_sure: bool) {
        if target != 0 {
            self.entries.push(Entry { target, name, is_sure, is_used: false });
        }
    }

    /// Takes the entry that a visit confirms. Visits mostly come in the order of the entries, so the
    /// next one is tried first; else the sorted order is searched, which keeps large objects at
    /// O(n log n).
    fn take(&mut self, target: Address, cursor: &mut usize) -> Option<&Entry> {
        let at = if self.entries.get(*cursor).is_some_and(|entry| entry.target == target && !entry.is_used) {
            *cursor
        } else if self.entries.len() <= 16 {
            self.entries.iter().position(|entry| entry.target == target && !entry.is_used)?
        } else {
            if self.order.is_empty() {
                self.order.extend(0..self.entries.len() as u32);
                self.order.sort_by_key(|&at| (self.entries[at as usize].target, at));
            }
            let start = self.order.partition_point(|&at| self.entries[at as usize].target < target);
            let run = self.order[start..].iter().map(|&at| at as usize);
            run.take_while(|&at| self.entries[at].target == target).find(|&at| !self.entries[at].is_used)?
        };
        *cursor = at + 1;
        self.entries[at].is_used = true;
        Some(&self.entries[at])
    }
}

impl Walk<'_> {
    /// Adds what `tp_traverse` reports, named where a field or the content says how it is held.
    ///
    /// # Safety
    /// As for [`Walk::read_references`].
    pub(super) unsafe fn read_traversed(
        &mut self,
        node: NodeId,
        object: Address,
        type_object: Address,
        shape: &TypeShape,
        content: Content,
    ) {
        let mut confirmed = std::mem::take(&mut self.confirmed);
        confirmed.clear();
        // SAFETY: the caller's promise; an object that is not tracked may be half-built and is not traversed.
        unsafe {
            self.read_content(node, object, content);
            let is_tracked = self.builder.has_flag(node, NodeFlags::TRACKED);
            if is_tracked {
                self.read_unseen(object, shape);
                for field in shape.fields.iter().filter(|field| field.is_unvisited) {
                    self.refer(raw::word(object, field.offset), field.name);
                }
            }
            if self.builder.has_references(node) {
                for target in self.builder.referents(node) {
                    confirmed.add(target as Address, ReferenceName::Unnamed, true);
                }
            }
            self.each_field(object, shape, |_, target, name| confirmed.add(target, name, false));
            if shape.is_heap_type() {
                confirmed.add(type_object, ReferenceName::Special(self.field_names.class), false);
            }
            if shape.is_never_tracked && !is_tracked {
                self.each_field(object, shape, |walk, target, name| walk.refer(target, name));
            }
            if let Some(traverse) = shape.traverse
                && is_tracked
            {
                self.each_inside(object, shape, |target, name| confirmed.add(target, name, false));
                self.traverse(object, traverse);
                self.refer_visited(&mut confirmed, shape);
            }
            self.read_unconfirmed_dict(object, shape, &confirmed);
        }
        self.confirmed = confirmed;
    }

    /// Adds a `__dict__` that no visit confirmed, as of numpy's ufuncs, which are not tracked: where the type
    /// says that it stands, and if it is a dict that lives.
    ///
    /// # Safety
    /// As for [`Walk::read_references`].
    unsafe fn read_unconfirmed_dict(&mut self, object: Address, shape: &TypeShape, confirmed: &Confirmed) {
        if matches!(shape.dict, DictPlace::Absent | DictPlace::Managed) {
            return;
        }
        // SAFETY: a place inside of the object; what it holds is asked by reads that cannot fault.
        let dict = unsafe { self.dict_pointer(object, shape) };
        let is_held = confirmed.entries.iter().any(|entry| entry.target == dict && entry.is_used);
        if dict < 0x1000 || dict & 7 != 0 || is_held {
            return;
        }
        let mut header = [0; 2];
        let is_dict = raw::copy_words(dict, &mut header) == 2 && header[1] == self.known.dict && header[0] as u32 != 0;
        if is_dict {
            self.mark_namespace(dict);
            let name = self.field_names.dict;
            self.refer(dict, ReferenceName::Special(name));
        }
    }

    /// Adds what was visited; what is sure was added before.
    ///
    /// # Safety
    /// What was visited must be live.
    pub(super) unsafe fn refer_visited(&mut self, confirmed: &mut Confirmed, shape: &TypeShape) {
        let visited = std::mem::take(&mut self.visited);
        let mut cursor = 0;
        for &target in &visited {
            match confirmed.take(target, &mut cursor) {
                Some(entry) if entry.is_sure => {}
                Some(entry) => {
                    let name = entry.name;
                    if name == ReferenceName::Special(self.field_names.dict) {
                        self.mark_namespace(target);
                    }
                    self.refer(target, name);
                }
                None => {
                    // SAFETY: the caller's promise.
                    let name = unsafe { self.name_of_other(target, shape) };
                    self.refer(target, name);
                }
            }
        }
        self.visited = visited;
    }

    /// The name of a reference that no field and no content explains.
    ///
    /// # Safety
    /// `target` must be what a traverse of an object of the type of `shape` handed out.
    unsafe fn name_of_other(&mut self, target: Address, shape: &TypeShape) -> ReferenceName {
        if shape.interior != Interior::Frame || self.node(target).is_none() {
            return shape.others;
        }
        // SAFETY: a frame's stack holds live objects.
        let is_awaitable = unsafe {
            let at = self.shape(raw::type_of(target));
            self.shape_at(at).is_awaitable
        };
        if is_awaitable { ReferenceName::Special(self.builder.intern("(awaiting)")) } else { shape.others }
    }
}
