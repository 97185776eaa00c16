//! When the program that `refroots run` started is looked at, and the one look that it gets.

mod clock;
mod exception;
mod line;
mod monitoring;
mod signal;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use refroots_cli::{Ask, Exit, Look, Moment};
use refroots_core::Study;

use crate::capture::{self, exit_status, returns};

struct Errand {
    look: Look,
    pid: u32,
    is_module: bool,
    /// How many looks there were.
    looks: AtomicU32,
    /// The worst status of one.
    worst: AtomicU8,
}

static ERRAND: OnceLock<Errand> = OnceLock::new();

/// Arranges for the look, in the process of now and in no child of it.
pub(crate) fn arrange(py: Python<'_>, look: Look, is_module: bool) -> PyResult<()> {
    let errand = Errand { look, pid: process::id(), is_module, looks: AtomicU32::new(0), worst: AtomicU8::new(0) };
    let errand = ERRAND.get_or_init(|| errand);
    if !exit_status::combine() {
        return Err(pyo3::exceptions::PyMemoryError::new_err("no memory for an exit handler"));
    }
    match &errand.look.moment {
        Moment::Exit => {}
        Moment::Exception => exception::watch(py, look_now)?,
        Moment::Return(function) if monitoring::is_known(py)? => monitoring::watch(py, function, look_now)?,
        Moment::Return(function) => returns::watch(py, function, look_now)?,
        Moment::Line(line) => line::watch(py, line, look_now)?,
        Moment::Signal(signal) => signal::watch(py, signal, look_now)?,
        Moment::Every(period) => clock::every(*period, look_now),
        Moment::Resident(size) => clock::at_memory(*size, look_now),
    }
    wrap_shutdown(py)
}

/// Whether this is the process that was started, and not one that it forked.
fn is_ours() -> bool {
    ERRAND.get().is_some_and(|errand| errand.pid == process::id())
}

/// Python ends by calling `threading._shutdown`, which joins the threads; after it come the exit
/// callbacks. A built-in function in its place leaves no frame in a traceback.
fn wrap_shutdown(py: Python<'_>) -> PyResult<()> {
    let threading = py.import("threading")?;
    let original = threading.getattr("_shutdown")?.unbind();
    let wrapper = PyCFunction::new_closure(
        py,
        Some(c"_shutdown"),
        None,
        move |args: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| {
            let py = args.py();
            let result = original.call0(py);
            if is_ours() {
                // The heap is looked at as it would be without us.
                let _ = py.import("threading").and_then(|threading| threading.setattr("_shutdown", &original));
                at_end(py);
            }
            result
        },
    )?;
    threading.setattr("_shutdown", wrapper)
}

fn at_end(py: Python<'_>) {
    let Some(errand) = ERRAND.get() else { return };
    match &errand.look.moment {
        Moment::Exit if errand.is_module && !module_was_found(py) => return exit_status::set(Exit::Nothing.code()),
        Moment::Exit => return look_now(py),
        Moment::Return(_) => returns::stop(py),
        Moment::Every(_) | Moment::Resident(_) => clock::stop(py),
        Moment::Exception | Moment::Line(_) | Moment::Signal(_) => {}
    }
    if errand.looks.load(Ordering::Relaxed) == 0 {
        say(&format!("{}, so there was nothing to look at", errand.look.moment.never_came()));
        exit_status::set(Exit::Nothing.code());
    }
}

/// `python -m` of a module that is not there ends before there is a program to look at.
fn module_was_found(py: Python<'_>) -> bool {
    let spec = py.import("__main__").and_then(|main| main.getattr("__spec__"));
    spec.is_ok_and(|spec| !spec.is_none())
}

/// Looks: once, or each time where the moment may come again.
fn look_now(py: Python<'_>) {
    let Some(errand) = ERRAND.get().filter(|errand| errand.pid == process::id()) else { return };
    let number = errand.looks.fetch_add(1, Ordering::Relaxed) + 1;
    let exit = if errand.look.moment.is_repeated() {
        let output = errand.look.output.as_ref().map(|output| output.numbered(number));
        let look = Look { output, ..errand.look.clone() };
        catch_unwind(AssertUnwindSafe(|| answer(py, &look)))
    } else if number == 1 {
        catch_unwind(AssertUnwindSafe(|| answer(py, &errand.look)))
    } else {
        return;
    };
    let code = exit.unwrap_or(Exit::Internal).code();
    exit_status::set(errand.worst.fetch_max(code, Ordering::Relaxed).max(code));
}

fn answer(py: Python<'_>, look: &Look) -> Exit {
    flush(py);
    if look.ask == Ask::Save {
        return save(py, look);
    }
    match capture::capture(py, &capture::Purpose::default()) {
        // Drawing needs no interpreter.
        Ok(graph) => py.detach(|| refroots_cli::look(&Study::new(graph), look, &mut std::io::stdout(), &mut std::io::stderr())),
        Err(error) => {
            say(&format!("cannot capture the heap: {error}"));
            Exit::Internal
        }
    }
}

/// Saves the heap, with marks that later files of this process are compared by.
fn save(py: Python<'_>, look: &Look) -> Exit {
    let captured = match capture::capture_whole(py, false) {
        Ok(captured) => captured,
        Err(error) => {
            say(&format!("cannot capture the heap: {error}"));
            return Exit::Internal;
        }
    };
    let mut is_interrupted = false;
    let saved = py.detach(|| {
        let mut goes_on = || match Python::attach(capture::is_interrupted) {
            true => {
                is_interrupted = true;
                ControlFlow::Break(())
            }
            false => ControlFlow::Continue(()),
        };
        refroots_cli::save(&captured.graph, look, &mut goes_on, &mut std::io::stderr())
    });
    if is_interrupted {
        // The program hears of it when it goes on, as if nobody had looked.
        capture::raise_again();
    }
    if let Some(moment) = captured.moment.filter(|_| saved == Exit::Done) {
        moment.keep_for_ever();
    }
    saved
}

/// What the program printed comes before what refroots says of it. Streams of the program's own
/// making are left alone.
fn flush(py: Python<'_>) {
    let flushed = || -> PyResult<()> {
        let wrapper = py.import("io")?.getattr("TextIOWrapper")?;
        for name in ["stdout", "__stdout__", "stderr"] {
            let stream = py.import("sys")?.getattr(name)?;
            if stream.get_type().is(&wrapper) {
                // The program meets the error again when Python flushes at its end.
                let _ = stream.call_method0("flush");
            }
        }
        Ok(())
    };
    let _ = flushed();
}

fn say(words: &str) {
    use std::io::Write;
    // Nobody to tell that nobody can be told.
    let _ = writeln!(std::io::stderr(), "refroots: {words}");
}
