//! The library's errors as Python's exceptions.

use pyo3::PyErr;
use pyo3::exceptions::{PyLookupError, PyMemoryError, PyOSError, PyRuntimeError, PyValueError};

/// A core error: `LookupError` for names, `MemoryError`, else `ValueError`.
pub(crate) fn core(error: refroots_core::Error) -> PyErr {
    use refroots_core::Error;
    let text = error.to_string();
    match error {
        Error::NoSuchType { .. } | Error::AmbiguousType { .. } | Error::NoLiveObjects(_) => PyLookupError::new_err(text),
        Error::OutOfMemory(_) | Error::NoRoom { .. } | Error::TooLarge(_) => PyMemoryError::new_err(text),
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

/// A file that could not be written or read, or is no snapshot.
pub(crate) fn file(error: refroots_cli::Error) -> PyErr {
    use refroots_core::snapshot::SnapshotError;
    match error {
        refroots_cli::Error::Read { path, source } => match source.raw_os_error() {
            Some(number) => PyOSError::new_err((number, source.to_string(), path)),
            None => PyOSError::new_err(format!("cannot read {}: {source}", path.display())),
        },
        refroots_cli::Error::Snapshot { source: SnapshotError::OutOfMemory(_), .. } => PyMemoryError::new_err(error.to_string()),
        refroots_cli::Error::Snapshot { .. } => crate::snapshot::SnapshotError::new_err(error.to_string()),
        other => writing(other),
    }
}

/// A file that could not be written: the subclass of `OSError` that the system's answer stands for.
pub(crate) fn writing(error: refroots_cli::Error) -> PyErr {
    match error {
        refroots_cli::Error::Write { path, source } => {
            let number = source.raw_os_error();
            match number {
                Some(number) => PyOSError::new_err((number, source.to_string(), path)),
                None => PyOSError::new_err(format!("cannot write {}: {source}", path.display())),
            }
        }
        other => PyOSError::new_err(other.to_string()),
    }
}
