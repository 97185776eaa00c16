//! Which paths grew from heap to heap, LeakCanary's way: the collapsed trees of shortest paths are laid upon
//! one another, and what has more objects in every later one is what leaks.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::query::anchors::{is_computed_with, is_of_stack};
use crate::query::path_tree::{PathTree, Step, root_name};
use crate::query::reasons::Reasons;
use crate::{EdgeKind, HeapGraph, TypeId, Values, Wording};

/// A path to which each heap has more objects than the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathGrowth {
    /// The path in words, as the last heap has it: `app.CACHE['k'][*]`.
    pub path: String,
    /// The whole name of the type of the objects at its end.
    pub type_name: String,
    /// How many objects each heap has there.
    pub counts: Vec<u64>,
    /// Bytes of the objects there and below, in each heap.
    pub sizes: Vec<u64>,
}

/// A path in any of the heaps.
struct Shared {
    parent: Option<usize>,
    counts: Vec<u64>,
    sizes: Vec<u64>,
}

/// Finds the paths that grew in every round, of those below one another the first; the most bytes of growth
/// first, and after all others what only the evaluation stacks of running frames hold: that is work that several
/// threads had begun, and by chance less in the earlier heaps. `heaps` are in order of time; of fewer than two
/// nothing grew. O(paths · heaps).
pub fn grew(heaps: &[(&HeapGraph, &Reasons)], values: Values) -> Vec<PathGrowth> {
    let Some(&(last, last_reasons)) = heaps.last().filter(|_| heaps.len() > 1) else { return Vec::new() };
    let mut shared: Vec<Shared> = Vec::new();
    let mut known: HashMap<(Option<usize>, String), usize, FxBuildHasher> = HashMap::default();
    let mut in_last = Vec::new();
    for (at, (graph, reasons)) in heaps.iter().enumerate() {
        let places = lay(&mut shared, &mut known, (at, heaps.len()), graph, &reasons.tree);
        if at + 1 == heaps.len() {
            in_last = places;
        }
    }
    // Parents stand before their children, so sizes add up from the end.
    for at in (0..shared.len()).rev() {
        if let Some(parent) = shared[at].parent {
            let sizes = std::mem::take(&mut shared[at].sizes);
            for (above, size) in shared[parent].sizes.iter_mut().zip(&sizes) {
                *above = above.saturating_add(*size);
            }
            shared[at].sizes = sizes;
        }
    }
    let grows: Vec<bool> = shared.iter().map(|path| path.counts.windows(2).all(|pair| pair[0] < pair[1])).collect();
    let mut is_below = vec![false; shared.len()];
    for at in 0..shared.len() {
        is_below[at] = shared[at].parent.is_some_and(|parent| is_below[parent] || grows[parent]);
    }
    let mut found: Vec<(bool, PathGrowth)> = in_last
        .iter()
        .enumerate()
        .filter(|&(path, &place)| {
            grows[place] && !is_below[place] && !is_one_for_all(last, last_reasons.tree.nodes[path].of_type)
        })
        .map(|(path, &place)| {
            let growth = PathGrowth {
                path: last_reasons.signature(last, path as u32, values),
                type_name: last.type_name(last_reasons.tree.nodes[path].of_type),
                counts: shared[place].counts.clone(),
                sizes: shared[place].sizes.clone(),
            };
            (is_begun_work(last, &last_reasons.tree, path as u32), growth)
        })
        .collect();
    let growth = |sizes: &[u64]| match sizes {
        [first, .., last] => i128::from(*last) - i128::from(*first),
        _ => 0,
    };
    found.sort_by(|(a_begun, a), (b_begun, b)| {
        a_begun.cmp(b_begun).then_with(|| growth(&b.sizes).cmp(&growth(&a.sizes))).then_with(|| a.path.cmp(&b.path))
    });
    found.into_iter().map(|(_, row)| row).collect()
}

/// Whether a path begins at what a running frame computes with: on a stack whose depth is known, or standing on one.
fn is_begun_work(graph: &HeapGraph, tree: &PathTree, path: u32) -> bool {
    let (mut first, mut second) = (None, None);
    for step in tree.up(path).map(|path| tree.nodes[path as usize].step) {
        second = first.replace(step);
    }
    let is_on_stack = match second {
        Some(Step::Named(edge)) => graph.reference_of(edge).text(graph).is_some_and(is_of_stack),
        _ => false,
    };
    match first {
        Some(Step::Root(root)) if graph.root(root).is_some() => is_on_stack,
        Some(Step::Root(root)) => is_computed_with(graph, root),
        _ => false,
    }
}

/// Whether a process has the same few objects of a type from beginning to end: where one of them comes to a path, only the
/// shortest chain to it has changed.
fn is_one_for_all(graph: &HeapGraph, of_type: TypeId) -> bool {
    graph.type_module(of_type) == "builtins"
        && matches!(graph.type_qualname(of_type), "NoneType" | "bool" | "ellipsis" | "NotImplementedType")
}

/// Lays one heap's tree upon the others; gives the place of each of its paths.
fn lay(
    shared: &mut Vec<Shared>,
    known: &mut HashMap<(Option<usize>, String), usize, FxBuildHasher>,
    (at, heaps): (usize, usize),
    graph: &HeapGraph,
    tree: &PathTree,
) -> Vec<usize> {
    let wording = Wording::new(graph, Values::Short);
    let mut places: Vec<usize> = Vec::with_capacity(tree.nodes.len());
    for node in &tree.nodes {
        let parent = places.get(node.parent as usize).copied();
        let step = match node.step {
            Step::Root(first) => root_name(graph, first),
            Step::Named(edge) => wording.passed(graph.reference_of(edge)),
            Step::Folded(edge) => match graph.reference_of(edge).kind {
                // A dict that outgrows its own keys is still the same place.
                EdgeKind::Index | EdgeKind::Member | EdgeKind::Item => "[*]".to_owned(),
                kind => format!("({})", kind.word()),
            },
        };
        let key = (parent, format!("{step}\0{}", graph.type_name(node.of_type)));
        let place = *known.entry(key).or_insert_with(|| {
            shared.push(Shared { parent, counts: vec![0; heaps], sizes: vec![0; heaps] });
            shared.len() - 1
        });
        shared[place].counts[at] += node.count;
        shared[place].sizes[at] = shared[place].sizes[at].saturating_add(node.size);
        places.push(place);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch;

    fn heap(listeners: usize, cached: usize, line: u32) -> HeapGraph {
        let mut text = format!(
            "app: module 'app' root
             app -> all .LISTENERS
             app -> cache .CACHE
             all: list
             cache: dict
             main: frame 'app.main:{line}' root synthetic thread=Main
             main -> local local x
             local: app.Local\n"
        );
        for i in 0..listeners {
            text += &format!("all -> p{i} [{i}]\np{i}: app.Panel size=100\np{i} -> d{i} .options\nd{i}: dict size=50\n");
        }
        for i in 0..cached {
            text += &format!("cache -> c{i} [k{i}]\nc{i}: app.Result size=1\nk{i}: str 'key {i}'\n");
        }
        sketch::parse(&text).unwrap()
    }

    #[test]
    fn a_constant_whose_shortest_chain_changes_has_not_grown() {
        let heap = |holder: &str| {
            let text = format!("builtins: module 'builtins' root\napp: module 'app' root\n{holder} -> true .x\ntrue: bool\n");
            sketch::parse(&text).unwrap()
        };
        let heaps = [heap("app"), heap("builtins")];
        let reasons: Vec<Reasons> = heaps.iter().map(|graph| Reasons::of(graph).unwrap()).collect();
        let both: Vec<_> = heaps.iter().zip(&reasons).collect();
        assert_eq!(grew(&both, Values::Short), []);
    }

    #[test]
    fn work_that_was_begun_comes_after_what_stays() {
        let heaps = [1, 2, 3].map(|round| {
            let mut text = "app: module 'app' root\napp -> all .KEPT\nall: list\nrows: list operand\n".to_owned()
                + "work: frame 'app.work:1' root synthetic thread=T\nwork -> deep special (evaluation stack)\ndeep: list\n";
            for i in 0..round {
                text += &format!("all -> k{i} [{i}]\nk{i}: app.Kept size=10\nrows -> r{i} [{i}]\nr{i}: dict size=5000\n");
                text += &format!("deep -> d{i} [{i}]\nd{i}: dict size=4000\n");
            }
            sketch::parse(&text).unwrap()
        });
        let reasons: Vec<Reasons> = heaps.iter().map(|graph| Reasons::of(graph).unwrap()).collect();
        let both: Vec<_> = heaps.iter().zip(&reasons).collect();
        let rows: Vec<_> = grew(&both, Values::Short).into_iter().map(|row| (row.path, row.sizes)).collect();
        let begun = "(list held from a running frame's evaluation stack)[*]";
        let known = "thread T, app.work() (evaluation stack)[*]";
        let expected =
            [("app.KEPT[*]", vec![10, 20, 30]), (begun, vec![5000, 10_000, 15_000]), (known, vec![4000, 8000, 12_000])];
        assert_eq!(rows, expected.map(|(path, sizes)| (path.to_owned(), sizes)));
    }

    #[test]
    fn what_grows_in_every_round_is_told_at_its_top() {
        let heaps = [heap(3, 5, 1), heap(6, 20, 2), heap(12, 19, 3)];
        let reasons: Vec<Reasons> = heaps.iter().map(|graph| Reasons::of(graph).unwrap()).collect();
        let both: Vec<_> = heaps.iter().zip(&reasons).collect();
        let found = grew(&both, Values::Short);
        let expected = PathGrowth {
            path: "app.LISTENERS[*]".into(),
            type_name: "app.Panel".into(),
            counts: vec![3, 6, 12],
            sizes: vec![450, 900, 1800],
        };
        assert_eq!(found, [expected]);
        // From the first to the second the cache grew as well.
        let paths: Vec<String> = grew(&both[..2], Values::Short).into_iter().map(|row| row.path).collect();
        assert_eq!(paths, ["app.LISTENERS[*]", "app.CACHE[*]"]);
        assert!(grew(&both[..1], Values::Short).is_empty());
    }
}
