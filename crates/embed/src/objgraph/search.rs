//! Chains: who leads to an object, and where an object leads.

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use rustc_hash::FxHashSet;

use super::asked::Asked;
use super::given::Given;
use super::{frozen, left_out};
use crate::capture::census;
use crate::capture::holders::{self, FrameHolders, Holder, Holders};
use crate::capture::page_index::PageIndex;
use crate::capture::proper::{frame_object, proper_modules};
use crate::capture::{self, Proved};

/// One object that a search has reached.
struct Reached {
    address: u64,
    /// The object from which it was reached; its own place for the first.
    from: u32,
    depth: u32,
}

/// A breadth-first search for referrers, level by level.
struct Levels<'a> {
    nodes: Vec<Reached>,
    /// The places of nodes by their addresses.
    seen: PageIndex,
    ignored: &'a FxHashSet<u64>,
    py: Python<'a>,
    /// Lists through which no chain is to go yet: results that the caller keeps.
    yielding: Option<&'a Given>,
    /// The caller's namespace, whose own variables give way.
    namespace: u64,
    /// Whether anything gave way, without which there may be more to find.
    gave_way: bool,
    /// Where the last level begins.
    level: usize,
    max_depth: u32,
}

impl Levels<'_> {
    /// Reaches one level more, and calls `reached` with each new object and how it holds, until it gives `false`.
    fn grow(&mut self, holders: &mut Holders<'_>, mut reached: impl FnMut(&Reached, Holder) -> bool) -> PyResult<()> {
        let begin = self.level;
        let end = self.nodes.len();
        self.level = end;
        let wanted: Vec<u64> = self.nodes[begin..end].iter().map(|node| node.address).collect();
        for holder in holders.of(&wanted)? {
            let address = holder.address;
            let from = begin + holder.which as usize;
            let is_given = self.yielding.is_some_and(|given| given.has(self.py, address));
            let gives_way = is_given || (from == 0 && address == self.namespace);
            self.gave_way |= gives_way;
            let place = self.nodes.len() as u32;
            if gives_way || self.ignored.contains(&address) || self.seen.number(address as usize, || place) != Some(place) {
                continue;
            }
            let node = Reached { address, from: from as u32, depth: self.nodes[from].depth + 1 };
            let goes_on = reached(&node, holder);
            self.nodes.push(node);
            if !goes_on {
                break;
            }
        }
        if self.seen.has_failed() {
            return Err(PyMemoryError::new_err(
                "no room for the objects of this search; free memory, or give a smaller max_depth",
            ));
        }
        Ok(())
    }

    /// Whether there is a level to expand.
    fn can_grow(&self) -> bool {
        self.nodes.get(self.level).is_some_and(|node| node.depth < self.max_depth)
    }

    /// Places from an object back to the first one.
    fn chain(&self, mut at: usize) -> Vec<usize> {
        let mut chain = vec![at];
        while at != 0 {
            at = self.nodes[at].from as usize;
            chain.push(at);
        }
        chain
    }
}

/// The shortest chain of referrers from an object that `predicate` accepts to `obj`; `None` where there is none.
///
/// `extra_ignore` are addresses to leave out, `yielding` lists that give way to other holders, `namespace` the namespace of
/// the caller, whose variables do. Without a predicate a module that `sys.modules` has under its own name is looked for, and where there is
/// none a running frame: the heap is read once, and no code of the program runs. With one
/// the heap is read again after the predicate has run over what was found, so that nothing is touched that may
/// be gone: a logarithmic number of passes. The chain is one of the lists that give way from then on.
#[pyfunction]
#[pyo3(signature = (obj, predicate, max_depth, extra_ignore, yielding, namespace, exact))]
#[expect(clippy::too_many_arguments, reason = "a tuple or an object of arguments would be one more referrer")]
pub(crate) fn find_backrefs<'py>(
    py: Python<'py>,
    obj: &Bound<'py, PyAny>,
    predicate: Option<&Bound<'py, PyAny>>,
    max_depth: i64,
    extra_ignore: &Bound<'py, PyAny>,
    yielding: Option<&Bound<'py, Given>>,
    namespace: Option<&Bound<'py, PyAny>>,
    exact: bool,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let proved = capture::proved(py)?;
    let ignored = left_out(extra_ignore)?;
    // A copy: the predicate may ask for more lists.
    let given = yielding;
    let yielding = given.map(|given| given.borrow().clone());
    let namespace = namespace.map_or(0, |namespace| namespace.as_ptr() as u64);
    let levels = |gives_way: bool| {
        let mut seen = PageIndex::for_few();
        seen.number(obj.as_ptr() as usize, || 0);
        Levels {
            nodes: vec![Reached { address: obj.as_ptr() as u64, from: 0, depth: 0 }],
            seen,
            ignored: &ignored,
            py,
            yielding: if gives_way { yielding.as_ref() } else { None },
            namespace: if gives_way { namespace } else { 0 },
            gave_way: false,
            level: 0,
            max_depth: u32::try_from(max_depth.max(0)).unwrap_or(u32::MAX),
        }
    };
    let found = match predicate {
        None => find_root(py, proved, exact, levels)?,
        Some(predicate) => {
            let mut predicate = Asked::new(predicate, "predicate", exact);
            let mut search = levels(true);
            let mut found = find_accepted(py, proved, &mut predicate, exact, obj, &mut search)?;
            if found.is_none() && search.gave_way {
                found = find_accepted(py, proved, &mut predicate, exact, obj, &mut levels(false))?;
            }
            predicate.end(py)?;
            found
        }
    };
    found.map(|chain| Given::hand_out(py, given, chain)).transpose()
}

fn frames(exact: bool) -> FrameHolders {
    if exact { FrameHolders::None } else { FrameHolders::Others }
}

/// The chain from a module of `sys.modules`, or from a running frame.
fn find_root<'py, 'a>(
    py: Python<'py>,
    proved: &Proved,
    exact: bool,
    levels: impl Fn(bool) -> Levels<'a>,
) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    let modules = proper_modules(py, proved)?;
    let mut search = levels(true);
    if modules.contains(&search.nodes[0].address) {
        return Ok(Some(census::live(py, &[search.nodes[0].address])));
    }
    let mut holders = Holders::new(py, proved, frozen(exact), frames(exact), search.max_depth == 1)?;
    let mut frame = None;
    for again in [false, true] {
        if again {
            if !search.gave_way || frame.is_some() {
                break;
            }
            search = levels(false);
        }
        while search.can_grow() {
            let mut module = None;
            let mut place = search.nodes.len();
            search.grow(&mut holders, |node, holder| {
                if module.is_none() && modules.contains(&node.address) {
                    module = Some(place);
                }
                if frame.is_none() && holder.frame.is_some() {
                    frame = Some((place, holder));
                }
                place += 1;
                module.is_none()
            })?;
            if let Some(module) = module {
                let chain: Vec<u64> = search.chain(module).into_iter().map(|at| search.nodes[at].address).collect();
                return Ok(Some(census::live(py, &chain)));
            }
        }
    }
    let Some((place, holder)) = frame else { return Ok(None) };
    let chain: Vec<u64> = search.chain(place).into_iter().map(|at| search.nodes[at].address).collect();
    let Some(synthetic) = holders.synthetic(holder) else { return Ok(Some(census::live(py, &chain))) };
    // The frame has no object yet.
    let mut objects = census::live(py, &chain[1..]);
    let Some(frame) = frame_object(py, proved, synthetic)? else { return Ok(None) };
    objects.insert(0, frame);
    Ok(Some(objects))
}

/// How many objects are reached at least before the program's predicate is asked again: first it is asked about one level,
/// for many searches end there, and one question is cheapest asked of each object. Then as many times more.
const FIRST_OBJECTS: usize = 24;
const TIMES_MORE: usize = 8;

/// The chain from an object that the program's own predicate accepts.
fn find_accepted<'py>(
    py: Python<'py>,
    proved: &Proved,
    predicate: &mut Asked<'_, 'py>,
    exact: bool,
    obj: &Bound<'py, PyAny>,
    search: &mut Levels<'_>,
) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    // Kept in a vector, which the collector does not see.
    let mut objects: Vec<Bound<'py, PyAny>> = vec![obj.clone()];
    let mut asked = 0;
    let mut enough = 2;
    loop {
        while let Some(object) = objects.get(asked) {
            if predicate.accepts(object)? {
                return Ok(Some(search.chain(asked).into_iter().map(|at| objects[at].clone()).collect()));
            }
            asked += 1;
        }
        py.check_signals()?;
        if !search.can_grow() {
            return Ok(None);
        }
        let is_first = search.nodes.len() == 1;
        let mut holders = Holders::new(py, proved, frozen(exact), frames(exact), is_first)?;
        let known = search.nodes.len();
        let mut with_frames = Vec::new();
        while search.can_grow() && search.nodes.len() < enough {
            let mut place = search.nodes.len();
            search.grow(&mut holders, |_, holder| {
                if holder.frame.is_some() {
                    with_frames.push((place, holder));
                }
                place += 1;
                true
            })?;
        }
        enough = if is_first { FIRST_OBJECTS.max(search.nodes.len() + 1) } else { search.nodes.len().max(enough) * TIMES_MORE };
        with_frames.retain(|&(_, holder)| holders.synthetic(holder).is_some());
        // What a frame without an object is comes last.
        let mut places = with_frames.iter().map(|&(place, _)| place).peekable();
        for (place, node) in search.nodes.iter().enumerate().skip(known) {
            if places.peek() == Some(&place) {
                places.next();
                objects.push(py.None().into_bound(py));
            } else {
                objects.extend(census::live(py, &[node.address]));
            }
        }
        for (place, holder) in with_frames {
            if let Some(frame) = holders.synthetic(holder).map(|frame| frame_object(py, proved, frame)).transpose()?.flatten() {
                objects[place] = frame;
            }
        }
    }
}

/// The shortest chain of references from `obj` to an object that `predicate` accepts, from its end; `None` where there is
/// none. `given` knows the list from then on.
#[pyfunction]
#[pyo3(signature = (obj, predicate, max_depth, extra_ignore, given, exact))]
pub(crate) fn find_refs<'py>(
    py: Python<'py>,
    obj: &Bound<'py, PyAny>,
    predicate: &Bound<'py, PyAny>,
    max_depth: i64,
    extra_ignore: &Bound<'py, PyAny>,
    given: Option<&Bound<'py, Given>>,
    exact: bool,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let ignored = left_out(extra_ignore)?;
    let mut predicate = Asked::new(predicate, "predicate", exact);
    let mut objects = vec![(obj.clone(), 0_usize, 0_i64)];
    let mut seen = FxHashSet::from_iter([obj.as_ptr() as u64]);
    let mut asked = 0;
    let mut referents = Vec::new();
    while let Some((object, _, depth)) = objects.get(asked) {
        let (object, depth) = (object.clone(), *depth);
        if predicate.accepts(&object)? {
            predicate.end(py)?;
            let mut chain = vec![object];
            let mut at = asked;
            while at != 0 {
                at = objects[at].1;
                chain.push(objects[at].0.clone());
            }
            return Given::hand_out(py, given, chain).map(Some);
        }
        if depth < max_depth {
            holders::referents_of(&object, &mut referents);
            referents.retain(|address| !ignored.contains(address) && seen.insert(*address));
            objects.extend(census::live(py, &referents).into_iter().map(|referent| (referent, asked, depth + 1)));
        }
        asked += 1;
        if asked.is_multiple_of(1 << 12) {
            py.check_signals()?;
        }
    }
    predicate.end(py)?;
    Ok(None)
}
