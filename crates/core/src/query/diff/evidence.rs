//! Which objects are the same as before: their place in the collector's order, and who holds them still.

use super::Mark;
use super::bits::Bits;
use super::join::{Join, NONE, function_of};
use crate::{HeapGraph, NodeFlags, NodeId, Root, RootKind};

/// References of one object that are compared one by one with those that it had.
const FEW: usize = 16;

/// The nodes of after that are the same objects as their counterparts. O(objects + references); 4 bytes an
/// object of before, and at most as many of after.
pub(super) fn survivors(before: &HeapGraph, after: &HeapGraph, join: &Join, mark: Option<Mark>) -> Bits {
    let Places { in_place, is_proof } = places(before, after, join, mark);
    let mut search = Search {
        before,
        after,
        join,
        // Where the order is proof, what is in place needs no holder.
        survivors: if is_proof { in_place.clone() } else { Bits::of(after.node_count()) },
        in_place,
        refused: Bits::of(after.node_count()),
        waiting: Vec::new(),
        stamps: Vec::new(),
    };
    search.begin();
    for node in after.node_ids() {
        // What is in place holds others, whether or not somebody who holds it was found yet.
        if search.in_place.has(node) {
            search.follow(node);
        }
        while let Some(node) = search.waiting.pop() {
            search.follow(NodeId(node));
        }
    }
    search.survivors
}

struct Places {
    in_place: Bits,
    /// Whether the mark, and nothing else that is new, stands behind them.
    is_proof: bool,
}

/// Objects that keep their places in the collector's order, in one pass over it: the collector appends what is
/// new, and what it moves, so that an object is in place where nothing that is new for certain, and nothing
/// that stood behind it before, stands before it now.
fn places(before: &HeapGraph, after: &HeapGraph, join: &Join, mark: Option<Mark>) -> Places {
    let mut places = Places { in_place: Bits::of(after.node_count()), is_proof: false };
    let is_tracked = |graph: &HeapGraph, node: NodeId| graph.flags(node).contains(NodeFlags::TRACKED);
    let is_in_both = |node: NodeId, old: u32| old != NONE && is_tracked(before, NodeId(old)) && after.is_shown(node);
    // While no full collection came, all that stands before this mark was there, whatever else was put behind the
    // oldest generation meanwhile: marks of other heaps.
    let behind_all = mark.and_then(|mark| after.at_address(mark.behind_all?)).filter(|&mark| join.fresh.has(mark));
    if let Some(behind_all) = behind_all {
        for node in after.node_ids().take(behind_all.index()).filter(|&node| is_tracked(after, node)) {
            if is_in_both(node, join.counterparts[node.index()]) {
                places.in_place.add(node);
            }
        }
        places.is_proof = true;
        return places;
    }
    let mut next = 0;
    for node in after.node_ids().filter(|&node| is_tracked(after, node)) {
        if join.fresh.has(node) {
            places.is_proof = Some(after.address(node)) == mark.map(|mark| mark.behind_oldest);
            break;
        }
        let old = join.counterparts[node.index()];
        if old >= next && old != NONE && is_tracked(before, NodeId(old)) {
            next = old + 1;
            if is_in_both(node, old) {
                places.in_place.add(node);
            }
        }
    }
    places
}

struct Search<'a> {
    before: &'a HeapGraph,
    after: &'a HeapGraph,
    join: &'a Join,
    in_place: Bits,
    survivors: Bits,
    /// Objects without a place whose contents were looked at and are others.
    refused: Bits,
    /// Survivors without a place whose references are yet to be followed.
    waiting: Vec<u32>,
    /// For each node of before 1 + the holder (of after) that was last seen to hold it then.
    stamps: Vec<u32>,
}

impl Search<'_> {
    /// Survivors that need no holder: what is never freed, and roots that are what they were.
    fn begin(&mut self) {
        let never_freed = |old: NodeId| {
            let flags = self.before.flags(old);
            flags.contains(NodeFlags::IMMORTAL) && !flags.contains(NodeFlags::SYNTHETIC) || flags.contains(NodeFlags::STATIC)
        };
        for node in self.after.node_ids() {
            let old = self.join.counterparts[node.index()];
            if old != NONE && self.after.is_shown(node) && never_freed(NodeId(old)) {
                self.begin_with(node);
            }
        }
        for root in self.after.roots() {
            let old = self.join.counterparts[root.node.index()];
            let was = self.before.root(NodeId(old)).filter(|_| old != NONE);
            if was.is_some_and(|was| self.is_same_root(was, root)) {
                self.begin_with(root.node);
            }
        }
    }

    fn begin_with(&mut self, node: NodeId) {
        // What is in place is followed in its turn.
        if self.survivors.add(node) && !self.in_place.has(node) {
            self.waiting.push(node.0);
        }
    }

    fn is_same_root(&self, was: &Root, root: &Root) -> bool {
        was.kind == root.kind
            && match root.kind {
                RootKind::Frame => function_of(self.before, was.node) == function_of(self.after, root.node),
                _ => self.before.text(was.name) == self.after.text(root.name),
            }
    }

    /// Finds what a holder held before and holds still.
    fn follow(&mut self, holder: NodeId) {
        let (before, after, join) = (self.before, self.after, self.join);
        let old = NodeId(join.counterparts[holder.index()]);
        let (had, has) = (before.referents(old), after.referents(holder));
        let is_at = |at: usize| had.get(at) == Some(&join.counterparts[has[at] as usize]);
        let mut moved = 0;
        for (at, &target) in has.iter().enumerate() {
            if is_at(at) {
                self.hold(NodeId(target));
            } else {
                moved += usize::from(join.counterparts[target as usize] != NONE);
            }
        }
        if moved == 0 {
            return;
        }
        let is_few = moved.min(had.len()) <= FEW && had.len() <= FEW * FEW;
        if !is_few {
            self.stamps.resize(before.node_count(), 0);
            for &target in had {
                self.stamps[target as usize] = holder.0 + 1;
            }
        }
        for (at, &target) in has.iter().enumerate() {
            let counterpart = join.counterparts[target as usize];
            if counterpart == NONE || is_at(at) {
                continue;
            }
            let was_held = if is_few { had.contains(&counterpart) } else { self.stamps[counterpart as usize] == holder.0 + 1 };
            if was_held {
                self.hold(NodeId(target));
            }
        }
    }

    /// An object that one of its holders holds still.
    fn hold(&mut self, node: NodeId) {
        if self.survivors.has(node) || !self.after.is_shown(node) {
            return;
        }
        if self.in_place.has(node) {
            self.survivors.add(node);
        } else if !self.refused.has(node) && !self.after.flags(node).contains(NodeFlags::SYNTHETIC) {
            if self.has_place(node) || !self.holds_the_same(node) {
                self.refused.add(node);
            } else {
                self.survivors.add(node);
                self.waiting.push(node.0);
            }
        }
    }

    /// Whether the collector knew the object before and knows it now.
    fn has_place(&self, node: NodeId) -> bool {
        let old = NodeId(self.join.counterparts[node.index()]);
        self.after.flags(node).contains(NodeFlags::TRACKED) && self.before.flags(old).contains(NodeFlags::TRACKED)
    }

    /// Whether an object refers to what it referred to, in the same order.
    fn holds_the_same(&self, node: NodeId) -> bool {
        let old = NodeId(self.join.counterparts[node.index()]);
        let (had, has) = (self.before.referents(old), self.after.referents(node));
        had.len() == has.len() && had.iter().zip(has).all(|(&had, &has)| self.join.counterparts[has as usize] == had)
    }
}
