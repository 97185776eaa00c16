//! The search behind a picture as objgraph 3.7.0 makes it: each object is worded before the next is looked for.
//!
//! What a word makes, a frame's dict of locals or an instance's dict of attributes, is a referrer from then on, and
//! stands in the picture when a later object is asked for its referrers. Nothing but this order finds the same.

use std::collections::VecDeque;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use rustc_hash::FxHashSet;

use super::addresses;
use super::asked::Asked;
use crate::capture::{self, census};

/// Searches breadth-first along `edges`, a function that gives an object's neighbours, and tells `writer` of each
/// object by `node(object, depth, count)`, of each reference by `reference(object, neighbour)`, and of those left out
/// by `too_many(object, depth, number)`; gives the number of objects. `count` is the references to the object that
/// `sys.getrefcount` would count in a program that holds no others than objgraph's own search does, and
/// -1 for immortal objects.
///
/// # Errors
/// What any function of the program raises.
#[pyfunction]
#[pyo3(signature = (starts, edges, max_depth, ignored, filter, only, too_many, cull, writer))]
#[expect(clippy::too_many_arguments, reason = "a tuple or an object of arguments would be one more referrer")]
pub(crate) fn search_in_steps<'py>(
    py: Python<'py>,
    starts: &Bound<'py, PyAny>,
    edges: &Bound<'py, PyAny>,
    max_depth: i64,
    ignored: &Bound<'py, PyAny>,
    filter: Option<&Bound<'py, PyAny>>,
    only: Option<&Bound<'py, PyAny>>,
    too_many: i64,
    cull: Option<&Bound<'py, PyAny>>,
    writer: &Bound<'py, PyAny>,
) -> PyResult<usize> {
    let proved = capture::proved(py)?;
    let mut ignored = addresses(ignored)?;
    ignored.insert(starts.as_ptr() as u64);
    let only = only.map(addresses).transpose()?;
    let mut filter = filter.map(|filter| Asked::new(filter, "filter", true));
    // Each reference that is held here, objgraph holds at the same moment.
    let mut queue: VecDeque<(Bound<'py, PyAny>, i64)> = VecDeque::new();
    let mut last = None;
    let mut seen = FxHashSet::default();
    for start in starts.try_iter()? {
        let start = start?;
        seen.insert(start.as_ptr() as u64);
        queue.push_back((start, 0));
    }
    let mut nodes = 0;
    while let Some((object, depth)) = queue.pop_front() {
        nodes += 1;
        let count = census::refcount(proved, &object).map_or(-1, |count| i64::from(count) - 1);
        writer.call_method1("node", (&object, depth, count))?;
        if depth >= max_depth {
            continue;
        }
        if let Some(cull) = cull
            && cull.call1((&object,))?.is_truthy()?
        {
            continue;
        }
        // From 3.12 on `gc.get_referrers` knows its own tuple of arguments alone, and this one is found as well.
        let arguments = PyTuple::new(py, [&object])?;
        let neighbours = edges.call1(&arguments)?;
        let passing = arguments.as_ptr() as u64;
        ignored.insert(neighbours.as_ptr() as u64);
        let (mut drawn, mut skipped) = (0, 0);
        for neighbour in neighbours.try_iter()? {
            let neighbour = neighbour?;
            let address = neighbour.as_ptr() as u64;
            if address == passing || ignored.contains(&address) || only.as_ref().is_some_and(|only| !only.contains(&address)) {
                continue;
            }
            if let Some(filter) = &mut filter
                && !filter.accepts(&neighbour)?
            {
                continue;
            }
            if drawn >= too_many {
                skipped += 1;
                continue;
            }
            writer.call_method1("reference", (&object, &neighbour))?;
            if seen.insert(address) {
                queue.push_back((neighbour.clone(), depth + 1));
            }
            last = Some((object.clone(), neighbour));
            drawn += 1;
        }
        if skipped > 0 {
            writer.call_method1("too_many", (&object, depth, skipped))?;
        }
    }
    drop(last);
    Ok(nodes)
}
