//! Watches for a function's return with `sys.monitoring`, on Python 3.12 and later.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyString, PyTuple};
use refroots_cli::Function;

/// Whether this Python has `sys.monitoring`.
pub(super) fn is_known(py: Python<'_>) -> PyResult<bool> {
    py.import("sys")?.hasattr("monitoring")
}

/// `sys.monitoring`, under the tool id that was free.
struct Tool {
    monitoring: Py<PyAny>,
    id: u8,
    start: u32,
    end: u32,
    /// The code objects whose returns are watched.
    watched: Mutex<Vec<Py<PyAny>>>,
}

/// Calls `then` when the function returns for the first time, in any thread, while its frame is there.
///
/// Each function that starts is looked at once, then the program runs at its own speed: a callback
/// that answers DISABLE is not called again for the same code.
pub(super) fn watch(py: Python<'_>, function: &Function, then: fn(Python<'_>)) -> PyResult<()> {
    let monitoring = py.import("sys")?.getattr("monitoring")?;
    let id = free_id(&monitoring)?;
    monitoring.call_method1("use_tool_id", (id, "refroots"))?;
    let events = monitoring.getattr("events")?;
    let (start, end) = (events.getattr("PY_START")?.extract()?, events.getattr("PY_RETURN")?.extract()?);
    let tool = Arc::new(Tool { monitoring: monitoring.clone().unbind(), id, start, end, watched: Mutex::default() });

    let (function, tool_at_start) = (function.clone(), Arc::clone(&tool));
    let on_start = move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| -> PyResult<Py<PyAny>> {
        let (py, code) = (args.py(), args.get_item(0)?);
        if super::is_ours() && is_the_one(&function, &code)? {
            tool_at_start.watch_returns(&code)?;
        }
        tool_at_start.monitoring.getattr(py, "DISABLE")
    };
    let on_return = move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| -> PyResult<Py<PyAny>> {
        let py = args.py();
        if !super::is_ours() {
            return tool.monitoring.getattr(py, "DISABLE");
        }
        if tool.stop(py)? {
            then(py);
        }
        Ok(py.None())
    };
    monitoring.call_method1("register_callback", (id, start, PyCFunction::new_closure(py, None, None, on_start)?))?;
    monitoring.call_method1("register_callback", (id, end, PyCFunction::new_closure(py, None, None, on_return)?))?;
    monitoring.call_method1("set_events", (id, start))?;
    Ok(())
}

/// 3 and 4 are the ids without a meaning; the others stand for debuggers, coverage and so on.
fn free_id(monitoring: &Bound<'_, PyAny>) -> PyResult<u8> {
    for id in [4, 3, 5, 2, 1, 0] {
        if monitoring.call_method1("get_tool", (id,))?.is_none() {
            return Ok(id);
        }
    }
    Err(pyo3::exceptions::PyRuntimeError::new_err("every tool id of sys.monitoring is taken"))
}

/// Whether a code object that starts is the function's, by its qualified name and its globals.
fn is_the_one(function: &Function, code: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = code.py();
    if code.getattr(intern!(py, "co_qualname"))?.cast::<PyString>()?.to_str()? != function.qualname {
        return Ok(false);
    }
    // The running frame's globals, without making a frame object that would be seen later.
    let globals = py.import("builtins")?.call_method0("globals")?;
    Ok(globals.get_item("__name__")?.extract::<String>().is_ok_and(|module| module == function.module))
}

impl Tool {
    fn watched(&self) -> MutexGuard<'_, Vec<Py<PyAny>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch_returns(&self, code: &Bound<'_, PyAny>) -> PyResult<()> {
        self.watched().push(code.clone().unbind());
        self.monitoring.bind(code.py()).call_method1("set_local_events", (self.id, code, self.end))?;
        Ok(())
    }

    /// Gives the tool id back; says whether it was still held.
    fn stop(&self, py: Python<'_>) -> PyResult<bool> {
        let watched = std::mem::take(&mut *self.watched());
        if watched.is_empty() {
            return Ok(false);
        }
        let monitoring = self.monitoring.bind(py);
        for code in watched {
            monitoring.call_method1("set_local_events", (self.id, code, 0))?;
        }
        monitoring.call_method1("set_events", (self.id, 0))?;
        for event in [self.start, self.end] {
            monitoring.call_method1("register_callback", (self.id, event, py.None()))?;
        }
        monitoring.call_method1("free_tool_id", (self.id,))?;
        Ok(true)
    }
}
