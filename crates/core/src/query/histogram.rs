//! Objects and bytes by type.

use crate::{HeapGraph, NodeFlags, TypeId};

/// The objects of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeCount {
    /// The type; of several with one name, the first.
    pub type_id: TypeId,
    /// Its whole name: `app.models.Foo`.
    pub name: String,
    /// How many objects there are.
    pub count: u64,
    /// Their shallow sizes, added, in bytes.
    pub size: u64,
}

/// Counts objects by type, most first, then by name; refroots' own are left out.
///
/// Cost: one pass over the nodes.
pub fn by_type(graph: &HeapGraph) -> Vec<TypeCount> {
    let mut sums = vec![(0_u64, 0_u64); graph.type_count()];
    for node in graph.node_ids() {
        let flags = graph.flags(node);
        if !flags.contains(NodeFlags::INTERNAL) && !flags.contains(NodeFlags::SYNTHETIC) {
            let sum = &mut sums[graph.type_of(node).index()];
            sum.0 += 1;
            sum.1 += graph.size(node);
        }
    }
    let mut rows: Vec<TypeCount> = graph
        .type_ids()
        .zip(sums)
        .filter(|(_, (count, _))| *count > 0)
        .map(|(type_id, (count, size))| TypeCount { type_id, name: graph.type_name(type_id), count, size })
        .collect();
    rows.sort_by(|a, b| a.name.cmp(&b.name).then(a.type_id.cmp(&b.type_id)));
    rows.dedup_by(|later, first| {
        let same = later.name == first.name;
        if same {
            first.count += later.count;
            first.size += later.size;
        }
        same
    });
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows
}

#[cfg(test)]
mod tests {
    use crate::sketch;

    #[test]
    fn counts_and_sizes_most_first() {
        let graph = sketch::parse("a: app.A size=10\nb: app.A size=20\nc: list\nd: app.B internal").unwrap();
        let rows: Vec<_> = super::by_type(&graph).into_iter().map(|row| (row.name, row.count, row.size)).collect();
        assert_eq!(rows, [("app.A".into(), 2, 30), ("list".into(), 1, 16)]);
    }
}
