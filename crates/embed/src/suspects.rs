//! Leak suspects for Python.

use std::sync::Arc;

use pyo3::prelude::*;
use refroots_cli::tables;
use refroots_core::query::suspects;
use refroots_core::{Study, Values};

use crate::apart;
use crate::chain::Chain;
use crate::object::Object;
use crate::refused;
use crate::shown::shown;
use crate::table::Table;

/// What may be a leak: many objects of one kind below one holder, or one object that keeps much of the heap.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Suspect {
    graph: Arc<Study>,
    suspect: suspects::Suspect,
}

#[pymethods]
impl Suspect {
    /// What is suspected, in one plain sentence.
    #[getter]
    fn text(&self) -> &str {
        &self.suspect.text
    }

    /// The part of the heap's bytes that it keeps, from 0 to 1.
    #[getter]
    fn share(&self) -> f64 {
        self.suspect.share
    }

    /// Bytes that would be freed with it.
    #[getter]
    fn retained(&self) -> u64 {
        self.suspect.retained
    }

    /// How many objects accumulate; 1 where one object keeps it all.
    #[getter]
    fn count(&self) -> u64 {
        self.suspect.count
    }

    /// The whole name of their type: where they are of a built-in type, the class that they keep most of.
    #[getter]
    fn r#type(&self) -> &str {
        &self.suspect.type_name
    }

    /// The object below which they accumulate; `None` where several hold them together.
    #[getter]
    fn holder(&self) -> Option<Object> {
        self.suspect.holder.map(|node| Object::new(&self.graph, node, Values::Short))
    }

    /// Why the holder is alive (where there is none, one of the objects).
    #[getter]
    fn chain(&self) -> Chain {
        Chain::new(&self.graph, self.suspect.chain.clone())
    }

    fn __repr__(&self) -> String {
        shown(&format!("<refroots.Suspect: {}>", self.suspect.text))
    }
}

/// Suspects of a heap as a table.
pub(crate) fn table(py: Python<'_>, graph: &Arc<Study>) -> PyResult<Table> {
    let found = apart::ask(py, graph, |graph| graph.suspects(Values::Short))?.map_err(refused::core)?;
    let printed = tables::suspects(graph, &found, Values::Short);
    let keys = found.iter().map(|suspect| suspect.type_name.clone()).collect();
    Table::new(py, printed, keys, found.into_iter().map(|suspect| Suspect { graph: Arc::clone(graph), suspect }))
}
