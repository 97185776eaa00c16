//! Every reference that the collector's objects report, as columns of numbers that are read on several threads.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use pyo3::ffi;
use pyo3::prelude::*;
use rustc_hash::FxHashSet;

use super::census::{self, Frozen};
use super::holders::{no_room, traverse_of};
use super::layout::type_field;
use super::probe::Proved;
use super::raw::{self, Address};
use super::sought::Column;
use super::traversed::MOST_VISITED;
use super::type_shape::{KnownTypes, has_plain_traverse};

/// So many objects are read before another thread is worth its start.
const WORTH_A_THREAD: usize = 1 << 12;

/// Every tracked object's references at one moment.
pub(super) struct Reported {
    rows: Vec<Rows>,
    keys: Column,
}

/// Whose references one of the column's pieces has.
struct Rows {
    sources: Vec<u64>,
    /// Where each source's references begin, and where the last one's end.
    starts: Vec<u32>,
    places: Places,
}

/// Where sources stand in the collector's order.
enum Places {
    FromStart,
    /// From before this place downwards.
    DownFrom(usize),
    Each(Vec<u32>),
}

/// A source with a reference that may be sought, and which of its references that is.
pub(super) struct Hit {
    pub(super) source: u64,
    /// The source's place in the collector's order.
    pub(super) place: usize,
    pub(super) reference: usize,
}

/// What stands for an address among references: two objects may share one, so hits are read again.
#[inline]
pub(super) fn key(address: u64) -> u32 {
    (address >> 4) as u32
}

impl Reported {
    /// Reads all references. O(references) time, 12 bytes an object and 4 a reference. This thread goes along the
    /// collector's lists from their start and another one, where there is one, from their end, until they meet.
    ///
    /// # Errors
    /// `MemoryError`.
    pub(super) fn read(py: Python<'_>, proved: &Proved, frozen: Frozen) -> PyResult<Self> {
        let claims = Claims::default();
        let (mut own, mut met) = (Reader::default(), None);
        let (found, other) = thread::scope(|scope| {
            let mut other = None;
            let each = |object: Address| {
                if own.sources.len() == WORTH_A_THREAD && has_other_thread() {
                    let from_end = || Reader::from_end(proved, frozen, &claims);
                    other = thread::Builder::new().spawn_scoped(scope, from_end).ok();
                }
                if !claims.take(object) {
                    met = Some(object as u64);
                    return false;
                }
                // SAFETY: a tracked object, and this thread has the GIL.
                unsafe { own.read(object) }
            };
            // SAFETY: the closure only writes numbers down.
            let found = unsafe { census::each_in_order(py, proved, frozen, each) };
            (found, other.and_then(|other| other.join().ok()))
        });
        found?;
        let mut readers = vec![own];
        if let Some(met) = met {
            match other.and_then(|other| other.up_to(met)) {
                Some(other) => {
                    // SAFETY: objects that were met in this call, during which nothing but this has run.
                    let rest = unsafe { other.rest() };
                    readers.extend([other, rest]);
                }
                // The other thread has not come to its end.
                None => {
                    let mut own = Reader::default();
                    // SAFETY: as above.
                    unsafe { census::each_in_order(py, proved, frozen, |object| own.read(object)) }?;
                    readers = vec![own];
                }
            }
        }
        if readers.iter().any(|reader| reader.has_failed) {
            return Err(no_room());
        }
        let count: usize = readers.iter().take(2).map(|reader| reader.sources.len()).sum();
        let rest = readers.get(1).map(|other| other.left.iter().map(|&row| count as u32 - 1 - row).collect());
        let places = [Places::FromStart, Places::DownFrom(count), Places::Each(rest.unwrap_or_default())];
        let (rows, keys) = readers.drain(..).zip(places).map(|(reader, places)| reader.rows(places)).unzip();
        Ok(Self { rows, keys: Column::new(keys).ok_or_else(no_room)? })
    }

    /// Calls `hit` with each place of keys: those of one source one after the other, in the order of its references, and
    /// the sources up and then down the collector's order; those that the second thread has left come last.
    pub(super) fn each_hit(&self, keys: &[u32], mut hit: impl FnMut(Hit)) {
        let (mut row, mut last_piece) = (0, usize::MAX);
        self.keys.each_hit(keys, |piece, edge| {
            let Rows { sources, starts, places } = &self.rows[piece];
            if last_piece != piece {
                (last_piece, row) = (piece, 0);
            }
            if starts[row + 1] as usize <= edge {
                row += starts[row + 1..].partition_point(|&start| start as usize <= edge);
            }
            let place = match places {
                Places::FromStart => row,
                Places::DownFrom(end) => end - 1 - row,
                Places::Each(places) => places[row] as usize,
            };
            hit(Hit { source: sources[row], place, reference: edge - starts[row] as usize });
        });
    }
}

/// Where two threads meet: of objects with a mark, a thousandth of all, each is for the thread that comes to it first.
#[derive(Default)]
struct Claims(Mutex<FxHashSet<Address>>);

impl Claims {
    #[inline]
    fn is_marked(object: Address) -> bool {
        key(object as u64).wrapping_mul(0x9E37_79B1) >> 22 == 0
    }

    /// Whether the other thread has not been here.
    #[inline]
    fn take(&self, object: Address) -> bool {
        !Self::is_marked(object) || self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(object)
    }
}

/// What one thread reads.
#[derive(Default)]
struct Reader {
    sources: Vec<u64>,
    starts: Vec<u32>,
    keys: Vec<u32>,
    /// Rows of objects whose traverse is not for any thread.
    left: Vec<u32>,
    /// Rows of objects that have a mark.
    marked: Vec<u32>,
    /// Where the object that is traversed begins.
    start: usize,
    has_failed: bool,
}

impl Reader {
    /// Reads objects from the end of the lists, as a thread that does not have the GIL: those of some types are left.
    fn from_end(proved: &Proved, frozen: Frozen, claims: &Claims) -> Self {
        let mut reader = Self::default();
        let mut plain = PlainTypes::new(&proved.known);
        let each = |object: Address| {
            if !claims.take(object) {
                return false;
            }
            let row = reader.sources.len() as u32;
            if Claims::is_marked(object) {
                reader.marked.push(row);
            }
            // SAFETY: a tracked object, which lives while the thread that has the GIL waits for this one.
            unsafe {
                if plain.has(raw::type_of(object)) {
                    return reader.read(object);
                }
            }
            reader.left.push(row);
            reader.begin(object)
        };
        // SAFETY: the closure only writes numbers down; the lists stay as they are while the other thread has the GIL.
        unsafe { census::each_from_end(proved, frozen, each) };
        reader
    }

    /// Begins with an object; says whether there was room.
    #[inline]
    fn begin(&mut self, object: Address) -> bool {
        if self.sources.len() == self.sources.capacity() || self.starts.len() == self.starts.capacity() {
            // By as much as there is, which on huge pages is cheaper than counting first.
            let more = self.sources.len().max(1 << 16);
            self.has_failed |= self.sources.try_reserve(more).and_then(|()| self.starts.try_reserve(more)).is_err();
        }
        self.start = self.keys.len();
        self.has_failed |= self.start > u32::MAX as usize;
        if !self.has_failed {
            self.sources.push(object as u64);
            self.starts.push(self.start as u32);
        }
        !self.has_failed
    }

    /// Reads the references of an object; says whether there was room.
    ///
    /// # Safety
    /// The object must be live and tracked. Where this thread does not have the GIL, its type must be one of
    /// [`PlainTypes`], and the thread that has it wait.
    #[inline]
    unsafe fn read(&mut self, object: Address) -> bool {
        if !self.begin(object) {
            return false;
        }
        // SAFETY: the caller's promise; a traverse runs no Python code, and the visitor only writes keys down.
        unsafe {
            if let Some(traverse) = traverse_of(object) {
                traverse(object as *mut ffi::PyObject, add_key, (&raw mut *self).cast());
            }
        }
        !self.has_failed
    }

    /// This without what comes after an object with a mark; `None` where it has not met that.
    fn up_to(mut self, object: u64) -> Option<Self> {
        let last = *self.marked.iter().find(|&&row| self.sources[row as usize] == object)?;
        let rows = last as usize + 1;
        if let Some(&end) = self.starts.get(rows) {
            self.keys.truncate(end as usize);
        }
        self.sources.truncate(rows);
        self.starts.truncate(rows);
        self.left.retain(|&row| row <= last);
        Some(self)
    }

    /// Reads what was left.
    ///
    /// # Safety
    /// The objects must be live, and this thread have the GIL.
    unsafe fn rest(&self) -> Self {
        let mut rest = Self::default();
        for &row in &self.left {
            // SAFETY: the caller's promise.
            unsafe { rest.read(self.sources[row as usize] as Address) };
        }
        rest
    }

    fn rows(mut self, places: Places) -> (Rows, Vec<u32>) {
        self.starts.push(self.keys.len() as u32);
        (Rows { sources: self.sources, starts: self.starts, places }, self.keys)
    }

    /// Makes room; says whether there is any, and whether the traverse may go on.
    #[cold]
    fn grow(&mut self) -> bool {
        // A traverse that does not end says nothing.
        let is_endless = self.keys.len() - self.start >= MOST_VISITED;
        if is_endless {
            self.keys.truncate(self.start);
            return false;
        }
        self.has_failed |= self.keys.try_reserve(self.keys.len().max(1 << 18)).is_err();
        !self.has_failed
    }
}

/// # Safety
/// `into` must be the `Reader` of the running traverse.
unsafe extern "C" fn add_key(object: *mut ffi::PyObject, into: *mut c_void) -> c_int {
    // SAFETY: the caller's promise; the traverse is called with it and waits.
    let reader = unsafe { &mut *into.cast::<Reader>() };
    if reader.keys.len() == reader.keys.capacity() && !reader.grow() {
        return 1;
    }
    reader.keys.push(key(object as u64));
    0
}

/// Types whose traverse only reads what the object has, wherever it is called: CPython's own of containers and
/// functions, and those of Python's classes above them (Objects/*object.c and `subtype_traverse` of typeobject.c, 3.10–3.14).
/// What an extension's traverse asks for, nobody knows.
struct PlainTypes<'a> {
    known: &'a KnownTypes,
    traverses: [usize; 9],
    recent: [(Address, bool); RECENT],
}

const RECENT: usize = 256;

impl<'a> PlainTypes<'a> {
    fn new(known: &'a KnownTypes) -> Self {
        let KnownTypes { list, tuple, dict, set, frozenset, cell, function, method, builtin_function, .. } = *known;
        // SAFETY: static types of CPython.
        let traverse = |of| unsafe { raw::word(of, type_field::TRAVERSE) };
        let traverses = [list, tuple, dict, set, frozenset, cell, function, method, builtin_function].map(traverse);
        Self { known, traverses, recent: [(0, false); RECENT] }
    }

    /// # Safety
    /// The type must be live.
    #[inline]
    unsafe fn has(&mut self, type_object: Address) -> bool {
        let recent = &mut self.recent[(type_object >> 4 ^ type_object >> 12) % RECENT];
        if recent.0 != type_object {
            // SAFETY: the caller's promise.
            let is_plain = unsafe {
                self.traverses.contains(&raw::word(type_object, type_field::TRAVERSE))
                    || has_plain_traverse(type_object, self.known)
            };
            *recent = (type_object, is_plain);
        }
        recent.1
    }
}

/// Whether another thread would run beside this one; asked once, for the system's answer takes reading files.
fn has_other_thread() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    *HAS.get_or_init(|| thread::available_parallelism().is_ok_and(|count| count.get() > 1))
}
