//! Answers that are tables: which query gives the rows, and a line about them.

use refroots_core::query::cycles::CycleOptions;
use refroots_core::query::histogram::{Tally, by_module, by_root, by_thread, by_type};
use refroots_core::query::largest::largest;
use refroots_core::query::suspects::SHARE;
use refroots_core::{Study, bytes};

use crate::table::counted;
use crate::{Ask, Error, Look, Table, tables};

/// The table that answers a look, and what it is in words.
///
/// # Errors
/// Those of the queries.
pub(crate) fn table(graph: &Study, look: &Look) -> Result<(Table, String), Error> {
    Ok(match look.ask {
        Ask::Retained => {
            let rows = by_type(graph, Some(graph.dominators()?));
            (tables::types(&rows), format!("what objects of {} keep alive", counted(rows.len() as u64, "type")))
        }
        Ask::Largest => {
            let rows = largest(graph, graph.dominators()?, None, MOST_ROWS);
            (tables::largest(graph, &rows, look.values), "what keeps most alive".to_owned())
        }
        Ask::Modules => {
            let rows = by_module(graph, Some(graph.dominators()?));
            (tables::modules(&rows), format!("what objects of {} keep alive", counted(rows.len() as u64, "module")))
        }
        Ask::Threads => {
            let rows = by_thread(graph, graph.dominators()?, look.values);
            (tables::threads(&rows), format!("what {} keep alive", counted(rows.len() as u64, "thread")))
        }
        Ask::Roots => {
            let rows = by_root(graph, graph.dominators()?, look.values);
            (tables::roots(&rows), format!("what {} keep alive", counted(rows.len() as u64, "root")))
        }
        Ask::Suspects => {
            let rows = graph.suspects(look.values)?;
            let mut table = tables::suspects(graph, &rows, look.values);
            let total = bytes(graph.dominators()?.total(graph));
            let words = counted(rows.len() as u64, "suspect");
            table.head = if rows.is_empty() {
                format!("no suspects: no holder keeps {:.0} % of the heap's {total} by many objects of one kind\n", SHARE * 100.0)
            } else {
                format!("{words} in a heap of {total}\n\n")
            };
            (table, words)
        }
        Ask::Cycles => {
            let rows = graph.cycles(&CycleOptions::default());
            let count = rows.iter().map(|row| row.count).sum();
            (tables::cycles(&rows), counted(count, "cycle"))
        }
        Ask::Duplicates => {
            let rows = graph.held_duplicates(look.values);
            let wasted = rows.iter().map(|row| row.group.wasted).sum();
            let words = format!("{} waste {}", counted(rows.len() as u64, "repeated value"), bytes(wasted));
            (tables::duplicates(graph, &rows, look.values), words)
        }
        Ask::Waste => {
            let rows = graph.held_waste(look.values);
            let wasted = rows.iter().map(|row| row.row.wasted).sum();
            (tables::waste(&rows), format!("containers waste {}", bytes(wasted)))
        }
        _ => {
            let rows = by_type(graph, None);
            let objects = rows.iter().map(|row| row.count).sum();
            (tables::types(&rows), format!("{} of {}", counted(objects, "object"), counted(rows.len() as u64, "type")))
        }
    })
}

/// Where the column stands by which the look's table is sorted, if it is. Costs no look at a graph.
///
/// # Errors
/// [`Error::Usage`] with the columns that there are.
pub(crate) fn sorted_by(look: &Look) -> Result<Option<usize>, Error> {
    let Some(name) = &look.sort else { return Ok(None) };
    if look.ask.is_about_objects() || look.ask == Ask::Save {
        return Ok(None);
    }
    let nothing = Study::default();
    let table = match look.ask {
        // Without rows it does not say that it has retained sizes.
        Ask::Retained => tables::types(&[Tally { name: String::new(), count: 0, size: 0, retained: Some(0) }]),
        _ => table(&nothing, look)?.0,
    };
    column_of(&table, name).map(Some)
}

/// Where a column stands.
///
/// # Errors
/// [`Error::Usage`] with the columns that there are.
pub(crate) fn column_of(table: &Table, name: &str) -> Result<usize, Error> {
    table.column(name).ok_or_else(|| {
        let known: Vec<&str> = table.columns.iter().map(|column| column.key).collect();
        Error::Usage(format!("--sort {name}: there is no such column; this table has {}", known.join(", ")))
    })
}

/// Rows that are asked for of what has as many as the heap has objects.
const MOST_ROWS: usize = 1000;
