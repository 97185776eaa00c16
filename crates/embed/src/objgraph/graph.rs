//! The search behind `show_refs`, `show_backrefs` and `show_chain`: nodes, references and what was left out.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use rustc_hash::{FxHashMap, FxHashSet};

use super::asked::Asked;
use super::{addresses, left_out};
use crate::capture::census::{self, Frozen};
use crate::capture::holders::{self, FrameHolders, Holder, Holders};
use crate::capture::proper::{frame_object, proper_modules};
use crate::capture::{self, Proved};

/// How far a search goes.
struct Limits<'a, 'py> {
    max_depth: i64,
    /// A function of the program.
    filter: Option<Asked<'a, 'py>>,
    too_many: i64,
}

/// One object to draw.
struct Node<'py> {
    object: Bound<'py, PyAny>,
    depth: i64,
    neighbours: Vec<Bound<'py, PyAny>>,
    skipped: u64,
}

/// A holder, and the object that it is; none for a frame that has no object yet.
type Held<'py> = (Holder, Option<Bound<'py, PyAny>>);

enum Edges<'py> {
    Referrers,
    Referents,
    Function(Bound<'py, PyAny>),
}

enum Cull<'a, 'py> {
    Nothing,
    Modules(FxHashSet<u64>),
    Function(Asked<'a, 'py>),
}

struct Search<'a, 'py> {
    py: Python<'py>,
    proved: &'a Proved,
    limits: Limits<'a, 'py>,
    ignored: FxHashSet<u64>,
    only: Option<FxHashSet<u64>>,
    cull: Cull<'a, 'py>,
    /// In the order in which they are drawn.
    nodes: Vec<Node<'py>>,
    seen: FxHashSet<u64>,
}

/// `edges` is `"referrers"`, `"referents"`, or a function that gives an object's neighbours; `only` the addresses of
/// the only objects that are drawn; `cull` a function that says where to stop, or `"modules"` for those that
/// `sys.modules` has under their names. Searches breadth-first, and gives `(object, depth, neighbours, left out, count)` for each object in the order of the
/// search; `count` is how many references the program has to it, -1 for immortal objects. Referrers of a whole level are found in one look at the heap; where no function of the program runs
/// meanwhile, the heap is read once.
#[pyfunction]
#[pyo3(signature = (starts, edges, max_depth, extra_ignore, filter, only, too_many, cull))]
#[expect(clippy::too_many_arguments, reason = "a tuple or an object of arguments would be one more referrer")]
pub(crate) fn search_graph<'py>(
    py: Python<'py>,
    starts: &Bound<'py, PyAny>,
    edges: &Bound<'py, PyAny>,
    max_depth: i64,
    extra_ignore: &Bound<'py, PyAny>,
    filter: Option<&Bound<'py, PyAny>>,
    only: Option<&Bound<'py, PyAny>>,
    too_many: i64,
    cull: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyList>> {
    let proved = capture::proved(py)?;
    let edges = match edges.cast_exact::<PyString>().ok().and_then(|word| word.to_str().ok()) {
        Some("referrers") => Edges::Referrers,
        Some("referents") => Edges::Referents,
        _ => Edges::Function(edges.clone()),
    };
    let cull = match cull {
        None => Cull::Nothing,
        Some(cull) if cull.is_exact_instance_of::<PyString>() => Cull::Modules(proper_modules(py, proved)?),
        Some(cull) => Cull::Function(Asked::new(cull, "cull_func", false)),
    };
    let mut ignored = left_out(extra_ignore)?;
    ignored.insert(starts.as_ptr() as u64);
    let starts: Vec<Bound<'py, PyAny>> = starts.try_iter()?.collect::<PyResult<_>>()?;
    let mut search = Search {
        py,
        proved,
        limits: Limits { max_depth, filter: filter.map(|filter| Asked::new(filter, "filter", false)), too_many },
        ignored,
        only: only.map(addresses).transpose()?,
        cull,
        seen: starts.iter().map(|start| start.as_ptr() as u64).collect(),
        nodes: Vec::new(),
    };
    let node = |object| Node { object, depth: 0, neighbours: Vec::new(), skipped: 0 };
    search.nodes.extend(starts.into_iter().map(node));
    match edges {
        Edges::Referrers => search.referrers()?,
        Edges::Referents => search.referents()?,
        Edges::Function(function) => search.function(&function)?,
    }
    if let Some(filter) = &mut search.limits.filter {
        filter.end(py)?;
    }
    if let Cull::Function(cull) = &mut search.cull {
        cull.end(py)?;
    }
    // Each object as often as this search holds it.
    let mut own: Vec<usize> = Vec::new();
    for node in &search.nodes {
        own.push(node.object.as_ptr() as usize);
        own.extend(node.neighbours.iter().map(|neighbour| neighbour.as_ptr() as usize));
    }
    own.sort_unstable();
    let nodes = search.nodes.into_iter().map(|node| {
        let address = node.object.as_ptr() as usize;
        let first = own.partition_point(|&one| one < address);
        let held = own[first..].partition_point(|&one| one == address) as i64;
        let count = census::refcount(proved, &node.object).map_or(-1, |count| (i64::from(count) - held).max(0));
        (node.object, node.depth, node.neighbours, node.skipped, count)
    });
    PyList::new(py, nodes.collect::<Vec<_>>())
}

impl<'py> Search<'_, 'py> {
    /// Whether the program itself runs while this searches.
    fn runs_the_program(&self) -> bool {
        self.limits.filter.is_some() || matches!(self.cull, Cull::Function(_))
    }

    /// Whether a look at the heap answers one question.
    fn asks_once(&self) -> bool {
        self.limits.max_depth == 1 || self.runs_the_program()
    }

    fn is_expanded(&mut self, at: usize) -> PyResult<bool> {
        let node = &self.nodes[at];
        if node.depth >= self.limits.max_depth {
            return Ok(false);
        }
        Ok(match &mut self.cull {
            Cull::Nothing => true,
            Cull::Modules(modules) => !modules.contains(&(node.object.as_ptr() as u64)),
            Cull::Function(cull) => !cull.accepts(&node.object)?,
        })
    }

    fn passes(&mut self, object: &Bound<'py, PyAny>) -> PyResult<bool> {
        match &mut self.limits.filter {
            Some(filter) => filter.accepts(object),
            None => Ok(true),
        }
    }

    fn is_drawn(&self, address: u64) -> bool {
        !self.ignored.contains(&address) && self.only.as_ref().is_none_or(|only| only.contains(&address))
    }

    fn has_room(&self, at: usize) -> bool {
        (self.nodes[at].neighbours.len() as i64) < self.limits.too_many
    }

    /// Takes one neighbour that is to be drawn.
    fn add(&mut self, at: usize, object: Bound<'py, PyAny>) {
        let depth = self.nodes[at].depth + 1;
        if self.seen.insert(object.as_ptr() as u64) {
            self.nodes.push(Node { object: object.clone(), depth, neighbours: Vec::new(), skipped: 0 });
        }
        self.nodes[at].neighbours.push(object);
    }

    fn referents(&mut self) -> PyResult<()> {
        let mut at = 0;
        let mut found = Vec::new();
        while at < self.nodes.len() {
            if self.is_expanded(at)? {
                holders::referents_of(&self.nodes[at].object, &mut found);
                found.retain(|&address| self.is_drawn(address));
                for object in census::live(self.py, &found) {
                    if !self.passes(&object)? {
                    } else if self.has_room(at) {
                        self.add(at, object);
                    } else {
                        self.nodes[at].skipped += 1;
                    }
                }
            }
            at += 1;
        }
        Ok(())
    }

    fn function(&mut self, function: &Bound<'py, PyAny>) -> PyResult<()> {
        let mut at = 0;
        while at < self.nodes.len() {
            if self.is_expanded(at)? {
                let found = function.call1((&self.nodes[at].object,))?;
                self.ignored.insert(found.as_ptr() as u64);
                for object in found.try_iter()? {
                    let object = object?;
                    if !self.is_drawn(object.as_ptr() as u64) || !self.passes(&object)? {
                    } else if self.has_room(at) {
                        self.add(at, object);
                    } else {
                        self.nodes[at].skipped += 1;
                    }
                }
                self.ignored.remove(&(found.as_ptr() as u64));
            }
            at += 1;
        }
        Ok(())
    }

    fn referrers(&mut self) -> PyResult<()> {
        let mut read: Option<Holders<'_>> = None;
        let mut begin = 0;
        while begin < self.nodes.len() {
            let end = self.nodes.len();
            let mut expanded = Vec::new();
            for at in begin..end {
                if self.is_expanded(at)? {
                    expanded.push(at);
                }
            }
            if expanded.is_empty() {
                return Ok(());
            }
            let mut holders = match read.take() {
                Some(holders) if !self.runs_the_program() => holders,
                _ => Holders::new(self.py, self.proved, Frozen::With, FrameHolders::All, self.asks_once())?,
            };
            self.level(&mut holders, &expanded)?;
            read = Some(holders);
            self.py.check_signals()?;
            begin = end;
        }
        Ok(())
    }

    /// Draws the referrers of one level.
    fn level(&mut self, holders: &mut Holders<'_>, expanded: &[usize]) -> PyResult<()> {
        // A start object that is given twice is drawn twice, and looked for once.
        let mut places: FxHashMap<u64, u32> = FxHashMap::default();
        let mut wanted = Vec::new();
        for &at in expanded {
            let address = self.nodes[at].object.as_ptr() as u64;
            places.entry(address).or_insert_with(|| {
                wanted.push(address);
                wanted.len() as u32 - 1
            });
        }
        let pairs = holders.of(&wanted)?;
        let sees_each = self.limits.filter.is_some();
        // What may be drawn is held before the program runs; what is only counted need not be.
        let mut found: Vec<(usize, Vec<Held<'py>>)> = Vec::new();
        for &at in expanded {
            let which = places[&(self.nodes[at].object.as_ptr() as u64)];
            let first = pairs.partition_point(|holder| holder.which < which);
            let own = pairs[first..].iter().take_while(|holder| holder.which == which);
            let mut held = Vec::new();
            for &holder in own {
                let is_synthetic = holders.synthetic(holder).is_some();
                // Whether a frame is drawn is asked when it has an object.
                if !is_synthetic && !self.is_drawn(holder.address) {
                } else if !sees_each && held.len() as i64 >= self.limits.too_many {
                    self.nodes[at].skipped += 1;
                } else if is_synthetic {
                    held.push((holder, None));
                } else {
                    held.push((holder, census::live(self.py, &[holder.address]).pop()));
                }
            }
            found.push((at, held));
        }
        for (at, held) in found {
            for (holder, object) in held {
                let object = match (object, holders.synthetic(holder)) {
                    (None, Some(frame)) => frame_object(self.py, self.proved, frame)?,
                    (object, _) => object,
                };
                let Some(object) = object else { continue };
                if !self.is_drawn(object.as_ptr() as u64) || !self.passes(&object)? {
                } else if self.has_room(at) {
                    self.add(at, object);
                } else {
                    self.nodes[at].skipped += 1;
                }
            }
        }
        Ok(())
    }
}
