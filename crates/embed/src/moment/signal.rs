//! Watches for a signal.

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use refroots_cli::Signal;

use crate::capture::nudge;

/// Calls `then` each time the signal comes, in the main thread, between two steps of the program. A program that sets a
/// handler of its own takes the signal over.
pub(super) fn watch(py: Python<'_>, signal: &Signal, then: fn(Python<'_>)) -> PyResult<()> {
    let handler = PyCFunction::new_closure(py, None, None, move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        if super::is_ours() {
            then(args.py());
        }
    })?;
    // `signal` would import `enum`, which the program did not.
    py.import("_signal")?.call_method1("signal", (signal.number, handler))?;
    Ok(nudge::before_main_thread_waits(signal.number)?)
}
