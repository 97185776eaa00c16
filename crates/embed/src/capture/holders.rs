//! Who refers to some objects, as `gc.get_referrers` says it: one pass over the heap for many questions.
//!
//! `gc.get_referrers` asks every object for each object of a question. So does this for a single question;
//! for more every reference that the collector's objects report stands in one column of 32-bit keys, and an answer
//! is one run through it: some milliseconds for millions of references.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};

use super::census::{self, Frozen};
use super::layout::type_field;
use super::page_index::PageIndex;
use super::piece::{self, RunningFrame};
use super::probe::Proved;
use super::raw::{self, Address};
use super::reported::{self, Hit, Reported};
use super::traversed::MOST_VISITED;
use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;

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

/// Who refers to some objects at one moment.
pub(crate) struct Holders<'a> {
    py: Python<'a>,
    proved: &'a Proved,
    frozen: Frozen,
    frames: Vec<RunningFrame>,
    /// Whether no second question follows.
    is_for_one: bool,
    column: Option<Reported>,
}

/// One referrer of one of the objects.
#[derive(Clone, Copy)]
pub(crate) struct Holder {
    /// Which of the objects.
    pub(crate) which: u32,
    /// The address of an object, or of an interpreter's frame.
    pub(crate) address: u64,
    /// The running frame that it is.
    pub(crate) frame: Option<u32>,
}

/// A column of all references costs as much as asking every object up to so many times.
const COLUMN: usize = 3;

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
pub(super) unsafe fn traverse_of(object: Address) -> Option<raw::Traverse> {
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

impl<'a> Holders<'a> {
    /// Reads nothing yet but running frames. `is_for_one` says that one question follows.
    ///
    /// # Errors
    /// `MemoryError`.
    pub(crate) fn new(
        py: Python<'a>,
        proved: &'a Proved,
        frozen: Frozen,
        meant: FrameHolders,
        is_for_one: bool,
    ) -> PyResult<Self> {
        let mut frames = Vec::new();
        if meant != FrameHolders::None {
            frames = piece::running_frames(proved)?;
            frames.retain(|frame| meant == FrameHolders::All || !frame.is_asking);
            // A frame object that the collector knows has said its locals itself.
            // SAFETY: a frame object has the collector's header before it.
            frames.retain(|frame| frame.is_synthetic || unsafe { raw::word(frame.address, -16) } == 0);
        }
        Ok(Self { py, proved, frozen, frames, is_for_one, column: None })
    }

    /// A running frame.
    pub(crate) fn frame(&self, number: u32) -> &RunningFrame {
        &self.frames[number as usize]
    }

    /// The running frame of a holder that is one, where it has no frame object.
    pub(crate) fn synthetic(&self, holder: Holder) -> Option<&RunningFrame> {
        holder.frame.map(|number| self.frame(number)).filter(|frame| frame.is_synthetic)
    }

    /// Each referrer of each of some objects once, in the order of the objects and for each in the collector's, frames
    /// last. The objects must be different. Where one question follows, each object is asked, O(references) as
    /// by `gc.get_referrers`; else all references are written down, for up to three times that, and a question is one run
    /// through a column of numbers.
    ///
    /// Between [`Self::new`] and the last call no Python code may run and no object may be freed; each caller begins
    /// again where it has called the program.
    ///
    /// # Errors
    /// `MemoryError`.
    pub(crate) fn of(&mut self, wanted: &[u64]) -> PyResult<Vec<Holder>> {
        let places = Places::of(wanted)?;
        let mut found = match &self.column {
            None if self.is_for_one && wanted.len() < COLUMN => self.asked(wanted)?,
            Some(reported) => reporters(reported, &places),
            None => reporters(self.column.insert(Reported::read(self.py, self.proved, self.frozen)?), &places),
        };
        // They come in a few runs, which a stable sort finds.
        found.sort_by_key(|&(place, _)| place);
        let mut found: Vec<Holder> = found.into_iter().map(|(_, holder)| holder).collect();
        for (number, frame) in (0..).zip(&self.frames) {
            let mut held: Vec<u32> = frame.locals.iter().filter_map(|local| places.find(local.target as u64)).collect();
            held.sort_unstable();
            held.dedup();
            let holder = |which| Holder { which, address: frame.address as u64, frame: Some(number) };
            found.extend(held.into_iter().map(holder));
        }
        // Now they stand in the collector's order, which a stable sort keeps for each object.
        found.sort_by_key(|holder| holder.which);
        Ok(found)
    }

    /// Asks each object whether it refers to a few.
    fn asked(&self, wanted: &[u64]) -> PyResult<Vec<(u32, Holder)>> {
        let mut found = Vec::new();
        let mut question = Question { wanted, seen: 0 };
        let mut place = 0;
        let each = |object: Address| {
            place += 1;
            question.seen = 0;
            // SAFETY: as in `Reported::read`; the visitor only compares.
            unsafe {
                if let Some(traverse) = traverse_of(object) {
                    traverse(object as *mut ffi::PyObject, compare, (&raw mut question).cast());
                }
            }
            let seen = question.seen;
            if seen != 0 {
                let of_one = (0..wanted.len() as u32).filter(|which| seen >> which & 1 != 0);
                found.extend(of_one.map(|which| (place, Holder { which, address: object as u64, frame: None })));
            }
            true
        };
        // SAFETY: the closure only writes numbers down.
        unsafe { census::each_in_order(self.py, self.proved, self.frozen, each) }?;
        Ok(found)
    }
}

/// Which of the objects an address is.
struct Places<'a> {
    wanted: &'a [u64],
    index: PageIndex,
}

impl<'a> Places<'a> {
    fn of(wanted: &'a [u64]) -> PyResult<Self> {
        let mut index = PageIndex::for_few();
        for (&address, at) in wanted.iter().zip(0..) {
            index.number(address as usize, || at);
        }
        if index.has_failed() { Err(no_room()) } else { Ok(Self { wanted, index }) }
    }

    #[inline]
    fn find(&self, address: u64) -> Option<u32> {
        // The index does not tell addresses apart that have 16 bytes in common, as only what is no object's has.
        self.index.find(address as usize).filter(|&at| self.wanted[at as usize] == address)
    }
}

/// Fewer objects than [`COLUMN`], and for each a bit whether the object that is traversed refers to it.
struct Question<'a> {
    wanted: &'a [u64],
    seen: u32,
}

/// # Safety
/// `question` must be the `Question` of the running traverse.
unsafe extern "C" fn compare(object: *mut ffi::PyObject, question: *mut c_void) -> c_int {
    // SAFETY: the caller's promise; the traverse is called with it and waits.
    let question = unsafe { &mut *question.cast::<Question<'_>>() };
    for (which, &wanted) in question.wanted.iter().enumerate() {
        if object as u64 == wanted {
            question.seen |= 1 << which;
            // All are seen: the rest of the references need not be.
            return c_int::from(question.seen.count_ones() as usize == question.wanted.len());
        }
    }
    0
}

/// The referrers of some objects, each where it stands in the collector's order. O(references) with a small constant, and
/// the referrers' own references.
fn reporters(reported: &Reported, wanted: &Places<'_>) -> Vec<(u32, Holder)> {
    let keys: Vec<u32> = wanted.wanted.iter().copied().map(reported::key).collect();
    let mut found = Vec::new();
    let mut last_of = vec![usize::MAX; keys.len()];
    let mut read = usize::MAX;
    let mut targets = Vec::new();
    reported.each_hit(&keys, |Hit { source, place, reference }| {
        if read != place {
            read = place;
            // SAFETY: nothing has run since these were read, as `Holders::of` demands.
            unsafe { referents(source as Address, &mut targets) };
        }
        if let Some(which) = targets.get(reference).and_then(|&target| wanted.find(target))
            && last_of[which as usize] != place
        {
            last_of[which as usize] = place;
            found.push((place as u32, Holder { which, address: source, frame: None }));
        }
    });
    found
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
    let mut index = PageIndex::default();
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
    index: PageIndex,
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

pub(super) fn no_room() -> PyErr {
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
