//! The extension module `refroots._native`: captures the live interpreter, and shows the library to Python.

mod capture;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pyfunction]
    fn smoke(py: Python<'_>) -> PyResult<(usize, usize)> {
        let graph = crate::capture::capture(py, &crate::capture::Purpose::default())?;
        Ok((graph.node_count(), graph.edge_count()))
    }
}
