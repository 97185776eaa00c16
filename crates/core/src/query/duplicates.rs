//! Equal objects that could be one: strings, bytes, numbers, and tuples of them.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxBuildHasher;

use crate::parallel::{in_parts, threads_for};
use crate::query::by_hash::{ByHash, Hashed, each_equal};
use crate::value_column::Sameness;
use crate::{HeapGraph, NodeId, Stages, TypeId};

/// Groups of equal objects.
#[derive(Clone, Debug, Default)]
pub struct Duplicates {
    /// Those that waste most first, then in heap order; each of at least two objects.
    pub groups: Vec<DuplicateGroup>,
    members: Vec<u32>,
}

/// Objects of one type and one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateGroup {
    /// Their type.
    pub type_id: TypeId,
    /// The first of them in heap order.
    pub example: NodeId,
    /// How many there are.
    pub count: u64,
    /// Shallow size of one in bytes; of the largest, for a string may have its UTF-8 beside it.
    pub size: u64,
    /// Bytes that would be free if there were only that one.
    pub wasted: u64,
    first_member: u32,
}

impl Duplicates {
    /// The objects of a group, in heap order.
    pub fn members(&self, group: &DuplicateGroup) -> impl ExactSizeIterator<Item = NodeId> + Clone + '_ {
        let start = group.first_member as usize;
        self.members[start..start + group.count as usize].iter().copied().map(NodeId)
    }

    /// Bytes wasted by all groups.
    pub fn wasted(&self) -> u64 {
        self.groups.iter().map(|group| group.wasted).sum()
    }
}

/// Finds the equal ones among strings, bytes, ints and floats, and among tuples that contain such atoms
/// and constants only.
///
/// Equal objects have the same exact type and, floats too, the same bits: `0.0` is not `-0.0`, and a NaN
/// is equal to one of the same bits. Atoms of which the value was cut are compared by what capture saw of
/// the whole. refroots' own objects are left out. Objects are compared only where 32 bits of their hashes
/// agree. O(objects + references + atoms × their logarithm), atoms on several threads; some 16 bytes an object at the
/// peak, and 4 for each duplicate.
pub fn duplicates(graph: &HeapGraph) -> Duplicates {
    duplicates_in(graph, &Stages::default())
}

/// As [`duplicates`], and says how far it is: by its passes, each with its part of the time in percent.
pub(super) fn duplicates_in(graph: &HeapGraph, stages: &Stages) -> Duplicates {
    stages.begin("comparing values", 100);
    let mut classes = Classes::of_atoms(graph, &|| true);
    stages.reach(PARTS[0]);
    classes.add_tuples();
    stages.reach(PARTS[1]);
    let found = gather(graph, &classes.of);
    stages.finish();
    found
}

/// The class of each node that is compared: the first node that is equal to it.
struct Classes<'a> {
    graph: &'a HeapGraph,
    of: Vec<u32>,
}

/// The class of nodes that are not compared.
const NONE: u32 = u32::MAX;
/// How far the search is when it has compared atoms, and then tuples.
const PARTS: [usize; 2] = [85, 91];
/// Nodes whose atoms are worth a thread to hash them.
const WORTH_A_THREAD: usize = 1 << 18;

impl<'a> Classes<'a> {
    fn of_atoms(graph: &'a HeapGraph, goes_on: &(dyn Fn() -> bool + Sync)) -> Self {
        // No two threads write about one node.
        let class = |node: u32, class: u32, of: &[AtomicU32]| of[node as usize].store(class, Ordering::Relaxed);
        let mut of: Vec<AtomicU32> = (0..graph.node_count()).map(|_| AtomicU32::new(NONE)).collect();
        let pieces = graph.values.pieces(threads_for(graph.node_count(), WORTH_A_THREAD));
        let hash = |piece: usize| {
            let mut hashed = ByHash::default();
            for (at, (node, place, packed)) in graph.values.iter_in(pieces[piece].clone()).enumerate() {
                if at.is_multiple_of(Stages::EVERY) && !goes_on() {
                    break;
                }
                if !graph.is_shown(node) {
                    continue;
                }
                class(node.0, node.0, &of);
                if Sameness::of(packed) == Sameness::Equal {
                    hashed.push(Hashed::new(FxBuildHasher.hash_one(packed), node, place));
                }
            }
            hashed
        };
        let hashed = in_parts(pieces.len(), hash);
        for &(node, first) in &graph.equals {
            let is_compared = |node: u32| of[node as usize].load(Ordering::Relaxed) != NONE;
            if is_compared(node) && is_compared(first) {
                class(node, first, &of);
            }
        }
        each_equal(hashed, goes_on, |atom| graph.values.packed_at(atom.place), |node, first| class(node, first, &of));
        Self { graph, of: of.iter_mut().map(|class| *class.get_mut()).collect() }
    }

    fn add_tuples(&mut self) {
        let graph = self.graph;
        let is_tuple: Vec<bool> =
            graph.type_ids().map(|id| graph.type_qualname(id) == "tuple" && graph.type_module(id) == "builtins").collect();
        let mut hashed = ByHash::default();
        for node in graph.node_ids().filter(|&node| is_tuple[graph.type_of(node).index()] && graph.is_shown(node)) {
            let items = graph.referents(node);
            // The empty tuple is one for all.
            if !items.is_empty() && items.iter().all(|&item| self.of[item as usize] != NONE) {
                let classes: Vec<u32> = self.class_of_items(node).collect();
                hashed.push(Hashed::new(FxBuildHasher.hash_one(&classes), node, 0));
            }
        }
        // Tuples of tuples are not compared: no tuple has a class while these are read.
        let found: Mutex<Vec<(u32, u32)>> = Mutex::default();
        each_equal(
            vec![hashed],
            &|| true,
            |tuple| self.class_of_items(NodeId(tuple.node)).collect::<Vec<u32>>(),
            |node, first| found.lock().unwrap_or_else(PoisonError::into_inner).push((node, first)),
        );
        for (node, first) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
            self.of[node as usize] = first;
            self.of[first as usize] = first;
        }
    }

    fn class_of_items(&self, tuple: NodeId) -> impl Iterator<Item = u32> + '_ {
        self.graph.referents(tuple).iter().map(|&item| self.of[item as usize])
    }
}

/// Every atom that is equal to one before it, with the first such one: what is left of equality where values
/// are not kept. In heap order. O(atoms × their logarithm). Too few where `goes_on` said no.
pub(crate) fn equal_atoms(graph: &HeapGraph, goes_on: &(dyn Fn() -> bool + Sync)) -> Vec<(u32, u32)> {
    let classes = Classes::of_atoms(graph, goes_on).of;
    (0..).zip(classes).filter(|&(node, class)| class != NONE && class != node).collect()
}

/// Makes groups of the classes of several nodes, by counting.
fn gather(graph: &HeapGraph, classes: &[u32]) -> Duplicates {
    let classes = || (0_u32..).zip(classes).filter(|&(_, &class)| class != NONE);
    // Of each class first its count, then 1 + its group.
    let mut places = vec![0_u32; graph.node_count()];
    for (_, &class) in classes() {
        places[class as usize] += 1;
    }
    let mut groups: Vec<DuplicateGroup> = Vec::new();
    let mut members = 0;
    for (node, _) in classes().filter(|&(node, &class)| node == class) {
        let count = std::mem::take(&mut places[node as usize]);
        if count > 1 {
            let example = NodeId(node);
            let type_id = graph.type_of(example);
            groups.push(DuplicateGroup { type_id, example, count: 0, size: 0, wasted: 0, first_member: members });
            places[node as usize] = groups.len() as u32;
            members += count;
        }
    }
    let mut members = vec![0; members as usize];
    for (node, &class) in classes() {
        if let Some(place) = places[class as usize].checked_sub(1) {
            let group = &mut groups[place as usize];
            members[group.first_member as usize + group.count as usize] = node;
            group.count += 1;
            let size = graph.size(NodeId(node));
            group.size = group.size.max(size);
            group.wasted += size;
        }
    }
    for group in &mut groups {
        group.wasted -= group.size;
    }
    groups.sort_by_key(|group| (std::cmp::Reverse(group.wasted), group.example));
    Duplicates { groups, members }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HeapGraphBuilder, NodeRecord, Value, Values, Wording, sketch};

    fn rows(graph: &HeapGraph) -> Vec<String> {
        let found = duplicates(graph);
        let wording = Wording::new(graph, Values::Short);
        let row = |group: &DuplicateGroup| {
            let members: Vec<u32> = found.members(group).map(|node| node.0).collect();
            let DuplicateGroup { size, wasted, .. } = group;
            format!("{} {} {members:?} {size} {wasted}", graph.type_name(group.type_id), wording.value(group.example))
        };
        found.groups.iter().map(row).collect()
    }

    #[test]
    fn equal_atoms_and_tuples_of_them_are_groups() {
        let graph = sketch::parse(
            "a: str 'k' size=50
             b: int 7
             c: str 'k' size=60
             d: str '7' size=50
             e: int 7
             f: str 'k' size=50
             g: str 'k' internal
             p: tuple size=56
             p -> a [0]
             p -> b [1]
             q: tuple size=56
             q -> c [0]
             q -> e [1]
             r: tuple
             r -> e [0]
             r -> c [1]
             s: tuple
             s -> p [0]
             t: tuple
             t -> q [0]
             empty: tuple
             empty2: tuple
             named: app.tuple
             named -> a [0]
             named -> b [1]",
        )
        .unwrap();
        assert_eq!(rows(&graph), ["str 'k' [0, 2, 5] 60 100", "tuple ('k', 7) [7, 8] 56 56", "int 7 [1, 4] 16 16"]);
    }

    #[test]
    fn bits_decide_and_what_was_cut_is_as_capture_says() {
        let mut builder = HeapGraphBuilder::default();
        let builtins = builder.intern("builtins");
        let mut types = ["str", "float", "bool", "int"].map(|name| {
            let name = builder.intern(name);
            builder.add_type(builtins, name)
        });
        types.reverse();
        let [int, bool, float, str] = types;
        let long = || Value::Str("x".repeat(40).into(), 90);
        let values = [
            (float, Value::Float(0.0), None),
            (float, Value::Float(-0.0), None),
            (float, Value::Float(f64::NAN), None),
            (float, Value::Float(f64::NAN), None),
            (int, Value::Int(0), None),
            (bool, Value::Constant("True".into()), None),
            (bool, Value::Constant("True".into()), None),
            (str, long(), None),
            (str, long(), None),
            (str, long(), Some(7)),
            (str, Value::Str("\u{fffd}".into(), 1), None),
            (str, Value::Str("\u{fffd}".into(), 1), None),
            (int, Value::BigInt { negative: false, bits: 200 }, None),
            (int, Value::BigInt { negative: false, bits: 200 }, Some(12)),
            (str, long(), Some(8)),
            (str, long(), Some(7)),
        ];
        for address in 1..=values.len() as u64 {
            builder.discover(64 * address);
        }
        for (type_id, value, first) in values {
            let node = builder.describe(NodeRecord { type_id, size: 100, refcount: Some(0), flags: Default::default() });
            builder.keep_value(&value);
            if let Some(first) = first {
                builder.equal_to(node, NodeId(first));
            }
        }
        let graph = builder.finish().unwrap();
        let members: Vec<String> = rows(&graph).iter().map(|row| row[row.find('[').unwrap()..].to_owned()).collect();
        assert_eq!(members, ["[7, 9, 15] 100 200", "[2, 3] 100 100", "[8, 14] 100 100", "[12, 13] 100 100"]);
        assert_eq!((graph.equal_to(NodeId(15)), graph.equal_to(NodeId(7))), (Some(NodeId(7)), None));
    }
}
