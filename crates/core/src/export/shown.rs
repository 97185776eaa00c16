//! The nodes that an export shows, numbered without gaps.

use crate::{HeapGraph, NodeId};

/// Which nodes are shown, and how many before each: 1.5 bits a node.
pub(super) struct Shown {
    words: Vec<u64>,
    /// Shown nodes before each word.
    before: Vec<u32>,
    count: usize,
    is_all: bool,
}

impl Shown {
    /// O(objects).
    pub(super) fn of(graph: &HeapGraph) -> Self {
        let mut words = vec![0_u64; graph.node_count().div_ceil(64)];
        for node in graph.node_ids().filter(|&node| graph.is_shown(node)) {
            words[node.index() / 64] |= 1 << (node.index() % 64);
        }
        let mut count = 0;
        let before = words
            .iter()
            .map(|word| {
                let so_far = count;
                count += word.count_ones();
                so_far
            })
            .collect();
        Self { words, before, count: count as usize, is_all: count as usize == graph.node_count() }
    }

    /// How many nodes are shown.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    #[inline]
    pub(super) fn contains(&self, node: u32) -> bool {
        self.words[node as usize / 64] & 1 << (node % 64) != 0
    }

    /// How many shown nodes stand before this one.
    #[inline]
    pub(super) fn rank(&self, node: u32) -> u32 {
        if self.is_all {
            return node;
        }
        let at = node as usize / 64;
        self.before[at] + (self.words[at] & ((1 << (node % 64)) - 1)).count_ones()
    }

    /// The shown nodes in heap order.
    pub(super) fn nodes<'a>(&'a self, graph: &HeapGraph) -> impl Iterator<Item = NodeId> + use<'a> {
        graph.node_ids().filter(|node| self.contains(node.0))
    }

    /// How many references a shown node holds to shown ones. O(references of it).
    #[inline]
    pub(super) fn references(&self, graph: &HeapGraph, node: NodeId) -> usize {
        let targets = graph.referents(node);
        if self.is_all { targets.len() } else { targets.iter().filter(|&&target| self.contains(target)).count() }
    }
}
