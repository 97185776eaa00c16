//! `Heap.export`: the work on a thread of its own, so that Ctrl-C is heard whatever it is doing.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pyo3::prelude::*;
use refroots_core::export::{Ids, Options};
use refroots_core::{Study, Values};

use crate::apart;
use crate::refused;

/// How long a stopped export is waited for: it then takes its unfinished file away.
const FAREWELL: Duration = Duration::from_millis(100);

/// Exports a heap into what the path ends in; `ids` are those that go on from an earlier heap.
pub(crate) fn export(py: Python<'_>, study: &Arc<Study>, path: PathBuf, values: Values, ids: Option<Arc<Ids>>) -> PyResult<()> {
    let is_stopped = Arc::new(AtomicBool::new(false));
    let (study, stopped) = (Arc::clone(study), Arc::clone(&is_stopped));
    let write = move || {
        let mut progress = |_, _| match stopped.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        refroots_cli::export(&study, &path, Options { values, ids: ids.as_deref() }, &mut progress)
    };
    let stop = || {
        is_stopped.store(true, Ordering::Relaxed);
        FAREWELL
    };
    apart::work(py, write, stop)?.map_err(refused::exporting)
}
