//! The dominator tree as lists of children, and what walks over it give: retained sizes of whole groups,
//! heaviest children, accumulation points.

use crate::query::dominators::Dominators;
use crate::{HeapGraph, NodeId};

/// Children of each node of a dominator tree, in heap order. 8 bytes an object.
pub(crate) struct DominatorTree {
    starts: Vec<u32>,
    children: Vec<u32>,
}

impl DominatorTree {
    /// Lists the children by a counting sort. O(objects).
    pub(crate) fn new(dominators: &Dominators) -> Self {
        let column = dominators.column();
        // Threads follow the nodes, and the virtual root comes last.
        let root = column.len() + dominators.threads().count();
        let place = |idom: u32| (idom as usize).min(root);
        let mut starts = vec![0_u32; root + 2];
        for &idom in column {
            starts[place(idom) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut children = vec![0_u32; column.len()];
        // Filled from the last to the first, so that `starts` ends where it has to begin.
        for (node, &idom) in column.iter().enumerate().rev() {
            let end = &mut starts[place(idom) + 1];
            *end -= 1;
            children[*end as usize] = node as u32;
        }
        starts.remove(0);
        starts.push(column.len() as u32);
        Self { starts, children }
    }

    /// The nodes that `id` immediately dominates; threads come after the nodes, then the virtual root.
    fn below(&self, id: usize) -> &[u32] {
        &self.children[self.starts[id] as usize..self.starts[id + 1] as usize]
    }

    /// The nodes that no object dominates: those of each thread, then those that nobody dominates.
    pub(crate) fn tops(&self) -> impl Iterator<Item = NodeId> + '_ {
        (self.children.len()..self.starts.len() - 1).flat_map(|id| self.below(id)).map(|&node| NodeId(node))
    }

    pub(crate) fn children(&self, node: NodeId) -> &[u32] {
        self.below(node.index())
    }
}

/// Bytes that the members of each group retain together, as far as single members do: a member below
/// another of its group adds nothing. `key` gives the group of a node, below `groups`. O(objects), and 8
/// bytes an object.
pub(crate) fn retained_by_group(
    graph: &HeapGraph,
    dominators: &Dominators,
    groups: usize,
    key: impl Fn(NodeId) -> Option<usize>,
) -> Vec<u64> {
    /// Says that a node's subtree has been left.
    const LEAVE: u32 = 1 << 31;
    let tree = DominatorTree::new(dominators);
    let mut retained = vec![0_u64; groups];
    let mut above = vec![0_u32; groups];
    let mut waiting: Vec<u32> = Vec::new();
    for id in graph.node_count()..tree.starts.len() - 1 {
        waiting.extend(tree.below(id));
        while let Some(id) = waiting.pop() {
            let node = NodeId(id & !LEAVE);
            let Some(group) = key(node) else {
                waiting.extend(tree.children(node));
                continue;
            };
            if id & LEAVE != 0 {
                above[group] -= 1;
                continue;
            }
            if above[group] == 0 {
                retained[group] = retained[group].saturating_add(dominators.retained(node));
            }
            let children = tree.children(node);
            if !children.is_empty() {
                above[group] += 1;
                waiting.push(id | LEAVE);
                waiting.extend(children);
            }
        }
    }
    retained
}

/// The child that retains most of each node: `u32::MAX` for none. O(objects).
pub(crate) fn heaviest_children(graph: &HeapGraph, dominators: &Dominators) -> Vec<u32> {
    let mut heaviest = vec![u32::MAX; graph.node_count()];
    for node in graph.node_ids() {
        if let Some(parent) = dominators.parent(node) {
            let known = &mut heaviest[parent.index()];
            if *known == u32::MAX || dominators.retained(node) > dominators.retained(NodeId(*known)) {
                *known = node.0;
            }
        }
    }
    heaviest
}

/// Part of what a node retains that its heaviest child must retain for the way to go on (as in Eclipse MAT).
const STEEP: f64 = 0.7;
/// Steps after which a way is taken for one along a linked list.
const LONG: usize = 64;

/// Where what `start` retains falls steeply: its descendant from which no single child retains 0.7 of it.
/// Along a linked list it falls slowly: there the head is the answer. O(steps).
pub(crate) fn accumulation_point(graph: &HeapGraph, dominators: &Dominators, heaviest: &[u32], start: NodeId) -> NodeId {
    let mut at = start;
    let mut head = None;
    let mut last_types = [None; 3];
    for steps in 0.. {
        let child = NodeId(heaviest[at.index()]);
        if child.0 == u32::MAX || (dominators.retained(child) as f64) < STEEP * dominators.retained(at) as f64 {
            return if steps > LONG { head.unwrap_or(at) } else { at };
        }
        let of_type = Some(graph.type_of(at));
        if head.is_none() && last_types.contains(&of_type) {
            head = Some(at);
        } else if !last_types.contains(&of_type) {
            head = None;
        }
        last_types[steps % 3] = of_type;
        at = child;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::dominators::dominators;
    use crate::sketch;

    #[test]
    fn members_below_one_another_count_once() {
        let graph = sketch::parse(
            "app: module 'app' root size=1
             app -> a
             a: app.A size=10
             a -> b
             b: app.B size=100
             b -> c
             c: app.A size=1000
             app -> d
             d: app.A size=10000",
        )
        .unwrap();
        let found = dominators(&graph).unwrap();
        let names = ["app.A", "app.B"];
        let key = |node| names.iter().position(|&name| graph.type_name(graph.type_of(node)) == name);
        assert_eq!(retained_by_group(&graph, &found, 2, key), [11110, 1100]);
    }

    #[test]
    fn retained_size_falls_at_the_accumulation_point() {
        let mut text = String::from("app: module 'app' root\napp -> d\nd: dict\nd -> l\nl: list\n");
        for i in 0..10 {
            text += &format!("l -> x{i} [{i}]\nx{i}: app.X size=100\n");
        }
        let graph = sketch::parse(&text).unwrap();
        let found = dominators(&graph).unwrap();
        let heaviest = heaviest_children(&graph, &found);
        assert_eq!(accumulation_point(&graph, &found, &heaviest, NodeId(0)), NodeId(2));
        let mut list = String::from("app: module 'app' root\napp -> x0\n");
        for i in 0..1000 {
            list += &format!("x{i}: app.X\nx{i} -> x{}\n", i + 1);
        }
        let graph = sketch::parse(&(list + "x1000: app.X")).unwrap();
        let found = dominators(&graph).unwrap();
        let heaviest = heaviest_children(&graph, &found);
        assert!(accumulation_point(&graph, &found, &heaviest, NodeId(0)).0 < 5);
    }
}
