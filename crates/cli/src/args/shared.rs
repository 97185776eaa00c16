//! What arguments of several subcommands have in common.

use std::path::Path;

use clap::{Args, ValueEnum};
use refroots_core::Values;
use refroots_render::Format;

use crate::{Ask, Engine};

/// How a table is written.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct TableArgs {
    /// Write a table as JSON: a list of objects, one a row, sizes in bytes (docs/json.md)
    #[arg(long)]
    pub(super) json: bool,

    /// How many rows of a table to show (25, or all as JSON)
    #[arg(long, value_name = "N", value_parser = at_least_one::<usize>, allow_hyphen_values = true)]
    pub(super) limit: Option<usize>,

    /// Sort a table by this column, by its title or its key in JSON: the largest numbers first, words from a to z
    #[arg(long, value_name = "COLUMN")]
    pub(super) sort: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum EngineName {
    /// refroots itself
    Builtin,
    /// Graphviz's own dot, which must be installed; it gets a minute
    Dot,
}

impl From<EngineName> for Engine {
    fn from(name: EngineName) -> Self {
        match name {
            EngineName::Builtin => Self::Builtin,
            EngineName::Dot => Self::Dot,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ValuesPolicy {
    /// Up to 40 characters of strings, bytes and numbers, and every dict key
    Short,
    /// Types, names of attributes, sizes and structure, nothing else
    None,
}

impl From<ValuesPolicy> for Values {
    fn from(policy: ValuesPolicy) -> Self {
        match policy {
            ValuesPolicy::Short => Self::Short,
            ValuesPolicy::None => Self::None,
        }
    }
}

/// The policy for an answer that goes to `output`: what is said, else values for who asks and none in a page or a report,
/// which are sent around.
pub(super) fn values_in(ask: &Ask, output: Option<&Path>, said: Option<ValuesPolicy>) -> Values {
    let is_page = output.is_some_and(|path| Format::from_path(path).is_ok_and(|format| format == Format::Html));
    let is_sent = is_page || matches!(ask, Ask::Report { .. });
    said.map_or(if is_sent { Values::None } else { Values::Short }, Values::from)
}

pub(super) fn at_least_one<N: std::str::FromStr + PartialOrd + From<u8>>(text: &str) -> Result<N, String> {
    match text.parse::<N>() {
        Ok(number) if number >= N::from(1) => Ok(number),
        _ => Err("expected a whole number, 1 or more".into()),
    }
}

/// Whether a file's name asks for JSON.
pub(super) fn is_json(path: Option<&Path>) -> bool {
    path.and_then(Path::extension).is_some_and(|ending| ending == "json")
}
