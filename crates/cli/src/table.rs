//! The table of types, for people and as JSON.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use refroots_core::grouped;
use refroots_core::query::histogram::TypeCount;
use serde::Serialize;

/// The first rows as an aligned table, then what the rest and all of them amount to.
pub fn text(rows: &[TypeCount], limit: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["objects", "bytes", "type"]);
    let shown = rows.len().min(limit);
    for row in &rows[..shown] {
        table.add_row([grouped(row.count), bytes(row.size), row.name.clone()]);
    }
    let sum = |rows: &[TypeCount]| rows.iter().fold((0, 0), |(count, size), row| (count + row.count, size + row.size));
    if shown < rows.len() {
        let (count, size) = sum(&rows[shown..]);
        table.add_row([grouped(count), bytes(size), format!("({} more types)", grouped((rows.len() - shown) as u64))]);
    }
    let (count, size) = sum(rows);
    table.add_row([grouped(count), bytes(size), format!("total of {}", counted(rows.len() as u64, "type"))]);
    for column in 0..2 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The rows as a JSON list of objects: `type`, `count`, and `size` in bytes.
pub(crate) fn json(rows: &[TypeCount], limit: Option<usize>) -> String {
    #[derive(Serialize)]
    struct Row<'a> {
        #[serde(rename = "type")]
        type_name: &'a str,
        count: u64,
        size: u64,
    }
    let shown = rows.iter().take(limit.unwrap_or(rows.len()));
    let rows: Vec<String> = shown
        .map(|row| Row { type_name: &row.name, count: row.count, size: row.size })
        .filter_map(|row| serde_json::to_string(&row).ok())
        .collect();
    if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n  {}\n]\n", rows.join(",\n  ")) }
}

/// Bytes with three digits that matter: `16 B`, `2.0 KiB`, `340 MiB`.
fn bytes(size: u64) -> String {
    if size < 1024 {
        return format!("{size} B");
    }
    let mut value = size as f64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if value < 100.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// `1 object`, `2 objects`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 1023, 1024, 10_240, 356_515_840].map(bytes), ["0 B", "1023 B", "1.0 KiB", "10.0 KiB", "340 MiB"]);
        assert_eq!([1, 2].map(|n| counted(n, "type")), ["1 type", "2 types"]);
    }

    #[test]
    fn an_empty_heap_is_still_a_table() {
        assert_eq!(json(&[], None), "[]\n");
        assert!(text(&[], 25).contains("total of 0 types"));
    }
}
