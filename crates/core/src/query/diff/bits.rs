//! One bit a node.

use crate::NodeId;

/// A set of nodes of one graph.
#[derive(Clone, Debug)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// An empty set, for a graph of so many nodes.
    pub(crate) fn of(nodes: usize) -> Self {
        Self(vec![0; nodes.div_ceil(64)])
    }

    #[inline]
    pub(crate) fn has(&self, node: NodeId) -> bool {
        self.0[node.index() / 64] & (1 << (node.0 % 64)) != 0
    }

    /// Adds a node; whether it is new here.
    #[inline]
    pub(crate) fn add(&mut self, node: NodeId) -> bool {
        let word = &mut self.0[node.index() / 64];
        let was = *word;
        *word |= 1 << (node.0 % 64);
        *word != was
    }
}
