//! The command line, in clap's types, turned at once into the library's own.

mod drawn;
mod file;
mod run;
mod several;
mod shared;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use self::file::FileLook;
use self::file::{FileLargestArgs, FileRefsArgs, FileReportArgs, FileTableArgs, FileWhyArgs};
pub(crate) use self::run::Run;
use self::run::{CaptureArgs, RunArgs};
pub(crate) use self::several::Comparison;
use self::several::{CompletionsArgs, DiffArgs, ExportArgs, InfoArgs, ManArgs};
use crate::{Ask, Error};
use refroots_core::Values;

/// What a command line asks for.
pub(crate) enum Command {
    /// Run a program and look, or save its heap.
    Run(Box<Run>),
    /// Look at a file.
    Look(Box<FileLook>),
    /// Compare files.
    Compare(Comparison),
    /// Say what a file is.
    Describe {
        /// The file.
        file: PathBuf,
        /// Whether as JSON.
        json: bool,
    },
    /// Write a file for another tool.
    Export {
        /// The file.
        file: PathBuf,
        /// The file for the other tool.
        output: PathBuf,
        /// What it may say.
        values: Values,
    },
    /// Say what completes command lines.
    Complete(Shell),
    /// Write manual pages, into a folder or one to the standard output.
    Manual(Option<PathBuf>),
    /// A help text or the version.
    Say(String),
}

/// Why is this Python object still alive, and how much memory does it hold? With a picture.
#[derive(Parser)]
#[command(name = "refroots", version, max_term_width = 100, after_help = EXAMPLES, arg_required_else_help = false)]
struct CommandLine {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Subcommand)]
enum Subcommands {
    Run(RunArgs),
    Capture(CaptureArgs),

    /// Count objects and bytes by type, in a snapshot
    #[command(
        after_help = "Examples:\n  refroots types heap.refroots\n  refroots types heap.refroots --sort bytes --limit 5 --json"
    )]
    Types(FileTableArgs),

    /// Say what may be a leak, in plain words: what accumulates, where, and what holds it
    #[command(
        after_help = "Examples:\n  refroots suspects heap.refroots\n  refroots suspects heap.refroots --json -o suspects.json"
    )]
    Suspects(FileTableArgs),

    /// Count objects, bytes, and the bytes that would be freed with them, by type
    #[command(after_help = "Examples:\n  refroots retained heap.refroots --limit 10")]
    Retained(FileTableArgs),

    /// List the objects that keep most alive, and where most of it accumulates (a picture: the dominator tree)
    #[command(after_help = "Examples:\n  refroots largest heap.refroots\n  refroots largest heap.refroots -o largest.svg")]
    Largest(FileLargestArgs),

    /// Count objects, bytes, and the bytes that would be freed with them, by the module that defines their type
    #[command(after_help = "Examples:\n  refroots modules heap.refroots --sort objects")]
    Modules(FileTableArgs),

    /// Say what the frames of each thread keep alive together
    #[command(after_help = "Examples:\n  refroots threads heap.refroots")]
    Threads(FileTableArgs),

    /// Say what each module, frame and other GC root keeps alive that nothing else does
    #[command(after_help = "Examples:\n  refroots roots heap.refroots --limit 10")]
    Roots(FileTableArgs),

    /// Group the reference cycles among objects, and say which are garbage
    #[command(after_help = "Examples:\n  refroots cycles heap.refroots --sort objects")]
    Cycles(FileTableArgs),

    /// List equal strings, bytes, numbers and tuples: bytes wasted, and where they are held
    #[command(after_help = "Examples:\n  refroots duplicates heap.refroots --limit 10")]
    Duplicates(FileTableArgs),

    /// List containers that take more than their items need: lists with room to spare, sparse dicts and
    /// sets, empty ones
    #[command(after_help = "Examples:\n  refroots waste heap.refroots --json")]
    Waste(FileTableArgs),

    /// Show why the objects of a type, or one object, are alive: the shortest chains that hold them, grouped
    #[command(after_help = "Examples:\n  refroots why heap.refroots Foo\n  refroots why heap.refroots '#0' -o why.svg")]
    Why(FileWhyArgs),

    /// Show what an object refers to: the first of a type, or the one of an ordinal
    #[command(after_help = "Examples:\n  refroots refs heap.refroots Foo --depth 2")]
    Refs(FileRefsArgs),

    /// Show what refers to an object: the first of a type, or the one of an ordinal
    #[command(
        after_help = "Examples:\n  refroots backrefs heap.refroots Foo -o foo_refs.png\n  refroots backrefs heap.refroots Foo --no-fold -o foo.mmd"
    )]
    Backrefs(FileRefsArgs),

    /// Write what a bug report needs about the objects of a type: how they are held, sizes, suspects, a picture
    ///
    /// Markdown (.md) can be pasted into an issue on GitHub as it is, a page (.html) is one file. No values are in it
    /// unless --values short says so, and never the names of the files that were asked about.
    #[command(
        after_help = "Examples:\n  refroots report heap.refroots Foo -o report.md\n  refroots report heap.refroots Foo --values short -o report.html"
    )]
    Report(FileReportArgs),

    /// Compare snapshots of one process: which paths grew, what came and went by type, and what holds what is new
    ///
    /// Of three files or more, in order of time, the paths come first to which each file has more objects than the one
    /// before: that is where a leak is. Types, and what holds the new objects, compare the first file with the last.
    #[command(
        override_usage = "refroots diff [OPTIONS] BEFORE AFTER [MORE]...",
        after_help = "Examples:\n  refroots diff before.refroots after.refroots\n  refroots diff before.refroots after.refroots later.refroots --json"
    )]
    Diff(DiffArgs),

    /// Say what a snapshot is: its values, its process, its size
    #[command(after_help = "Examples:\n  refroots info heap.refroots")]
    Info(InfoArgs),

    /// Write a snapshot for another tool: Chrome DevTools, DuckDB, networkx, speedscope
    ///
    /// docs/exports.md says what opens each, and what is in it.
    #[command(
        after_help = "Examples:\n  refroots export heap.refroots -o heap.heapsnapshot\n  refroots export heap.refroots --values short -o heap.parquet"
    )]
    Export(ExportArgs),

    /// Write what lets a shell complete refroots' command lines
    #[command(after_help = "Examples:\n  refroots completions bash > refroots.bash")]
    Completions(CompletionsArgs),

    /// Write manual pages
    #[command(after_help = "Examples:\n  refroots man > refroots.1\n  refroots man manual")]
    Man(ManArgs),
}

const EXAMPLES: &str = "\
Examples:
  A picture of what holds a Foo, when a program ends:
    refroots run --backrefs Foo -o foo_refs.png app.py
  The whole heap in a file, and questions to it:
    refroots capture -o heap.refroots app.py
    refroots suspects heap.refroots
    refroots why heap.refroots Foo
    refroots run --help";

/// The whole command, for what is generated from it.
pub(crate) fn definition() -> clap::Command {
    CommandLine::command()
}

/// Reads a command line, without the command's own name.
pub(crate) fn parse(args: &[OsString]) -> Result<Command, Error> {
    let name = OsString::from("refroots");
    let error = match CommandLine::try_parse_from(std::iter::once(&name).chain(args)) {
        Ok(CommandLine { command }) => return command.into_command(),
        Err(error) => error,
    };
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return Ok(Command::Say(error.render().to_string()));
    }
    let command = definition();
    let within = args.first().and_then(|word| word.to_str()).filter(|word| command.find_subcommand(word).is_some());
    Err(Error::Usage(one_line(&error, within)))
}

impl Subcommands {
    fn into_command(self) -> Result<Command, Error> {
        let look = match self {
            Self::Run(run) => return Ok(Command::Run(Box::new(run.into_run()?))),
            Self::Capture(capture) => return Ok(Command::Run(Box::new(capture.into_run()?))),
            Self::Diff(diff) => return Ok(Command::Compare(diff.into_comparison()?)),
            Self::Info(InfoArgs { file, json }) => return Ok(Command::Describe { file, json }),
            Self::Export(ExportArgs { file, output, values }) => {
                return Ok(Command::Export { file, output, values: values.into() });
            }
            Self::Completions(CompletionsArgs { shell }) => return Ok(Command::Complete(shell)),
            Self::Man(ManArgs { folder }) => return Ok(Command::Manual(folder)),
            Self::Types(table) => table.into_look(Ask::Types),
            Self::Suspects(table) => table.into_look(Ask::Suspects),
            Self::Retained(table) => table.into_look(Ask::Retained),
            Self::Largest(largest) => largest.into_look(),
            Self::Modules(table) => table.into_look(Ask::Modules),
            Self::Threads(table) => table.into_look(Ask::Threads),
            Self::Roots(table) => table.into_look(Ask::Roots),
            Self::Cycles(table) => table.into_look(Ask::Cycles),
            Self::Duplicates(table) => table.into_look(Ask::Duplicates),
            Self::Waste(table) => table.into_look(Ask::Waste),
            Self::Why(why) => why.into_look(),
            Self::Report(report) => report.into_look(),
            Self::Refs(refs) => refs.into_look(Ask::Refs),
            Self::Backrefs(refs) => refs.into_look(Ask::Backrefs),
        };
        Ok(Command::Look(Box::new(look)))
    }
}

/// clap's report without its paragraphs: what was expected and found, a tip, where to read on.
fn one_line(error: &clap::Error, within: Option<&str>) -> String {
    let text = error.render().to_string();
    let report = text.split("\nUsage:").next().unwrap_or(&text);
    let report = report.split("\nFor more information").next().unwrap_or(report);
    let mut line = String::new();
    for part in report.lines().map(str::trim).filter(|part| !part.is_empty()) {
        let part = part.strip_prefix("error: ").unwrap_or(part);
        if part.starts_with("tip:") || part.starts_with('[') {
            line.push(';');
        }
        line.push_str(if line.is_empty() { "" } else { " " });
        line.push_str(part);
    }
    let help = within.map_or_else(|| "--help".to_owned(), |command| format!("{command} --help"));
    format!("{line}; try 'refroots {help}'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    use refroots_core::Values;

    use crate::{Face, Look, Moment, Output, Source};

    fn read(line: &str) -> Result<Command, Error> {
        parse(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    fn run(line: &str) -> Run {
        match read(line) {
            Ok(Command::Run(run)) => *run,
            Ok(_) => panic!("{line}: something else"),
            Err(error) => panic!("{line}: {error}"),
        }
    }

    fn refused(line: &str) -> String {
        match read(line) {
            Err(error) => format!("{line}\n  {error}"),
            Ok(_) => panic!("accepted: {line}"),
        }
    }

    #[test]
    fn looks() {
        assert_eq!(run("run a.py").look, Look::new(Ask::Types));
        assert_eq!(run("run --types a.py").look, Look::new(Ask::Types));
        assert_eq!(run("run --refs Foo a.py").look, Look::new(Ask::Refs("Foo".into())));
        let why = run("run --why app.Foo --depth 5 --too-many 2 --values none --when exception -o x.svg a.py").look;
        let expected = Look {
            output: Some(Output::new(Path::new("x.svg"))),
            depth: 5,
            too_many: Some(2),
            values: Values::None,
            moment: Moment::Exception,
            ..Look::new(Ask::Why("app.Foo".into()))
        };
        assert_eq!(why, expected);
        let report = run("run --report Foo -o x.md a.py").look;
        assert_eq!((report.ask, report.values), (Ask::Report { name: "Foo".into(), face: Face::Run }, Values::None));
        assert_eq!(run("run --report Foo --values short a.py").look.values, Values::Short);
        let table = run("run --json --limit 3 a.py").look;
        assert_eq!((table.json, table.limit), (true, Some(3)));
        assert!(run("run -o t.json a.py").look.json);
    }

    #[test]
    fn looks_at_files() {
        let file = |line: &str| match read(line) {
            Ok(Command::Look(look)) => *look,
            _ => panic!("{line}"),
        };
        let FileLook { file: path, look } = file("types x.refroots --sort bytes --limit 3 --json --values none");
        assert_eq!(path, Path::new("x.refroots"));
        let expected =
            Look { values: Values::None, json: true, limit: Some(3), sort: Some("bytes".into()), ..Look::new(Ask::Types) };
        assert_eq!(look, expected);
        assert_eq!(file("why x #12").look, Look::new(Ask::Why("#12".into())));
        assert!(file("why x Foo -o why.json").look.json);
        assert_eq!(file("refs x Foo --depth 7").look, Look { depth: 7, ..Look::new(Ask::Refs("Foo".into())) });
        let report = file("report x #12 --stamp").look;
        assert_eq!((report.ask, report.values), (Ask::Report { name: "#12".into(), face: Face::File }, Values::None));
        assert!(report.stamp && file("report x Foo --values short").look.values == Values::Short);
        let capture = run("capture -o x.refroots a.py --values short");
        assert_eq!((capture.look.ask, capture.look.values), (Ask::Save, Values::None));
        assert_eq!(capture.program.args, ["--values", "short"]);
    }

    #[test]
    fn what_follows_the_program_is_the_programs() {
        let args = ["--types", "-o", "x", "--", "-m", "y", "--help", "-1"];
        let script = run("run --refs Foo a.py --types -o x -- -m y --help -1").program;
        assert_eq!(script.source, Source::Script("a.py".into()));
        assert_eq!(script.args, args);
        let module = run("run --refs Foo -m pkg.mod --types -o x -- -m y --help -1").program;
        assert_eq!(module.source, Source::Module("pkg.mod".into()));
        assert_eq!(module.args, args);
        assert_eq!(run("run -- -odd.py -x").program.python_args(), ["--", "-odd.py", "-x"]);
        assert_eq!(run("run - x").program.source, Source::Script("-".into()));
    }

    #[test]
    fn wrong_use_gets_one_line() {
        let lines = [
            "",
            "walk",
            "run",
            "run -o x.png",
            "run -m",
            "run -m --types",
            "run --backrefs Foo --why Bar a.py",
            "run --bakrefs Foo a.py",
            "run --depth 0 a.py",
            "run --depth -1 a.py",
            "run --depth three a.py",
            "run --too-many 0 a.py",
            "run --limit 0 a.py",
            "run --when signal:KILL a.py",
            "run --when line:a.py a.py",
            "run --when every:30 a.py",
            "run --when rss:500 a.py",
            "run --when later a.py",
            "run --when return: a.py",
            "run --values all a.py",
            "run --json --refs Foo a.py",
            "run --limit 3 --backrefs Foo a.py",
            "run --json --report Foo a.py",
            "run --backrefs",
            "run --why #12 a.py",
            "run --why Foo --sort bytes a.py",
            "capture a.py",
            "capture -o heap.refroots",
            "types",
            "types heap.refroots more.refroots",
            "why heap.refroots",
            "refs heap.refroots Foo --json",
            "report heap.refroots",
            "report heap.refroots Foo --json",
            "diff before.refroots",
            "completions tcsh",
        ];
        let messages = lines.map(refused).join("\n");
        insta::assert_snapshot!(messages);
    }

    #[test]
    fn version_and_help_are_said() {
        assert!(matches!(read("--version"), Ok(Command::Say(text)) if text.starts_with("refroots 0.")));
        assert!(matches!(read("run --help"), Ok(Command::Say(text)) if text.contains("Examples:\n")));
    }
}
