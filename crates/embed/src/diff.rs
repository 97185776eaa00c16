//! `Diff`: what came and what went between two heaps.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use refroots_cli::tables;
use refroots_core::query::{diff, grew};
use refroots_core::{Study, Values, grouped};

use crate::apart;
use crate::capture::Moment;
use crate::heap::Heap;
use crate::object::ObjectSet;
use crate::reasons::Reasons;
use crate::refused;
use crate::rows::{PathGrowth, TypeGrowth};
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
    pub(crate) fn between(py: Python<'_>, before: &Heap, after: &Heap) -> PyResult<Self> {
        let mark = before.moment.as_ref().and_then(|moment| moment.seen_at(after.moment.as_ref()));
        let earlier = Arc::clone(&before.graph);
        let found = apart::ask(py, &after.graph, move |after| diff::diff(&earlier, after, mark))?;
        let moment = after.moment.clone();
        Ok(Self { before: Arc::clone(&before.graph), after: Arc::clone(&after.graph), moment, found })
    }

    pub(crate) fn found(&self) -> &diff::Diff {
        &self.found
    }
}

#[pymethods]
impl Diff {
    /// Objects of the later heap that were not there before.
    #[getter(new)]
    pub(crate) fn appeared(&self) -> ObjectSet {
        ObjectSet::new(&self.after, self.found.new.clone())
    }

    /// Objects of the earlier heap that are not there any more.
    #[getter]
    pub(crate) fn gone(&self) -> ObjectSet {
        ObjectSet::new(&self.before, self.found.gone.clone())
    }

    /// Objects of the later heap at the address of one of the same type, of which it cannot be told whether
    /// they are the same.
    #[getter]
    pub(crate) fn unsure(&self) -> ObjectSet {
        ObjectSet::new(&self.after, self.found.unsure.clone())
    }

    /// How many objects are the same in both heaps.
    #[getter]
    pub(crate) fn survivors(&self) -> u64 {
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
    ///
    /// With `retained=True` the rows also say how what each type retains has changed, most first; that computes the
    /// retained sizes of both heaps, each for about one `gc.collect()`.
    #[pyo3(signature = (*, retained=false))]
    pub(crate) fn by_type(&self, py: Python<'_>, retained: bool) -> PyResult<Table> {
        let mut rows = py.detach(|| diff::by_type(&self.found, &self.before, &self.after));
        if retained {
            let before = Arc::clone(&self.before);
            let found = apart::ask(py, &self.after, move |after| {
                diff::add_retained(&mut rows, (&before, before.dominators()?), (after, after.dominators()?));
                Ok(rows)
            });
            rows = found?.map_err(refused::core)?;
        }
        let keys = rows.iter().map(|row| row.type_name.clone()).collect();
        Table::new(py, tables::growth(&rows), keys, rows.into_iter().map(TypeGrowth::from))
    }

    /// What holds the new objects: groups of those that no new one holds, that by which most bytes of new objects
    /// hang (`row.size`) first. Costs the shortest chains of the later heap, less
    /// than one `gc.collect()`.
    pub(crate) fn why(&self, py: Python<'_>) -> PyResult<Reasons> {
        let (appeared, unsure) = (self.found.new.clone(), self.found.unsure.clone());
        let found =
            apart::ask(py, &self.after, move |after| Ok(after.reasons()?.group_new(after, &appeared, &unsure, Values::Short)));
        let groups = found?.map_err(refused::core)?;
        let tops = groups.iter().map(|group| group.count).sum();
        let title = format!("{} new objects hang by {} of them", grouped(self.found.new.len() as u64), grouped(tops));
        Ok(Reasons::new(&self.after, groups, title))
    }

    /// Objects that are new in the later of the two heaps and still there in a third one, as objects of that.
    ///
    /// >>> class Foo: pass
    /// >>> first, stays = refroots.capture(), Foo()
    /// >>> second, late = refroots.capture(), Foo()
    /// >>> third = refroots.capture()
    /// >>> [obj.address == id(stays) for obj in first.diff(second).still_in(third) if obj.type == "example.Foo"]
    /// [True]
    pub(crate) fn still_in(&self, py: Python<'_>, third: &Heap) -> PyResult<ObjectSet> {
        let mark = self.moment.as_ref().and_then(|moment| moment.seen_at(third.moment.as_ref()));
        let after = Arc::clone(&self.after);
        let to_third = apart::ask(py, &third.graph, move |third| diff::diff(&after, third, mark))?;
        let still = py.detach(|| diff::still_there(&self.found, &to_third, &self.after, &third.graph));
        Ok(ObjectSet::new(&third.graph, still))
    }

    pub(crate) fn __repr__(&self) -> String {
        let found = &self.found;
        let (new, gone, unsure) = (found.new.len(), found.gone.len(), found.unsure.len());
        format!("<refroots.Diff: {new} new, {gone} gone, {} the same, {unsure} unsure>", found.survivors)
    }
}

/// Which paths to objects grew from heap to heap, in every round: where a leak is, after the same work was done
/// between captures. Rows say the path, and its objects and bytes in each heap; of paths below one another the
/// first is told, the most bytes of growth first. What only the evaluation stack of a running frame holds, such as
/// a list that another thread is just building, comes after all other paths: it is work that was begun.
///
/// `heaps` are two or more, in order of time; more rounds tell more from less. Costs the shortest chains of each
/// heap, less than one `gc.collect()` each, kept for the next question.
///
/// Raises ValueError for fewer than two heaps.
///
/// >>> LEAK, heaps = [], []
/// >>> for _ in range(3):
/// ...     LEAK.append({})
/// ...     heaps.append(refroots.capture())
/// >>> row = next(row for row in refroots.grew(*heaps) if "LEAK" in row.path)
/// >>> row.type, row.counts
/// ('dict', [1, 2, 3])
#[pyfunction]
#[pyo3(name = "grew", signature = (*heaps))]
pub(crate) fn paths_that_grew(py: Python<'_>, heaps: Vec<Py<Heap>>) -> PyResult<Table> {
    let (Some(last), true) = (heaps.last(), heaps.len() >= 2) else {
        return Err(PyValueError::new_err(format!("expected two heaps or more, in order of time, found {}", heaps.len())));
    };
    let last = Arc::clone(&last.get().graph);
    let studies: Vec<Arc<Study>> = heaps.iter().map(|heap| Arc::clone(&heap.get().graph)).collect();
    let found = apart::ask(py, &last, move |_| {
        let all = studies.iter().map(|study| Ok((&***study, study.reasons()?))).collect::<Result<Vec<_>, _>>()?;
        Ok(grew::grew(&all, Values::Short))
    });
    let rows = found?.map_err(refused::core)?;
    let keys = rows.iter().map(|row| row.path.clone()).collect();
    Table::new(py, tables::grew(&rows), keys, rows.into_iter().map(PathGrowth::from))
}
