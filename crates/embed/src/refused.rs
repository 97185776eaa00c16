//! The library's errors as Python's exceptions.

use std::io;
use std::path::Path;

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

/// An export that failed: a name that is none, what the system said, no memory.
pub(crate) fn exporting(error: refroots_cli::Error) -> PyErr {
    match error {
        refroots_cli::Error::Usage(words) => PyValueError::new_err(words),
        refroots_cli::Error::Graph(error) | refroots_cli::Error::Export(refroots_core::export::Error::Graph(error)) => {
            core(error)
        }
        refroots_cli::Error::Export(error) => PyRuntimeError::new_err(error.to_string()),
        other => writing(other),
    }
}

/// A file that could not be written or read, or is no snapshot.
pub(crate) fn file(error: refroots_cli::Error) -> PyErr {
    use refroots_core::snapshot::SnapshotError;
    match error {
        refroots_cli::Error::Read { path, source } => system(&source, &path, "read"),
        refroots_cli::Error::Snapshot { source: SnapshotError::OutOfMemory(_), .. } => PyMemoryError::new_err(error.to_string()),
        refroots_cli::Error::Snapshot { .. } => crate::snapshot::SnapshotError::new_err(error.to_string()),
        other => writing(other),
    }
}

/// A file that could not be written: the subclass of `OSError` that the system's answer stands for.
pub(crate) fn writing(error: refroots_cli::Error) -> PyErr {
    match error {
        refroots_cli::Error::Write { path, source } => system(&source, &path, "write"),
        other => PyOSError::new_err(other.to_string()),
    }
}

fn system(source: &io::Error, path: &Path, what: &str) -> PyErr {
    // Temporary files wrap the system's answer and keep what kind it was.
    let number = source.raw_os_error().or(match source.kind() {
        io::ErrorKind::NotFound => Some(libc::ENOENT),
        io::ErrorKind::PermissionDenied => Some(libc::EACCES),
        io::ErrorKind::NotADirectory => Some(libc::ENOTDIR),
        io::ErrorKind::StorageFull => Some(libc::ENOSPC),
        io::ErrorKind::ReadOnlyFilesystem => Some(libc::EROFS),
        _ => None,
    });
    match number {
        Some(number) => {
            let text = io::Error::from_raw_os_error(number).to_string();
            let text = text.split(" (os error").next().unwrap_or(&text).to_owned();
            PyOSError::new_err((number, text, path.as_os_str().to_owned()))
        }
        None => PyOSError::new_err(format!("cannot {what} {}: {source}", path.display())),
    }
}
