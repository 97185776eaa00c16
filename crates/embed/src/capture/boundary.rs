//! Marks in the collector's order, between what was there when a heap was captured and what came later.
#![allow(unsafe_code)]

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use refroots_core::query::diff::Mark;
use refroots_core::{Marks, Origin, Process};

use super::probe::Proved;
use super::raw::Address;
use crate::origin::this_process;

/// An empty object that a heap keeps. One stands behind the oldest generation of its moment: nothing that is made
/// later can come to stand before it, wherever collections put it. Another stands where new objects do: while
/// no full collection comes, it has all that is older before it, and all that is newer behind it.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Boundary;

#[pymethods]
impl Boundary {
    /// There for the collector to know the object: it holds nothing.
    fn __traverse__(&self, _visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        Ok(())
    }
}

/// What a heap keeps of its moment, for those that are compared with it later.
#[derive(Clone)]
pub(crate) struct Moment {
    marks: Marks,
    process: Process,
    /// The objects at those addresses, which nothing else may come to stand at. A file has none: whoever saves one
    /// keeps them for ever.
    kept: Option<Arc<[Py<Boundary>; 2]>>,
}

impl Moment {
    /// Marks this moment. `None` where there is no memory for it, and where the collector's lists were not found
    /// or keep no order.
    pub(crate) fn mark(py: Python<'_>, proved: &Proved) -> Option<Self> {
        let rings = proved.rings.as_ref().filter(|rings| rings.keep_order())?;
        let kept = [Py::new(py, Boundary).ok()?, Py::new(py, Boundary).ok()?];
        let [behind_oldest, behind_all] = [0, 1].map(|at: usize| kept[at].as_ptr() as u64);
        // SAFETY: the GIL is held; an object of a class with a traverse is tracked as soon as it is there
        // (`PyType_GenericAlloc`).
        let full_collections = unsafe {
            rings.put_behind_oldest(behind_oldest as Address);
            rings.full_collections() as u64
        };
        let marks = Marks { behind_oldest, behind_all, full_collections };
        Some(Self { marks, process: this_process(), kept: Some(Arc::new(kept)) })
    }

    /// The moment of a heap that was saved.
    pub(crate) fn of_file(origin: &Origin) -> Option<Self> {
        Some(Self { marks: origin.marks?, process: origin.process?, kept: None })
    }

    pub(crate) fn marks(&self) -> Marks {
        self.marks
    }

    /// Keeps the marks for as long as the process lives: two empty objects, for a heap that is saved and dropped.
    pub(crate) fn keep_for_ever(&self) {
        std::mem::forget(self.kept.clone());
    }

    /// Where the mark behind the oldest generation of this moment stands.
    pub(crate) fn behind_oldest(&self) -> Address {
        self.marks.behind_oldest as Address
    }

    /// The mark of this moment for a heap of a later one. `None` where that is of another process.
    pub(crate) fn seen_at(&self, later: Option<&Self>) -> Option<Mark> {
        if later.is_some_and(|later| later.process != self.process) {
            return None;
        }
        Some(self.marks.seen_at(later.map(|later| later.marks)))
    }
}
