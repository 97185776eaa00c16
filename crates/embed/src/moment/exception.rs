//! Watches for an exception that escapes the main program.

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyString, PyTuple};

/// Calls `then` before the traceback is printed, while it holds the frames.
///
/// The audit event `sys.excepthook` comes also where the program has its own hook, and not for
/// `SystemExit`. C code that prints an exception while the program runs raises it as well: then
/// there is a frame.
pub(super) fn watch(py: Python<'_>, then: fn(Python<'_>)) -> PyResult<()> {
    let hook = PyCFunction::new_closure(py, None, None, move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
        let py = args.py();
        let is_hook_event = args
            .get_item(0)
            .is_ok_and(|event| event.cast::<PyString>().is_ok_and(|event| event.to_str().is_ok_and(|e| e == "sys.excepthook")));
        if is_hook_event && super::is_ours() && !is_running(py) {
            then(py);
        }
    })?;
    py.import("sys")?.call_method1("addaudithook", (hook,))?;
    Ok(())
}

/// Whether Python code runs in this thread, asked without making a frame object: by the module of the
/// newest frame on 3.12 and later, where `globals()` may answer for the main module, else by `globals()`.
fn is_running(py: Python<'_>) -> bool {
    let name_of_module = py.import("sys").and_then(|sys| sys.getattr("_getframemodulename"));
    let found = match name_of_module {
        Ok(name_of_module) => name_of_module.call0(),
        Err(_) => py.import("builtins").and_then(|builtins| builtins.call_method0("globals")),
    };
    found.is_ok_and(|found| !found.is_none())
}
