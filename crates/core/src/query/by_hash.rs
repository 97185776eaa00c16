//! Nodes that are equal to others, found by the hashes of their values: in parts by the first bits of those, on several
//! threads.

use std::mem;
use std::sync::{Mutex, PoisonError};

use crate::NodeId;
use crate::parallel::{in_parts, threads_for};

/// A node by its value's hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hashed {
    hash: u32,
    pub(super) node: u32,
    /// Where an atom's value stands.
    pub(super) place: u32,
}

impl Hashed {
    pub(super) fn new(hash: u64, node: NodeId, place: u32) -> Self {
        Self { hash: (hash ^ hash >> 32) as u32, node: node.0, place }
    }
}

/// Nodes in parts by the first bits of their hashes. A part stays in the processor's cache while it is put in order.
pub(super) struct ByHash(Vec<Vec<Hashed>>);

const PART_BITS: u32 = 8;
/// Nodes from which on another thread is worth its start.
const WORTH_A_THREAD: usize = 1 << 17;

impl Default for ByHash {
    fn default() -> Self {
        Self(vec![Vec::new(); 1 << PART_BITS])
    }
}

impl ByHash {
    #[inline]
    pub(super) fn push(&mut self, hashed: Hashed) {
        self.0[(hashed.hash >> (u32::BITS - PART_BITS)) as usize].push(hashed);
    }
}

/// Calls `found` with each node that is equal to one before it, and the first such one, until `goes_on` says no. Both are
/// called by several threads. `hashed` has the nodes in any number of pieces, each node once.
pub(super) fn each_equal<T: Ord>(
    hashed: Vec<ByHash>,
    goes_on: &(dyn Fn() -> bool + Sync),
    value: impl Fn(&Hashed) -> T + Sync,
    found: impl Fn(u32, u32) + Sync,
) {
    let count: usize = hashed.iter().flat_map(|piece| &piece.0).map(Vec::len).sum();
    let pieces: Vec<Mutex<ByHash>> = hashed.into_iter().map(Mutex::new).collect();
    let threads = threads_for(count, WORTH_A_THREAD);
    in_parts(threads, |thread| {
        for part in (thread..1 << PART_BITS).step_by(threads) {
            if !goes_on() {
                return;
            }
            let mut whole = Vec::new();
            for piece in &pieces {
                let own = mem::take(&mut piece.lock().unwrap_or_else(PoisonError::into_inner).0[part]);
                if whole.is_empty() {
                    whole = own;
                } else {
                    whole.extend(own);
                }
            }
            each_equal_of(whole, &value, &found);
        }
    });
}

fn each_equal_of<T: Ord>(mut hashed: Vec<Hashed>, value: &impl Fn(&Hashed) -> T, found: &impl Fn(u32, u32)) {
    hashed.sort_unstable();
    for run in hashed.chunk_by_mut(|a, b| a.hash == b.hash).filter(|run| run.len() > 1) {
        let mut first = run[0];
        let mut first_value = value(&first);
        if run[1..].iter().all(|other| value(other) == first_value) {
            run[1..].iter().for_each(|other| found(other.node, first.node));
            continue;
        }
        run.sort_unstable_by(|a, b| value(a).cmp(&value(b)).then(a.cmp(b)));
        for (at, entry) in run.iter().enumerate() {
            let own = value(entry);
            if at > 0 && own == first_value {
                found(entry.node, first.node);
            } else {
                (first, first_value) = (*entry, own);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_and_threads_change_nothing() {
        let nodes = 3 * WORTH_A_THREAD as u32;
        // Of each value some nodes, and of each hash some values.
        let value = |node: u32| node.wrapping_mul(2_654_435_761) % 50_000;
        let hash = |node: u32| u64::from(value(node) % 30_000) * 0x9E37_79B1;
        let found_in = |pieces: u32| {
            let mut hashed: Vec<ByHash> = (0..pieces).map(|_| ByHash::default()).collect();
            for node in 0..nodes {
                hashed[(node / (nodes / pieces + 1)) as usize].push(Hashed::new(hash(node), NodeId(node), 0));
            }
            let found = Mutex::new(Vec::new());
            each_equal(hashed, &|| true, |entry| value(entry.node), |node, first| found.lock().unwrap().push((node, first)));
            let mut found = found.into_inner().unwrap();
            found.sort_unstable();
            found
        };
        let mut firsts = vec![u32::MAX; 50_000];
        let mut expected = Vec::new();
        for node in 0..nodes {
            let first = &mut firsts[value(node) as usize];
            if *first == u32::MAX {
                *first = node;
            } else {
                expected.push((node, *first));
            }
        }
        assert_eq!(found_in(1), expected);
        assert_eq!(found_in(3), expected);
        let none = Mutex::new(0);
        let mut one = ByHash::default();
        one.push(Hashed::new(1, NodeId(0), 0));
        one.push(Hashed::new(1, NodeId(1), 0));
        each_equal(vec![one], &|| false, |_| 0, |_, _| *none.lock().unwrap() += 1);
        assert_eq!(none.into_inner().unwrap(), 0);
    }

    #[test]
    fn different_values_of_one_hash_are_told_apart() {
        let found = Mutex::new(Vec::new());
        let entries = [(5, 4), (5, 1), (5, 2), (5, 3), (9, 7), (5, 0)].map(|(hash, node)| Hashed { hash, node, place: 0 });
        each_equal_of(entries.to_vec(), &|entry| entry.node % 2, &|node, first| found.lock().unwrap().push((node, first)));
        let mut found = found.into_inner().unwrap();
        found.sort_unstable();
        assert_eq!(found, [(2, 0), (3, 1), (4, 0)]);
    }
}
