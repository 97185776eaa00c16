//! Watches the time, and the memory that the process takes, in a thread that Python does not know.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pyo3::prelude::*;
use refroots_cli::room;

/// How often the memory is asked for: some microseconds each time.
const POLL: Duration = Duration::from_millis(50);

/// The thread, and what tells it to end by being dropped.
static THREAD: Mutex<Option<(Sender<()>, JoinHandle<()>)>> = Mutex::new(None);

/// Calls `then` each time so long has passed since it last returned.
pub(super) fn every(period: Duration, then: fn(Python<'_>)) {
    start(period, move || {
        Python::attach(then);
        true
    });
}

/// Calls `then` when the process takes so many bytes, once.
pub(super) fn at_memory(size: u64, then: fn(Python<'_>)) {
    start(POLL, move || {
        let is_reached = room::resident().is_some_and(|taken| taken >= size);
        if is_reached {
            Python::attach(then);
        }
        !is_reached
    });
}

fn start(period: Duration, tick: impl Fn() -> bool + Send + 'static) {
    let (sender, receiver) = mpsc::channel::<()>();
    let wait = move || while receiver.recv_timeout(period) == Err(RecvTimeoutError::Timeout) && tick() {};
    // Where there is no thread to be had, the moment never comes, and the end says so.
    if let Ok(thread) = thread::Builder::new().name("refroots".to_owned()).spawn(wait) {
        *THREAD.lock().unwrap_or_else(PoisonError::into_inner) = Some((sender, thread));
    }
}

/// Ends the thread, after the look that it may be at: Python must not end while it is about to attach.
pub(super) fn stop(py: Python<'_>) {
    let running = THREAD.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((sender, thread)) = running {
        drop(sender);
        // It does not panic: looks are caught.
        let _ = py.detach(|| thread.join());
    }
}
