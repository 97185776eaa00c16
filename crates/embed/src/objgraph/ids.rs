//! What `get_new_ids` keeps between two calls.

use pyo3::prelude::*;
use pyo3::types::{PyList, PySet};
use rustc_hash::FxHashSet;

use crate::capture::ids::Snapshot;
use crate::capture::{self, Proved};

/// Ids of tracked objects, the last time and now: some eight bytes for each, where sets of ints take eighty.
#[pyclass(module = "refroots")]
#[derive(Default)]
pub(crate) struct Ids {
    old: Snapshot,
    current: Snapshot,
    /// Addresses of now at which something else stood the last time.
    reused: FxHashSet<u64>,
}

/// A type's name, its objects of the last time, of now, those that are new, and the difference.
type Row = (String, usize, usize, usize, i64);

#[pymethods]
impl Ids {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// What is current becomes old, and what is there now becomes current.
    fn update(&mut self, py: Python<'_>, shortnames: bool) -> PyResult<()> {
        let proved: &Proved = capture::proved(py)?;
        // Dropped first, so that three do not stand beside each other.
        self.old = std::mem::take(&mut self.current);
        self.reused = self.old.reused(py, proved)?;
        let old = &self.old;
        self.current = Snapshot::take(py, proved, shortnames)?;
        let current = &self.current;
        self.reused.retain(|address| {
            old.all().any(|(_, addresses)| addresses.binary_search(address).is_ok())
                && current.all().any(|(_, addresses)| addresses.binary_search(address).is_ok())
        });
        Ok(())
    }

    /// Every type's row, current types first.
    fn rows(&self) -> Vec<Row> {
        let gone = self.old.names.iter().filter(|name| !self.current.names.contains(name));
        let names = self.current.names.iter().chain(gone);
        names
            .map(|name| {
                let (old, current) = (self.old.of(name).len(), self.current.of(name).len());
                (name.clone(), old, current, self.new_ids(name).count(), current as i64 - old as i64)
            })
            .collect()
    }

    /// The ids of one type: `which` is `"old"`, `"current"` or `"new"`. `None` for a type that neither time had.
    fn ids<'py>(&self, py: Python<'py>, which: &str, name: &str) -> PyResult<Option<Bound<'py, PySet>>> {
        if !self.current.names.iter().chain(&self.old.names).any(|known| known == name) {
            return Ok(None);
        }
        let set = match which {
            "old" => PySet::new(py, self.old.of(name))?,
            "current" => PySet::new(py, self.current.of(name))?,
            _ => PySet::new(py, self.new_ids(name))?,
        };
        Ok(Some(set))
    }

    /// The names of all types, current ones first.
    fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.rows().into_iter().map(|row| row.0))
    }

    fn __sizeof__(&self) -> usize {
        size_of::<Self>() + self.old.bytes() + self.current.bytes() + self.reused.capacity() * 9
    }
}

impl Ids {
    /// What is current and was not old: by address, and where an address is used again by what stands there.
    fn new_ids<'a>(&'a self, name: &str) -> impl Iterator<Item = u64> + 'a {
        let mut old = self.old.of(name).iter().copied().peekable();
        self.current.of(name).iter().copied().filter(move |address| {
            while old.next_if(|known| known < address).is_some() {}
            old.peek() != Some(address) || self.reused.contains(address)
        })
    }
}
