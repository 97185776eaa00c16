//! Cycles, duplicates and container waste for Python.

use std::sync::Arc;

use pyo3::prelude::*;
use refroots_cli::tables;
use refroots_core::query::held;
use refroots_core::query::{cycles, holder};
use refroots_core::{Study, Values, Wording};

use crate::apart;
use crate::object::{Object, ObjectSet};
use crate::shown::shown;
use crate::table::Table;

/// Reference cycles of one kind: objects of the same types that refer to one another.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct CycleGroup {
    graph: Arc<Study>,
    group: cycles::CycleGroup,
}

#[pymethods]
impl CycleGroup {
    /// How many there are.
    #[getter]
    fn count(&self) -> u64 {
        self.group.count
    }

    /// How many objects they have together.
    #[getter]
    fn objects(&self) -> u64 {
        self.group.objects
    }

    /// The shallow sizes of these, added, in bytes.
    #[getter]
    fn size(&self) -> u64 {
        self.group.size
    }

    /// Whether no root reaches them: they wait for the collector.
    #[getter]
    fn garbage(&self) -> bool {
        self.group.is_garbage
    }

    /// How many objects of which types one of them has: `[("app.Node", 2), ("dict", 2)]`.
    #[getter]
    fn types(&self) -> Vec<(String, u64)> {
        self.group.types.clone()
    }

    /// The first of their objects in heap order; `example.cycle()` is the smallest cycle through it.
    #[getter]
    fn example(&self) -> Object {
        Object::new(&self.graph, self.group.example, Values::Short)
    }

    fn __repr__(&self) -> String {
        shown(&format!("<refroots.CycleGroup {} × {}>", self.group.count, self.group.text()))
    }
}

/// Equal objects of one type: all but one of them could go.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Duplicate {
    graph: Arc<Study>,
    duplicate: held::Duplicate,
}

#[pymethods]
impl Duplicate {
    /// The whole name of their type.
    #[getter]
    fn r#type(&self) -> String {
        self.graph.type_name(self.duplicate.group.type_id)
    }

    /// Their value, up to 40 characters.
    #[getter]
    fn text(&self) -> String {
        Wording::new(&self.graph, Values::Short).value(self.duplicate.group.example)
    }

    /// How many there are.
    #[getter]
    fn count(&self) -> u64 {
        self.duplicate.group.count
    }

    /// Shallow size of one, in bytes.
    #[getter]
    fn size(&self) -> u64 {
        self.duplicate.group.size
    }

    /// Bytes of all but one.
    #[getter]
    fn wasted(&self) -> u64 {
        self.duplicate.group.wasted
    }

    /// The most frequent ways in which they are held, each with how many are: `[(".name of app.User", 9998)]`. Of
    /// the first 100 rows.
    #[getter]
    fn held_by(&self) -> Vec<(String, u64)> {
        ways(&self.duplicate.holders)
    }

    /// The first of them in heap order.
    #[getter]
    fn example(&self) -> Object {
        Object::new(&self.graph, self.duplicate.group.example, Values::Short)
    }

    fn __repr__(&self) -> String {
        let group = &self.duplicate.group;
        shown(&format!("<refroots.Duplicate {} × {} {}, {} bytes wasted>", group.count, self.r#type(), self.text(), group.wasted))
    }
}

/// Containers that take more memory than their items need, of one kind.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Waste {
    graph: Arc<Study>,
    waste: held::Waste,
}

#[pymethods]
impl Waste {
    /// What they are: `"lists with room to spare"`, `"sparse dicts"`, `"empty sets"`, …
    #[getter]
    fn kind(&self) -> &'static str {
        self.waste.row.kind.word()
    }

    /// What would take less, in words.
    #[getter]
    fn remedy(&self) -> &'static str {
        self.waste.row.kind.remedy()
    }

    /// The containers, in heap order.
    #[getter]
    fn objects(&self) -> ObjectSet {
        ObjectSet::new(&self.graph, self.waste.row.nodes.clone())
    }

    /// How many there are.
    #[getter]
    fn count(&self) -> usize {
        self.waste.row.nodes.len()
    }

    /// Their shallow sizes, added, in bytes.
    #[getter]
    fn size(&self) -> u64 {
        self.waste.row.size
    }

    /// Bytes that would not be needed.
    #[getter]
    fn wasted(&self) -> u64 {
        self.waste.row.wasted
    }

    /// The most frequent ways in which they are held, each with how many are: `[(".tags of app.User", 9998)]`.
    #[getter]
    fn held_by(&self) -> Vec<(String, u64)> {
        ways(&self.waste.holders)
    }

    fn __repr__(&self) -> String {
        format!("<refroots.Waste: {} {}, {} bytes wasted>", self.count(), self.kind(), self.wasted())
    }
}

fn ways(holders: &[holder::Holder]) -> Vec<(String, u64)> {
    holders.iter().map(|holder| (holder.text.clone(), holder.count)).collect()
}

/// The cycles of a heap as a table.
pub(crate) fn cycles_table(py: Python<'_>, graph: &Arc<Study>, definitions: bool) -> PyResult<Table> {
    let found = apart::ask(py, graph, move |graph| graph.cycles(&cycles::CycleOptions { definitions }))?;
    let printed = tables::cycles(&found);
    Table::new(py, printed, Vec::new(), found.into_iter().map(|group| CycleGroup { graph: Arc::clone(graph), group }))
}

/// The duplicates of a heap as a table.
pub(crate) fn duplicates_table(py: Python<'_>, graph: &Arc<Study>) -> PyResult<Table> {
    let found = apart::ask(py, graph, |graph| graph.held_duplicates(Values::Short))?;
    let printed = tables::duplicates(graph, &found, Values::Short);
    Table::new(py, printed, Vec::new(), found.into_iter().map(|duplicate| Duplicate { graph: Arc::clone(graph), duplicate }))
}

/// The container waste of a heap as a table.
pub(crate) fn waste_table(py: Python<'_>, graph: &Arc<Study>) -> PyResult<Table> {
    let found = apart::ask(py, graph, |graph| graph.held_waste(Values::Short))?;
    let (printed, keys) = (tables::waste(&found), found.iter().map(|waste| waste.row.kind.word().to_owned()).collect());
    Table::new(py, printed, keys, found.into_iter().map(|waste| Waste { graph: Arc::clone(graph), waste }))
}
