//! The ids of a heap's objects that stay theirs in a later heap: V8's readers compare two snapshots by them.

use crate::query::diff::Diff;
use crate::{AddressIndex, HeapGraph, NodeId};

/// An id for each object of a heap: its ordinal, or the one that it had in an earlier heap. 4 bytes an object
/// of a later heap.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    /// Empty where ids are ordinals.
    of: Vec<u32>,
    /// The lowest id that no object had.
    next: u32,
}

impl Ids {
    /// The ordinals of a heap.
    pub fn ordinals(graph: &HeapGraph) -> Self {
        Self { of: Vec::new(), next: graph.node_count() as u32 }
    }

    /// The ids of a later heap of the same process: what was there `before` keeps its id, and what is new has one
    /// that no object had. What may be the same (`change.unsure`) counts as the same. O(objects), and 10 bytes an
    /// object.
    #[must_use]
    pub fn continued(&self, before: &HeapGraph, after: &HeapGraph, change: &Diff) -> Self {
        let known = AddressIndex::new(before);
        let mut next = self.next;
        let mut new = change.new.iter().copied().peekable();
        let of = after
            .node_ids()
            .map(|node| {
                let same = if new.next_if_eq(&node).is_some() { None } else { known.find(before, after.address(node)) };
                same.map_or_else(
                    || {
                        next = next.saturating_add(1);
                        next - 1
                    },
                    |same| self.get(same),
                )
            })
            .collect();
        Self { of, next }
    }

    /// The id of an object.
    #[inline]
    pub fn get(&self, node: NodeId) -> u32 {
        self.of.get(node.index()).copied().unwrap_or(node.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::diff::diff;
    use crate::sketch;

    #[test]
    fn what_stays_keeps_its_id_and_nothing_takes_over_another_one() {
        let heap = |text: &str| sketch::parse(text).unwrap();
        let first = heap("app: module 'app' root at=100\napp -> a\na: list at=200\napp -> b\nb: app.Foo at=300");
        let second = heap("app: module 'app' root at=100\napp -> c\nc: app.Bar at=300\napp -> a\na: list at=200");
        let third = heap("d: dict at=300\napp: module 'app' root at=100\napp -> a\na: list at=200\napp -> d");
        let ids = |ids: &Ids, graph: &HeapGraph| graph.node_ids().map(|node| ids.get(node)).collect::<Vec<_>>();
        let one = Ids::ordinals(&first);
        let two = one.continued(&first, &second, &diff(&first, &second, None));
        let three = two.continued(&second, &third, &diff(&second, &third, None));
        assert_eq!(ids(&one, &first), [0, 1, 2]);
        assert_eq!(ids(&two, &second), [0, 3, 1]);
        assert_eq!(ids(&three, &third), [4, 0, 1]);
    }
}
