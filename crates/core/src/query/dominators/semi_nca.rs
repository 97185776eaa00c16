//! Semidominators from the last number to the first, and dominators from the first to the last.

use super::numbering::{ANCHOR, LEFT_OUT, Search};
use crate::{HeapGraph, NodeId};

impl Search {
    pub(super) fn find_semidominators(&mut self, graph: &HeapGraph) {
        let nodes = graph.node_count() as u32;
        let mut path = Vec::new();
        for at in (1..=self.count).rev() {
            let is_anchor = self.node[at as usize] & ANCHOR != 0;
            let node = self.node_of(at) as u32;
            let mut lowest = self.idom[at as usize];
            let mut lower = |search: &mut Self, number: u32| {
                lowest = lowest.min(if number <= at { number } else { search.lowest_above(number, at, &mut path) });
            };
            // What hangs below the virtual root has no lower one; threads do.
            let mut is_settled = node >= nodes;
            if is_anchor {
                match self.frames.binary_search_by_key(&node, |&(frame, _)| frame) {
                    Ok(frame) => lower(self, self.frames[frame].1),
                    Err(_) => {
                        lower(self, 0);
                        is_settled = true;
                    }
                }
            }
            if !is_settled {
                let sources = graph.referrers(NodeId(node));
                // The only reference to what hangs by an object came from its parent.
                if sources.len() > 1 || is_anchor {
                    for &source in sources {
                        let number = self.number[source as usize];
                        if number != LEFT_OUT {
                            lower(self, number);
                        }
                    }
                }
            }
            self.words[at as usize] = u64::from(lowest) << 32 | u64::from(lowest);
        }
    }

    /// The lowest semidominator on the way from `start` up to the last number that is above `limit`,
    /// compressing that way.
    #[inline]
    fn lowest_above(&mut self, start: u32, limit: u32, path: &mut Vec<u32>) -> u32 {
        let mut at = start;
        while self.ancestor[at as usize] > limit {
            path.push(at);
            at = self.ancestor[at as usize];
        }
        // `at` hangs below what has no semidominator yet; the others of the way are seen from the top.
        let mut above = at;
        while let Some(at) = path.pop() {
            let word = self.words[at as usize];
            let lowest = (word as u32).min(self.words[above as usize] as u32);
            self.words[at as usize] = word & !u64::from(u32::MAX) | u64::from(lowest);
            self.ancestor[at as usize] = self.ancestor[above as usize];
            above = at;
        }
        self.words[start as usize] as u32
    }

    /// The dominator is the nearest one of the parent's dominators that is no deeper than the semidominator. Each
    /// number keeps a jump over some of its dominators (Myers: An applicative random-access stack, 1983), so that
    /// one below a million takes few steps. Ancestors and labels are not needed any more: jumps and depths take
    /// their places.
    pub(super) fn find_dominators(&mut self) {
        const HALF: u64 = u32::MAX as u64;
        self.ancestor[0] = 0;
        self.words[0] = 0;
        for at in 1..=self.count as usize {
            let semidominator = (self.words[at] >> 32) as u32;
            let mut dominator = self.idom[at];
            while dominator > semidominator {
                let jump = self.ancestor[dominator as usize];
                dominator = if jump > semidominator { jump } else { self.idom[dominator as usize] };
            }
            self.idom[at] = dominator;
            let depth = |number: u32| self.words[number as usize] & HALF;
            let jump = self.ancestor[dominator as usize];
            let beyond = self.ancestor[jump as usize];
            let is_even = depth(dominator) - depth(jump) == depth(jump) - depth(beyond);
            let own_depth = depth(dominator) + 1;
            self.ancestor[at] = if is_even { beyond } else { dominator };
            self.words[at] = self.words[at] & !HALF | own_depth;
        }
    }
}
