//! Rows of the partitions of a heap, by type, by module, by GC root, by thread; and of its dominator tree.

use std::sync::Arc;

use pyo3::prelude::*;
use refroots_core::query::{histogram, largest};
use refroots_core::{Study, Values};

use crate::object::Object;

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
        format!("<refroots.TypeCount {}: {} objects, {} bytes>", self.r#type, self.count, self.size)
    }
}

#[pymethods]
impl ModuleCount {
    fn __repr__(&self) -> String {
        format!("<refroots.ModuleCount {}: {} objects, {} bytes>", self.module, self.count, self.size)
    }
}

#[pymethods]
impl RootShare {
    fn __repr__(&self) -> String {
        format!("<refroots.RootShare {}: {} bytes>", self.name, self.retained)
    }
}

#[pymethods]
impl ThreadShare {
    fn __repr__(&self) -> String {
        format!("<refroots.ThreadShare {}: {} frames, {} bytes>", self.name, self.frames, self.retained)
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
        format!("<refroots.Largest {} bytes, {}>", self.row.retained, self.object().line())
    }
}
