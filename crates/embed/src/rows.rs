//! Rows of the partitions of a heap, by type, by module, by GC root, by thread; of its dominator tree; and of what grew.

use std::sync::Arc;

use pyo3::prelude::*;
use refroots_core::query::{diff, grew, histogram, largest};
use refroots_core::{Study, Values};

use crate::object::Object;
use crate::shown::shown;

/// The objects of one type.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct TypeCount {
    /// The type's whole name.
    #[pyo3(get)]
    r#type: String,
    /// How many objects there are.
    #[pyo3(get)]
    count: u64,
    /// Their shallow sizes, added, in bytes.
    #[pyo3(get)]
    size: u64,
    /// Bytes that would be freed with them one by one; `None` where that was not asked.
    #[pyo3(get)]
    retained: Option<u64>,
}

/// The objects whose types one module defines.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct ModuleCount {
    /// The module's name.
    #[pyo3(get)]
    module: String,
    /// How many objects there are.
    #[pyo3(get)]
    count: u64,
    /// Their shallow sizes, added, in bytes.
    #[pyo3(get)]
    size: u64,
    /// Bytes that would be freed with them one by one; `None` where that was not asked.
    #[pyo3(get)]
    retained: Option<u64>,
}

/// What one GC root keeps alive that nothing else does.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct RootShare {
    /// `"module"`, `"frame"`, `"interpreter"`, `"static"`, `"external"`, `"garbage"`; `None` for what
    /// several roots hold together.
    #[pyo3(get)]
    kind: Option<&'static str>,
    /// The root in words: `"module app"`.
    #[pyo3(get)]
    name: String,
    /// The thread of a frame, else empty.
    #[pyo3(get)]
    thread: String,
    /// Bytes that would be freed without it.
    #[pyo3(get)]
    retained: u64,
}

/// What the running frames of one thread keep alive together.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct ThreadShare {
    /// The thread's name.
    #[pyo3(get)]
    name: String,
    /// How many frames run in it.
    #[pyo3(get)]
    frames: u64,
    /// Bytes that only its frames hold.
    #[pyo3(get)]
    retained: u64,
}

/// What came and went between two heaps of the objects of one type.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct TypeGrowth {
    /// The type's whole name.
    #[pyo3(get)]
    r#type: String,
    /// How many objects there are more (or less, below 0).
    #[pyo3(get)]
    count: i64,
    /// How many bytes they take more, themselves.
    #[pyo3(get)]
    size: i64,
    /// How many are new.
    #[pyo3(get)]
    new: u64,
    /// How many are gone.
    #[pyo3(get)]
    gone: u64,
    /// Of how many it cannot be told.
    #[pyo3(get)]
    unsure: u64,
    /// How many objects there were.
    #[pyo3(get)]
    count_before: u64,
    /// How many objects there are.
    #[pyo3(get)]
    count_after: u64,
    /// How many bytes they took.
    #[pyo3(get)]
    size_before: u64,
    /// How many bytes they take.
    #[pyo3(get)]
    size_after: u64,
    /// How many bytes more would be freed with them; `None` where that was not asked.
    #[pyo3(get)]
    retained: Option<i64>,
}

/// A path to which each heap has more objects than the one before.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct PathGrowth {
    /// The path in words, as the last heap has it: `"app.CACHE['k'][*]"`.
    #[pyo3(get)]
    path: String,
    /// The whole name of the type of the objects at its end.
    #[pyo3(get)]
    r#type: String,
    /// How many objects each heap has there.
    #[pyo3(get)]
    counts: Vec<u64>,
    /// Bytes of the objects there and below, in each heap.
    #[pyo3(get)]
    sizes: Vec<u64>,
}

impl From<grew::PathGrowth> for PathGrowth {
    fn from(row: grew::PathGrowth) -> Self {
        Self { path: row.path, r#type: row.type_name, counts: row.counts, sizes: row.sizes }
    }
}

#[pymethods]
impl PathGrowth {
    fn __repr__(&self) -> String {
        shown(&format!("<refroots.PathGrowth {}: {:?} objects>", self.path, self.counts))
    }
}

impl From<diff::Growth> for TypeGrowth {
    fn from(row: diff::Growth) -> Self {
        Self {
            count: row.count(),
            size: row.size(),
            r#type: row.type_name,
            new: row.new,
            gone: row.gone,
            unsure: row.unsure,
            count_before: row.count_before,
            count_after: row.count_after,
            size_before: row.size_before,
            size_after: row.size_after,
            retained: row.retained,
        }
    }
}

#[pymethods]
impl TypeGrowth {
    fn __repr__(&self) -> String {
        shown(&format!("<refroots.TypeGrowth {}: {:+} objects, {:+} bytes>", self.r#type, self.count, self.size))
    }
}

impl From<histogram::Tally> for TypeCount {
    fn from(row: histogram::Tally) -> Self {
        Self { r#type: row.name, count: row.count, size: row.size, retained: row.retained }
    }
}

impl From<histogram::Tally> for ModuleCount {
    fn from(row: histogram::Tally) -> Self {
        Self { module: row.name, count: row.count, size: row.size, retained: row.retained }
    }
}

impl From<histogram::RootShare> for RootShare {
    fn from(row: histogram::RootShare) -> Self {
        let kind = row.kind.map(refroots_core::RootKind::word);
        Self { kind, name: row.name, thread: row.thread, retained: row.retained }
    }
}

impl From<histogram::ThreadShare> for ThreadShare {
    fn from(row: histogram::ThreadShare) -> Self {
        Self { name: row.name, frames: row.frames, retained: row.retained }
    }
}

#[pymethods]
impl TypeCount {
    fn __repr__(&self) -> String {
        shown(&format!("<refroots.TypeCount {}: {} objects, {} bytes>", self.r#type, self.count, self.size))
    }
}

#[pymethods]
impl ModuleCount {
    fn __repr__(&self) -> String {
        shown(&format!("<refroots.ModuleCount {}: {} objects, {} bytes>", self.module, self.count, self.size))
    }
}

#[pymethods]
impl RootShare {
    fn __repr__(&self) -> String {
        shown(&format!("<refroots.RootShare {}: {} bytes>", self.name, self.retained))
    }
}

#[pymethods]
impl ThreadShare {
    fn __repr__(&self) -> String {
        shown(&format!("<refroots.ThreadShare {}: {} frames, {} bytes>", self.name, self.frames, self.retained))
    }
}

/// One object of the dominator tree.
#[pyclass(frozen, module = "refroots")]
pub(crate) struct Largest {
    graph: Arc<Study>,
    row: largest::Largest,
}

impl Largest {
    pub(crate) fn new(graph: &Arc<Study>, row: largest::Largest) -> Self {
        Self { graph: Arc::clone(graph), row }
    }
}

#[pymethods]
impl Largest {
    /// The object.
    #[getter]
    fn object(&self) -> Object {
        Object::new(&self.graph, self.row.node, Values::Short)
    }

    /// Bytes that would be freed with it.
    #[getter]
    fn retained(&self) -> u64 {
        self.row.retained
    }

    /// The part of the heap's bytes that this is, from 0 to 1.
    #[getter]
    fn share(&self) -> f64 {
        self.row.share
    }

    /// How many objects have it as their dominator.
    #[getter]
    fn children(&self) -> u64 {
        self.row.children
    }

    /// Where what it retains falls steeply: itself, or an object below it of which no single child retains 0.7.
    #[getter]
    fn accumulation(&self) -> Object {
        Object::new(&self.graph, self.row.accumulation, Values::Short)
    }

    fn __repr__(&self) -> String {
        shown(&format!("<refroots.Largest {} bytes, {}>", self.row.retained, self.object().line()))
    }
}
