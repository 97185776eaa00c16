//! Long work without the GIL, which Ctrl-C ends: another thread does it while this one listens.

use std::panic;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use refroots_core::Study;

/// Objects of a graph from which on a question may take longer than who pressed Ctrl-C waits.
const LARGE: usize = 1 << 19;
/// How long until the next look at signals.
const LOOK: Duration = Duration::from_millis(50);

/// Answers a question to a graph; that of a large one by [`work`]. No analysis can be cut short: after Ctrl-C it ends in
/// the background, and what it finds is dropped but for what the study remembers.
///
/// # Errors
/// Those of [`work`].
pub(crate) fn ask<T: Send + 'static>(
    py: Python<'_>,
    graph: &Arc<Study>,
    question: impl FnOnce(&Study) -> T + Send + 'static,
) -> PyResult<T> {
    if graph.node_count() < LARGE {
        return Ok(py.detach(|| question(graph)));
    }
    let graph = Arc::clone(graph);
    work(py, move || question(&graph), || Duration::ZERO)
}

/// Does work on a thread of its own. Where a signal's handler raises meanwhile, `stop` is called, and says for how long
/// the work is still waited for.
///
/// # Errors
/// What the handler raises; `OSError` where no thread can be started.
pub(crate) fn work<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
    stop: impl FnOnce() -> Duration,
) -> PyResult<T> {
    let (tells, mut told) = mpsc::channel();
    let run = move || {
        // Nobody listens any more after Ctrl-C.
        let _ = tells.send(work());
    };
    let thread = thread::Builder::new().name("refroots".to_owned()).spawn(run).map_err(|error| {
        PyOSError::new_err(format!("no thread could be started for a question to a large heap: {error}; end some threads"))
    })?;
    loop {
        let waited;
        (waited, told) = py.detach(move || (told.recv_timeout(LOOK), told));
        match waited {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(interrupt) = py.check_signals() {
                    let patience = stop();
                    let _ = py.detach(move || told.recv_timeout(patience));
                    return Err(interrupt);
                }
            }
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panicked) => panic::resume_unwind(panicked),
                Ok(()) => unreachable!("the thread has sent its result or panicked"),
            },
        }
    }
}
