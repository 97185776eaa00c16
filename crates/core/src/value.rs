//! Short values of atoms, and the policy that decides whether an output may say them.

use std::borrow::Cow;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::wording::quote;

/// Whether an output says what strings, bytes, numbers and dict keys are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
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

#[cfg(test)]
mod tests {
    use super::*;

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
