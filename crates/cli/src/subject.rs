//! The objects that a question is about: those of a type, or one by its ordinal.

use refroots_core::query::select::{Selection, find_ordinal, find_type};
use refroots_core::{HeapGraph, grouped};

use crate::Error;

/// The objects that an answer is about.
pub(crate) struct Subject {
    pub(crate) found: Selection,
    /// Whether it is one object, which was asked for by its ordinal.
    is_one: bool,
}

impl Subject {
    /// The objects of a type, or the one of `#` and an ordinal.
    pub(crate) fn find(graph: &HeapGraph, name: &str) -> Result<Self, Error> {
        let Some(ordinal) = name.strip_prefix('#') else {
            return Ok(Self { found: find_type(graph, name)?, is_one: false });
        };
        let ordinal = ordinal.parse().map_err(|_| {
            Error::Usage(format!("{name}: expected # and the ordinal of an object, as tables say it, such as #123"))
        })?;
        Ok(Self { found: find_ordinal(graph, ordinal)?, is_one: true })
    }

    /// ` (the only one)`, ` (the first of 3)`; nothing where no other one was meant.
    pub(crate) fn which(&self, more: &str) -> String {
        match self.found.nodes.len() {
            _ if self.is_one => String::new(),
            1 => " (the only one)".to_owned(),
            count => format!(" (the first of {}{more})", grouped(count as u64)),
        }
    }
}
