//! `refroots info`: what a snapshot file is.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use refroots_core::query::histogram::by_type;
use refroots_core::snapshot::{self, SnapshotError};
use refroots_core::{HeapGraph, Values, bytes, grouped, utc};
use refroots_render::printable;
use serde_json::{Value, json};

use crate::file_look::open;
use crate::{Error, Exit};

/// Says what a file is.
pub(crate) fn describe(file: &Path, as_json: bool, stdout: &mut dyn Write) -> Result<Exit, Error> {
    let graph = open(file)?;
    let read = |source| Error::Read { path: file.to_owned(), source };
    let (length, version) =
        File::open(file).and_then(|mut opened| Ok((opened.metadata()?.len(), snapshot::version(&mut opened)))).map_err(read)?;
    let version = version.map_err(|source: SnapshotError| Error::Snapshot { path: file.to_owned(), source })?;
    let facts = Facts::of(&graph, length, version);
    let text = if as_json { format!("{:#}\n", facts.json(file)) } else { facts.text(file) };
    stdout.write_all(text.as_bytes()).map_err(Error::Stdout)?;
    Ok(Exit::Done)
}

struct Facts<'a> {
    graph: &'a HeapGraph,
    length: u64,
    version: (u16, u16),
    objects: u64,
    size: u64,
    types: u64,
}

impl<'a> Facts<'a> {
    fn of(graph: &'a HeapGraph, length: u64, version: (u16, u16)) -> Self {
        let rows = by_type(graph, None);
        let objects = rows.iter().map(|row| row.count).sum();
        let size = rows.iter().fold(0_u64, |sum, row| sum.saturating_add(row.size));
        Self { graph, length, version, objects, size, types: rows.len() as u64 }
    }

    fn json(&self, file: &Path) -> Value {
        let origin = self.graph.origin();
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        json!({
            "file": file.display().to_string(),
            "format": format!("{}.{}", self.version.0, self.version.1),
            "file_size": self.length,
            "values": values_word(origin.values),
            "python": known(&origin.python),
            "platform": known(&origin.platform),
            "pid": origin.process.map(|process| process.pid),
            "captured_at": origin.captured_at,
            "objects": self.objects,
            "size": self.size,
            "references": self.graph.edge_count(),
            "types": self.types,
            "roots": self.graph.roots().len(),
            "notes": self.graph.notes(),
        })
    }

    fn text(&self, file: &Path) -> String {
        let origin = self.graph.origin();
        let unknown = |text: &str| if text.is_empty() { "not known".to_owned() } else { printable(text, usize::MAX) };
        let values = match origin.values {
            Values::Short => "short: up to 40 characters of strings, bytes and numbers, and dict keys",
            Values::None => "none: no string, number or dict key is in the file",
        };
        let mut lines = vec![
            ("file", printable(&file.display().to_string(), usize::MAX)),
            ("format", format!("{}.{}, {}", self.version.0, self.version.1, bytes(self.length))),
            ("values", values.to_owned()),
            ("python", unknown(&origin.python)),
            ("platform", unknown(&origin.platform)),
            ("process", origin.process.map_or_else(|| "not known".to_owned(), |process| process.pid.to_string())),
            ("captured", origin.captured_at.map_or_else(|| "not known".to_owned(), utc)),
            ("objects", format!("{} of {} types, {}", grouped(self.objects), grouped(self.types), bytes(self.size))),
            ("references", grouped(self.graph.edge_count() as u64)),
            ("roots", grouped(self.graph.roots().len() as u64)),
        ];
        lines.extend(self.graph.notes().iter().map(|note| ("note", printable(note, usize::MAX))));
        lines.iter().map(|(name, said)| format!("{name:<10}  {said}\n")).collect()
    }
}

fn values_word(values: Values) -> &'static str {
    match values {
        Values::Short => "short",
        Values::None => "none",
    }
}
