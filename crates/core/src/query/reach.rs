//! What the roots reach and what they do not, garbage that waits for the collector; and what objects reach.

use petgraph::visit::{VisitMap, Visitable};

use super::anchors::{Tier, anchors, externals};
use super::definitions::{Definitions, is_running_frame};
use crate::visit::Visited;
use crate::{HeapGraph, NodeFlags, NodeId};

/// Objects that something outside the graph holds, in heap order; only those of which some references
/// are not explained by a place where they stand, where `unexplained` says so. O(objects).
pub fn held_from_outside(graph: &HeapGraph, unexplained: bool) -> Vec<NodeId> {
    let count = |&node: &NodeId| if unexplained { graph.unexplained(node) } else { graph.external(node) };
    graph.node_ids().filter(|node| graph.is_shown(*node) && count(node).is_some_and(|count| count > 0)).collect()
}

/// Objects that no root reaches, in heap order. Objects that something outside the graph holds count as
/// roots; so do immortal ones, which nothing frees. O(objects + references), one bit an object and the way.
pub fn garbage(graph: &HeapGraph) -> Vec<NodeId> {
    let is_garbage = unreached(graph);
    graph.node_ids().filter(|&node| is_garbage(node)).collect()
}

/// Whether an object is garbage in the sense of [`garbage`], for every object at once.
pub(crate) fn unreached(graph: &HeapGraph) -> impl Fn(NodeId) -> bool {
    let is_reached = reached(graph);
    move |node| !is_reached.is_visited(&node)
}

/// Whether no root reaches an object, as [`garbage`] means it. A search over referrers, which ends with the
/// first root. Cost: at most one look at each reference into the objects that lead to `node`, one bit an
/// object and the way.
pub fn is_garbage(graph: &HeapGraph, node: NodeId) -> bool {
    let mut met = graph.visit_map();
    met.visit(node);
    let mut order = vec![node];
    let mut next = 0;
    while let Some(&target) = order.get(next) {
        next += 1;
        if holds_itself(graph, target, graph.external(target)) {
            return false;
        }
        order.extend(graph.distinct_referrers(target).filter(|&source| met.visit(source)));
    }
    true
}

/// Whether an object is alive whoever refers to it, where so many references come from outside.
fn holds_itself(graph: &HeapGraph, node: NodeId, external: Option<u32>) -> bool {
    graph.root(node).is_some() || !graph.is_shown(node) || external != Some(0)
}

/// Objects that are alive: those that hold themselves, and what they reach.
fn reached(graph: &HeapGraph) -> Visited {
    let mut met = graph.visit_map();
    let mut waiting: Vec<u32> = Vec::new();
    for (start, external) in graph.node_ids().zip(externals(graph)) {
        if !holds_itself(graph, start, external) || !met.visit(start) {
            continue;
        }
        waiting.push(start.0);
        while let Some(node) = waiting.pop() {
            for &target in graph.referents(NodeId(node)) {
                if met.visit(NodeId(target)) {
                    waiting.push(target);
                }
            }
        }
    }
    met
}

/// Bytes that would be freed with all of these objects together: those that nothing else keeps alive, their own
/// included. What nothing keeps alive anyway does not count, nor that a call has one as an argument.
/// O(objects + references), two bytes an object.
pub fn retained_together(graph: &HeapGraph, nodes: &[NodeId]) -> u64 {
    let anchors = anchors(graph);
    let mut all = Kept::without(graph, &[]);
    for anchor in anchors.lasting() {
        all.follow(anchor);
    }
    let operands = anchors.of(Tier::Operand).iter().copied().filter(|&operand| all.follow(operand)).collect::<Vec<_>>();
    let mut rest = Kept::without(graph, nodes);
    for anchor in anchors.lasting().chain(operands) {
        rest.follow(anchor);
    }
    all.size.saturating_sub(rest.size)
}

/// What stays alive.
struct Kept<'a> {
    graph: &'a HeapGraph,
    /// Objects that were met, and those that are left out.
    is_met: Vec<bool>,
    /// Bytes of those that were met.
    size: u64,
    waiting: Vec<NodeId>,
}

impl<'a> Kept<'a> {
    fn without(graph: &'a HeapGraph, nodes: &[NodeId]) -> Self {
        let mut is_met = vec![false; graph.node_count()];
        for node in nodes {
            is_met[node.index()] = true;
        }
        Self { graph, is_met, size: 0, waiting: Vec::new() }
    }

    /// Meets all that an object reaches, and says whether it was not met before.
    fn follow(&mut self, start: NodeId) -> bool {
        let is_new = self.meet(start);
        while let Some(node) = self.waiting.pop() {
            for &target in self.graph.referents(node) {
                self.meet(NodeId(target));
            }
        }
        is_new
    }

    fn meet(&mut self, node: NodeId) -> bool {
        let is_new = self.graph.is_shown(node) && !std::mem::replace(&mut self.is_met[node.index()], true);
        if is_new {
            self.size = self.size.saturating_add(self.graph.size(node));
            self.waiting.push(node);
        }
        is_new
    }
}

/// What objects reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// How many objects, those that it begins with among them.
    pub count: u64,
    /// Their shallow sizes, added, in bytes.
    pub size: u64,
}

/// Counts what some objects reach, themselves among it.
///
/// Through its class every object reaches the whole process. So the search ends at modules, classes, code
/// and their namespaces, the globals of functions, and running frames, and counts none of them, unless
/// `through_definitions` says to. A start is counted and followed whatever it is; of a module or a class
/// also its namespace is. refroots' own objects are left out. Cost: one look at each reference of what is
/// reached, two bits an object and the way.
pub fn reachable_size(graph: &HeapGraph, starts: &[NodeId], through_definitions: bool) -> Reach {
    let definitions = (!through_definitions).then(|| Definitions::of(graph));
    let ends = |node| definitions.as_ref().is_some_and(|all| all.contains(node) || is_running_frame(graph, node));
    let mut met = graph.visit_map();
    let mut waiting: Vec<NodeId> = Vec::new();
    for &start in starts.iter().filter(|start| graph.is_shown(**start)) {
        if met.visit(start) {
            waiting.push(start);
        }
        if definitions.as_ref().is_some_and(|all| all.contains(start)) {
            let namespace = graph.references_from(start).find(|reference| reference.text(graph) == Some("__dict__"));
            waiting.extend(namespace.map(|reference| reference.target).filter(|&dict| met.visit(dict)));
        }
    }
    let mut reach = Reach::default();
    while let Some(node) = waiting.pop() {
        if !graph.flags(node).contains(NodeFlags::SYNTHETIC) {
            reach.count += 1;
            reach.size += graph.size(node);
        }
        for target in graph.referents(node).iter().copied().map(NodeId) {
            if graph.is_shown(target) && !met.is_visited(&target) && !ends(target) {
                met.visit(target);
                waiting.push(target);
            }
        }
    }
    reach
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch;

    #[test]
    fn reach_ends_at_definitions_unless_it_begins_there() {
        let graph = sketch::parse(
            "one: app.Node size=1
             one -> class .__class__
             one -> f .callback
             f: function 'app.f' size=10
             f -> names .__globals__
             f -> code .__code__
             f -> cell .__closure__
             code: code 'app.f' size=100
             cell: cell size=1000
             class: type 'app.Node' size=10000
             class -> class_dict .__dict__
             class_dict: dict namespace size=100000
             class_dict -> f .f
             names: dict namespace size=1000000
             names -> one .one
             app: module 'app' root
             app -> names .__dict__
             frame: frame 'app.main:3' synthetic size=7
             frame -> one local one
             own: list internal
             own -> frame [0]
             cell -> frame <x>
             cell -> own <y>",
        )
        .unwrap();
        let reach = |start: u32, through| {
            let reach = reachable_size(&graph, &[NodeId(start), NodeId(start)], through);
            (reach.count, reach.size)
        };
        assert_eq!(reach(0, false), (3, 1011));
        assert_eq!(reach(4, false), (4, 111_010));
        assert_eq!(reach(8, false), (3, 1011), "a frame is followed from and is no object");
        assert_eq!(reach(0, true), (7, 1_111_111));
        assert_eq!(reach(9, false), (0, 0));
        assert_eq!(reachable_size(&graph, &[], true), Reach::default());
    }

    #[test]
    fn one_object_is_garbage_as_among_all() {
        let graph = sketch::parse(
            "a: list\nb: list\na -> b\nb -> a\nb -> c\nc: list\nd: list external=1\nd -> e\ne: list\nf: module 'f' root\nf -> g
             g: list\nh: list internal\nh -> i\ni: list\nj: list immortal",
        )
        .unwrap();
        let expected: Vec<NodeId> = graph.node_ids().filter(|&node| is_garbage(&graph, node)).collect();
        assert_eq!(garbage(&graph), expected);
        assert_eq!(expected, [0, 1, 2].map(NodeId));
    }
}
