//! Words on references: how each of some objects holds another.

use pyo3::prelude::*;
use pyo3::types::PyList;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::capture::census;
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
    let mut places: FxHashMap<usize, usize> = FxHashMap::default();
    let mut meant: Vec<(usize, FxHashSet<usize>)> = Vec::new();
    for (source, target) in &edges {
        let source = source.as_ptr() as usize;
        let place = *places.entry(source).or_insert_with(|| {
            meant.push((source, FxHashSet::default()));
            meant.len() - 1
        });
        meant[place].1.insert(target.as_ptr() as usize);
    }
    let mut known: Vec<FxHashMap<usize, Vec<Named>>> = Vec::new();
    for references in piece::references_of(proved, &meant)? {
        let mut by_target: FxHashMap<usize, Vec<Named>> = FxHashMap::default();
        for named in references {
            by_target.entry(named.target).or_default().push(named);
        }
        known.push(by_target);
    }
    let words = |(source, target): &(Bound<'py, PyAny>, Bound<'py, PyAny>)| {
        let named = places.get(&(source.as_ptr() as usize)).and_then(|&place| known[place].get(&(target.as_ptr() as usize)));
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
