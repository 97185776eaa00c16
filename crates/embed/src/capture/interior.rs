//! What containers in C hold outside of their own fields: blocks, links, nodes, each with its name.
#![allow(unsafe_code)]

use refroots_core::ReferenceName;

use super::raw::{self, Address, WORD};
use super::type_shape::TypeShape;
use super::walk::Walk;

/// How a type's objects hold what stands in none of their fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interior {
    /// Nothing is known of it.
    None,
    /// `collections.deque`: elements in blocks.
    Deque,
    /// The wrapper of `functools.lru_cache`: a ring of links.
    LruCache,
    /// `collections.OrderedDict`: a list of nodes, each with a key.
    OrderedDict,
    /// A node of a `contextvars` mapping: pairs of a key and a value, or of nothing and a further node.
    HamtBitmap,
    /// `xml.etree.ElementTree.Element`: attributes and children behind a pointer.
    Element,
    /// `io.BytesIO`: its buffer, which its traverse shows from 3.12 on.
    BytesIo,
    /// `datetime` and `time`, which end before their zone, at this offset, where they have none.
    Zoned(isize),
    /// A generator, a coroutine, a frame object: an interpreter frame.
    Frame,
}

impl Interior {
    /// Of the type that C code named so.
    pub(crate) fn of(type_name: &str) -> Self {
        match type_name {
            "collections.deque" => Self::Deque,
            "functools._lru_cache_wrapper" => Self::LruCache,
            "collections.OrderedDict" => Self::OrderedDict,
            "hamt_bitmap_node" => Self::HamtBitmap,
            "xml.etree.ElementTree.Element" => Self::Element,
            "_io.BytesIO" => Self::BytesIo,
            "datetime.datetime" => Self::Zoned(40),
            "datetime.time" => Self::Zoned(32),
            "generator" | "coroutine" | "async_generator" | "frame" => Self::Frame,
            _ => Self::None,
        }
    }
}

/// Elements of one block of a deque (`BLOCKLEN`, Modules/_collectionsmodule.c, 3.10–3.14).
const BLOCK: usize = 64;

impl Walk<'_> {
    /// Calls `found` for each reference that stands outside of the object's own fields.
    ///
    /// # Safety
    /// `object` must be live, tracked by the collector, and of the type of `shape`.
    pub(crate) unsafe fn each_inside(
        &mut self,
        object: Address,
        shape: &TypeShape,
        mut found: impl FnMut(Address, ReferenceName),
    ) {
        // SAFETY: a tracked object is complete, and the interior is that of its own or its base's C type;
        // layouts of Modules/_collectionsmodule.c, _functoolsmodule.c, _elementtree.c and Python/hamt.c,
        // the same in 3.10–3.14.
        unsafe {
            match shape.interior {
                Interior::None => {}
                Interior::Deque => each_element(object, |index, element| found(element, ReferenceName::Index(index))),
                Interior::LruCache => {
                    // `next` of the ring's root, which is the wrapper itself, at 24; a link's key at 40, its result at 48.
                    let mut link = raw::word(object, 24);
                    while link != 0 && link != object {
                        let (key, result) = (raw::word(link, 40), raw::word(link, 48));
                        found(key, ReferenceName::Key);
                        if let Some(key) = self.node(key) {
                            found(result, ReferenceName::Item(key));
                        }
                        let link_type = self.builder.intern("(link type)");
                        found(raw::type_of(link), ReferenceName::Special(link_type));
                        link = raw::word(link, 24);
                    }
                }
                // What no traverse would confirm: `read_unseen`.
                Interior::OrderedDict | Interior::BytesIo | Interior::Zoned(_) => {}
                Interior::HamtBitmap => {
                    let branch = self.builder.intern("(branch)");
                    for pair in 0..raw::word(object, 16) / 2 {
                        let at = (32 + 2 * pair * WORD) as isize;
                        let (key, value) = (raw::word(object, at), raw::word(object, at + WORD as isize));
                        found(key, ReferenceName::Key);
                        match if key == 0 { None } else { self.node(key) } {
                            Some(key) => found(value, ReferenceName::Item(key)),
                            None => found(value, ReferenceName::Special(branch)),
                        }
                    }
                }
                Interior::Element => {
                    // `text` and `tail` have a low bit that says they are lists of pieces.
                    for (offset, name) in [(24, "text"), (32, "tail")] {
                        let name = self.builder.intern(name);
                        found(raw::word(object, offset) & !1, ReferenceName::Special(name));
                    }
                    let extra = raw::word(object, 40);
                    if extra != 0 {
                        let attributes = self.builder.intern("attrib");
                        found(raw::word(extra, 0), ReferenceName::Special(attributes));
                        let children = raw::word(extra, 24);
                        for index in 0..raw::word(extra, 8) {
                            found(raw::word(children, (index * WORD) as isize), ReferenceName::Index(index as u32));
                        }
                    }
                }
                Interior::Frame => self.suspended_locals(object, shape, found),
            }
        }
    }

    /// Adds what the object owns and its traverse does not show.
    ///
    /// # Safety
    /// As for [`Walk::each_inside`].
    pub(crate) unsafe fn read_unseen(&mut self, object: Address, shape: &TypeShape) {
        // SAFETY:
        // - `od_first` at 48; a node's key at 0, which it owns besides the dict, its successor at 16
        //   (Objects/odictobject.c, 3.10–3.14);
        // - `buf` at 16 is a bytes object or NULL (Modules/_io/bytesio.c).
        unsafe {
            match shape.interior {
                Interior::OrderedDict => {
                    let mut node = raw::word(object, 48);
                    while node != 0 {
                        self.refer(raw::word(node, 0), ReferenceName::Key);
                        node = raw::word(node, 16);
                    }
                }
                // The ring owns its links, besides the dict of a cache that is bounded.
                Interior::LruCache => {
                    let name = ReferenceName::Special(self.builder.intern("(link)"));
                    let mut link = raw::word(object, 24);
                    while link != 0 && link != object {
                        self.refer(link, name);
                        link = raw::word(link, 24);
                    }
                }
                // `hastzinfo` at 24 (datetime.h, 3.10–3.14).
                Interior::Zoned(offset) if raw::byte(object, 24) != 0 => {
                    let zone = self.builder.intern("tzinfo");
                    self.refer(raw::word(object, offset), ReferenceName::Special(zone));
                }
                Interior::BytesIo if self.layout.version < (3, 12) => {
                    let buffer = self.builder.intern("(buffer)");
                    self.refer(raw::word(object, 16), ReferenceName::Special(buffer));
                }
                _ => {}
            }
        }
    }
}

/// Calls `found` with index and element of a deque, from left to right.
///
/// # Safety
/// `deque` must be a live deque that the collector tracks.
unsafe fn each_element(deque: Address, mut found: impl FnMut(u32, Address)) {
    // SAFETY: count at 16, the leftmost block at 24, the place of its first element at 40; a block has its
    // elements at 8 and its right neighbour behind them.
    unsafe {
        let (count, mut block, mut place) = (raw::word(deque, 16), raw::word(deque, 24), raw::word(deque, 40));
        for index in 0..count {
            if place == BLOCK {
                block = raw::word(block, (8 + BLOCK * WORD) as isize);
                place = 0;
            }
            found(index as u32, raw::word(block, (8 + place * WORD) as isize));
            place += 1;
        }
    }
}
