//! The snapshot file: a graph in checksummed, compressed columns, written under a policy for values and read from any bytes.
//!
//! `docs/snapshot-format.md` describes the format. A file begins with a version: a reader opens every file of its own
//! major version and of those before, and skips sections of later minor ones that it need not know.
//!
//! ```
//! use std::io::Cursor;
//! use std::ops::ControlFlow;
//! use refroots_core::{Values, sketch, snapshot};
//!
//! let graph = sketch::parse("d: dict root\nd -> s [k]\nk: str 'key'\ns: str 'hunter2'")?;
//! let mut file = Vec::new();
//! snapshot::write(&graph, Values::None, &mut file, &mut |_, _| ControlFlow::Continue(()))?;
//! let read = snapshot::read(&mut Cursor::new(file), &mut |_, _| ControlFlow::Continue(()))?;
//! assert_eq!((read.node_count(), read.origin().values), (3, Values::None));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod block;
mod check;
mod column;
mod directory;
mod error;
mod facts;
mod foretell;
#[doc(hidden)]
pub mod forge;
mod names;
mod planes;
mod policy;
mod reader;
mod references;
mod sections;
mod share;
mod stored;
mod writer;

pub use error::SnapshotError;
pub use reader::{Reading, memory_needed, read, read_in, version};
pub use share::Progress;
pub(crate) use stored::Stored;
pub use writer::write;

/// The major version that is written, and the last that can be read: another one changes what is known already.
pub const MAJOR: u16 = 1;
/// The minor version that is written: it adds sections and facts that readers may skip.
pub const MINOR: u16 = 1;
/// Bytes of memory that a reader gives for each byte of a file, beside the bytes themselves that it keeps.
const MEMORY_OF_A_BYTE: u64 = 16;
/// Bytes of memory that any file may have.
const FREE_MEMORY: u64 = 1 << 20;
