//! Key tables of dicts and classes: their sizes, and the keys that a class's instances share.
#![allow(unsafe_code)]

use super::layout::Layout;
use super::raw::{self, Address, WORD};

/// The entries of a table whose keys instances share; each begins with its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SplitKeys {
    pub(crate) start: Address,
    pub(crate) end: Address,
    /// Bytes of one entry.
    pub(crate) step: usize,
    /// Entries that there is room for.
    pub(crate) capacity: usize,
}

impl Layout {
    /// # Safety
    /// `keys` must be the live key table of a class (`ht_cached_keys`).
    pub(crate) unsafe fn split_keys(&self, keys: Address) -> SplitKeys {
        // SAFETY: internal/pycore_dict.h (3.11–3.14): the index bytes' logarithm at 9, `dk_usable` at 16,
        // `dk_nentries` at 24, indices from 32, entries of key and value; Objects/dict-common.h (3.10):
        // `dk_size` at 8, `dk_usable` at 24, `dk_nentries` at 32, indices from 40, entries of hash, key, value.
        unsafe {
            let (start, step, at) = if self.version >= (3, 11) {
                (keys + 32 + (1 << raw::byte(keys, 9)), 2 * WORD, 16)
            } else {
                let size = raw::word(keys, 8);
                (keys + 40 + size * index_bytes(size) + WORD, 3 * WORD, 24)
            };
            let (usable, used) = (raw::word(keys, at), raw::word(keys, at + 8));
            SplitKeys { start, end: start + step * used, step, capacity: usable + used }
        }
    }
}

/// Bytes of one index of a table of `size` places (3.10).
fn index_bytes(size: usize) -> usize {
    match size {
        0..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    }
}

/// # Safety
/// `keys` must be a live key table.
pub(crate) unsafe fn values_size(keys: Address, layout: &Layout) -> usize {
    // SAFETY: `dk_usable` and `dk_nentries` stand together.
    unsafe {
        let at = if layout.version >= (3, 11) { 16 } else { 24 };
        let entries = raw::word(keys, at) + raw::word(keys, at + 8);
        entries * WORD
    }
}

/// `_PyDict_KeysSize` (Objects/dictobject.c).
///
/// # Safety
/// `keys` must be a live key table.
pub(crate) unsafe fn key_table(keys: Address, layout: &Layout) -> usize {
    // SAFETY: 3.11+: logarithms of the size and of the index bytes at 8 and 9, the kind at 10;
    // 3.10: `dk_size` at 8 (internal/pycore_dict.h, Objects/dict-common.h).
    unsafe {
        if layout.version >= (3, 11) {
            let (size, index_bytes) = (1_usize << raw::byte(keys, 8), 1_usize << raw::byte(keys, 9));
            let entry = if raw::byte(keys, 10) == 0 { 24 } else { 16 };
            32 + index_bytes + size * 2 / 3 * entry
        } else {
            let size = raw::word(keys, 8);
            40 + size * index_bytes(size) + size * 2 / 3 * 24
        }
    }
}
