//! `Page`: an interactive page in a frame, as notebooks show it.

use pyo3::prelude::*;

/// An interactive page for the output of a notebook's cell. It holds no object of the program. `str()` is the
/// picture's text, for a terminal.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Page {
    framed: String,
    text: String,
}

impl Page {
    pub(crate) fn new(framed: String, text: String) -> Self {
        Self { framed, text }
    }
}

#[pymethods]
impl Page {
    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self) -> &str {
        &self.text
    }

    fn _repr_html_(&self) -> &str {
        &self.framed
    }
}
