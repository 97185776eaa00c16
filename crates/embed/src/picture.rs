//! `Picture`: a view that Python can read, draw and save.

use std::path::{Path, PathBuf};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyList, PyString};
use refroots_cli::Engine;
use refroots_core::View;
use refroots_render::{Drawing, Format};
use serde_json::Value;

use crate::refused;
use crate::shown::shown;

/// A drawn part of a heap. It holds no object of the program.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Picture {
    view: View,
    drawing: Drawing,
    page: Option<Box<Page>>,
}

/// What an interactive page of a picture has: more than the picture, and no values unless these were asked for.
pub(crate) type Page = dyn Fn() -> Result<View, refroots_core::Error> + Send + Sync;

impl Picture {
    /// A picture whose page has no more than itself.
    /// A picture whose page has no more than itself.
    pub(crate) fn new(view: View) -> Self {
        Self { view, drawing: Drawing::default(), page: None }
    }

    pub(crate) fn with_page(view: View, page: impl Fn() -> Result<View, refroots_core::Error> + Send + Sync + 'static) -> Self {
        Self { page: Some(Box::new(page)), ..Self::new(view) }
    }

    pub(crate) fn drawn(self, drawing: Drawing) -> Self {
        Self { drawing, ..self }
    }

    pub(crate) fn save_to(&self, py: Python<'_>, path: &Path) -> PyResult<()> {
        save_view(py, &self.view, &self.drawing, self.page.as_deref(), path)
    }
}

/// How pictures are drawn, with the engine of that name.
///
/// # Errors
/// `ValueError` for any other name.
pub(crate) fn drawing_with(legend: bool, engine: &str) -> PyResult<Drawing> {
    let engine = engine.parse::<Engine>().map_err(PyValueError::new_err)?;
    Ok(Drawing { legend, engine: engine.choice() })
}

/// The format of a file name, before anything costly is done for it.
pub(crate) fn format_of(filename: Option<&PathBuf>) -> PyResult<Option<Format>> {
    filename.map(|path| Format::from_path(path).map_err(refused::ending)).transpose()
}

/// Draws and writes in one: by a temporary file beside the target, so that nothing is ever half-written.
pub(crate) fn save_view(py: Python<'_>, view: &View, drawing: &Drawing, page: Option<&Page>, path: &Path) -> PyResult<()> {
    let format = Format::from_path(path).map_err(refused::ending)?;
    py.detach(|| {
        let wider = page.filter(|_| format == Format::Html).map(|page| page()).transpose().map_err(refused::core)?;
        let view = wider.as_ref().unwrap_or(view);
        let bytes = refroots_render::render(view, format, drawing).map_err(refused::drawing)?;
        refroots_cli::write_atomically(path, &bytes).map_err(refused::writing)
    })
}

/// What Jupyter shows: SVG, and text for those who cannot.
pub(crate) fn mimebundle<'py>(py: Python<'py>, view: &View, drawing: &Drawing) -> PyResult<Bound<'py, PyDict>> {
    let bundle = PyDict::new(py);
    let svg = py.detach(|| refroots_render::svg(view, drawing)).map_err(refused::drawing)?;
    bundle.set_item("image/svg+xml", svg)?;
    bundle.set_item("text/plain", refroots_render::text(view))?;
    Ok(bundle)
}

#[pymethods]
impl Picture {
    /// The picture as DOT, Graphviz's language.
    #[getter]
    fn dot(&self) -> String {
        refroots_render::dot(&self.view, &self.drawing)
    }

    /// The picture as SVG.
    #[getter]
    fn svg(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| refroots_render::svg(&self.view, &self.drawing)).map_err(refused::drawing)
    }

    /// The picture as PNG.
    #[getter]
    fn png<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| refroots_render::png(&self.view, &self.drawing)).map_err(refused::drawing)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Nodes and references as plain values, as a `.json` file has them (docs/json.md):
    /// `{"title": …, "question": …, "nodes": […], "references": […]}`.
    #[getter]
    fn view<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        python(py, &refroots_render::plain(&self.view))
    }

    /// Writes the picture; the ending of the name says how: .png, .svg, .pdf, .html (an interactive page), .dot, .mmd,
    /// .json, .txt.
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
        mimebundle(py, &self.view, &self.drawing)
    }
}

/// Plain data as Python's own values. It is as deep as what a view says, three levels.
fn python<'py>(py: Python<'py>, plain: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match plain {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Value::Number(number) => match number.as_u64() {
            Some(number) => number.into_pyobject(py)?.into_any(),
            None => number.as_f64().into_pyobject(py)?.into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(values) => {
            let list = PyList::empty(py);
            for value in values {
                list.append(python(py, value)?)?;
            }
            list.into_any()
        }
        Value::Object(entries) => {
            let dict = PyDict::new(py);
            for (key, value) in entries {
                dict.set_item(key, python(py, value)?)?;
            }
            dict.into_any()
        }
    })
}
