//! Reading: a file of any bytes becomes a graph whose columns agree, or an error with the place in the file.

use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::check;
use super::column::{Sections, Wrong, above, room, same_context};
use super::directory::{self, Entry, HEADER, TRAILER};
use super::facts::{self, Facts};
use super::references::{ReferenceBounds, STORED, check_references};
use super::sections as known;
use super::share::{Course, Progress};
use super::stored::Stored;
use super::{FREE_MEMORY, MAJOR, MEMORY_OF_A_BYTE, SnapshotError};
use crate::builder::MOST_OBJECTS;
use crate::graph::{References, TypeRecord};
use crate::label::LabelColumn;
use crate::later::Later;
use crate::narrow::{Narrow, NarrowColumn};
use crate::referrers::Referrers;
use crate::strings::Texts;
use crate::value_column::ValueColumn;
use crate::weak::WeakTable;
use crate::{HeapGraph, NodeFlags, NodeId, Root, RootKind, TextId};

/// Bytes of all objects together are fewer: more than any machine has, and sums stay far from overflowing.
const MOST_BYTES: u64 = 1 << 57;

/// Reads a snapshot. Whatever the bytes are, the graph that comes of them has columns that agree, so that no question
/// to it fails; and no more than 17 bytes of memory are taken for each byte of the file, 1 MiB aside, and a few MiB
/// a thread. O(objects + references), on up to eight threads. Addresses, kinds and names are only looked through, and read
/// again when they are asked for.
///
/// # Errors
/// [`SnapshotError`] with the place in the file; [`SnapshotError::Stopped`] where `progress` says so.
pub fn read<R: Read + Seek + Send>(from: &mut R, progress: Progress<'_>) -> Result<HeapGraph, SnapshotError> {
    read_in(from, Reading::Objects, progress)
}

/// What is read at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// All that an object is by itself; references are looked through, and read when they are asked for.
    Objects,
    /// References as well, for who will ask for them: they are decoded once instead of twice.
    References,
}

/// As [`read`], which reads [`Reading::Objects`].
///
/// # Errors
/// As for [`read`].
pub fn read_in<R: Read + Seek + Send>(
    from: &mut R,
    reading: Reading,
    progress: Progress<'_>,
) -> Result<HeapGraph, SnapshotError> {
    let (entries, _) = open(from)?;
    // Elements, not bytes: a column that compresses well takes as long as another one.
    let elements = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.count));
    let mut sections = Sections::new(from, entries, Course::of(elements), progress);
    let facts = read_facts(&mut sections)?;
    let mut graph = read_graph(&mut sections, &facts, reading)?;
    graph.origin = facts.origin;
    Ok(graph)
}

/// How many bytes of memory the graph of a snapshot will take, by its directory alone.
///
/// # Errors
/// As for [`read`].
pub fn memory_needed<R: Read + Seek>(from: &mut R) -> Result<u64, SnapshotError> {
    open(from).map(|(_, memory)| memory)
}

/// The major and minor version of a snapshot's format.
///
/// # Errors
/// [`SnapshotError`] where it is no snapshot.
pub fn version<R: Read + Seek>(from: &mut R) -> Result<(u16, u16), SnapshotError> {
    from.rewind()?;
    let mut header = Vec::new();
    from.by_ref().take(HEADER as u64).read_to_end(&mut header)?;
    directory::read_header(&header)
}

/// The sections, and the memory that those ask for which are known.
fn open<R: Read + Seek>(from: &mut R) -> Result<(Vec<Entry>, u64), SnapshotError> {
    let length = from.seek(SeekFrom::End(0))?;
    let (major, minor) = version(from)?;
    if major > MAJOR || major == 0 {
        return Err(SnapshotError::TooNew { major, minor });
    }
    read_entries(from, length)
}

/// The directory, which must ask for no more memory than the file's length warrants.
fn read_entries<R: Read + Seek>(from: &mut R, length: u64) -> Result<(Vec<Entry>, u64), SnapshotError> {
    let shortest = (HEADER + TRAILER) as u64;
    if length < shortest {
        return Err(SnapshotError::damaged(length, "trailer", format!("a file of {shortest} bytes or more"), length));
    }
    let mut bytes = [0; TRAILER];
    from.seek(SeekFrom::Start(length - TRAILER as u64))?;
    from.read_exact(&mut bytes)?;
    let trailer = directory::read_trailer(&bytes, length)?;
    let mut bytes = vec![0; trailer.length as usize];
    from.seek(SeekFrom::Start(trailer.offset))?;
    from.read_exact(&mut bytes)?;
    let entries = directory::read_directory(&bytes, &trailer)?;
    let mut memory = 0_u64;
    for entry in &entries {
        match known::ALL.iter().find(|known| known.name == entry.name) {
            Some(known) => memory = memory.saturating_add(entry.count.saturating_mul(known.memory)),
            None if entry.is_required => {
                return Err(SnapshotError::UnknownSection { offset: entry.offset, section: entry.name.clone() });
            }
            None => {}
        }
        let most = length.saturating_mul(MEMORY_OF_A_BYTE).saturating_add(FREE_MEMORY);
        if memory > most {
            let expected = format!("at most {most} bytes of memory for a file of {length} bytes");
            let found = format!("{} elements in section {:?}", entry.count, entry.name);
            return Err(SnapshotError::damaged(trailer.offset, "directory", expected, found));
        }
    }
    Ok((entries, memory))
}

fn read_facts<R: Read + Seek + Send>(sections: &mut Sections<'_, R>) -> Result<Facts, SnapshotError> {
    let offset = sections.entry(&known::FACTS, None)?.offset;
    let bytes = sections.bytes(&known::FACTS)?;
    let text = utf8(bytes, offset, known::FACTS.name)?;
    let damaged = |expected: &str, found: String| SnapshotError::damaged(offset, known::FACTS.name, expected, found);
    let facts = facts::read(&text).map_err(|found| damaged("the policy for values and the counts", found))?;
    if facts.nodes > u64::from(MOST_OBJECTS) || facts.references >= u64::from(u32::MAX) {
        let found = format!("{} objects, {} references", facts.nodes, facts.references);
        return Err(damaged(&format!("at most {MOST_OBJECTS} objects and {} references", u32::MAX - 1), found));
    }
    Ok(facts)
}

fn utf8(bytes: Vec<u8>, offset: u64, section: &str) -> Result<String, SnapshotError> {
    String::from_utf8(bytes).map_err(|error| {
        let found = format!("other bytes from byte {} of the text on", error.utf8_error().valid_up_to());
        SnapshotError::damaged(offset, section, "UTF-8", found)
    })
}

fn read_graph<R: Read + Seek + Send>(
    sections: &mut Sections<'_, R>,
    facts: &Facts,
    reading: Reading,
) -> Result<HeapGraph, SnapshotError> {
    let (nodes, references) = (facts.nodes, facts.references);
    let mut graph = HeapGraph { texts: read_texts(sections)?, ..HeapGraph::default() };
    let texts = graph.texts.len() as u64;
    let modules = sections.words(&known::TYPE_MODULES, None, texts)?;
    let names = sections.words(&known::TYPE_NAMES, Some(modules.len() as u64), texts)?;
    let records = modules.into_iter().zip(names);
    graph.types = records.map(|(module, name)| TypeRecord { module: TextId(module), qualname: TextId(name) }).collect();
    (graph.node_types, _) = narrow(sections, &known::NODE_TYPES, nodes, graph.types.len() as u64)?;
    graph.sizes = read_sizes(sections, nodes)?;
    (graph.refcounts, _) = narrow(sections, &known::NODE_REFCOUNTS, nodes, (1 << 32) + 1)?;
    graph.flags = read_flags(sections, nodes)?;
    let named = |pairs: Vec<(u32, u32)>| pairs.into_iter().map(|(node, name)| (node, TextId(name))).collect();
    graph.starts = read_starts(sections, nodes, references)?;
    graph.borrowed = sections.words(&known::BORROWED, None, nodes)?;
    graph.places = named(pairs(sections, &known::PLACE_NODES, &known::PLACE_NAMES, nodes, texts)?);
    let bounds = ReferenceBounds { nodes, texts };
    let stored = Stored::take(sections, &STORED, bounds)?;
    sections.check_numbers(&known::NODE_ADDRESSES, nodes)?;
    let counts = check::Counts::of_few(&graph);
    let labels = LabelColumn::from_parts(room(references)?, FxHashMap::default());
    let mut columns = References { targets: room(references)?, labels };
    let kept = (reading == Reading::References).then_some(&mut columns);
    check_references(sections, &stored, references, kept, &counts)?;
    graph.references = if reading == Reading::References { Later::now(columns) } else { Later::in_room(columns) };
    graph.addresses = Later::in_room(room(nodes)?);
    graph.stored = Some(Arc::new(stored));
    graph.values = read_values(sections, nodes)?;
    graph.equals = pairs(sections, &known::EQUAL_NODES, &known::EQUAL_FIRSTS, nodes, nodes)?;
    graph.definitions = named(pairs(sections, &known::DEFINITION_NODES, &known::DEFINITION_NAMES, nodes, texts)?);
    graph.roots = read_roots(sections, nodes, texts)?;
    graph.weak = read_weak(sections, nodes)?;
    let offset = sections.entry(&known::NOTES, None)?.offset;
    let notes = utf8(sections.bytes(&known::NOTES)?, offset, known::NOTES.name)?;
    graph.notes = notes.lines().map(str::to_owned).collect();
    let back = Referrers::later(graph.node_count(), graph.edge_count());
    graph.back = back.map_err(|_| SnapshotError::OutOfMemory(4 * (nodes + references)))?;
    check::check(&graph, &counts).map_err(|(section, expected, found)| {
        let offset = sections.entry(section, None).map_or(0, |entry| entry.offset);
        SnapshotError::damaged(offset, section.name, expected, found)
    })?;
    Ok(graph)
}

fn read_texts<R: Read + Seek + Send>(sections: &mut Sections<'_, R>) -> Result<Texts, SnapshotError> {
    let ends = sections.words(&known::TEXT_ENDS, None, 1 << 32)?;
    let entry = sections.entry(&known::TEXTS, None)?;
    let block = utf8(sections.bytes(&known::TEXTS)?, entry.offset, known::TEXTS.name)?;
    let bytes = block.len();
    Texts::from_parts(block, ends).map_err(|at| {
        let offset = sections.entry(&known::TEXT_ENDS, None).map_or(0, |entry| entry.offset);
        let expected = format!("ends of texts in order, between characters, up to {bytes}");
        SnapshotError::damaged(offset, known::TEXT_ENDS.name, expected, format!("another as end of text {at}"))
    })
}

fn read_sizes<R: Read + Seek + Send>(sections: &mut Sections<'_, R>, nodes: u64) -> Result<NarrowColumn<u16>, SnapshotError> {
    let (sizes, sum) = narrow(sections, &known::NODE_SIZES, nodes, MOST_BYTES)?;
    if sum < MOST_BYTES {
        return Ok(sizes);
    }
    let offset = sections.entry(&known::NODE_SIZES, None)?.offset;
    let expected = format!("objects of fewer than {MOST_BYTES} bytes together");
    Err(SnapshotError::damaged(offset, known::NODE_SIZES.name, expected, sum))
}

/// Reads numbers below `below` that are mostly small; gives their sum too, or the largest number there is.
fn narrow<R: Read + Seek + Send, T: Narrow + Default + Send>(
    sections: &mut Sections<'_, R>,
    known: &known::Known,
    nodes: u64,
    below: u64,
) -> Result<(NarrowColumn<T>, u64), SnapshotError> {
    sections.entry(known, Some(nodes))?;
    let mut column = room::<T>(nodes)?;
    let wide = Mutex::new((Vec::new(), 0_u64));
    sections.numbers(known, &mut column, same_context, |first, numbers, into| {
        let mut own = Vec::new();
        let sum = numbers.iter().fold(0_u64, |sum, &number| sum.saturating_add(number));
        for (at, (word, &number)) in into.iter_mut().zip(numbers).enumerate() {
            if number >= below {
                return Err(above(below, number));
            }
            *word = T::fitting(number).unwrap_or_else(|| {
                own.push(((first + at) as u32, number));
                T::ELSEWHERE
            });
        }
        let (wide, total) = &mut *wide.lock().unwrap_or_else(PoisonError::into_inner);
        wide.append(&mut own);
        *total = total.saturating_add(sum);
        Ok(())
    })?;
    let (mut wide, sum) = wide.into_inner().unwrap_or_else(PoisonError::into_inner);
    wide.sort_unstable();
    wide.shrink_to_fit();
    Ok((NarrowColumn::from_parts(column, wide), sum))
}

fn read_flags<R: Read + Seek + Send>(sections: &mut Sections<'_, R>, nodes: u64) -> Result<Vec<NodeFlags>, SnapshotError> {
    sections.entry(&known::NODE_FLAGS, Some(nodes))?;
    let mut column = room(nodes)?;
    sections.numbers(&known::NODE_FLAGS, &mut column, same_context, |_, numbers, into| {
        for (flags, &number) in into.iter_mut().zip(numbers) {
            let known = u8::try_from(number).ok().and_then(NodeFlags::of_byte);
            *flags = known.ok_or_else(|| ("flags that are known".to_owned(), format!("{number:#b}")))?;
        }
        Ok(())
    })?;
    Ok(column)
}

/// Reads the addresses of a graph that has types and sizes.
pub(super) fn read_addresses<R: Read + Seek + Send>(
    sections: &mut Sections<'_, R>,
    graph: &HeapGraph,
    column: &mut [u64],
) -> Result<(), SnapshotError> {
    let contexts = |range: std::ops::Range<usize>, _: &[u64], contexts: &mut Vec<u32>| {
        contexts.extend(range.map(|at| known::address_context(graph.node_types.get(at) as u32, graph.sizes.get(at) as u32)));
    };
    sections.numbers(&known::NODE_ADDRESSES, column, contexts, |_, numbers, into| {
        into.copy_from_slice(numbers);
        Ok(())
    })
}

/// Reads how many references each node has, and adds them up.
fn read_starts<R: Read + Seek + Send>(
    sections: &mut Sections<'_, R>,
    nodes: u64,
    references: u64,
) -> Result<Vec<u32>, SnapshotError> {
    let entry = sections.entry(&known::NODE_REFERENCES, Some(nodes))?;
    let mut starts = room(nodes + 1)?;
    let (_, counts) = starts.split_at_mut(1);
    sections.numbers(&known::NODE_REFERENCES, counts, same_context, |_, numbers, into| {
        for (count, &number) in into.iter_mut().zip(numbers) {
            if number > references {
                return Err(above(references + 1, number));
            }
            *count = number as u32;
        }
        Ok(())
    })?;
    let mut sum = 0_u64;
    for start in &mut starts {
        sum += u64::from(*start);
        // More than fit are found below: the sum is of 64 bits.
        *start = sum as u32;
    }
    if sum == references {
        return Ok(starts);
    }
    let expected = format!("{references} references in all");
    Err(SnapshotError::damaged(entry.offset, known::NODE_REFERENCES.name, expected, sum))
}

fn read_values<R: Read + Seek + Send>(sections: &mut Sections<'_, R>, nodes: u64) -> Result<ValueColumn, SnapshotError> {
    let entry = sections.entry(&known::VALUE_NODES, None)?;
    let damaged =
        |expected: String, found: String| SnapshotError::damaged(entry.offset, known::VALUE_NODES.name, expected, found);
    if entry.count > nodes.div_ceil(64) {
        return Err(damaged(format!("at most {} words of bits", nodes.div_ceil(64)), entry.count.to_string()));
    }
    let mut bits = room::<u64>(entry.count)?;
    sections.numbers(&known::VALUE_NODES, &mut bits, same_context, |_, numbers, into| {
        into.copy_from_slice(numbers);
        Ok::<(), Wrong>(())
    })?;
    let last = bits.last().filter(|_| bits.len() as u64 == nodes.div_ceil(64) && !nodes.is_multiple_of(64));
    if last.is_some_and(|last| last >> (nodes % 64) != 0) {
        return Err(damaged(format!("bits for {nodes} nodes"), "bits behind them".to_owned()));
    }
    let offset = sections.entry(&known::VALUES, None)?.offset;
    let block = sections.bytes(&known::VALUES)?;
    ValueColumn::from_parts(bits, block).map_err(|at| {
        let expected = format!("one packed value for each bit of {}", known::VALUE_NODES.name);
        SnapshotError::damaged(offset, known::VALUES.name, expected, format!("something else at byte {at} of the values"))
    })
}

fn pairs<R: Read + Seek + Send>(
    sections: &mut Sections<'_, R>,
    firsts: &known::Known,
    seconds: &known::Known,
    firsts_below: u64,
    seconds_below: u64,
) -> Result<Vec<(u32, u32)>, SnapshotError> {
    let firsts = sections.words(firsts, None, firsts_below)?;
    let seconds = sections.words(seconds, Some(firsts.len() as u64), seconds_below)?;
    Ok(firsts.into_iter().zip(seconds).collect())
}

/// What weak references refer to; nothing where the file does not say it, as those of format 1.0.
fn read_weak<R: Read + Seek + Send>(sections: &mut Sections<'_, R>, nodes: u64) -> Result<Option<WeakTable>, SnapshotError> {
    if ![&known::WEAK_REFERENCES, &known::WEAK_REFERENTS].iter().any(|known| sections.has(known)) {
        return Ok(None);
    }
    let pairs = pairs(sections, &known::WEAK_REFERENCES, &known::WEAK_REFERENTS, nodes, nodes)?;
    let bytes = 4 * pairs.len() as u64;
    WeakTable::of(pairs).map(Some).map_err(|_| SnapshotError::OutOfMemory(bytes))
}

fn read_roots<R: Read + Seek + Send>(sections: &mut Sections<'_, R>, nodes: u64, texts: u64) -> Result<Vec<Root>, SnapshotError> {
    let ids = sections.words(&known::ROOT_NODES, None, nodes)?;
    let count = Some(ids.len() as u64);
    let kinds = sections.words(&known::ROOT_KINDS, count, RootKind::ALL.len() as u64)?;
    let names = sections.words(&known::ROOT_NAMES, count, texts)?;
    let details = sections.words(&known::ROOT_DETAILS, count, texts)?;
    let threads = sections.words(&known::ROOT_THREADS, count, texts)?;
    let asking = sections.words(&known::ROOT_ASKING, count, 2)?;
    let root = |at: usize| Root {
        node: NodeId(ids[at]),
        kind: RootKind::ALL[kinds[at] as usize],
        name: TextId(names[at]),
        detail: TextId(details[at]),
        thread: TextId(threads[at]),
        asking: asking[at] == 1,
    };
    Ok((0..ids.len()).map(root).collect())
}
