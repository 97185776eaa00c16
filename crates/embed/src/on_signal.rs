//! A snapshot at each signal: the process stands still for a fork alone, and a thread waits for the child that writes.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use refroots_cli::Unfinished;
use refroots_core::{Values, bytes};

use crate::ask::policy;
use crate::capture as live;
use crate::refused;

/// Saves a snapshot whenever a signal comes; what `on_signal` gives.
///
/// `saved` are the files that this process has written so and not removed, oldest first.
#[pyclass(module = "refroots", frozen)]
pub(crate) struct OnSignal {
    signal: Py<PyAny>,
    /// From the root: services change their working directory.
    path: PathBuf,
    keep: usize,
    values: Values,
    previous: Py<PyAny>,
    /// Locked with the GIL held and for some instructions, so that a fork never meets it locked.
    state: Mutex<State>,
}

/// What one process has saved. A fork of it begins anew.
#[derive(Default)]
struct State {
    process: u32,
    number: u64,
    is_saving: bool,
    written: VecDeque<PathBuf>,
}

/// How often the end of a save is looked for.
const POLL: Duration = Duration::from_millis(10);

impl OnSignal {
    /// Uses the state of this process.
    fn with_state<T>(&self, _py: Python<'_>, using: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if state.process != process::id() {
            *state = State { process: process::id(), ..State::default() };
        }
        using(&mut state)
    }

    /// Saves one file, and gives a line about it.
    fn save(&self, py: Python<'_>, number: u64) -> PyResult<String> {
        let begun = Instant::now();
        let path = filled(&self.path, number);
        let unfinished = py.detach(|| Unfinished::new(&path)).map_err(refused::file)?;
        let (pause, written) = live::save_by_child(py, unfinished.file(), self.values)?;
        written.map_err(|error| refused::file(unfinished.failed(error)))?;
        let size = unfinished.file().metadata().map_or(0, |facts| facts.len());
        unfinished.finish().map_err(refused::file)?;
        let gone = self.with_state(py, |state| {
            state.written.retain(|known| *known != path);
            state.written.push_back(path.clone());
            let surplus = state.written.len().saturating_sub(self.keep);
            state.written.drain(..surplus).collect::<Vec<_>>()
        });
        for old in gone {
            // Somebody may have taken it away.
            let _ = std::fs::remove_file(old);
        }
        let (taken, pause) = (begun.elapsed().as_secs_f64(), pause.as_secs_f64() * 1e3);
        Ok(format!("saved {} ({}) in {taken:.1} s; the process stood still for {pause:.1} ms", path.display(), bytes(size)))
    }
}

#[pymethods]
impl OnSignal {
    /// The signal's handler: returns at once, a thread does the rest.
    #[pyo3(signature = (signal=None, frame=None))]
    fn __call__(slf: &Bound<'_, Self>, signal: Option<&Bound<'_, PyAny>>, frame: Option<&Bound<'_, PyAny>>) {
        let _ = (signal, frame);
        let py = slf.py();
        let number = slf.get().with_state(py, |state| {
            if std::mem::replace(&mut state.is_saving, true) {
                return None;
            }
            state.number += 1;
            Some(state.number)
        });
        let Some(number) = number else {
            say("a snapshot is being saved; this signal adds none");
            return;
        };
        let saver = slf.clone().unbind();
        let started = thread::Builder::new().name("refroots".to_owned()).spawn(move || {
            Python::attach(|py| {
                let saver = saver.bind(py).get();
                match saver.save(py, number) {
                    Ok(line) => say(&line),
                    Err(error) => say(&format!("no snapshot: {}", error.value(py))),
                }
                saver.with_state(py, |state| state.is_saving = false);
            });
        });
        if let Err(error) = started {
            slf.get().with_state(py, |state| state.is_saving = false);
            say(&format!("no snapshot: no thread could be started to wait for it: {error}"));
        }
    }

    /// Whether a snapshot is being saved.
    #[getter]
    fn is_saving(&self, py: Python<'_>) -> bool {
        self.with_state(py, |state| state.is_saving)
    }

    /// The files that this process has written and not removed, oldest first.
    #[getter]
    fn saved(&self, py: Python<'_>) -> Vec<PathBuf> {
        self.with_state(py, |state| state.written.iter().cloned().collect())
    }

    /// Waits until nothing is being saved, or for so many seconds; says whether nothing is.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let end = timeout.map(|seconds| Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 1e9)));
        while self.is_saving(py) {
            if end.is_some_and(|end| Instant::now() >= end) {
                return Ok(false);
            }
            py.detach(|| thread::sleep(POLL));
            py.check_signals()?;
        }
        Ok(true)
    }

    /// Puts the handler back that was there before, where nobody has put another one.
    fn cancel(slf: &Bound<'_, Self>) -> PyResult<()> {
        let signals = slf.py().import("signal")?;
        let (signal, previous) = (&slf.get().signal, slf.get().previous.bind(slf.py()));
        if signals.call_method1("getsignal", (signal,))?.is(slf) {
            let default = signals.getattr("SIG_DFL")?;
            signals.call_method1("signal", (signal, if previous.is_none() { &default } else { previous }))?;
        }
        Ok(())
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let count = self.with_state(py, |state| state.written.len());
        format!("<refroots.OnSignal: {}, {}, {count} saved>", self.signal, self.path.display())
    }
}

/// Saves a snapshot of the process whenever a signal comes, by a forked child; for services.
///
/// `signal` is a number, a `signal.Signals`, or a name such as "USR1". In `path`, `{pid}` is the process and `{n}` counts
/// its snapshots from 1. The last `keep` files of this process stay. `values` is as for `save`. The process stands still while it is
/// forked, some 10 to 20 ms for a million objects; a thread waits for the child. A signal that comes meanwhile adds no
/// second one. A line on standard error says each time what was saved, or why nothing was: the program goes on in any
/// case. At the end of the process a save that runs is waited for.
///
/// Only the main thread may call this, as `signal.signal`. Forked children of the program have the handler too. Raises
/// ValueError for a signal or path that is none, OSError where the path cannot be written.
///
/// >>> import os, signal
/// >>> saver = refroots.on_signal(signal.SIGUSR1, path="heap-{pid}-{n}.refroots")
/// >>> os.kill(os.getpid(), signal.SIGUSR1)
/// >>> saver.wait()
/// True
/// >>> [path.name == f"heap-{os.getpid()}-1.refroots" for path in saver.saved]
/// [True]
/// >>> saver.cancel()
#[pyfunction]
#[pyo3(
    signature = (signal, path=PathBuf::from("heap-{pid}-{n}.refroots"), *, keep=5, values="none"),
    text_signature = "(signal, path='heap-{pid}-{n}.refroots', *, keep=5, values='none')"
)]
pub(crate) fn on_signal(signal: &Bound<'_, PyAny>, path: PathBuf, keep: usize, values: &str) -> PyResult<Py<OnSignal>> {
    let py = signal.py();
    if keep == 0 {
        return Err(PyValueError::new_err("keep expected a number of files, 1 or more, found 0"));
    }
    check_placeholders(&path)?;
    let path = std::path::absolute(&path)?;
    // Where nothing can be written, this is the time to say so.
    drop(Unfinished::new(&filled(&path, 1)).map_err(refused::file)?);
    let signals = py.import("signal")?;
    let signal = number_of(&signals, signal)?;
    let previous = signals.call_method1("getsignal", (&signal,))?.unbind();
    let state = Mutex::default();
    let saver = OnSignal { signal: signal.clone().unbind(), path, keep, values: policy(values)?, previous, state };
    let saver = Bound::new(py, saver)?;
    signals.call_method1("signal", (&signal, &saver))?;
    live::nudge::before_main_thread_waits(signal.extract()?)?;
    py.import("atexit")?.call_method1("register", (saver.getattr("wait")?,))?;
    Ok(saver.unbind())
}

/// A signal by number or name.
fn number_of<'py>(signals: &Bound<'py, PyModule>, signal: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let Ok(name) = signal.cast::<PyString>() else { return signals.call_method1("Signals", (signal,)) };
    let name = name.to_str()?.to_uppercase();
    let whole = format!("SIG{}", name.strip_prefix("SIG").unwrap_or(&name));
    let known = signals.getattr("Signals")?.get_item(&whole);
    known.map_err(|_| PyValueError::new_err(format!("signal expected a name such as USR1, found {name}")))
}

/// Refuses braces that are no place for a number.
fn check_placeholders(path: &Path) -> PyResult<()> {
    let text = path.to_string_lossy();
    let rest = text.replace("{pid}", "").replace("{n}", "");
    match rest.find(['{', '}']) {
        None => Ok(()),
        Some(_) => Err(PyValueError::new_err(format!("path may have {{pid}} and {{n}} in braces, found {text}"))),
    }
}

/// The path of one file.
fn filled(path: &Path, number: u64) -> PathBuf {
    let with_process = replaced(path.as_os_str(), b"{pid}", &process::id().to_string());
    replaced(&with_process, b"{n}", &number.to_string()).into()
}

fn replaced(text: &OsStr, place: &[u8], by: &str) -> OsString {
    let (mut rest, mut found) = (text.as_bytes(), Vec::new());
    while let Some(at) = rest.windows(place.len()).position(|window| window == place) {
        found.extend_from_slice(&rest[..at]);
        found.extend_from_slice(by.as_bytes());
        rest = &rest[at + place.len()..];
    }
    found.extend_from_slice(rest);
    OsString::from_vec(found)
}

/// A line on standard error; where there is none, nobody is to be told.
fn say(line: &str) {
    let line = refroots_render::printable(line, usize::MAX);
    let _ = writeln!(std::io::stderr(), "refroots: {line}");
}

/// The variable that arranges snapshots without a word in the program.
const VARIABLE: &str = "REFROOTS_ON_SIGNAL";
static IS_ARRANGED: AtomicBool = AtomicBool::new(false);

/// Does what REFROOTS_ON_SIGNAL says: `SIGNAL[,path=PATH][,keep=N][,values=none|short]`. Called when Python starts; what
/// is wrong with it is said on standard error, and the program runs without.
#[pyfunction(name = "_on_signal_by_environment")]
pub(crate) fn on_signal_by_environment(py: Python<'_>) {
    let Some(order) = std::env::var_os(VARIABLE).filter(|order| !order.is_empty()) else { return };
    // In a virtual environment `site` reads its files twice (CPython's Lib/site.py, `venv` and `main`).
    if IS_ARRANGED.swap(true, Ordering::Relaxed) {
        return;
    }
    if let Err(error) = arrange(py, &order) {
        say(&format!(
            "{VARIABLE}={}: {}; expected SIGNAL[,path=PATH][,keep=N][,values=none|short]",
            order.display(),
            error.value(py)
        ));
    }
}

fn arrange(py: Python<'_>, order: &OsStr) -> PyResult<()> {
    let mut words = order.as_bytes().split(|&byte| byte == b',');
    let signal = String::from_utf8_lossy(words.next().unwrap_or_default()).into_owned();
    let (mut path, mut keep, mut values) = (PathBuf::from("heap-{pid}-{n}.refroots"), 5, "none".to_owned());
    for word in words {
        let text = String::from_utf8_lossy(word);
        let found = || PyValueError::new_err(format!("found {text}"));
        match text.split_once('=') {
            Some(("path", _)) => path = OsStr::from_bytes(&word[b"path=".len()..]).into(),
            Some(("keep", number)) => keep = number.parse().map_err(|_| found())?,
            Some(("values", policy)) => values = policy.to_owned(),
            _ => return Err(found()),
        }
    }
    let name = match signal.trim().parse::<u8>() {
        Ok(number) => number.into_pyobject(py)?.into_any(),
        Err(_) => PyString::new(py, signal.trim()).into_any(),
    };
    on_signal(&name, path, keep, &values).map(|_| ())
}
