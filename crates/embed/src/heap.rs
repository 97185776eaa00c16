//! `Heap`: a captured heap that Python can ask.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};
use refroots_cli::tables;
use refroots_core::export::Ids;
use refroots_core::query::dominators::Dominators;
use refroots_core::query::{histogram, largest, paths, reach, select};
use refroots_core::{AddressIndex, HeapGraph, NodeId, Study, Values};

use crate::apart;
use crate::ask::{policy, type_name_of};
use crate::capture::{Captured, Moment};
use crate::chain::Chain;
use crate::diff::Diff;
use crate::economy;
use crate::export::export;
use crate::object::{Object, ObjectSet};
use crate::picture::{Picture, drawing_with};
use crate::refused;
use crate::rows::{Largest, ModuleCount, RootShare, ThreadShare, TypeCount};
use crate::snapshot;
use crate::suspects;
use crate::table::Table;

/// Every object of the process at one moment. It keeps none of them alive.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Heap {
    pub(crate) graph: Arc<Study>,
    pause: Option<f64>,
    /// Its marks in the collector's order, where it has them.
    pub(crate) moment: Option<Moment>,
    /// Made when a second live object is looked for.
    addresses: OnceLock<AddressIndex>,
    was_asked: AtomicBool,
    /// The ids of its last export, where they went on from an earlier heap.
    ids: Mutex<Option<Arc<Ids>>>,
    is_loaded: bool,
}

impl Heap {
    pub(crate) fn new(captured: Captured) -> Self {
        Self {
            graph: Arc::new(Study::new(captured.graph)),
            pause: Some(captured.pause.as_secs_f64()),
            moment: captured.moment,
            addresses: OnceLock::new(),
            was_asked: AtomicBool::new(false),
            ids: Mutex::new(None),
            is_loaded: false,
        }
    }

    /// A heap out of a file.
    pub(crate) fn loaded(graph: HeapGraph) -> Self {
        Self {
            moment: Moment::of_file(graph.origin()),
            graph: Arc::new(Study::new(graph)),
            pause: None,
            addresses: OnceLock::new(),
            was_asked: AtomicBool::new(false),
            is_loaded: true,
            ids: Mutex::new(None),
        }
    }

    fn node_of(&self, object: &Bound<'_, PyAny>) -> Result<NodeId, String> {
        if self.is_loaded {
            let reason = "the heap was loaded from a file, which has no live objects; \
                          find(), largest() and other tables give its own";
            return Err(reason.to_owned());
        }
        // The first look goes through the addresses, which takes less time than an index of them; the second makes one.
        if self.addresses.get().is_none() && !self.was_asked.swap(true, Ordering::Relaxed) {
            return node_of(&self.graph, object);
        }
        let index = self.addresses.get_or_init(|| AddressIndex::new(&self.graph));
        node_at(&self.graph, object, |address| index.find(&self.graph, address))
    }

    /// The node of a live object or of an [`Object`] of this heap.
    fn node(&self, obj: &Bound<'_, PyAny>) -> PyResult<NodeId> {
        match obj.extract::<PyRef<'_, Object>>() {
            Ok(known) if Arc::ptr_eq(&known.graph, &self.graph) => Ok(known.node),
            Ok(_) => Err(PyTypeError::new_err("that Object is of another heap; ask the heap that it came from")),
            Err(_) => self.node_of(obj).map_err(PyKeyError::new_err),
        }
    }

    fn tally(
        &self,
        py: Python<'_>,
        retained: bool,
        by: impl Fn(&HeapGraph, Option<&Dominators>) -> Vec<histogram::Tally> + Send + 'static,
    ) -> PyResult<Vec<histogram::Tally>> {
        let found = apart::ask(py, &self.graph, move |graph| {
            let dominators = if retained { Some(graph.dominators()?) } else { None };
            Ok(by(graph, dominators))
        });
        found?.map_err(refused::core)
    }
}

/// The node of a live object; type and address must both agree, because addresses are used again.
pub(crate) fn node_of(graph: &HeapGraph, object: &Bound<'_, PyAny>) -> Result<NodeId, String> {
    node_at(graph, object, |address| graph.at_address(address))
}

fn node_at(graph: &HeapGraph, object: &Bound<'_, PyAny>, at_address: impl Fn(u64) -> Option<NodeId>) -> Result<NodeId, String> {
    let node = at_address(object.as_ptr() as u64).filter(|&node| graph.is_shown(node));
    let node = node.ok_or_else(|| {
        "the object was not there when the heap was captured, or nothing that refroots sees referred to it".to_owned()
    })?;
    let type_address = object.get_type().as_ptr() as u64;
    let type_name = at_address(type_address).and_then(|node| graph.definition(node));
    let captured = graph.type_name(graph.type_of(node));
    if type_name == Some(captured.as_str()) {
        Ok(node)
    } else {
        Err(format!("the heap has another object at that address, of type {captured}"))
    }
}

#[pymethods]
impl Heap {
    fn __len__(&self) -> usize {
        self.graph.node_count()
    }

    /// Number of references.
    #[getter]
    fn reference_count(&self) -> usize {
        self.graph.edge_count()
    }

    /// For how many seconds the process stood still while this heap was captured; None for one from a file.
    #[getter]
    fn pause(&self) -> Option<f64> {
        self.pause
    }

    /// What capture could not see, one line each.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.graph.notes().to_vec()
    }

    fn __getitem__(&self, object: &Bound<'_, PyAny>) -> PyResult<Object> {
        let node = self.node_of(object).map_err(PyKeyError::new_err)?;
        Ok(Object::new(&self.graph, node, Values::Short))
    }

    fn __contains__(&self, object: &Bound<'_, PyAny>) -> bool {
        self.node_of(object).is_ok()
    }

    /// The objects of one exact type, by its name: `Foo` or `app.models.Foo`.
    fn find(&self, type_name: &Bound<'_, PyAny>) -> PyResult<ObjectSet> {
        let found = select::find_type(&self.graph, &type_name_of(type_name)?).map_err(refused::core)?;
        Ok(ObjectSet::new(&self.graph, found.nodes))
    }

    /// Why an object is alive: a live one, or an `Object` of this heap. With `all_roots=True` holders count that
    /// people do not mean: the last result of a prompt, a notebook's inputs and outputs.
    #[pyo3(signature = (obj, *, all_roots=false))]
    fn why(&self, py: Python<'_>, obj: &Bound<'_, PyAny>, all_roots: bool) -> PyResult<Chain> {
        let node = self.node(obj)?;
        let found = apart::ask(py, &self.graph, move |graph| paths::why(graph, node, &paths::WhyOptions { all_roots }))?;
        Ok(Chain::new(&self.graph, found))
    }

    /// Objects with references that Python cannot see: from C code, from a C stack, leaked. `Object.external`
    /// says how many, `Object.places` where some of them stand. `unexplained=True` leaves those objects out
    /// whose every reference stands in a known place. O(objects).
    #[pyo3(signature = (*, unexplained=false))]
    fn held_from_outside(&self, py: Python<'_>, unexplained: bool) -> PyResult<ObjectSet> {
        let found = apart::ask(py, &self.graph, move |graph| reach::held_from_outside(graph, unexplained))?;
        Ok(ObjectSet::new(&self.graph, found))
    }

    /// Objects that no GC root reaches and nothing outside holds: they wait for the collector.
    /// O(objects + references).
    fn garbage(&self, py: Python<'_>) -> PyResult<ObjectSet> {
        Ok(ObjectSet::new(&self.graph, apart::ask(py, &self.graph, |graph| reach::garbage(graph))?))
    }

    /// The dominator tree as a table: the objects that only `below` keeps alive (without it: those that no
    /// object alone does), those that retain most first, at most `limit`. `heap.largest(row.object)` goes one
    /// step down; `row.accumulation` is where most of it is. Costs what `retained` does.
    #[pyo3(signature = (below=None, *, limit=1000))]
    fn largest(&self, py: Python<'_>, below: Option<&Bound<'_, PyAny>>, limit: usize) -> PyResult<Table> {
        let below = below.map(|obj| self.node(obj)).transpose()?;
        let rows = apart::ask(py, &self.graph, move |graph| Ok(largest::largest(graph, graph.dominators()?, below, limit)))?;
        let rows = rows.map_err(refused::core)?;
        let printed = tables::largest(&self.graph, &rows, Values::Short);
        Table::new(py, printed, Vec::new(), rows.into_iter().map(|row| Largest::new(&self.graph, row)))
    }

    /// The heaviest part of the dominator tree as a picture of at most `most` objects: what only `below` keeps
    /// alive, or what keeps most alive. Costs what `retained` does. `engine="dot"` lets Graphviz's own `dot` place
    /// its boxes and arrows.
    #[pyo3(signature = (below=None, *, most=40, engine="builtin"))]
    fn dominator_tree(&self, py: Python<'_>, below: Option<&Bound<'_, PyAny>>, most: usize, engine: &str) -> PyResult<Picture> {
        let drawing = drawing_with(true, engine)?;
        let below = below.map(|obj| self.node(obj)).transpose()?;
        let draw = move |graph: &Study| Ok(largest::dominator_view(graph, graph.dominators()?, below, most, Values::Short));
        let view = apart::ask(py, &self.graph, draw)?.map_err(refused::core)?;
        let graph = Arc::clone(&self.graph);
        let page = move || Ok(largest::dominator_view(&graph, graph.dominators()?, below, most, Values::None));
        Ok(Picture::with_page(view, page).drawn(drawing))
    }

    /// What may be a leak, in plain words: where many objects of one kind accumulate below one holder, or
    /// one object keeps much of the heap. Those that keep most first; empty where nothing stands out.
    ///
    /// Costs the retained sizes and the shortest chains of all objects, each about one `gc.collect()` or less.
    fn suspects(&self, py: Python<'_>) -> PyResult<Table> {
        suspects::table(py, &self.graph)
    }

    /// Reference cycles, grouped by the types of their objects, the most bytes first; `row.example.cycle()` is the
    /// smallest cycle of one. Cycles that go through living modules, classes, code and the globals of functions (every process has
    /// one giant one) are left out, unless `definitions=True`. O(objects + references).
    #[pyo3(signature = (*, definitions=false))]
    fn cycles(&self, py: Python<'_>, definitions: bool) -> PyResult<Table> {
        economy::cycles_table(py, &self.graph, definitions)
    }

    /// Equal strings, bytes, numbers, and tuples of these: how many, the bytes wasted, and where they are held;
    /// the most wasted first. Whole values are compared, also of long strings. O(objects).
    fn duplicates(&self, py: Python<'_>) -> PyResult<Table> {
        economy::duplicates_table(py, &self.graph)
    }

    /// Containers that take more memory than their items need: lists with room to spare, dicts and sets whose
    /// tables are sparse, empty ones; the most wasted first. O(objects + references).
    fn container_waste(&self, py: Python<'_>) -> PyResult<Table> {
        economy::waste_table(py, &self.graph)
    }

    /// Objects and bytes by type, most objects first; with `retained=True` also the bytes that would be freed
    /// with the objects of each type, most first (an object that another of its type retains counts once).
    ///
    /// O(objects); `retained=True` computes the retained size of every object first, once for a heap, for
    /// about one `gc.collect()`. Rows are `table[0]`, `table["app.models.Foo"]`.
    #[pyo3(signature = (*, retained=false))]
    fn by_type(&self, py: Python<'_>, retained: bool) -> PyResult<Table> {
        let rows = self.tally(py, retained, histogram::by_type)?;
        let keys = rows.iter().map(|row| row.name.clone()).collect();
        Table::new(py, tables::types(&rows), keys, rows.into_iter().map(TypeCount::from))
    }

    /// Objects and bytes by the module that defines their type; otherwise as `by_type`.
    #[pyo3(signature = (*, retained=false))]
    fn by_module(&self, py: Python<'_>, retained: bool) -> PyResult<Table> {
        let rows = self.tally(py, retained, histogram::by_module)?;
        let keys = rows.iter().map(|row| row.name.clone()).collect();
        Table::new(py, tables::modules(&rows), keys, rows.into_iter().map(ModuleCount::from))
    }

    /// Bytes that each GC root keeps alive and nothing else does, most first; what several roots hold
    /// together is a row of its own, and all rows add up to the heap. Costs what `retained` does.
    fn by_root(&self, py: Python<'_>) -> PyResult<Table> {
        let rows = apart::ask(py, &self.graph, |graph| Ok(histogram::by_root(graph, graph.dominators()?, Values::Short)))?;
        let rows = rows.map_err(refused::core)?;
        let keys = rows.iter().map(|row| row.name.clone()).collect();
        Table::new(py, tables::roots(&rows), keys, rows.into_iter().map(RootShare::from))
    }

    /// Bytes that the running frames of each thread keep alive together and nothing else does, most first.
    /// Costs what `retained` does.
    fn by_thread(&self, py: Python<'_>) -> PyResult<Table> {
        let rows = apart::ask(py, &self.graph, |graph| Ok(histogram::by_thread(graph, graph.dominators()?, Values::Short)))?;
        let rows = rows.map_err(refused::core)?;
        let keys = rows.iter().map(|row| row.name.clone()).collect();
        Table::new(py, tables::threads(&rows), keys, rows.into_iter().map(ThreadShare::from))
    }

    /// What came and what went from this heap to a later one of the same process, object by object. Collect
    /// (`gc.collect()`) before each capture, so that fewest objects cannot be told.
    /// O(objects + references), and 14 bytes an object at the peak.
    ///
    /// >>> class Foo: pass
    /// >>> before, kept = refroots.capture(), [Foo(), Foo()]
    /// >>> change = before.diff(refroots.capture())
    /// >>> [obj.type for obj in change.new if obj.type == "example.Foo"]
    /// ['example.Foo', 'example.Foo']
    fn diff(&self, py: Python<'_>, after: &Self) -> PyResult<Diff> {
        Diff::between(py, self, after)
    }

    /// Writes the heap for another tool, by the ending of `path`: `.heapsnapshot` (Chrome DevTools, memlab),
    /// `.parquet` (a folder of four tables: DuckDB, pandas, polars), `.graphml` (Gephi, yEd, networkx), `.json`
    /// (networkx's node-link data), `.folded` or `.collapsed` (stacks of retained bytes: speedscope).
    ///
    /// An export is meant to be sent, so no values are in it: no strings, numbers, dict keys, paths, thread names;
    /// `values="short"` lets up to 40 characters of each in. The file appears whole, by rename. Objects have their
    /// ordinals. Other threads run meanwhile. O(objects + references); docs/exports.md has the tables' columns.
    ///
    /// `since=before`, an earlier heap of the process, is for `.heapsnapshot`: objects have the ids that they had in
    /// its export, so that the Comparison of DevTools tells what is new.
    ///
    /// >>> heap = refroots.capture()
    /// >>> import pathlib, tempfile
    /// >>> with tempfile.TemporaryDirectory() as folder:
    /// ...     heap.export(f"{folder}/heap.heapsnapshot")
    /// ...     pathlib.Path(folder, "heap.heapsnapshot").read_text()[:12]
    /// '{"snapshot":'
    #[pyo3(signature = (path, *, values="none", since=None))]
    fn export(&self, py: Python<'_>, path: PathBuf, values: &str, since: Option<&Self>) -> PyResult<()> {
        let values = policy(values)?;
        let earlier = since.map(|before| {
            let known = before.ids.lock().map_or(None, |ids| ids.clone());
            let diff = Diff::between(py, before, self)?;
            let ids = py.detach(|| {
                let known = known.unwrap_or_else(|| Arc::new(Ids::ordinals(&before.graph)));
                Arc::new(known.continued(&before.graph, &self.graph, diff.found()))
            });
            if let Ok(mut own) = self.ids.lock() {
                *own = Some(Arc::clone(&ids));
            }
            Ok::<_, PyErr>(ids)
        });
        let ids = earlier.transpose()?;
        export(py, &self.graph, path, values, ids)
    }

    /// Writes what a bug report needs about the objects of a type, or of one by its ordinal (`#7`): `.md` for an issue on
    /// GitHub, under 60,000 characters, or `.html`. docs/reports.md has an example. No values are in it, as in `export`.
    /// Costs the retained sizes and the shortest chains of all objects.
    #[pyo3(signature = (type_name, path, *, values="none", stamp=false))]
    fn report(&self, py: Python<'_>, type_name: &str, path: PathBuf, values: &str, stamp: bool) -> PyResult<()> {
        let values = policy(values)?;
        let asked = type_name.to_owned();
        let write = move |graph: &Study| refroots_cli::write_report(graph, &path, &asked, values, stamp);
        apart::ask(py, &self.graph, write)?.map_err(refused::exporting)
    }

    /// The collector knows a heap, though it holds no object: so it stands, in the collector's order, between
    /// what was there when it was captured and what is new.
    fn __traverse__(&self, _visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        Ok(())
    }

    /// Saves the heap as a snapshot file, which `refroots.load` and the command open anywhere. By default no value
    /// goes with it: types, attribute names, sizes, lengths and structure, and no string, number, dict key, path or
    /// thread name; `values="short"` saves up to 40 characters of each value too. The file appears when it is whole.
    /// Other threads run meanwhile. Costs about half a `gc.collect()`, and some 5 to 10 bytes an object on disk.
    ///
    /// Raises OSError where it cannot be written, ValueError where this heap itself was saved without values and
    /// they are asked for.
    ///
    /// >>> refroots.capture().save("heap.refroots")
    /// >>> heap = refroots.load("heap.refroots")
    /// >>> heap.values, len(heap) > 1000
    /// ('none', True)
    #[pyo3(signature = (path, values="none"))]
    fn save(&self, py: Python<'_>, path: PathBuf, values: &str) -> PyResult<()> {
        let values = snapshot::allowed(&self.graph, values)?;
        snapshot::save_graph(py, &self.graph, &path, values)?;
        if let Some(moment) = &self.moment {
            moment.keep_for_ever();
        }
        Ok(())
    }

    /// Which values the heap has: "short", or "none" where it was saved without.
    #[getter]
    fn values(&self) -> &'static str {
        snapshot::policy_word(self.graph.origin().values)
    }

    /// Where the heap comes from: `python`, `platform`, `pid`, and `captured_at` in seconds since 1970; None for what
    /// is not known.
    #[getter]
    fn origin<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let origin = self.graph.origin();
        let said = PyDict::new(py);
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        said.set_item("python", known(&origin.python))?;
        said.set_item("platform", known(&origin.platform))?;
        said.set_item("pid", origin.process.map(|process| process.pid))?;
        said.set_item("captured_at", origin.captured_at)?;
        Ok(said)
    }

    fn __repr__(&self) -> String {
        let (nodes, references) = (self.graph.node_count(), self.graph.edge_count());
        let from = match (self.is_loaded, self.graph.origin().values) {
            (false, _) => "",
            (true, Values::Short) => ", loaded with short values",
            (true, Values::None) => ", loaded without values",
        };
        format!("<refroots.Heap: {nodes} objects, {references} references{from}>")
    }
}
