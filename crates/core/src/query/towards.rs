//! What a search over referrers has met: for each object, the one that it leads to.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::NodeId;

/// Entries from which on a column for all objects is faster than a map of those that were met. Most searches
/// end after some hundred, and a column's fresh memory would cost them a millisecond.
const MANY: usize = 1 << 14;

/// A map from objects to objects that becomes a column when it grows.
pub(crate) struct Towards {
    few: HashMap<u32, u32, FxBuildHasher>,
    /// 1 + the object, 0 for none. Empty while there are few.
    column: Vec<u32>,
    nodes: usize,
}

impl Towards {
    /// An empty map for a graph of so many nodes.
    pub(crate) fn new(nodes: usize) -> Self {
        Self { few: HashMap::default(), column: Vec::new(), nodes }
    }

    #[inline]
    pub(crate) fn get(&self, node: NodeId) -> Option<NodeId> {
        if self.column.is_empty() {
            return self.few.get(&node.0).map(|&next| NodeId(next));
        }
        self.column[node.index()].checked_sub(1).map(NodeId)
    }

    #[inline]
    pub(crate) fn contains(&self, node: NodeId) -> bool {
        self.get(node).is_some()
    }

    #[inline]
    pub(crate) fn set(&mut self, node: NodeId, next: NodeId) {
        if !self.column.is_empty() {
            self.column[node.index()] = next.0 + 1;
            return;
        }
        self.few.insert(node.0, next.0);
        if self.few.len() > MANY {
            // Zeroed memory costs no pass.
            self.column = vec![0; self.nodes];
            for (node, next) in self.few.drain() {
                self.column[node as usize] = next + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_told_alike() {
        let mut towards = Towards::new(4 * MANY);
        for node in 0..2 * MANY as u32 {
            towards.set(NodeId(node), NodeId(node / 2));
        }
        towards.set(NodeId(7), NodeId(0));
        assert!(!towards.column.is_empty());
        assert_eq!([5, 7, 2 * MANY as u32].map(|node| towards.get(NodeId(node))), [Some(NodeId(2)), Some(NodeId(0)), None]);
    }
}
