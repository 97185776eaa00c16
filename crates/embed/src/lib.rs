//! The extension module `refroots._native`: captures the live interpreter, and shows the library to Python.
//!
//! Faces hold no logic: each function here takes arguments apart, asks the library, and wraps the answer.

mod apart;
mod ask;
mod capture;
mod chain;
mod diff;
mod economy;
mod export;
mod heap;
mod moment;
mod object;
mod objgraph;
mod on_signal;
mod origin;
mod page;
mod picture;
mod program;
mod reasons;
mod refused;
mod rows;
mod shown;
mod snapshot;
mod suspects;
mod table;
mod track;

use pyo3::prelude::*;

/// The compiled part of refroots.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::ask::{capture, objects, show_backrefs, show_refs, why};
    #[pymodule_export]
    use super::chain::{Chain, Root};
    #[pymodule_export]
    use super::diff::{Diff, paths_that_grew};
    #[pymodule_export]
    use super::economy::{CycleGroup, Duplicate, Waste};
    #[pymodule_export]
    use super::heap::Heap;
    #[pymodule_export]
    use super::object::{Object, ObjectSet, Reference};
    #[pymodule_export]
    use super::on_signal::{OnSignal, on_signal, on_signal_by_environment};
    #[pymodule_export]
    use super::page::Page;
    #[pymodule_export]
    use super::picture::Picture;
    #[pymodule_export]
    use super::reasons::{Reason, Reasons};
    #[pymodule_export]
    use super::rows::{Largest, ModuleCount, PathGrowth, RootShare, ThreadShare, TypeCount, TypeGrowth};
    #[pymodule_export]
    use super::snapshot::{load, save};
    #[pymodule_export]
    use super::suspects::Suspect;
    #[pymodule_export]
    use super::table::Table;
    #[pymodule_export]
    use super::track::{Growth, track};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::capture::prepare(module.py());
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("SnapshotError", module.py().get_type::<crate::snapshot::SnapshotError>())?;
        crate::objgraph::register(module)?;
        crate::program::register(module)
    }
}
