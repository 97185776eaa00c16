//! The collector's own lists of objects, walked where they stand: no list is made, no count is touched,
//! no audit event is raised, and frozen objects are there.
#![allow(unsafe_code)]

use pyo3::prelude::*;
use pyo3::types::PyList;

use super::raw::{self, Address};

/// Heads of the rings: of the frozen objects, then of the generations, oldest first. So read, the survivors of
/// a collection keep their order, because it appends those of young generations to older ones, and an object
/// that got the address of one that is gone stands behind all that was there before it.
pub(crate) struct Rings {
    heads: [Address; 4],
    /// Whether collections append only. The incremental collector, of the first releases of 3.14, does not.
    keeps_order: bool,
}

/// The release of 3.14 that has the collector of 3.13 again.
const GENERATIONS_ARE_BACK: u8 = 5;

/// `PyGC_Head`: two words before an object, each with flags in its low bits (internal/pycore_gc.h).
const HEADER: usize = 16;
const FLAGS: usize = 3;
/// `struct gc_generation`: a head, its threshold and its count (internal/pycore_gc.h,
/// internal/pycore_interp_structs.h, 3.10–3.14).
const GENERATION: usize = 24;
/// From the head of the frozen ones to the count of collections of the oldest generation.
const FULL_COLLECTIONS: isize = (GENERATION + 2 * 24) as isize;

/// Finds the rings. Their offset in the interpreter's state differs between builds, so nothing is
/// assumed of it: an object that was just made stands last in the youngest generation, so that its
/// successor is that generation's head, and the other generations follow with the thresholds that
/// `gc.get_threshold()` says. `None` where any of this does not hold.
///
/// # Errors
/// What Python raises when it cannot say its thresholds.
pub(crate) fn find(py: Python<'_>) -> PyResult<Option<Rings>> {
    let gc = py.import("gc")?;
    let thresholds: (u32, u32, u32) = gc.call_method0("get_threshold")?.extract()?;
    let newest = PyList::empty(py);
    // SAFETY: a list has a header before it, and is tracked as soon as it is there.
    let youngest = unsafe { raw::word(newest.as_ptr() as Address, -(HEADER as isize)) } & !FLAGS;
    let head = |generation: usize| Some(youngest + generation * GENERATION).filter(|&head| is_head(head));
    let threshold = |generation: usize| raw::copy_word(youngest + generation * GENERATION + HEADER).map(|word| word as u32);
    let are_thresholds = threshold(0) == Some(thresholds.0) && threshold(1) == Some(thresholds.1);
    let full: usize = gc.call_method0("get_stats")?.get_item(2)?.get_item("collections")?.extract()?;
    let (Some(first), Some(second), Some(third), true) = (head(0), head(1), head(2), are_thresholds) else {
        return Ok(None);
    };
    // The frozen ones follow, behind a pointer to the youngest where there is one (3.10–3.13).
    let behind = youngest + 3 * GENERATION;
    let frozen = [behind, behind + raw::WORD].into_iter().find(|&place| is_head(place));
    let version = py.version_info();
    // The incremental one begins with no threshold for the third.
    let are_back = version.patch >= GENERATIONS_ARE_BACK && thresholds.2 != 0;
    let keeps_order = version < (3, 14) || (version < (3, 15) && are_back);
    let counts = |frozen: Address| raw::copy_word(frozen.wrapping_add_signed(FULL_COLLECTIONS)) == Some(full);
    Ok(frozen.map(|frozen| Rings { heads: [frozen, third, second, first], keeps_order: keeps_order && counts(frozen) }))
}

/// Whether a place looks like the head of a ring, from both sides.
fn is_head(place: Address) -> bool {
    let link = |at: Address| raw::copy_word(at).map(|word| word & !FLAGS);
    let (Some(next), Some(previous)) = (link(place), link(place + raw::WORD)) else { return false };
    link(next + raw::WORD) == Some(place) && link(previous) == Some(place)
}

impl Rings {
    /// Every object that the collector knows, frozen ones first, then the oldest generation. `None` where
    /// there is no memory for their addresses.
    ///
    /// Each ring is followed from both ends at once: each step waits for memory, and so the two wait
    /// together.
    ///
    /// # Safety
    /// The GIL must be held.
    pub(crate) unsafe fn objects(&self) -> Option<Vec<u64>> {
        let mut objects = Vec::new();
        let mut from_end = Vec::new();
        for &head in &self.heads {
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

/// From which end of its ring an object was met.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    First,
    Last,
}

impl Rings {
    /// Heads in the order in which `gc.get_objects` gives generations, the youngest first; the frozen objects,
    /// which it leaves out, last.
    pub(crate) fn young_first(&self, with_frozen: bool) -> impl Iterator<Item = Address> + '_ {
        let count = if with_frozen { 4 } else { 3 };
        [3, 2, 1, 0].into_iter().take(count).map(|at| self.heads[at])
    }

    /// Meets each object of one ring where it stands, from both ends at once, until `visit` gives `false`.
    ///
    /// # Safety
    /// The GIL must be held, `head` be one of [`Self::young_first`], and `visit` neither run Python code nor make
    /// or free a tracked object.
    pub(crate) unsafe fn visit(head: Address, mut visit: impl FnMut(Address, End) -> bool) -> bool {
        // SAFETY: as in `objects`.
        unsafe {
            let (mut first, mut last) = (raw::word(head, 0) & !FLAGS, raw::word(head, WORD_BACK) & !FLAGS);
            while first != head {
                let next = raw::word(first, 0) & !FLAGS;
                if !visit(first + HEADER, End::First) {
                    return false;
                }
                if first == last {
                    break;
                }
                let previous = raw::word(last, WORD_BACK) & !FLAGS;
                if !visit(last + HEADER, End::Last) {
                    return false;
                }
                first = next;
                if first == last {
                    break;
                }
                last = previous;
            }
        }
        true
    }

    /// Meets each object of one ring in its order, until `visit` gives `false`; the next one is asked for meanwhile.
    ///
    /// # Safety
    /// As for [`Self::visit`].
    pub(crate) unsafe fn visit_in_order(head: Address, visit: impl FnMut(Address) -> bool) -> bool {
        // SAFETY: the caller's promise.
        unsafe { Self::visit_along(head, 0, visit) }
    }

    /// The same from the last object to the first.
    ///
    /// # Safety
    /// As for [`Self::visit`].
    pub(crate) unsafe fn visit_from_end(head: Address, visit: impl FnMut(Address) -> bool) -> bool {
        // SAFETY: the caller's promise.
        unsafe { Self::visit_along(head, WORD_BACK, visit) }
    }

    /// `link` is where a header has the next one to go to.
    ///
    /// # Safety
    /// As for [`Self::visit`].
    #[inline]
    unsafe fn visit_along(head: Address, link: isize, mut visit: impl FnMut(Address) -> bool) -> bool {
        // SAFETY: as in `objects`.
        unsafe {
            let mut at = raw::word(head, link) & !FLAGS;
            while at != head {
                let next = raw::word(at, link) & !FLAGS;
                raw::fetch(next);
                raw::fetch(next + 64);
                if !visit(at + HEADER) {
                    return false;
                }
                at = next;
            }
        }
        true
    }

    /// Whether an object that was put behind the oldest generation stays behind all that was there.
    pub(crate) fn keep_order(&self) -> bool {
        self.keeps_order
    }

    /// How often the oldest generation was collected.
    ///
    /// # Safety
    /// The GIL must be held.
    pub(crate) unsafe fn full_collections(&self) -> usize {
        // SAFETY: behind the frozen ones' head, as large as a generation, stand three words for each
        // generation, the count of its collections first (internal/pycore_gc.h and
        // internal/pycore_interp_structs.h, 3.10–3.14); `find` compared it.
        unsafe { raw::word(self.heads[0], FULL_COLLECTIONS) }
    }

    /// Moves an object behind the oldest generation. From then on what stands before it is older than it:
    /// collections append there, and move no object that is held from outside (`move_unreachable`).
    ///
    /// # Safety
    /// The GIL must be held, and the object be live and tracked.
    pub(crate) unsafe fn put_behind_oldest(&self, object: Address) {
        let (header, oldest) = (object - HEADER, self.heads[1]);
        // SAFETY:
        // - a tracked object stands in some ring, each link of which is a header or a head;
        // - rings are whole whenever Python code may run, also inside of a collection, where finalizers and
        //   callbacks do (Modules/gcmodule.c, Python/gc.c, 3.10–3.13), and change only under the GIL.
        unsafe {
            let (next, previous) = (raw::word(header, 0) & !FLAGS, raw::word(header, WORD_BACK) & !FLAGS);
            set_link(previous, 0, next);
            set_link(next, WORD_BACK, previous);
            let last = raw::word(oldest, WORD_BACK) & !FLAGS;
            set_link(header, 0, oldest);
            set_link(header, WORD_BACK, last);
            set_link(last, 0, header);
            set_link(oldest, WORD_BACK, header);
        }
    }
}

/// Writes one link of a ring, and keeps the flags in its low bits.
///
/// # Safety
/// `place` must be a header or a head in a ring, the GIL held.
unsafe fn set_link(place: Address, offset: isize, to: Address) {
    // SAFETY: the caller's promise; links are whole words.
    unsafe {
        let flags = raw::word(place, offset) & FLAGS;
        (place.wrapping_add_signed(offset) as *mut usize).write(to | flags);
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
