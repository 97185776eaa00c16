//! The heap for other people's tools: files that Chrome DevTools, DuckDB, networkx or speedscope open.
//!
//! Every format leaves refroots' own objects out, says no more than the policy for values lets be said, and
//! names objects by their ordinals: the same graph gives the same bytes. All of them are streamed: beside the
//! graph, its retained sizes and each distinct name, nothing grows with the heap but a few bits an object.

mod collapsed;
mod escape;
mod format;
mod graphml;
mod heap_snapshot;
mod ids;
mod names;
mod node_link;
mod output;
mod rows;
mod shown;
#[cfg(feature = "parquet")]
mod tables;
mod trie;

use std::io::{self, Write};
use std::ops::ControlFlow;

pub use format::Format;
pub use ids::Ids;
use output::{Output, Pace};

use crate::{Study, Values};

/// What an export tells while it works, and is told: pieces of work done, of how many; whether to go on.
pub type Progress<'a> = dyn FnMut(u64, u64) -> ControlFlow<()> + 'a;

/// What an export says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Whether values are in it.
    pub values: Values,
    /// The ids of a V8 heap snapshot; ordinals where there are none.
    pub ids: Option<&'a Ids>,
}

impl Options<'_> {
    /// Says what a policy lets be said, and names objects by their ordinals.
    pub fn new(values: Values) -> Self {
        Self { values, ids: None }
    }
}

/// What can go wrong in an export, each in one line for the user.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The ending of a file name is no format.
    #[error(
        "{name} does not end in a known format: expected one of {}, found {found}; name the file accordingly",
        Format::endings()
    )]
    Ending {
        /// The name.
        name: String,
        /// Its ending, in words where it has none.
        found: String,
    },
    /// What was written to did not take it.
    #[error("cannot write the export: {0}; choose another place, or make room")]
    Write(#[from] io::Error),
    /// The callback said so.
    #[error("the export was stopped before its end, and nothing was written")]
    Stopped,
    /// A question to the graph failed.
    #[error(transparent)]
    Graph(#[from] crate::Error),
    /// This build does not have the format.
    #[error("this refroots was built without the format {0}; build it with the cargo feature \"parquet\"")]
    NotBuilt(&'static str),
    /// The Parquet library refused what it was given.
    #[error("cannot make the Parquet tables: {0}; please report this")]
    Tables(String),
}

/// Exports a heap into one stream. Parquet is a folder of tables: [`write_tables`] makes it.
///
/// `progress` is called every few thousand objects. O(objects + references); a collapsed or graph format
/// computes the retained sizes first, where they are not yet known.
///
/// # Errors
/// [`Error`]; what was written until then is not the format.
pub fn write(
    study: &Study,
    format: Format,
    options: Options<'_>,
    writer: &mut dyn Write,
    progress: &mut Progress<'_>,
) -> Result<(), Error> {
    let mut out = Output::new(writer, Pace::new(progress));
    let values = options.values;
    match format {
        Format::HeapSnapshot => heap_snapshot::write(study, &options, &mut out)?,
        Format::GraphMl => graphml::write(study, values, &mut out)?,
        Format::NodeLink => node_link::write(study, values, &mut out)?,
        Format::Collapsed => collapsed::write(study, values, &mut out)?,
        Format::Parquet => return Err(Error::NotBuilt("parquet in one stream")),
    }
    out.finish()
}

/// The files of a folder of tables.
pub const TABLES: [&str; 4] = ["nodes.parquet", "references.parquet", "types.parquet", "roots.parquet"];

/// Opens the file of one table by its name, such as `nodes.parquet`.
pub type OpenTable<'a> = dyn Fn(&str) -> io::Result<Box<dyn Write + Send>> + Sync + 'a;

/// Exports a heap as the Parquet tables `nodes`, `references`, `types` and `roots`, each into a file of its
/// own. Two threads share the work; `progress` is called from the calling one. O(objects + references).
///
/// # Errors
/// [`Error`]; the tables are whole only where there is none.
#[cfg(feature = "parquet")]
pub fn write_tables(study: &Study, values: Values, open: &OpenTable<'_>, progress: &mut Progress<'_>) -> Result<(), Error> {
    tables::write(study, values, open, &mut Pace::new(progress))
}

/// Says that this build has no Parquet.
///
/// # Errors
/// [`Error::NotBuilt`], always.
#[cfg(not(feature = "parquet"))]
pub fn write_tables(_: &Study, _: Values, _: &OpenTable<'_>, _: &mut Progress<'_>) -> Result<(), Error> {
    Err(Error::NotBuilt("parquet"))
}
