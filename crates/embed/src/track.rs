//! `track()`: what a block of code leaves behind.

use std::sync::OnceLock;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::capture as live;
use crate::diff::Diff;
use crate::heap::Heap;
use crate::object::ObjectSet;
use crate::reasons::Reasons;
use crate::table::Table;

/// What came and what went while a block of code ran, as `refroots.track()` gives it. After the block it answers
/// what a `Diff` does; before, RuntimeError.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Growth {
    before: OnceLock<Heap>,
    diff: OnceLock<Diff>,
}

/// Watches a block of code: one capture where it begins, one where it ends (also by an exception), and the
/// difference of the two, without refroots' own objects.
///
/// The first runs of code fill caches: run it once before, and `gc.collect()` where cycles should not count.
///
/// >>> class Foo: pass
/// >>> with refroots.track() as growth:
/// ...     kept = Foo()
/// >>> growth.by_type()["example.Foo"].count
/// 1
/// >>> growth.new.why()[0].count > 0
/// True
#[pyfunction]
pub(crate) fn track() -> Growth {
    Growth { before: OnceLock::new(), diff: OnceLock::new() }
}

impl Growth {
    fn diff(&self) -> PyResult<&Diff> {
        self.diff
            .get()
            .ok_or_else(|| PyRuntimeError::new_err("the tracked block has not ended; ask after `with refroots.track()`"))
    }
}

#[pymethods]
impl Growth {
    fn __enter__(slf: PyRef<'_, Self>) -> PyResult<PyRef<'_, Self>> {
        if slf.before.get().is_some() {
            return Err(PyRuntimeError::new_err("this track() was used already; make one for each block"));
        }
        let heap = Heap::new(live::capture_whole(slf.py(), false)?);
        let _ = slf.before.set(heap);
        Ok(slf)
    }

    // No `*exception`: its tuple would be a new object.
    #[pyo3(signature = (_kind=None, _exception=None, _traceback=None))]
    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: Option<&Bound<'_, PyAny>>,
        _exception: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let before = self.before.get().ok_or_else(|| PyRuntimeError::new_err("track() was not entered"))?;
        let after = Heap::new(live::capture_whole(py, false)?);
        let diff = Diff::between(py, before, &after)?;
        let _ = self.diff.set(diff);
        Ok(())
    }

    /// As `Diff.new`.
    #[getter(new)]
    fn appeared(&self) -> PyResult<ObjectSet> {
        self.diff().map(Diff::appeared)
    }

    /// As `Diff.gone`.
    #[getter]
    fn gone(&self) -> PyResult<ObjectSet> {
        self.diff().map(Diff::gone)
    }

    /// As `Diff.unsure`.
    #[getter]
    fn unsure(&self) -> PyResult<ObjectSet> {
        self.diff().map(Diff::unsure)
    }

    /// As `Diff.survivors`.
    #[getter]
    fn survivors(&self) -> PyResult<u64> {
        self.diff().map(Diff::survivors)
    }

    /// As `Diff.by_type`.
    #[pyo3(signature = (*, retained=false))]
    fn by_type(&self, py: Python<'_>, retained: bool) -> PyResult<Table> {
        self.diff()?.by_type(py, retained)
    }

    /// As `Diff.why`.
    fn why(&self, py: Python<'_>) -> PyResult<Reasons> {
        self.diff()?.why(py)
    }

    /// As `Diff.still_in`.
    fn still_in(&self, py: Python<'_>, third: &Heap) -> PyResult<ObjectSet> {
        self.diff()?.still_in(py, third)
    }

    fn __repr__(&self) -> String {
        match self.diff.get() {
            Some(diff) => diff.__repr__().replace("refroots.Diff", "refroots.Growth"),
            None => "<refroots.Growth: the block has not ended>".to_owned(),
        }
    }
}
