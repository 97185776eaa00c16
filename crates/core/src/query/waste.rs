//! Containers that take more than their items need: lists with room to spare, sparse dicts and sets, empty ones.

use super::container_sizes::{dict_size_anew, list_size, set_size_anew};
use crate::{EdgeKind, HeapGraph, NodeFlags, NodeId, Stages};

/// How a container wastes memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WasteKind {
    /// A list has room for items that it does not have.
    RoomyList,
    /// A dict's table would be smaller if the dict were made anew.
    SparseDict,
    /// A set's or frozenset's table would be.
    SparseSet,
    /// A list without items.
    EmptyList,
    /// A dict without items that is no namespace.
    EmptyDict,
    /// A set without items.
    EmptySet,
    /// A deque without items: it has room for 64.
    EmptyDeque,
}

impl WasteKind {
    const ALL: [Self; 7] =
        [Self::RoomyList, Self::SparseDict, Self::SparseSet, Self::EmptyList, Self::EmptyDict, Self::EmptySet, Self::EmptyDeque];

    /// The kind in words.
    pub fn word(self) -> &'static str {
        match self {
            Self::RoomyList => "lists with room to spare",
            Self::SparseDict => "sparse dicts",
            Self::SparseSet => "sparse sets",
            Self::EmptyList => "empty lists",
            Self::EmptyDict => "empty dicts",
            Self::EmptySet => "empty sets",
            Self::EmptyDeque => "empty deques",
        }
    }

    /// What would take less.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::RoomyList | Self::SparseDict | Self::SparseSet => "a fresh copy, made when nothing is added any more",
            Self::EmptyList | Self::EmptyDict | Self::EmptySet | Self::EmptyDeque => {
                "None or an empty tuple until there is an item"
            }
        }
    }
}

/// The containers that waste memory in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WasteRow {
    /// In which way.
    pub kind: WasteKind,
    /// The containers, in heap order; at least one.
    pub nodes: Vec<NodeId>,
    /// Their shallow sizes, added, in bytes.
    pub size: u64,
    /// How many of these bytes their items do not need.
    pub wasted: u64,
    /// The one that wastes most, the first of several.
    pub example: NodeId,
}

/// Finds containers that waste memory; the ways that waste most first.
///
/// Lists, dicts, sets and frozensets of the exact types, and empty deques. What is wasted is what a copy
/// made anew would save; of an empty container it is all. Namespaces of instances, classes and modules are
/// left out, for nobody chose their tables, and so are refroots' own objects. O(objects + references); 4 bytes
/// for each container that wastes.
pub fn waste(graph: &HeapGraph) -> Vec<WasteRow> {
    waste_in(graph, &Stages::default())
}

/// As [`waste`], and says how far it is.
pub(super) fn waste_in(graph: &HeapGraph, stages: &Stages) -> Vec<WasteRow> {
    stages.begin("looking into containers", graph.node_count());
    let containers: Vec<Option<Container>> = graph
        .type_ids()
        .map(|id| match (graph.type_module(id), graph.type_qualname(id)) {
            ("builtins", "list") => Some(Container::List),
            ("builtins", "dict") => Some(Container::Dict),
            ("builtins", "set") => Some(Container::Set),
            ("builtins", "frozenset") => Some(Container::Frozenset),
            ("collections", "deque") => Some(Container::Deque),
            _ => None,
        })
        .collect();
    let mut rows = WasteKind::ALL.map(|kind| WasteRow { kind, nodes: Vec::new(), size: 0, wasted: 0, example: NodeId(0) });
    let mut most = [0; WasteKind::ALL.len()];
    for node in graph.node_ids() {
        if node.index().is_multiple_of(Stages::EVERY) {
            stages.reach(node.index());
        }
        let Some(container) = containers[graph.type_of(node).index()] else { continue };
        let flags = graph.flags(node);
        if flags.contains(NodeFlags::INTERNAL) || flags.contains(NodeFlags::NAMESPACE) {
            continue;
        }
        if let Some((kind, wasted)) = container.waste(graph, node) {
            let row = &mut rows[kind as usize];
            row.nodes.push(node);
            row.size += graph.size(node);
            row.wasted += wasted;
            if wasted > most[kind as usize] {
                most[kind as usize] = wasted;
                row.example = node;
            }
        }
    }
    stages.finish();
    let mut rows: Vec<WasteRow> = rows.into_iter().filter(|row| !row.nodes.is_empty()).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.wasted), row.kind));
    rows
}

#[derive(Clone, Copy)]
enum Container {
    List,
    Dict,
    Set,
    Frozenset,
    Deque,
}

impl Container {
    fn waste(self, graph: &HeapGraph, node: NodeId) -> Option<(WasteKind, u64)> {
        let size = graph.size(node);
        let count = |kind| graph.references_from(node).filter(|reference| reference.kind == kind).count() as u64;
        let (items, empty, sparse) = match self {
            Self::List => (count(EdgeKind::Index), Some(WasteKind::EmptyList), WasteKind::RoomyList),
            Self::Dict => (count(EdgeKind::Item), Some(WasteKind::EmptyDict), WasteKind::SparseDict),
            Self::Set => (count(EdgeKind::Member), Some(WasteKind::EmptySet), WasteKind::SparseSet),
            // One that is empty cannot be told from what is shared, nor replaced by less.
            Self::Frozenset => (count(EdgeKind::Member), None, WasteKind::SparseSet),
            Self::Deque => {
                let is_empty = graph.references_from(node).all(|reference| reference.kind == EdgeKind::Special);
                return is_empty.then_some((WasteKind::EmptyDeque, size));
            }
        };
        if items == 0 {
            return empty.map(|kind| (kind, size));
        }
        let anew = match self {
            Self::List => list_size(items),
            Self::Dict => dict_size_anew(size, items)?,
            _ => set_size_anew(items),
        };
        size.checked_sub(anew).filter(|&wasted| wasted > 0).map(|wasted| (sparse, wasted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch;

    #[test]
    fn waste_is_counted_by_kind_most_first() {
        let graph = sketch::parse(
            "x: int 1
             exact: list size=72
             exact -> x [0]
             roomy: list size=88
             roomy -> x [0]
             roomier: list size=120
             roomier -> x [0]
             empty: list size=56
             full: dict size=184
             full -> x [x]
             full -> x key
             sparse: dict size=832
             sparse -> x [x]
             sparse -> x key
             names: dict namespace size=832
             names -> x .x
             shared: dict size=96
             shared -> x [x]
             none: dict size=64
             own: list size=56 internal
             set: set size=728
             set -> x [*]
             nothing: frozenset size=216
             also: set size=216
             d: collections.deque size=760
             d -> class .__class__
             class: type 'collections.deque'
             sub: app.list size=999",
        )
        .unwrap();
        let rows: Vec<_> = waste(&graph).into_iter().map(|row| (row.kind, row.nodes.len(), row.wasted, row.example.0)).collect();
        assert_eq!(
            rows,
            [
                (WasteKind::EmptyDeque, 1, 760, 14),
                (WasteKind::SparseDict, 1, 648, 6),
                (WasteKind::SparseSet, 1, 512, 11),
                (WasteKind::EmptySet, 1, 216, 13),
                (WasteKind::RoomyList, 2, 64, 3),
                (WasteKind::EmptyDict, 1, 64, 9),
                (WasteKind::EmptyList, 1, 56, 4),
            ]
        );
    }

    #[test]
    fn kinds_are_their_places() {
        for (place, kind) in WasteKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
    }
}
