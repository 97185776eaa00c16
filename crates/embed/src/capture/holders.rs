//! Who refers to some objects, as `gc.get_referrers` says it: one pass over the heap for many questions.
//!
//! Every reference that the collector's objects report goes into one column of 32-bit keys. A question is a
//! set of objects, and its answer one run through that column: some milliseconds for millions of references,
//! where `gc.get_referrers` asks every object again for each object of the question.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};

use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;
use rustc_hash::FxHashMap;

use super::census::{self, Frozen};
use super::layout::type_field;
use super::piece::{self, RunningFrame};
use super::probe::Proved;
use super::raw::{self, Address};
use super::sought::Column;
use super::traversed::MOST_VISITED;

/// Which running frames count as referrers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameHolders {
    /// None, as for `gc.get_referrers`.
    None,
    /// All but the one that asks.
    Others,
    /// All.
    All,
}

/// Every tracked object's references at one moment.
pub(crate) struct Holders {
    /// Objects in the collector's order, then frames.
    sources: Vec<u64>,
    /// Where each source's references begin, and where the last one's end.
    starts: Vec<u32>,
    keys: Column,
    /// How many sources are objects of the collector.
    objects: usize,
    frames: Vec<RunningFrame>,
}

/// What stands for an address among references: two objects may share one, so hits are read again.
#[inline]
fn key(address: u64) -> u32 {
    (address >> 4) as u32
}

/// What a traverse hands out.
struct Visited {
    keys: Vec<u32>,
    /// Where the object that is traversed begins.
    start: usize,
    has_failed: bool,
}

impl Visited {
    /// Makes room; says whether there is any, and whether the traverse may go on.
    #[cold]
    fn grow(&mut self) -> bool {
        // A traverse that does not end says nothing.
        let is_endless = self.keys.len() - self.start >= MOST_VISITED;
        if is_endless {
            self.keys.truncate(self.start);
            return false;
        }
        self.has_failed |= self.keys.try_reserve(self.keys.len().max(1 << 12)).is_err();
        !self.has_failed
    }
}

/// # Safety
/// `into` must be the `Visited` of the running traverse.
unsafe extern "C" fn add_key(object: *mut ffi::PyObject, into: *mut c_void) -> c_int {
    // SAFETY: the caller's promise; the traverse is called with it and waits.
    let visited = unsafe { &mut *into.cast::<Visited>() };
    if visited.keys.len() == visited.keys.capacity() && !visited.grow() {
        return 1;
    }
    visited.keys.push(key(object as u64));
    0
}

/// # Safety
/// `into` must be a vector that the traverse may fill.
unsafe extern "C" fn add_address(object: *mut ffi::PyObject, into: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    let visited = unsafe { &mut *into.cast::<Vec<u64>>() };
    if visited.len() >= MOST_VISITED || visited.try_reserve(1).is_err() {
        return 1;
    }
    visited.push(object as u64);
    0
}

/// A type's traverse.
///
/// # Safety
/// `object` must be live.
#[inline]
unsafe fn traverse_of(object: Address) -> Option<raw::Traverse> {
    // SAFETY: `tp_traverse` is a function or NULL.
    unsafe {
        let traverse = raw::word(raw::type_of(object), type_field::TRAVERSE);
        std::mem::transmute::<usize, Option<raw::Traverse>>(traverse)
    }
}

/// What a tracked object's own traverse reports, in its order: what `gc.get_referents` gives.
///
/// # Safety
/// `object` must be live and tracked, the GIL held.
pub(crate) unsafe fn referents(object: Address, into: &mut Vec<u64>) {
    into.clear();
    // SAFETY: a tracked object is complete, its traverse runs no Python code, and the visitor only appends.
    unsafe {
        if let Some(traverse) = traverse_of(object) {
            traverse(object as *mut ffi::PyObject, add_address, (&raw mut *into).cast());
        }
    }
}

/// How far ahead objects are asked for.
const AHEAD: usize = 12;

impl Holders {
    /// Reads all references. O(references) time, 12 bytes an object and 4 a reference.
    ///
    /// # Errors
    /// `MemoryError`.
    pub(crate) fn read(py: Python<'_>, proved: &Proved, frozen: Frozen, frames: FrameHolders) -> PyResult<Self> {
        let mut sources: Vec<u64> = Vec::new();
        let mut starts: Vec<u32> = Vec::new();
        let mut visited = Visited { keys: Vec::new(), start: 0, has_failed: false };
        // Each grows by as much as it has, which on huge pages is cheaper than counting first.
        let room = sources.try_reserve(1 << 16).and_then(|()| starts.try_reserve(1 << 16));
        room.and_then(|()| visited.keys.try_reserve(1 << 18)).map_err(|_| no_room())?;
        let each = |object: Address| {
            visited.start = visited.keys.len();
            if sources.len() == sources.capacity() || starts.len() == starts.capacity() {
                let more = sources.len();
                visited.has_failed |= sources.try_reserve(more).and_then(|()| starts.try_reserve(more)).is_err();
            }
            if visited.has_failed || visited.start > u32::MAX as usize {
                visited.has_failed = true;
                return false;
            }
            sources.push(object as u64);
            starts.push(visited.start as u32);
            // SAFETY:
            // - the object is live and tracked, so its traverse may be called at any time with the GIL held;
            // - it runs no Python code, and the visitor only writes keys down.
            unsafe {
                if let Some(traverse) = traverse_of(object) {
                    traverse(object as *mut ffi::PyObject, add_key, (&raw mut visited).cast());
                }
            }
            true
        };
        // SAFETY: the closure only writes numbers down.
        unsafe { census::each_in_order(py, proved, frozen, each) }?;
        if visited.has_failed || visited.keys.len() > u32::MAX as usize {
            return Err(no_room());
        }
        let objects = sources.len();
        let mut running = Vec::new();
        if frames != FrameHolders::None {
            running = piece::running_frames(proved)?;
            running.retain(|frame| frames == FrameHolders::All || !frame.is_asking);
            // A frame object that the collector knows has said its locals itself.
            // SAFETY: a frame object has the collector's header before it.
            running.retain(|frame| frame.is_synthetic || unsafe { raw::word(frame.address, -16) } == 0);
            for frame in &running {
                sources.push(frame.address as u64);
                starts.push(visited.keys.len() as u32);
                visited.keys.extend(frame.locals.iter().map(|local| key(local.target as u64)));
            }
        }
        starts.push(visited.keys.len() as u32);
        Ok(Self { sources, starts, keys: Column::new(visited.keys), objects, frames: running })
    }

    /// The address of a source: of an object, or of an interpreter's frame.
    pub(crate) fn address(&self, source: u32) -> u64 {
        self.sources[source as usize]
    }

    /// The frame that a source is, where it has no frame object.
    pub(crate) fn synthetic(&self, source: u32) -> Option<&RunningFrame> {
        let frame = (source as usize).checked_sub(self.objects).map(|at| &self.frames[at])?;
        frame.is_synthetic.then_some(frame)
    }

    /// Whether a source is a running frame.
    pub(crate) fn is_frame(&self, source: u32) -> bool {
        source as usize >= self.objects
    }

    /// Each referrer of each of some objects once, as pairs `(which object, source)`, in the order of the objects
    /// and for each in the collector's. The objects must be different. O(references) with a small constant, and
    /// the referrers' own references.
    ///
    /// Between [`Self::read`] and this call no Python code may run and no object may be freed; each caller reads
    /// again where it has called the program.
    pub(crate) fn of(&self, wanted: &[u64]) -> Vec<(u32, u32)> {
        let places: FxHashMap<u64, u32> = wanted.iter().zip(0..).map(|(&address, at)| (address, at)).collect();
        let keys: Vec<u32> = wanted.iter().copied().map(key).collect();
        let mut found = Vec::new();
        let mut last_of = vec![u32::MAX; wanted.len()];
        let mut source = 0;
        let mut read = usize::MAX;
        let mut targets = Vec::new();
        self.keys.each_hit(&keys, |edge| {
            if self.starts[source + 1] as usize <= edge {
                source += self.starts[source + 1..].partition_point(|&start| start as usize <= edge);
            }
            if read != source {
                read = source;
                // SAFETY: nothing has run since these were read, as this function demands.
                unsafe { self.targets(source, &mut targets) };
            }
            let target = targets.get(edge - self.starts[source] as usize);
            if let Some(&which) = target.and_then(|target| places.get(target))
                && last_of[which as usize] != source as u32
            {
                last_of[which as usize] = source as u32;
                found.push((which, source as u32));
            }
        });
        // Hits come in the collector's order; a stable sort keeps it for each object.
        found.sort_by_key(|&(which, _)| which);
        found
    }

    /// What a source refers to, in the order of its keys.
    ///
    /// # Safety
    /// Nothing may have run and no object have been freed since [`Self::read`].
    unsafe fn targets(&self, source: usize, into: &mut Vec<u64>) {
        match source.checked_sub(self.objects) {
            // SAFETY: the caller's promise.
            None => unsafe { referents(self.sources[source] as Address, into) },
            Some(frame) => {
                into.clear();
                into.extend(self.frames[frame].locals.iter().map(|local| local.target as u64));
            }
        }
    }
}

/// Objects among `candidates` to which no tracked object but `skipped` refers, in their order. O(references).
///
/// # Errors
/// Python's, where the collector's lists were not found and its function fails.
pub(crate) fn without_referrers(
    py: Python<'_>,
    proved: &Proved,
    frozen: Frozen,
    candidates: Option<&[u64]>,
    skipped: u64,
) -> PyResult<Vec<u64>> {
    let sources = census::addresses(py, proved, frozen)?;
    let candidates = candidates.unwrap_or(&sources);
    let mut index = super::page_index::PageIndex::default();
    let mut count = 0;
    for &candidate in candidates {
        if index.number(candidate as usize, || count) == Some(count) {
            count += 1;
        }
    }
    let mut referred = Referred { index, seen: vec![0_u64; count as usize / 64 + 1] };
    for (at, &object) in sources.iter().enumerate() {
        if let Some(&later) = sources.get(at + AHEAD) {
            raw::fetch(later as Address);
        }
        if object == skipped {
            continue;
        }
        // SAFETY: as in `Holders::read`.
        unsafe {
            if let Some(traverse) = traverse_of(object as Address) {
                traverse(object as *mut ffi::PyObject, see, (&raw mut referred).cast());
            }
        }
    }
    Ok(candidates.iter().copied().filter(|&candidate| !referred.is_seen(candidate)).collect())
}

struct Referred {
    index: super::page_index::PageIndex,
    seen: Vec<u64>,
}

impl Referred {
    fn is_seen(&self, address: u64) -> bool {
        self.index.find(address as usize).is_some_and(|id| self.seen[id as usize / 64] >> (id % 64) & 1 != 0)
    }
}

/// # Safety
/// `into` must be the `Referred` of the running traverse.
unsafe extern "C" fn see(object: *mut ffi::PyObject, into: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    let referred = unsafe { &mut *into.cast::<Referred>() };
    if let Some(id) = referred.index.find(object as usize) {
        referred.seen[id as usize / 64] |= 1 << (id % 64);
    }
    0
}

fn no_room() -> PyErr {
    PyMemoryError::new_err("no room for the references of this process; free memory, or look at a smaller process")
}

/// What `gc.get_referents` gives for an object, which lives and may be one that the collector does not track.
pub(crate) fn referents_of(object: &Bound<'_, PyAny>, into: &mut Vec<u64>) {
    // SAFETY: `tp_is_gc` is NULL or says of a live object whether it is one of the collector's; types answer so of
    // themselves (`_PyObject_IS_GC`, internal/pycore_object.h).
    let is_gc = unsafe {
        let type_object = raw::type_of(object.as_ptr() as Address);
        let asks = raw::word(type_object, type_field::IS_GC);
        let is_gc = std::mem::transmute::<usize, Option<unsafe extern "C" fn(*mut ffi::PyObject) -> c_int>>(asks);
        raw::type_flags(type_object) & raw::HAVE_GC != 0 && is_gc.is_none_or(|is_gc| is_gc(object.as_ptr()) != 0)
    };
    into.clear();
    if is_gc {
        // SAFETY: a live object whose owner holds it is complete; `gc.get_referents` asks no more of it.
        unsafe { referents(object.as_ptr() as Address, into) };
    }
}
