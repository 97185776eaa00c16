//! `Picture`: a view that Python can read, draw and save.

use std::path::{Path, PathBuf};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyList, PyString};
use refroots_cli::Engine;
use refroots_core::View;
use refroots_render::{Drawing, Format};
use serde_json::Value;

use crate::ask::at_least_one;
use crate::page::Page;
use crate::refused;

/// A drawn part of a heap. It holds no object of the program.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Picture {
    view: View,
    drawing: Drawing,
    page: Option<Box<PageView>>,
}

/// What an interactive page of a picture has: more than the picture, and no values unless these were asked for.
pub(crate) type PageView = dyn Fn() -> Result<View, refroots_core::Error> + Send + Sync;

impl Picture {
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
        let format = Format::from_path(path).map_err(refused::ending)?;
        py.detach(|| {
            let wider = if format == Format::Html { self.page_view()? } else { None };
            let view = wider.as_ref().unwrap_or(&self.view);
            let bytes = refroots_render::render(view, format, &self.drawing).map_err(refused::drawing)?;
            refroots_cli::write_atomically(path, &bytes).map_err(refused::writing)
        })
    }

    /// What its page has, where that is more than the picture.
    fn page_view(&self) -> PyResult<Option<View>> {
        self.page.as_deref().map(|page| page()).transpose().map_err(refused::core)
    }

    fn text(&self) -> String {
        refroots_render::text(&self.view).trim_end().to_owned()
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

/// What notebooks show: SVG; PNG, for those who show no SVG; and the text, which is all there is of a picture that is too large.
pub(crate) fn mimebundle<'py>(py: Python<'py>, view: &View, drawing: &Drawing, text: String) -> PyResult<Bound<'py, PyDict>> {
    let bundle = PyDict::new(py);
    let (svg, png) = py.detach(|| (refroots_render::svg(view, drawing), refroots_render::png(view, drawing)));
    match svg {
        Ok(svg) => {
            bundle.set_item("text/plain", text)?;
            bundle.set_item("image/svg+xml", svg)?;
        }
        Err(error @ refroots_render::Error::TooLarge { .. }) => bundle.set_item("text/plain", format!("{text}\n{error}"))?,
        Err(error) => return Err(refused::drawing(error)),
    }
    // Where memory suffices for no pixels, SVG is enough for most.
    if let Ok(png) = png {
        bundle.set_item("image/png", PyBytes::new(py, &png))?;
    }
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

    /// The interactive page of the picture (docs/page.md), for the output of a notebook's cell: a frame of `height` pixels
    /// and of the cell's width, which needs neither network nor server. It has up to 20,000 objects, some 2 MB that
    /// the notebook keeps, and no values unless the picture was asked with `values="short"`. At a terminal it prints as the
    /// picture's text.
    ///
    /// Raises ValueError for a height below 1.
    #[pyo3(signature = (*, height=600))]
    pub(crate) fn interactive(&self, py: Python<'_>, height: i64) -> PyResult<Page> {
        let height = at_least_one("height", height)?;
        let framed = py.detach(|| {
            let wider = self.page_view()?;
            Ok::<_, PyErr>(refroots_render::framed_page(wider.as_ref().unwrap_or(&self.view), height))
        })?;
        Ok(Page::new(framed, self.text()))
    }

    fn __str__(&self) -> String {
        self.text()
    }

    /// At a prompt the text itself says most.
    fn __repr__(&self) -> String {
        self.text()
    }

    #[pyo3(signature = (**_kwargs))]
    fn _repr_mimebundle_<'py>(&self, py: Python<'py>, _kwargs: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyDict>> {
        mimebundle(py, &self.view, &self.drawing, self.text())
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
