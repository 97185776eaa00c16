//! Which strings, bytes and large ints are equal whose whole value the graph does not keep.
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash};

use refroots_core::{NodeId, Value};
use rustc_hash::{FxBuildHasher, FxHashMap};

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

/// The first object of each value, for each type. Nothing of it is in the graph: no hash leaves the walk.
#[derive(Default)]
pub(super) struct Equals([Table; 3]);

#[derive(Default)]
struct Table {
    /// By a hash of the length and a sample: the only one so far, or [`SEVERAL`].
    by_sample: FxHashMap<u32, NodeId>,
    /// Those of which a sample does not tell the value, by a hash of the whole.
    by_whole: FxHashMap<u64, NodeId>,
}

/// Several values have this sample, and stand in the other table: so each is hashed once, and compared with
/// one. No node has this number.
const SEVERAL: NodeId = NodeId(u32::MAX);

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
        let middle = length.saturating_sub(SAMPLE) / 2;
        let part = |from: usize| &self.bytes[from..(from + SAMPLE).min(length)];
        let sample = (self.form, length, part(0), part(middle), part(length.saturating_sub(SAMPLE)));
        let hash = FxBuildHasher.hash_one(sample);
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
    /// Tells of the object that was described last whether one before it has the same value. Its bytes are
    /// read where the sample was seen before: linear in them, whatever the values are.
    ///
    /// # Safety
    /// `object` must be live and of the exact type; everything described before it must be live.
    pub(super) unsafe fn tell_equal(&mut self, object: Address, kind: Whole) {
        let (layout, builder) = (self.layout, &mut self.builder);
        let Some(node) = builder.described().checked_sub(1).map(|at| NodeId(at as u32)) else { return };
        // SAFETY: the caller's promise; what stands in a kind's table is of its type.
        let contents = |address: u64| unsafe { layout.contents(address as Address, kind) };
        let own = contents(object as u64);
        let Table { by_sample, by_whole } = &mut self.equals.0[kind as usize];
        // Without memory, what is equal goes unsaid.
        if by_sample.try_reserve(1).is_err() || by_whole.try_reserve(2).is_err() {
            return;
        }
        let first = match by_sample.get_mut(&own.sample()) {
            None => {
                by_sample.insert(own.sample(), node);
                return;
            }
            Some(&mut SEVERAL) => *by_whole.entry(own.whole()).or_insert(node),
            Some(first) if contents(builder.address(*first)) == own => *first,
            Some(first) => {
                let other = std::mem::replace(first, SEVERAL);
                by_whole.insert(contents(builder.address(other)).whole(), other);
                by_whole.insert(own.whole(), node);
                return;
            }
        };
        // Different values of one hash: that the later one is equal to others goes unsaid.
        if first != node && contents(builder.address(first)) == own {
            builder.equal_to(first);
        }
    }
}
