//! `Object`, `Reference`, `ObjectSet`: nodes and edges of a captured heap, as plain facts.

use std::sync::Arc;

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use refroots_core::query::cycles::{CycleOptions, smallest_cycle};
use refroots_core::query::paths::{self, WhyOptions};
use refroots_core::query::{reach, weak};
use refroots_core::{NodeId, Study, Values, Wording, grouped};

use crate::apart;
use crate::chain::Chain;
use crate::reasons::Reasons;
use crate::refused;
use crate::shown::shown;

/// One object of a captured heap: facts about it, not the object itself.
#[pyclass(frozen, eq, hash, module = "refroots")]
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) graph: Arc<Study>,
    pub(crate) node: NodeId,
    values: Values,
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.graph, &other.graph) && self.node == other.node
    }
}

impl std::hash::Hash for Object {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.node.hash(state);
    }
}

impl Object {
    pub(crate) fn new(graph: &Arc<Study>, node: NodeId, values: Values) -> Self {
        Self { graph: Arc::clone(graph), node, values }
    }

    pub(crate) fn line(&self) -> String {
        let text = self.text();
        let separator = if text.is_empty() { "" } else { " " };
        format!("{} #{}{separator}{text}", self.type_name(), self.node.0)
    }
}

#[pymethods]
impl Object {
    /// The whole name of its exact type: `"app.models.Foo"`, `"list"`.
    #[getter(r#type)]
    fn type_name(&self) -> String {
        self.graph.type_name(self.graph.type_of(self.node))
    }

    /// Its number in the heap, counted from 0 in heap order.
    #[getter]
    fn ordinal(&self) -> u32 {
        self.node.0
    }

    /// Its address: what `id()` gave.
    #[getter]
    fn address(&self) -> u64 {
        self.graph.address(self.node)
    }

    /// Shallow size in bytes: the object itself with its GC header, its inline values, and the tables of
    /// lists, dicts and sets. What other types own outside of themselves is not added yet.
    #[getter]
    fn size(&self) -> u64 {
        self.graph.size(self.node)
    }

    /// Its reference count; `None` where it says nothing (immortal objects).
    #[getter]
    fn refcount(&self) -> Option<u32> {
        self.graph.refcount(self.node)
    }

    /// References from outside the graph, from C code or a C stack; `None` where that is unknowable.
    #[getter]
    fn external(&self) -> Option<u32> {
        self.graph.external(self.node)
    }

    /// Where references from outside stand, as far as it was found: `"static data of _lib.so"`,
    /// `"interpreter's state"`. At most `external` of them.
    #[getter]
    fn places(&self) -> Vec<String> {
        self.graph.places(self.node).map(str::to_owned).collect()
    }

    /// A definition's name, an atom's value (up to 40 characters) or a container's length; may be empty.
    #[getter]
    fn text(&self) -> String {
        Wording::new(&self.graph, self.values).node(self.node)
    }

    /// What it refers to, in its own order.
    #[getter]
    fn referents(&self) -> Vec<Reference> {
        self.graph.references_from(self.node).map(|reference| Reference::new(&self.graph, reference, self.values)).collect()
    }

    /// What refers to it, in heap order; refroots' own objects are left out.
    #[getter]
    fn referrers(&self) -> Vec<Reference> {
        let shown = self.graph.references_to(self.node).filter(|reference| self.graph.is_shown(reference.source));
        shown.map(|reference| Reference::new(&self.graph, reference, self.values)).collect()
    }

    /// The weak references to it, in heap order: objects themselves, of `weakref.ref`, a proxy's type or a subclass. They do
    /// not keep it alive and are no `referrers`. `None` where the heap does not know them (`heap.notes` says why; files of
    /// format 1.0 have none); refroots' own are left out.
    #[getter]
    fn weak_referrers(&self) -> Option<Vec<Self>> {
        let shown = weak::referrers(&self.graph, self.node).filter(|&node| self.graph.is_shown(node));
        weak::is_known(&self.graph).then(|| shown.map(|node| Self::new(&self.graph, node, self.values)).collect())
    }

    /// Bytes that would be freed with it: its own, and those of all that only it keeps alive. The first
    /// look at a heap computes this for every object, for about one `gc.collect()`.
    #[getter]
    fn retained(&self, py: Python<'_>) -> PyResult<u64> {
        let node = self.node;
        apart::ask(py, &self.graph, move |graph| Ok(graph.dominators()?.retained(node)))?.map_err(refused::core)
    }

    /// The nearest object that every chain from a root to it goes through; `None` for a root, and where
    /// several hold it. Costs what `retained` does.
    #[getter]
    fn dominator(&self, py: Python<'_>) -> PyResult<Option<Self>> {
        let node = self.node;
        let found = apart::ask(py, &self.graph, move |graph| Ok(graph.dominators()?.parent(node)))?.map_err(refused::core)?;
        Ok(found.map(|node| Self::new(&self.graph, node, self.values)))
    }

    /// The objects whose `dominator` it is, those that retain most first. O(objects).
    #[getter]
    fn dominated(&self, py: Python<'_>) -> PyResult<ObjectSet> {
        let node = self.node;
        let nodes = apart::ask(py, &self.graph, move |graph| Ok(graph.dominators()?.dominated(graph, Some(node))))?;
        Ok(ObjectSet::new(&self.graph, nodes.map_err(refused::core)?))
    }

    /// Shallow sizes, added, of all that it reaches, its own included, in bytes. Modules, classes, functions and
    /// running frames on the way end it, for through its class every object reaches the whole process;
    /// `definitions=True` goes through them. O(what it reaches).
    #[pyo3(signature = (*, definitions=false))]
    fn reachable(&self, py: Python<'_>, definitions: bool) -> PyResult<u64> {
        let node = self.node;
        apart::ask(py, &self.graph, move |graph| reach::reachable_size(graph, &[node], definitions).size)
    }

    /// The smallest reference cycle through it, as references from it back to it; `None` where there is none.
    /// Cycles through living modules, classes, code and the globals of functions only with `definitions=True`. O(what leads to it).
    #[pyo3(signature = (*, definitions=false))]
    fn cycle(&self, py: Python<'_>, definitions: bool) -> PyResult<Option<Vec<Reference>>> {
        let node = self.node;
        let found = apart::ask(py, &self.graph, move |graph| smallest_cycle(graph, node, &CycleOptions { definitions }))?;
        let name = |reference| Reference::new(&self.graph, reference, self.values);
        Ok(found.map(|cycle| cycle.into_iter().map(name).collect()))
    }

    /// The shortest chain from a GC root to it.
    fn chain(&self, py: Python<'_>) -> PyResult<Chain> {
        // Short values are for who asks; a page of the chain has them only where somebody said so.
        let kept = Some(self.values).filter(|values| *values == Values::None);
        let node = self.node;
        let found = apart::ask(py, &self.graph, move |graph| paths::why(graph, node, &WhyOptions::default()))?;
        Ok(Chain::new(&self.graph, found).with_values(kept))
    }

    fn __repr__(&self) -> String {
        shown(&format!("<refroots.Object {}>", self.line()))
    }
}

/// One reference: who holds whom, and under which name.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Reference {
    graph: Arc<Study>,
    reference: refroots_core::Reference,
    values: Values,
}

impl Reference {
    pub(crate) fn new(graph: &Arc<Study>, reference: refroots_core::Reference, values: Values) -> Self {
        Self { graph: Arc::clone(graph), reference, values }
    }
}

#[pymethods]
impl Reference {
    /// The referrer.
    #[getter]
    fn source(&self) -> Object {
        Object::new(&self.graph, self.reference.source, self.values)
    }

    /// The referent.
    #[getter]
    fn target(&self) -> Object {
        Object::new(&self.graph, self.reference.target, self.values)
    }

    /// How it is held: `"attribute"`, `"item"`, `"index"`, `"local"`, …
    #[getter]
    fn kind(&self) -> &'static str {
        self.reference.kind.word()
    }

    /// The name as Python would write it: `".x"`, `"['k']"`, `"[3]"`; empty where nothing names it.
    #[getter]
    fn name(&self) -> String {
        Wording::new(&self.graph, self.values).reference(self.reference)
    }

    fn __repr__(&self) -> String {
        shown(&format!("<refroots.Reference {} {} -> {}>", self.source().line(), self.name(), self.target().line()))
    }
}

/// Objects of one heap, in heap order where nothing else is said.
#[pyclass(frozen, sequence, module = "refroots")]
pub(crate) struct ObjectSet {
    graph: Arc<Study>,
    nodes: Vec<NodeId>,
}

impl ObjectSet {
    pub(crate) fn new(graph: &Arc<Study>, nodes: Vec<NodeId>) -> Self {
        Self { graph: Arc::clone(graph), nodes }
    }

    /// `10,000 app.Foo`, `7 objects`.
    fn words(&self) -> String {
        let count = grouped(self.nodes.len() as u64);
        let mut types = self.nodes.iter().map(|&node| self.graph.type_of(node));
        match types.next() {
            Some(first) if types.all(|of_type| of_type == first) => format!("{count} {}", self.graph.type_name(first)),
            _ => format!("{count} objects"),
        }
    }

    /// The objects of one heap that `keep` says yes to, by whether they are here and there; in heap order.
    fn combined(&self, other: &Self, keep: impl Fn(bool, bool) -> bool) -> PyResult<Self> {
        if !Arc::ptr_eq(&self.graph, &other.graph) {
            return Err(PyValueError::new_err("expected objects of one heap, found two heaps; before.diff(after) compares them"));
        }
        let mut is_in = vec![(false, false); self.graph.node_count()];
        for node in &self.nodes {
            is_in[node.index()].0 = true;
        }
        for node in &other.nodes {
            is_in[node.index()].1 = true;
        }
        let nodes = self.graph.node_ids().filter(|node| keep(is_in[node.index()].0, is_in[node.index()].1));
        Ok(Self::new(&self.graph, nodes.collect()))
    }
}

#[pymethods]
impl ObjectSet {
    fn __len__(&self) -> usize {
        self.nodes.len()
    }

    fn __getitem__(&self, index: isize) -> PyResult<Object> {
        let at = if index < 0 { index + self.nodes.len() as isize } else { index };
        let node = usize::try_from(at).ok().and_then(|at| self.nodes.get(at));
        match node {
            Some(&node) => Ok(Object::new(&self.graph, node, Values::Short)),
            None => Err(PyIndexError::new_err(format!("expected an index below {}, found {index}", self.nodes.len()))),
        }
    }

    fn __iter__(slf: Bound<'_, Self>) -> ObjectIterator {
        ObjectIterator { of: slf.unbind(), next: 0 }
    }

    /// Their shallow sizes, added, in bytes.
    #[getter]
    fn size(&self) -> u64 {
        self.nodes.iter().map(|&node| self.graph.size(node)).sum()
    }

    /// Bytes that would be freed with all of them together. O(objects + references).
    #[getter]
    fn retained(&self, py: Python<'_>) -> PyResult<u64> {
        let nodes = self.nodes.clone();
        apart::ask(py, &self.graph, move |graph| reach::retained_together(graph, &nodes))
    }

    /// Why they are alive: their shortest chains, grouped by how they are held, largest group first.
    ///
    /// The first call on a heap finds the shortest chain to every object, in less than one `gc.collect()`.
    fn why(&self, py: Python<'_>) -> PyResult<Reasons> {
        let title = format!("Why {} are alive", self.words());
        let nodes = self.nodes.clone();
        let found = apart::ask(py, &self.graph, move |graph| Ok(graph.reasons()?.group(graph, &nodes, Values::Short)))?;
        Ok(Reasons::new(&self.graph, found.map_err(refused::core)?, title))
    }

    fn __and__(&self, other: &Self) -> PyResult<Self> {
        self.combined(other, |here, there| here && there)
    }

    fn __or__(&self, other: &Self) -> PyResult<Self> {
        self.combined(other, |here, there| here || there)
    }

    fn __sub__(&self, other: &Self) -> PyResult<Self> {
        self.combined(other, |here, there| here && !there)
    }

    /// O(objects of the set).
    fn __contains__(&self, object: &Object) -> bool {
        Arc::ptr_eq(&self.graph, &object.graph) && self.nodes.contains(&object.node)
    }

    fn __repr__(&self) -> String {
        let mut types: Vec<_> = self.nodes.iter().map(|&node| self.graph.type_of(node)).collect();
        types.sort_unstable();
        types.dedup();
        let of = match types[..] {
            [] => String::new(),
            [only] => format!(" × {}", self.graph.type_name(only)),
            _ => format!(" objects of {} types", types.len()),
        };
        shown(&format!("<refroots.ObjectSet: {}{of}>", self.nodes.len()))
    }
}

/// Goes through an [`ObjectSet`].
#[pyclass(module = "refroots")]
struct ObjectIterator {
    of: Py<ObjectSet>,
    next: usize,
}

#[pymethods]
impl ObjectIterator {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&mut self) -> Option<Object> {
        let of = self.of.get();
        let node = *of.nodes.get(self.next)?;
        self.next += 1;
        Some(Object::new(&of.graph, node, Values::Short))
    }
}
