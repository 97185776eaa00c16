//! `Table`: the rows of an answer, which print as a table.

use pyo3::exceptions::{PyIndexError, PyKeyError};
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList, PySlice};
use pyo3::{PyClass, PyClassInitializer};
use refroots_cli::Table as Printed;

/// Rows of an answer, those that matter most first. Prints as a table of the first 25; `.json` has all.
#[pyclass(frozen, sequence, module = "refroots")]
pub(crate) struct Table {
    rows: Vec<Py<PyAny>>,
    /// What rows may be asked for by, besides their places.
    keys: Vec<String>,
    printed: Printed,
}

/// Rows that are printed.
const SHOWN: usize = 25;

impl Table {
    /// A table of rows that Python can read, in the order of the printed ones.
    pub(crate) fn new<Row: PyClass + Into<PyClassInitializer<Row>>>(
        py: Python<'_>,
        printed: Printed,
        keys: Vec<String>,
        rows: impl IntoIterator<Item = Row>,
    ) -> PyResult<Self> {
        let rows = rows.into_iter().map(|row| Ok(Py::new(py, row)?.into_any())).collect::<PyResult<_>>()?;
        Ok(Self { rows, keys, printed })
    }
}

#[pymethods]
impl Table {
    fn __len__(&self) -> usize {
        self.rows.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Ok(name) = key.extract::<String>() {
            let found = self.keys.iter().position(|known| *known == name);
            let row = found.and_then(|at| self.rows.get(at)).map(|row| row.bind(py).clone());
            return row.ok_or_else(|| PyKeyError::new_err(name));
        }
        if key.is_instance_of::<PySlice>() {
            return PyList::new(py, &self.rows)?.as_any().get_item(key);
        }
        let index: isize = key.extract()?;
        let at = if index < 0 { index + self.rows.len() as isize } else { index };
        let row = usize::try_from(at).ok().and_then(|at| self.rows.get(at)).map(|row| row.bind(py).clone());
        row.ok_or_else(|| PyIndexError::new_err(format!("expected an index below {}, found {index}", self.rows.len())))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        PyList::new(py, &self.rows)?.try_iter()
    }

    /// All rows as a JSON list of objects; sizes in bytes.
    #[getter]
    fn json(&self) -> String {
        self.printed.json(None)
    }

    fn __str__(&self) -> String {
        self.printed.text(SHOWN).trim_end().to_owned()
    }

    fn __repr__(&self) -> String {
        self.__str__()
    }

    fn _repr_html_(&self) -> String {
        self.printed.html(SHOWN)
    }
}
