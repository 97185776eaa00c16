//! Watches for what code does, a function's return above all, with `sys.monitoring`, on Python 3.12 and later.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyString, PyTuple};
use refroots_cli::Function;

/// Whether this Python has `sys.monitoring`.
pub(super) fn is_known(py: Python<'_>) -> PyResult<bool> {
    py.import("sys")?.hasattr("monitoring")
}

/// Calls `then` when the function returns for the first time, in any thread, while its frame is there.
pub(super) fn watch(py: Python<'_>, function: &Function, then: fn(Python<'_>)) -> PyResult<()> {
    let function = function.clone();
    watch_event(py, "PY_RETURN", then, move |args| is_the_one(&function, &args.get_item(0)?))
}

/// Calls `then` at the first event of a kind that is the one.
///
/// Each place that has one is looked at once, then the program runs at its own speed: a callback
/// that answers DISABLE is not called again for the same place. (Events of the one code object that
/// matters would do as well, but CPython 3.12.1 and 3.13.0 crash when they are set in a callback.)
pub(super) fn watch_event(
    py: Python<'_>,
    kind: &str,
    then: fn(Python<'_>),
    is_the_one: impl Fn(&Bound<'_, PyTuple>) -> PyResult<bool> + Send + Sync + 'static,
) -> PyResult<()> {
    let monitoring = py.import("sys")?.getattr("monitoring")?;
    let id = free_id(&monitoring)?;
    let event: u32 = monitoring.getattr("events")?.getattr(kind)?.extract()?;
    let (tools, is_over) = (monitoring.clone().unbind(), AtomicBool::new(false));
    let on_event = move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| -> PyResult<Py<PyAny>> {
        let py = args.py();
        if !super::is_ours() || !is_the_one(args)? {
            return tools.getattr(py, intern!(py, "DISABLE"));
        }
        if !is_over.swap(true, Ordering::Relaxed) {
            give_back(tools.bind(py), id, event)?;
            then(py);
        }
        Ok(py.None())
    };
    monitoring.call_method1("use_tool_id", (id, "refroots"))?;
    monitoring.call_method1("register_callback", (id, event, PyCFunction::new_closure(py, None, None, on_event)?))?;
    monitoring.call_method1("set_events", (id, event))?;
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

fn give_back(monitoring: &Bound<'_, PyAny>, id: u8, event: u32) -> PyResult<()> {
    monitoring.call_method1("set_events", (id, 0))?;
    monitoring.call_method1("register_callback", (id, event, monitoring.py().None()))?;
    monitoring.call_method1("free_tool_id", (id,))?;
    Ok(())
}

/// Whether a code object that returns is the function's, by its qualified name and its globals.
fn is_the_one(function: &Function, code: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = code.py();
    if code.getattr(intern!(py, "co_qualname"))?.cast::<PyString>()?.to_str()? != function.qualname {
        return Ok(false);
    }
    // The running frame's globals, without making a frame object that would be seen later.
    let globals = py.import("builtins")?.call_method0("globals")?;
    Ok(globals.get_item("__name__")?.extract::<String>().is_ok_and(|module| module == function.module))
}
