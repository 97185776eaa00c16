//! Arrays of numpy, which no traverse shows: what they are a view of, their dtype, the objects in them.
//!
//! Layouts of numpy 1.26 and 2.x (`PyArrayObject_fields`, `_PyArray_Descr` in numpy/ndarraytypes.h), which
//! are checked at the first array of a capture by reads that cannot fault.
#![allow(unsafe_code)]

use refroots_core::ReferenceName;

use super::raw::{self, Address, WORD, copy_word as read};
use super::walk::Walk;

// Fields of an array.
const ITEMS: isize = 16;
const DIMENSION_COUNT: isize = 24;
const DIMENSIONS: isize = 32;
const STRIDES: isize = 40;
const BASE: isize = 48;
const DTYPE: isize = 56;
const FLAGS: isize = 64;

/// `NPY_ARRAY_OWNDATA`.
const OWNS_ITEMS: u32 = 4;
/// Most dimensions that numpy allows.
const MOST_DIMENSIONS: usize = 64;

// Numbers of types, which stand at 28 in a dtype.
const OBJECT: u32 = 17;
const VOID: u32 = 20;

/// What is known of a dtype.
struct DtypeLayout {
    item_size: isize,
    fields: isize,
    names: isize,
}

const NUMPY_1: DtypeLayout = DtypeLayout { item_size: 32, fields: 48, names: 56 };
const NUMPY_2: DtypeLayout = DtypeLayout { item_size: 40, fields: 96, names: 104 };

/// # Safety
/// `dtype` must be a live dtype.
unsafe fn layout_of(dtype: Address) -> &'static DtypeLayout {
    // SAFETY: `tp_basicsize` of its type; the first layout has 96 bytes, the second 88 or 120.
    if unsafe { raw::word(raw::type_of(dtype), super::layout::type_field::BASIC_SIZE) } == 96 { &NUMPY_1 } else { &NUMPY_2 }
}

/// Whether an array's fields are where this file says: its dtype's type is one of numpy's.
fn is_read(array: Address) -> bool {
    let follow = |address: Address, offset: usize| read(address.checked_add(offset)?).filter(|&word| word >= 0x1000);
    let name = follow(array, DTYPE as usize).and_then(|dtype| follow(dtype, 8)).and_then(|class| follow(class, 24));
    let first = name.and_then(read).unwrap_or_default();
    let count = read(array + DIMENSION_COUNT as usize).unwrap_or(usize::MAX) & 0xffff_ffff;
    first.to_le_bytes().starts_with(b"numpy.") && count <= MOST_DIMENSIONS
}

impl Walk<'_> {
    /// Whether arrays can be read; asked at the first of them.
    pub(crate) fn reads_arrays(&mut self, array: Address) -> bool {
        if let Some(known) = self.reads_arrays {
            return known;
        }
        let reads = is_read(array);
        if !reads {
            self.builder.note("what numpy arrays hold is absent: the layout of this numpy is not known");
        }
        self.reads_arrays = Some(reads);
        reads
    }

    /// Adds what an array holds.
    ///
    /// # Safety
    /// `array` must be a live `numpy.ndarray`.
    pub(crate) unsafe fn read_numpy_array(&mut self, array: Address) {
        if !self.reads_arrays(array) {
            return;
        }
        // SAFETY:
        // - base and dtype are owned references, base or NULL; the layout was checked;
        // - an array that owns its items owns one reference for each object among them, or NULL.
        unsafe {
            for (offset, field) in [(BASE, "base"), (DTYPE, "dtype")] {
                let name = ReferenceName::Special(self.builder.intern(field));
                self.refer(raw::word(array, offset), name);
            }
            let dtype = raw::word(array, DTYPE);
            if raw::half(array, FLAGS) & OWNS_ITEMS == 0 {
                return;
            }
            let objects = self.objects_in(dtype);
            if objects.is_empty() {
                return;
            }
            let size = raw::half(array, DIMENSION_COUNT) as usize;
            let (dimensions, strides) = (raw::word(array, DIMENSIONS), raw::word(array, STRIDES));
            let along = |table: Address, axis: usize| raw::signed(table, (axis * WORD) as isize);
            let shape: Vec<usize> = (0..size).map(|axis| along(dimensions, axis).unsigned_abs()).collect();
            let count = shape.iter().product::<usize>();
            for index in 0..count {
                let (mut rest, mut place) = (index, raw::word(array, ITEMS));
                for axis in (0..size).rev() {
                    place = place.wrapping_add_signed((rest % shape[axis]) as isize * along(strides, axis));
                    rest /= shape[axis];
                }
                for &(offset, ref field) in &objects {
                    let object = raw::word(place, offset);
                    let name = match (size, field) {
                        (1, None) => ReferenceName::Index(index as u32),
                        (_, None) => ReferenceName::Special(self.builder.intern(&format!("flat[{index}]"))),
                        (_, Some(field)) => ReferenceName::Special(self.builder.intern(&format!("flat[{index}]['{field}']"))),
                    };
                    self.refer(object, name);
                }
                if self.builder.has_failed() {
                    return;
                }
            }
        }
    }

    /// Where objects stand in an item of a dtype, and the name of the field that each of them is.
    ///
    /// # Safety
    /// `dtype` must be a live dtype.
    unsafe fn objects_in(&mut self, dtype: Address) -> Vec<(isize, Option<String>)> {
        let mut found = Vec::new();
        let mut waiting = vec![(dtype, 0_isize, None::<String>)];
        // SAFETY:
        // - the number of its type stands at 28;
        // - `fields` of a structured dtype is a dict from names to tuples (dtype, offset, …), which each
        //   step checks.
        unsafe {
            while let Some((dtype, offset, field)) = waiting.pop() {
                match raw::half(dtype, 28) {
                    OBJECT => found.push((offset, field)),
                    VOID if waiting.len() < 1000 => {
                        let layout = layout_of(dtype);
                        let (fields, names) = (raw::word(dtype, layout.fields), raw::word(dtype, layout.names));
                        if fields < 0x1000 || names < 0x1000 || raw::type_of(names) != self.known.tuple {
                            continue;
                        }
                        for at in 0..raw::word(names, 16) {
                            let name = raw::word(names, self.known.tuple_items + (at * WORD) as isize);
                            let Some(text) = self.names().text_of(name) else { continue };
                            let text = self.builder.text(text).to_owned();
                            let Some(entry) = self.names().item(fields, &text) else { continue };
                            if raw::type_of(entry) != self.known.tuple || raw::word(entry, 16) < 2 {
                                continue;
                            }
                            let (inner, place) = (
                                raw::word(entry, self.known.tuple_items),
                                raw::word(entry, self.known.tuple_items + WORD as isize),
                            );
                            if let (true, refroots_core::Value::Int(place)) =
                                (raw::type_of(place) == self.known.int, self.layout.int(place))
                            {
                                let path = field.as_ref().map_or(text.clone(), |outer| format!("{outer}']['{text}"));
                                waiting.push((inner, offset + place as isize, Some(path)));
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        found.reverse();
        found
    }

    /// Adds what a structured dtype holds besides what it publishes: names and fields, where they are the dict
    /// and the tuple that they should be.
    ///
    /// # Safety
    /// `dtype` must be a live dtype of numpy that is not abstract.
    pub(crate) unsafe fn read_dtype(&mut self, dtype: Address, basic_size: usize) {
        // SAFETY: fields inside of the object; each is asked for its type by a read that cannot fault.
        unsafe {
            let layout = layout_of(dtype);
            let fields = [(layout.fields, "fields", self.known.dict), (layout.names, "names", self.known.tuple)];
            for (offset, field, type_object) in fields {
                let target = if offset as usize + WORD <= basic_size { raw::word(dtype, offset) } else { 0 };
                if target != 0 && target & 7 == 0 && read(target.wrapping_add(8)) == Some(type_object) {
                    let name = ReferenceName::Special(self.builder.intern(field));
                    self.refer(target, name);
                }
            }
        }
    }
}

/// Bytes of the tables and items that an array owns, whose layout was checked.
///
/// # Safety
/// `array` must be a live `numpy.ndarray`.
pub(crate) unsafe fn owned_bytes(array: Address) -> usize {
    // SAFETY: the caller's promise; `dimensions` and `strides` are one table of two words an axis.
    unsafe {
        let size = raw::half(array, DIMENSION_COUNT) as usize;
        let tables = 2 * size * WORD;
        if raw::half(array, FLAGS) & OWNS_ITEMS == 0 {
            return tables;
        }
        let dtype = raw::word(array, DTYPE);
        let layout = layout_of(dtype);
        let item_size = match raw::word(dtype, layout.item_size) {
            word if layout.item_size == NUMPY_1.item_size => word & 0xffff_ffff,
            word => word,
        };
        let dimensions = raw::word(array, DIMENSIONS);
        let count = (0..size).map(|axis| raw::word(dimensions, (axis * WORD) as isize)).product::<usize>();
        tables + count.saturating_mul(item_size)
    }
}
