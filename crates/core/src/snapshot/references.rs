//! References of a file: kinds and names into labels, a window at a time, then the targets that these foretell.

use std::io::{Read, Seek};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::check::Counts;
use super::column::{Place, Sections, above, room, same_context};
use super::directory::Entry;
use super::sections::{self as known, Encoding};
use super::stored::Stored;
use super::{SnapshotError, planes};
use crate::EdgeKind;
use crate::graph::References;
use crate::label::{ELSEWHERE, NAME_BITS, label};

/// What names of references may be.
pub(super) struct ReferenceBounds {
    pub(super) nodes: u64,
    pub(super) texts: u64,
}

/// How far kinds and names are read.
struct LabelPlaces {
    kinds: (Entry, Place),
    names: (Entry, Place),
}

impl LabelPlaces {
    fn start<R: Read + Seek + Send>(sections: &Sections<'_, R>) -> Result<Self, SnapshotError> {
        let kinds = sections.entry(&known::REFERENCE_KINDS, None)?;
        let names = sections.entry(&known::REFERENCE_NAMES, Some(kinds.count))?;
        Ok(Self { kinds: (kinds.clone(), Place::start(&kinds)), names: (names.clone(), Place::start(&names)) })
    }
}

/// Reads the kinds from a place on into the words of labels, then the names beside them; gives the names that have no room
/// there, by their references.
fn read_labels<R: Read + Seek + Send>(
    sections: &mut Sections<'_, R>,
    LabelPlaces { kinds, names }: &mut LabelPlaces,
    labels: &mut [u32],
    bounds: &ReferenceBounds,
) -> Result<FxHashMap<u32, u32>, SnapshotError> {
    sections.numbers_from(&kinds.0, Encoding::Planes, &mut kinds.1, labels, same_context, |_, numbers, into| {
        for (label, &number) in into.iter_mut().zip(numbers) {
            if number >= EdgeKind::ALL.len() as u64 {
                return Err(above(EdgeKind::ALL.len() as u64, number));
            }
            *label = (number as u32) << NAME_BITS;
        }
        Ok(())
    })?;
    let contexts = |_: Range<usize>, labels: &[u32], contexts: &mut Vec<u32>| {
        contexts.extend(labels.iter().map(|label| label >> NAME_BITS));
    };
    let long_names: Mutex<FxHashMap<u32, u32>> = Mutex::default();
    sections.numbers_from(&names.0, Encoding::Names, &mut names.1, labels, contexts, |first, numbers, into| {
        for (at, (word, &number)) in into.iter_mut().zip(numbers).enumerate() {
            let kind = EdgeKind::ALL[(*word >> NAME_BITS) as usize];
            let below = match kind {
                EdgeKind::Unnamed | EdgeKind::Key | EdgeKind::Member => 1,
                EdgeKind::Item => bounds.nodes,
                EdgeKind::Index | EdgeKind::Constant => 1 << 32,
                EdgeKind::Attribute | EdgeKind::Slot | EdgeKind::Cell | EdgeKind::Local | EdgeKind::Special => bounds.texts,
            };
            if number >= below {
                let (expected, found) = above(below, number);
                return Err((format!("{expected} for a reference of kind {}", kind.word()), found));
            }
            if number >= u64::from(ELSEWHERE) {
                let mut long_names = long_names.lock().unwrap_or_else(PoisonError::into_inner);
                long_names.insert((first + at) as u32, number as u32);
            }
            *word = label(kind, number as u32);
        }
        Ok(())
    })?;
    Ok(long_names.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// What a file's sections say that is decoded when it is asked for.
pub(super) const STORED: [&known::Known; 4] =
    [&known::NODE_ADDRESSES, &known::REFERENCE_KINDS, &known::REFERENCE_NAMES, &known::REFERENCE_TARGETS];

/// References that are decoded at once where none is kept.
const AT_ONCE: usize = 16 * planes::MOST;

/// Looks through all references, keeps them where there are columns for them, and counts those that are to be counted.
pub(super) fn check_references<R: Read + Seek + Send>(
    sections: &mut Sections<'_, R>,
    stored: &Stored,
    references: u64,
    kept: Option<&mut References>,
    counts: &Counts,
) -> Result<(), SnapshotError> {
    for known in [&known::REFERENCE_KINDS, &known::REFERENCE_NAMES, &known::REFERENCE_TARGETS] {
        sections.entry(known, Some(references))?;
    }
    let mut window: [Vec<u32>; 2];
    let (mut long_names, all) = (FxHashMap::default(), references as usize);
    let keeps = kept.is_some();
    let (labels, targets, long_names) = match kept {
        Some(References { targets, labels }) => {
            let (labels, long_names) = labels.parts();
            (labels, targets.as_mut_slice(), long_names)
        }
        None => {
            window = [room(references.min(AT_ONCE as u64))?, room(references.min(AT_ONCE as u64))?];
            let [labels, targets] = &mut window;
            (labels.as_mut_slice(), targets.as_mut_slice(), &mut long_names)
        }
    };
    let mut file = stored.file();
    let course = std::mem::take(&mut sections.course);
    let mut of_stored = Sections::new(&mut file, stored.entries(), course, &mut *sections.progress);
    let checked = Windows::start(&of_stored).and_then(|mut windows| {
        // Once where there are none: the sections are to be empty then.
        loop {
            let first = if keeps { windows.first } else { 0 };
            let range = first..first + (all - windows.first).min(AT_ONCE);
            let (labels, targets) = (&mut labels[range.clone()], &mut targets[range]);
            let found = windows.read(&mut of_stored, labels, targets, &stored.bounds, &|targets| counts.add(targets))?;
            if keeps {
                long_names.extend(found);
            }
            if windows.first == all {
                return Ok(());
            }
        }
    });
    sections.course = of_stored.course;
    checked
}

/// Reads references that were looked through before.
pub(super) fn read_references<R: Read + Seek + Send>(
    sections: &mut Sections<'_, R>,
    bounds: &ReferenceBounds,
    References { targets, labels }: &mut References,
) -> Result<(), SnapshotError> {
    let mut windows = Windows::start(sections)?;
    let (labels, long_names) = labels.parts();
    for (labels, targets) in labels.chunks_mut(AT_ONCE).zip(targets.chunks_mut(AT_ONCE)) {
        long_names.extend(windows.read(sections, labels, targets, bounds, &|_| ())?);
    }
    Ok(())
}

/// References a window at a time: labels, then the targets that they foretell.
struct Windows {
    of_labels: LabelPlaces,
    of_targets: (Entry, Place),
    /// References that were read.
    first: usize,
}

impl Windows {
    fn start<R: Read + Seek + Send>(sections: &Sections<'_, R>) -> Result<Self, SnapshotError> {
        let targets = sections.entry(&known::REFERENCE_TARGETS, None)?;
        let place = Place::start(&targets);
        Ok(Self { of_labels: LabelPlaces::start(sections)?, of_targets: (targets, place), first: 0 })
    }

    /// Reads the next references, [`AT_ONCE`] of them or the last ones, and calls `each` with the targets of each block;
    /// gives the names that have no room in labels.
    fn read<R: Read + Seek + Send>(
        &mut self,
        sections: &mut Sections<'_, R>,
        labels: &mut [u32],
        targets: &mut [u32],
        bounds: &ReferenceBounds,
        each: &(dyn Fn(&[u32]) + Sync),
    ) -> Result<FxHashMap<u32, u32>, SnapshotError> {
        let long_names = read_labels(sections, &mut self.of_labels, labels, bounds)?;
        let labels = &*labels;
        let contexts = |range: Range<usize>, _: &[u32], contexts: &mut Vec<u32>| {
            contexts.extend_from_slice(&labels[range.start % AT_ONCE..][..range.len()]);
        };
        let (entry, place) = &mut self.of_targets;
        sections.numbers_from(entry, Encoding::Targets, place, targets, contexts, |_, numbers, into| {
            // The largest is looked for apart, so that the loop has no way out and is fast.
            let most = numbers.iter().copied().max().unwrap_or_default();
            if most >= bounds.nodes && !numbers.is_empty() {
                return Err(above(bounds.nodes, most));
            }
            for (target, &number) in into.iter_mut().zip(numbers) {
                *target = number as u32;
            }
            each(into);
            Ok(())
        })?;
        self.first += targets.len();
        Ok(long_names)
    }
}
