//! From addresses of a graph that was captured this instant back to live objects.
#![allow(unsafe_code)]

use pyo3::prelude::*;
use refroots_core::{HeapGraph, NodeFlags, NodeId};

/// References to the objects of some nodes.
///
/// The graph must have been captured by this thread just now: between the capture and this call no
/// Python code may run and no object may be freed. Each caller captures for a purpose that does not let
/// others run, and calls in one function that holds the GIL throughout.
pub(crate) fn objects_at<'py>(py: Python<'py>, graph: &HeapGraph, nodes: &[NodeId]) -> Vec<Bound<'py, PyAny>> {
    nodes
        .iter()
        .filter(|&&node| !graph.flags(node).contains(NodeFlags::SYNTHETIC))
        .map(|&node| {
            // SAFETY:
            // - the node's address was a live object's when it was captured, and nothing has run since;
            // - making each reference runs no code either: it only counts.
            unsafe { Bound::from_borrowed_ptr(py, graph.address(node) as *mut pyo3::ffi::PyObject) }
        })
        .collect()
}
