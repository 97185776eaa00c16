//! The shortest chain to every object at once: a breadth-first forest from all that keeps objects alive.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::query::anchors::{Anchors, Tier, anchors};
use crate::query::unmeant::Unmeant;
use crate::{EdgeId, EdgeKind, Error, HeapGraph, NodeId, Reference, RootKind, Stages, TextId};

/// The last reference of a shortest chain to each object. 8 bytes an object.
pub struct ShortestPaths {
    via: Vec<u32>,
    /// Objects in the order in which the search met them.
    order: Vec<u32>,
}

/// How a shortest chain ends at an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// It begins here.
    Anchor,
    /// By this reference.
    Reference(EdgeId),
    /// Nothing leads here.
    Garbage,
}

const UNSEEN: u32 = u32::MAX;
const ANCHOR: u32 = u32::MAX - 1;

/// Finds a shortest chain to every object, from the roots that people mean where one leads to it, else
/// from the interpreter's state, else from the frame that asks and through what a prompt keeps, else from
/// what is held outside, immortal, or held by refroots. Chains are as short as those of
/// [`why`](crate::query::paths::why). O(objects + references), 8 bytes an object.
///
/// # Errors
/// [`Error::OutOfMemory`].
pub fn shortest_paths(graph: &HeapGraph) -> Result<ShortestPaths, Error> {
    shortest_paths_in(graph, &Stages::default())
}

/// As [`shortest_paths`], and says how many objects it has looked at.
pub(super) fn shortest_paths_in(graph: &HeapGraph, stages: &Stages) -> Result<ShortestPaths, Error> {
    let count = graph.node_count();
    let (mut via, mut order) = (Vec::new(), Vec::new());
    via.try_reserve_exact(count).and_then(|()| order.try_reserve_exact(count)).map_err(|_| Error::OutOfMemory(8 * count))?;
    via.resize(count, UNSEEN);
    let mut search = Search {
        graph,
        stages,
        unmeant: Unmeant::of(graph),
        via,
        order,
        passed_over: Vec::new(),
        next: 0,
        namespaces: namespaces(graph),
    };
    let anchors: Anchors = anchors(graph);
    for tier in Tier::ALL {
        for &node in anchors.of(tier) {
            search.meet(node, ANCHOR);
        }
        if tier == Tier::Asking {
            search.take_what_was_passed_over();
        }
        search.follow();
    }
    Ok(ShortestPaths { via: search.via, order: search.order })
}

fn namespaces(graph: &HeapGraph) -> HashMap<NodeId, TextId, FxBuildHasher> {
    let modules = graph.roots().iter().filter(|root| root.kind == RootKind::Module);
    let dicts = modules.flat_map(|root| graph.references_from(root.node).map(|reference| (reference, root.name)));
    let dicts = dicts.filter(|(reference, _)| reference.text(graph) == Some("__dict__"));
    dicts.map(|(reference, name)| (reference.target, name)).collect()
}

struct Search<'a> {
    graph: &'a HeapGraph,
    stages: &'a Stages,
    unmeant: Unmeant,
    via: Vec<u32>,
    order: Vec<u32>,
    /// Unmeant references, each with its target.
    passed_over: Vec<Reference>,
    next: usize,
    /// The dicts of modules, with the names of these.
    namespaces: HashMap<NodeId, TextId, FxBuildHasher>,
}

impl Search<'_> {
    #[inline]
    fn meet(&mut self, node: NodeId, via: u32) {
        if self.via[node.index()] == UNSEEN && self.graph.is_shown(node) {
            self.via[node.index()] = via;
            self.order.push(node.0);
        }
    }

    /// Goes on level by level. Of several modules on one level the one that defines a class or function
    /// comes before those that import it.
    fn follow(&mut self) {
        let mut imported: Vec<(NodeId, u32)> = Vec::new();
        while self.next < self.order.len() {
            for at in self.next..self.order.len() {
                if at % Stages::EVERY == 0 {
                    self.stages.reach(at);
                }
                self.follow_one(NodeId(self.order[at]), &mut imported);
                self.next += 1;
            }
            for (node, via) in imported.drain(..) {
                self.meet(node, via);
            }
        }
    }

    fn follow_one(&mut self, node: NodeId, imported: &mut Vec<(NodeId, u32)>) {
        let is_concerned = self.unmeant.concerns(node);
        let home = self.namespaces.get(&node).copied();
        let targets = self.graph.targets();
        for edge in self.graph.edge_range(node) {
            if is_concerned {
                let reference = self.graph.reference_at(node, edge);
                if self.unmeant.is(self.graph, reference) {
                    self.passed_over.push(reference);
                    continue;
                }
            }
            let target = NodeId(targets[edge]);
            if home.is_some_and(|module| self.is_imported(module, target)) {
                imported.push((target, edge as u32));
            } else {
                self.meet(target, edge as u32);
            }
        }
    }

    /// Whether a module's variable is a class or function of another module, by its name.
    fn is_imported(&self, module: TextId, target: NodeId) -> bool {
        let rest = self.graph.definition(target).map(|name| name.strip_prefix(self.graph.text(module)));
        rest.is_some_and(|rest| rest.is_none_or(|rest| !rest.starts_with('.')))
    }

    fn take_what_was_passed_over(&mut self) {
        self.unmeant = Unmeant::default();
        for reference in std::mem::take(&mut self.passed_over) {
            self.meet(reference.target, reference.edge.0);
        }
    }
}

impl ShortestPaths {
    pub(crate) fn via(&self, node: NodeId) -> Via {
        match self.via[node.index()] {
            UNSEEN => Via::Garbage,
            ANCHOR => Via::Anchor,
            edge => Via::Reference(EdgeId(edge)),
        }
    }

    /// Every object that a chain leads to; what is nearer to a root of its kind stands earlier.
    pub(crate) fn order(&self) -> impl ExactSizeIterator<Item = NodeId> + '_ {
        self.order.iter().map(|&node| NodeId(node))
    }

    /// The references of the chain to an object, from its root on; `None` for garbage. Of parallel references
    /// the first that has a name says most. O(steps · log(objects)), and the references of each step.
    pub fn chain(&self, graph: &HeapGraph, target: NodeId) -> Option<Vec<Reference>> {
        let mut references = Vec::new();
        let mut node = target;
        loop {
            match self.via(node) {
                Via::Garbage => return None,
                Via::Anchor => break,
                Via::Reference(edge) => {
                    let reference = telling(graph, graph.reference_of(edge));
                    references.push(reference);
                    node = reference.source;
                }
            }
        }
        references.reverse();
        Some(references)
    }
}

/// Of parallel references the one that says most.
pub(super) fn telling(graph: &HeapGraph, reference: Reference) -> Reference {
    let says = |reference: &Reference| !matches!(reference.kind, EdgeKind::Unnamed | EdgeKind::Key);
    if says(&reference) {
        return reference;
    }
    graph.references_between(reference.source, reference.target).find(says).unwrap_or(reference)
}
