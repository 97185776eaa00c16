//! Tables of answers: for people, aligned; for programs, as JSON; for notebooks, as HTML.

use std::cmp::Ordering;
use std::iter;

use anstyle::Style;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, presets};
use refroots_core::{bytes, grouped};
use refroots_render::{code_block, code_span, markdown_cell, printable, xml};
use serde_json::{Map, Value};

use crate::Screen;

/// Rows of one kind, with what their columns mean.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The columns, from left to right.
    pub columns: Vec<Column>,
    /// The rows, those that matter most first; each has a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// What one row is about, where the numbers of all rows may be added: `type`.
    pub adds_up_by: Option<&'static str>,
    /// What people are shown instead of columns, for each row.
    pub listing: Option<Vec<String>>,
    /// What people are told before the rows.
    pub head: String,
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its key in JSON.
    pub key: &'static str,
    /// What stands above it.
    pub title: &'static str,
}

/// One entry of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// So many.
    Count(u64),
    /// So many more, or less.
    Change(i64),
    /// So many bytes.
    Bytes(u64),
    /// So many bytes more, or less.
    BytesChange(i64),
    /// A part of the whole, from 0 to 1.
    Share(f64),
    /// An object, by its ordinal.
    Object(u32),
    /// Words.
    Text(String),
    /// Whether something is so, and the word for it if it is.
    Whether(bool, &'static str),
    /// What is not known, or was not asked.
    Nothing,
}

/// Characters of a text that a table for people shows.
const TEXT_WIDTH: usize = 160;

impl Table {
    /// An empty table with these columns, each a key and a title.
    pub fn new(columns: &[(&'static str, &'static str)]) -> Self {
        let columns = columns.iter().map(|&(key, title)| Column { key, title }).collect();
        Self { columns, ..Self::default() }
    }

    /// The first `limit` rows as aligned columns, then what the rest and all of them amount to.
    pub fn text(&self, limit: usize) -> String {
        self.text_on(limit, None)
    }

    /// As [`text`](Self::text), in lines that fit the screen: words that need more are broken. Its head is bold where
    /// the screen takes that.
    pub fn text_on(&self, limit: usize, screen: Option<Screen>) -> String {
        if let Some(listing) = &self.listing {
            return self.head.clone() + &numbered(listing, limit);
        }
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        if let Some(Screen { columns: width, .. }) = screen {
            // Spaces that would stand at the ends of lines are cut off below.
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.min(usize::from(u16::MAX)) as u16);
        }
        table.set_header(self.columns.iter().map(|column| column.title));
        for row in self.shown(limit) {
            table.add_row(row.iter().map(Cell::words));
        }
        for at in 0..self.columns.len() {
            let Some(column) = table.column_mut(at).filter(|_| self.is_of_numbers(at)) else { continue };
            column.set_constraint(ColumnConstraint::ContentWidth);
            if !self.is_last(at) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let bold = if screen.is_some_and(|screen| screen.styled) { Style::new().bold() } else { Style::new() };
        let styles = iter::once(bold).chain(iter::repeat(Style::new()));
        table
            .lines()
            .zip(styles)
            .fold(self.head.clone(), |text, (line, style)| text + &format!("{style}{}{style:#}\n", line.trim_end()))
    }

    /// Where the column of that key or title stands.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.key == name || column.title == name)
    }

    /// Sorts the rows by a column, the largest numbers first, words from a to z; equal ones stay in their order.
    pub fn sort(&mut self, at: usize) {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by(|&a, &b| self.rows[a][at].compare(&self.rows[b][at]));
        self.rows = order.iter().map(|&row| std::mem::take(&mut self.rows[row])).collect();
        if let Some(listing) = &mut self.listing {
            *listing = order.iter().map(|&row| std::mem::take(&mut listing[row])).collect();
        }
    }

    /// The first `limit` rows, or all, each as what its columns' keys are in JSON.
    pub fn records(&self, limit: Option<usize>) -> impl Iterator<Item = Map<String, Value>> + '_ {
        self.rows
            .iter()
            .take(limit.unwrap_or(self.rows.len()))
            .map(|row| self.columns.iter().zip(row).map(|(column, cell)| (column.key.to_owned(), cell.value())).collect())
    }

    /// The first `limit` rows, or all, as a JSON list with one object a line; numbers of bytes are whole.
    pub fn json(&self, limit: Option<usize>) -> String {
        let rows: Vec<String> = self.records(limit).map(|row| Value::Object(row).to_string()).collect();
        if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n  {}\n]\n", rows.join(",\n  ")) }
    }

    /// As [`text`](Self::text), as an HTML table.
    pub fn html(&self, limit: usize) -> String {
        let row = |cells: &mut dyn Iterator<Item = String>| format!("<tr>{}</tr>", cells.collect::<String>());
        let head = row(&mut self.columns.iter().map(|column| format!("<th>{}</th>", xml(column.title))));
        let body: String = self
            .shown(limit)
            .iter()
            .map(|cells| row(&mut cells.iter().map(|cell| format!("<td>{}</td>", xml(&cell.words())))))
            .collect();
        format!("<table><thead>{head}</thead><tbody>{body}</tbody></table>")
    }

    /// As [`text`](Self::text), as Markdown that GitHub shows: columns as a table in which texts are code, a list as a
    /// block of code.
    pub fn markdown(&self, limit: usize) -> String {
        if self.listing.is_some() {
            return code_block("", &self.text(limit));
        }
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let rule = |at: usize| if self.is_of_numbers(at) { "--:" } else { "---" }.to_owned();
        let head = row(self.columns.iter().map(|column| column.title.to_owned()).collect());
        let rules = row((0..self.columns.len()).map(rule).collect());
        self.shown(limit).iter().fold(head + &rules, |text, cells| text + &row(cells.iter().map(Cell::markdown).collect()))
    }

    /// The rows that are shown, and those that stand for the rest and for all.
    fn shown(&self, limit: usize) -> Vec<Vec<Cell>> {
        let count = self.rows.len().min(limit);
        let mut shown = self.rows[..count].to_vec();
        let left = (self.rows.len() - count) as u64;
        if let Some(noun) = self.adds_up_by {
            if left > 0 {
                shown.push(self.sum(&self.rows[count..], format!("({} more {noun}s)", grouped(left))));
            }
            shown.push(self.sum(&self.rows, format!("total of {}", counted(self.rows.len() as u64, noun))));
        } else if left > 0 {
            let mut row = vec![Cell::Nothing; self.columns.len()];
            if let Some(last) = row.last_mut() {
                *last = Cell::Text(format!("({} more)", grouped(left)));
            }
            shown.push(row);
        }
        shown
    }

    fn sum(&self, rows: &[Vec<Cell>], words: String) -> Vec<Cell> {
        let mut sums: Vec<Cell> = (0..self.columns.len())
            .map(|at| rows.iter().map(|row| row[at].clone()).reduce(Cell::add).unwrap_or(Cell::Count(0)))
            .collect();
        if let Some(last) = sums.last_mut() {
            *last = Cell::Text(words);
        }
        sums
    }

    fn is_of_numbers(&self, at: usize) -> bool {
        self.rows.iter().all(|row| !matches!(row[at], Cell::Text(_) | Cell::Whether(..)))
    }

    fn is_last(&self, at: usize) -> bool {
        at + 1 == self.columns.len()
    }
}

/// Items in a list for people, with numbers.
fn numbered(items: &[String], limit: usize) -> String {
    let mut shown: Vec<String> = items.iter().take(limit).enumerate().map(|(at, item)| format!("{}. {item}", at + 1)).collect();
    if items.len() > limit {
        shown.push(format!("({} more)\n", grouped((items.len() - limit) as u64)));
    }
    shown.join("\n")
}

impl Cell {
    /// The order in which a column is sorted: what is not known comes last.
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Nothing, Self::Nothing) => Ordering::Equal,
            (Self::Nothing, _) => Ordering::Greater,
            (_, Self::Nothing) => Ordering::Less,
            (Self::Share(a), Self::Share(b)) => b.total_cmp(a),
            _ => other.number().cmp(&self.number()),
        }
    }

    fn number(&self) -> i128 {
        match *self {
            Self::Count(number) | Self::Bytes(number) => number.into(),
            Self::Change(number) | Self::BytesChange(number) => number.into(),
            Self::Whether(is_so, _) => is_so.into(),
            // Ordinals are sorted as they stand in the heap.
            Self::Object(ordinal) => -i128::from(ordinal),
            Self::Share(_) | Self::Text(_) | Self::Nothing => 0,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Count(count) => grouped(*count),
            Self::Change(change) => format!("{}{}", sign(*change), grouped(change.unsigned_abs())),
            Self::Bytes(size) => bytes(*size),
            Self::BytesChange(change) => format!("{}{}", sign(*change), bytes(change.unsigned_abs())),
            Self::Share(share) => format!("{:.1} %", share * 100.0),
            Self::Object(ordinal) => format!("#{ordinal}"),
            Self::Text(text) => printable(text, TEXT_WIDTH),
            Self::Whether(is_so, word) => if *is_so { *word } else { "" }.to_owned(),
            Self::Nothing => String::new(),
        }
    }

    fn markdown(&self) -> String {
        match self {
            Self::Text(_) | Self::Object(_) => markdown_cell(&code_span(&self.words())),
            _ => self.words(),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Count(number) | Self::Bytes(number) => (*number).into(),
            Self::Change(number) | Self::BytesChange(number) => (*number).into(),
            Self::Share(share) => (*share).into(),
            Self::Object(ordinal) => (*ordinal).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Whether(is_so, _) => (*is_so).into(),
            Self::Nothing => Value::Null,
        }
    }

    fn add(self, other: Self) -> Self {
        match (self, other) {
            (Self::Count(a), Self::Count(b)) => Self::Count(a.saturating_add(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Self::Bytes(a.saturating_add(b)),
            (Self::Change(a), Self::Change(b)) => Self::Change(a.saturating_add(b)),
            (Self::BytesChange(a), Self::BytesChange(b)) => Self::BytesChange(a.saturating_add(b)),
            _ => Self::Nothing,
        }
    }
}

fn sign(change: i64) -> &'static str {
    match change {
        0 => "",
        1.. => "+",
        _ => "-",
    }
}

/// `1 object`, `2 objects`.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!([1, 2].map(|n| counted(n, "type")), ["1 type", "2 types"]);
        let cells = [Cell::Change(-1500), Cell::BytesChange(2048), Cell::Change(0), Cell::Share(0.615), Cell::Nothing];
        assert_eq!(cells.map(|cell| cell.words()), ["-1,500", "+2.0 KiB", "0", "61.5 %", ""]);
    }

    fn table() -> Table {
        let mut table = Table::new(&[("count", "objects"), ("size", "bytes"), ("type", "type")]);
        for (count, size, name) in [(3, 4096, "app.<Foo>"), (1, 16, "li\x1bst"), (1, 16, "dict")] {
            table.rows.push(vec![Cell::Count(count), Cell::Bytes(size), Cell::Text(name.into())]);
        }
        table
    }

    #[test]
    fn an_empty_table_is_still_one() {
        let empty = Table { rows: Vec::new(), adds_up_by: Some("type"), ..table() };
        assert_eq!(empty.json(None), "[]\n");
        assert!(empty.text(25).contains("total of 0 types"));
    }

    #[test]
    fn a_column_sorts_the_rows() {
        let mut sorted = Table { listing: Some(["a", "b", "c"].map(str::to_owned).into()), ..table() };
        sorted.sort(2);
        assert_eq!(sorted.text(2), "1. a\n2. c\n(1 more)\n");
        sorted.sort(1);
        assert_eq!(sorted.rows.iter().map(|row| row[1].words()).collect::<Vec<_>>(), ["4.0 KiB", "16 B", "16 B"]);
        assert_eq!([sorted.column("size"), sorted.column("bytes"), sorted.column("colour")], [Some(1), Some(1), None]);
        assert_eq!(Cell::Nothing.compare(&Cell::Count(0)), Ordering::Greater);
        assert_eq!(Cell::Change(-1).compare(&Cell::Change(1)), Ordering::Greater);
    }

    #[test]
    fn a_narrow_terminal_breaks_words_and_no_line_is_longer() {
        let mut wide = table();
        wide.rows[0][2] = Cell::Text("app.models.Foo ".repeat(9));
        let text = wide.text_on(25, Some(Screen { columns: 40, styled: false }));
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert!(text.contains("3  4.0 KiB  app.models.Foo\n"), "{text}");
        let screen = Screen { columns: 200, styled: false };
        assert_eq!(table().text_on(25, Some(screen)), table().text(25));
        let styled = table().text_on(25, Some(Screen { styled: true, ..screen }));
        assert_eq!(styled.replacen("\u{1b}[1m", "", 1).replacen("\u{1b}[0m\n", "\n", 1), table().text(25));
    }

    #[test]
    fn what_is_cut_is_counted_and_nothing_escapes() {
        insta::assert_snapshot!(table().text(1), @r"
        objects    bytes  type
              3  4.0 KiB  app.<Foo>
                          (2 more)
        ");
        insta::assert_snapshot!(Table { adds_up_by: Some("type"), ..table() }.text(2), @r"
        objects    bytes  type
              3  4.0 KiB  app.<Foo>
              1     16 B  li\x1bst
              1     16 B  (1 more types)
              5  4.0 KiB  total of 3 types
        ");
        insta::assert_snapshot!(Table { adds_up_by: Some("type"), ..table() }.markdown(1), @r"
        | objects | bytes | type |
        | --: | --: | --- |
        | 3 | 4.0 KiB | `app.<Foo>` |
        | 2 | 32 B | `(2 more types)` |
        | 5 | 4.0 KiB | `total of 3 types` |
        ");
        let html = table().html(1);
        assert!(html.contains("<td>4.0 KiB</td><td>app.&lt;Foo&gt;</td>"), "{html}");
        assert!(table().json(Some(2)).ends_with(",\n  {\"count\":1,\"size\":16,\"type\":\"li\\u001bst\"}\n]\n"));
    }
}
