//! Why many objects are alive: their shortest chains, grouped by what they have in common.

use hashbrown::HashMap;
use petgraph::visit::{VisitMap, Visitable};
use rustc_hash::FxBuildHasher;

use crate::query::chain::{Chain, root_words};
use crate::query::path_tree::{PathTree, Step, path_tree_in};
use crate::query::paths::{WhyOptions, why};
use crate::query::shortest::{ShortestPaths, Via, shortest_paths_in};
use crate::{EdgeKind, Error, HeapGraph, NodeId, RootKind, Stages, Values, Wording};

/// Objects that are held the same way.
#[derive(Clone, Debug)]
pub struct Reason {
    /// How many they are.
    pub count: u64,
    /// Their shallow sizes, added, in bytes; of new objects those of all that are new and hang by them.
    pub size: u64,
    /// The way in words: `app.CACHE['k'][*]`, `thread worker-3, run(), local job`.
    pub signature: String,
    /// The shortest chain to one of them, the first in heap order.
    pub chain: Chain,
}

/// Every shortest chain of a graph, and which of them are alike. 12 bytes an object.
pub struct Reasons {
    pub(crate) paths: ShortestPaths,
    pub(crate) tree: PathTree,
}

impl Reasons {
    /// Finds them for every object at once. O(objects + references).
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn of(graph: &HeapGraph) -> Result<Self, Error> {
        Self::find(graph, &Stages::default())
    }

    /// As [`Reasons::of`], and says how far it is.
    pub(crate) fn find(graph: &HeapGraph, stages: &Stages) -> Result<Self, Error> {
        stages.begin("finding shortest chains", 2 * graph.node_count());
        let paths = shortest_paths_in(graph, stages)?;
        let tree = path_tree_in(graph, &paths, stages)?;
        stages.finish();
        Ok(Self { paths, tree })
    }

    /// Groups some objects by how they are held, the largest group first, then by their words. Objects that
    /// nothing holds are one group. O(objects asked about), and the words of each group.
    pub fn group(&self, graph: &HeapGraph, nodes: &[NodeId], values: Values) -> Vec<Reason> {
        let mut reasons = self.gather(graph, nodes.iter().map(|&node| (node, graph.size(node))), values);
        reasons.sort_by_key(|reason| std::cmp::Reverse((reason.count, reason.size)));
        reasons
    }

    /// What holds new objects: groups of those by which they hang. A group's size is that of all new objects
    /// which hang by it, and the group with most comes first. O(objects), 4 bytes an object, and the words of each group.
    pub fn group_new(&self, graph: &HeapGraph, new: &[NodeId], unsure: &[NodeId], values: Values) -> Vec<Reason> {
        let mut reasons = self.gather(graph, self.tops(graph, new, unsure), values);
        reasons.sort_by_key(|reason| std::cmp::Reverse((reason.size, reason.count)));
        reasons
    }

    /// Groups of objects, each with bytes that count for it; by the first of each in heap order.
    fn gather(&self, graph: &HeapGraph, nodes: impl IntoIterator<Item = (NodeId, u64)>, values: Values) -> Vec<Reason> {
        let mut groups: HashMap<Option<u32>, (u64, u64, NodeId), FxBuildHasher> = HashMap::default();
        for (node, size) in nodes {
            let group = groups.entry(self.tree.path_of(node)).or_insert((0, 0, node));
            group.0 += 1;
            group.1 = group.1.saturating_add(size);
            group.2 = group.2.min(node);
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|&(_, (_, _, first))| first);
        let reason = |(path, (count, size, first)): (Option<u32>, (u64, u64, NodeId))| Reason {
            count,
            size,
            signature: path.map_or_else(|| "unreachable garbage".to_owned(), |path| self.signature(graph, path, values)),
            chain: self.chain(graph, first),
        };
        groups.into_iter().map(reason).collect()
    }

    /// The new objects that no new one holds, on the shortest chains. What of which it cannot be told holds is taken
    /// for held before, unless a new object holds that: a young module must not hide what it came to hold.
    /// Each with the bytes of new objects that hang by it, itself included; in heap order.
    fn tops(&self, graph: &HeapGraph, new: &[NodeId], unsure: &[NodeId]) -> Vec<(NodeId, u64)> {
        const NONE: u32 = u32::MAX;
        let (mut is_new, mut is_among) = (graph.visit_map(), graph.visit_map());
        for &node in new {
            is_new.visit(node);
            is_among.visit(node);
        }
        for &node in unsure {
            is_among.visit(node);
        }
        let mut places = vec![NONE; graph.node_count()];
        let mut tops: Vec<(NodeId, u64)> = Vec::new();
        let garbage = new.iter().copied().filter(|&node| self.paths.via(node) == Via::Garbage);
        // What is nearer to a root stands earlier, so the place of what holds an object is known before its own.
        for node in self.paths.order().filter(|node| is_among.is_visited(node)).chain(garbage) {
            let place = match self.paths.via(node) {
                Via::Reference(edge) => places[graph.reference_of(edge).source.index()],
                Via::Anchor | Via::Garbage => NONE,
            };
            let is_new = is_new.is_visited(&node);
            let place = if place == NONE && is_new { tops.len() as u32 } else { place };
            places[node.index()] = place;
            if is_new {
                if place as usize == tops.len() {
                    tops.push((node, 0));
                }
                let hangs = &mut tops[place as usize].1;
                *hangs = hangs.saturating_add(graph.size(node));
            }
        }
        tops.sort_unstable_by_key(|&(node, _)| node);
        tops
    }

    /// The chain to an object that this search found.
    pub fn chain(&self, graph: &HeapGraph, target: NodeId) -> Chain {
        let Some(references) = self.paths.chain(graph, target) else {
            return why(graph, target, &WhyOptions::default());
        };
        let first = references.first().map_or(target, |reference| reference.source);
        let root = graph.root(first).map_or(RootKind::External, |root| root.kind);
        Chain { root, first, target, references, cycle: Vec::new() }
    }

    /// A path in words.
    pub(crate) fn signature(&self, graph: &HeapGraph, path: u32, values: Values) -> String {
        let mut up: Vec<u32> = self.tree.up(path).collect();
        up.reverse();
        let wording = Wording::new(graph, values);
        let mut words = String::new();
        for (at, &path) in up.iter().enumerate() {
            let node = &self.tree.nodes[path as usize];
            let is_before_attribute = || {
                let next = up.get(at + 1).map(|&next| self.tree.nodes[next as usize].step);
                matches!(next, Some(Step::Named(edge) | Step::Folded(edge)) if graph.reference_of(edge).kind == EdgeKind::Attribute)
            };
            match node.step {
                Step::Root(first) => words.push_str(&root_words(graph, first, &wording)),
                Step::Named(edge) => {
                    let reference = graph.reference_of(edge);
                    if reference.text(graph) != Some("__dict__") || !is_before_attribute() {
                        words.push_str(&wording.passed(reference));
                    }
                }
                Step::Folded(edge) => {
                    let reference = graph.reference_of(edge);
                    words.push_str(match reference.kind {
                        EdgeKind::Item | EdgeKind::Index | EdgeKind::Member => "[*]",
                        EdgeKind::Attribute => ".*",
                        EdgeKind::Constant => ".co_consts[*]",
                        EdgeKind::Key => " key",
                        _ => " →",
                    });
                    if reference.kind == EdgeKind::Unnamed {
                        words.push(' ');
                        words.push_str(graph.type_short_name(node.of_type));
                    }
                }
            }
            if node.repeats {
                words.push('…');
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch;

    fn grouped(text: &str, type_name: &str) -> Vec<(u64, String)> {
        let graph = sketch::parse(text).unwrap();
        let nodes: Vec<NodeId> = graph.node_ids().filter(|&node| graph.type_name(graph.type_of(node)) == type_name).collect();
        let reasons = Reasons::of(&graph).unwrap().group(&graph, &nodes, Values::Short);
        reasons.into_iter().map(|reason| (reason.count, reason.signature)).collect()
    }

    const HELD: &str = "app: module 'app' root
        app -> names .__dict__
        names: dict namespace
        names -> cache .CACHE
        cache: dict
        cache -> list [k]
        k: str 'k'
        list: list
        run: frame 'app.run:7' root synthetic thread=worker-3
        run -> last local job
        last: app.Foo
        lost: app.Foo
        ";

    #[test]
    fn chains_are_grouped_with_indexes_folded() {
        let mut text = HELD.to_owned();
        for i in 0..100 {
            text += &format!("list -> foo{i} [{i}]\nfoo{i}: app.Foo\n");
        }
        let expected = [
            (100, "app.CACHE['k'][*]".to_owned()),
            (1, "thread worker-3, app.run(), local job".to_owned()),
            (1, "unreachable garbage".to_owned()),
        ];
        assert_eq!(grouped(&text, "app.Foo"), expected);
    }

    #[test]
    fn keys_of_large_dicts_are_folded_and_equal_keys_are_one() {
        let mut text = HELD.to_owned();
        for i in 0..100 {
            text += &format!(
                "cache -> d{i} [k{i}]\nk{i}: str 'key {i}'\nd{i}: dict\nd{i} -> v{i} [same{i}]\nsame{i}: str 'id'\nv{i}: app.V\n"
            );
        }
        assert_eq!(grouped(&text, "app.V"), [(100, "app.CACHE[*]['id']".to_owned())]);
    }

    #[test]
    fn new_objects_are_told_where_they_hang_by_most_bytes_first() {
        let mut text = HELD.to_owned() + "weak: list\nnames -> weak .WEAK\nalone: app.Foo\n";
        for i in 0..3 {
            text += &format!("list -> a{i} [{i}]\na{i}: app.A\na{i} -> p{i} .payload\np{i}: bytes size=1000\n");
        }
        for i in 0..5 {
            text += &format!("weak -> w{i} [{i}]\nw{i}: app.W size=50\n");
        }
        let graph = sketch::parse(&text).unwrap();
        let of = |name: &str| graph.node_ids().filter(|&node| graph.type_short_name(graph.type_of(node)) == name).collect();
        let [foos, mut new, unsure, payload]: [Vec<NodeId>; 4] = ["Foo", "W", "A", "bytes"].map(of);
        new.extend(payload);
        new.extend(foos.last());
        let reasons = Reasons::of(&graph).unwrap().group_new(&graph, &new, &unsure, Values::Short);
        let told: Vec<_> = reasons.iter().map(|reason| (reason.count, reason.size, reason.signature.as_str())).collect();
        let expected = [(3, 3000, "app.CACHE['k'][*].payload"), (5, 250, "app.WEAK[*]"), (1, 16, "unreachable garbage")];
        assert_eq!(told, expected);
        assert!(Reasons::of(&graph).unwrap().group_new(&graph, &[], &unsure, Values::Short).is_empty());
    }

    #[test]
    fn a_linked_list_is_one_group() {
        let mut text = HELD.to_owned();
        text += "names -> n0 .HEAD\n";
        for i in 0..1000 {
            text += &format!("n{i}: app.Node\nn{i} -> n{} .next\n", i + 1);
        }
        text += "n1000: app.Node";
        // Classes that take turns, more than one looks back for, are told up to a depth.
        let mut turns = HELD.to_owned() + "names -> t0 .HEAD\n";
        for i in 0..10_000 {
            turns += &format!("t{i}: app.T{}\nt{i} -> t{} .next{}\n", i % 50, i + 1, i % 50);
        }
        let deep = grouped(&(turns + "t10000: app.T0"), "app.T7");
        assert_eq!((deep.len(), deep.iter().map(|(count, _)| count).sum::<u64>()), (2, 200));
        assert!(deep.iter().all(|(_, words)| words.len() < 1000));
        assert_eq!(grouped(&text, "app.Node"), [(1000, "app.HEAD.next…".to_owned()), (1, "app.HEAD".to_owned())]);
    }
}
