//! `Picture`: a view that Python can read, draw and save.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use refroots_core::View;
use refroots_core::petgraph::visit::EdgeRef;
use refroots_render::Format;

use crate::refused;
use crate::shown::shown;

/// A drawn part of a heap. It holds no object of the program.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Picture {
    view: View,
    page: Option<Box<Page>>,
}

/// What an interactive page of a picture has: more than the picture, and no values unless these were asked for.
pub(crate) type Page = dyn Fn() -> Result<View, refroots_core::Error> + Send + Sync;

impl Picture {
    /// A picture whose page has no more than itself.
    pub(crate) fn new(view: View) -> Self {
        Self { view, page: None }
    }

    pub(crate) fn with_page(view: View, page: impl Fn() -> Result<View, refroots_core::Error> + Send + Sync + 'static) -> Self {
        Self { view, page: Some(Box::new(page)) }
    }

    pub(crate) fn save_to(&self, py: Python<'_>, path: &Path) -> PyResult<()> {
        save_view(py, &self.view, self.page.as_deref(), path)
    }
}

/// The format of a file name, before anything costly is done for it.
pub(crate) fn format_of(filename: Option<&PathBuf>) -> PyResult<Option<Format>> {
    filename.map(|path| Format::from_path(path).map_err(refused::ending)).transpose()
}

/// Draws and writes in one: by a temporary file beside the target, so that nothing is ever half-written.
pub(crate) fn save_view(py: Python<'_>, view: &View, page: Option<&Page>, path: &Path) -> PyResult<()> {
    let format = Format::from_path(path).map_err(refused::ending)?;
    py.detach(|| {
        let wider = page.filter(|_| format == Format::Html).map(|page| page()).transpose().map_err(refused::core)?;
        let view = wider.as_ref().unwrap_or(view);
        let bytes = refroots_render::render(view, format).map_err(refused::drawing)?;
        refroots_cli::write_atomically(path, &bytes).map_err(refused::writing)
    })
}

/// What Jupyter shows: SVG, and text for those who cannot.
pub(crate) fn mimebundle<'py>(py: Python<'py>, view: &View) -> PyResult<Bound<'py, PyDict>> {
    let bundle = PyDict::new(py);
    bundle.set_item("image/svg+xml", refroots_render::svg(view).map_err(refused::drawing)?)?;
    bundle.set_item("text/plain", refroots_render::text(view))?;
    Ok(bundle)
}

#[pymethods]
impl Picture {
    /// The picture as DOT, Graphviz's language.
    #[getter]
    fn dot(&self) -> String {
        refroots_render::dot(&self.view)
    }

    /// The picture as SVG.
    #[getter]
    fn svg(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| refroots_render::svg(&self.view)).map_err(refused::drawing)
    }

    /// The picture as PNG.
    #[getter]
    fn png<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| refroots_render::png(&self.view)).map_err(refused::drawing)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Nodes and references as plain values: `{"title": …, "nodes": […], "references": […]}`.
    #[getter]
    fn view<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        plain(py, &self.view)
    }

    /// Writes the picture; the ending of the name says how: .png, .svg, .html (an interactive page), .dot, .txt.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.save_to(py, &path)
    }

    fn __str__(&self) -> String {
        refroots_render::text(&self.view).trim_end().to_owned()
    }

    fn __repr__(&self) -> String {
        let graph = &self.view.graph;
        shown(&format!(
            "<refroots.Picture: {}, {} objects, {} references>",
            self.view.title,
            graph.node_count(),
            graph.edge_count()
        ))
    }

    #[pyo3(signature = (**_kwargs))]
    fn _repr_mimebundle_<'py>(&self, py: Python<'py>, _kwargs: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyDict>> {
        mimebundle(py, &self.view)
    }
}

fn plain<'py>(py: Python<'py>, view: &View) -> PyResult<Bound<'py, PyDict>> {
    let nodes = PyList::empty(py);
    for index in view.graph.node_indices() {
        let node = &view.graph[index];
        let entry = PyDict::new(py);
        entry.set_item("ordinal", node.ordinal.0)?;
        entry.set_item("type", &node.full_type_name)?;
        entry.set_item("text", &node.text)?;
        entry.set_item("size", node.size)?;
        entry.set_item("depth", node.depth)?;
        entry.set_item("start", node.is_start)?;
        entry.set_item("root", node.root.as_ref().map(|root| root.text.as_str()))?;
        entry.set_item("root_kind", node.root.as_ref().map(|root| root.kind.word()))?;
        entry.set_item("cut", node.cut)?;
        entry.set_item("beyond", node.beyond)?;
        nodes.append(entry)?;
    }
    let references = PyList::empty(py);
    for reference in view.graph.edge_references() {
        let entry = PyDict::new(py);
        entry.set_item("source", reference.source().index())?;
        entry.set_item("target", reference.target().index())?;
        entry.set_item("kind", reference.weight().kind.word())?;
        entry.set_item("name", &reference.weight().name)?;
        references.append(entry)?;
    }
    let view_dict = PyDict::new(py);
    view_dict.set_item("title", &view.title)?;
    view_dict.set_item("nodes", nodes)?;
    view_dict.set_item("references", references)?;
    Ok(view_dict)
}
