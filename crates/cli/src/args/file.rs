//! Arguments of the subcommands that look at a snapshot file.

use std::path::PathBuf;

use clap::Args;

use super::drawn::{AroundArgs, SaidArgs};
use super::shared::{TableArgs, ValuesPolicy, at_least_one, is_json, values_in};
use crate::{Ask, Face, Look, Output};

/// A look at a snapshot file.
pub(crate) struct FileLook {
    pub(crate) file: PathBuf,
    pub(crate) look: Look,
}

/// A table about a whole heap.
#[derive(Args)]
pub(super) struct FileTableArgs {
    /// The snapshot, which `refroots capture -o` or `heap.save()` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    table: TableArgs,

    /// Write the answer to this file; the ending says how: .txt, .json (of `largest` also .png, .svg, .pdf,
    /// .html, .dot, .mmd)
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Whether the answer says what strings, numbers and keys are, where the file has them (short, or none in a page)
    #[arg(long, value_name = "POLICY")]
    values: Option<ValuesPolicy>,
}

impl FileTableArgs {
    pub(super) fn into_look(self, ask: Ask) -> FileLook {
        let look = Look {
            json: self.table.json || is_json(self.output.as_deref()),
            output: self.output.as_deref().map(Output::new),
            values: values_in(&ask, self.output.as_deref(), self.values),
            limit: self.table.limit,
            sort: self.table.sort,
            ..Look::new(ask)
        };
        FileLook { file: self.file, look }
    }
}

/// What keeps most alive, as a table or a picture.
#[derive(Args)]
pub(super) struct FileLargestArgs {
    #[command(flatten)]
    table: FileTableArgs,

    #[command(flatten)]
    said: SaidArgs,
}

impl FileLargestArgs {
    pub(super) fn into_look(self) -> FileLook {
        let FileLook { file, look } = self.table.into_look(Ask::Largest);
        FileLook { file, look: self.said.apply(look) }
    }
}

/// Why objects are alive.
#[derive(Args)]
pub(super) struct FileWhyArgs {
    #[command(flatten)]
    objects: ObjectArgs,

    /// Write the chains as JSON (docs/json.md)
    #[arg(long)]
    json: bool,

    /// How many ways to list in which objects are held (10)
    #[arg(long, value_name = "N", value_parser = at_least_one::<usize>, allow_hyphen_values = true)]
    limit: Option<usize>,
}

/// What is around one object.
#[derive(Args)]
pub(super) struct FileRefsArgs {
    #[command(flatten)]
    objects: ObjectArgs,

    #[command(flatten)]
    around: AroundArgs,
}

/// A report about objects.
#[derive(Args)]
pub(super) struct FileReportArgs {
    #[command(flatten)]
    about: SubjectArgs,

    /// Write the report to this file; the ending says how: .md (Markdown for an issue on GitHub) or .html (one page).
    /// Without it, Markdown goes to the standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Whether the report says what strings, numbers and keys are, where the file has them
    #[arg(long, value_name = "POLICY", default_value = "none")]
    values: ValuesPolicy,

    /// Say from which process and moment the heap is
    #[arg(long)]
    stamp: bool,
}

impl FileReportArgs {
    pub(super) fn into_look(self) -> FileLook {
        let ask = Ask::Report { name: self.about.subject, face: Face::File };
        let output = self.output.as_deref().map(Output::new);
        FileLook { file: self.about.file, look: Look { output, values: self.values.into(), stamp: self.stamp, ..Look::new(ask) } }
    }
}

/// Which objects of which file.
#[derive(Args)]
struct SubjectArgs {
    /// The snapshot, which `refroots capture -o` or `heap.save()` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The objects: a type (bare, Foo, or whole, app.models.Foo), or the ordinal of one object, as tables and
    /// pictures of the same file say it ('#123', which a shell wants in quotes)
    #[arg(value_name = "TYPE|#ORDINAL")]
    subject: String,
}

#[derive(Args)]
struct ObjectArgs {
    #[command(flatten)]
    about: SubjectArgs,

    /// Write the answer to this file; the ending says how: .png, .svg, .pdf, .html (an interactive
    /// page), .dot, .mmd (Mermaid), .json (docs/json.md), .txt. Without it, text goes to the standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Whether the answer says what strings, numbers and keys are, where the file has them (short, or none in a page)
    #[arg(long, value_name = "POLICY")]
    values: Option<ValuesPolicy>,

    #[command(flatten)]
    said: SaidArgs,
}

impl ObjectArgs {
    fn into_look(self, ask: fn(String) -> Ask) -> FileLook {
        let ask = ask(self.about.subject);
        let values = values_in(&ask, self.output.as_deref(), self.values);
        let look = Look { values, output: self.output.as_deref().map(Output::new), ..Look::new(ask) };
        FileLook { file: self.about.file, look: self.said.apply(look) }
    }
}

impl FileWhyArgs {
    pub(super) fn into_look(self) -> FileLook {
        let is_json = self.json || is_json(self.objects.output.as_deref());
        let FileLook { file, look } = self.objects.into_look(Ask::Why);
        FileLook { file, look: Look { json: is_json, limit: self.limit, ..look } }
    }
}

impl FileRefsArgs {
    pub(super) fn into_look(self, ask: fn(String) -> Ask) -> FileLook {
        let FileLook { file, look } = self.objects.into_look(ask);
        FileLook { file, look: self.around.apply(look) }
    }
}
