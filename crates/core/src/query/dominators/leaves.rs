//! Dominators of objects that refer to nothing, and the sizes that all retain.

use super::numbering::{ANCHOR, LEAF, LEAF_BELOW_ROOT, LEAF_FRAME, LEFT_OUT, Search, is_leaf};
use super::sums::Sums;
use super::{Dominators, ROOT};
use crate::{Error, HeapGraph, NodeId};

impl Search {
    /// Writes the number of each reached leaf's dominator: the nearest common one of its referrers.
    pub(super) fn find_dominators_of_leaves(&mut self, graph: &HeapGraph) {
        for node in 0..graph.node_count() as u32 {
            if self.number[node as usize] == LEAF {
                self.number[node as usize] = self.common_dominator(graph, node, None);
            }
        }
        for at in 0..self.frames.len() {
            let (frame, thread) = self.frames[at];
            if self.number[frame as usize] == LEAF_FRAME {
                self.number[frame as usize] = self.common_dominator(graph, frame, Some(thread));
            }
        }
    }

    /// What dominates all referrers of a leaf, and one holder more.
    fn common_dominator(&self, graph: &HeapGraph, leaf: u32, holder: Option<u32>) -> u32 {
        let mut common = holder;
        for &source in graph.referrers(NodeId(leaf)) {
            let number = self.number[source as usize];
            if number == LEFT_OUT {
                continue;
            }
            common = Some(common.map_or(number, |common| self.nearest_common(common, number)));
            if common == Some(0) {
                break;
            }
        }
        common.unwrap_or(0)
    }

    /// The nearest dominator that two numbers have in common, either of them included. Numbers of one depth have jumps
    /// of one length, so both climb by the same steps: O(log(depth)).
    fn nearest_common(&self, one: u32, other: u32) -> u32 {
        let depth = |number: u32| self.words[number as usize] as u32;
        let jump = |number: u32| self.ancestor[number as usize];
        let (mut deep, mut high) = if depth(one) < depth(other) { (other, one) } else { (one, other) };
        while depth(deep) > depth(high) {
            deep = if depth(jump(deep)) >= depth(high) { jump(deep) } else { self.idom[deep as usize] };
        }
        while deep != high {
            let above = if jump(deep) == jump(high) { &self.idom } else { &self.ancestor };
            (deep, high) = (above[deep as usize], above[high as usize]);
        }
        deep
    }

    /// Adds up what is retained, and turns numbers into nodes.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(super) fn into_retained(self, graph: &HeapGraph) -> Result<Dominators, Error> {
        let Self { mut number, node: nodes, ancestor, idom, words, threads, count, .. } = self;
        drop((ancestor, words));
        let node_of = |number: u32| nodes[number as usize] & !ANCHOR;
        let mut retained = Sums::zeros(graph.node_count() + threads.len())?;
        for node in graph.node_ids() {
            let size = graph.size(node);
            retained.add(node.index(), size)?;
            let held_by = number[node.index()];
            if is_leaf(graph, node.0) && held_by != 0 && held_by <= count {
                retained.add(node_of(held_by) as usize, size)?;
            }
        }
        for at in (1..=count).rev() {
            let dominator = idom[at as usize];
            if dominator != 0 {
                let below = retained.get(node_of(at) as usize);
                retained.add(node_of(dominator) as usize, below)?;
            }
        }
        number.truncate(graph.node_count());
        for (node, number) in (0..).zip(&mut number) {
            let dominator = match *number {
                LEFT_OUT | LEAF_BELOW_ROOT => 0,
                dominator if is_leaf(graph, node) => dominator,
                inner => idom[inner as usize],
            };
            *number = if dominator == 0 { ROOT } else { node_of(dominator) };
        }
        Ok(Dominators { idom: number, retained, threads })
    }
}
