//! What came and what went between two heaps of one process, object by object.
//!
//! CPython keeps no birth dates, and gives addresses again. So each object of `after` is
//!
//! - *new*: before had no object of that type at its address, or (of an atom whose value is kept) one of
//!   another value, which atoms do not change;
//! - a *survivor*: before had one, and there is evidence that it is the same;
//! - *unsure*: before had one, and there is no such evidence.
//!
//! The evidence, of an object
//!
//! - that is never freed (immortal, a static type), or a root of the same kind and name (of a frame: of the
//!   same function): none is needed;
//! - that the collector tracks in both heaps: it *keeps its place in the collector's order*, that is, nothing
//!   that stood behind it before, and no tracked object at an address where before had nothing, stands
//!   before it now; and, where no mark (below) proves the order, one of the objects that held it before
//!   *holds it still*;
//! - that it does not track: one of its holders from before holds it still, and it refers to the same objects
//!   as before, in the same order, for what is not tracked mostly cannot change.
//!
//! A holder counts if it is a survivor, or keeps its place. The order is evidence because the collector
//! appends: new objects to the youngest generation, survivors to an older one, and what it moves
//! (`move_unreachable` in Modules/gcmodule.c, Python/gc.c) to the end; heap order is its order, oldest
//! generation first. Capture puts an object of its own behind the oldest generation, and one behind the
//! youngest, which proves as much while no full collection comes: what stands before such a [`Mark`] later
//! was there, and is the same.
//!
//! What this cannot see: an untracked object that was replaced, in a holder that survived, by an equal one
//! at the same address; and, without a mark (heaps that were dropped between, Python 3.14), tracked
//! ones that were replaced so and then collected before anything that stands at a new address, as a full
//! collection does with the youngest generation, which it puts before the middle one; and, with one, what
//! `gc.freeze()` has put before the oldest generation.
//!
//! What it need not tell is *unsure*: objects that were in the younger generations when before was captured
//! (none, after `gc.collect()`) and went through a full collection, and those that one has moved.

pub(crate) mod bits;
mod evidence;
mod growth;
mod join;

pub use growth::{Growth, add_retained, by_type};

use self::bits::Bits;
use self::growth::is_counted;
use self::join::NONE;
use crate::{AddressIndex, HeapGraph, NodeId, Stages};

/// Where `before` ends in the collector's order: addresses of tracked objects that were made when it had been
/// captured, that only something outside the graph holds, and that lived until `after` was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The one that was put behind the oldest generation.
    pub behind_oldest: u64,
    /// The one that stands behind everything, if the oldest generation was not collected since.
    pub behind_all: Option<u64>,
}

/// What happened between two heaps; refroots' own objects, and frames that are no objects, are left out.
#[derive(Clone, Debug)]
pub struct Diff {
    /// Objects that are new, in the heap order of `after`.
    pub new: Vec<NodeId>,
    /// Objects of before that are not there any more, in the heap order of `before`.
    pub gone: Vec<NodeId>,
    /// Objects of `after` at the address of one of the same type of which it cannot be told whether it is
    /// that one, in heap order.
    pub unsure: Vec<NodeId>,
    /// How many objects are the same as before.
    pub survivors: u64,
    survived: Bits,
}

impl Diff {
    /// Whether an object of `after` is the same as before.
    pub fn is_survivor(&self, node: NodeId) -> bool {
        self.survived.has(node)
    }
}

/// Compares two heaps of one process, the earlier one first.
///
/// O(objects + references); at the peak about 14 bytes an object beyond the heaps, of which the lists of the
/// answer are 4 for each object in them.
pub fn diff(before: &HeapGraph, after: &HeapGraph, mark: Option<Mark>) -> Diff {
    diff_in(before, after, mark, &Stages::default())
}

/// How far the comparison is, in percent, when addresses are joined, and when survivors are known.
const PARTS: [usize; 2] = [72, 96];

/// As [`diff`], and says how far it is: by its passes, each with its part of the time in percent.
pub(crate) fn diff_in(before: &HeapGraph, after: &HeapGraph, mark: Option<Mark>, stages: &Stages) -> Diff {
    stages.begin("comparing heaps", 100);
    let join = join::join(before, after);
    stages.reach(PARTS[0]);
    let survived = evidence::survivors(before, after, &join, mark);
    stages.reach(PARTS[1]);
    let (mut new, mut unsure, mut survivors) = (Vec::new(), Vec::new(), 0);
    for node in after.node_ids().filter(|&node| is_counted(after, node)) {
        if survived.has(node) {
            survivors += 1;
        } else if join.counterparts[node.index()] == NONE {
            new.push(node);
        } else {
            unsure.push(node);
        }
    }
    let gone = before.node_ids().filter(|&node| is_counted(before, node) && !join.matched.has(node)).collect();
    stages.finish();
    Diff { new, gone, unsure, survivors, survived }
}

/// Objects that are new in the second of three heaps and still there in the third, as nodes of the third, in
/// its heap order. `to_second` is the difference of the first and the second, `to_third` that of the second
/// and the third. O(objects of the third + log of the answer); 5 to 6 bytes an object of the third.
pub fn still_there(to_second: &Diff, to_third: &Diff, second: &HeapGraph, third: &HeapGraph) -> Vec<NodeId> {
    if to_second.new.is_empty() {
        return Vec::new();
    }
    let index = AddressIndex::new(third);
    let found = to_second.new.iter().filter_map(|&node| index.find(third, second.address(node)));
    let mut found: Vec<NodeId> = found.filter(|&node| to_third.is_survivor(node) && is_counted(third, node)).collect();
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests;
