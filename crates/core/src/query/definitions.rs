//! What defines a program apart from what it works with: modules, classes, code, and their namespaces.

use petgraph::visit::{VisitMap, Visitable};

use crate::visit::Visited;
use crate::{HeapGraph, NodeFlags, NodeId};

/// Built-in types whose objects have a name of their own and yet are objects like others: a closure may
/// hold a whole cache, a bound method its object, a generator its locals.
const OBJECTS_WITH_NAMES: [&str; 7] =
    ["function", "method", "builtin_function_or_method", "generator", "coroutine", "async_generator", "frame"];

/// How functions and frames refer to the namespaces that they look names up in.
const LOOKUPS: [&str; 4] = ["__globals__", "__builtins__", "f_globals", "f_builtins"];

/// The nodes through which every object reaches every other: modules, classes, code objects, the dicts of
/// modules and classes, and dicts that functions have as their globals. Functions are not among them: only
/// their globals join what does not belong together.
#[derive(Clone, Debug)]
pub(crate) struct Definitions(Visited);

impl Definitions {
    /// Cost: the references of the objects that have a name of their own, one bit an object.
    pub(crate) fn of(graph: &HeapGraph) -> Self {
        let is_object: Vec<bool> = graph
            .type_ids()
            .map(|id| graph.type_module(id) == "builtins" && OBJECTS_WITH_NAMES.contains(&graph.type_qualname(id)))
            .collect();
        let mut marked = graph.visit_map();
        for node in graph.defined() {
            let is_object = is_object[graph.type_of(node).index()];
            if !is_object {
                marked.visit(node);
            }
            for reference in graph.references_from(node) {
                let is_namespace = match reference.text(graph) {
                    Some("__dict__") => !is_object && graph.flags(reference.target).contains(NodeFlags::NAMESPACE),
                    Some(name) => is_object && LOOKUPS.contains(&name),
                    None => false,
                };
                if is_namespace {
                    marked.visit(reference.target);
                }
            }
        }
        Self(marked)
    }

    pub(crate) fn contains(&self, node: NodeId) -> bool {
        self.0.is_visited(&node)
    }
}

/// Whether the node is a frame that runs now: what it refers to is the program's doing, not the object's.
pub(crate) fn is_running_frame(graph: &HeapGraph, node: NodeId) -> bool {
    graph.flags(node).contains(NodeFlags::SYNTHETIC) || graph.root(node).is_some_and(|root| root.kind == crate::RootKind::Frame)
}
