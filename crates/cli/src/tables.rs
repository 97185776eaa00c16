//! Answers of the analysis as tables: which columns they have, and what stands in them.

use refroots_core::query::cycles::CycleGroup;
use refroots_core::query::grew::PathGrowth;
use refroots_core::query::held::{Duplicate, Waste};

use refroots_core::query::diff::Growth;
use refroots_core::query::histogram::{RootShare, Tally, ThreadShare};
use refroots_core::query::holder::Holder;
use refroots_core::query::largest::{Largest, owner_words};
use refroots_core::query::reasons::Reason;
use refroots_core::query::suspects::Suspect;

use refroots_core::{HeapGraph, NodeId, Values, Wording, bytes, grouped};

use crate::table::{Cell, Table};

/// Objects and bytes by type.
pub fn types(rows: &[Tally]) -> Table {
    tallies(rows, "type")
}

/// Objects and bytes by the module that defines their type.
pub fn modules(rows: &[Tally]) -> Table {
    tallies(rows, "module")
}

fn tallies(rows: &[Tally], noun: &'static str) -> Table {
    let has_retained = rows.iter().any(|row| row.retained.is_some());
    let mut table = if has_retained {
        Table::new(&[("retained", "retained"), ("count", "objects"), ("size", "bytes"), (noun, noun)])
    } else {
        Table::new(&[("count", "objects"), ("size", "bytes"), (noun, noun)])
    };
    // What types retain overlaps, so it is not added up: the last rows would lie.
    table.adds_up_by = (!has_retained).then_some(noun);
    table.rows = rows
        .iter()
        .map(|row| {
            let retained = has_retained.then_some(row.retained.map_or(Cell::Nothing, Cell::Bytes));
            let cells = [Cell::Count(row.count), Cell::Bytes(row.size), Cell::Text(row.name.clone())];
            retained.into_iter().chain(cells).collect()
        })
        .collect();
    table
}

/// What each GC root keeps alive that nothing else does.
pub fn roots(rows: &[RootShare]) -> Table {
    let mut table = Table::new(&[("retained", "retained"), ("kind", "kind"), ("thread", "thread"), ("name", "root")]);
    table.adds_up_by = Some("root");
    table.rows = rows
        .iter()
        .map(|row| {
            let kind = row.kind.map_or(Cell::Nothing, |kind| Cell::Text(kind.word().to_owned()));
            vec![Cell::Bytes(row.retained), kind, Cell::Text(row.thread.clone()), Cell::Text(row.name.clone())]
        })
        .collect();
    table
}

/// What the frames of each thread hold together.
pub fn threads(rows: &[ThreadShare]) -> Table {
    let mut table = Table::new(&[("retained", "retained"), ("frames", "frames"), ("name", "thread")]);
    table.adds_up_by = Some("thread");
    table.rows =
        rows.iter().map(|row| vec![Cell::Bytes(row.retained), Cell::Count(row.frames), Cell::Text(row.name.clone())]).collect();
    table
}

/// The ways in which objects are held, most objects first.
pub fn reasons(rows: &[Reason]) -> Table {
    let mut table = Table::new(&[("count", "objects"), ("size", "bytes"), ("signature", "held by")]);
    table.rows =
        rows.iter().map(|row| vec![Cell::Count(row.count), Cell::Bytes(row.size), Cell::Text(row.signature.clone())]).collect();
    table
}

/// Leak suspects, those that keep most first: to people each in a sentence, with the chain to its holder.
pub fn suspects(graph: &HeapGraph, rows: &[Suspect], values: Values) -> Table {
    let columns = [
        ("retained", "retained"),
        ("share", "of heap"),
        ("count", "objects"),
        ("type", "type"),
        ("text", "suspect"),
        ("path", "path"),
    ];
    let mut table = Table::new(&columns);
    let mut listing = Vec::new();
    for row in rows {
        let numbers = [Cell::Bytes(row.retained), Cell::Share(row.share), Cell::Count(row.count)];
        let words = [row.type_name.clone(), row.text.clone(), row.chain.path(graph, values)].map(Cell::Text);
        table.rows.push(numbers.into_iter().chain(words).collect());
        let chain = refroots_render::text(&row.chain.view(graph, values));
        let mut item = format!("{}\n", refroots_render::printable(&row.text, usize::MAX));
        for line in chain.lines().skip(1) {
            item.push_str(&format!("   {line}\n"));
        }
        listing.push(item);
    }
    table.listing = Some(listing);
    table
}

/// Objects of the dominator tree, those that retain most first.
pub fn largest(graph: &HeapGraph, rows: &[Largest], values: Values) -> Table {
    let columns = [
        ("retained", "retained"),
        ("share", "of heap"),
        ("children", "keeps"),
        ("object", "object"),
        ("accumulation", "most of it at"),
    ];
    let mut table = Table::new(&columns);
    let name = |node: NodeId| {
        let (owner, text) = (owner_words(graph, node, values), Wording::new(graph, values).node(node));
        let comma = if owner.is_empty() || text.is_empty() { "" } else { ", " };
        format!("{} #{} {owner}{comma}{text}", graph.type_name(graph.type_of(node)), node.0).trim_end().to_owned()
    };
    table.rows = rows
        .iter()
        .map(|row| {
            let point = if row.accumulation == row.node { String::new() } else { name(row.accumulation) };
            let numbers = [Cell::Bytes(row.retained), Cell::Share(row.share), Cell::Count(row.children)];
            numbers.into_iter().chain([Cell::Text(name(row.node)), Cell::Text(point)]).collect()
        })
        .collect();
    table
}

/// Reference cycles in groups of one kind, the most bytes first.
pub fn cycles(rows: &[CycleGroup]) -> Table {
    let columns = [
        ("count", "cycles"),
        ("objects", "objects"),
        ("size", "bytes"),
        ("garbage", ""),
        ("ordinal", "such as"),
        ("types", "of"),
    ];
    let mut table = Table::new(&columns);
    let cells = |row: &CycleGroup| {
        let garbage = Cell::Whether(row.is_garbage, "garbage");
        let numbers = [Cell::Count(row.count), Cell::Count(row.objects), Cell::Bytes(row.size)];
        numbers.into_iter().chain([garbage, Cell::Object(row.example.0), Cell::Text(row.text())]).collect()
    };
    table.rows = rows.iter().map(cells).collect();
    table
}

/// Equal objects, the most wasted bytes first, with where they are held.
pub fn duplicates(graph: &HeapGraph, rows: &[Duplicate], values: Values) -> Table {
    let columns = [
        ("wasted", "wasted"),
        ("count", "objects"),
        ("size", "bytes each"),
        ("ordinal", "such as"),
        ("type", "type"),
        ("value", "value"),
        ("held_by", "held by"),
    ];
    let mut table = Table::new(&columns);
    let wording = Wording::new(graph, values);
    let cells = |row: &Duplicate| {
        let numbers = [
            Cell::Bytes(row.group.wasted),
            Cell::Count(row.group.count),
            Cell::Bytes(row.group.size),
            Cell::Object(row.group.example.0),
        ];
        let words = [graph.type_name(row.group.type_id), wording.value(row.group.example), holders(&row.holders)];
        numbers.into_iter().chain(words.map(Cell::Text)).collect()
    };
    table.rows = rows.iter().map(cells).collect();
    table
}

/// Containers that waste memory, the most wasted bytes first, with where they are held.
pub fn waste(rows: &[Waste]) -> Table {
    let columns = [
        ("wasted", "wasted"),
        ("count", "objects"),
        ("size", "bytes"),
        ("ordinal", "such as"),
        ("kind", "what"),
        ("held_by", "held by"),
        ("remedy", "what takes less"),
    ];
    let mut table = Table::new(&columns);
    let cells = |waste: &Waste| {
        let row = &waste.row;
        let numbers =
            [Cell::Bytes(row.wasted), Cell::Count(row.nodes.len() as u64), Cell::Bytes(row.size), Cell::Object(row.example.0)];
        let words = [row.kind.word().to_owned(), holders(&waste.holders), row.kind.remedy().to_owned()];
        numbers.into_iter().chain(words.map(Cell::Text)).collect()
    };
    table.rows = rows.iter().map(cells).collect();
    table
}

/// `9,998 × .name of app.User, 2 × [*] of list`.
fn holders(holders: &[Holder]) -> String {
    let words: Vec<String> = holders.iter().map(|holder| format!("{} × {}", grouped(holder.count), holder.text)).collect();
    words.join(", ")
}

/// What came and went by type.
pub fn growth(rows: &[Growth]) -> Table {
    let has_retained = rows.iter().any(|row| row.retained.is_some());
    let columns =
        [("size", "bytes"), ("count", "objects"), ("new", "new"), ("gone", "gone"), ("unsure", "unsure"), ("type", "type")];
    let retained = has_retained.then_some(("retained", "retained"));
    let mut table = Table::new(&retained.into_iter().chain(columns).collect::<Vec<_>>());
    // What types retain overlaps, so it is not added up.
    table.adds_up_by = (!has_retained).then_some("type");
    table.rows = rows
        .iter()
        .map(|row| {
            let retained = has_retained.then_some(row.retained.map_or(Cell::Nothing, Cell::BytesChange));
            let numbers = [Cell::BytesChange(row.size()), Cell::Change(row.count())];
            let counts = [row.new, row.gone, row.unsure].map(Cell::Count);
            retained.into_iter().chain(numbers).chain(counts).chain([Cell::Text(row.type_name.clone())]).collect()
        })
        .collect();
    table
}

/// Paths that grew from heap to heap, the most bytes of growth first, begun work last.
pub fn grew(rows: &[PathGrowth]) -> Table {
    let columns = [("growth", "growth"), ("counts", "objects"), ("sizes", "bytes"), ("type", "type"), ("path", "path")];
    let mut table = Table::new(&columns);
    let listed =
        |numbers: &[u64], word: fn(u64) -> String| numbers.iter().map(|&number| word(number)).collect::<Vec<_>>().join(" → ");
    table.rows = rows
        .iter()
        .map(|row| {
            let growth = row.sizes.last().zip(row.sizes.first()).map_or(0, |(last, first)| *last as i64 - *first as i64);
            let words = [listed(&row.counts, grouped), listed(&row.sizes, bytes), row.type_name.clone(), row.path.clone()];
            std::iter::once(Cell::BytesChange(growth)).chain(words.map(Cell::Text)).collect()
        })
        .collect();
    table
}
