//! Answers of the analysis as tables: which columns they have, and what stands in them.

use refroots_core::query::histogram::{RootShare, Tally, ThreadShare};
use refroots_core::query::reasons::Reason;
use refroots_core::query::suspects::Suspect;

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

/// Leak suspects, those that keep most first.
pub fn suspects(rows: &[Suspect]) -> Table {
    let columns = [("retained", "retained"), ("share", "of heap"), ("count", "objects"), ("type", "type"), ("text", "suspect")];
    let mut table = Table::new(&columns);
    table.rows = rows
        .iter()
        .map(|row| {
            let numbers = [Cell::Bytes(row.retained), Cell::Share(row.share), Cell::Count(row.count)];
            numbers.into_iter().chain([Cell::Text(row.type_name.clone()), Cell::Text(row.text.clone())]).collect()
        })
        .collect();
    table
}
