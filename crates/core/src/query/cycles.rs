//! Reference cycles: which there are, in groups of one kind each, and the smallest one through an object.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::components::Components;
use super::definitions::Definitions;
use super::paths::telling_reference;
use super::reach;
use super::towards::Towards;
use crate::wording::grouped;
use crate::{HeapGraph, NodeFlags, NodeId, Reference, Stages, TypeId};

/// Which cycles are meant.
#[derive(Clone, Copy, Debug, Default)]
pub struct CycleOptions {
    /// Let cycles go through modules, classes, code and their namespaces that are alive. Every process has
    /// one giant component of them, and through its class each object that a module holds is part of it.
    pub definitions: bool,
}

/// Components that consist of the same types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleGroup {
    /// How many objects of which types one component has, most first, then by name.
    pub types: Vec<(String, u64)>,
    /// Whether no root reaches them: they wait for the collector.
    pub is_garbage: bool,
    /// How many components there are.
    pub count: u64,
    /// How many objects they have together.
    pub objects: u64,
    /// The shallow sizes of these, in bytes.
    pub size: u64,
    /// The first object of them in heap order.
    pub example: NodeId,
}

/// Types that [`CycleGroup::text`] names before it counts the rest.
const TYPES_NAMED: usize = 4;
/// How far the search is when it knows what is garbage, and then the components.
const PARTS: [usize; 2] = [60, 95];

impl CycleGroup {
    /// The types in words: `app.Node × 2, dict × 2`, `list`, `dict × 90, list × 7, and 12 more types`.
    pub fn text(&self) -> String {
        let word = |(name, count): &(String, u64)| match count {
            1 => name.clone(),
            _ => format!("{name} × {}", grouped(*count)),
        };
        // One more type takes no more room than to say that there is one.
        let named = if self.types.len() <= TYPES_NAMED + 1 { self.types.len() } else { TYPES_NAMED };
        let mut words: Vec<String> = self.types[..named].iter().map(word).collect();
        if self.types.len() > named {
            words.push(format!("and {} more types", grouped((self.types.len() - named) as u64)));
        }
        words.join(", ")
    }
}

/// Groups the components of more than one object, and objects that refer to themselves, by their types;
/// the most bytes first, then by heap order.
///
/// Definitions that no root reaches are let in always: a class that is garbage is a cycle that people mean.
/// O(objects + references + distinct groups × their logarithm); 13 bytes an object while it searches.
pub fn cycles(graph: &HeapGraph, options: &CycleOptions) -> Vec<CycleGroup> {
    cycles_in(graph, options, &Stages::default())
}

/// As [`cycles`], and says how far it is: by its passes, each with its part of the time in percent.
pub(crate) fn cycles_in(graph: &HeapGraph, options: &CycleOptions, stages: &Stages) -> Vec<CycleGroup> {
    stages.begin("finding cycles", 100);
    let is_garbage = reach::unreached(graph);
    stages.reach(PARTS[0]);
    let components = {
        let definitions = (!options.definitions).then(|| Definitions::of(graph));
        let is_noise = |node| definitions.as_ref().is_some_and(|all| all.contains(node) && !is_garbage(node));
        Components::find(graph, |node| graph.is_shown(node) && !is_noise(node))
    };
    stages.reach(PARTS[1]);
    let mut signatures = Signatures::new(graph);
    let mut places: HashMap<(bool, Signature), usize, FxBuildHasher> = HashMap::default();
    let mut groups: Vec<CycleGroup> = Vec::new();
    for members in (0..components.len()).map(|at| components.members(at)) {
        let is_object = |node: &NodeId| !graph.flags(*node).contains(NodeFlags::SYNTHETIC);
        let Some(example) = members.clone().find(is_object) else { continue };
        let key = (is_garbage(example), signatures.of(members.clone()));
        let place = *places.entry(key).or_insert_with_key(|(is_garbage, signature)| {
            let types = signatures.words(signature);
            groups.push(CycleGroup { types, is_garbage: *is_garbage, count: 0, objects: 0, size: 0, example });
            groups.len() - 1
        });
        let group = &mut groups[place];
        group.count += 1;
        for node in members.filter(is_object) {
            group.objects += 1;
            group.size += graph.size(node);
        }
    }
    groups.sort_by_key(|group| (std::cmp::Reverse(group.size), group.example));
    stages.finish();
    groups
}

/// How many objects of which types.
type Signature = Vec<(TypeId, u64)>;

/// Counts types, where several of one name are one.
struct Signatures<'a> {
    graph: &'a HeapGraph,
    /// Of each type the first of its name.
    first: Vec<TypeId>,
    counts: Vec<u64>,
}

impl<'a> Signatures<'a> {
    fn new(graph: &'a HeapGraph) -> Self {
        let mut named: HashMap<(&str, &str), TypeId, FxBuildHasher> = HashMap::default();
        let name = |id| (graph.type_module(id), graph.type_qualname(id));
        let first = graph.type_ids().map(|id| *named.entry(name(id)).or_insert(id)).collect();
        Self { graph, first, counts: vec![0; graph.type_count()] }
    }

    /// How many of which types, by type.
    fn of(&mut self, nodes: impl Iterator<Item = NodeId>) -> Signature {
        let mut met = Vec::new();
        for node in nodes {
            let type_id = self.first[self.graph.type_of(node).index()];
            let count = &mut self.counts[type_id.index()];
            if *count == 0 {
                met.push(type_id);
            }
            *count += 1;
        }
        met.sort_unstable();
        met.into_iter().map(|type_id| (type_id, std::mem::take(&mut self.counts[type_id.index()]))).collect()
    }

    fn words(&self, signature: &[(TypeId, u64)]) -> Vec<(String, u64)> {
        let mut words: Vec<_> = signature.iter().map(|&(type_id, count)| (self.graph.type_name(type_id), count)).collect();
        words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        words
    }
}

/// The shortest cycle through an object, as references from it back to it; `None` where there is none. Of
/// parallel references the first that has a name; of equally short cycles the one whose last referrers
/// stand first in heap order.
///
/// Definitions are let in as for [`cycles`], and where `node` is one itself. A breadth-first search over
/// referrers. Cost: two looks at most at each reference into the objects that lead to `node`, and 4 bytes
/// an object.
pub fn smallest_cycle(graph: &HeapGraph, node: NodeId, options: &CycleOptions) -> Option<Vec<Reference>> {
    if !graph.is_shown(node) || graph.referents(node).is_empty() {
        return None;
    }
    let definitions = (!options.definitions).then(|| Definitions::of(graph));
    // What leads to garbage is garbage, its definitions too.
    let left_out = definitions.filter(|all| !all.contains(node) && !reach::is_garbage(graph, node));
    let may_pass = |other| graph.is_shown(other) && !left_out.as_ref().is_some_and(|all| all.contains(other));
    let mut towards = Towards::new(graph.node_count());
    let mut order = vec![node];
    let mut next = 0;
    while let Some(&target) = order.get(next) {
        next += 1;
        for &source in graph.referrers(target) {
            if source == node.0 {
                return way_back(graph, node, target, &towards);
            }
            if !towards.contains(NodeId(source)) && may_pass(NodeId(source)) {
                towards.set(NodeId(source), target);
                order.push(NodeId(source));
            }
        }
    }
    None
}

/// The references from `node` to `second`, and from there as the search came.
fn way_back(graph: &HeapGraph, node: NodeId, second: NodeId, towards: &Towards) -> Option<Vec<Reference>> {
    let mut references = vec![telling_reference(graph, node, second)?];
    let mut at = second;
    while at != node {
        let next = towards.get(at)?;
        references.push(telling_reference(graph, at, next)?);
        at = next;
    }
    Some(references)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Values, Wording, sketch};

    fn rows(text: &str, definitions: bool) -> Vec<String> {
        let groups = cycles(&sketch::parse(text).unwrap(), &CycleOptions { definitions });
        let row = |group: &CycleGroup| {
            let state = if group.is_garbage { "garbage" } else { "alive" };
            let CycleGroup { count, objects, size, example, .. } = group;
            format!("{count} of {}: {objects} objects, {size} bytes, {state}, #{}", group.text(), example.0)
        };
        groups.iter().map(row).collect()
    }

    fn cycle(text: &str, node: u32, definitions: bool) -> Option<String> {
        let graph = sketch::parse(text).unwrap();
        let references = smallest_cycle(&graph, NodeId(node), &CycleOptions { definitions })?;
        Some(references.iter().map(|r| Wording::new(&graph, Values::Short).reference(*r)).collect())
    }

    const PROCESS: &str = "app: module 'app' root
        app -> names .__dict__
        names: dict namespace
        names -> class .Node
        names -> f .f
        names -> one .one
        f: function 'app.f'
        f -> names .__globals__
        class: type 'app.Node'
        class -> class_dict .__dict__
        class_dict: dict namespace
        class_dict -> getter .x
        class_dict -> f .f
        getter: getset_descriptor
        getter -> class .__objclass__
        one: app.Node size=100
        one -> class .__class__
        one -> d .__dict__
        d: dict namespace size=50
        d -> two .other
        two: app.Node size=100
        two -> one .parent
        lost: list
        lost -> lost [0]
        lost -> class [1]
        gone: list
        gone -> gone [0]
        held: list external=1
        held -> held [0]";

    #[test]
    fn cycles_of_one_kind_are_a_group_and_garbage_is_apart() {
        let alive = "1 of app.Node × 2, dict: 3 objects, 250 bytes, alive, #6";
        let rest = ["2 of list: 2 objects, 32 bytes, garbage, #9", "1 of list: 1 objects, 16 bytes, alive, #11"];
        assert_eq!(rows(PROCESS, false), [alive, rest[0], rest[1]]);
        let all = "1 of dict × 3, app.Node × 2, function, getset_descriptor, type: 8 objects, 330 bytes, alive, #1";
        assert_eq!(rows(PROCESS, true), [all, rest[0], rest[1]]);
    }

    #[test]
    fn a_class_that_is_garbage_is_a_cycle() {
        let text =
            "class: type 'app.Node'\nclass -> mro .__mro__\nmro: tuple\nmro -> class [0]\nx: app.Node\nx -> class .__class__";
        assert_eq!(rows(text, false), ["1 of tuple, type: 2 objects, 32 bytes, garbage, #0"]);
        assert_eq!(rows(&text.replace("'app.Node'", "'app.Node' root"), false), [""; 0]);
    }

    #[test]
    fn closures_are_objects_and_own_ones_are_not_shown() {
        let text = "f: function 'app.f'\nf -> cells .__closure__\ncells: tuple\ncells -> cell [0]\ncell: cell\ncell -> f <f>";
        assert_eq!(rows(text, false), ["1 of cell, function, tuple: 3 objects, 48 bytes, garbage, #0"]);
        assert_eq!(rows(&text.replace("cell: cell", "cell: cell internal"), false), [""; 0]);
    }

    #[test]
    fn many_types_are_counted() {
        let types = (0..12).map(|i| (format!("app.T{i}"), 2000)).collect();
        let group = CycleGroup { types, is_garbage: false, count: 1, objects: 24_000, size: 0, example: NodeId(0) };
        assert_eq!(group.text(), "app.T0 × 2,000, app.T1 × 2,000, app.T2 × 2,000, app.T3 × 2,000, and 8 more types");
    }

    #[test]
    fn the_smallest_cycle_is_named_and_goes_around_definitions() {
        assert_eq!(cycle(PROCESS, 6, false).as_deref(), Some(".__dict__.other.parent"));
        assert_eq!(cycle(PROCESS, 7, false).as_deref(), Some(".other.parent.__dict__"));
        assert_eq!(cycle(PROCESS, 2, false), None, "a function's globals are no cycle that people mean");
        assert_eq!(cycle(PROCESS, 2, true).as_deref(), Some(".__globals__.f"));
        assert_eq!(cycle(PROCESS, 3, false).as_deref(), Some(".__dict__.x.__objclass__"));
        assert_eq!(cycle(PROCESS, 0, true), None, "nothing refers to it");
        assert_eq!(cycle(PROCESS, 9, false).as_deref(), Some("[0]"));
        let parallel = "a: list\nb: dict\na -> b [0]\nb -> a key\nb -> a [k]\nk: str 'k'";
        assert_eq!(cycle(parallel, 0, false).as_deref(), Some("[0]['k']"));
        assert_eq!(cycle(&parallel.replace("b: dict", "b: dict internal"), 0, false), None);
    }
}
