//! Marks in the collector's order, between what was there when a heap was captured and what came later.
#![allow(unsafe_code)]

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use refroots_core::query::diff::Mark;

use super::probe::Proved;
use super::raw::Address;

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
    behind_oldest: Arc<Py<Boundary>>,
    behind_all: Arc<Py<Boundary>>,
    full_collections: usize,
}

impl Moment {
    /// Marks this moment. `None` where there is no memory for it, and where the collector's lists were not found
    /// or keep no order.
    pub(crate) fn mark(py: Python<'_>, proved: &Proved) -> Option<Self> {
        let rings = proved.rings.as_ref().filter(|rings| rings.keep_order())?;
        let (behind_oldest, behind_all) = (Py::new(py, Boundary).ok()?, Py::new(py, Boundary).ok()?);
        // SAFETY: the GIL is held; an object of a class with a traverse is tracked as soon as it is there
        // (`PyType_GenericAlloc`).
        let full_collections = unsafe {
            rings.put_behind_oldest(behind_oldest.as_ptr() as Address);
            rings.full_collections()
        };
        Some(Self { behind_oldest: Arc::new(behind_oldest), behind_all: Arc::new(behind_all), full_collections })
    }

    /// Where the mark behind the oldest generation of this moment stands.
    pub(crate) fn behind_oldest(&self) -> Address {
        self.behind_oldest.as_ptr() as Address
    }

    /// The mark of this moment for a heap of a later one.
    pub(crate) fn seen_at(&self, later: Option<&Self>) -> Mark {
        let nothing_between = later.is_some_and(|later| later.full_collections == self.full_collections);
        Mark {
            behind_oldest: self.behind_oldest.as_ptr() as u64,
            behind_all: nothing_between.then(|| self.behind_all.as_ptr() as u64),
        }
    }
}
