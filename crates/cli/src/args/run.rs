//! Arguments of the subcommands that run a program.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::drawn::{AroundArgs, SaidArgs};
use super::shared::{TableArgs, ValuesPolicy, is_json, values_in};
use crate::{Ask, Error, Face, Look, Moment, Output, Program, Source};

/// A program, and a look at it.
pub(crate) struct Run {
    pub(crate) program: Program,
    pub(crate) look: Look,
}

/// Run a Python program as `python` does, and look at its objects
///
/// The program sees what it would see under `python`: arguments, input, output, path, exit status.
/// Where its own status is 0, the look's counts: 1 where there was nothing to find, 2 for wrong use,
/// 3 where refroots failed.
#[derive(Args)]
#[command(
    after_help = RUN_EXAMPLES,
    override_usage = "refroots run [LOOK] [-o FILE] [OPTIONS] SCRIPT [ARGS]...\n       refroots run [LOOK] [-o FILE] [OPTIONS] -m MODULE [ARGS]...",
    group = ArgGroup::new("ask").multiple(false)
)]
pub(super) struct RunArgs {
    /// Show what refers to an object of this type (bare, Foo, or whole, app.models.Foo)
    #[arg(long, value_name = "TYPE", group = "ask", help_heading = "Look")]
    backrefs: Option<String>,

    /// Show what an object of this type refers to
    #[arg(long, value_name = "TYPE", group = "ask", help_heading = "Look")]
    refs: Option<String>,

    /// Show why the objects of this type are alive: the shortest chains that hold them, grouped
    #[arg(long, value_name = "TYPE", group = "ask", help_heading = "Look")]
    why: Option<String>,

    /// Write what a bug report needs about the objects of this type, without values: -o report.md for an issue on GitHub,
    /// -o report.html for one page
    #[arg(long, value_name = "TYPE", group = "ask", help_heading = "Look")]
    report: Option<String>,

    /// Count objects and bytes by type (this is done where no look is given)
    #[arg(long, group = "ask", help_heading = "Look")]
    types: bool,

    /// Say what may be a leak, in plain words: what accumulates, where, and what holds it
    #[arg(long, group = "ask", help_heading = "Look")]
    suspects: bool,

    /// Count objects, bytes, and the bytes that would be freed with them, by type
    #[arg(long, group = "ask", help_heading = "Look")]
    retained: bool,

    /// List the objects that keep most alive, and where most of it accumulates (a picture: the dominator tree)
    #[arg(long, group = "ask", help_heading = "Look")]
    largest: bool,

    /// Count objects, bytes, and the bytes that would be freed with them, by the module that defines their type
    #[arg(long, group = "ask", help_heading = "Look")]
    modules: bool,

    /// Say what the frames of each thread keep alive together
    #[arg(long, group = "ask", help_heading = "Look")]
    threads: bool,

    /// Say what each module, frame and other GC root keeps alive that nothing else does
    #[arg(long, group = "ask", help_heading = "Look")]
    roots: bool,

    /// Group the reference cycles among objects, and say which are garbage
    #[arg(long, group = "ask", help_heading = "Look")]
    cycles: bool,

    /// List equal strings, bytes, numbers and tuples: bytes wasted, and where they are held
    #[arg(long, group = "ask", help_heading = "Look")]
    duplicates: bool,

    /// List containers that take more than their items need: lists with room to spare, sparse dicts and
    /// sets, empty ones
    #[arg(long, group = "ask", help_heading = "Look")]
    waste: bool,

    /// Write the answer to this file; the ending says how: .txt, .json, and for pictures (--backrefs, --refs, --why,
    /// --largest) .png, .svg, .pdf, .html (an interactive page), .dot, .mmd (Mermaid); for --report .md, .html. Without it,
    /// text goes to the standard output, after what the program wrote there
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// When to look: exit, exception, return:FUNCTION (of __main__), return:MODULE:FUNCTION, line:FILE:N, rss:500MB
    /// (each once); signal:USR1, every:30s (each time; -o x.txt writes x-1.txt, x-2.txt, …)
    #[arg(long, value_name = "WHEN", default_value = "exit")]
    when: Moment,

    #[command(flatten)]
    around: AroundArgs,

    #[command(flatten)]
    said: SaidArgs,

    /// Whether the answer says what strings, numbers and keys are (short, or none in a page or a report)
    #[arg(long, value_name = "POLICY")]
    values: Option<ValuesPolicy>,

    #[command(flatten)]
    table: TableArgs,

    #[command(flatten)]
    program: ProgramArgs,
}

/// Run a Python program as `python` does, and save its heap as a snapshot
///
/// The snapshot answers on any machine: `refroots types FILE`, `refroots why FILE TYPE`. It has types, names of
/// attributes, sizes and structure, and no value, unless --values short says so. The file appears when it is
/// whole.
#[derive(Args)]
#[command(
    after_help = CAPTURE_EXAMPLES,
    override_usage = "refroots capture -o FILE [OPTIONS] SCRIPT [ARGS]...\n       refroots capture -o FILE [OPTIONS] -m MODULE [ARGS]...",
)]
pub(super) struct CaptureArgs {
    /// The snapshot to write, such as heap.refroots
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// When to look: exit, exception, return:FUNCTION (of __main__), return:MODULE:FUNCTION, line:FILE:N, rss:500MB
    /// (each once); signal:USR1, every:30s (each time; -o x.txt writes x-1.txt, x-2.txt, …)
    #[arg(long, value_name = "WHEN", default_value = "exit")]
    when: Moment,

    /// Whether the file gets what strings, numbers and keys say
    #[arg(long, value_name = "POLICY", default_value = "none")]
    values: ValuesPolicy,

    #[command(flatten)]
    program: ProgramArgs,
}

/// The program that is run.
#[derive(Args)]
struct ProgramArgs {
    /// Run this module as `python -m` does; all that follows belongs to it
    #[arg(short, value_name = "MODULE", num_args = 1.., allow_hyphen_values = true)]
    module: Vec<OsString>,

    /// The program, a file or a folder or zip with a __main__.py; all that follows belongs to it
    #[arg(value_name = "SCRIPT", trailing_var_arg = true, conflicts_with = "module")]
    script: Vec<OsString>,
}

const CAPTURE_EXAMPLES: &str = "\
Examples:
  The heap at the end of a program, without values:
    refroots capture -o heap.refroots app.py
  When main() returns, with up to 40 characters of each value:
    refroots capture -o main.refroots --when return:main --values short app.py
  Of a package:
    refroots capture -o heap.refroots -m pkg --verbose";

const RUN_EXAMPLES: &str = "\
Examples:
  Objects and bytes by type, at the end of a program:
    refroots run app.py
  A picture of what holds a Foo:
    refroots run --backrefs Foo -o foo_refs.png app.py
  Why the Foo objects of a package are alive, as text:
    refroots run --why Foo -m pkg --verbose
  A report about them for an issue on GitHub, without values:
    refroots run --report Foo -o report.md -m pkg --verbose
  What may be a leak, with the chain that holds it:
    refroots run --suspects app.py
  What keeps most alive, as a picture of the dominator tree:
    refroots run --largest -o largest.svg app.py
  What a dict holds when main() returns:
    refroots run --when return:main --refs dict app.py
  The five most frequent types, as JSON:
    refroots run --types --json --limit 5 app.py
  The types whose objects take most bytes:
    refroots run --types --sort bytes app.py";

impl RunArgs {
    pub(super) fn into_run(self) -> Result<Run, Error> {
        let tables = [
            (self.suspects, Ask::Suspects),
            (self.retained, Ask::Retained),
            (self.largest, Ask::Largest),
            (self.modules, Ask::Modules),
            (self.threads, Ask::Threads),
            (self.roots, Ask::Roots),
            (self.cycles, Ask::Cycles),
            (self.duplicates, Ask::Duplicates),
            (self.waste, Ask::Waste),
        ];
        let table = tables.into_iter().find(|(is_asked, _)| *is_asked).map_or(Ask::Types, |(_, ask)| ask);
        let about_objects = [
            self.backrefs.map(Ask::Backrefs),
            self.refs.map(Ask::Refs),
            self.why.map(Ask::Why),
            self.report.map(|name| Ask::Report { name, face: Face::Run }),
        ];
        let ask = about_objects.into_iter().flatten().next().unwrap_or(table);
        if matches!(ask, Ask::Backrefs(_) | Ask::Refs(_) | Ask::Report { .. }) && (self.table.json || self.table.limit.is_some())
        {
            return Err(Error::Usage("--json and --limit are for tables and --why; try 'refroots run --help'".into()));
        }
        if ask.is_about_objects() && self.table.sort.is_some() {
            return Err(Error::Usage("--sort is for tables; try 'refroots run --help'".into()));
        }
        if let Some(name) = ask.subject().into_iter().find(|name| name.starts_with('#')) {
            return Err(Error::Usage(format!(
                "{name}: ordinals are those of a snapshot; save one with 'refroots capture', and ask 'refroots why FILE {name}'"
            )));
        }
        let look = Look {
            output: self.output.as_deref().map(Output::new),
            moment: self.when,
            values: values_in(&ask, self.output.as_deref(), self.values),
            json: self.table.json || is_json(self.output.as_deref()),
            limit: self.table.limit,
            sort: self.table.sort,
            ..Look::new(ask)
        };
        Ok(Run { program: self.program.into_program("run")?, look: self.said.apply(self.around.apply(look)) })
    }
}

impl CaptureArgs {
    pub(super) fn into_run(self) -> Result<Run, Error> {
        let output = Some(Output::new(&self.output));
        let look = Look { output, moment: self.when, values: self.values.into(), ..Look::new(Ask::Save) };
        Ok(Run { program: self.program.into_program("capture")?, look })
    }
}

impl ProgramArgs {
    fn into_program(self, command: &str) -> Result<Program, Error> {
        let program = program(self.module, Source::Module).or_else(|| program(self.script, Source::Script));
        let program = program.ok_or_else(|| {
            Error::Usage(format!(
                "{command} expected a program, SCRIPT or -m MODULE, and found neither; try 'refroots {command} --help'"
            ))
        })?;
        if let Source::Module(name) = &program.source
            && name.as_encoded_bytes().starts_with(b"-")
        {
            return Err(Error::Usage(format!("-m wants the name of a module, found {}", name.display())));
        }
        Ok(program)
    }
}

fn program(words: Vec<OsString>, source: impl Fn(OsString) -> Source) -> Option<Program> {
    let mut words = words.into_iter();
    words.next().map(|first| Program { source: source(first), args: words.collect() })
}
