//! One table: rows gathered into groups, each group written when it is full.

use std::io::Write;
use std::sync::Arc;

use ::parquet::errors::ParquetError;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use ::parquet::schema::types::SchemaDescriptor;

use super::column::{Column, LocalNames};
use crate::export::names::Names;
use crate::export::{Error, OpenTable};

/// Rows of a group: what is gathered of a table is some megabytes.
const ROWS: usize = 1 << 18;

/// A table that is being written.
pub(super) struct Table {
    writer: SerializedFileWriter<Box<dyn Write + Send>>,
    schema: SchemaDescriptor,
    pub(super) columns: Vec<Column>,
    local: LocalNames,
    rows: usize,
}

impl Table {
    /// Opens the file of a table. `schema` has the columns in their order, in Parquet's words.
    pub(super) fn create(open: &OpenTable<'_>, name: &str, schema: &str, columns: Vec<Column>) -> Result<Self, Error> {
        let schema = Arc::new(parse_message_type(schema).map_err(failed)?);
        let properties = WriterProperties::builder()
            .set_created_by(concat!("refroots version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_statistics_enabled(EnabledStatistics::None)
            .build();
        let writer = SerializedFileWriter::new(open(name)?, Arc::clone(&schema), Arc::new(properties)).map_err(failed)?;
        Ok(Self { writer, schema: SchemaDescriptor::new(schema), columns, local: LocalNames::default(), rows: 0 })
    }

    /// Says that every column was given its value of one more row.
    #[inline]
    pub(super) fn row(&mut self, names: &Names<'_>) -> Result<(), Error> {
        self.rows += 1;
        if self.rows == ROWS { self.write_group(names) } else { Ok(()) }
    }

    #[cold]
    fn write_group(&mut self, names: &Names<'_>) -> Result<(), Error> {
        self.rows = 0;
        let mut group = self.writer.next_row_group().map_err(failed)?;
        for (at, column) in self.columns.iter_mut().enumerate() {
            let (bytes, closed) = column.finish(self.schema.column(at), names, &mut self.local).map_err(failed)?;
            group.append_column(&bytes, closed).map_err(failed)?;
        }
        group.close().map_err(failed)?;
        Ok(())
    }

    /// Writes the last rows, and what the file says of itself.
    pub(super) fn finish(mut self, names: &Names<'_>) -> Result<(), Error> {
        if self.rows > 0 {
            self.write_group(names)?;
        }
        let mut file = self.writer.into_inner().map_err(failed)?;
        Ok(file.flush()?)
    }
}

/// What the library said: the system's words where it only passed them on.
pub(super) fn failed(error: ParquetError) -> Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(error) => Error::Write(*error),
            Err(other) => Error::Tables(other.to_string()),
        },
        other => Error::Tables(other.to_string()),
    }
}
