//! Which objects weak references refer to: a table beside the references, because they keep nothing alive.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::Error;

/// Weak reference objects and their referents. 12 bytes each.
#[derive(Clone, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct WeakTable {
    /// Each weak reference object once, with its referent, ascending.
    pairs: Vec<(u32, u32)>,
    /// Places in `pairs` by referent, those of one referent ascending.
    by_referent: Vec<u32>,
}

impl WeakTable {
    /// The table of pairs, each weak reference object once and ascending. O(n log n).
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(crate) fn of(pairs: Vec<(u32, u32)>) -> Result<Self, Error> {
        let mut by_referent = Vec::new();
        by_referent.try_reserve_exact(pairs.len()).map_err(|_| Error::OutOfMemory(4 * pairs.len()))?;
        by_referent.extend(0..pairs.len() as u32);
        by_referent.sort_unstable_by_key(|&at| (pairs[at as usize].1, at));
        Ok(Self { pairs, by_referent })
    }

    pub(crate) fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    /// What a weak reference object refers to; `None` of other objects, and where the referent is gone.
    pub(crate) fn referent(&self, node: u32) -> Option<u32> {
        let at = self.pairs.binary_search_by_key(&node, |&(reference, _)| reference).ok()?;
        Some(self.pairs[at].1)
    }

    /// The weak reference objects that refer to a node, ascending.
    pub(crate) fn referrers(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let pair = |&at: &u32| self.pairs[at as usize];
        let start = self.by_referent.partition_point(|at| pair(at).1 < node);
        self.by_referent[start..]
            .iter()
            .map(pair)
            .take_while(move |&(_, referent)| referent == node)
            .map(|(reference, _)| reference)
    }

    /// Bytes that the table takes.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.pairs.capacity() * 8 + self.by_referent.capacity() * 4
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_directions_say_the_same(referents in prop::collection::btree_map(0..50_u32, 0..50_u32, 0..40)) {
            let table = WeakTable::of(referents.clone().into_iter().collect()).unwrap();
            for node in 0..60 {
                prop_assert_eq!(table.referent(node), referents.get(&node).copied());
                let expected: Vec<u32> = referents.iter().filter(|pair| *pair.1 == node).map(|pair| *pair.0).collect();
                prop_assert_eq!(table.referrers(node).collect::<Vec<_>>(), expected);
            }
        }
    }
}
