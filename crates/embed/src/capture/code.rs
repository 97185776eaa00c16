//! Code objects: where they say what a frame's locals are called, its file, its lines.
#![allow(unsafe_code)]

use super::raw::{self, Address, WORD};

/// Fields of code objects (cpython/code.h) that are no `tp_members`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodeLayout {
    pub(crate) locals: LocalsLayout,
    pub(crate) stack_size: isize,
    pub(crate) first_line: isize,
    pub(crate) filename: isize,
    /// The bare name on 3.10, which keeps no other.
    pub(crate) qualname: isize,
    /// Where instructions begin, behind the object; on 3.10 they are bytes of their own.
    pub(crate) instructions: isize,
}

/// How a code object says what its frames' locals are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LocalsLayout {
    /// 3.11+: one tuple of names, bytes of kinds, the number of all and of the free ones.
    Together { count: isize, free_count: isize, names: isize, kinds: isize },
    /// 3.10: tuples of names of variables, of cells, of free variables, whose places follow one another.
    Apart { variables: isize, cells: isize, free: isize },
}

/// A local variable's name, 0 where it has none, and whether closures share it.
#[derive(Clone, Copy)]
pub(crate) struct Local {
    pub(crate) name: Address,
    pub(crate) is_shared: bool,
}

/// A variable that closures share: CO_FAST_CELL or CO_FAST_FREE (internal/pycore_code.h, 3.11–3.14).
const SHARED: u8 = 0x40 | 0x80;

impl CodeLayout {
    /// The layout of CPython `version`.
    pub(crate) fn of(version: (u8, u8)) -> Option<Self> {
        let together = |count: isize, free_count: isize, first_line: isize, instructions: isize| Self {
            locals: LocalsLayout::Together { count, free_count, names: 96, kinds: 104 },
            stack_size: first_line - 4,
            first_line,
            filename: 112,
            qualname: 128,
            instructions,
        };
        match version {
            (3, 10) => Some(Self {
                locals: LocalsLayout::Apart { variables: 72, cells: 88, free: 80 },
                stack_size: 32,
                first_line: 40,
                filename: 104,
                qualname: 112,
                instructions: 48,
            }),
            (3, 11) => Some(together(76, 92, 72, 184)),
            (3, 12) => Some(together(72, 88, 68, 192)),
            (3, 13) => Some(together(72, 88, 68, 200)),
            (3, 14) => Some(together(72, 88, 68, 208)),
            _ => None,
        }
    }

    /// How many locals a frame of the code has.
    ///
    /// # Safety
    /// `code` must be a live code object.
    pub(crate) unsafe fn local_count(&self, code: Address) -> usize {
        // SAFETY: names are a tuple and kinds are bytes, each with its length at 16.
        unsafe {
            match self.locals {
                LocalsLayout::Together { count, names, kinds, .. } => {
                    let named = raw::word(raw::word(code, names), 16).min(raw::word(raw::word(code, kinds), 16));
                    (raw::half(code, count) as usize).min(named)
                }
                LocalsLayout::Apart { variables, cells, free } => {
                    [variables, cells, free].into_iter().map(|tuple| raw::word(raw::word(code, tuple), 16)).sum()
                }
            }
        }
    }

    /// How many of them are free: the last ones.
    ///
    /// # Safety
    /// `code` must be a live code object.
    pub(crate) unsafe fn free_count(&self, code: Address) -> usize {
        // SAFETY: the caller's promise.
        unsafe {
            match self.locals {
                LocalsLayout::Together { free_count, .. } => raw::half(code, free_count) as usize,
                LocalsLayout::Apart { free, .. } => raw::word(raw::word(code, free), 16),
            }
        }
    }

    /// One local. The items of a tuple begin at `tuple_items`.
    ///
    /// # Safety
    /// `code` must be a live code object with more than `index` locals.
    pub(crate) unsafe fn local(&self, code: Address, index: usize, tuple_items: isize) -> Local {
        // SAFETY: the tuples have an item for each local; bytes begin at 32.
        unsafe {
            let item = |tuple: Address, at: usize| raw::word(tuple, tuple_items + (at * WORD) as isize);
            match self.locals {
                LocalsLayout::Together { names, kinds, .. } => {
                    let kind = raw::byte(raw::word(code, kinds), 32 + index as isize);
                    Local { name: item(raw::word(code, names), index), is_shared: kind & SHARED != 0 }
                }
                LocalsLayout::Apart { variables, cells, free } => {
                    let mut at = index;
                    for (tuple, is_shared) in [(variables, false), (cells, true), (free, true)] {
                        let names = raw::word(code, tuple);
                        let count = raw::word(names, 16);
                        if at < count {
                            return Local { name: item(names, at), is_shared };
                        }
                        at -= count;
                    }
                    Local { name: 0, is_shared: false }
                }
            }
        }
    }
}
