//! `Diff`: what came and what went between two heaps.

use std::sync::Arc;

use pyo3::prelude::*;
use refroots_cli::tables;
use refroots_core::Study;
use refroots_core::query::diff;

use crate::capture::Moment;
use crate::heap::Heap;
use crate::object::ObjectSet;
use crate::rows::TypeGrowth;
use crate::table::Table;

/// What came and what went between two heaps, as `before.diff(after)` gives it.
///
/// CPython keeps no birth dates and gives addresses again: where an object of the same type stands at the
/// same address, it is a survivor if the collector's order and those who hold it say so, and else `unsure`.
///
/// >>> change = refroots.capture().diff(refroots.capture())
/// >>> change.survivors > 1000
/// True
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Diff {
    before: Arc<Study>,
    after: Arc<Study>,
    /// The later heap's marks, which must live for as long as a third heap may come.
    moment: Option<Moment>,
    found: diff::Diff,
}

impl Diff {
    pub(crate) fn between(before: &Heap, after: &Heap) -> Self {
        let mark = before.moment.as_ref().map(|moment| moment.seen_at(after.moment.as_ref()));
        let found = diff::diff(&before.graph, &after.graph, mark);
        let moment = after.moment.clone();
        Self { before: Arc::clone(&before.graph), after: Arc::clone(&after.graph), moment, found }
    }
}

#[pymethods]
impl Diff {
    /// Objects of the later heap that were not there before.
    #[getter(new)]
    fn appeared(&self) -> ObjectSet {
        ObjectSet::new(&self.after, self.found.new.clone())
    }

    /// Objects of the earlier heap that are not there any more.
    #[getter]
    fn gone(&self) -> ObjectSet {
        ObjectSet::new(&self.before, self.found.gone.clone())
    }

    /// Objects of the later heap at the address of one of the same type, of which it cannot be told whether
    /// they are the same.
    #[getter]
    fn unsure(&self) -> ObjectSet {
        ObjectSet::new(&self.after, self.found.unsure.clone())
    }

    /// How many objects are the same in both heaps.
    #[getter]
    fn survivors(&self) -> u64 {
        self.found.survivors
    }

    /// What came and went by type, most growth in bytes first; types to which nothing happened are left out.
    /// O(objects). Rows are `table[0]`, `table["app.models.Foo"]`.
    ///
    /// >>> class Foo: pass
    /// >>> before, kept = refroots.capture(), [Foo() for _ in range(7)]
    /// >>> row = before.diff(refroots.capture()).by_type()["example.Foo"]
    /// >>> row.count, row.new, row.gone
    /// (7, 7, 0)
    fn by_type(&self, py: Python<'_>) -> PyResult<Table> {
        let rows = py.detach(|| diff::by_type(&self.found, &self.before, &self.after));
        let keys = rows.iter().map(|row| row.type_name.clone()).collect();
        Table::new(py, tables::growth(&rows), keys, rows.into_iter().map(TypeGrowth::from))
    }

    /// Objects that are new in the later of the two heaps and still there in a third one, as objects of that.
    ///
    /// >>> class Foo: pass
    /// >>> first, stays = refroots.capture(), Foo()
    /// >>> second, late = refroots.capture(), Foo()
    /// >>> third = refroots.capture()
    /// >>> [obj.address == id(stays) for obj in first.diff(second).still_in(third) if obj.type == "example.Foo"]
    /// [True]
    fn still_in(&self, py: Python<'_>, third: &Heap) -> ObjectSet {
        let still = py.detach(|| {
            let mark = self.moment.as_ref().map(|moment| moment.seen_at(third.moment.as_ref()));
            let to_third = diff::diff(&self.after, &third.graph, mark);
            diff::still_there(&self.found, &to_third, &self.after, &third.graph)
        });
        ObjectSet::new(&third.graph, still)
    }

    fn __repr__(&self) -> String {
        let found = &self.found;
        let (new, gone, unsure) = (found.new.len(), found.gone.len(), found.unsure.len());
        format!("<refroots.Diff: {new} new, {gone} gone, {} the same, {unsure} unsure>", found.survivors)
    }
}
