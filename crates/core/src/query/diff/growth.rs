//! What came and went by type, in objects and bytes.

use hashbrown::HashMap;

use super::Diff;
use super::join::shared_names;
use crate::query::dominators::Dominators;
use crate::query::histogram;
use crate::{HeapGraph, NodeFlags, NodeId};

/// What happened to the objects whose type has one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// The type's whole name.
    pub type_name: String,
    /// Objects that are new.
    pub new: u64,
    /// Objects that are gone.
    pub gone: u64,
    /// Objects of which it cannot be told.
    pub unsure: u64,
    /// Objects before.
    pub count_before: u64,
    /// Objects after.
    pub count_after: u64,
    /// Their shallow sizes before, added, in bytes.
    pub size_before: u64,
    /// Their shallow sizes after.
    pub size_after: u64,
    /// How many bytes more would be freed with them; `None` where that was not asked.
    pub retained: Option<i64>,
}

impl Growth {
    /// How many objects more there are.
    pub fn count(&self) -> i64 {
        self.count_after as i64 - self.count_before as i64
    }

    /// How many bytes more they take, themselves.
    pub fn size(&self) -> i64 {
        self.size_after as i64 - self.size_before as i64
    }
}

/// The types to whose objects something happened, by growth in bytes, then in objects, then by name; refroots'
/// own objects and frames that are no objects are left out. `diff` must be of these two. O(objects), and O(types) memory.
pub fn by_type(diff: &Diff, before: &HeapGraph, after: &HeapGraph) -> Vec<Growth> {
    let (names_before, names_after) = shared_names(before, after);
    let names = names_before.iter().chain(&names_after).max().map_or(0, |&last| last as usize + 1);
    let mut rows = vec![Growth::default(); names];
    for (graph, numbers) in [(before, &names_before), (after, &names_after)] {
        for (id, &number) in graph.type_ids().zip(numbers) {
            rows[number as usize].type_name = graph.type_name(id);
        }
    }
    let row_before = |node: NodeId| names_before[before.type_of(node).index()] as usize;
    let row_after = |node: NodeId| names_after[after.type_of(node).index()] as usize;
    for node in before.node_ids().filter(|&node| is_counted(before, node)) {
        let row = &mut rows[row_before(node)];
        row.count_before += 1;
        row.size_before += before.size(node);
    }
    for node in after.node_ids().filter(|&node| is_counted(after, node)) {
        let row = &mut rows[row_after(node)];
        row.count_after += 1;
        row.size_after += after.size(node);
    }
    for &node in &diff.new {
        rows[row_after(node)].new += 1;
    }
    for &node in &diff.unsure {
        rows[row_after(node)].unsure += 1;
    }
    for &node in &diff.gone {
        rows[row_before(node)].gone += 1;
    }
    rows.retain(|row| row.new + row.gone + row.unsure > 0 || row.size() != 0);
    rows.sort_by(|a, b| (b.size(), b.count()).cmp(&(a.size(), a.count())).then_with(|| a.type_name.cmp(&b.type_name)));
    rows
}

/// Adds to rows of [`by_type`] how what each type retains has changed, and puts those that retain most more first.
/// Types to which nothing happened may retain more too: they come in. O(objects), and 8 bytes an object.
pub fn add_retained(rows: &mut Vec<Growth>, before: (&HeapGraph, &Dominators), after: (&HeapGraph, &Dominators)) {
    let mut places: HashMap<String, usize> = rows.iter().enumerate().map(|(at, row)| (row.type_name.clone(), at)).collect();
    for ((graph, dominators), sign) in [(before, -1), (after, 1)] {
        for tally in histogram::by_type(graph, Some(dominators)) {
            let place = *places.entry(tally.name).or_insert_with_key(|name| {
                let (count_before, size_before) = (tally.count, tally.size);
                let (count_after, size_after) = (tally.count, tally.size);
                let type_name = name.clone();
                rows.push(Growth { type_name, count_before, size_before, count_after, size_after, ..Growth::default() });
                rows.len() - 1
            });
            let retained = tally.retained.unwrap_or_default().min(i64::MAX as u64) as i64;
            let known = rows[place].retained.get_or_insert(0);
            *known = known.saturating_add(sign * retained);
        }
    }
    rows.retain(|row| row.new + row.gone + row.unsure > 0 || row.size() != 0 || row.retained.is_some_and(|change| change != 0));
    rows.sort_by(|a, b| {
        let key = |row: &Growth| (row.retained, row.size(), row.count());
        key(b).cmp(&key(a)).then_with(|| a.type_name.cmp(&b.type_name))
    });
}

/// Whether a node is an object of the program.
pub(super) fn is_counted(graph: &HeapGraph, node: NodeId) -> bool {
    graph.is_shown(node) && !graph.flags(node).contains(NodeFlags::SYNTHETIC)
}
