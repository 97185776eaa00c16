//! Dominators and retained sizes of every object at once, from a virtual root over all that keeps alive.
//!
//! The algorithm is semi-NCA (Georgiadis, Tarjan, Werneck: Finding Dominators in Practice, 2006), without
//! recursion and with arrays that are reused: after the search numbers the objects in preorder, their
//! semidominators come from the last to the first with path compression, and their immediate dominators
//! from the first to the last. It is linear in practice, and O(m log n) at worst: the last step climbs by
//! jumps where the paper's goes one by one.

use crate::query::anchors::anchors;
use crate::{Error, HeapGraph, NodeId, RootKind, TextId};

/// Who holds an object alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dominator {
    /// Every chain from a root goes through this object.
    Object(NodeId),
    /// Every chain begins in a frame of this thread, but not all of them in the same one.
    Thread(TextId),
    /// Nobody: it is a root, or several hold it.
    Root,
}

/// The dominator tree of a graph, with the retained size of each object. 12 bytes an object.
#[derive(Clone)]
pub struct Dominators {
    /// The immediate dominator of each node; ids from the number of nodes on are threads.
    idom: Vec<u32>,
    /// Bytes that each node retains, then each thread.
    retained: Vec<u64>,
    threads: Vec<TextId>,
}

/// No dominator but the virtual root.
const ROOT: u32 = u32::MAX;
/// Ids have 31 bits: builders refuse more objects.
const ANCHOR: u32 = 1 << 31;
/// Number of a node that is left out: refroots' own.
const LEFT_OUT: u32 = u32::MAX;

/// Computes the dominators and retained sizes of all objects.
///
/// Roots, objects that something outside the graph holds, and immortal ones hang below the virtual root.
/// refroots' own objects hold nothing. What nothing reaches is garbage: of each set of such objects that
/// hold one another, the first hangs below the virtual root. Cost: O(references · log(objects)) at worst,
/// a few passes in practice; 24 bytes an object at the peak.
///
/// # Errors
/// [`Error::OutOfMemory`].
pub fn dominators(graph: &HeapGraph) -> Result<Dominators, Error> {
    let mut search = Search::new(graph)?;
    search.number(graph);
    search.find_semidominators(graph);
    search.find_dominators();
    Ok(search.into_retained(graph))
}

impl Dominators {
    /// The immediate dominator of an object.
    pub fn dominator(&self, node: NodeId) -> Dominator {
        match self.idom[node.index()] {
            ROOT => Dominator::Root,
            id => match self.threads.get((id as usize).wrapping_sub(self.idom.len())) {
                Some(&thread) => Dominator::Thread(thread),
                None => Dominator::Object(NodeId(id)),
            },
        }
    }

    /// The object that alone holds this one, if there is one.
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        match self.dominator(node) {
            Dominator::Object(parent) => Some(parent),
            _ => None,
        }
    }

    /// Bytes that would be freed with the object, its own included.
    pub fn retained(&self, node: NodeId) -> u64 {
        self.retained[node.index()]
    }

    /// Threads with running frames, each with the bytes that only its frames hold.
    pub fn threads(&self) -> impl Iterator<Item = (TextId, u64)> + '_ {
        self.threads.iter().copied().zip(self.retained[self.idom.len()..].iter().copied())
    }

    /// Bytes of all objects that are not refroots' own.
    pub fn total(&self, graph: &HeapGraph) -> u64 {
        graph.node_ids().filter(|&node| graph.is_shown(node)).map(|node| graph.size(node)).fold(0, u64::saturating_add)
    }

    /// The objects that an object immediately dominates (of `None`: those that nobody dominates), those
    /// that retain most first, then in heap order; refroots' own are left out. O(objects).
    pub fn dominated(&self, graph: &HeapGraph, by: Option<NodeId>) -> Vec<NodeId> {
        let wanted = by.map_or(ROOT, |node| node.0);
        let nodes = graph.node_ids().zip(&self.idom).filter(|&(node, &idom)| idom == wanted && graph.is_shown(node));
        let mut found: Vec<NodeId> = nodes.map(|(node, _)| node).collect();
        found.sort_by_key(|&node| std::cmp::Reverse(self.retained(node)));
        found
    }

    /// The column of immediate dominators: ids of nodes, of threads above them, or `u32::MAX`.
    pub(crate) fn column(&self) -> &[u32] {
        &self.idom
    }
}

/// The arrays of the algorithm. Objects are numbered in preorder from 1 on, 0 is the virtual root, and
/// threads take numbers as their frames do.
struct Search {
    /// The number of each node, 0 for none yet; in the end its immediate dominator.
    number: Vec<u32>,
    /// The node of each number; ids from the number of nodes on are threads. The highest bit says that it
    /// hangs below the virtual root or a thread.
    node: Vec<u32>,
    /// The parent in the search tree, which path compression replaces by higher ancestors.
    ancestor: Vec<u32>,
    /// The parent in the search tree, then the immediate dominator.
    idom: Vec<u32>,
    /// While numbering: the next reference to follow. Then the semidominator (high half) and the lowest
    /// semidominator on the compressed path above (low half). In the end the retained size of each node.
    words: Vec<u64>,
    /// Frames, sorted, with the number of their thread.
    frames: Vec<(u32, u32)>,
    threads: Vec<TextId>,
    count: u32,
}

fn column<T: Clone>(length: usize, value: T) -> Result<Vec<T>, Error> {
    let mut column = Vec::new();
    column.try_reserve_exact(length).map_err(|_| Error::OutOfMemory(length * size_of::<T>()))?;
    column.resize(length, value);
    Ok(column)
}

impl Search {
    fn new(graph: &HeapGraph) -> Result<Self, Error> {
        let mut threads: Vec<TextId> =
            graph.roots().iter().filter(|root| root.kind == RootKind::Frame).map(|root| root.thread).collect();
        threads.sort_unstable();
        threads.dedup();
        let length = graph.node_count() + threads.len() + 1;
        Ok(Self {
            number: column(length, 0)?,
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
    fn number(&mut self, graph: &HeapGraph) {
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
                self.search(graph, frame, thread);
            }
        }
        self.frames.sort_unstable();
        for anchor in anchors(graph).keeping() {
            self.search(graph, anchor.0, 0);
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
        let known = self.number[start as usize];
        if known != 0 {
            self.node[known as usize] |= ANCHOR;
            return;
        }
        let mut at = self.take_number(start, below);
        self.node[at as usize] |= ANCHOR;
        self.words[at as usize] = u64::from(graph.starts[start as usize]);
        while at != below {
            let node = self.node_of(at);
            let (end, mut next) = (graph.starts[node + 1] as usize, self.words[at as usize] as usize);
            let mut deeper = None;
            while next < end {
                let target = graph.targets[next];
                next += 1;
                if self.number[target as usize] != 0 {
                    continue;
                }
                let number = self.take_number(target, at);
                let first = graph.starts[target as usize];
                if first != graph.starts[target as usize + 1] {
                    self.words[number as usize] = u64::from(first);
                    deeper = Some(number);
                    break;
                }
            }
            self.words[at as usize] = next as u64;
            at = deeper.unwrap_or(self.ancestor[at as usize]);
        }
    }

    /// One object of each set that nothing numbered reaches and whose members hold one another: the last
    /// to be left by a depth-first search is in such a set, as in Kosaraju's algorithm.
    fn heads_of_garbage(&mut self, graph: &HeapGraph) -> Vec<u32> {
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
                let target = graph.targets[*next as usize];
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

    fn node_of(&self, number: u32) -> usize {
        (self.node[number as usize] & !ANCHOR) as usize
    }

    fn find_semidominators(&mut self, graph: &HeapGraph) {
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
    fn find_dominators(&mut self) {
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

    fn into_retained(mut self, graph: &HeapGraph) -> Dominators {
        let nodes = graph.node_count();
        for (node, word) in self.words.iter_mut().enumerate() {
            *word = if node < nodes { graph.size(NodeId(node as u32)) } else { 0 };
        }
        for at in (1..=self.count as usize).rev() {
            let dominator = self.idom[at];
            if dominator != 0 {
                let (node, above) = (self.node_of(at as u32), self.node_of(dominator));
                self.words[above] = self.words[above].saturating_add(self.words[node]);
            }
        }
        for number in &mut self.number[..nodes] {
            let dominator = if *number == LEFT_OUT { 0 } else { self.idom[*number as usize] };
            *number = if dominator == 0 { ROOT } else { self.node[dominator as usize] & !ANCHOR };
        }
        self.number.truncate(nodes);
        self.words.truncate(nodes + self.threads.len());
        Dominators { idom: self.number, retained: self.words, threads: self.threads }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch;

    fn ask(text: &str) -> Vec<(Dominator, u64)> {
        let graph = sketch::parse(text).unwrap();
        let found = dominators(&graph).unwrap();
        graph.node_ids().map(|node| (found.dominator(node), found.retained(node))).collect()
    }

    #[test]
    fn what_two_hold_is_retained_by_what_holds_both() {
        let found = ask("app: module 'app' root size=1
            app -> a
            app -> b
            a: list size=10
            a -> shared
            b: list size=20
            b -> shared
            b -> own
            shared: str size=300
            own: str size=4000");
        let expected = [
            (Dominator::Root, 4331),
            (Dominator::Object(NodeId(0)), 10),
            (Dominator::Object(NodeId(0)), 4020),
            (Dominator::Object(NodeId(0)), 300),
            (Dominator::Object(NodeId(2)), 4000),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn frames_of_one_thread_hold_together() {
        let text = "f: frame 'app.f:1' root synthetic size=0 thread=T
            f -> x
            g: frame 'app.g:1' root synthetic size=0 thread=T
            g -> x
            x: list size=5";
        let graph = sketch::parse(text).unwrap();
        let found = dominators(&graph).unwrap();
        assert!(matches!(found.dominator(NodeId(2)), Dominator::Thread(thread) if graph.text(thread) == "T"));
        assert_eq!(found.threads().map(|(_, size)| size).collect::<Vec<_>>(), [5]);
        let other = text.replace("app.g:1' root synthetic size=0 thread=T", "app.g:1' root synthetic size=0 thread=U");
        assert_eq!(ask(&other)[2].0, Dominator::Root);
    }

    #[test]
    fn garbage_hangs_by_its_heads_and_refroots_holds_nothing() {
        let found = ask("a: list size=1
            a -> b
            b: list size=2
            b -> a
            b -> c
            c: list size=4
            own: list internal
            own -> d
            d: list size=8
            e: list external=1 size=16
            e -> d");
        assert_eq!(found[0], (Dominator::Root, 7), "{found:?}");
        assert_eq!(found[1].0, Dominator::Object(NodeId(0)));
        assert_eq!((found[5].1, found[4]), (24, (Dominator::Object(NodeId(5)), 8)));
    }
}
