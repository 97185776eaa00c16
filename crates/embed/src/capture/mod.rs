//! What touches the interpreter from below.

pub(crate) mod exit_status;
pub(crate) mod returns;

use std::collections::BTreeMap;

use pyo3::prelude::*;
use refroots_core::{HeapGraph, HeapGraphBuilder, NodeFlags, NodeRecord};

/// A placeholder until the walk lands: tracked objects with their types, and no references.
pub(crate) fn whole(py: Python<'_>) -> PyResult<HeapGraph> {
    let mut builder = HeapGraphBuilder::default();
    let mut types = BTreeMap::new();
    for object in py.import("gc")?.call_method0("get_objects")?.try_iter()? {
        let object = object?;
        let class = object.get_type();
        let name = (class.module()?.to_string(), class.qualname()?.to_string());
        let type_id = *types.entry(name.clone()).or_insert_with(|| {
            let (module, qualname) = (builder.intern(&name.0), builder.intern(&name.1));
            builder.add_type(module, qualname)
        });
        builder.discover(object.as_ptr() as u64);
        builder.describe(NodeRecord { type_id, size: 16, refcount: None, flags: NodeFlags::default() });
    }
    builder.finish().map_err(|error| pyo3::exceptions::PyRuntimeError::new_err(error.to_string()))
}
