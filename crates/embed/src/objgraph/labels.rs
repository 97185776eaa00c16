//! Words on references: how each of some objects holds another.

use pyo3::prelude::*;
use pyo3::types::PyList;
use refroots_core::EdgeKind;

use crate::capture::census;
use crate::capture::piece::{self, Named};
use crate::capture::{self};

/// One name of a reference.
#[derive(Clone)]
pub(super) struct Name<'py> {
    pub(super) kind: EdgeKind,
    /// `x`, `[3]`; empty where nothing names it, or where a key does.
    pub(super) word: String,
    /// The key of a dict's item, held.
    pub(super) key: Option<Bound<'py, PyAny>>,
}

impl Name<'_> {
    /// Whether there is something to say of it.
    pub(super) fn says(&self) -> bool {
        match self.kind {
            EdgeKind::Item => true,
            EdgeKind::Unnamed | EdgeKind::Key | EdgeKind::Member => false,
            _ => !self.word.is_empty(),
        }
    }
}

/// An object of a search as Python has it: the fields of [`Drawn`].
pub(super) type Found<'py> = (Bound<'py, PyAny>, i64, Vec<Bound<'py, PyAny>>, u64, i64);

/// An object that was drawn, with the neighbours to which references are drawn.
pub(super) struct Drawn<'py> {
    pub(super) object: Bound<'py, PyAny>,
    pub(super) depth: i64,
    pub(super) neighbours: Vec<Bound<'py, PyAny>>,
    pub(super) skipped: u64,
    /// References that the program has to it; -1 for an immortal object.
    pub(super) count: i64,
}

/// How each source of some pairs holds its target: for each pair a list of `(kind, word, key)`, in the order in which
/// the source has them. `key` is the dict key of an item. Each source is read once.
///
/// The objects are held by the pairs, and no code of the program runs.
#[pyfunction]
pub(crate) fn name_edges<'py>(
    py: Python<'py>,
    edges: Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
) -> PyResult<Bound<'py, PyList>> {
    let pairs: Vec<_> = edges.iter().map(|(source, target)| (source.as_ptr() as usize, target.as_ptr() as usize)).collect();
    plain(py, &names_of(py, &pairs)?)
}

/// The names of all references that a search has found, as `search_graph` gives it, in its order; of parallel
/// references each has its own name.
#[pyfunction]
pub(crate) fn name_found<'py>(py: Python<'py>, found: Vec<Found<'py>>, points_away: bool) -> PyResult<Bound<'py, PyList>> {
    let drawn: Vec<Drawn<'_>> = found.into_iter().map(Drawn::from).collect();
    plain(py, &names_of_found(py, &drawn, points_away)?)
}

impl<'py> From<Found<'py>> for Drawn<'py> {
    fn from((object, depth, neighbours, skipped, count): Found<'py>) -> Self {
        Self { object, depth, neighbours, skipped, count }
    }
}

fn plain<'py>(py: Python<'py>, names: &[Vec<Name<'py>>]) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, names.iter().map(|names| tuples(names)))
}

/// Names as Python reads them.
pub(super) fn tuples<'a, 'py>(names: &'a [Name<'py>]) -> Vec<(&'static str, &'a str, Option<&'a Bound<'py, PyAny>>)> {
    names.iter().map(|name| (name.kind.word(), name.word.as_str(), name.key.as_ref())).collect()
}

/// As [`name_found`].
///
/// # Errors
/// `MemoryError`.
pub(super) fn names_of_found<'py>(py: Python<'py>, found: &[Drawn<'py>], points_away: bool) -> PyResult<Vec<Vec<Name<'py>>>> {
    let mut pairs = Vec::new();
    for node in found {
        let one = node.object.as_ptr() as usize;
        let pair = |other: &Bound<'_, PyAny>| {
            let other = other.as_ptr() as usize;
            if points_away { (one, other) } else { (other, one) }
        };
        pairs.extend(node.neighbours.iter().map(pair));
    }
    let mut names = names_of(py, &pairs)?;
    let mut first = 0;
    let mut parallel: Vec<(usize, usize)> = Vec::new();
    for node in found {
        // Of one drawn object: one that is drawn twice has each reference twice.
        parallel.clear();
        parallel.extend(node.neighbours.iter().map(|neighbour| neighbour.as_ptr() as usize).zip(first..));
        parallel.sort_unstable();
        for places in parallel.chunk_by(|one, other| one.0 == other.0).filter(|places| places.len() > 1) {
            let known: Vec<Name<'py>> = names[places[0].1].iter().filter(|name| name.says()).cloned().collect();
            for (at, &(_, place)) in places.iter().enumerate() {
                names[place] = known.get(at).cloned().into_iter().collect();
            }
        }
        first += node.neighbours.len();
    }
    Ok(names)
}

/// The names of some references, given as addresses of live objects. All keys are held before anything else is made.
fn names_of<'py>(py: Python<'py>, pairs: &[(usize, usize)]) -> PyResult<Vec<Vec<Name<'py>>>> {
    let proved = capture::proved(py)?;
    let mut meant = pairs.to_vec();
    meant.sort_unstable();
    meant.dedup();
    let meant: Vec<&[(usize, usize)]> = meant.chunk_by(|one, other| one.0 == other.0).collect();
    let mut known = piece::references_of(proved, &meant)?;
    for references in &mut known {
        references.sort_by_key(|named| named.target);
    }
    let name = |named: &Named| Name {
        kind: named.kind,
        word: named.word.clone(),
        key: named.key.and_then(|key| census::live(py, &[key as u64]).pop()),
    };
    let names = |&(source, target): &(usize, usize)| {
        let Ok(place) = meant.binary_search_by_key(&source, |pairs| pairs[0].0) else { return Vec::new() };
        let references = &known[place][known[place].partition_point(|named| named.target < target)..];
        references.iter().take_while(|named| named.target == target).map(name).collect()
    };
    Ok(pairs.iter().map(names).collect())
}
