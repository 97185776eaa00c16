//! Sections of a file kept in memory as they are: columns that few questions need are decoded when one of those is asked.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use super::SnapshotError;
use super::column::{Sections, room};
use super::directory::Entry;
use super::reader;
use super::references::{self, ReferenceBounds};
use super::sections::Known;
use super::share::{Course, Progress};
use crate::HeapGraph;
use crate::graph::References;

/// Some sections, each with its bytes. They were decoded once before, to see that they can be.
pub(crate) struct Stored {
    sections: Vec<(Entry, Vec<u8>)>,
    pub(super) bounds: ReferenceBounds,
}

impl Stored {
    /// Takes sections out of a file.
    pub(super) fn take<R: Read + Seek + Send>(
        from: &mut Sections<'_, R>,
        sections: &[&'static Known],
        bounds: ReferenceBounds,
    ) -> Result<Self, SnapshotError> {
        let mut taken = Vec::new();
        for known in sections {
            let entry = from.entry(known, None)?;
            let mut bytes = room(entry.stored)?;
            from.from.seek(SeekFrom::Start(entry.offset))?;
            from.from.read_exact(&mut bytes)?;
            taken.push((entry, bytes));
        }
        Ok(Self { sections: taken, bounds })
    }

    /// The sections as a file has them.
    pub(super) fn file(&self) -> StoredFile<'_> {
        StoredFile { stored: self, at: 0 }
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.sections.iter().map(|(entry, _)| entry.clone()).collect()
    }

    /// Reads the addresses of the graph that these sections are of.
    pub(crate) fn read_addresses(&self, graph: &HeapGraph, column: &mut [u64]) {
        self.read_again(&mut |sections| reader::read_addresses(sections, graph, column));
    }

    /// Reads its references.
    pub(crate) fn read_references(&self, columns: &mut References) {
        self.read_again(&mut |sections| references::read_references(sections, &self.bounds, columns));
    }

    fn read_again(&self, read: &mut dyn FnMut(&mut Sections<'_, StoredFile<'_>>) -> Result<(), SnapshotError>) {
        let mut file = self.file();
        let goes_on: Progress<'_> = &mut |_, _| ControlFlow::Continue(());
        let read = read(&mut Sections::new(&mut file, self.entries(), Course::default(), goes_on));
        debug_assert!(read.is_ok(), "the same bytes were read before: {read:?}");
    }

    pub(crate) fn bytes(&self) -> usize {
        self.sections.iter().map(|(_, bytes)| bytes.capacity()).sum()
    }
}

/// Reads kept sections at the places where the file had them.
pub(super) struct StoredFile<'a> {
    stored: &'a Stored,
    at: u64,
}

impl Read for StoredFile<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let has = |&(entry, _): &&(Entry, Vec<u8>)| (entry.offset..entry.offset + entry.stored).contains(&self.at);
        let Some((entry, bytes)) = self.stored.sections.iter().find(has) else { return Ok(0) };
        let mut section = Cursor::new(bytes);
        section.set_position(self.at - entry.offset);
        let count = section.read(into)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for StoredFile<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Start(at) => self.at = at,
            SeekFrom::Current(_) | SeekFrom::End(_) => return Err(io::Error::from(io::ErrorKind::Unsupported)),
        }
        Ok(self.at)
    }
}
