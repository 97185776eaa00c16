//! The objects that a walk begins with: the collector's list, the modules, the running frames.
#![allow(unsafe_code)]

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyList;
use refroots_core::{Error, HeapGraph};
use std::sync::Arc;

use super::loaded::Loaded;
use super::probe::Proved;
use super::raw::Address;
use super::walk::{Columns, Stopped, Walk};
use super::{Purpose, frames, room, roots};

/// Where a walk takes place, which says how much memory it needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walked {
    Here,
    /// In a forked child, whose columns are copied once before they are here.
    InChild,
}

/// Walks everything, calls `then`, and finishes the graph. The outer error is Python's, the inner one says why
/// it ended early.
pub(crate) fn whole_heap<M>(
    py: Python<'_>,
    proved: &Proved,
    purpose: &Purpose,
    then: impl FnOnce() -> M,
) -> PyResult<Result<(HeapGraph, M), Stopped>> {
    Ok(match walk(py, proved, purpose, Loaded::read(), Walked::Here)? {
        Ok(columns) => {
            let mark = then();
            let graph = if purpose.lets_others_run {
                py.detach(|| columns.finish(&mut goes_on))
            } else {
                columns.finish(&mut || !is_interrupted(py))
            };
            graph.map(|graph| (graph, mark))
        }
        Err(stopped) => Err(stopped),
    })
}

/// Walks everything. The errors are those of [`whole_heap`].
pub(crate) fn walk(
    py: Python<'_>,
    proved: &Proved,
    purpose: &Purpose,
    loaded: Arc<Loaded>,
    place: Walked,
) -> PyResult<Result<Columns, Stopped>> {
    let tracked = match &proved.rings {
        // SAFETY: the GIL is held.
        Some(rings) => unsafe { rings.objects() }.ok_or_else(no_room_for_the_list)?,
        None => tracked_objects(py, proved)?,
    };
    let needed = room::needed(tracked.len()) * if place == Walked::InChild { 2 } else { 1 };
    if let Some(left) = room::left().filter(|&left| left < needed) {
        return Ok(Err(Stopped::Failed(Error::NoRoom { needed, left })));
    }
    let mut walk = match Walk::new(proved, loaded, tracked.len() * 2) {
        Ok(walk) => walk,
        Err(error) => return Ok(Err(Stopped::Failed(error))),
    };
    walk.own_objects.extend(purpose.own_objects.iter().copied());
    walk.subjects.extend(purpose.subjects.iter().copied());
    for note in &proved.notes {
        walk.builder.note(note.as_str());
    }
    // SAFETY:
    // - the GIL is held until the columns are read, and nothing below runs Python code or frees an
    //   object, so every address that was live stays live;
    // - the layouts were proved.
    Ok(unsafe {
        walk.discover_tracked(tracked);
        if let Some(layout) = proved.layout.frames {
            walk.frames = frames::running(&mut walk, &layout, purpose.asks);
            walk.discover_frames();
        }
        roots::add_modules(&mut walk);
        for &subject in &purpose.subjects {
            walk.node(subject);
        }
        walk.run().map(|()| {
            roots::add_static_types(&mut walk);
            walk.find_evidence();
            walk.finish()
        })
    })
}

/// Addresses of the objects that the collector tracks, oldest generation first, as `gc.get_objects` gives
/// them. Its lists are freed before anything is read; the collector sleeps meanwhile, because making them
/// could wake it.
fn tracked_objects(py: Python<'_>, proved: &Proved) -> PyResult<Vec<u64>> {
    // SAFETY: stable ABI since 3.10; sets one flag and says what it was.
    let was_enabled = unsafe { ffi::PyGC_Disable() } != 0;
    let mut addresses = Vec::new();
    let done = [2, 1, 0].into_iter().try_for_each(|generation| add_generation(py, proved, generation, &mut addresses));
    if was_enabled {
        // SAFETY: as above.
        unsafe { ffi::PyGC_Enable() };
    }
    done.map(|()| addresses)
}

fn add_generation(py: Python<'_>, proved: &Proved, generation: u32, addresses: &mut Vec<u64>) -> PyResult<()> {
    let objects = proved.get_objects.bind(py).call1((generation,))?.cast_into::<PyList>()?;
    let own = objects.as_ptr() as Address;
    let count = objects.len();
    addresses.try_reserve(count).map_err(|_| no_room_for_the_list())?;
    for index in 0..count {
        // SAFETY: a borrowed item of a live list that nobody else has; the index is in range.
        let item = unsafe { ffi::PyList_GetItem(objects.as_ptr(), index as ffi::Py_ssize_t) } as Address;
        if item != own {
            addresses.push(item as u64);
        }
    }
    Ok(())
}

fn no_room_for_the_list() -> PyErr {
    pyo3::exceptions::PyMemoryError::new_err("no room for the list of objects; free memory, or look at a smaller process")
}

/// Whether Ctrl-C was pressed; takes it, and runs no handler. Only the main thread is told.
pub(crate) fn is_interrupted(_: Python<'_>) -> bool {
    // SAFETY: the GIL is held; stable ABI, reads and clears a flag (Modules/signalmodule.c, 3.10 to 3.14).
    unsafe { ffi::PyOS_InterruptOccurred() != 0 }
}

/// Whether this thread hears signals of Python's: the process's first one does. Another one must not ask for the GIL for
/// nothing: while the interpreter ends, that ends the thread inside of what it does (`PyGILState_Ensure`, 3.10 to 3.13).
pub(crate) fn hears_signals() -> bool {
    // SAFETY: both only read numbers that the kernel knows.
    unsafe { libc::gettid() == libc::getpid() }
}

/// Whether work without the GIL is to go on.
pub(crate) fn goes_on() -> bool {
    !hears_signals() || !Python::attach(is_interrupted)
}

/// Puts a Ctrl-C back that polling has taken, for Python's handler.
pub(crate) fn raise_again() {
    // SAFETY: stable ABI; sets a flag.
    unsafe { ffi::PyErr_SetInterrupt() };
}
