//! Writing: blocks are encoded by several threads and written in order.

use std::io::Write;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::block::{self, BlockWriter};
use super::directory::{self, Entry};
use super::foretell::Foretold;
use super::policy::Kept;
use super::sections::{self, Body, Encoding, PADDING, Section};
use super::share::{Course, Progress, share, threads};
use super::{FREE_MEMORY, MAJOR, MEMORY_OF_A_BYTE, MINOR, SnapshotError, planes};
use crate::{HeapGraph, Values};

/// Writes a graph as a snapshot, under a policy for values. The end is written last, so that a file that was cut
/// short is known by its end. O(objects + references), on up to eight threads; about 2 MiB a thread, 4 bytes a
/// reference's text, and for [`Values::None`] what [`duplicates`](crate::query::duplicates) needs.
///
/// # Errors
/// [`SnapshotError::Io`] where `to` fails, [`SnapshotError::Stopped`] where `progress` says so.
pub fn write(
    graph: &HeapGraph,
    values: Values,
    to: &mut (impl Write + Send),
    progress: Progress<'_>,
) -> Result<(), SnapshotError> {
    let course = Course::of((graph.node_count() + graph.edge_count()) as u64 * 8);
    let kept = Mutex::new(None);
    share(1, &course, progress, || *lock(&kept) = Some(Kept::of(graph, values, &|| !course.is_stopped())));
    let Some(kept) = kept.into_inner().unwrap_or_else(PoisonError::into_inner).filter(|_| !course.is_stopped()) else {
        return Err(SnapshotError::Stopped);
    };
    write_sections(&sections::sections(graph, &kept), to, &course, progress)
}

pub(super) fn write_sections(
    sections: &[Section<'_>],
    to: &mut (impl Write + Send),
    course: &Course,
    progress: Progress<'_>,
) -> Result<(), SnapshotError> {
    let jobs: Vec<(usize, Range<usize>)> =
        sections.iter().enumerate().flat_map(|(at, section)| blocks_of(section).map(move |range| (at, range))).collect();
    course.set_total(jobs.len() as u64);
    to.write_all(&directory::header(MAJOR, MINOR))?;
    let out = Mutex::new(Out { to, at: directory::HEADER as u64, turn: 0, entries: Vec::new(), failure: None });
    let (turn_came, next) = (Condvar::new(), AtomicUsize::new(0));
    share(threads(), course, progress, || {
        let worked = work(sections, &jobs, &next, &out, &turn_came, course);
        if let Err(error) = worked {
            lock(&out).failure.get_or_insert(error);
            course.stop();
        }
        turn_came.notify_all();
    });
    let out = out.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(failure) = out.failure {
        return Err(failure);
    }
    if course.is_stopped() {
        return Err(SnapshotError::Stopped);
    }
    finish(sections, out)
}

/// The blocks of a section, as ranges of its elements.
fn blocks_of(section: &Section<'_>) -> impl Iterator<Item = Range<usize>> + use<> {
    let count = section.count();
    let most = match section.body {
        Body::Bytes(_) => block::MOST_BYTES,
        Body::Numbers { .. } => planes::MOST,
    };
    (0..count.div_ceil(most)).map(move |at| at * most..((at + 1) * most).min(count))
}

/// Where the file grows.
struct Out<'a, W> {
    to: &'a mut W,
    at: u64,
    /// The job whose block comes next.
    turn: usize,
    entries: Vec<Entry>,
    failure: Option<SnapshotError>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work<W: Write>(
    sections: &[Section<'_>],
    jobs: &[(usize, Range<usize>)],
    next: &AtomicUsize,
    out: &Mutex<Out<'_, W>>,
    turn_came: &Condvar,
    course: &Course,
) -> Result<(), SnapshotError> {
    let mut encoder = Encoder::new()?;
    loop {
        let job = next.fetch_add(1, Ordering::Relaxed);
        let Some((at, range)) = jobs.get(job) else { return Ok(()) };
        let raw = encoder.encode(&sections[*at], range.clone())?;
        let mut out = lock(out);
        while out.turn != job {
            if course.is_stopped() {
                return Ok(());
            }
            out = turn_came.wait_timeout(out, Duration::from_millis(50)).unwrap_or_else(PoisonError::into_inner).0;
        }
        if course.is_stopped() {
            return Ok(());
        }
        out.append(*at, raw, &encoder.block)?;
        out.turn += 1;
        drop(out);
        turn_came.notify_all();
        course.advance(1);
    }
}

impl<W: Write> Out<'_, W> {
    fn append(&mut self, section: usize, raw: usize, block: &[u8]) -> Result<(), SnapshotError> {
        self.to.write_all(block)?;
        // Sections before this one that have no blocks get their entries too.
        while self.entries.len() <= section {
            self.entries.push(Entry { offset: self.at, ..Entry::default() });
        }
        let entry = &mut self.entries[section];
        entry.raw += raw as u64;
        entry.stored += block.len() as u64;
        entry.blocks += 1;
        entry.checksum = crc32c::crc32c_append(entry.checksum, &block[..block::HEAD]);
        self.at += block.len() as u64;
        Ok(())
    }
}

/// What one thread encodes blocks with.
struct Encoder {
    blocks: BlockWriter,
    foretold: Foretold,
    numbers: Vec<u64>,
    contexts: Vec<u32>,
    raw: Vec<u8>,
    block: Vec<u8>,
}

impl Encoder {
    fn new() -> Result<Self, SnapshotError> {
        Ok(Self {
            blocks: BlockWriter::new()?,
            foretold: Foretold::new(),
            numbers: Vec::new(),
            contexts: Vec::new(),
            raw: Vec::new(),
            block: Vec::new(),
        })
    }

    /// Makes a block of a section; gives how many bytes it is before compression.
    fn encode(&mut self, section: &Section<'_>, range: Range<usize>) -> Result<usize, SnapshotError> {
        let elements = range.len();
        self.block.clear();
        match &section.body {
            Body::Bytes(bytes) => {
                self.blocks.append(elements, &bytes[range], &mut self.block)?;
                Ok(elements)
            }
            Body::Numbers { fill, contexts, .. } => {
                self.numbers.clear();
                self.contexts.clear();
                self.raw.clear();
                fill(range.clone(), &mut self.numbers);
                match contexts {
                    Some(contexts) => contexts(range, &mut self.contexts),
                    None if section.known.encoding != Encoding::Planes => self.contexts.resize(elements, 0),
                    None => {}
                }
                sections::encode(section.known.encoding, &mut self.foretold, &self.contexts, &mut self.numbers);
                planes::write(&mut self.numbers, &mut self.raw);
                self.blocks.append(elements, &self.raw, &mut self.block)?;
                Ok(self.raw.len())
            }
        }
    }
}

/// Writes what stands behind the blocks.
fn finish<W: Write>(sections: &[Section<'_>], mut out: Out<'_, W>) -> Result<(), SnapshotError> {
    while out.entries.len() < sections.len() {
        out.entries.push(Entry { offset: out.at, ..Entry::default() });
    }
    let mut memory = 0;
    for (entry, section) in out.entries.iter_mut().zip(sections) {
        entry.name = section.known.name.to_owned();
        entry.encoding = section.known.encoding as u8;
        entry.is_required = section.known.since == 0;
        entry.count = section.count() as u64;
        memory += entry.count * section.known.memory;
    }
    // A reader gives a file no more memory than its length warrants.
    let length = memory.saturating_sub(FREE_MEMORY).div_ceil(MEMORY_OF_A_BYTE);
    let missing = length.saturating_sub(out.at);
    if missing > 0 {
        let zeros = [0; 1 << 16];
        let mut left = missing;
        while left > 0 {
            let piece = left.min(zeros.len() as u64);
            out.to.write_all(&zeros[..piece as usize])?;
            left -= piece;
        }
        let padding = Entry { name: PADDING.to_owned(), offset: out.at, stored: missing, ..Entry::default() };
        out.entries.push(padding);
        out.at += missing;
    }
    out.to.write_all(&directory::ending(&out.entries, out.at))?;
    Ok(out.to.flush()?)
}
