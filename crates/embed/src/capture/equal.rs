//! Which strings, bytes and large ints are equal whose whole value the graph does not keep.
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash};

use refroots_core::{HeapGraphBuilder, NodeId, Value};
use rustc_hash::FxBuildHasher;

use super::atoms;
use super::layout::Layout;
use super::raw::{self, Address};
use super::walk::Walk;

/// An exact built-in type of which only a part of a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Str,
    Bytes,
    Int,
}

impl Whole {
    /// The type of a value that says less than the object: it was cut, or a surrogate was replaced in it.
    #[inline]
    pub(super) fn beyond(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Str(_, length) if *length > Value::LIMIT as u64 => Some(Self::Str),
            // A text that is borrowed is ASCII.
            Value::Str(Cow::Owned(text), _) if text.contains('\u{fffd}') => Some(Self::Str),
            Value::Bytes(_, length) if *length > Value::LIMIT as u64 => Some(Self::Bytes),
            Value::BigInt { .. } => Some(Self::Int),
            _ => None,
        }
    }
}

/// The objects of each type that are to be compared, with 32 bits of a hash above each. Nothing of it is in
/// the graph: no hash leaves the walk.
#[derive(Default)]
pub(super) struct Equals([Vec<u64>; 3]);

impl Whole {
    const ALL: [Self; 3] = [Self::Str, Self::Bytes, Self::Int];
}

/// Bytes that are looked at from the front, the middle and the end.
const SAMPLE: usize = 64;

/// What equal objects have in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Contents<'a> {
    /// Bytes of a character, or whether a number is negative.
    form: usize,
    bytes: &'a [u8],
}

impl Contents<'_> {
    fn sample(&self) -> u32 {
        let length = self.bytes.len();
        let hash = if length <= 3 * SAMPLE {
            self.whole()
        } else {
            let part = |from: usize| &self.bytes[from..from + SAMPLE];
            FxBuildHasher.hash_one((self.form, length, part(0), part((length - SAMPLE) / 2), part(length - SAMPLE)))
        };
        (hash ^ hash >> 32) as u32
    }

    fn whole(&self) -> u64 {
        FxBuildHasher.hash_one(self)
    }
}

impl Layout {
    /// # Safety
    /// `object` must be live and of the exact type; the contents must not be used once the GIL goes or
    /// Python code runs.
    unsafe fn contents<'a>(&self, object: Address, kind: Whole) -> Contents<'a> {
        // SAFETY:
        // - the readers give an object's own buffer, with its length, by its layout (see `atoms`);
        // - objects of these types never change; two equal strings have characters of one width
        //   (Objects/unicodeobject.c `unicode_compare_eq`).
        unsafe {
            match kind {
                Whole::Str => {
                    let characters = self.characters(object);
                    let bytes = raw::bytes(characters.start, characters.length * characters.width);
                    Contents { form: characters.width, bytes }
                }
                Whole::Bytes => Contents { form: 1, bytes: atoms::bytes_of(object) },
                Whole::Int => {
                    let (is_negative, digits) = self.digits(object);
                    Contents { form: usize::from(is_negative), bytes: digits }
                }
            }
        }
    }
}

impl Walk<'_> {
    /// Takes a sample of the object that was described last.
    ///
    /// # Safety
    /// `object` must be live and of the exact type.
    pub(super) unsafe fn sample(&mut self, object: Address, kind: Whole) {
        // SAFETY: the caller's promise.
        let sample = unsafe { self.layout.contents(object, kind) }.sample();
        let entries = &mut self.equals.0[kind as usize];
        // Without memory, what is equal goes unsaid.
        if entries.try_reserve(1).is_ok() {
            entries.push(u64::from(sample) << 32 | (self.builder.described() as u64 - 1));
        }
    }

    /// Tells which of the objects that samples were taken of are equal. The whole of an object is read only
    /// where another has the same sample: linear in these bytes, whatever the values are.
    ///
    /// # Safety
    /// As for [`Walk::run`], which must have ended well.
    pub(super) unsafe fn tell_equal(&mut self) {
        for (kind, mut entries) in Whole::ALL.into_iter().zip(std::mem::take(&mut self.equals.0)) {
            entries.sort_unstable();
            let (layout, builder) = (self.layout, &mut self.builder);
            let node = |entry: u64| NodeId(entry as u32);
            for run in entries.chunk_by(|a, b| a >> 32 == b >> 32).filter(|run| run.len() > 1) {
                // SAFETY: the caller's promise; what stands in a kind's list is of its type.
                let contents = |entry: u64, builder: &HeapGraphBuilder| unsafe {
                    layout.contents(builder.address(node(entry)) as Address, kind)
                };
                let first = contents(run[0], builder);
                if run[1..].iter().all(|&other| contents(other, builder) == first) {
                    run[1..].iter().for_each(|&other| builder.equal_to(node(other), node(run[0])));
                    continue;
                }
                let mut by_whole: Vec<(u64, u64)> = run.iter().map(|&entry| (contents(entry, builder).whole(), entry)).collect();
                by_whole.sort_unstable();
                for equal in by_whole.chunk_by(|a, b| a.0 == b.0) {
                    let first = contents(equal[0].1, builder);
                    // Of different values with one hash the later ones go unsaid.
                    for &(_, other) in &equal[1..] {
                        if contents(other, builder) == first {
                            builder.equal_to(node(other), node(equal[0].1));
                        }
                    }
                }
            }
        }
    }
}
