//! Long questions to a graph, which Ctrl-C ends: another thread computes while this one listens.

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
const POLL: Duration = Duration::from_millis(50);

/// Answers a question to a graph, without the GIL. Of a large one another thread computes. Where Ctrl-C comes first
/// that thread goes on to its end, for no analysis can be cut short, and what it finds is dropped but for what the
/// study remembers.
///
/// # Errors
/// What a signal's handler raises meanwhile; `OSError` where no thread can be started.
pub(crate) fn ask<T: Send + 'static>(
    py: Python<'_>,
    graph: &Arc<Study>,
    question: impl FnOnce(&Study) -> T + Send + 'static,
) -> PyResult<T> {
    if graph.node_count() < LARGE {
        return Ok(py.detach(|| question(graph)));
    }
    let (tells, mut told) = mpsc::channel();
    let graph = Arc::clone(graph);
    let compute = move || {
        // Nobody listens any more after Ctrl-C.
        let _ = tells.send(question(&graph));
    };
    let thread = thread::Builder::new().name("refroots".to_owned()).spawn(compute).map_err(|error| {
        PyOSError::new_err(format!("no thread could be started for a question to a large heap: {error}; free some threads"))
    })?;
    loop {
        let waited;
        (waited, told) = py.detach(move || (told.recv_timeout(POLL), told));
        match waited {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panicked) => panic::resume_unwind(panicked),
                Ok(()) => unreachable!("the thread has sent its answer or panicked"),
            },
        }
    }
}
