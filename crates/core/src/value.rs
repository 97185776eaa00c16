//! Short values of atoms, and the policy that decides whether an output may say them.

use std::borrow::Cow;

use crate::NodeId;
use crate::wording::quote;

/// Whether an output says what strings, bytes, numbers and dict keys are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Values {
    /// Types, attribute names, sizes, lengths and structure, nothing else.
    None,
    /// Up to 40 characters of strings, bytes and numbers, and every dict key.
    #[default]
    Short,
}

/// What capture kept of one atom: at most [`Value::LIMIT`] characters or bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A string: its first characters and its length in characters.
    Str(Cow<'a, str>, u64),
    /// A bytes object: its first bytes and its length in bytes.
    Bytes(Cow<'a, [u8]>, u64),
    /// An integer that fits.
    Int(i128),
    /// An integer that does not: its sign is kept, and how many bits it has.
    BigInt {
        /// Whether it is below zero.
        negative: bool,
        /// Bits of its magnitude.
        bits: u64,
    },
    /// A floating-point number.
    Float(f64),
    /// A name that Python spells itself: `None`, `True`, `Ellipsis`.
    Constant(Cow<'a, str>),
}

impl Value<'_> {
    /// Characters or bytes that are kept of a value.
    pub const LIMIT: usize = 40;

    /// The value as Python would write it; a cut one ends in `…`.
    pub fn literal(&self) -> String {
        match self {
            Self::Str(text, length) => {
                let cut = (text.chars().count() as u64) < *length;
                format!("{}{}", quote(text), if cut { "…" } else { "" })
            }
            Self::Bytes(bytes, length) => {
                let cut = (bytes.len() as u64) < *length;
                let text: String = bytes.iter().flat_map(|&b| std::ascii::escape_default(b)).map(char::from).collect();
                format!("b'{}'{}", text, if cut { "…" } else { "" })
            }
            Self::Int(value) => value.to_string(),
            Self::BigInt { negative, bits } => format!("{}int of {bits} bits", if *negative { "negative " } else { "" }),
            Self::Float(value) => float_literal(*value),
            Self::Constant(name) => name.to_string(),
        }
    }

    /// Whether [`Value::literal`] is the whole value, so that code may contain it.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Str(text, length) => text.chars().count() as u64 == *length && !text.contains('\u{fffd}'),
            Self::Bytes(bytes, length) => bytes.len() as u64 == *length,
            Self::BigInt { .. } => false,
            Self::Float(value) => value.is_finite(),
            Self::Int(_) | Self::Constant(_) => true,
        }
    }

    /// Length in characters or bytes, for values that have one.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Str(_, length) | Self::Bytes(_, length) => Some(*length),
            _ => None,
        }
    }
}

/// Python's `repr` of a float, for the everyday range.
fn float_literal(value: f64) -> String {
    if value.is_nan() {
        "nan".into()
    } else if value.is_infinite() {
        if value > 0.0 { "inf".into() } else { "-inf".into() }
    } else if value != 0.0 && !(1e-4..1e16).contains(&value.abs()) {
        let text = format!("{value:e}");
        match text.split_once('e') {
            Some((digits, exponent)) if exponent.starts_with('-') => format!("{digits}e-{:0>2}", &exponent[1..]),
            Some((digits, exponent)) => format!("{digits}e+{exponent:0>2}"),
            None => text,
        }
    } else {
        format!("{value:?}")
    }
}

/// The values of a graph's atoms, in node order.
#[derive(Clone, Default)]
pub(crate) struct ValueColumn {
    nodes: Vec<u32>,
    starts: Vec<u32>,
    block: Vec<u8>,
}

impl ValueColumn {
    /// Adds the value of `node`, which must come after every node added before.
    pub(crate) fn push(&mut self, node: NodeId, value: &Value<'_>) {
        // Past 4 GiB of values, or without memory, the rest go unsaid: structure does not depend on them.
        let Ok(start) = u32::try_from(self.block.len()) else { return };
        // The longest value: 40 characters of 4 bytes, their length and a tag.
        let reserved =
            self.nodes.try_reserve(1).and_then(|()| self.starts.try_reserve(1)).and_then(|()| self.block.try_reserve(176));
        if reserved.is_err() {
            return;
        }
        debug_assert!(self.nodes.last().is_none_or(|&last| last < node.0));
        self.nodes.push(node.0);
        self.starts.push(start);
        match value {
            Value::Str(text, length) => {
                self.block.push(0);
                self.block.extend(length.to_le_bytes());
                self.block.extend(text.as_bytes());
            }
            Value::Bytes(bytes, length) => {
                self.block.push(1);
                self.block.extend(length.to_le_bytes());
                self.block.extend(bytes.as_ref());
            }
            Value::Int(value) => match i64::try_from(*value) {
                Ok(value) => {
                    self.block.push(2);
                    self.block.extend(value.to_le_bytes());
                }
                Err(_) => {
                    self.block.push(3);
                    self.block.extend(value.to_le_bytes());
                }
            },
            Value::BigInt { negative, bits } => {
                self.block.push(if *negative { 5 } else { 4 });
                self.block.extend(bits.to_le_bytes());
            }
            Value::Float(value) => {
                self.block.push(6);
                self.block.extend(value.to_le_bytes());
            }
            Value::Constant(name) => {
                self.block.push(7);
                self.block.extend(name.as_bytes());
            }
        }
    }

    pub(crate) fn get(&self, node: NodeId) -> Option<Value<'_>> {
        let at = self.nodes.binary_search(&node.0).ok()?;
        let start = self.starts[at] as usize;
        let end = self.starts.get(at + 1).map_or(self.block.len(), |&next| next as usize);
        let (&tag, rest) = self.block[start..end].split_first()?;
        let word = |bytes: &[u8]| bytes.first_chunk().map(|&chunk| u64::from_le_bytes(chunk));
        Some(match tag {
            0 => Value::Str(String::from_utf8_lossy(&rest[8..]), word(rest)?),
            1 => Value::Bytes(Cow::Borrowed(&rest[8..]), word(rest)?),
            2 => Value::Int(i128::from(word(rest)? as i64)),
            3 => Value::Int(i128::from_le_bytes(*rest.first_chunk()?)),
            4 | 5 => Value::BigInt { negative: tag == 5, bits: word(rest)? },
            6 => Value::Float(f64::from_bits(word(rest)?)),
            _ => Value::Constant(String::from_utf8_lossy(rest)),
        })
    }

    pub(crate) fn give_back_room(&mut self) {
        self.nodes.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.block.shrink_to_fit();
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.nodes.capacity() * 4 + self.starts.capacity() * 4 + self.block.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went_in() {
        let values = [
            Value::Str("naïve".into(), 5),
            Value::Str("cut".into(), 90),
            Value::Bytes(b"\x00a".as_slice().into(), 2),
            Value::Int(-7),
            Value::Int(i128::MAX),
            Value::BigInt { negative: true, bits: 5000 },
            Value::Float(1.5),
            Value::Constant("None".into()),
        ];
        let mut column = ValueColumn::default();
        for (i, value) in values.iter().enumerate() {
            column.push(NodeId(i as u32 * 3), value);
        }
        for (i, value) in values.iter().enumerate() {
            assert_eq!(column.get(NodeId(i as u32 * 3)).as_ref(), Some(value));
            assert_eq!(column.get(NodeId(i as u32 * 3 + 1)), None);
        }
    }

    #[test]
    fn literals_read_as_python() {
        let literal = |value: Value<'_>| value.literal();
        assert_eq!(literal(Value::Str("it's\n".into(), 5)), r#""it's\n""#);
        assert_eq!(literal(Value::Str("ab".into(), 3)), "'ab'…");
        assert_eq!(literal(Value::Bytes(b"a\xff".as_slice().into(), 2)), r"b'a\xff'");
        assert_eq!(literal(Value::Float(1.0)), "1.0");
        assert_eq!(literal(Value::Float(1e300)), "1e+300");
        assert_eq!(literal(Value::Float(2.5e-7)), "2.5e-07");
        assert_eq!(literal(Value::BigInt { negative: false, bits: 5000 }), "int of 5000 bits");
    }
}
