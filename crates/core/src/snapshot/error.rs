//! What can be wrong with a snapshot, with the place in the file.

use std::io;

use thiserror::Error as ThisError;

/// Why a snapshot could not be written or read. The text of each is one line for the user.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file or pipe failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It does not begin as a snapshot does.
    #[error(
        "this is no refroots snapshot: it begins with {found}, expected the 8 bytes \\x89RFS\\r\\n\\x1a\\n; give a file that heap.save() or `refroots capture -o` wrote"
    )]
    NotASnapshot {
        /// The first bytes, as Python would write them.
        found: String,
    },
    /// It is of a later version.
    #[error(
        "the snapshot is of format {major}.{minor}, and this refroots reads formats up to {}.*; install a newer refroots",
        super::MAJOR
    )]
    TooNew {
        /// The file's major version.
        major: u16,
        /// The file's minor version.
        minor: u16,
    },
    /// Its bytes are not what was written.
    #[error("the snapshot is damaged at byte {offset}, in {section}: expected {expected}, found {found}; copy or save it again")]
    Damaged {
        /// Where in the file.
        offset: u64,
        /// The name of the section, or `header`, `directory`, `trailer`.
        section: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// It has a section that must be understood and is not.
    #[error(
        "the snapshot has a section {section:?} (at byte {offset}) that this refroots does not know and must; install a newer refroots"
    )]
    UnknownSection {
        /// Where in the file.
        offset: u64,
        /// Its name.
        section: String,
    },
    /// There is no room for the graph.
    #[error("out of memory: {0} bytes more are needed for the snapshot; free memory, or use a larger machine")]
    OutOfMemory(u64),
    /// The caller's progress callback said to stop.
    #[error("stopped before it was done")]
    Stopped,
}

impl SnapshotError {
    pub(super) fn damaged(offset: u64, section: &str, expected: impl Into<String>, found: impl ToString) -> Self {
        Self::Damaged { offset, section: section.to_owned(), expected: expected.into(), found: found.to_string() }
    }
}
