//! The library's errors as Python's exceptions.

use std::path::Path;

use pyo3::PyErr;
use pyo3::exceptions::{PyLookupError, PyMemoryError, PyOSError, PyRuntimeError, PyValueError};

/// A core error: `LookupError` for names, `MemoryError`, else `ValueError`.
pub(crate) fn core(error: refroots_core::Error) -> PyErr {
    use refroots_core::Error;
    let text = error.to_string();
    match error {
        Error::NoSuchType { .. } | Error::AmbiguousType { .. } | Error::NoLiveObjects(_) => PyLookupError::new_err(text),
        Error::OutOfMemory(_) | Error::TooLarge(_) => PyMemoryError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// A drawing that failed.
pub(crate) fn drawing(error: refroots_render::Error) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}

/// A file name whose ending is no format.
pub(crate) fn ending(error: refroots_render::Error) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// A file that could not be written.
pub(crate) fn writing(path: &Path, error: impl std::fmt::Display) -> PyErr {
    let _ = path;
    PyOSError::new_err(error.to_string())
}
