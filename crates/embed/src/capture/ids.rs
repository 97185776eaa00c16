//! Which objects there are now and were not there the last time, in one word for each object.
#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};

use pyo3::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::boundary::Moment;
use super::census::{self, Frozen};
use super::gc_rings::End;
use super::probe::Proved;
use super::raw::{self, Address};

/// Addresses of all tracked objects at one moment, by the names of their types.
#[derive(Default)]
pub(crate) struct Snapshot {
    /// In the order in which objects were first met.
    pub(crate) names: Vec<String>,
    /// Where each name's addresses begin, and where the last one's end.
    starts: Vec<usize>,
    /// Ascending for each name.
    addresses: Vec<u64>,
    /// What stood in younger generations, where the mark says nothing of them.
    young: FxHashSet<u64>,
    moment: Option<Moment>,
}

impl Snapshot {
    /// Reads what there is, frozen objects too, and leaves a mark in the collector's order, by which a later snapshot tells
    /// an object that has got the address of another. O(n log n).
    ///
    /// # Errors
    /// Python's, where the collector's lists were not found and its function fails.
    pub(crate) fn take(py: Python<'_>, proved: &Proved, is_short: bool) -> PyResult<Self> {
        let counts = census::census(py, proved, Frozen::With)?;
        let mut snapshot = Self::default();
        let mut places: FxHashMap<Address, u32> = FxHashMap::default();
        let mut by_name: FxHashMap<String, u32> = FxHashMap::default();
        let mut sizes: Vec<usize> = Vec::new();
        for &(type_object, count) in &counts {
            let name = census::names(proved, &[(type_object, count)], is_short).pop().map(|(name, _)| name).unwrap_or_default();
            let next = snapshot.names.len() as u32;
            let place = *by_name.entry(name).or_insert_with_key(|name| {
                snapshot.names.push(name.clone());
                sizes.push(0);
                next
            });
            places.insert(type_object, place);
            sizes[place as usize] += count as usize;
        }
        let mut ends = Vec::with_capacity(sizes.len());
        snapshot.starts.push(0);
        let mut sum = 0;
        for size in sizes {
            ends.push(sum);
            sum += size;
            snapshot.starts.push(sum);
        }
        snapshot.addresses = vec![0; sum];
        let generation = Cell::new(0);
        let each = |object, _: End| {
            // SAFETY: a tracked object is live.
            let type_object = unsafe { raw::type_of(object) };
            if let Some(&place) = places.get(&type_object)
                && let Some(to) = snapshot.addresses.get_mut(ends[place as usize])
            {
                *to = object as u64;
                ends[place as usize] += 1;
            }
            if generation.get() < 2 {
                snapshot.young.insert(object as u64);
            }
            true
        };
        // SAFETY: the closures only write down numbers.
        unsafe { census::each_tracked(py, proved, Frozen::With, each, || generation.set(generation.get() + 1)) }?;
        for place in 0..snapshot.names.len() {
            let range = snapshot.range(place);
            snapshot.addresses[range].sort_unstable();
        }
        snapshot.moment = Moment::mark(py, proved);
        Ok(snapshot)
    }

    fn range(&self, place: usize) -> std::ops::Range<usize> {
        self.starts[place]..self.starts[place + 1]
    }

    /// The addresses of the objects whose types have a name.
    pub(crate) fn of(&self, name: &str) -> &[u64] {
        let place = self.names.iter().position(|known| known == name);
        place.map_or(&[], |place| &self.addresses[self.range(place)])
    }

    /// All addresses by name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &[u64])> {
        self.names.iter().enumerate().map(|(place, name)| (name.as_str(), &self.addresses[self.range(place)]))
    }

    /// Bytes that this takes.
    pub(crate) fn bytes(&self) -> usize {
        self.addresses.capacity() * 8 + self.young.capacity() * 9 + self.names.len() * 64
    }

    /// Addresses that this snapshot had too, and at which another object stands now: it stands behind the mark,
    /// where nothing of that moment can come to stand. Empty where there is no mark.
    pub(crate) fn reused(&self, py: Python<'_>, proved: &Proved) -> PyResult<FxHashSet<u64>> {
        let Some(moment) = &self.moment else { return Ok(FxHashSet::default()) };
        let mark = moment.behind_oldest();
        // The oldest generation and the frozen objects come last; what stands before the mark there is old.
        let (fresh, before) = (RefCell::new(FxHashSet::default()), RefCell::new((Vec::new(), Vec::new(), None)));
        let each = |object: Address, end| {
            let (first, last, met) = &mut *before.borrow_mut();
            if object == mark {
                *met = Some(end);
            } else {
                // What is met from the end before the mark is, and from the start once it was met so, is newer.
                match (end, *met) {
                    (End::First, Some(End::First)) => first.push(object as u64),
                    (End::Last, None | Some(End::First)) => last.push(object as u64),
                    _ => {}
                }
            }
            true
        };
        let turn = || {
            let (first, last, met) = &mut *before.borrow_mut();
            let mut fresh = fresh.borrow_mut();
            // Behind the mark, in the generation that has it; in a generation without it nothing is told by it
            // but in the younger ones.
            if met.is_some() {
                fresh.extend(first.drain(..));
                fresh.extend(last.drain(..));
            }
            first.clear();
            last.clear();
            *met = None;
        };
        // SAFETY: the closures only write down numbers.
        unsafe { census::each_tracked(py, proved, Frozen::With, each, turn) }?;
        let mut fresh = fresh.into_inner();
        fresh.retain(|address| !self.young.contains(address));
        Ok(fresh)
    }
}
