//! Where a graph came from: the process and its Python, and which values were kept.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::query::diff::Mark;
use crate::{HeapGraph, Values};

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
    /// Which process was looked at and when, in a line: `process 4711, CPython 3.11.7, 2026-09-21 14:13:20 UTC`. `None`
    /// where neither is known.
    pub fn stamp(&self) -> Option<String> {
        let process = self.process.map(|process| format!("process {}", process.pid));
        let python = Some(self.python.clone()).filter(|python| !python.is_empty());
        let words: Vec<String> = process.into_iter().chain(python).chain(self.captured_at.map(utc)).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

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

/// Seconds since 1970 as a date and a time, by Howard Hinnant's `civil_from_days` (days from 0000-03-01 on, in eras of
/// 400 years).
pub fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year_of_era + u64::from(month >= 10), if month < 10 { month + 3 } else { month - 9 });
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02} UTC", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        // By `date -u -d @N`.
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_399), "2000-02-28 23:59:59 UTC");
        assert_eq!(utc(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_790_000_000), "2026-09-21 14:13:20 UTC");
        assert_eq!(utc(u64::from(u32::MAX)), "2106-02-07 06:28:15 UTC");
    }
}
