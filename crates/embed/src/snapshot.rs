//! Snapshots from Python: saved, by a forked child too, and loaded.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use pyo3::create_exception;
use pyo3::exceptions::{PyKeyboardInterrupt, PyValueError};
use pyo3::prelude::*;
use refroots_cli::{Unfinished, finish_snapshot, open_snapshot_in, save_snapshot};
use refroots_core::snapshot::Reading;
use refroots_core::{HeapGraph, Values};

use crate::ask::policy;
use crate::capture as live;
use crate::heap::Heap;
use crate::refused;

create_exception!(
    refroots,
    SnapshotError,
    PyValueError,
    "A file that is no snapshot, is damaged, or is of a later format. The text says where in the file, and what to do."
);

/// The policy of that name, where a graph has the values for it.
pub(crate) fn allowed(graph: &HeapGraph, values: &str) -> PyResult<Values> {
    let asked = policy(values)?;
    if graph.sayable(asked) == asked {
        Ok(asked)
    } else {
        Err(PyValueError::new_err("this heap was saved without values: it has none to save; values=\"none\" saves the rest"))
    }
}

/// A policy's name.
pub(crate) fn policy_word(values: Values) -> &'static str {
    match values {
        Values::None => "none",
        Values::Short => "short",
    }
}

/// Does long work without the GIL, which it asks about signals some twenty times a second.
fn stoppable<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&mut (dyn FnMut(u64, u64) -> ControlFlow<()> + Send)) -> Result<T, refroots_cli::Error> + Send,
) -> PyResult<T> {
    let mut raised = None;
    let done = py.detach(|| {
        work(&mut |_, _| {
            if !live::hears_signals() {
                return ControlFlow::Continue(());
            }
            match Python::attach(|py| py.check_signals()) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    raised = Some(error);
                    ControlFlow::Break(())
                }
            }
        })
    });
    match (done, raised) {
        (Ok(done), None) => Ok(done),
        (_, Some(raised)) => Err(raised),
        (Err(refroots_cli::Error::Stopped), None) => Err(PyKeyboardInterrupt::new_err(())),
        (Err(error), None) => Err(refused::file(error)),
    }
}

/// Saves a graph while other threads run.
pub(crate) fn save_graph(py: Python<'_>, graph: &HeapGraph, path: &Path, values: Values) -> PyResult<()> {
    stoppable(py, |progress| save_snapshot(graph, path, values, progress))
}

/// Captures the process and saves the heap as a snapshot file: `refroots.capture(fork).save(path, values)`.
///
/// With `fork=True` the process stands still only while it is forked, and a child captures, compresses and writes; the
/// call waits for it while other threads run. The file appears when it is whole; where anything goes wrong, nothing is
/// left behind.
///
/// Raises OSError where the file cannot be written, MemoryError where there is no room for the graph, KeyboardInterrupt
/// on Ctrl-C; with `fork=True` RuntimeError where the child is killed.
///
/// >>> refroots.save("before.refroots")
/// >>> refroots.save("after.refroots", fork=True)
/// >>> refroots.load("before.refroots").diff(refroots.load("after.refroots")).survivors > 1000
/// True
#[pyfunction]
#[pyo3(signature = (path, fork=false, values="none"))]
pub(crate) fn save(py: Python<'_>, path: PathBuf, fork: bool, values: &str) -> PyResult<()> {
    let values = policy(values)?;
    // What cannot be written is found before the heap is walked.
    let unfinished = py.detach(|| Unfinished::new(&path)).map_err(refused::file)?;
    if fork {
        let (_, written) = live::save_by_child(py, unfinished.file(), values)?;
        written.map_err(|error| refused::file(unfinished.failed(error)))?;
        return unfinished.finish().map_err(refused::file);
    }
    let captured = live::capture_whole(py, false)?;
    stoppable(py, |progress| finish_snapshot(&captured.graph, unfinished, values, progress))?;
    if let Some(moment) = captured.moment {
        moment.keep_for_ever();
    }
    Ok(())
}

/// Loads a snapshot file as a Heap. It answers as the captured one did, but it has no live objects, and no values
/// where it was saved without (`Heap.values`).
///
/// Whatever bytes the file has, opening it ends with a heap or an error. Costs less than half of what `gc.collect()`
/// costs on the heap that was saved; the first question about references costs half of that again, for they are looked
/// through now and read then.
///
/// Raises OSError where the file cannot be read, SnapshotError (a ValueError) where it is no snapshot, damaged or too
/// new, MemoryError where there is no room for the graph, KeyboardInterrupt on Ctrl-C.
///
/// >>> refroots.save("heap.refroots", values="short")
/// >>> refroots.load("heap.refroots").by_type()["dict"].count > 100
/// True
#[pyfunction]
pub(crate) fn load(py: Python<'_>, path: PathBuf) -> PyResult<Heap> {
    stoppable(py, |progress| open_snapshot_in(&path, Reading::Objects, live::room_left(), progress)).map(Heap::loaded)
}
