//! References that people do not mean when they ask why an object is alive: the last result that an
//! interactive prompt keeps, a notebook's inputs and outputs.

use hashbrown::HashSet;
use rustc_hash::FxBuildHasher;

use crate::{EdgeKind, HeapGraph, NodeId, Reference};

/// Where such references start. Empty for a program that is no prompt and no notebook.
#[derive(Default)]
pub(crate) struct Unmeant {
    /// Objects of which some names are unmeant: a prompt's namespaces.
    namespaces: HashSet<NodeId, FxBuildHasher>,
    /// Objects of which everything is: a notebook's lists of inputs, its dict of outputs.
    histories: HashSet<NodeId, FxBuildHasher>,
}

impl Unmeant {
    /// Finds them. O(roots), and O(objects) where IPython is loaded.
    pub(crate) fn of(graph: &HeapGraph) -> Self {
        let mut found = Self::default();
        let module = |name: &str| graph.roots().iter().find(|root| graph.text(root.name) == name).map(|root| root.node);
        for namespace in ["builtins", "__main__"].into_iter().filter_map(module) {
            found.add_namespaces(graph, namespace);
        }
        if module("IPython").is_some() {
            let is_ipython: Vec<bool> = graph
                .type_ids()
                .map(|id| graph.type_module(id).starts_with("IPython.") || graph.type_module(id).starts_with("ipykernel."))
                .collect();
            for node in graph.node_ids().filter(|&node| is_ipython[graph.type_of(node).index()]) {
                found.add_namespaces(graph, node);
            }
        }
        found
    }

    /// An object and the dict of its attributes, and the histories that stand in it.
    fn add_namespaces(&mut self, graph: &HeapGraph, owner: NodeId) {
        let own_dict = |reference: &Reference| reference.text(graph) == Some("__dict__");
        let dicts = graph.references_from(owner).filter(own_dict).map(|reference| reference.target);
        for node in std::iter::once(owner).chain(dicts).collect::<Vec<_>>() {
            self.namespaces.insert(node);
            let histories = graph.references_from(node).filter(|reference| is_history(reference.text(graph).unwrap_or_default()));
            self.histories.extend(histories.map(|reference| reference.target));
        }
    }

    /// Whether some references of an object may be unmeant.
    #[inline]
    pub(crate) fn concerns(&self, source: NodeId) -> bool {
        !self.namespaces.is_empty() && (self.namespaces.contains(&source) || self.histories.contains(&source))
    }

    /// Whether a reference is unmeant.
    pub(crate) fn is(&self, graph: &HeapGraph, reference: Reference) -> bool {
        if self.histories.contains(&reference.source) {
            return true;
        }
        let is_name = matches!(reference.kind, EdgeKind::Attribute | EdgeKind::Item);
        is_name && self.namespaces.contains(&reference.source) && is_kept_result(reference.text(graph).unwrap_or_default())
    }
}

/// The names under which IPython keeps what was typed in and what came out.
fn is_history(name: &str) -> bool {
    matches!(
        name,
        "_ih" | "_oh" | "_dh" | "In" | "Out" | "output_hist" | "input_hist_parsed" | "input_hist_raw" | "user_ns_hidden"
    )
}

/// `_`, `__`, `___` of prompts; `_12`, `_i`, `_i12` of IPython.
fn is_kept_result(name: &str) -> bool {
    let rest = name.trim_start_matches('_');
    let underscores = name.len() - rest.len();
    match rest {
        "" => (1..=3).contains(&underscores),
        "i" | "ii" | "iii" => underscores == 1,
        _ => underscores == 1 && rest.strip_prefix('i').unwrap_or(rest).bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch;

    #[test]
    fn prompts_and_notebooks_keep_what_nobody_means() {
        let graph = sketch::parse(
            "b: module 'builtins' root
             b -> names .__dict__
             names: dict namespace
             names -> x ._
             names -> x .len
             m: module '__main__' root
             m -> globals .__dict__
             globals: dict namespace
             globals -> out .Out
             globals -> x ._12
             globals -> x .x
             out: dict
             out -> x [0]
             x: list",
        )
        .unwrap();
        let unmeant = Unmeant::of(&graph);
        let told: Vec<bool> =
            graph.node_ids().flat_map(|node| graph.references_from(node)).map(|r| unmeant.is(&graph, r)).collect();
        assert_eq!(told, [false, true, false, false, false, true, false, true]);
        assert!(unmeant.concerns(NodeId(1)) && !unmeant.concerns(NodeId(5)));
    }
}
