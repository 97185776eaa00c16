//! Watches for a function's return on Python 3.10 and 3.11. Unsafe: a C profile function.
//!
//! A C function costs little where Python code as profile function would cost much, and with no
//! argument `sys.getprofile()` says None, as without it. 3.12 and later have `sys.monitoring`.

#![allow(unsafe_code)]

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction, PyDict, PyString, PyTuple};
use pyo3::{ffi, intern};
use refroots_cli::Function;

use super::raw;

type ProfileFunction = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyFrameObject, c_int, *mut ffi::PyObject) -> c_int;
type SetProfile = unsafe extern "C" fn(Option<ProfileFunction>, *mut ffi::PyObject);

/// `PyTrace_CALL` and `PyTrace_RETURN` (Include/cpython/pystate.h, the same since 2.2).
const CALL: c_int = 0;
const RETURN: c_int = 3;

/// Bits of `co_flags` (Include/cpython/code.h).
const NEWLOCALS: u32 = 0x2;
const SUSPENDS: u32 = 0x20 | 0x80 | 0x100 | 0x200;
/// `RETURN_VALUE` in 3.10 and 3.11 (Include/opcode.h).
const RETURN_VALUE: u8 = 83;

struct Watch {
    function: Function,
    /// The last part of the qualified name, interned: code objects of that name share it.
    name: Py<PyString>,
    set_profile: SetProfile,
    then: fn(Python<'_>),
    /// What starts a thread, where another stands in its place.
    start: OnceLock<Py<PyAny>>,
    /// On 3.10, which knows no qualified names: the code that was found in its module's constants.
    found: Option<Mutex<Vec<Py<PyAny>>>>,
}

/// What `threading` calls to start a thread (Lib/threading.py, 3.10 and 3.11).
const START: &str = "_start_new_thread";

static WATCH: OnceLock<Watch> = OnceLock::new();
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// Calls `then` when the function returns for the first time, in this thread or one that `threading`
/// starts later, while its frame is there.
pub(crate) fn watch(py: Python<'_>, function: &Function, then: fn(Python<'_>)) -> PyResult<()> {
    // CPython exports it outside the limited API (Include/cpython/ceval.h).
    let Some(symbol) = raw::symbol(c"PyEval_SetProfile") else {
        return Err(pyo3::exceptions::PyRuntimeError::new_err("this Python exports no PyEval_SetProfile"));
    };
    // SAFETY: the symbol is not null, and is the C function of exactly this type in 3.10 and 3.11.
    let set_profile = unsafe { std::mem::transmute::<*mut libc::c_void, SetProfile>(symbol) };
    let last = function.qualname.rsplit('.').next().unwrap_or_default();
    let knows_qualnames = py.version_info() >= (3, 11);
    WATCH.get_or_init(|| Watch {
        function: function.clone(),
        name: PyString::intern(py, last).unbind(),
        set_profile,
        then,
        start: OnceLock::new(),
        found: (!knows_qualnames).then(Mutex::default),
    });
    profile_this_thread(true);
    follow_new_threads(py)
}

/// Puts a function in the place where `threading` starts threads, which the program cannot tell from
/// the original: `threading.setprofile` would be seen by `threading.getprofile`.
fn follow_new_threads(py: Python<'_>) -> PyResult<()> {
    let threading = py.import("threading")?;
    let start = threading.getattr(START)?.unbind();
    if let Some(watch) = WATCH.get() {
        let _ = watch.start.set(start.clone_ref(py));
    }
    let wrapper = PyCFunction::new_closure(
        py,
        Some(c"start_new_thread"),
        None,
        move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
            let py = args.py();
            if IS_OVER.load(Ordering::Relaxed) {
                return start.call1(py, args);
            }
            let run = args.get_item(0)?.unbind();
            let profiled =
                PyCFunction::new_closure(py, None, None, move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
                    profile_this_thread(!IS_OVER.load(Ordering::Relaxed));
                    run.call1(args.py(), args)
                })?;
            start.call1(py, (profiled, args.get_item(1)?))
        },
    )?;
    threading.setattr(START, wrapper)
}

/// Gives up: no thread calls `then` any more.
pub(crate) fn stop(py: Python<'_>) {
    let Some(watch) = WATCH.get() else { return };
    if IS_OVER.swap(true, Ordering::Relaxed) {
        return;
    }
    profile_this_thread(false);
    if let Some(start) = watch.start.get() {
        // Where this fails, the one in its place does the same from now on.
        let _ = py.import("threading").and_then(|threading| threading.setattr(START, start));
    }
}

fn profile_this_thread(on: bool) {
    if let Some(watch) = WATCH.get() {
        let function: Option<ProfileFunction> = if on { Some(on_event) } else { None };
        // SAFETY:
        // - the caller is attached to the interpreter, as PyEval_SetProfile wants.
        // - a null argument is allowed: it is kept in c_profileobj and given back (Python/ceval.c, 3.10
        //   and 3.11); `sys.getprofile` says None for it (Python/sysmodule.c).
        // - `on_event` lives as long as the process.
        unsafe { (watch.set_profile)(function, std::ptr::null_mut()) }
    }
}

/// The profile function: called at each call and return, so that it must decide quickly.
unsafe extern "C" fn on_event(
    _: *mut ffi::PyObject,
    frame: *mut ffi::PyFrameObject,
    what: c_int,
    returned: *mut ffi::PyObject,
) -> c_int {
    let Some(watch) = WATCH.get() else { return 0 };
    // A return without a value is an exception on its way out (Python/ceval.c: call_trace_protected).
    let may_matter = (what == RETURN && !returned.is_null()) || (what == CALL && watch.found.is_some());
    if !may_matter && !IS_OVER.load(Ordering::Relaxed) {
        return 0;
    }
    // SAFETY:
    // - CPython calls profile functions with the GIL held and no exception set (call_trace; around
    //   unwinding, call_trace_protected has put it away).
    // - `frame` is a borrowed reference to the frame that the event is about.
    let (py, frame) = unsafe {
        let py = Python::assume_attached();
        (py, Bound::from_borrowed_ptr(py, frame.cast()))
    };
    // A panic must not cross into C; one event that is missed is better.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| handle(watch, &frame, what)));
    let _ = PyErr::take(py);
    0
}

fn handle(watch: &Watch, frame: &Bound<'_, PyAny>, what: c_int) {
    let py = frame.py();
    if IS_OVER.load(Ordering::Relaxed) {
        return profile_this_thread(false);
    }
    // SAFETY: `frame` is a frame object; PyFrame_GetCode gives a new reference and never null
    // (Objects/frameobject.c, 3.10 and 3.11).
    let code = unsafe { Bound::from_owned_ptr(py, ffi::PyFrame_GetCode(frame.as_ptr().cast()).cast()) };
    let Ok(name) = code.getattr(intern!(py, "co_name")) else { return };
    if what == CALL {
        let is_module = name.as_ptr() == intern!(py, "<module>").as_ptr();
        if is_module && matches!(is_in_module(watch, frame), Ok(true)) {
            // A code object of another shape than CPython's compiler makes is not looked into.
            let _ = find_in(watch, &code, "", true);
        }
    } else if name.as_ptr() == watch.name.as_ptr() && matches!(is_the_one(watch, frame, &code), Ok(true)) {
        stop(py);
        (watch.then)(py);
    }
}

fn is_in_module(watch: &Watch, frame: &Bound<'_, PyAny>) -> PyResult<bool> {
    let module = frame.getattr("f_globals")?.get_item("__name__")?;
    Ok(module.cast::<PyString>().is_ok_and(|module| module.to_str().is_ok_and(|module| module == watch.function.module)))
}

fn is_the_one(watch: &Watch, frame: &Bound<'_, PyAny>, code: &Bound<'_, PyAny>) -> PyResult<bool> {
    let is_named = match &watch.found {
        Some(found) => found.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known.is(code)),
        None => code.getattr("co_qualname")?.extract::<String>()? == watch.function.qualname && is_in_module(watch, frame)?,
    };
    Ok(is_named && !is_suspending(frame, code)?)
}

/// Whether a generator or coroutine only yields: profile functions are told of that as a return.
fn is_suspending(frame: &Bound<'_, PyAny>, code: &Bound<'_, PyAny>) -> PyResult<bool> {
    if code.getattr("co_flags")?.extract::<u32>()? & SUSPENDS == 0 {
        return Ok(false);
    }
    let at: usize = frame.getattr("f_lasti")?.extract()?;
    let instructions = code.getattr("co_code")?;
    Ok(instructions.cast::<PyBytes>()?.as_bytes().get(at) != Some(&RETURN_VALUE))
}

/// Finds the code of the qualified name among a code object's constants, and theirs, as the compiler
/// would name it.
fn find_in(watch: &Watch, code: &Bound<'_, PyAny>, prefix: &str, is_module: bool) -> PyResult<()> {
    let is_class = !is_module && code.getattr("co_flags")?.extract::<u32>()? & NEWLOCALS == 0;
    for constant in code.getattr("co_consts")?.cast::<PyTuple>()? {
        if !constant.get_type().is(code.get_type()) {
            continue;
        }
        let name: String = constant.getattr("co_name")?.extract()?;
        let qualname = match (is_module, is_class) {
            (true, _) => name,
            (_, true) => format!("{prefix}.{name}"),
            _ => format!("{prefix}.<locals>.{name}"),
        };
        if qualname == watch.function.qualname {
            if let Some(found) = &watch.found {
                found.lock().unwrap_or_else(PoisonError::into_inner).push(constant.unbind());
            }
        } else if watch.function.qualname.starts_with(&qualname) {
            find_in(watch, &constant, &qualname, false)?;
        }
    }
    Ok(())
}
