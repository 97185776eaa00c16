//! `Heap.export`: the work on a thread of its own, so that Ctrl-C is heard whatever it is doing.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use refroots_core::export::{Ids, Options};
use refroots_core::{Study, Values};

use crate::refused;

/// How long until the next look at signals.
const LOOK: Duration = Duration::from_millis(50);
/// How long a stopped export is waited for: it then takes its unfinished file away.
const FAREWELL: Duration = Duration::from_millis(100);

/// Exports a heap into what the path ends in; `ids` are those that go on from an earlier heap.
pub(crate) fn export(py: Python<'_>, study: &Arc<Study>, path: PathBuf, values: Values, ids: Option<Arc<Ids>>) -> PyResult<()> {
    let is_stopped = Arc::new(AtomicBool::new(false));
    let (tell, told) = mpsc::channel();
    let (study, stop) = (Arc::clone(study), Arc::clone(&is_stopped));
    let spawned = thread::Builder::new().name("refroots-export".to_owned()).spawn(move || {
        let mut progress = |_, _| match stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        // Nobody listens where Python was interrupted and did not wait.
        let options = Options { values, ids: ids.as_deref() };
        let _ = tell.send(refroots_cli::export(&study, &path, options, &mut progress));
    });
    spawned.map_err(|error| PyRuntimeError::new_err(format!("cannot start a thread for the export: {error}")))?;
    // A receiver is not Sync, and the closure that waits must be.
    let told = Mutex::new(told);
    loop {
        match wait(py, &told, LOOK) {
            Ok(exported) => return exported.map_err(refused::exporting),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(interrupt) = py.check_signals() {
                    is_stopped.store(true, Ordering::Relaxed);
                    let _ = wait(py, &told, FAREWELL);
                    return Err(interrupt);
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("the export died; please report what it wrote to the standard error"));
            }
        }
    }
}

type Exported = Result<(), refroots_cli::Error>;

/// Waits without the GIL.
fn wait(py: Python<'_>, told: &Mutex<Receiver<Exported>>, long: Duration) -> Result<Exported, RecvTimeoutError> {
    py.detach(|| match told.lock() {
        Ok(told) => told.recv_timeout(long),
        Err(_) => Err(RecvTimeoutError::Disconnected),
    })
}
