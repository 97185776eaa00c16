//! `refroots diff`: what came, went and grew between snapshots.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use refroots_core::query::diff::{self, Diff};
use refroots_core::query::grew::{PathGrowth, grew};
use refroots_core::query::reasons::Reason;
use refroots_core::snapshot::Reading;
use refroots_core::{Study, Values, grouped};
use refroots_render::printable;
use serde_json::{Map, Value, json};

use crate::args::Comparison;
use crate::file_look::{open, say_what_is_missing};
use crate::progress::with_bars;
use crate::table_answers::column_of;
use crate::{Error, Exit, Look, Screen, Table, tables};

/// Compares the files of an order.
pub(crate) fn compare(
    order: &Comparison,
    screen: Option<Screen>,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<Exit, Error> {
    let sorted_by = order.sort.as_ref().map(|name| column_of(&tables::growth(&[]), name)).transpose()?;
    let mut studies = Vec::with_capacity(order.files.len());
    for file in &order.files {
        let study = Study::new(open(file, Reading::References)?);
        say_what_is_missing(file, &study, order.values, stderr);
        studies.push(study);
    }
    warn_of_other_processes(&order.files, &studies, stderr);
    warn_of_other_values(&order.files, &studies, order.values, stderr);
    let found = Found::between(&studies, order)?;
    // A row of nothing but doubts says no more than the sum above the table.
    let has_change = |row: &&diff::Growth| order.json || row.new + row.gone > 0 || row.size_before != row.size_after;
    let mut types = tables::growth(&found.types.iter().filter(has_change).cloned().collect::<Vec<_>>());
    if let Some(column) = sorted_by {
        types.sort(column);
    }
    let text = if order.json { found.json(&types, order) } else { found.text(&types, order, screen) };
    stdout.write_all(text.as_bytes()).map_err(Error::Stdout)?;
    Ok(Exit::Done)
}

/// Addresses of one process say nothing about those of another.
fn warn_of_other_processes(files: &[impl AsRef<Path>], studies: &[Study], stderr: &mut dyn Write) {
    let Some(first) = studies.first() else { return };
    for (file, study) in files.iter().zip(studies).skip(1) {
        let (one, other) = (first.origin().process, study.origin().process);
        if one.is_some() && other.is_some() && one != other {
            let file = printable(&file.as_ref().display().to_string(), usize::MAX);
            // Nobody to tell is no error.
            let _ = writeln!(
                stderr,
                "refroots: note: {file} is of another process than the first file: counts and paths compare, which objects are new does not"
            );
        }
    }
}

/// Places that keys and values name are called otherwise where these are not said.
fn warn_of_other_values(files: &[impl AsRef<Path>], studies: &[Study], asked: Values, stderr: &mut dyn Write) {
    let said = |study: &Study| study.sayable(asked);
    let other = files.iter().zip(studies).find(|(_, study)| said(study) != said(&studies[0]));
    if let Some((file, _)) = other {
        let file = printable(&file.as_ref().display().to_string(), usize::MAX);
        // Nobody to tell is no error.
        let _ = writeln!(
            stderr,
            "refroots: note: {file} and the first file do not both say values: places named by keys and values seem to come and go; \
             compare files that were saved alike"
        );
    }
}

struct Found {
    /// Between the first file and the last.
    diff: Diff,
    types: Vec<diff::Growth>,
    held_by: Vec<Reason>,
    grew: Vec<PathGrowth>,
    files: usize,
}

impl Found {
    fn between(studies: &[Study], order: &Comparison) -> Result<Self, Error> {
        let [before, .., after] = studies else {
            return Err(Error::Usage("diff expected two snapshots or more".into()));
        };
        let mark = before.origin().seen_at(after.origin());
        let found = with_bars(after.stages(), || after.diff_from(before, mark));
        let types = diff::by_type(&found, before, after);
        for study in studies {
            with_bars(study.stages(), || study.reasons().map(|_| ()))?;
        }
        let held_by = after.reasons()?.group_new(after, &found.new, &found.unsure, order.values);
        let heaps = studies.iter().map(|study| Ok((&**study, study.reasons()?))).collect::<Result<Vec<_>, Error>>()?;
        Ok(Self { diff: found, types, held_by, grew: grew(&heaps, order.values), files: studies.len() })
    }

    fn json(&self, types: &Table, order: &Comparison) -> String {
        let rows = |table: &Table| Value::Array(table.records(order.limit).map(Value::Object).collect());
        let growth = |row: &PathGrowth| {
            let (first, last) = (row.sizes.first().copied().unwrap_or(0), row.sizes.last().copied().unwrap_or(0));
            json!({
                "growth": last as i64 - first as i64,
                "counts": row.counts,
                "sizes": row.sizes,
                "type": row.type_name,
                "path": row.path,
            })
        };
        let shown = order.limit.unwrap_or(usize::MAX);
        let whole: Map<String, Value> = [
            ("new", json!(self.diff.new.len())),
            ("gone", json!(self.diff.gone.len())),
            ("unsure", json!(self.diff.unsure.len())),
            ("survivors", json!(self.diff.survivors)),
            ("grew", self.grew.iter().take(shown).map(growth).collect()),
            ("types", rows(types)),
            ("held_by", rows(&tables::reasons(&self.held_by))),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        format!("{:#}\n", Value::Object(whole))
    }

    fn text(&self, types: &Table, order: &Comparison, screen: Option<Screen>) -> String {
        let limit = order.limit.unwrap_or(Look::ROWS);
        let few = order.limit.unwrap_or(PATHS);
        let count = |nodes: usize| grouped(nodes as u64);
        let found = &self.diff;
        let mut text = format!(
            "{} objects are new, {} gone, {} the same, and of {} it cannot be told\n",
            count(found.new.len()),
            count(found.gone.len()),
            grouped(found.survivors),
            count(found.unsure.len()),
        );
        let mut section = |title: &str, table: &Table, limit: usize| {
            if !table.rows.is_empty() {
                // Writing to a string does not fail.
                let _ = write!(text, "\n{title}\n{}", table.text_on(limit, screen));
            }
        };
        let growth = "Paths to which each file has more objects than the one before:";
        if self.files > 2 {
            section(growth, &tables::grew(&self.grew), few);
        }
        section("What came and went by type:", types, limit);
        section("What holds the new objects:", &tables::reasons(&self.held_by), few);
        if self.files == 2 {
            section(growth, &tables::grew(&self.grew), few);
        }
        if self.grew.is_empty() {
            text.push_str("\nNo path has more objects in each file than in the one before.\n");
        }
        text
    }
}

/// Paths and ways that are listed where nothing else is said.
const PATHS: usize = 10;
