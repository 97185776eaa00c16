//! Arguments of the subcommands that compare files, describe one, or write what the shell reads.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;
use refroots_core::Values;

use super::shared::{TableArgs, ValuesPolicy};
use crate::Error;

/// Files to compare, in order of time.
pub(crate) struct Comparison {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) values: Values,
    pub(crate) json: bool,
    pub(crate) limit: Option<usize>,
    pub(crate) sort: Option<String>,
}

#[derive(Args)]
pub(super) struct DiffArgs {
    /// Snapshots of one process (or of one program), in order of time
    #[arg(value_name = "FILE", required = true, num_args = 1..)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    table: TableArgs,

    /// Whether the answer says what strings, numbers and keys are, where the files have them
    #[arg(long, value_name = "POLICY", default_value = "short")]
    values: ValuesPolicy,
}

impl DiffArgs {
    pub(super) fn into_comparison(self) -> Result<Comparison, Error> {
        if self.files.len() < 2 {
            let words = "diff expected two snapshots or more, BEFORE and AFTER, and found one; try 'refroots diff --help'";
            return Err(Error::Usage(words.into()));
        }
        let TableArgs { json, limit, sort } = self.table;
        Ok(Comparison { files: self.files, values: self.values.into(), json, limit, sort })
    }
}

#[derive(Args)]
pub(super) struct InfoArgs {
    /// The snapshot
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,

    /// Write a JSON object (docs/json.md)
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args)]
pub(super) struct ExportArgs {
    /// The snapshot
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,

    /// Where to: .heapsnapshot, .parquet (a folder of tables), .graphml, .json (node-link), .folded (collapsed stacks)
    #[arg(short, long, value_name = "PATH")]
    pub(super) output: PathBuf,

    /// Whether the export says what strings, numbers and keys are, where the file has them
    #[arg(long, value_name = "POLICY", default_value = "none")]
    pub(super) values: ValuesPolicy,
}

#[derive(Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: Shell,
}

#[derive(Args)]
pub(super) struct ManArgs {
    /// A folder for the page of each command; without one, refroots.1 goes to the standard output
    #[arg(value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
}
