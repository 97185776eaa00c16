//! Bytes that objects of C types own outside of themselves, as their `__sizeof__` counts them where they have one.
#![allow(unsafe_code)]

use super::numpy;
use super::raw::{self, Address, WORD};

/// A C type whose objects own memory besides the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outside {
    Nothing,
    Array,
    Buffered,
    Combinations,
    CtypesObject,
    Deque,
    Element,
    Mmap,
    OrderedDict,
    Permutations,
    Product,
    StringIo,
    Struct,
    NumpyArray,
}

impl Outside {
    /// Of a type that CPython ships, by the name that C code gave it.
    pub(crate) fn of_shipped(type_name: &str) -> Self {
        match type_name {
            "array.array" => Self::Array,
            "_io.BufferedReader" | "_io.BufferedWriter" | "_io.BufferedRandom" => Self::Buffered,
            "itertools.combinations" | "itertools.combinations_with_replacement" => Self::Combinations,
            "_ctypes._CData" => Self::CtypesObject,
            "collections.deque" => Self::Deque,
            "xml.etree.ElementTree.Element" => Self::Element,
            "mmap.mmap" => Self::Mmap,
            "collections.OrderedDict" => Self::OrderedDict,
            "itertools.permutations" => Self::Permutations,
            "itertools.product" => Self::Product,
            "_io.StringIO" => Self::StringIo,
            "Struct" | "_struct.Struct" => Self::Struct,
            _ => Self::Nothing,
        }
    }
}

/// # Safety
/// `object` must be live and of such a type.
pub(crate) unsafe fn bytes(object: Address, outside: Outside) -> usize {
    // SAFETY: layouts of Modules/arraymodule.c, itertoolsmodule.c, _collectionsmodule.c, _elementtree.c,
    // _struct.c, mmapmodule.c, _io/bufferedio.c, _io/stringio.c, _ctypes/ctypes.h and Objects/odictobject.c,
    // the same in 3.10–3.14: measured on objects that were known.
    unsafe {
        let length_at = |offset: isize| match raw::word(object, offset) {
            0 => 0,
            tuple => raw::word(tuple, 16),
        };
        match outside {
            Outside::Nothing => 0,
            // Room for `allocated` items, at 32, of the size that their description, at 40, has at 4.
            Outside::Array => match raw::word(object, 40) {
                0 => 0,
                description => raw::word(object, 32) * raw::half(description, 4) as usize,
            },
            Outside::Buffered if raw::word(object, 56) != 0 => raw::word(object, 120),
            Outside::Buffered => 0,
            // One index for each chosen element; for each of the pool besides; for each pool.
            Outside::Combinations => raw::word(object, 40) * WORD,
            Outside::Permutations => (length_at(16) + raw::word(object, 48)) * WORD,
            Outside::Product => length_at(16) * WORD,
            // A value that does not fit into the object, and is its own to free.
            Outside::CtypesObject => {
                let (value, is_own) = (raw::word(object, 16), raw::half(object, 24) != 0);
                let is_inside = (object..object + 256).contains(&value);
                if is_own && !is_inside && value != 0 { raw::word(object, 40) } else { 0 }
            }
            // Blocks of 64 elements and two links, from the leftmost to the one of the last element.
            Outside::Deque => (raw::word(object, 40) + raw::word(object, 16)).div_ceil(64).max(1) * 66 * WORD,
            // Eight words with room for four children; more of them stand elsewhere.
            Outside::Element => match raw::word(object, 40) {
                0 => 0,
                extra if raw::word(extra, 24) == extra + 32 => 8 * WORD,
                extra => (8 + raw::word(extra, 16)) * WORD,
            },
            // A mapping of no file: what is mapped of one belongs to the file.
            Outside::Mmap if raw::word(object, 16) != 0 && raw::half(object, 56) == u32::MAX => raw::word(object, 24),
            Outside::Mmap => 0,
            // A table of nodes beside the dict's keys, and a node of four words for each key.
            Outside::OrderedDict => (raw::word(object, 72) + 4 * raw::word(object, 16)) * WORD,
            // Characters of four bytes.
            Outside::StringIo if raw::word(object, 16) != 0 => raw::word(object, 40) * 4,
            Outside::StringIo => 0,
            // Codes of four words; one without a format ends them.
            Outside::Struct => {
                let codes = raw::word(object, 32);
                let mut count = 0;
                while codes != 0 && raw::word(codes, count * 32) != 0 {
                    count += 1;
                }
                (count as usize + 1) * 32
            }
            Outside::NumpyArray => numpy::owned_bytes(object),
        }
    }
}
