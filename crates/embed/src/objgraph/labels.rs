//! Words on references: how each of some objects holds another.

use pyo3::prelude::*;
use pyo3::types::PyList;
use rustc_hash::FxHashMap;

use crate::capture::census;
use crate::capture::loaded::Loaded;
use crate::capture::piece::{self, Named};
use crate::capture::{self};

/// How each source of some pairs holds its target: for each pair a list of `(kind, word, key)`, in the order in which
/// the source has them. `key` is the dict key of an item. Each source is read once.
///
/// The objects are held by the pairs, and no code of the program runs.
#[pyfunction]
pub(crate) fn name_edges<'py>(
    py: Python<'py>,
    edges: Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
) -> PyResult<Bound<'py, PyList>> {
    let proved = capture::proved(py)?;
    let loaded = Loaded::read();
    let mut known: FxHashMap<usize, FxHashMap<usize, Vec<Named>>> = FxHashMap::default();
    for (source, _) in &edges {
        let place = source.as_ptr() as usize;
        if let std::collections::hash_map::Entry::Vacant(entry) = known.entry(place) {
            let mut by_target: FxHashMap<usize, Vec<Named>> = FxHashMap::default();
            for named in piece::references_of(proved, loaded.clone(), source)? {
                by_target.entry(named.target).or_default().push(named);
            }
            entry.insert(by_target);
        }
    }
    let words = |(source, target): &(Bound<'py, PyAny>, Bound<'py, PyAny>)| {
        let named = known.get(&(source.as_ptr() as usize)).and_then(|known| known.get(&(target.as_ptr() as usize)));
        let word = |named: &Named| {
            let key = named.key.and_then(|key| census::live(py, &[key as u64]).pop());
            (named.kind.word(), named.word.clone(), key)
        };
        named.map(|named| named.iter().map(word).collect::<Vec<_>>()).unwrap_or_default()
    };
    // All keys are held before anything else is made.
    let words: Vec<_> = edges.iter().map(words).collect();
    PyList::new(py, words)
}
