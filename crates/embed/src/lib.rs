//! The extension module `refroots._native`: captures the live interpreter, and shows the library to Python.

mod capture;
mod moment;
mod program;

use pyo3::prelude::*;

#[pymodule(name = "_native")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    program::register(module)
}
