//! `refroots info`: what a snapshot file is.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use refroots_core::query::histogram::by_type;
use refroots_core::snapshot::Reading;
use refroots_core::snapshot::{self, SnapshotError};
use refroots_core::{HeapGraph, Values, bytes, grouped, utc};
use refroots_render::printable;
use serde_json::{Value, json};

use crate::file_look::open;
use crate::{Error, Exit};

/// Says what a file is.
pub(crate) fn describe(file: &Path, as_json: bool, stdout: &mut dyn Write) -> Result<Exit, Error> {
    let graph = open(file, Reading::Objects)?;
    let read = |source| Error::Read { path: file.to_owned(), source };
    let (length, version) =
        File::open(file).and_then(|mut opened| Ok((opened.metadata()?.len(), snapshot::version(&mut opened)))).map_err(read)?;
    let version = version.map_err(|source: SnapshotError| Error::Snapshot { path: file.to_owned(), source })?;
    let facts = Facts::of(&graph);
    let text = if as_json { format!("{:#}\n", json(&facts, file, length, version)) } else { text(&facts, file, length, version) };
    stdout.write_all(text.as_bytes()).map_err(Error::Stdout)?;
    Ok(Exit::Done)
}

/// What is known of a heap as a whole.
pub(crate) struct Facts<'a> {
    graph: &'a HeapGraph,
    objects: u64,
    size: u64,
    types: u64,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(graph: &'a HeapGraph) -> Self {
        let rows = by_type(graph, None);
        let objects = rows.iter().map(|row| row.count).sum();
        let size = rows.iter().fold(0_u64, |sum, row| sum.saturating_add(row.size));
        Self { graph, objects, size, types: rows.len() as u64 }
    }

    /// The Python and where it ran.
    pub(crate) fn python(&self) -> Vec<(&'static str, String)> {
        let origin = self.graph.origin();
        let unknown = |text: &str| if text.is_empty() { "not known".to_owned() } else { printable(text, usize::MAX) };
        vec![("python", unknown(&origin.python)), ("platform", unknown(&origin.platform))]
    }

    /// The process and the moment.
    pub(crate) fn process(&self) -> Vec<(&'static str, String)> {
        let origin = self.graph.origin();
        let unknown = || "not known".to_owned();
        vec![
            ("process", origin.process.map_or_else(unknown, |process| process.pid.to_string())),
            ("captured", origin.captured_at.map_or_else(unknown, utc)),
        ]
    }

    /// How much there is, and what capture could not see.
    pub(crate) fn counts(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("objects", format!("{} of {} types, {}", grouped(self.objects), grouped(self.types), bytes(self.size))),
            ("references", grouped(self.graph.edge_count() as u64)),
            ("roots", grouped(self.graph.roots().len() as u64)),
        ];
        lines.extend(self.graph.notes().iter().map(|note| ("note", printable(note, usize::MAX))));
        lines
    }
}

fn json(facts: &Facts<'_>, file: &Path, length: u64, version: (u16, u16)) -> Value {
    let graph = facts.graph;
    let origin = graph.origin();
    let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    json!({
        "file": file.display().to_string(),
        "format": format!("{}.{}", version.0, version.1),
        "file_size": length,
        "values": values_word(origin.values),
        "python": known(&origin.python),
        "platform": known(&origin.platform),
        "pid": origin.process.map(|process| process.pid),
        "captured_at": origin.captured_at,
        "objects": facts.objects,
        "size": facts.size,
        "references": graph.edge_count(),
        "types": facts.types,
        "roots": graph.roots().len(),
        "notes": graph.notes(),
    })
}

fn text(facts: &Facts<'_>, file: &Path, length: u64, version: (u16, u16)) -> String {
    let values = match facts.graph.origin().values {
        Values::Short => "short: up to 40 characters of strings, bytes and numbers, and dict keys",
        Values::None => "none: no string, number or dict key is in the file",
    };
    let mut lines = vec![
        ("file", printable(&file.display().to_string(), usize::MAX)),
        ("format", format!("{}.{}, {}", version.0, version.1, bytes(length))),
        ("values", values.to_owned()),
    ];
    lines.extend([facts.python(), facts.process(), facts.counts()].into_iter().flatten());
    lines.iter().map(|(name, said)| format!("{name:<10}  {said}\n")).collect()
}

fn values_word(values: Values) -> &'static str {
    match values {
        Values::Short => "short",
        Values::None => "none",
    }
}
