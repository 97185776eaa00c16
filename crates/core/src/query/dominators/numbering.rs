//! The arrays of the algorithm, and the numbers of a depth-first search from a virtual root.

use crate::query::anchors::{Tier, anchors};
use crate::{Error, HeapGraph, NodeId, RootKind, TextId};

/// Of a number's node: that it hangs below the virtual root or a thread. Ids have 31 bits: builders refuse more objects.
pub(super) const ANCHOR: u32 = 1 << 31;
/// Instead of a number: refroots' own, which is left out.
pub(super) const LEFT_OUT: u32 = u32::MAX;
/// Instead of a number: reached, and refers to nothing.
pub(super) const LEAF: u32 = u32::MAX - 1;
/// Instead of a number: refers to nothing, and hangs below the virtual root.
pub(super) const LEAF_BELOW_ROOT: u32 = u32::MAX - 2;
/// Instead of a number: a frame that refers to nothing.
pub(super) const LEAF_FRAME: u32 = u32::MAX - 3;

/// Whether an object refers to nothing.
#[inline]
pub(super) fn is_leaf(graph: &HeapGraph, node: u32) -> bool {
    graph.starts[node as usize] == graph.starts[node as usize + 1]
}

/// The arrays of the algorithm. Objects that refer to something are numbered in preorder from 1 on, 0 is the virtual
/// root, and threads take numbers as their frames do.
pub(super) struct Search {
    /// The number of each node, 0 for none yet, or what stands for one; of a leaf
    /// then the number of its dominator, and in the end each node's immediate dominator.
    pub(super) number: Vec<u32>,
    /// The node of each number; ids from the number of nodes on are threads. The highest bit says that it
    /// hangs below the virtual root or a thread.
    pub(super) node: Vec<u32>,
    /// The parent in the search tree, which path compression replaces by higher ancestors.
    pub(super) ancestor: Vec<u32>,
    /// The parent in the search tree, then the immediate dominator.
    pub(super) idom: Vec<u32>,
    /// While numbering: the next reference to follow. Then the semidominator (high half) and the lowest
    /// semidominator on the compressed path above (low half), which the depth among dominators replaces.
    pub(super) words: Vec<u64>,
    /// Frames, sorted, with the number of their thread.
    pub(super) frames: Vec<(u32, u32)>,
    pub(super) threads: Vec<TextId>,
    pub(super) count: u32,
}

pub(super) fn column<T: Clone>(length: usize, value: T) -> Result<Vec<T>, Error> {
    let mut column = Vec::new();
    column.try_reserve_exact(length).map_err(|_| Error::OutOfMemory(length * size_of::<T>()))?;
    column.resize(length, value);
    Ok(column)
}

impl Search {
    pub(super) fn new(graph: &HeapGraph) -> Result<Self, Error> {
        let mut threads: Vec<TextId> =
            graph.roots().iter().filter(|root| root.kind == RootKind::Frame).map(|root| root.thread).collect();
        threads.sort_unstable();
        threads.dedup();
        let inner = graph.node_ids().filter(|&node| !is_leaf(graph, node.0)).count();
        let length = inner + threads.len() + 1;
        Ok(Self {
            number: column(graph.node_count() + threads.len(), 0)?,
            node: column(length, 0)?,
            ancestor: column(length, 0)?,
            idom: column(length, 0)?,
            words: column(length, 0)?,
            frames: Vec::new(),
            threads,
            count: 0,
        })
    }

    /// Numbers everything in preorder of a depth-first search from the virtual root.
    pub(super) fn number(&mut self, graph: &HeapGraph) {
        for node in graph.node_ids().filter(|&node| !graph.is_shown(node)) {
            self.number[node.index()] = LEFT_OUT;
        }
        let frames = graph.roots().iter().filter(|root| root.kind == RootKind::Frame && graph.is_shown(root.node));
        let mut frames: Vec<(TextId, u32)> = frames.map(|root| (root.thread, root.node.0)).collect();
        frames.sort_by_key(|&(thread, _)| thread);
        for at in 0..self.threads.len() {
            let thread = self.take_number((graph.node_count() + at) as u32, 0);
            let name = self.threads[at];
            let of_thread = frames.partition_point(|frame| frame.0 < name)..frames.partition_point(|frame| frame.0 <= name);
            self.frames.extend(frames[of_thread.clone()].iter().map(|&(_, frame)| (frame, thread)));
            for &(_, frame) in &frames[of_thread] {
                if is_leaf(graph, frame) {
                    self.number[frame as usize] = LEAF_FRAME;
                } else {
                    self.search(graph, frame, thread);
                }
            }
        }
        self.frames.sort_unstable();
        let anchors = anchors(graph);
        for anchor in anchors.lasting() {
            self.search(graph, anchor.0, 0);
        }
        // What something lasting reaches is its, though a call has it as an argument.
        for &operand in anchors.of(Tier::Operand) {
            if self.number[operand.index()] == 0 {
                self.search(graph, operand.0, 0);
            }
        }
        for head in self.heads_of_garbage(graph) {
            self.search(graph, head, 0);
        }
    }

    fn take_number(&mut self, node: u32, parent: u32) -> u32 {
        self.count += 1;
        let number = self.count as usize;
        self.number[node as usize] = self.count;
        self.node[number] = node;
        self.ancestor[number] = parent;
        self.idom[number] = parent;
        self.count
    }

    /// Numbers what `start` reaches and nothing before it has reached.
    fn search(&mut self, graph: &HeapGraph, start: u32, below: u32) {
        if is_leaf(graph, start) {
            if self.number[start as usize] != LEAF_FRAME {
                self.number[start as usize] = LEAF_BELOW_ROOT;
            }
            return;
        }
        let known = self.number[start as usize];
        if known != 0 {
            self.node[known as usize] |= ANCHOR;
            return;
        }
        let targets = graph.targets();
        let mut at = self.take_number(start, below);
        self.node[at as usize] |= ANCHOR;
        self.words[at as usize] = u64::from(graph.starts[start as usize]);
        while at != below {
            let node = self.node_of(at);
            let (end, mut next) = (graph.starts[node + 1] as usize, self.words[at as usize] as usize);
            let mut deeper = None;
            while next < end {
                let target = targets[next];
                next += 1;
                if self.number[target as usize] != 0 {
                    continue;
                }
                if is_leaf(graph, target) {
                    self.number[target as usize] = LEAF;
                    continue;
                }
                let number = self.take_number(target, at);
                self.words[number as usize] = u64::from(graph.starts[target as usize]);
                deeper = Some(number);
                break;
            }
            self.words[at as usize] = next as u64;
            at = deeper.unwrap_or(self.ancestor[at as usize]);
        }
    }

    /// One object of each set that nothing numbered reaches and whose members hold one another: the last
    /// to be left by a depth-first search is in such a set, as in Kosaraju's algorithm.
    fn heads_of_garbage(&mut self, graph: &HeapGraph) -> Vec<u32> {
        let targets = graph.targets();
        let mut left = Vec::new();
        let mut path: Vec<(u32, u32)> = Vec::new();
        for start in 0..graph.node_count() as u32 {
            if self.number[start as usize] == 0 {
                self.number[start as usize] = LEFT_OUT;
                path.push((start, graph.starts[start as usize]));
            }
            while let Some((node, next)) = path.last_mut() {
                if *next == graph.starts[*node as usize + 1] {
                    left.push(*node);
                    path.pop();
                    continue;
                }
                let target = targets[*next as usize];
                *next += 1;
                if self.number[target as usize] == 0 {
                    self.number[target as usize] = LEFT_OUT;
                    path.push((target, graph.starts[target as usize]));
                }
            }
        }
        for &node in &left {
            self.number[node as usize] = 0;
        }
        left.reverse();
        self.keep_first_reached(graph, left)
    }

    /// Of objects in an order of search, those that none before them reaches.
    fn keep_first_reached(&mut self, graph: &HeapGraph, order: Vec<u32>) -> Vec<u32> {
        let mut heads = Vec::new();
        let mut waiting = Vec::new();
        for &node in &order {
            if self.number[node as usize] == 0 {
                heads.push(node);
                self.number[node as usize] = LEFT_OUT;
                waiting.push(node);
            }
            while let Some(node) = waiting.pop() {
                for &target in graph.referents(NodeId(node)) {
                    if self.number[target as usize] == 0 {
                        self.number[target as usize] = LEFT_OUT;
                        waiting.push(target);
                    }
                }
            }
        }
        for &node in &order {
            self.number[node as usize] = 0;
        }
        heads
    }

    pub(super) fn node_of(&self, number: u32) -> usize {
        (self.node[number as usize] & !ANCHOR) as usize
    }
}
