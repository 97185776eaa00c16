//! The collector's objects counted and picked out by type where they stand, in the order of `gc.get_objects`.
#![allow(unsafe_code)]

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyType};
use rustc_hash::FxHashMap;

use super::gc_rings::{End, Rings};
use super::layout::{Layout, type_field};
use super::probe::Proved;
use super::raw::{self, Address};

/// Whether frozen objects (`gc.freeze`) are among those that are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frozen {
    With,
    Without,
}

/// Meets each tracked object, generation by generation, each from both ends; `each` says whether to go on, and
/// `turn` is called when a generation ends.
///
/// # Safety
/// The GIL must be held, and the closures neither run Python code nor make or free a tracked object.
pub(crate) unsafe fn each_tracked(
    py: Python<'_>,
    proved: &Proved,
    frozen: Frozen,
    mut each: impl FnMut(Address, End) -> bool,
    mut turn: impl FnMut(),
) -> PyResult<()> {
    if let Some(rings) = &proved.rings {
        for head in rings.young_first(frozen == Frozen::With) {
            // SAFETY: the caller's promise.
            if !unsafe { Rings::visit(head, &mut each) } {
                break;
            }
            turn();
        }
        return Ok(());
    }
    let objects = proved.get_objects.bind(py).call0()?.cast_into::<PyList>()?;
    for index in 0..objects.len() {
        // SAFETY: a borrowed item of a live list that nobody else has; the index is in range.
        let item = unsafe { ffi::PyList_GetItem(objects.as_ptr(), index as ffi::Py_ssize_t) } as Address;
        if !each(item, End::First) {
            break;
        }
    }
    Ok(())
}

/// Meets each tracked object in the order of `gc.get_objects`, until `each` gives `false`.
///
/// # Safety
/// As for [`each_tracked`].
pub(crate) unsafe fn each_in_order(
    py: Python<'_>,
    proved: &Proved,
    frozen: Frozen,
    mut each: impl FnMut(Address) -> bool,
) -> PyResult<()> {
    match &proved.rings {
        Some(rings) => {
            for head in rings.young_first(frozen == Frozen::With) {
                // SAFETY: the caller's promise.
                if !unsafe { Rings::visit_in_order(head, &mut each) } {
                    break;
                }
            }
            Ok(())
        }
        // SAFETY: the caller's promise.
        None => unsafe { each_tracked(py, proved, frozen, |object, _| each(object), || ()) },
    }
}

/// Meets each tracked object in the opposite order, until `each` gives `false`; none where the collector's lists were not
/// found.
///
/// # Safety
/// This thread or one that waits for it must hold the GIL, and `each` neither run Python code nor make or free a tracked
/// object.
pub(crate) unsafe fn each_from_end(proved: &Proved, frozen: Frozen, mut each: impl FnMut(Address) -> bool) {
    let Some(rings) = &proved.rings else { return };
    let heads: Vec<Address> = rings.young_first(frozen == Frozen::With).collect();
    for head in heads.into_iter().rev() {
        // SAFETY: the caller's promise.
        if !unsafe { Rings::visit_from_end(head, &mut each) } {
            break;
        }
    }
}

/// Addresses of all tracked objects, in the order of `gc.get_objects`.
///
/// # Errors
/// Python's, where the collector's lists were not found and its function fails.
pub(crate) fn addresses(py: Python<'_>, proved: &Proved, frozen: Frozen) -> PyResult<Vec<u64>> {
    picked(py, proved, frozen, |_| true)
}

/// Addresses of the tracked objects that `is_meant` picks, in the order of `gc.get_objects`.
pub(crate) fn picked(
    py: Python<'_>,
    proved: &Proved,
    frozen: Frozen,
    mut is_meant: impl FnMut(Address) -> bool,
) -> PyResult<Vec<u64>> {
    let found = std::cell::RefCell::new((Vec::new(), Vec::new()));
    let each = |object, end| {
        if is_meant(object) {
            let (first, last) = &mut *found.borrow_mut();
            if end == End::First { first.push(object as u64) } else { last.push(object as u64) }
        }
        true
    };
    let turn = || {
        let (first, last) = &mut *found.borrow_mut();
        first.extend(last.drain(..).rev());
    };
    // SAFETY: the closures only collect numbers; `is_meant` of this crate only reads.
    unsafe { each_tracked(py, proved, frozen, each, turn) }?;
    Ok(found.into_inner().0)
}

/// Types met, each with a number; the last ones found without a hash.
struct TypeTable {
    by_type: FxHashMap<Address, u32>,
    recent: [(Address, u32); RECENT],
}

const RECENT: usize = 512;

impl TypeTable {
    fn new() -> Self {
        Self { by_type: FxHashMap::default(), recent: [(0, 0); RECENT] }
    }

    /// The type's number; `next` gives the number of a type that is new.
    #[inline]
    fn number(&mut self, type_object: Address, next: impl FnOnce() -> u32) -> u32 {
        let place = (type_object >> 4 ^ type_object >> 12) % RECENT;
        let (known, number) = self.recent[place];
        if known == type_object {
            return number;
        }
        let number = *self.by_type.entry(type_object).or_insert_with(next);
        self.recent[place] = (type_object, number);
        number
    }
}

/// How many objects a type has, and where the first of them stands.
struct Tally {
    type_object: Address,
    count: u64,
    /// Generation, end, steps from that end.
    first_from_start: Option<u64>,
    last_from_end: u64,
    generation: u32,
}

/// Exact types of the tracked objects with their counts, in the order in which `gc.get_objects` first shows
/// them. O(objects), and memory for the types alone.
pub(crate) fn census(py: Python<'_>, proved: &Proved, frozen: Frozen) -> PyResult<Vec<(Address, u64)>> {
    let mut tallies: Vec<Tally> = Vec::new();
    let mut table = TypeTable::new();
    let generation = std::cell::Cell::new(0);
    let mut step = 0;
    let each = |object, end| {
        // SAFETY: a tracked object is live.
        let type_object = unsafe { raw::type_of(object) };
        let at = table.number(type_object, || {
            tallies.push(Tally { type_object, count: 0, first_from_start: None, last_from_end: 0, generation: generation.get() });
            tallies.len() as u32 - 1
        });
        let tally = &mut tallies[at as usize];
        tally.count += 1;
        step += 1;
        if tally.generation == generation.get() {
            match end {
                End::First if tally.first_from_start.is_none() => tally.first_from_start = Some(step),
                End::First => {}
                End::Last => tally.last_from_end = step,
            }
        }
        true
    };
    // SAFETY: the closures only count.
    unsafe { each_tracked(py, proved, frozen, each, || generation.set(generation.get() + 1)) }?;
    tallies.sort_by_key(|tally| {
        let behind = u64::MAX - tally.last_from_end;
        (tally.generation, tally.first_from_start.unwrap_or(behind))
    });
    Ok(tallies.into_iter().map(|tally| (tally.type_object, tally.count)).collect())
}

/// The tracked objects of the types whose name this is, in the order of `gc.get_objects`.
pub(crate) fn of_type<'py>(py: Python<'py>, proved: &Proved, frozen: Frozen, name: &str) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let mut table = TypeTable::new();
    let is_meant = |object| {
        // SAFETY: a tracked object is live, and so is its type.
        unsafe {
            let type_object = raw::type_of(object);
            table.number(type_object, || u32::from(is_named(&proved.layout, type_object, name))) != 0
        }
    };
    let found = picked(py, proved, frozen, is_meant)?;
    Ok(live(py, &found))
}

/// The tracked objects at these addresses, in the order of `gc.get_objects`.
pub(crate) fn at<'py>(
    py: Python<'py>,
    proved: &Proved,
    frozen: Frozen,
    is_meant: impl Fn(u64) -> bool,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let found = picked(py, proved, frozen, |object| is_meant(object as u64))?;
    Ok(live(py, &found))
}

/// The tracked object at an address.
pub(crate) fn at_one<'py>(
    py: Python<'py>,
    proved: &Proved,
    frozen: Frozen,
    address: Address,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mut is_there = false;
    let each = |object, _| {
        is_there = object == address;
        !is_there
    };
    // SAFETY: the closures only compare.
    unsafe { each_tracked(py, proved, frozen, each, || ()) }?;
    Ok(is_there.then(|| live(py, &[address as u64])).and_then(|mut found| found.pop()))
}

/// Every tracked object, in the order of `gc.get_objects`.
pub(crate) fn all<'py>(py: Python<'py>, proved: &Proved, frozen: Frozen) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let found = addresses(py, proved, frozen)?;
    Ok(live(py, &found))
}

/// References to objects.
///
/// The addresses must be of live objects, read under this hold of the GIL: in between no Python code may run and
/// no object may be freed.
pub(crate) fn live<'py>(py: Python<'py>, addresses: &[u64]) -> Vec<Bound<'py, PyAny>> {
    // SAFETY: live by what this function demands; making a reference only counts.
    addresses.iter().map(|&address| unsafe { Bound::from_borrowed_ptr(py, address as *mut ffi::PyObject) }).collect()
}

/// Names of types, short or whole, with the number of objects that have them, in the order of the types.
pub(crate) fn names(proved: &Proved, counts: &[(Address, u64)], is_short: bool) -> Vec<(String, u64)> {
    let mut places: FxHashMap<String, usize> = FxHashMap::default();
    let mut named: Vec<(String, u64)> = Vec::new();
    for &(type_object, count) in counts {
        // SAFETY: types of live objects, read under this hold of the GIL.
        let name = unsafe {
            if is_short { short_name(&proved.layout, type_object).into_owned() } else { long_name(&proved.layout, type_object) }
        };
        match places.get(&name) {
            Some(&place) => named[place].1 += count,
            None => {
                places.insert(name.clone(), named.len());
                named.push((name, count));
            }
        }
    }
    named
}

/// The name of an object's exact type.
pub(crate) fn name_of(proved: &Proved, object: &Bound<'_, PyAny>, is_short: bool) -> String {
    // SAFETY: a live object's type lives.
    unsafe {
        let type_object = raw::type_of(object.as_ptr() as Address);
        if is_short { short_name(&proved.layout, type_object).into_owned() } else { long_name(&proved.layout, type_object) }
    }
}

/// Whether Python code made a class.
pub(crate) fn is_python_class(proved: &Proved, class: &Bound<'_, PyType>) -> bool {
    // SAFETY: a live type.
    unsafe { raw::word(class.as_ptr() as Address, type_field::TRAVERSE) == proved.known.subtype_traverse }
}

/// Whether an object has a finalizer: `tp_finalize` is what stands behind a `__del__` of its class or of one of its
/// bases, and what becomes one in the class's dict (`slotdefs` of Objects/typeobject.c, 3.10–3.14).
pub(crate) fn has_finalizer(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: a live object's type lives.
    unsafe { raw::word(raw::type_of(object.as_ptr() as Address), type_field::FINALIZE) != 0 }
}

/// The reference count of a live object; `None` where it is immortal, and the count says nothing.
pub(crate) fn refcount(proved: &Proved, object: &Bound<'_, PyAny>) -> Option<u32> {
    // SAFETY: `ob_refcnt` stands first in a live object (see `Walk::refcount`).
    let count = unsafe { raw::half(object.as_ptr() as Address, 0) };
    let is_unknown = if proved.layout.version >= (3, 12) { (count as i32) < 0 } else { count >= 1 << 29 };
    (!is_unknown).then_some(count)
}

/// Longest name that is compared or shown.
const NAME_LIMIT: usize = 10_000;

/// A type's own name, as `type.__name__` of a class whose metaclass computes no other: `Foo`.
///
/// # Safety
/// `type_object` must be a live type.
pub(crate) unsafe fn short_name<'a>(layout: &Layout, type_object: Address) -> std::borrow::Cow<'a, str> {
    // SAFETY: `ht_name` is an exact str (`type_set_name` and `type_new` see to that); `tp_name` outlives its type.
    unsafe {
        if raw::type_flags(type_object) & raw::HEAP_TYPE != 0 {
            let name = raw::word(type_object, layout.ht_name);
            if name != 0 {
                return layout.text(name, NAME_LIMIT).0;
            }
        }
        let name = raw::c_string(type_object, type_field::NAME);
        name.rsplit_once('.').map_or(name, |(_, name)| name).into()
    }
}

/// The module that a type says it is of: what stands in its own dict, if that is a `str`, or before its name.
///
/// # Safety
/// `type_object` must be a live type.
pub(crate) unsafe fn module<'a>(layout: &Layout, type_object: Address) -> Option<std::borrow::Cow<'a, str>> {
    // SAFETY: a heap type owns its dict; only an exact str is read as one.
    unsafe {
        if raw::type_flags(type_object) & raw::HEAP_TYPE == 0 {
            let name = raw::c_string(type_object, type_field::NAME);
            return Some(name.rsplit_once('.').map_or("builtins", |(module, _)| module).into());
        }
        let dict = raw::word(type_object, type_field::DICT);
        if dict == 0 {
            return None;
        }
        let mut found = None;
        let str_type = &raw const ffi::PyUnicode_Type as Address;
        raw::each_item(dict, |key, value| {
            let is_meant = raw::type_of(key) == str_type && layout.text(key, 11).0 == "__module__";
            if is_meant && raw::type_of(value) == str_type {
                found = Some(layout.text(value, NAME_LIMIT).0);
            }
            !is_meant
        });
        found.filter(|module| !module.is_empty())
    }
}

/// A type's name with its module, where it says one: `app.models.Foo`.
///
/// # Safety
/// `type_object` must be a live type.
pub(crate) unsafe fn long_name(layout: &Layout, type_object: Address) -> String {
    // SAFETY: the caller's promise.
    unsafe {
        let name = short_name(layout, type_object);
        module(layout, type_object).map_or_else(|| name.to_string(), |module| format!("{module}.{name}"))
    }
}

/// Whether a type has this name: a whole one where it has a dot.
///
/// # Safety
/// `type_object` must be a live type.
pub(crate) unsafe fn is_named(layout: &Layout, type_object: Address, name: &str) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        if !name.contains('.') {
            return short_name(layout, type_object) == name;
        }
        name.ends_with(&*short_name(layout, type_object)) && long_name(layout, type_object) == name
    }
}
