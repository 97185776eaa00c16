//! `Reasons`: why many objects are alive, grouped by how they are held.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList};
use refroots_cli::{answer_json, tables};
use refroots_core::query::neighbourhood::Surroundings;
use refroots_core::query::{reasons, ways_view};
use refroots_core::{NodeId, Question, Study, Values, View, grouped};
use refroots_render::Drawing;

use crate::chain::{Chain, Root};
use crate::page::Page;
use crate::picture::{Picture, mimebundle};
use crate::shown::shown;

/// Objects that are held the same way.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Reason {
    graph: Arc<Study>,
    reason: reasons::Reason,
}

#[pymethods]
impl Reason {
    /// How many objects are held this way.
    #[getter]
    fn count(&self) -> u64 {
        self.reason.count
    }

    /// Their shallow sizes, added, in bytes; of `Diff.why()` those of all new objects that hang by them.
    #[getter]
    fn size(&self) -> u64 {
        self.reason.size
    }

    /// The way in words: `"app.CACHE['k'][*]"`, `"thread worker-3, app.run(), local job"`.
    #[getter]
    fn signature(&self) -> &str {
        &self.reason.signature
    }

    /// What their chains begin with.
    #[getter]
    fn root(&self) -> Root {
        self.chain().root()
    }

    /// The shortest chain to the first of them in heap order.
    #[getter]
    fn chain(&self) -> Chain {
        Chain::new(&self.graph, self.reason.chain.clone())
    }

    fn __repr__(&self) -> String {
        shown(&format!("<refroots.Reason {} through {}>", grouped(self.reason.count), self.reason.signature))
    }
}

/// Why many objects are alive: groups of those that are held the same way, the largest first. `str()` is a
/// table of the groups and the chain to one object of the largest.
#[pyclass(frozen, sequence, module = "refroots")]
pub(crate) struct Reasons {
    graph: Arc<Study>,
    groups: Vec<reasons::Reason>,
    title: String,
}

/// Groups that are printed.
const SHOWN: usize = 10;

impl Reasons {
    /// Groups of objects of a heap; the title names them.
    pub(crate) fn new(graph: &Arc<Study>, groups: Vec<reasons::Reason>, title: String) -> Self {
        Self { graph: Arc::clone(graph), groups, title }
    }

    fn at(&self, at: usize) -> Reason {
        Reason { graph: Arc::clone(&self.graph), reason: self.groups[at].clone() }
    }

    fn view(&self) -> View {
        ways_view::ways_view(&self.graph, &self.groups, self.title.clone(), Values::Short)
    }
}

#[pymethods]
impl Reasons {
    fn __len__(&self) -> usize {
        self.groups.len()
    }

    fn __getitem__(&self, index: isize) -> PyResult<Reason> {
        let at = if index < 0 { index + self.groups.len() as isize } else { index };
        let at = usize::try_from(at).ok().filter(|&at| at < self.groups.len());
        let refused = || PyIndexError::new_err(format!("expected an index below {}, found {index}", self.groups.len()));
        at.map(|at| self.at(at)).ok_or_else(refused)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let rows = (0..self.groups.len()).map(|at| Py::new(py, self.at(at))).collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, rows)?.try_iter()
    }

    /// The chains of the largest groups as a picture.
    #[getter]
    fn picture(&self) -> Picture {
        let (graph, title) = (Arc::clone(&self.graph), self.title.clone());
        let targets: Vec<NodeId> = self.groups.iter().map(|group| group.chain.target).collect();
        Picture::with_page(self.view(), move || {
            let what = Surroundings { values: Values::None, ..Surroundings::new(Question::Chain) };
            Ok(View { title: title.clone(), ..graph.surroundings(&targets, &what)? })
        })
    }

    /// The groups as a JSON list of objects: `count`, `size` in bytes, `signature`, `chain`.
    #[getter]
    fn json(&self) -> String {
        format!("{:#}\n", answer_json::reasons(&self.graph, &self.groups, Values::Short))
    }

    /// Writes the picture; the ending of the name says how: .png, .svg, .pdf, .html (an interactive page), .dot, .mmd,
    /// .json, .txt.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.picture().save_to(py, &path)
    }

    /// `picture.interactive()`: the interactive page for the output of a notebook's cell.
    #[pyo3(signature = (*, height=600))]
    fn interactive(&self, py: Python<'_>, height: i64) -> PyResult<Page> {
        self.picture().interactive(py, height)
    }

    fn __str__(&self) -> String {
        let (table, title) = (tables::reasons(&self.groups).text(SHOWN), shown(&self.title));
        match self.groups.first() {
            Some(first) => {
                let chain = refroots_render::text(&first.chain.view(&self.graph, Values::Short));
                format!("{title}\n{table}\n{}", chain.trim_end())
            }
            None => format!("{title}: no objects"),
        }
    }

    fn __repr__(&self) -> String {
        self.__str__()
    }

    #[pyo3(signature = (**_kwargs))]
    fn _repr_mimebundle_<'py>(&self, py: Python<'py>, _kwargs: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyDict>> {
        mimebundle(py, &self.view(), &Drawing::default(), self.__str__())
    }
}
