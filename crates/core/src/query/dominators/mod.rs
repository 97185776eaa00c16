//! Dominators and retained sizes of every object at once, from a virtual root over all that keeps alive.
//!
//! The algorithm is semi-NCA (Georgiadis, Tarjan, Werneck: Finding Dominators in Practice, 2006), without
//! recursion and with arrays that are reused: after the search numbers the objects in preorder, their
//! semidominators come from the last to the first with path compression, and their immediate dominators
//! from the first to the last. It is linear in practice, and O(m log n) at worst: the last step climbs by
//! jumps where the paper's goes one by one. Objects that refer to nothing take no part in it: their dominator is the
//! nearest common one of their referrers, which is as good as theirs and saves 20 bytes for each.

mod leaves;
mod numbering;
mod semi_nca;
mod sums;

use numbering::Search;
use sums::Sums;

use crate::{Error, HeapGraph, NodeId, Stages, TextId};

/// Who holds an object alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dominator {
    /// Every chain from a root goes through this object.
    Object(NodeId),
    /// Every chain begins in a frame of this thread, but not all of them in the same one.
    Thread(TextId),
    /// Nobody: it is a root, or several hold it.
    Root,
}

/// The dominator tree of a graph, with the retained size of each object. 8 bytes an object, and some 20 more for each
/// that retains 4 GiB or more.
#[derive(Clone)]
pub struct Dominators {
    /// The immediate dominator of each node; ids from the number of nodes on are threads.
    idom: Vec<u32>,
    /// Bytes that each node retains, then each thread.
    retained: Sums,
    threads: Vec<TextId>,
}

/// No dominator but the virtual root.
const ROOT: u32 = u32::MAX;
/// How far the search is when it has numbers, then semidominators, then dominators.
const PARTS: [usize; 3] = [60, 76, 82];

/// Computes the dominators and retained sizes of all objects.
///
/// Roots, objects that something outside the graph holds, and immortal ones hang below the virtual root.
/// refroots' own objects hold nothing. What nothing reaches is garbage: of each set of such objects that
/// hold one another, the first hangs below the virtual root. Cost: O(references · log(objects)) at worst,
/// a few passes in practice; at the peak 4 bytes an object and 20 more for each that refers to something, or 8 and 8.
///
/// # Errors
/// [`Error::OutOfMemory`].
pub fn dominators(graph: &HeapGraph) -> Result<Dominators, Error> {
    dominators_in(graph, &Stages::default())
}

/// As [`dominators`], and says how far it is: by its passes, each with its part of the time in percent.
pub(crate) fn dominators_in(graph: &HeapGraph, stages: &Stages) -> Result<Dominators, Error> {
    stages.begin("finding dominators", 100);
    let mut search = Search::new(graph)?;
    search.number(graph);
    stages.reach(PARTS[0]);
    search.find_semidominators(graph);
    stages.reach(PARTS[1]);
    search.find_dominators();
    search.find_dominators_of_leaves(graph);
    stages.reach(PARTS[2]);
    let found = search.into_retained(graph)?;
    stages.finish();
    Ok(found)
}

impl Dominators {
    /// The immediate dominator of an object.
    pub fn dominator(&self, node: NodeId) -> Dominator {
        match self.idom[node.index()] {
            ROOT => Dominator::Root,
            id => match self.threads.get((id as usize).wrapping_sub(self.idom.len())) {
                Some(&thread) => Dominator::Thread(thread),
                None => Dominator::Object(NodeId(id)),
            },
        }
    }

    /// The object that alone holds this one, if there is one.
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        match self.dominator(node) {
            Dominator::Object(parent) => Some(parent),
            _ => None,
        }
    }

    /// Bytes that would be freed with the object, its own included.
    pub fn retained(&self, node: NodeId) -> u64 {
        self.retained.get(node.index())
    }

    /// Threads with running frames, each with the bytes that only its frames hold.
    pub fn threads(&self) -> impl Iterator<Item = (TextId, u64)> + '_ {
        let of_threads = self.idom.len()..;
        self.threads.iter().copied().zip(of_threads.map(|at| self.retained.get(at)))
    }

    /// Bytes of all objects that are not refroots' own.
    pub fn total(&self, graph: &HeapGraph) -> u64 {
        graph.node_ids().filter(|&node| graph.is_shown(node)).map(|node| graph.size(node)).fold(0, u64::saturating_add)
    }

    /// The objects that an object immediately dominates (of `None`: those that nobody dominates), those
    /// that retain most first, then in heap order; refroots' own are left out. O(objects).
    pub fn dominated(&self, graph: &HeapGraph, by: Option<NodeId>) -> Vec<NodeId> {
        let wanted = by.map_or(ROOT, |node| node.0);
        let nodes = graph.node_ids().zip(&self.idom).filter(|&(node, &idom)| idom == wanted && graph.is_shown(node));
        let mut found: Vec<NodeId> = nodes.map(|(node, _)| node).collect();
        found.sort_by_key(|&node| std::cmp::Reverse(self.retained(node)));
        found
    }

    /// The column of immediate dominators: ids of nodes, of threads above them, or `u32::MAX`.
    pub(crate) fn column(&self) -> &[u32] {
        &self.idom
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch;

    fn ask(text: &str) -> Vec<(Dominator, u64)> {
        let graph = sketch::parse(text).unwrap();
        let found = dominators(&graph).unwrap();
        graph.node_ids().map(|node| (found.dominator(node), found.retained(node))).collect()
    }

    #[test]
    fn what_two_hold_is_retained_by_what_holds_both() {
        let found = ask("app: module 'app' root size=1
            app -> a
            app -> b
            a: list size=10
            a -> shared
            b: list size=20
            b -> shared
            b -> own
            shared: str size=300
            own: str size=4000");
        let expected = [
            (Dominator::Root, 4331),
            (Dominator::Object(NodeId(0)), 10),
            (Dominator::Object(NodeId(0)), 4020),
            (Dominator::Object(NodeId(0)), 300),
            (Dominator::Object(NodeId(2)), 4000),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn frames_of_one_thread_hold_together() {
        let text = "f: frame 'app.f:1' root synthetic size=0 thread=T
            f -> x
            g: frame 'app.g:1' root synthetic size=0 thread=T
            g -> x
            x: list size=5";
        let graph = sketch::parse(text).unwrap();
        let found = dominators(&graph).unwrap();
        assert!(matches!(found.dominator(NodeId(2)), Dominator::Thread(thread) if graph.text(thread) == "T"));
        assert_eq!(found.threads().map(|(_, size)| size).collect::<Vec<_>>(), [5]);
        let other = text.replace("app.g:1' root synthetic size=0 thread=T", "app.g:1' root synthetic size=0 thread=U");
        assert_eq!(ask(&other)[2].0, Dominator::Root);
    }

    #[test]
    fn garbage_hangs_by_its_heads_and_refroots_holds_nothing() {
        let found = ask("a: list size=1
            a -> b
            b: list size=2
            b -> a
            b -> c
            c: list size=4
            own: list internal
            own -> d
            d: list size=8
            e: list external=1 size=16
            e -> d");
        assert_eq!(found[0], (Dominator::Root, 7), "{found:?}");
        assert_eq!(found[1].0, Dominator::Object(NodeId(0)));
        assert_eq!((found[5].1, found[4]), (24, (Dominator::Object(NodeId(5)), 8)));
    }
}
