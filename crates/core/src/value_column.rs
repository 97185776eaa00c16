//! The column of values: what capture kept of each atom, packed, with the nodes that have one.

use borsh::{BorshDeserialize, BorshSerialize};
use std::borrow::Cow;
use std::collections::TryReserveError;
use std::ops::Range;

use crate::{NodeId, Value};

/// The values of a graph's atoms, in node order.
///
/// Each value begins with a byte: its tag, and above it a count of bytes, which says how long the value
/// is, so that only every sixteenth needs a place of its own.
#[derive(Clone, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct ValueColumn {
    /// One bit a node: whether it has a value.
    has_value: Vec<u64>,
    /// How many values the nodes before each word of `has_value` have.
    ranks: Vec<u32>,
    /// Where every sixteenth value begins.
    starts: Vec<u32>,
    block: Vec<u8>,
    count: u32,
}

/// Values between two places.
const STRIDE: u32 = 16;
/// The longest value: 40 characters of 4 bytes, their length, their count and a tag.
const LONGEST: usize = 176;

/// An integer of so many bytes, the sign in the highest.
const INT: u8 = 0;
/// Words of their own: the count says which.
const WORD: u8 = 1;
/// Text or bytes that are whole.
const STR: u8 = 2;
const BYTES: u8 = 3;
/// Text or bytes that were cut: their whole length follows.
const CUT_STR: u8 = 4;
const CUT_BYTES: u8 = 5;
const CONSTANT: u8 = 6;
/// A number that was not kept: a value that is not said.
const UNSAID: u8 = 7;
const TAG_BITS: u32 = 3;
/// A count that says that the true one is the next byte.
const COUNT_FOLLOWS: u8 = 31;

/// The counts of [`WORD`].
const BIG: u8 = 0;
const NEGATIVE_BIG: u8 = 1;
const FLOAT: u8 = 2;

impl ValueColumn {
    /// Adds the value of `node`, which must come after every node added before.
    #[inline]
    pub(crate) fn push(&mut self, node: NodeId, value: &Value<'_>) {
        // Past 4 GiB of values, or without memory, the rest go unsaid: structure does not depend on them.
        if u32::try_from(self.block.len()).is_ok() && self.reserve(node).is_ok() {
            self.enter(node);
            self.write(value);
        }
    }

    fn push_packed(&mut self, node: NodeId, packed: &[u8]) {
        if u32::try_from(self.block.len()).is_ok() && self.reserve(node).is_ok() {
            self.enter(node);
            self.block.extend_from_slice(packed);
        }
    }

    /// Says that the node's value comes next.
    #[inline]
    fn enter(&mut self, node: NodeId) {
        self.has_value[node.index() / 64] |= 1 << (node.0 % 64);
        if self.count.is_multiple_of(STRIDE) {
            self.starts.push(self.block.len() as u32);
        }
        self.count += 1;
    }

    #[inline]
    fn reserve(&mut self, node: NodeId) -> Result<(), TryReserveError> {
        while self.has_value.len() <= node.index() / 64 {
            self.has_value.try_reserve(1)?;
            self.ranks.try_reserve(1)?;
            self.has_value.push(0);
            self.ranks.push(self.count);
        }
        self.starts.try_reserve(1)?;
        self.block.try_reserve(LONGEST)
    }

    #[inline]
    fn write(&mut self, value: &Value<'_>) {
        match value {
            Value::Str(text, length) => {
                let is_whole = text.chars().count() as u64 == *length;
                self.write_bytes(if is_whole { STR } else { CUT_STR }, text.as_bytes(), *length);
            }
            Value::Bytes(bytes, length) => {
                self.write_bytes(if bytes.len() as u64 == *length { BYTES } else { CUT_BYTES }, bytes, *length);
            }
            Value::Int(value) => {
                let bits = i128::BITS - value.unsigned_abs().leading_zeros() + 1;
                let bytes = (bits.div_ceil(8) as usize).min(16);
                self.block.push(INT | (bytes as u8) << TAG_BITS);
                self.block.extend_from_slice(&value.to_le_bytes()[..bytes]);
            }
            Value::BigInt { negative, bits } => self.write_word(if *negative { NEGATIVE_BIG } else { BIG }, *bits),
            Value::Float(value) => self.write_word(FLOAT, value.to_bits()),
            Value::Constant(name) => self.write_bytes(CONSTANT, name.as_bytes(), 0),
        }
    }

    fn write_word(&mut self, which: u8, word: u64) {
        self.block.push(WORD | which << TAG_BITS);
        self.block.extend_from_slice(&word.to_le_bytes());
    }

    #[inline]
    fn write_bytes(&mut self, tag: u8, bytes: &[u8], length: u64) {
        // What is kept is at most 160 bytes; what a caller gives beyond a count of one byte is cut.
        let bytes = &bytes[..bytes.len().min(usize::from(u8::MAX))];
        let count = bytes.len() as u8;
        self.block.push(tag | count.min(COUNT_FOLLOWS) << TAG_BITS);
        if count >= COUNT_FOLLOWS {
            self.block.push(count);
        }
        if matches!(tag, CUT_STR | CUT_BYTES) {
            self.block.extend_from_slice(&length.to_le_bytes());
        }
        self.block.extend_from_slice(bytes);
    }

    pub(crate) fn get(&self, node: NodeId) -> Option<Value<'_>> {
        split(self.from(node)?)?.value()
    }

    /// The value as it is packed: the same bytes are the same value, the same float whatever it compares to.
    pub(crate) fn packed(&self, node: NodeId) -> Option<&[u8]> {
        let from = self.from(node)?;
        from.get(..from.len() - split(from)?.rest.len())
    }

    /// The block from the node's value on.
    fn from(&self, node: NodeId) -> Option<&[u8]> {
        let (&word, &rank) = self.has_value.get(node.index() / 64).zip(self.ranks.get(node.index() / 64))?;
        let bit = 1 << (node.0 % 64);
        if word & bit == 0 {
            return None;
        }
        let ordinal = rank + (word & (bit - 1)).count_ones();
        let mut rest = &self.block[*self.starts.get((ordinal / STRIDE) as usize)? as usize..];
        for _ in 0..ordinal % STRIDE {
            rest = split(rest)?.rest;
        }
        Some(rest)
    }

    /// The packed value at a place of which [`ValueColumn::iter`] told.
    pub(crate) fn packed_at(&self, place: u32) -> &[u8] {
        let block = &self.block[place as usize..];
        split(block).map_or(block, |packed| before(block, packed.rest))
    }

    /// Every packed value with its node and its place, in one pass.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (NodeId, u32, &[u8])> {
        self.iter_in(0..self.has_value.len())
    }

    /// As many ranges for [`ValueColumn::iter_in`], or fewer, which together are all.
    pub(crate) fn pieces(&self, count: usize) -> Vec<Range<usize>> {
        let words = self.has_value.len();
        let size = words.div_ceil(count.max(1)).max(1);
        (0..words).step_by(size).map(|first| first..words.min(first + size)).collect()
    }

    /// The packed values of the nodes of some words of 64 nodes, as [`ValueColumn::iter`] gives them.
    pub(crate) fn iter_in(&self, words: Range<usize>) -> impl Iterator<Item = (NodeId, u32, &[u8])> {
        let first = self.has_value[words.clone()].iter().position(|&word| word != 0).map(|at| words.start + at);
        let first = first.map(|at| NodeId::at(64 * at + self.has_value[at].trailing_zeros() as usize));
        let block = first.and_then(|node| self.from(node)).unwrap_or_default();
        let set_bits = |(at, &word): (usize, &u64)| {
            let left = |word: &u64| (*word != 0).then(|| *word & (*word - 1));
            std::iter::successors((word != 0).then_some(word), move |word| left(word).filter(|&word| word != 0))
                .map(move |word| NodeId::at(64 * at + word.trailing_zeros() as usize))
        };
        let nodes = words.map(|at| (at, &self.has_value[at])).flat_map(set_bits);
        nodes.scan(block, |block, node| {
            let value = *block;
            *block = split(value)?.rest;
            Some((node, (self.block.len() - value.len()) as u32, before(value, block)))
        })
    }

    /// Every value with its node, in one pass.
    pub(crate) fn values(&self) -> impl Iterator<Item = (NodeId, Value<'_>)> {
        self.iter().filter_map(|(node, _, packed)| Some((node, split(packed)?.value()?)))
    }

    /// Whether the node has a value, said or not.
    pub(crate) fn has(&self, node: NodeId) -> bool {
        self.has_value.get(node.index() / 64).is_some_and(|word| word & 1 << (node.0 % 64) != 0)
    }

    /// The same nodes with what may always be said of their values: constants, and lengths. O(values).
    pub(crate) fn unsaid(&self) -> Self {
        let mut unsaid = Self::default();
        for (node, _, packed) in self.iter() {
            let Some(packed) = split(packed) else { continue };
            match packed.value() {
                Some(Value::Str(_, length)) => unsaid.push(node, &Value::Str("".into(), length)),
                Some(Value::Bytes(_, length)) => unsaid.push(node, &Value::Bytes(Cow::Borrowed(&[]), length)),
                Some(constant @ Value::Constant(_)) => unsaid.push(node, &constant),
                _ => unsaid.push_packed(node, &[UNSAID]),
            }
        }
        unsaid
    }

    /// Which nodes have values, one bit each, and the values.
    pub(crate) fn parts(&self) -> (&[u64], &[u8]) {
        (&self.has_value, &self.block)
    }

    /// Takes what [`ValueColumn::parts`] gave, after a look at each value. `Err` with the place in the block
    /// where one is wrong.
    pub(crate) fn from_parts(has_value: Vec<u64>, block: Vec<u8>) -> Result<Self, usize> {
        let mut count = 0_u64;
        let mut ranks = Vec::with_capacity(has_value.len());
        for word in &has_value {
            ranks.push(count as u32);
            count += u64::from(word.count_ones());
        }
        let mut starts = Vec::with_capacity((count / u64::from(STRIDE)) as usize + 1);
        let mut rest = block.as_slice();
        for ordinal in 0..count {
            let place = block.len() - rest.len();
            if ordinal.is_multiple_of(u64::from(STRIDE)) {
                starts.push(u32::try_from(place).map_err(|_| place)?);
            }
            rest = split(rest).filter(Packed::is_known).ok_or(place)?.rest;
        }
        if !rest.is_empty() || block.len() > u32::MAX as usize {
            return Err(block.len() - rest.len());
        }
        Ok(Self { has_value, ranks, starts, block, count: count as u32 })
    }

    pub(crate) fn give_back_room(&mut self) {
        self.has_value.shrink_to_fit();
        self.ranks.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.block.shrink_to_fit();
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.has_value.capacity() * 8 + (self.ranks.capacity() + self.starts.capacity()) * 4 + self.block.capacity()
    }
}

/// One value of the block, and what follows it.
struct Packed<'a> {
    tag: u8,
    count: u8,
    /// The whole length of what was cut.
    length: u64,
    bytes: &'a [u8],
    rest: &'a [u8],
}

fn before<'a>(block: &'a [u8], rest: &[u8]) -> &'a [u8] {
    &block[..block.len() - rest.len()]
}

/// What packed values say of two objects that have the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sameness {
    /// They are equal.
    Equal,
    /// They may differ in what was not kept.
    Unknown,
    /// They are one: there is only one such object.
    Identical,
}

impl Sameness {
    pub(crate) fn of(packed: &[u8]) -> Self {
        let first = packed.first().copied().unwrap_or_default();
        match (first & ((1 << TAG_BITS) - 1), first >> TAG_BITS) {
            (CONSTANT, _) => Self::Identical,
            (CUT_STR | CUT_BYTES | UNSAID, _) | (WORD, BIG | NEGATIVE_BIG) => Self::Unknown,
            // It may stand for a lone surrogate.
            (STR, _) if packed.windows(REPLACEMENT.len()).any(|bytes| bytes == REPLACEMENT) => Self::Unknown,
            _ => Self::Equal,
        }
    }
}

/// Characters of a string at most: as many as memory has bytes.
const MOST_LENGTH: u64 = 1 << 57;

/// U+FFFD in UTF-8.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

fn split(block: &[u8]) -> Option<Packed<'_>> {
    let (&first, mut rest) = block.split_first()?;
    let (tag, mut count) = (first & ((1 << TAG_BITS) - 1), first >> TAG_BITS);
    let mut length = 0;
    if tag == WORD {
        let (bytes, rest) = rest.split_at_checked(8)?;
        return Some(Packed { tag, count, length, bytes, rest });
    }
    if tag != INT && count == COUNT_FOLLOWS {
        let (&long, after) = rest.split_first()?;
        (count, rest) = (long, after);
    }
    if matches!(tag, CUT_STR | CUT_BYTES) {
        let (word, after) = rest.split_first_chunk()?;
        (length, rest) = (u64::from_le_bytes(*word), after);
    }
    let (bytes, rest) = rest.split_at_checked(usize::from(count))?;
    Some(Packed { tag, count, length, bytes, rest })
}

impl<'a> Packed<'a> {
    /// Whether its parts are such as are written.
    fn is_known(&self) -> bool {
        match self.tag {
            INT => self.count <= 16,
            WORD => self.count <= FLOAT,
            UNSAID => self.count == 0,
            CUT_STR | CUT_BYTES => self.length <= MOST_LENGTH,
            _ => true,
        }
    }

    fn value(self) -> Option<Value<'a>> {
        let text = || String::from_utf8_lossy(self.bytes);
        let word = || self.bytes.first_chunk().map(|&chunk| u64::from_le_bytes(chunk));
        Some(match (self.tag, self.count) {
            (INT, _) => {
                let is_negative = self.bytes.last().is_some_and(|&highest| highest & 0x80 != 0);
                let mut value = if is_negative { [0xff; 16] } else { [0; 16] };
                value.get_mut(..self.bytes.len())?.copy_from_slice(self.bytes);
                Value::Int(i128::from_le_bytes(value))
            }
            (WORD, FLOAT) => Value::Float(f64::from_bits(word()?)),
            (WORD, which) => Value::BigInt { negative: which == NEGATIVE_BIG, bits: word()? },
            (STR, _) => {
                let text = text();
                let length = text.chars().count() as u64;
                Value::Str(text, length)
            }
            (BYTES, _) => Value::Bytes(Cow::Borrowed(self.bytes), self.bytes.len() as u64),
            (CUT_STR, _) => Value::Str(text(), self.length),
            (CUT_BYTES, _) => Value::Bytes(Cow::Borrowed(self.bytes), self.length),
            (UNSAID, _) => return None,
            _ => Value::Constant(text()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_kept_may_differ() {
        let sameness = |value: Value<'_>| {
            let mut column = ValueColumn::default();
            column.push(NodeId(3), &value);
            Sameness::of(column.packed_at(0))
        };
        assert_eq!(sameness(Value::Str("abc".into(), 3)), Sameness::Equal);
        assert_eq!(sameness(Value::Str("abc".into(), 4)), Sameness::Unknown);
        assert_eq!(sameness(Value::Str("a\u{fffd}c".into(), 3)), Sameness::Unknown);
        assert_eq!(sameness(Value::Bytes("a\u{fffd}c".as_bytes().into(), 5)), Sameness::Equal);
        assert_eq!(sameness(Value::Bytes(b"abc".as_slice().into(), 4)), Sameness::Unknown);
        assert_eq!(sameness(Value::Int(i128::MAX)), Sameness::Equal);
        assert_eq!(sameness(Value::Float(f64::NAN)), Sameness::Equal);
        assert_eq!(sameness(Value::BigInt { negative: true, bits: 500 }), Sameness::Unknown);
        assert_eq!(sameness(Value::Constant("None".into())), Sameness::Identical);
    }

    #[test]
    fn values_come_back_as_they_went_in() {
        let four_bytes_each = "\u{1f600}".repeat(40);
        let mut values = vec![
            Value::Str("".into(), 0),
            Value::Str("naïve".into(), 5),
            Value::Str("cut".into(), 90),
            Value::Str("ïï".into(), 4),
            Value::Str("x".repeat(30).into(), 30),
            Value::Str("x".repeat(31).into(), 31),
            Value::Str("x".repeat(40).into(), u64::MAX),
            Value::Str(four_bytes_each.as_str().into(), 40),
            Value::Str(four_bytes_each.as_str().into(), 41),
            Value::Bytes(b"".as_slice().into(), 0),
            Value::Bytes(b"\x00a".as_slice().into(), 2),
            Value::Bytes([7; 40].as_slice().into(), 40),
            Value::Bytes([7; 40].as_slice().into(), 41),
            Value::BigInt { negative: true, bits: 5000 },
            Value::BigInt { negative: false, bits: u64::MAX },
            Value::Float(1.5),
            Value::Float(f64::NEG_INFINITY),
            Value::Constant("None".into()),
            Value::Constant("NotImplemented".into()),
            Value::Int(i128::MIN),
            Value::Int(i128::MAX),
        ];
        for bits in 0..126 {
            let power = 1_i128 << bits;
            values.extend([power - 1, power, power + 1, -power, 1 - power, -power - 1].map(Value::Int));
        }
        // Dense, with gaps, and with long gaps.
        for gap in [1, 3, 200] {
            let mut column = ValueColumn::default();
            for (i, value) in values.iter().enumerate() {
                column.push(NodeId(i as u32 * gap), value);
            }
            for (i, value) in values.iter().enumerate() {
                assert_eq!(column.get(NodeId(i as u32 * gap)).as_ref(), Some(value));
                if gap > 1 {
                    assert_eq!(column.get(NodeId(i as u32 * gap + 1)), None);
                }
            }
            assert_eq!(column.get(NodeId(u32::MAX)), None);
            assert_eq!(column.iter().count(), values.len());
            for ((node, place, packed), (i, value)) in column.iter().zip(values.iter().enumerate()) {
                assert_eq!((node.0, packed), (i as u32 * gap, column.packed_at(place)));
                assert_eq!(split(packed).unwrap().value().as_ref(), Some(value));
            }
        }
    }
}
