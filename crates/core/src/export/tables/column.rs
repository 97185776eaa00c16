//! One column of one row group: values in, the pages of Parquet out.

use ::parquet::basic::{Compression, Encoding};
use ::parquet::column::page::{CompressedPage, Page, PageWriter};
use ::parquet::column::writer::ColumnCloseResult;
use ::parquet::errors::Result;
use ::parquet::file::metadata::ColumnChunkMetaData;
use ::parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use ::parquet::schema::types::ColumnDescPtr;
use bytes::Bytes;
use rustc_hash::FxHashMap;

use super::bits::{differences, hybrid, width_of};
use crate::export::names::Names;

/// Distinct numbers for which a dictionary is worth it.
const DISTINCT: usize = 1 << 14;

/// The values of a column, of those rows that have one.
enum Values {
    /// Ordinals, as their differences.
    Ordinals(Vec<u32>),
    /// Numbers of 64 bits, by a dictionary where few are distinct.
    Numbers(Vec<u64>),
    /// Numbers of names, by a dictionary.
    Names(Vec<u32>),
    /// One bit each.
    Bits(Vec<bool>),
}

/// A column that is being filled.
pub(super) struct Column {
    values: Values,
    /// For each row whether it has a value, where some have none.
    levels: Option<Vec<u32>>,
}

/// A column's pages, and what the file says of them.
pub(super) type Chunk = (Bytes, ColumnCloseResult);

impl Column {
    pub(super) fn ordinals() -> Self {
        Self { values: Values::Ordinals(Vec::new()), levels: None }
    }

    pub(super) fn numbers() -> Self {
        Self { values: Values::Numbers(Vec::new()), levels: None }
    }

    pub(super) fn names() -> Self {
        Self { values: Values::Names(Vec::new()), levels: None }
    }

    pub(super) fn bits() -> Self {
        Self { values: Values::Bits(Vec::new()), levels: None }
    }

    /// The column may lack values.
    pub(super) fn optional(self) -> Self {
        Self { levels: Some(Vec::new()), ..self }
    }

    /// Adds a row's ordinal, number, or name.
    #[inline]
    pub(super) fn push(&mut self, value: u64) {
        match &mut self.values {
            Values::Ordinals(all) | Values::Names(all) => all.push(value as u32),
            Values::Numbers(all) => all.push(value),
            Values::Bits(all) => all.push(value != 0),
        }
    }

    #[inline]
    pub(super) fn push_optional(&mut self, value: Option<u64>) {
        if let Some(levels) = &mut self.levels {
            levels.push(u32::from(value.is_some()));
        }
        if let Some(value) = value {
            self.push(value);
        }
    }

    /// Makes the pages and empties the column. O(rows), and of names O(those of all rows until now).
    pub(super) fn finish(&mut self, descr: ColumnDescPtr, names: &Names<'_>, local: &mut LocalNames) -> Result<Chunk> {
        let mut body = Vec::new();
        let mut rows = match &self.values {
            Values::Ordinals(all) | Values::Names(all) => all.len(),
            Values::Numbers(all) => all.len(),
            Values::Bits(all) => all.len(),
        };
        if let Some(levels) = &mut self.levels {
            rows = levels.len();
            body.extend_from_slice(&[0; 4]);
            hybrid(&mut body, levels, 1);
            let length = body.len() as u32 - 4;
            body[..4].copy_from_slice(&length.to_le_bytes());
            levels.clear();
        }
        let (encoding, dictionary) = match &mut self.values {
            Values::Ordinals(all) => {
                differences(&mut body, all);
                all.clear();
                (Encoding::DELTA_BINARY_PACKED, None)
            }
            Values::Bits(all) => {
                body.extend(all.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, &bit| byte << 1 | u8::from(bit))));
                all.clear();
                (Encoding::PLAIN, None)
            }
            Values::Numbers(all) => {
                let dictionary = numbers(&mut body, all);
                all.clear();
                (if dictionary.is_some() { Encoding::RLE_DICTIONARY } else { Encoding::PLAIN }, dictionary)
            }
            Values::Names(all) => {
                let dictionary = local.dictionary(&mut body, all, names);
                all.clear();
                (if dictionary.is_some() { Encoding::RLE_DICTIONARY } else { Encoding::PLAIN }, dictionary)
            }
        };
        chunk(descr, rows, encoding, &body, dictionary)
    }
}

/// The distinct values of a column, as the dictionary page has them.
struct Dictionary {
    plain: Vec<u8>,
    count: usize,
}

fn by_dictionary(body: &mut Vec<u8>, places: &[u32], distinct: usize) {
    // A width of nothing is allowed, and not every reader knows it.
    let width = width_of((distinct as u32).saturating_sub(1)).max(1);
    body.push(width);
    hybrid(body, places, width);
}

fn numbers(body: &mut Vec<u8>, all: &[u64]) -> Option<Dictionary> {
    let mut known: FxHashMap<u64, u32> = FxHashMap::default();
    let mut plain = Vec::new();
    let mut places = Vec::with_capacity(all.len());
    // Most numbers are a few small ones: each has a place beside the map.
    let mut near = [(u64::MAX, 0); 256];
    for &number in all {
        let close = &mut near[(number ^ number >> 8) as usize % 256];
        if close.0 != number || number == u64::MAX {
            let place = *known.entry(number).or_insert_with(|| {
                plain.extend_from_slice(&number.to_le_bytes());
                (plain.len() / 8) as u32 - 1
            });
            *close = (number, place);
        }
        places.push(close.1);
        if known.len() > DISTINCT {
            body.extend(all.iter().flat_map(|number| number.to_le_bytes()));
            return None;
        }
    }
    by_dictionary(body, &places, known.len());
    Some(Dictionary { plain, count: known.len() })
}

/// The names of one row group, of all that a table has: 8 bytes for each of these.
#[derive(Default)]
pub(super) struct LocalNames {
    /// The row group in which each name was met last (high half), and its place there.
    places: Vec<u64>,
    groups: u32,
}

impl LocalNames {
    /// Names by a dictionary; one after the other where most are distinct.
    fn dictionary(&mut self, body: &mut Vec<u8>, all: &[u32], names: &Names<'_>) -> Option<Dictionary> {
        self.groups += 1;
        self.places.resize(names.count() as usize, 0);
        let mut dictionary = Dictionary { plain: Vec::new(), count: 0 };
        let mut places = Vec::with_capacity(all.len());
        for &name in all {
            let known = &mut self.places[name as usize];
            if (*known >> 32) as u32 != self.groups {
                *known = u64::from(self.groups) << 32 | dictionary.count as u64;
                dictionary.count += 1;
                plain_name(&mut dictionary.plain, names.get(name));
            }
            places.push(*known as u32);
        }
        if dictionary.count > all.len() / 2 && dictionary.count > 64 {
            for &name in all {
                plain_name(body, names.get(name));
            }
            return None;
        }
        by_dictionary(body, &places, dictionary.count);
        Some(dictionary)
    }
}

fn plain_name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(&(name.len() as u32).to_le_bytes());
    out.extend_from_slice(name.as_bytes());
}

fn compressed(plain: &[u8]) -> Result<Bytes> {
    snap::raw::Encoder::new()
        .compress_vec(plain)
        .map(Bytes::from)
        .map_err(|error| ::parquet::errors::ParquetError::General(error.to_string()))
}

fn chunk(descr: ColumnDescPtr, rows: usize, encoding: Encoding, body: &[u8], dictionary: Option<Dictionary>) -> Result<Chunk> {
    let mut sink = TrackedWrite::new(Vec::new());
    let mut pages = SerializedPageWriter::new(&mut sink);
    let mut encodings = vec![encoding, Encoding::RLE];
    let mut plain_size = 0;
    let has_dictionary = dictionary.is_some();
    if let Some(Dictionary { plain, count }) = dictionary {
        let page = Page::DictionaryPage {
            buf: compressed(&plain)?,
            num_values: count as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        plain_size += pages.write_page(CompressedPage::new(page, plain.len()))?.uncompressed_size;
        encodings.push(Encoding::PLAIN);
    }
    let page = Page::DataPage {
        buf: compressed(body)?,
        num_values: rows as u32,
        encoding,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    };
    let data = pages.write_page(CompressedPage::new(page, body.len()))?;
    plain_size += data.uncompressed_size;
    let written = sink.bytes_written();
    let bytes = Bytes::from(sink.into_inner()?);
    let metadata = ColumnChunkMetaData::builder(descr)
        .set_compression(Compression::SNAPPY)
        .set_encodings(encodings)
        .set_num_values(rows as i64)
        .set_total_compressed_size(written as i64)
        .set_total_uncompressed_size(plain_size as i64)
        .set_data_page_offset(data.offset as i64)
        .set_dictionary_page_offset(has_dictionary.then_some(0))
        .build()?;
    let closed = ColumnCloseResult {
        bytes_written: written as u64,
        rows_written: rows as u64,
        metadata,
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    };
    Ok((bytes, closed))
}
