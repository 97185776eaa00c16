//! The collector's own lists of objects, walked where they stand: no list is made, no count is touched,
//! no audit event is raised, and frozen objects are there.
#![allow(unsafe_code)]

use pyo3::prelude::*;
use pyo3::types::PyList;

use super::raw::{self, Address};

/// Heads of the rings of the generations, youngest first, and of the frozen objects.
pub(crate) struct Rings(Vec<Address>);

/// `PyGC_Head`: two words before an object, each with flags in its low bits (internal/pycore_gc.h).
const HEADER: usize = 16;
const FLAGS: usize = 3;
/// `struct gc_generation`: a head, its threshold and its count (internal/pycore_gc.h,
/// internal/pycore_interp_structs.h, 3.10–3.14).
const GENERATION: usize = 24;

/// Finds the rings. Their offset in the interpreter's state differs between builds, so nothing is
/// assumed of it: an object that was just made stands last in the youngest generation, so that its
/// successor is that generation's head, and the other generations follow with the thresholds that
/// `gc.get_threshold()` says. `None` where any of this does not hold.
///
/// # Errors
/// What Python raises when it cannot say its thresholds.
pub(crate) fn find(py: Python<'_>) -> PyResult<Option<Rings>> {
    let thresholds: (u32, u32, u32) = py.import("gc")?.call_method0("get_threshold")?.extract()?;
    let newest = PyList::empty(py);
    // SAFETY: a list has a header before it, and is tracked as soon as it is there.
    let youngest = unsafe { raw::word(newest.as_ptr() as Address, -(HEADER as isize)) } & !FLAGS;
    let head = |generation: usize| Some(youngest + generation * GENERATION).filter(|&head| is_head(head));
    let threshold = |generation: usize| raw::copy_word(youngest + generation * GENERATION + HEADER).map(|word| word as u32);
    let are_thresholds = threshold(0) == Some(thresholds.0) && threshold(1) == Some(thresholds.1);
    let (Some(first), Some(second), Some(third), true) = (head(0), head(1), head(2), are_thresholds) else {
        return Ok(None);
    };
    // The frozen ones follow, behind a pointer to the youngest where there is one (3.10–3.13).
    let behind = youngest + 3 * GENERATION;
    let frozen = [behind, behind + raw::WORD].into_iter().find(|&place| is_head(place));
    Ok(frozen.map(|frozen| Rings(vec![first, second, third, frozen])))
}

/// Whether a place looks like the head of a ring, from both sides.
fn is_head(place: Address) -> bool {
    let link = |at: Address| raw::copy_word(at).map(|word| word & !FLAGS);
    let (Some(next), Some(previous)) = (link(place), link(place + raw::WORD)) else { return false };
    link(next + raw::WORD) == Some(place) && link(previous) == Some(place)
}

impl Rings {
    /// Every object that the collector knows, youngest generation first, as `gc.get_objects()` gives
    /// them, then the frozen ones. `None` where there is no memory for their addresses.
    ///
    /// Each ring is followed from both ends at once: each step waits for memory, and so the two wait
    /// together.
    ///
    /// # Safety
    /// The GIL must be held.
    pub(crate) unsafe fn objects(&self) -> Option<Vec<u64>> {
        let mut objects = Vec::new();
        let mut from_end = Vec::new();
        for &head in &self.0 {
            // SAFETY:
            // - the heads are parts of the interpreter's state and stay where they are;
            // - rings change only under the GIL, and every link of one is the header of a live object.
            unsafe {
                let (mut first, mut last) = (raw::word(head, 0) & !FLAGS, raw::word(head, WORD_BACK) & !FLAGS);
                // In an empty ring both are the head; else they meet at one object, or between two.
                while first != head {
                    push(&mut objects, first + HEADER)?;
                    if first == last {
                        break;
                    }
                    push(&mut from_end, last + HEADER)?;
                    first = raw::word(first, 0) & !FLAGS;
                    if first == last {
                        break;
                    }
                    last = raw::word(last, WORD_BACK) & !FLAGS;
                }
            }
            objects.try_reserve(from_end.len()).ok()?;
            objects.extend(from_end.drain(..).rev());
        }
        Some(objects)
    }
}

/// `_gc_prev` stands behind `_gc_next`.
const WORD_BACK: isize = raw::WORD as isize;

#[inline]
fn push(objects: &mut Vec<u64>, object: Address) -> Option<()> {
    if objects.len() == objects.capacity() {
        objects.try_reserve(objects.len().max(1 << 16)).ok()?;
    }
    objects.push(object as u64);
    Some(())
}
