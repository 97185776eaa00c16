//! Objects and bytes by type, by the module that defines the type, by GC root and by thread.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::parallel::{in_parts, threads_for};
use crate::query::dominator_tree::retained_by_group;
use crate::query::dominators::{Dominator, Dominators};
use crate::{HeapGraph, NodeFlags, NodeId, RootKind, TextId, Values, Wording};

/// One part of the objects of a heap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// What they have in common: the whole name of their type, the module of it.
    pub name: String,
    /// How many objects there are.
    pub count: u64,
    /// Their shallow sizes, added, in bytes.
    pub size: u64,
    /// Bytes that would be freed with them one by one; `None` where that was not asked.
    pub retained: Option<u64>,
}

/// Counts objects by type, most first, then by name; refroots' own are left out. With dominators, what
/// each type retains is there too, and those that retain most come first.
///
/// Cost: one pass over the nodes; with dominators 8 bytes an object more, and a walk over their tree.
pub fn by_type(graph: &HeapGraph, dominators: Option<&Dominators>) -> Vec<Tally> {
    tally(graph, dominators, |id| graph.type_name(id))
}

/// As [`by_type`], by the modules that the types say they are from.
pub fn by_module(graph: &HeapGraph, dominators: Option<&Dominators>) -> Vec<Tally> {
    tally(graph, dominators, |id| match graph.type_module(id) {
        "" => "builtins".to_owned(),
        module => module.to_owned(),
    })
}

fn tally(graph: &HeapGraph, dominators: Option<&Dominators>, name: impl Fn(crate::TypeId) -> String) -> Vec<Tally> {
    let mut rows: Vec<Tally> = Vec::new();
    let mut known: HashMap<String, usize, FxBuildHasher> = HashMap::default();
    let row_of: Vec<usize> = graph
        .type_ids()
        .map(|id| {
            let name = name(id);
            *known.entry(name).or_insert_with_key(|name| {
                rows.push(Tally { name: name.clone(), count: 0, size: 0, retained: None });
                rows.len() - 1
            })
        })
        .collect();
    for ((count, size), &row) in by_type_id(graph).into_iter().zip(&row_of) {
        rows[row].count += count;
        rows[row].size = rows[row].size.saturating_add(size);
    }
    if let Some(dominators) = dominators {
        let key = |node: NodeId| is_counted(graph, node).then(|| row_of[graph.type_of(node).index()]);
        let retained = retained_by_group(graph, dominators, rows.len(), key);
        for (row, retained) in rows.iter_mut().zip(retained) {
            row.retained = Some(retained);
        }
    }
    rows.retain(|row| row.count > 0);
    rows.sort_by(|a, b| (b.retained, b.count).cmp(&(a.retained, a.count)).then_with(|| a.name.cmp(&b.name)));
    rows
}

fn is_counted(graph: &HeapGraph, node: NodeId) -> bool {
    let flags = graph.flags(node);
    !flags.contains(NodeFlags::INTERNAL) && !flags.contains(NodeFlags::SYNTHETIC)
}

/// Objects for which another thread is worth its start.
const PART: usize = 1 << 20;

/// How many objects of each type there are, and their bytes. O(objects), by several threads.
fn by_type_id(graph: &HeapGraph) -> Vec<(u64, u64)> {
    let nodes = graph.node_count();
    let threads = threads_for(nodes, PART);
    let size = nodes.div_ceil(threads);
    let part = |part: usize| {
        let first = part * size;
        let mut tallies = vec![(0_u64, 0_u64); graph.type_ids().len()];
        for node in (first..nodes.min(first + size)).map(NodeId::at).filter(|&node| is_counted(graph, node)) {
            let (count, bytes) = &mut tallies[graph.type_of(node).index()];
            *count += 1;
            *bytes = bytes.saturating_add(graph.size(node));
        }
        tallies
    };
    let add = |mut sum: Vec<(u64, u64)>, tallies: Vec<(u64, u64)>| {
        for ((count, bytes), (more, more_bytes)) in sum.iter_mut().zip(tallies) {
            *count += more;
            *bytes = bytes.saturating_add(more_bytes);
        }
        sum
    };
    in_parts(threads, part).into_iter().reduce(add).unwrap_or_default()
}

/// What one GC root keeps alive that nothing else does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootShare {
    /// What kind of root it is; `None` for what several roots hold together.
    pub kind: Option<RootKind>,
    /// The root in words.
    pub name: String,
    /// The thread of a frame, where it may be said.
    pub thread: String,
    /// Bytes that would be freed without it.
    pub retained: u64,
}

/// What each root retains, most first; then what is held from outside, what nothing frees, garbage, and what
/// several roots hold together. All of them add up to the bytes of the heap. O(objects).
pub fn by_root(graph: &HeapGraph, dominators: &Dominators, values: Values) -> Vec<RootShare> {
    let wording = Wording::new(graph, values);
    let share = |kind, name: &str| RootShare { kind, name: name.to_owned(), thread: String::new(), retained: 0 };
    let mut outside = share(Some(RootKind::External), "held from outside");
    let mut immortal = share(Some(RootKind::External), "immortal: nothing frees it");
    let mut garbage = share(Some(RootKind::Garbage), "unreachable garbage");
    let mut shared = share(None, "several roots together");
    let is_garbage = super::reach::unreached(graph);
    let mut rows = Vec::new();
    for node in graph.node_ids().filter(|&node| graph.is_shown(node)) {
        let (root, dominator) = (graph.root(node), dominators.dominator(node));
        let retained = dominators.retained(node);
        match root {
            Some(root) if dominator == Dominator::Root || root.kind == RootKind::Frame => {
                let thread = if values == Values::None { "" } else { graph.text(root.thread) };
                let name = if root.kind == RootKind::Frame { graph.text(root.name).to_owned() } else { wording.root(root) };
                rows.push(RootShare { kind: Some(root.kind), name, thread: thread.to_owned(), retained });
            }
            _ if dominator != Dominator::Root => {
                if let Dominator::Thread(_) = dominator {
                    shared.retained = shared.retained.saturating_add(retained);
                }
            }
            _ => {
                let row = match graph.external(node) {
                    None => &mut immortal,
                    Some(1..) => &mut outside,
                    Some(0) if is_garbage(node) => &mut garbage,
                    Some(0) => &mut shared,
                };
                row.retained = row.retained.saturating_add(retained);
            }
        }
    }
    rows.extend([outside, immortal, garbage, shared].into_iter().filter(|row| row.retained > 0));
    rows.sort_by(|a, b| b.retained.cmp(&a.retained).then_with(|| (a.kind, &a.name).cmp(&(b.kind, &b.name))));
    rows
}

/// What the frames of one thread keep alive together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadShare {
    /// The thread's name, or its place among the threads where names may not be said.
    pub name: String,
    /// How many frames run in it.
    pub frames: u64,
    /// Bytes that only its frames hold.
    pub retained: u64,
}

/// What the frames of each thread retain, most first. O(threads · roots).
pub fn by_thread(graph: &HeapGraph, dominators: &Dominators, values: Values) -> Vec<ThreadShare> {
    let values = graph.sayable(values);
    let mut frames: HashMap<TextId, u64, FxBuildHasher> = HashMap::default();
    for root in graph.roots().iter().filter(|root| root.kind == RootKind::Frame) {
        *frames.entry(root.thread).or_default() += 1;
    }
    let mut rows: Vec<ThreadShare> = dominators
        .threads()
        .enumerate()
        .map(|(at, (thread, retained))| {
            let name = match values {
                Values::Short => graph.text(thread).to_owned(),
                Values::None => format!("thread #{}", at + 1),
            };
            ThreadShare { name, frames: frames.get(&thread).copied().unwrap_or_default(), retained }
        })
        .collect();
    rows.sort_by(|a, b| b.retained.cmp(&a.retained).then_with(|| a.name.cmp(&b.name)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::dominators::dominators;
    use crate::sketch;

    #[test]
    fn counts_and_sizes_most_first() {
        let graph = sketch::parse("a: app.A size=10\nb: app.A size=20\nc: list\nd: app.B internal").unwrap();
        let rows = |rows: Vec<Tally>| rows.into_iter().map(|row| (row.name, row.count, row.size)).collect::<Vec<_>>();
        assert_eq!(rows(by_type(&graph, None)), [("app.A".into(), 2, 30), ("list".into(), 1, 16)]);
        assert_eq!(rows(by_module(&graph, None)), [("app".into(), 2, 30), ("builtins".into(), 1, 16)]);
    }

    #[test]
    fn shares_of_roots_add_up() {
        let graph = sketch::parse(
            "app: module 'app' root size=1
             app -> x
             lib: module 'lib' root size=2
             lib -> x
             lib -> y
             x: list size=40
             y: list size=80
             f: frame 'app.main:3' root synthetic size=0 thread=Main
             f -> z
             g: frame 'app.inner:4' root synthetic size=0 thread=Main
             g -> z
             z: list size=160
             c: list external=2 size=320
             n: NoneType immortal size=640
             a: list size=1280
             a -> a
             own: list internal size=9999",
        )
        .unwrap();
        let found = dominators(&graph).unwrap();
        let rows = by_root(&graph, &found, Values::Short);
        let told: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.retained)).collect();
        let expected = [
            ("unreachable garbage", 1280),
            ("immortal: nothing frees it", 640),
            ("held from outside", 320),
            ("several roots together", 200),
            ("module lib", 82),
            ("module app", 1),
            ("app.inner:4", 0),
            ("app.main:3", 0),
        ];
        assert_eq!(told, expected);
        assert_eq!(rows.iter().map(|row| row.retained).sum::<u64>(), found.total(&graph));
        let threads = by_thread(&graph, &found, Values::Short);
        assert_eq!((threads[0].name.as_str(), threads[0].frames, threads[0].retained), ("Main", 2, 160));
        assert_eq!(by_thread(&graph, &found, Values::None)[0].name, "thread #1");
    }
}
