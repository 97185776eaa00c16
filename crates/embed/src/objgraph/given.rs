//! Lists that were handed out, known again while the program has them as they were given.

use pyo3::prelude::*;
use pyo3::types::PyList;
use rustc_hash::FxHashMap;

use crate::capture::census;

/// What a list that was given looks like. Its address alone does not do: the list may be gone, and one of the program
/// stand there.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    length: usize,
    /// Bytes, with room for one item more than a list of this length gets by itself.
    bytes: u64,
    first: usize,
    last: usize,
}

impl Look {
    fn of(list: &Bound<'_, PyList>) -> Option<Self> {
        let length = list.len();
        let last = list.get_item(length.checked_sub(1)?).ok()?.as_ptr() as usize;
        let first = list.get_item(0).ok()?.as_ptr() as usize;
        let bytes = list.call_method0("__sizeof__").ok()?.extract().ok()?;
        Some(Self { length, bytes, first, last })
    }
}

/// A list to hand out. A search for what holds an object knows the last ones again: what the caller keeps to ask
/// about it is not what keeps it alive.
#[pyfunction]
pub(crate) fn given<'py>(py: Python<'py>, mut objects: Vec<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyList>> {
    let length = objects.len();
    // Deleted again, which keeps its room (`list_resize` in CPython's listobject.c, 3.10–3.14).
    objects.push(py.None().into_bound(py));
    let list = PyList::new(py, objects)?;
    list.del_slice(length, length + 1)?;
    Ok(list)
}

/// The lists that were handed out last.
#[pyclass(module = "refroots")]
#[derive(Clone, Default)]
pub(crate) struct Given {
    looks: FxHashMap<u64, Look>,
    /// Addresses in the order in which they were given.
    order: std::collections::VecDeque<u64>,
}

/// So many are known.
const KNOWN: usize = 64;

#[pymethods]
impl Given {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Knows a list that is handed out, and gives it back.
    fn remember<'py>(&mut self, list: Bound<'py, PyList>) -> Bound<'py, PyList> {
        if let Some(look) = Look::of(&list) {
            let address = list.as_ptr() as u64;
            self.order.retain(|&known| known != address);
            self.order.push_back(address);
            self.looks.insert(address, look);
            if self.order.len() > KNOWN
                && let Some(oldest) = self.order.pop_front()
            {
                self.looks.remove(&oldest);
            }
        }
        list
    }
}

impl Given {
    /// Whether an object that is live now is a list that was given, and is as it was.
    pub(super) fn has(&self, py: Python<'_>, address: u64) -> bool {
        let Some(look) = self.looks.get(&address) else { return false };
        let list = census::live(py, &[address]).pop().and_then(|object| object.cast_into_exact::<PyList>().ok());
        list.is_some_and(|list| Look::of(&list) == Some(*look))
    }
}
