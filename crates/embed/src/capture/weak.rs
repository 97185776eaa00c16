//! What weak references refer to. They borrow it, so that it stands beside the references that the walk finds.
#![allow(unsafe_code)]

use pyo3::ffi;
use pyo3::prelude::*;
use refroots_core::NodeId;

use super::layout::Layout;
use super::raw::{self, Address};
use super::walk::Walk;

/// The exact types that are weak references; of the first there may be subclasses (`PyWeakref_Check`,
/// weakrefobject.h, 3.10–3.14).
#[derive(Clone, Copy, Debug)]
pub(crate) struct WeakTypes {
    pub(crate) reference: Address,
    pub(crate) proxies: [Address; 2],
}

/// Makes a weak reference as `weakref.ref` and `weakref.proxy` do, without a module that the program may have changed.
fn new<'py>(
    object: &Bound<'py, PyAny>,
    make: unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: stable ABI; gives a new reference, or NULL with an exception.
    unsafe { Bound::from_owned_ptr_or_err(object.py(), make(object.as_ptr(), std::ptr::null_mut())) }
}

impl WeakTypes {
    /// Asks weak references to a class that was made for this, and to an instance of it.
    pub(super) fn of(class: &Bound<'_, PyAny>, instance: &Bound<'_, PyAny>) -> PyResult<Self> {
        let type_of = |weak: Bound<'_, PyAny>| weak.get_type().as_ptr() as Address;
        let proxies = [type_of(new(instance, ffi::PyWeakref_NewProxy)?), type_of(new(class, ffi::PyWeakref_NewProxy)?)];
        Ok(Self { reference: type_of(new(instance, ffi::PyWeakref_NewRef)?), proxies })
    }

    /// Whether a base of a type makes its objects weak references.
    pub(super) fn has(&self, base: Address) -> bool {
        base == self.reference || self.proxies.contains(&base)
    }
}

/// Where a weak reference has its referent, or `None` when that is gone: `wr_object`, behind the object's head
/// (weakrefobject.h, 3.10; cpython/weakrefobject.h, 3.11–3.14).
pub(super) fn referent_offset(version: (u8, u8)) -> Option<isize> {
    matches!(version, (3, 10..=14)).then_some(16)
}

/// Whether a reference and a proxy say what they refer to, and then that it is gone.
pub(super) fn are_read(instance: Bound<'_, PyAny>, none: Address, layout: &Layout) -> PyResult<bool> {
    let Some(offset) = layout.weak_referent else { return Ok(false) };
    let both = [new(&instance, ffi::PyWeakref_NewRef)?, new(&instance, ffi::PyWeakref_NewProxy)?];
    // SAFETY: a field inside a weak reference, which `both` keeps alive: its type has four words behind the head.
    let say = |expected| both.iter().all(|weak| unsafe { raw::word(weak.as_ptr() as Address, offset) } == expected);
    let is_said = say(instance.as_ptr() as Address);
    drop(instance);
    Ok(is_said && say(none))
}

impl Walk<'_> {
    /// Remembers what a weak reference refers to.
    ///
    /// # Safety
    /// `object` must be a live weak reference, the GIL held.
    pub(super) unsafe fn read_weak(&mut self, node: NodeId, object: Address) {
        let Some(offset) = self.layout.weak_referent else { return };
        // SAFETY: the field is a live object, `None`, or an object that is being freed and whose weak references
        // are cleared before its memory is given back; its count is 0 then (`PyWeakref_GET_OBJECT`,
        // cpython/weakrefobject.h, 3.11–3.14, says why).
        let referent = unsafe {
            let referent = raw::word(object, offset);
            if referent == self.known.none || referent == 0 || raw::half(referent, 0) == 0 {
                return;
            }
            referent
        };
        if self.weak.try_reserve(1).is_err() {
            return self.builder.fail(16 * self.weak.len());
        }
        self.weak.push((node, referent));
    }

    /// Gives the graph what was remembered. A referent that nothing else leads to is no node of it: weak references
    /// are to change nothing else.
    pub(super) fn tell_weak(&mut self) {
        if self.layout.weak_referent.is_none() {
            return;
        }
        let weak = std::mem::take(&mut self.weak);
        let mut pairs = Vec::new();
        if pairs.try_reserve_exact(weak.len()).is_err() {
            return self.builder.fail(8 * weak.len());
        }
        pairs.extend(weak.iter().filter_map(|&(node, referent)| Some((node.0, self.described_at(referent)?.0))));
        self.builder.know_weak(pairs);
    }
}
