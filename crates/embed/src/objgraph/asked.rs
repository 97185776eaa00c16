//! A function of the program that is asked about one object after the other, any of which may make it raise.

use std::ffi::CString;

use pyo3::exceptions::{PyException, PyRuntimeWarning};
use pyo3::prelude::*;

/// A predicate or a filter. An object that it raises for counts as not meant, and is told of in the end; where
/// objgraph's own answer is wanted, and where it raises for every object, the exception is the answer.
pub(super) struct Asked<'a, 'py> {
    function: &'a Bound<'py, PyAny>,
    word: &'static str,
    exact: bool,
    answered: u64,
    raised: u64,
    first: Option<PyErr>,
}

impl<'a, 'py> Asked<'a, 'py> {
    pub(super) fn new(function: &'a Bound<'py, PyAny>, word: &'static str, exact: bool) -> Self {
        Self { function, word, exact, answered: 0, raised: 0, first: None }
    }

    /// Whether the function says yes to an object.
    pub(super) fn accepts(&mut self, object: &Bound<'py, PyAny>) -> PyResult<bool> {
        match self.function.call1((object,)).and_then(|answer| answer.is_truthy()) {
            Ok(answer) => {
                self.answered += 1;
                Ok(answer)
            }
            Err(error) if self.exact || !error.is_instance_of::<PyException>(object.py()) => Err(error),
            Err(error) => {
                self.raised += 1;
                // A traceback holds frames, and they hold what is being looked at.
                if self.first.is_none() {
                    error.set_traceback(object.py(), None);
                    self.first = Some(error);
                }
                Ok(false)
            }
        }
    }

    /// Tells of the objects that were skipped.
    pub(super) fn end(&mut self, py: Python<'py>) -> PyResult<()> {
        let Some(first) = self.first.take() else { return Ok(()) };
        if self.answered == 0 {
            return Err(first);
        }
        let plural = if self.raised == 1 { "object was" } else { "objects were" };
        let text = format!("{} {plural} skipped, for which the {} raised; first {first}", self.raised, self.word);
        let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
        PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &text, 2)
    }
}
