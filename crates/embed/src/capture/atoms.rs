//! What exact built-in atoms say: strings, bytes, numbers, and the names that Python spells itself.
#![allow(unsafe_code)]

use std::borrow::Cow;

use pyo3::ffi;
use refroots_core::Value;

use super::equal::Whole;
use super::layout::Layout;
use super::raw::{self, Address};
use super::type_shape::{Category, TypeShape};
use super::walk::Walk;

/// Length and shape of a string's characters.
pub(super) struct Characters {
    pub(super) length: usize,
    pub(super) width: usize,
    is_ascii: bool,
    pub(super) start: Address,
}

impl Layout {
    /// # Safety
    /// `text` must be a live `str`.
    pub(super) unsafe fn characters(&self, text: Address) -> Characters {
        // SAFETY:
        // - PyASCIIObject: length at 16, state at 32 (cpython/unicodeobject.h, 3.10–3.14); the probe
        //   read known strings through the same offsets;
        // - a string that is not compact has its characters behind a pointer after the headers.
        unsafe {
            let state = raw::half(text, 32);
            let (width, is_compact, is_ascii) = ((state >> 2 & 7) as usize, state >> 5 & 1 == 1, state >> 6 & 1 == 1);
            let (ascii_header, header) = self.str_headers;
            let start = match (is_compact, is_ascii) {
                (true, true) => text + ascii_header,
                (true, false) => text + header,
                (false, _) => raw::word(text, header as isize),
            };
            let length = if start == 0 || !matches!(width, 1 | 2 | 4) { 0 } else { raw::word(text, 16) };
            Characters { length, width, is_ascii, start }
        }
    }

    /// The first `limit` characters of a string, and its whole length. Lone surrogates become U+FFFD.
    ///
    /// # Safety
    /// `text` must be a live `str`; the text must not be used once the GIL goes or Python code runs.
    pub(crate) unsafe fn text<'a>(&self, text: Address, limit: usize) -> (Cow<'a, str>, usize) {
        // SAFETY:
        // - `characters` gives the string's own buffer of `length` characters of `width` bytes;
        // - a str never changes.
        let (characters, buffer) = unsafe {
            let characters = self.characters(text);
            let kept = characters.length.min(limit);
            let buffer = raw::bytes::<'a>(characters.start, kept * characters.width);
            (characters, buffer)
        };
        let kept = match (characters.width, characters.is_ascii) {
            (1, true) => match std::str::from_utf8(buffer) {
                Ok(ascii) => Cow::Borrowed(ascii),
                Err(_) => Cow::Borrowed(""),
            },
            (1, false) => Cow::Owned(buffer.iter().map(|&c| char::from(c)).collect()),
            (2, _) => Cow::Owned(buffer.chunks_exact(2).map(|c| scalar(u32::from(u16::from_le_bytes([c[0], c[1]])))).collect()),
            _ => Cow::Owned(buffer.chunks_exact(4).map(|c| scalar(u32::from_le_bytes([c[0], c[1], c[2], c[3]]))).collect()),
        };
        (kept, characters.length)
    }

    /// Bytes that a string takes, as `str.__sizeof__` says (Objects/unicodeobject.c).
    ///
    /// # Safety
    /// `text` must be a live `str`.
    pub(crate) unsafe fn str_size(&self, text: Address) -> usize {
        // SAFETY: as for `characters`; the UTF-8 copy's length and pointer stand behind the ASCII header.
        unsafe {
            let characters = self.characters(text);
            let (ascii_header, header) = self.str_headers;
            let is_compact = raw::half(text, 32) >> 5 & 1 == 1;
            if is_compact && characters.is_ascii {
                return ascii_header + characters.length + 1;
            }
            let copy = raw::word(text, ascii_header as isize + 8);
            let copy_size = if copy != 0 && copy != characters.start { raw::word(text, ascii_header as isize) + 1 } else { 0 };
            let own_header = if is_compact { header } else { header + raw::WORD };
            own_header + (characters.length + 1) * characters.width + copy_size
        }
    }

    /// Sign and base-2³⁰ digits of an int.
    ///
    /// # Safety
    /// `number` must be a live `int`.
    pub(super) unsafe fn digits<'a>(&self, number: Address) -> (bool, &'a [u8]) {
        // SAFETY:
        // - 3.12+: `lv_tag` holds count << 3 and the sign, 2 for negative (cpython/longintrepr.h);
        // - before: `ob_size` is the count, negative for negative numbers; digits follow at 24.
        unsafe {
            let (is_negative, count) = if self.version >= (3, 12) {
                let tag = raw::word(number, 16);
                (tag & 3 == 2, tag >> 3)
            } else {
                let size = raw::signed(number, 16);
                (size < 0, size.unsigned_abs())
            };
            (is_negative, raw::bytes(number + 24, count * 4))
        }
    }

    /// An int's value, or how many bits it has.
    ///
    /// # Safety
    /// `number` must be a live `int`.
    pub(crate) unsafe fn int(&self, number: Address) -> Value<'static> {
        // SAFETY: the caller's promise.
        let (negative, digits) = unsafe { self.digits(number) };
        let count = digits.len() / 4;
        if count > 4 {
            let top =
                u32::from_le_bytes([digits[4 * count - 4], digits[4 * count - 3], digits[4 * count - 2], digits[4 * count - 1]]);
            let bits = (count as u64 - 1) * 30 + u64::from(32 - top.leading_zeros());
            return Value::BigInt { negative, bits };
        }
        let magnitude = digits
            .chunks_exact(4)
            .rev()
            .fold(0_i128, |sum, d| (sum << 30) + i128::from(u32::from_le_bytes([d[0], d[1], d[2], d[3]])));
        Value::Int(if negative { -magnitude } else { magnitude })
    }

    /// How many items an object of a variable size has (`Py_SIZE`; digits for ints).
    ///
    /// # Safety
    /// `object` must be a live object of a type with `tp_itemsize` > 0.
    pub(crate) unsafe fn item_count(&self, object: Address, is_int: bool) -> usize {
        // SAFETY: PyVarObject's count stands at 16; ints are asked in their own way.
        unsafe { if is_int { self.digits(object).1.len() / 4 } else { raw::signed(object, 16).unsigned_abs() } }
    }
}

/// A code point, or U+FFFD for a lone surrogate.
fn scalar(code: u32) -> char {
    char::from_u32(code).unwrap_or('\u{fffd}')
}

/// A bytes object's first bytes and its length.
///
/// # Safety
/// `object` must be a live `bytes`; the value must not be used once Python code runs.
pub(crate) unsafe fn bytes_value<'a>(object: Address) -> Value<'a> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { bytes_of(object) };
    Value::Bytes(Cow::Borrowed(&bytes[..bytes.len().min(Value::LIMIT)]), bytes.len() as u64)
}

/// A bytes object's bytes.
///
/// # Safety
/// As for [`bytes_value`].
pub(super) unsafe fn bytes_of<'a>(object: Address) -> &'a [u8] {
    // SAFETY: PyBytesObject: length at 16, bytes from 32 (cpython/bytesobject.h, 3.10–3.14).
    unsafe { raw::bytes(object + 32, raw::signed(object, 16).unsigned_abs()) }
}

/// A float's value.
///
/// # Safety
/// `object` must be a live `float`.
pub(crate) unsafe fn float_value(object: Address) -> Value<'static> {
    // SAFETY: PyFloatObject: the double stands at 16 (cpython/floatobject.h, 3.10–3.14).
    unsafe { Value::Float(f64::from_bits(raw::word(object, 16) as u64)) }
}

impl Walk<'_> {
    /// Keeps the value of the object that was described last, and takes a sample of the object where that is cut.
    ///
    /// # Safety
    /// `object` must be live and of the type of `shape`.
    pub(super) unsafe fn keep_value(&mut self, object: Address, shape: &TypeShape) {
        // SAFETY: the category says which exact built-in type the object has.
        let value = unsafe {
            match shape.category {
                Category::Str => {
                    let (text, length) = self.layout.text(object, Value::LIMIT);
                    Value::Str(text, length as u64)
                }
                Category::Bytes => bytes_value(object),
                Category::Int => self.layout.int(object),
                Category::Float => float_value(object),
                Category::Constant => {
                    let is_true = object == &raw const *ffi::Py_True() as Address;
                    Value::Constant(constant(self.builder.qualname(shape.type_id), is_true).into())
                }
                _ => return,
            }
        };
        self.builder.keep_value(&value);
        if let Some(kind) = Whole::beyond(&value) {
            // SAFETY: the value's kind is the object's exact type.
            unsafe { self.sample(object, kind) };
        }
    }
}

/// What Python calls the only objects of their types.
fn constant(type_name: &str, is_true: bool) -> &'static str {
    match type_name {
        "NoneType" => "None",
        "bool" if is_true => "True",
        "bool" => "False",
        "ellipsis" => "Ellipsis",
        _ => "NotImplemented",
    }
}
