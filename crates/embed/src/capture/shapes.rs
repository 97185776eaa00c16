//! The shapes of the types that a walk has met, each read once and found by its type's address.
#![allow(unsafe_code)]

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::ahead::table_pointer;
use super::names::Names;
use super::raw::Address;
use super::type_shape::TypeShape;
use super::walk::Walk;

/// Shapes that are found without a hash.
const RECENT: usize = 256;

pub(super) struct Shapes {
    pub(super) all: Vec<Rc<TypeShape>>,
    by_type: FxHashMap<Address, u32>,
    /// The last shapes that were asked for, by their types' addresses.
    recent: [RecentShape; RECENT],
}

#[derive(Clone, Copy, Default)]
pub(super) struct RecentShape {
    type_object: Address,
    shape: u32,
    /// See [`table_pointer`].
    pub(super) table_pointer: isize,
}

impl Shapes {
    pub(super) fn new() -> Self {
        Self { all: Vec::new(), by_type: FxHashMap::default(), recent: [RecentShape::default(); RECENT] }
    }

    /// A type's shape, where it was asked for lately.
    #[inline]
    pub(super) fn recent(&self, type_object: Address) -> Option<&RecentShape> {
        Some(&self.recent[place(type_object)]).filter(|recent| recent.type_object == type_object)
    }
}

/// The place of a type among the recent shapes.
#[inline]
fn place(type_object: Address) -> usize {
    (type_object >> 4) % RECENT
}

impl Walk<'_> {
    /// A shape that was read before.
    pub(crate) fn shape_at(&self, at: usize) -> &TypeShape {
        &self.shapes.all[at]
    }

    /// The shape of a type, read at its first object.
    ///
    /// # Safety
    /// `type_object` must be a live type.
    #[inline]
    pub(crate) unsafe fn shape(&mut self, type_object: Address) -> usize {
        match self.shapes.recent(type_object) {
            Some(recent) => recent.shape as usize,
            // SAFETY: the caller's promise.
            None => unsafe { self.less_recent_shape(type_object) },
        }
    }

    /// # Safety
    /// As for [`Walk::shape`].
    #[inline(never)]
    unsafe fn less_recent_shape(&mut self, type_object: Address) -> usize {
        if let Some(&shape) = self.shapes.by_type.get(&type_object) {
            let table_pointer = table_pointer(self.shape_at(shape as usize), self.layout);
            self.shapes.recent[place(type_object)] = RecentShape { type_object, shape, table_pointer };
            return shape as usize;
        }
        let mut names = Names { cache: &mut self.cache, layout: self.layout, builder: &mut self.builder };
        // SAFETY: the caller's promise.
        let shape = unsafe { TypeShape::read(type_object, self.layout, self.known, &self.loaded, &mut names) };
        // A type is a node also where nothing that is read refers to it.
        self.node(type_object);
        self.shapes.all.push(Rc::new(shape));
        let id = self.shapes.all.len() - 1;
        self.shapes.by_type.insert(type_object, id as u32);
        id
    }
}
