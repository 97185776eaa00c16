//! Where a graph came from: the process and its Python, and which values were kept.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::query::diff::Mark;
use crate::{HeapGraph, Values, utc};

/// What is known of the process that a graph shows, and how much of it the graph may say.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Origin {
    /// Which values the graph has. One that was saved without values has none to say, whatever is asked for.
    pub values: Values,
    /// The Python: `CPython 3.11.7`. May be empty.
    pub python: String,
    /// Where it ran: `linux x86_64`. May be empty.
    pub platform: String,
    /// The process, where it is known.
    pub process: Option<Process>,
    /// Seconds since 1970 at which the heap was captured, where it is known.
    pub captured_at: Option<u64>,
    /// Marks in the collector's order, where it keeps one.
    pub marks: Option<Marks>,
}

/// One process: the same number with the same token is the same process, on any machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Drawn once in each process, because numbers are given again.
    pub token: u64,
}

/// Addresses of two objects that a process keeps, so that a later heap of it can be compared with this one
/// ([`Mark`](crate::query::diff::Mark)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Marks {
    /// The one behind the oldest generation.
    pub behind_oldest: u64,
    /// The one behind all objects.
    pub behind_all: u64,
    /// How many full collections had come.
    pub full_collections: u64,
}

impl Origin {
    /// The mark of this moment, by which a later heap is compared with this one. `None` where no marks were kept, or
    /// where the later one is of another process.
    pub fn seen_at(&self, later: &Self) -> Option<Mark> {
        let (marks, process) = (self.marks?, self.process?);
        if later.process.is_some_and(|other| other != process) {
            return None;
        }
        Some(marks.seen_at(later.marks))
    }
}

impl Origin {
    /// The process, its Python and the moment in one line, as far as they are known: `process 4711, CPython 3.13.1,
    /// 2026-11-28 03:58:44 UTC`.
    pub fn stamp(&self) -> String {
        let process = self.process.map(|process| format!("process {}", process.pid));
        let python = Some(self.python.clone()).filter(|python| !python.is_empty());
        [process, python, self.captured_at.map(utc)].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

impl Marks {
    /// These marks as a later heap of the same process sees them, which has marks of its own or none.
    pub fn seen_at(self, later: Option<Self>) -> Mark {
        let nothing_between = later.is_some_and(|later| later.full_collections == self.full_collections);
        Mark { behind_oldest: self.behind_oldest, behind_all: nothing_between.then_some(self.behind_all) }
    }
}

impl HeapGraph {
    /// Where the graph came from. Of a graph that was built and not told, nothing is known.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The same graph, which came from there.
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// What an output of this graph can say, where it may say `asked`: no more than was kept.
    pub fn sayable(&self, asked: Values) -> Values {
        match self.origin.values {
            Values::None => Values::None,
            Values::Short => asked,
        }
    }
}
