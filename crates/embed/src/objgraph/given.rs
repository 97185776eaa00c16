//! Lists that were handed out, known again while the program has them as they were given.

use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::capture::{census, sizes};

/// What a list that was given looks like. Its address alone does not do: the list may be gone, and one of the program
/// stand there.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    address: usize,
    length: usize,
    /// Items that have room: one more than a list of this length gets by itself.
    room: usize,
    /// First and last item, the lower address first: a chain may be turned around.
    ends: (usize, usize),
}

impl Look {
    fn of(list: &Bound<'_, PyList>) -> Option<Self> {
        let length = list.len();
        let first = list.get_item(0).ok()?.as_ptr() as usize;
        let last = list.get_item(length.checked_sub(1)?).ok()?.as_ptr() as usize;
        let ends = (first.min(last), first.max(last));
        Some(Self { address: list.as_ptr() as usize, length, room: sizes::list_room(list), ends })
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
    looks: Vec<Look>,
    /// Where the next one stands.
    next: usize,
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
            match self.looks.get_mut(self.next) {
                Some(oldest) => *oldest = look,
                None => self.looks.push(look),
            }
            self.next = (self.next + 1) % KNOWN;
        }
        list
    }
}

impl Given {
    /// Hands out a list that `given`, if there is one, knows from then on.
    pub(super) fn hand_out<'py>(
        py: Python<'py>,
        given: Option<&Bound<'py, Self>>,
        objects: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        match given {
            None => PyList::new(py, objects),
            Some(known) => Ok(known.borrow_mut().remember(self::given(py, objects)?)),
        }
    }

    /// Whether an object that is live now is a list that was given, and is as it was.
    pub(super) fn has(&self, py: Python<'_>, address: u64) -> bool {
        if !self.looks.iter().any(|look| look.address as u64 == address) {
            return false;
        }
        let list = census::live(py, &[address]).pop().and_then(|object| object.cast_into_exact::<PyList>().ok());
        list.as_ref().and_then(Look::of).is_some_and(|look| self.looks.contains(&look))
    }
}
