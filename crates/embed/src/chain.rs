//! `Chain`: why one object is alive.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use refroots_cli::answer_json;
use refroots_core::query::chain;
use refroots_core::query::neighbourhood::Surroundings;
use refroots_core::{Question, Study, Values, View};
use refroots_render::Drawing;

use crate::object::{Object, Reference};
use crate::page::Page;
use crate::picture::{Picture, mimebundle};
use crate::shown::shown;

/// The shortest chain of references from a GC root to an object. `str()` is the tree for a terminal.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Chain {
    graph: Arc<Study>,
    chain: chain::Chain,
    /// What the words may say, where that was asked for: else values, and none in a page.
    asked_values: Option<Values>,
    said: Said,
}

/// What a picture of a chain says beside its objects and references.
#[derive(Clone, Copy, Default)]
pub(crate) struct Said {
    pub(crate) drawing: Drawing,
    pub(crate) sizes: bool,
    pub(crate) stamp: bool,
    pub(crate) addresses: bool,
}

impl Chain {
    pub(crate) fn new(graph: &Arc<Study>, chain: chain::Chain) -> Self {
        Self { graph: Arc::clone(graph), chain, asked_values: None, said: Said::default() }
    }

    pub(crate) fn with_values(self, asked_values: Option<Values>) -> Self {
        Self { asked_values, ..self }
    }

    fn values(&self) -> Values {
        self.asked_values.unwrap_or(Values::Short)
    }

    /// Computes what the pictures will say.
    pub(crate) fn with_said(self, said: Said) -> Result<Self, refroots_core::Error> {
        if said.sizes {
            self.graph.dominators()?;
        }
        Ok(Self { said, ..self })
    }

    fn view(&self) -> View {
        let mut view = self.chain.view(&self.graph, self.values());
        if self.said.sizes
            && let Ok(dominators) = self.graph.dominators()
        {
            view.say_retained(dominators);
        }
        if self.said.stamp {
            view.stamp = self.graph.origin().stamp();
        }
        if self.said.addresses {
            view.say_addresses(&self.graph);
        }
        view
    }

    pub(crate) fn save_to(&self, py: Python<'_>, path: &Path) -> PyResult<()> {
        self.picture().save_to(py, path)
    }
}

/// What a chain begins with.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Root {
    /// `"module"`, `"frame"`, `"interpreter"`, `"static"`, `"external"` or `"garbage"`.
    #[pyo3(get)]
    kind: &'static str,
    /// The root in words: `"module app"`.
    #[pyo3(get)]
    text: String,
}

#[pymethods]
impl Root {
    fn __repr__(&self) -> String {
        shown(&format!("<refroots.Root {}: {}>", self.kind, self.text))
    }
}

#[pymethods]
impl Chain {
    /// What the chain begins with.
    #[getter]
    pub(crate) fn root(&self) -> Root {
        Root { kind: self.chain.root.word(), text: self.chain.root_text(&self.graph, self.values()) }
    }

    /// The object that was asked about.
    #[getter]
    fn target(&self) -> Object {
        Object::new(&self.graph, self.chain.target, self.values())
    }

    /// The references from the root to the object.
    #[getter]
    fn references(&self) -> Vec<Reference> {
        self.chain.references.iter().map(|&reference| Reference::new(&self.graph, reference, self.values())).collect()
    }

    /// The cycle that keeps garbage from being freed by itself, as references back to where the chain begins; empty
    /// for what a root holds.
    #[getter]
    fn cycle(&self) -> Vec<Reference> {
        self.chain.cycle.iter().map(|&reference| Reference::new(&self.graph, reference, self.values())).collect()
    }

    /// The chain as Python code, `"app.CACHE['k'][17].owner"`; `None` where code cannot say it.
    #[getter]
    fn expression(&self) -> Option<String> {
        self.chain.expression(&self.graph, self.values())
    }

    /// The way in words: the expression where there is one, else the root and the name of each step.
    #[getter]
    fn path(&self) -> String {
        self.chain.path(&self.graph, self.values())
    }

    /// The chain as a JSON object: `root`, `expression`, `path`, `target`, `references`.
    #[getter]
    fn json(&self) -> String {
        format!("{:#}\n", answer_json::chain(&self.graph, &self.chain, self.values()))
    }

    /// The chain as a picture.
    #[getter]
    fn picture(&self) -> Picture {
        let (graph, target) = (Arc::clone(&self.graph), self.chain.target);
        let values = self.asked_values.unwrap_or(Values::None);
        let addresses = self.said.addresses;
        let page = move || {
            let mut view = graph.surroundings(&[target], &Surroundings { values, ..Surroundings::new(Question::Chain) })?;
            if addresses {
                view.say_addresses(&graph);
            }
            Ok(view)
        };
        Picture::with_page(self.view(), page).drawn(self.said.drawing)
    }

    /// Writes the chain; the ending of the name says how: .png, .svg, .pdf, .html, .dot, .mmd, .txt, and .json for the picture's
    /// nodes and references.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.save_to(py, &path)
    }

    /// `picture.interactive()`: the interactive page for the output of a notebook's cell.
    #[pyo3(signature = (*, height=600))]
    fn interactive(&self, py: Python<'_>, height: i64) -> PyResult<Page> {
        self.picture().interactive(py, height)
    }

    fn __len__(&self) -> usize {
        self.chain.references.len()
    }

    fn __bool__(&self) -> bool {
        true
    }

    fn __str__(&self) -> String {
        refroots_render::text(&self.view()).trim_end().to_owned()
    }

    /// At a prompt the tree itself says most.
    fn __repr__(&self) -> String {
        self.__str__()
    }

    #[pyo3(signature = (**_kwargs))]
    fn _repr_mimebundle_<'py>(&self, py: Python<'py>, _kwargs: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyDict>> {
        mimebundle(py, &self.view(), &self.said.drawing, self.__str__())
    }
}
