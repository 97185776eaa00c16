//! Reading one section: its blocks are fetched in order and decoded by several threads, each into its part of a column.

use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::slice::ChunksMut;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::SnapshotError;
use super::block::{self, BlockReader, Head};
use super::directory::{Entry, check_sum};
use super::foretell::Foretold;
use super::planes::{self, Planes};
use super::sections::{Encoding, Known, decode};
use super::share::{Course, Progress, share, threads};
use crate::zeros::zeros;

/// What is wrong with a block's contents: what was expected, and what was found.
pub(super) type Wrong = (String, String);

/// The file, and where its sections are.
pub(super) struct Sections<'a, R> {
    pub(super) from: &'a mut R,
    pub(super) entries: Vec<Entry>,
    pub(super) course: Course,
    pub(super) progress: Progress<'a>,
    /// What decoded a section and can decode the next: fresh memory for each would cost a tenth of the time.
    idle: Mutex<Vec<Decoder>>,
}

/// A block of a section, with the part of the column that it fills.
struct Block<'a, T> {
    offset: u64,
    head: Head,
    first: usize,
    into: &'a mut [T],
}

/// How far a section is read: so many elements, at a block's end.
#[derive(Clone, Copy)]
pub(super) struct Place {
    offset: u64,
    first: usize,
    checksum: u32,
}

impl Place {
    pub(super) fn start(entry: &Entry) -> Self {
        Self { offset: entry.offset, first: 0, checksum: 0 }
    }
}

/// What gives the blocks of a section in order.
struct Source<'a, 'c, R, T> {
    from: &'a mut R,
    entry: &'a Entry,
    place: Place,
    chunks: ChunksMut<'c, T>,
    is_numbers: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'c, R: Read, T> Source<'_, 'c, R, T> {
    /// Reads the next block's payload; `None` behind the last one that is wanted.
    fn next(&mut self, payload: &mut Vec<u8>) -> Result<Option<Block<'c, T>>, SnapshotError> {
        let name = &self.entry.name;
        let end = self.entry.offset + self.entry.stored;
        let Some(into) = self.chunks.next() else {
            if (self.place.first as u64) < self.entry.count {
                return Ok(None);
            }
            if self.place.offset != end {
                let expected = format!("its end, for all {} elements are read", self.entry.count);
                return Err(SnapshotError::damaged(
                    self.place.offset,
                    name,
                    expected,
                    format!("{} bytes more", end - self.place.offset),
                ));
            }
            check_sum(self.entry.offset, name, self.entry.checksum, self.place.checksum)?;
            return Ok(None);
        };
        let offset = self.place.offset;
        let damaged = |expected: String, found: String| Err(SnapshotError::damaged(offset, name, expected, found));
        if end - offset < block::HEAD as u64 {
            return damaged("another block".into(), format!("{} bytes to the section's end", end - offset));
        }
        let mut bytes = [0; block::HEAD];
        self.from.read_exact(&mut bytes)?;
        let head = Head::read(&bytes);
        self.place.checksum = crc32c::crc32c_append(self.place.checksum, &bytes);
        if head.elements as usize != into.len() {
            return damaged(format!("a block of {} elements", into.len()), head.elements.to_string());
        }
        let (least, most) =
            if self.is_numbers { (planes::HEAD, planes::HEAD + 8 * into.len()) } else { (into.len(), into.len()) };
        if (head.raw as usize) < least || head.raw as usize > most {
            return damaged(format!("{least} to {most} bytes, decompressed"), head.raw.to_string());
        }
        if u64::from(head.stored) > end - offset - block::HEAD as u64
            || head.stored as usize > zstd::zstd_safe::compress_bound(head.raw as usize)
        {
            return damaged("a block that ends where the section does or before".into(), format!("{} bytes", head.stored));
        }
        payload.resize(head.stored as usize, 0);
        self.from.read_exact(payload)?;
        self.place.offset += (block::HEAD + payload.len()) as u64;
        let first = self.place.first;
        self.place.first += into.len();
        Ok(Some(Block { offset, head, first, into }))
    }
}

impl<'a, R: Read + Seek + Send> Sections<'a, R> {
    pub(super) fn new(from: &'a mut R, entries: Vec<Entry>, course: Course, progress: Progress<'a>) -> Self {
        Self { from, entries, course, progress, idle: Mutex::default() }
    }

    /// Whether the file has a section that it need not have.
    pub(super) fn has(&self, known: &Known) -> bool {
        self.entries.iter().any(|entry| entry.name == known.name)
    }

    /// The entry of a section that must be there, with the encoding and the count that it must have.
    pub(super) fn entry(&self, known: &Known, count: Option<u64>) -> Result<Entry, SnapshotError> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == known.name) else {
            return Err(SnapshotError::damaged(0, "directory", format!("a section {:?}", known.name), "none"));
        };
        let damaged = |expected: String, found: u64| Err(SnapshotError::damaged(entry.offset, known.name, expected, found));
        if entry.encoding != known.encoding as u8 {
            return damaged(format!("encoding {}", known.encoding as u8), entry.encoding.into());
        }
        if let Some(count) = count.filter(|&count| count != entry.count) {
            return damaged(format!("{count} elements"), entry.count);
        }
        let most = if known.encoding == Encoding::Bytes { block::MOST_BYTES } else { planes::MOST };
        if u64::from(entry.blocks) != entry.count.div_ceil(most as u64) {
            return damaged(
                format!("{} blocks for {} elements", entry.count.div_ceil(most as u64), entry.count),
                entry.blocks.into(),
            );
        }
        Ok(entry.clone())
    }

    /// Reads a section of bytes.
    pub(super) fn bytes(&mut self, known: &Known) -> Result<Vec<u8>, SnapshotError> {
        let entry = self.entry(known, None)?;
        let mut bytes = room(entry.count)?;
        self.blocks(&entry, &mut Place::start(&entry), &mut bytes, |decoder, payload, block| {
            decoder.blocks.decompress(payload, block.into).map_err(|found| (format!("{} bytes", block.into.len()), found))
        })?;
        Ok(bytes)
    }

    /// Reads a section of numbers into a column that has room for them. `contexts` gives what foretells those of a
    /// part of the column, as it was; `take` gets them with the ordinal of the first.
    pub(super) fn numbers<T: Send>(
        &mut self,
        known: &Known,
        column: &mut [T],
        contexts: impl Fn(Range<usize>, &[T], &mut Vec<u32>) + Sync,
        take: impl Fn(usize, &[u64], &mut [T]) -> Result<(), Wrong> + Sync,
    ) -> Result<(), SnapshotError> {
        let entry = self.entry(known, Some(column.len() as u64))?;
        self.numbers_from(&entry, known.encoding, &mut Place::start(&entry), column, contexts, take)
    }

    /// The same from a place of the section on: a part of a column, whose length is a multiple of [`planes::MOST`] but at
    /// the section's end.
    pub(super) fn numbers_from<T: Send>(
        &mut self,
        entry: &Entry,
        encoding: Encoding,
        place: &mut Place,
        column: &mut [T],
        contexts: impl Fn(Range<usize>, &[T], &mut Vec<u32>) + Sync,
        take: impl Fn(usize, &[u64], &mut [T]) -> Result<(), Wrong> + Sync,
    ) -> Result<(), SnapshotError> {
        self.blocks(entry, place, column, |decoder, payload, block| {
            decoder.unpack_numbers(payload, block.head, block.into.len())?;
            decoder.contexts.clear();
            contexts(block.first..block.first + block.into.len(), block.into, &mut decoder.contexts);
            decode(encoding, &mut decoder.foretold, &decoder.contexts, &mut decoder.numbers);
            take(block.first, &decoder.numbers, block.into)
        })
    }

    /// Sees whether a section of any numbers can be read, and keeps none.
    pub(super) fn check_numbers(&mut self, known: &Known, count: u64) -> Result<(), SnapshotError> {
        let entry = self.entry(known, Some(count))?;
        // A column of nothing takes no memory.
        let mut column = room::<()>(count)?;
        self.blocks(&entry, &mut Place::start(&entry), &mut column, |decoder, payload, block| {
            decoder.unpack(payload, block.head, block.into.len()).map(|_| ())
        })
    }

    /// Reads a section of numbers below `below`, each into a word.
    pub(super) fn words(&mut self, known: &Known, count: Option<u64>, below: u64) -> Result<Vec<u32>, SnapshotError> {
        let mut column = room(self.entry(known, count)?.count)?;
        let below = below.min(1 << u32::BITS);
        self.numbers(known, &mut column, same_context, |_, numbers, into| {
            for (word, &number) in into.iter_mut().zip(numbers) {
                if number >= below {
                    return Err(above(below, number));
                }
                *word = number as u32;
            }
            Ok(())
        })?;
        Ok(column)
    }

    fn blocks<T: Send>(
        &mut self,
        entry: &Entry,
        place: &mut Place,
        column: &mut [T],
        decode: impl Fn(&mut Decoder, &[u8], &mut Block<'_, T>) -> Result<(), Wrong> + Sync,
    ) -> Result<(), SnapshotError> {
        self.from.seek(SeekFrom::Start(place.offset))?;
        let is_numbers = entry.encoding != Encoding::Bytes as u8;
        let most = if is_numbers { planes::MOST } else { block::MOST_BYTES };
        let chunks = column.chunks_mut(most);
        let workers = threads().min(chunks.len());
        let source = Source { from: &mut *self.from, entry, place: *place, chunks, is_numbers };
        let source = Mutex::new(source);
        let failure: Mutex<Option<(u64, SnapshotError)>> = Mutex::new(None);
        let (course, idle) = (&self.course, &self.idle);
        let fail = |offset: u64, error: SnapshotError| {
            let mut failure = lock(&failure);
            // The first in the file, whichever thread met it.
            if failure.as_ref().is_none_or(|&(other, _)| offset < other) {
                *failure = Some((offset, error));
            }
        };
        let work = || {
            let used = lock(idle).pop();
            let mut decoder = match used.map_or_else(Decoder::new, Ok) {
                Ok(decoder) => decoder,
                Err(error) => return fail(u64::MAX, error),
            };
            let mut payload = std::mem::take(&mut decoder.payload);
            while lock(&failure).is_none() && !course.is_stopped() {
                let next = lock(&source).next(&mut payload);
                let mut block = match next {
                    Ok(Some(block)) => block,
                    Ok(None) => {
                        decoder.payload = payload;
                        lock(idle).push(decoder);
                        return;
                    }
                    Err(error) => return fail(u64::MAX - 1, error),
                };
                let name = &entry.name;
                let done = check_sum(block.offset, name, block.head.checksum, block.head.sum(&payload)).and_then(|()| {
                    let decoded = decode(&mut decoder, &payload, &mut block);
                    decoded.map_err(|(expected, found)| SnapshotError::damaged(block.offset, name, expected, found))
                });
                course.advance(block.into.len() as u64);
                if let Err(error) = done {
                    return fail(block.offset, error);
                }
            }
        };
        if workers > 1 {
            share(workers, course, &mut *self.progress, work);
        } else {
            work();
        }
        *place = source.into_inner().unwrap_or_else(PoisonError::into_inner).place;
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some((_, error)) => Err(error),
            None if self.course.is_stopped() => Err(SnapshotError::Stopped),
            None => Ok(()),
        }
    }
}

/// What one thread decodes blocks with.
struct Decoder {
    blocks: BlockReader,
    foretold: Foretold,
    payload: Vec<u8>,
    raw: Vec<u8>,
    numbers: Vec<u64>,
    contexts: Vec<u32>,
}

impl Decoder {
    fn new() -> Result<Self, SnapshotError> {
        Ok(Self {
            blocks: BlockReader::new()?,
            foretold: Foretold::new(),
            payload: Vec::new(),
            raw: Vec::new(),
            numbers: Vec::new(),
            contexts: Vec::new(),
        })
    }

    /// Decompresses a block of so many numbers.
    fn unpack(&mut self, payload: &[u8], head: Head, count: usize) -> Result<Planes<'_>, Wrong> {
        self.raw.resize(head.raw as usize, 0);
        let raw = self.blocks.decompress(payload, &mut self.raw);
        raw.map_err(|found| (format!("{} bytes", head.raw), found))?;
        Planes::of(&self.raw, count).ok_or_else(|| (format!("{count} numbers in planes"), "something else".to_owned()))
    }

    /// The same, and puts the numbers together.
    fn unpack_numbers(&mut self, payload: &[u8], head: Head, count: usize) -> Result<(), Wrong> {
        let mut numbers = std::mem::take(&mut self.numbers);
        numbers.resize(count, 0);
        let read = self.unpack(payload, head, count).map(|planes| planes.read(&mut numbers));
        self.numbers = numbers;
        read
    }
}

/// The contexts of numbers that the one before foretells.
pub(super) fn same_context<T>(range: Range<usize>, _: &[T], contexts: &mut Vec<u32>) {
    contexts.resize(range.len(), 0);
}

/// A number that is too large.
pub(super) fn above(below: u64, number: u64) -> Wrong {
    (format!("numbers below {below}"), number.to_string())
}

/// A column of so many zeros. `count` was compared with the file's length before.
pub(super) fn room<T: Clone + Default>(count: u64) -> Result<Vec<T>, SnapshotError> {
    let failed = |_| SnapshotError::OutOfMemory(count.saturating_mul(size_of::<T>() as u64));
    let count = usize::try_from(count).map_err(|_| SnapshotError::OutOfMemory(count))?;
    zeros(count).map_err(failed)
}
