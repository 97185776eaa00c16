//! What can go wrong in this crate, in words that say what was expected, found, and what to do.

use thiserror::Error as ThisError;

/// Every error of this crate. The text of each is one line for the user.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// No type of the graph has that name.
    #[error("no type named {wanted:?} has objects in this heap{}", did_you_mean(.nearest))]
    NoSuchType {
        /// The name that was asked for.
        wanted: String,
        /// The names in the graph that are spelled most alike, best first.
        nearest: Vec<String>,
    },
    /// Several types answer to that name.
    #[error("{wanted:?} names {} types: {}; give the whole name of one", .found.len(), .found.join(", "))]
    AmbiguousType {
        /// The name that was asked for.
        wanted: String,
        /// The full names of the types that match, sorted.
        found: Vec<String>,
    },
    /// The type is known, but no object of it is alive.
    #[error("{0} is known, but no object of it is alive")]
    NoLiveObjects(String),
    /// No object of the graph has that ordinal.
    #[error("there is no object #{ordinal} in this heap: its ordinals are below #{count}, and tables and pictures say them")]
    NoSuchObject {
        /// The ordinal that was asked for.
        ordinal: u64,
        /// How many ordinals there are.
        count: u64,
    },
    /// The graph needs more memory than there is.
    #[error(
        "out of memory: the graph of this heap needs {0} bytes more than could be had; free memory, or look at a smaller process"
    )]
    OutOfMemory(usize),
    /// The graph would not fit into the memory that is left, so it was not begun.
    #[error("the graph of this heap needs about {} MiB and {} MiB are left; free memory, or look at a smaller process", .needed >> 20, .left >> 20)]
    NoRoom {
        /// Bytes that it would take.
        needed: u64,
        /// Bytes that the machine, the control group or a limit leaves.
        left: u64,
    },
    /// A column would have more entries than ids can number.
    #[error("the heap has more than {0} entries of one kind, which ids of 32 bits cannot number")]
    TooLarge(u32),
    /// The caller said to stop.
    #[error("stopped before it was done")]
    Stopped,
    /// A sketch (a graph written as text) does not follow its grammar.
    #[error("line {line} of the sketch: {problem}")]
    Sketch {
        /// The line, counted from 1.
        line: usize,
        /// What was expected and what was found.
        problem: String,
    },
}

fn did_you_mean(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!("; did you mean {}?", names.join(", ")),
    }
}
