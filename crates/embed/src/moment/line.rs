//! Watches for a line of a file that is about to run.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyString, PyTuple};
use pyo3::{IntoPyObjectExt, intern};
use refroots_cli::Line;

use super::monitoring;

/// Calls `then` before the line runs for the first time, in any thread, while its frame is there.
pub(super) fn watch(py: Python<'_>, line: &Line, then: fn(Python<'_>)) -> PyResult<()> {
    let line = line.clone();
    if monitoring::is_known(py)? {
        return monitoring::watch_event(py, "LINE", then, move |args| {
            let (code, number): (Bound<'_, PyAny>, u32) = args.extract()?;
            Ok(number == line.number && is_of(&code, &line)?)
        });
    }
    trace(py, line, then)
}

fn is_of(code: &Bound<'_, PyAny>, line: &Line) -> PyResult<bool> {
    let name = code.getattr(intern!(code.py(), "co_filename"))?;
    Ok(line.is_in(name.cast::<PyString>()?.to_str()?))
}

/// 3.10 and 3.11 have trace functions for it, which are called for each call, and for each line of the file.
fn trace(py: Python<'_>, line: Line, then: fn(Python<'_>)) -> PyResult<()> {
    let is_over = AtomicBool::new(false);
    let on_event = move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| -> PyResult<Py<PyAny>> {
        let py = args.py();
        if is_over.load(Ordering::Relaxed) || !super::is_ours() {
            py.import("sys")?.call_method1("settrace", (py.None(),))?;
            return Ok(py.None());
        }
        let (frame, event) = (args.get_item(0)?, args.get_item(1)?);
        if event.cast::<PyString>()?.to_str()? == "call" {
            let is_meant = is_of(&frame.getattr(intern!(py, "f_code"))?, &line)?;
            // What it gives is called for the lines of that frame.
            return if is_meant { Ok(py.import("sys")?.call_method0("gettrace")?.unbind()) } else { Ok(py.None()) };
        }
        let number: u32 = frame.getattr(intern!(py, "f_lineno"))?.extract()?;
        let is_line = event.cast::<PyString>()?.to_str()? == "line";
        if is_line && number == line.number && !is_over.swap(true, Ordering::Relaxed) {
            for module in ["sys", "threading"] {
                py.import(module)?.call_method1("settrace", (py.None(),))?;
            }
            then(py);
        }
        Ok(py.None())
    };
    let on_event = PyCFunction::new_closure(py, None, None, on_event)?.into_py_any(py)?;
    for module in ["sys", "threading"] {
        py.import(module)?.call_method1("settrace", (&on_event,))?;
    }
    Ok(())
}
