//! Modules that `sys.modules` has under their own names, and frame objects of interpreter frames.
#![allow(unsafe_code)]

use pyo3::ffi;
use pyo3::prelude::*;
use rustc_hash::FxHashSet;

use super::piece::RunningFrame;
use super::probe::Proved;
use super::raw::{self, Address};

/// Addresses of the modules that stand in `sys.modules` under what their own `__name__` says.
pub(crate) fn proper_modules(py: Python<'_>, proved: &Proved) -> PyResult<FxHashSet<u64>> {
    let modules = py.import("sys")?.getattr("modules")?;
    let mut found = FxHashSet::default();
    // SAFETY:
    // - `sys.modules` is live, and read as a dict only where it is one;
    // - `md_dict` at 16 is a dict or NULL (internal/pycore_moduleobject.h, 3.10–3.14); strings are read as such
    //   where they are exact; nothing here runs Python code.
    unsafe {
        let modules = modules.as_ptr() as Address;
        if raw::type_flags(raw::type_of(modules)) & raw::DICT_SUBCLASS == 0 {
            return Ok(found);
        }
        let str_type = proved.str_type;
        raw::each_item(modules, |key, module| {
            let is_module = is_module(module) && raw::type_of(key) == str_type;
            let dict = if is_module { raw::word(module, 16) } else { 0 };
            if dict != 0 {
                let mut name = 0;
                raw::each_item(dict, |entry, value| {
                    if raw::type_of(entry) == str_type && proved.layout.text(entry, 9).0 == "__name__" {
                        name = value;
                    }
                    name == 0
                });
                let is_same = name == key
                    || (name != 0
                        && raw::type_of(name) == str_type
                        && proved.layout.text(name, 10_000).0 == proved.layout.text(key, 10_000).0);
                if is_same {
                    found.insert(module as u64);
                }
            }
            true
        });
    }
    Ok(found)
}

/// # Safety
/// `object` must be live.
unsafe fn is_module(object: Address) -> bool {
    // SAFETY: stable ABI; both are live types, and the answer comes out of the method resolution order.
    unsafe { ffi::PyType_IsSubtype(raw::type_of(object) as *mut ffi::PyTypeObject, &raw mut ffi::PyModule_Type) != 0 }
}

/// The frame object of a frame that ran when it was found; Python makes it where there is none yet, and those of the
/// frames that it called. No code of the program runs and no object is freed: nobody is told (`sys._current_frames`
/// raises an audit event), and the collector sleeps meanwhile.
///
/// # Errors
/// `MemoryError`.
pub(crate) fn frame_object<'py>(py: Python<'py>, proved: &Proved, frame: &RunningFrame) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some((first, next)) = proved.known.threads else { return Ok(None) };
    // SAFETY: stable ABI since 3.10; sets one flag and says what it was.
    let was_enabled = unsafe { ffi::PyGC_Disable() } != 0;
    let find = || {
        // SAFETY: threads do not come or go while the GIL is held.
        let mut thread = unsafe { first(ffi::PyInterpreterState_Get().cast()) };
        while !thread.is_null() {
            // SAFETY: a live thread; gives a new reference, or NULL where it runs no Python code.
            let mut newer = unsafe { Bound::from_owned_ptr_or_opt(py, ffi::PyThreadState_GetFrame(thread).cast()) };
            while let Some(object) = newer.filter(|object| !object.is_none()) {
                // SAFETY: a live frame object.
                if unsafe { frame.is_frame(proved, object.as_ptr() as Address) } {
                    return Ok(Some(object));
                }
                // Read by the frame's own type, which nobody can change.
                newer = Some(object.getattr("f_back")?);
            }
            // SAFETY: as above.
            thread = unsafe { next(thread.cast()) };
        }
        Ok(None)
    };
    let found = find();
    if was_enabled {
        // SAFETY: as above.
        unsafe { ffi::PyGC_Enable() };
    }
    found
}
