//! What can go wrong in a command, each in one line for the user, with the status it ends in.

use std::io;
use std::path::PathBuf;

use refroots_core::snapshot::SnapshotError;
use thiserror::Error as ThisError;

use crate::Exit;

/// Every error of this crate.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The command line, or something that it names, is wrong.
    #[error("{0}")]
    Usage(String),
    /// A query over the graph failed.
    #[error(transparent)]
    Graph(#[from] refroots_core::Error),
    /// A picture could not be drawn.
    #[error("cannot draw this: {0}")]
    Render(refroots_render::Error),
    /// A heap could not be exported.
    #[error(transparent)]
    Export(#[from] refroots_core::export::Error),
    /// A file could not be written.
    #[error("cannot write {}: {source}; choose another place with -o", .path.display())]
    Write {
        /// The file that was asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The file that was given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A snapshot could not be read.
    #[error("cannot open {}: {source}", .path.display())]
    Snapshot {
        /// The file that was given.
        path: PathBuf,
        /// What is wrong with it.
        source: SnapshotError,
    },
    /// The user stopped it.
    #[error("stopped before it was done")]
    Stopped,
    /// The standard output could not be written.
    #[error("cannot write to the standard output: {0}")]
    Stdout(io::Error),
    /// The command needs a running Python, and there is none here.
    #[error("`{0}` runs a program, which needs Python: install the package (pip install .) and use `python3 -m refroots {0}`")]
    NoInterpreter(&'static str),
    /// refroots itself failed.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// The status that a command ends in with this error.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::NoInterpreter(_) | Self::Write { .. } | Self::Read { .. } => Exit::Usage,
            Self::Snapshot { source: SnapshotError::OutOfMemory(_), .. } => Exit::Internal,
            Self::Snapshot { .. } => Exit::Usage,
            Self::Graph(
                refroots_core::Error::NoSuchType { .. }
                | refroots_core::Error::NoLiveObjects(_)
                | refroots_core::Error::NoSuchObject { .. },
            ) => Exit::Nothing,
            Self::Graph(refroots_core::Error::AmbiguousType { .. }) => Exit::Usage,
            Self::Graph(_) | Self::Render(_) | Self::Export(_) | Self::Stopped | Self::Stdout(_) | Self::Internal(_) => {
                Exit::Internal
            }
        }
    }

    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
