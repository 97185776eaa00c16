//! Capture: the live interpreter becomes a [`HeapGraph`]. All unsafe code of refroots is in this folder.
//!
//! One pass under the GIL: the collector's list of objects, then everything that those refer to. No
//! Python code runs, no object is made (but the marks of a `Heap`, when it has ended), nothing is kept
//! alive, nothing is collected.

mod ahead;
mod atoms;
mod boundary;
pub(crate) mod census;
mod classes;
mod code;
mod enumerate;
mod equal;
mod evidence;
pub(crate) mod exit_status;
mod fields;
mod fork;
mod frames;
mod gc_rings;
pub(crate) mod holders;
pub(crate) mod ids;
mod interior;
mod key_table;
mod large_blocks;
mod layout;
mod live;
mod loaded;
mod names;
pub(crate) mod nudge;
mod numpy;
mod outside;
pub(crate) mod page_index;
pub(crate) mod piece;
mod probe;
pub(crate) mod proper;
mod raw;

mod references;
mod reported;
pub(crate) mod returns;
mod roots;
mod shapes;
pub(crate) mod sizes;
mod sought;
mod state_layout;
mod suspended;
mod traversed;
mod type_shape;
mod walk;
mod weak;

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyMemoryError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use refroots_cli::room;
use refroots_core::{HeapGraph, Values};

pub(crate) use boundary::Moment;
pub(crate) use enumerate::{hears_signals, is_interrupted, raise_again};
pub(crate) use probe::Proved;

pub(crate) use live::objects_at;
pub(crate) use room::left as room_left;

use crate::origin::origin;

/// What a capture is made for.
#[derive(Default)]
pub(crate) struct Purpose {
    /// Addresses of objects that refroots made to ask: they are walked and hidden.
    pub(crate) own_objects: Vec<usize>,
    /// Addresses of live objects that are asked about: they have nodes even where nothing refers to them.
    pub(crate) subjects: Vec<usize>,
    /// Whether the frame that called refroots is to give way as a holder.
    pub(crate) asks: bool,
    /// Whether other threads may run while the columns are turned around, when no object is read any
    /// more. Not where addresses are turned back into objects afterwards.
    pub(crate) lets_others_run: bool,
}

static PROVED: PyOnceLock<Result<probe::Proved, String>> = PyOnceLock::new();

/// Reads the known objects back. Done when the module is imported, in less than a millisecond: the
/// program's hooks could call for a capture while the first one prepares itself.
pub(crate) fn prepare(py: Python<'_>) {
    // A class is made when it is first asked for, which must not be while the program is looked at.
    py.get_type::<boundary::Boundary>();
    PROVED.get_or_init(py, || probe::prove(py).map_err(|error| error.value(py).to_string()));
}

/// A graph, and for how long the process stood still for it.
pub(crate) struct Captured {
    pub(crate) graph: HeapGraph,
    pub(crate) pause: Duration,
    pub(crate) moment: Option<Moment>,
}

/// Captures the whole process. Costs about one `gc.collect()`.
///
/// # Errors
/// `MemoryError` where the graph has no room, `KeyboardInterrupt` on Ctrl-C (or what the program's
/// own handler raises; a handler that raises nothing lets the capture begin again).
pub(crate) fn capture(py: Python<'_>, purpose: &Purpose) -> PyResult<HeapGraph> {
    capture_marked(py, purpose, |_| ()).map(|(graph, ())| graph.with_origin(origin(None)))
}

/// Captures, and calls `then` as soon as the walk has ended, before other threads may run.
fn capture_marked<M>(py: Python<'_>, purpose: &Purpose, then: impl Fn(&probe::Proved) -> M) -> PyResult<(HeapGraph, M)> {
    let proved = proved(py)?;
    loop {
        match enumerate::whole_heap(py, proved, purpose, || then(proved))? {
            Ok(captured) => return Ok(captured),
            Err(walk::Stopped::Failed(error)) => return Err(PyMemoryError::new_err(error.to_string())),
            Err(walk::Stopped::Interrupted) => {
                enumerate::raise_again();
                py.check_signals()?;
            }
        }
    }
}

/// Captures for a [`Heap`](crate::heap::Heap), here or in a forked child.
///
/// # Errors
/// Those of [`capture`] and of a child.
pub(crate) fn capture_whole(py: Python<'_>, fork: bool) -> PyResult<Captured> {
    let purpose = Purpose { lets_others_run: !fork, ..Purpose::default() };
    if !fork {
        let begun = Instant::now();
        let (graph, moment) = capture_marked(py, &purpose, |proved| Moment::mark(py, proved))?;
        let pause = begun.elapsed();
        return Ok(Captured { graph: graph.with_origin(origin(moment.as_ref())), pause, moment });
    }
    let proved = proved(py)?;
    loop {
        if let Some(captured) = fork::capture(py, proved, &purpose)? {
            return Ok(captured);
        }
        enumerate::raise_again();
        py.check_signals()?;
    }
}

/// Captures in a forked child, which writes the snapshot into a file of this process. Gives the time for which the
/// process stood still.
///
/// # Errors
/// Those of a child; the inner ones are those of writing.
pub(crate) fn save_by_child(py: Python<'_>, file: &File, values: Values) -> PyResult<(Duration, io::Result<()>)> {
    let proved = proved(py)?;
    loop {
        match fork::save(py, proved, &Purpose::default(), file, values)? {
            (pause, Ok(true)) => return Ok((pause, Ok(()))),
            // A child that Ctrl-C stopped has written nothing yet.
            (_, Ok(false)) => {
                enumerate::raise_again();
                py.check_signals()?;
            }
            (pause, Err(error)) => return Ok((pause, Err(error))),
        }
    }
}

pub(crate) fn proved(py: Python<'_>) -> PyResult<&probe::Proved> {
    match PROVED.get(py) {
        Some(Ok(proved)) => Ok(proved),
        Some(Err(reason)) => Err(PyRuntimeError::new_err(reason.clone())),
        None => Err(PyRuntimeError::new_err("refroots is being imported; capture after that")),
    }
}
