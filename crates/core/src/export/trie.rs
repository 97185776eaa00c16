//! Stacks that share their beginnings, with the bytes of each: bounded in depth and in number.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// Frames of the longest stack; what is deeper stands below its end.
const MOST_FRAMES: u32 = 128;
/// Stacks from which on no new one is begun.
const MOST_STACKS: usize = 1 << 20;
/// Stacks of an output: those with the most bytes.
const MOST_LINES: usize = 50_000;

/// A frame that stands for what is cut off below its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Frame<F> {
    /// One that the caller knows.
    Own(F),
    /// What is too deep.
    Deeper,
    /// What are too many.
    More,
}

struct Stack<F> {
    parent: u32,
    frame: Frame<F>,
    depth: u32,
    own: u64,
}

/// Says that there is no parent.
pub(super) const TOP: u32 = u32::MAX;

/// Stacks by ordinal, each after its parent. About 45 bytes a distinct stack.
pub(super) struct Trie<F> {
    stacks: Vec<Stack<F>>,
    lookup: HashTable<u32>,
}

impl<F: Copy + Eq + std::hash::Hash> Trie<F> {
    pub(super) fn new() -> Self {
        Self { stacks: Vec::new(), lookup: HashTable::new() }
    }

    /// The stack that has one frame more.
    pub(super) fn below(&mut self, parent: u32, frame: F) -> u32 {
        let mut depth = 1;
        let mut wanted = Frame::Own(frame);
        if let Some(stack) = self.stacks.get(parent as usize) {
            if !matches!(stack.frame, Frame::Own(_)) {
                return parent;
            }
            depth = stack.depth + 1;
            if depth > MOST_FRAMES {
                wanted = Frame::Deeper;
            }
        }
        if let Some(known) = self.find(parent, wanted) {
            return known;
        }
        if self.stacks.len() >= MOST_STACKS && parent != TOP {
            wanted = Frame::More;
            if let Some(known) = self.find(parent, wanted) {
                return known;
            }
        }
        let id = self.stacks.len() as u32;
        self.stacks.push(Stack { parent, frame: wanted, depth, own: 0 });
        let stacks = &self.stacks;
        self.lookup.insert_unique(hash(parent, wanted), id, |&id| {
            let stack = &stacks[id as usize];
            hash(stack.parent, stack.frame)
        });
        id
    }

    fn find(&self, parent: u32, frame: Frame<F>) -> Option<u32> {
        let is_it = |&id: &u32| self.stacks[id as usize].parent == parent && self.stacks[id as usize].frame == frame;
        self.lookup.find(hash(parent, frame), is_it).copied()
    }

    pub(super) fn add(&mut self, stack: u32, bytes: u64) {
        let own = &mut self.stacks[stack as usize].own;
        *own = own.saturating_add(bytes);
    }

    /// The frames of a stack, the top one first.
    pub(super) fn frames(&self, mut stack: u32) -> Vec<Frame<F>> {
        let mut frames = Vec::new();
        while let Some(at) = self.stacks.get(stack as usize) {
            frames.push(at.frame);
            stack = at.parent;
        }
        frames.reverse();
        frames
    }

    /// The stacks of an output with their own bytes and the bytes of what is left out below them: those that have
    /// most in all, in the order in which they were begun. O(stacks · log(stacks)).
    pub(super) fn lines(&self) -> Vec<(u32, u64, u64)> {
        let mut totals: Vec<u64> = self.stacks.iter().map(|stack| stack.own).collect();
        for at in (0..self.stacks.len()).rev() {
            if let Some(parent) = totals.get(self.stacks[at].parent as usize) {
                totals[self.stacks[at].parent as usize] = parent.saturating_add(totals[at]);
            }
        }
        let mut order: Vec<u32> = (0..self.stacks.len() as u32).collect();
        // No stack has more than its parent, so those in front are whole to the top; tops always are there.
        order.sort_by_key(|&id| (self.stacks[id as usize].parent != TOP, std::cmp::Reverse(totals[id as usize]), id));
        order.truncate(MOST_LINES);
        order.sort_unstable();
        let mut is_kept = vec![false; self.stacks.len()];
        for &id in &order {
            is_kept[id as usize] = true;
        }
        let mut left_out = vec![0_u64; self.stacks.len()];
        for (at, stack) in self.stacks.iter().enumerate() {
            if !is_kept[at] && is_kept.get(stack.parent as usize) == Some(&true) {
                left_out[stack.parent as usize] = left_out[stack.parent as usize].saturating_add(totals[at]);
            }
        }
        order.into_iter().map(|id| (id, self.stacks[id as usize].own, left_out[id as usize])).collect()
    }
}

fn hash<F: std::hash::Hash>(parent: u32, frame: Frame<F>) -> u64 {
    FxBuildHasher.hash_one((parent, frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_in_one_line_however_many_there_are() {
        let mut trie = Trie::new();
        let top = trie.below(TOP, 0);
        let mut deep = top;
        for _ in 0..1_000_000 {
            deep = trie.below(deep, 1);
            trie.add(deep, 1);
        }
        for number in 0..2_000_000 {
            let one = trie.below(top, number + 2);
            trie.add(one, 2);
        }
        let lines = trie.lines();
        assert!(lines.len() <= MOST_LINES && trie.stacks.len() <= MOST_STACKS + 1);
        assert_eq!(lines.iter().map(|(_, own, left_out)| own + left_out).sum::<u64>(), 5_000_000);
        let longest = lines.iter().map(|&(id, ..)| trie.frames(id)).max_by_key(Vec::len).unwrap();
        assert_eq!((longest.len(), longest.last()), (129, Some(&Frame::Deeper)));
    }
}
