//! `TypeTable`: objects and bytes by type.

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList};
use refroots_core::query::histogram;

/// The objects of one type.
#[pyclass(frozen, module = "refroots")]
#[derive(Clone)]
pub(crate) struct TypeCount {
    /// The type's whole name.
    #[pyo3(get)]
    r#type: String,
    /// How many objects there are.
    #[pyo3(get)]
    count: u64,
    /// Their shallow sizes, added, in bytes.
    #[pyo3(get)]
    size: u64,
}

#[pymethods]
impl TypeCount {
    fn __repr__(&self) -> String {
        format!("<refroots.TypeCount {}: {} objects, {} bytes>", self.r#type, self.count, self.size)
    }
}

/// Objects and bytes by type, most objects first. Prints as a table of the first 25.
#[pyclass(frozen, sequence, module = "refroots")]
pub(crate) struct TypeTable {
    rows: Vec<histogram::TypeCount>,
}

/// Rows that are printed.
const SHOWN: usize = 25;

impl TypeTable {
    pub(crate) fn new(rows: Vec<histogram::TypeCount>) -> Self {
        Self { rows }
    }

    fn row(row: &histogram::TypeCount) -> TypeCount {
        TypeCount { r#type: row.name.clone(), count: row.count, size: row.size }
    }
}

#[pymethods]
impl TypeTable {
    fn __len__(&self) -> usize {
        self.rows.len()
    }

    fn __getitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<TypeCount> {
        if let Ok(name) = key.extract::<String>() {
            let found = self.rows.iter().find(|row| row.name == name).map(Self::row);
            return found.ok_or_else(|| pyo3::exceptions::PyKeyError::new_err(name));
        }
        let index: isize = key.extract()?;
        let at = if index < 0 { index + self.rows.len() as isize } else { index };
        let row = usize::try_from(at).ok().and_then(|at| self.rows.get(at)).map(Self::row);
        row.ok_or_else(|| PyIndexError::new_err(format!("expected an index below {}, found {index}", self.rows.len())))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        PyList::new(py, self.rows.iter().map(Self::row))?.try_iter()
    }

    fn __str__(&self) -> String {
        refroots_cli::type_table(&self.rows, SHOWN).trim_end().to_owned()
    }

    fn __repr__(&self) -> String {
        self.__str__()
    }
}
