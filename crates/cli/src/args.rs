//! The command line, in clap's types, turned at once into the library's own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use refroots_core::Values;

use crate::{Ask, Error, Look, Moment, Output, Program, Source};

/// What a command line asks for.
pub(crate) enum Command {
    /// `refroots run`.
    Run(Box<Run>),
    /// A help text or the version.
    Say(String),
}

/// `refroots run`: a program, and a look at it.
pub(crate) struct Run {
    pub(crate) program: Program,
    pub(crate) look: Look,
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
struct RunArgs {
    /// Show what refers to an object of this type (bare, Foo, or whole, app.models.Foo)
    #[arg(long, value_name = "TYPE", group = "ask", help_heading = "Look")]
    backrefs: Option<String>,

    /// Show what an object of this type refers to
    #[arg(long, value_name = "TYPE", group = "ask", help_heading = "Look")]
    refs: Option<String>,

    /// Show why the objects of this type are alive: the shortest chains that hold them, grouped
    #[arg(long, value_name = "TYPE", group = "ask", help_heading = "Look")]
    why: Option<String>,

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

    /// Write the answer to this file; the ending says how. Without it, text goes to the standard
    /// output, after what the program wrote there
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// When to look: exit, exception, return:FUNCTION (of __main__) or return:MODULE:FUNCTION
    #[arg(long, value_name = "WHEN", default_value = "exit")]
    when: Moment,

    /// How many steps of references to follow
    #[arg(long, value_name = "N", default_value_t = Look::DEPTH, value_parser = at_least_one::<u32>, allow_hyphen_values = true)]
    depth: u32,

    /// How many neighbours of one object to show (functions that use a module as their globals are
    /// only counted)
    #[arg(long, value_name = "N", default_value_t = Look::TOO_MANY, value_parser = at_least_one::<usize>, allow_hyphen_values = true)]
    too_many: usize,

    /// Whether the answer says what strings, numbers and keys are
    #[arg(long, value_name = "POLICY", default_value = "short")]
    values: ValuesPolicy,

    /// Write a table (or the chains of --why) as JSON: a list of objects, sizes in bytes; of --types
    /// {"count", "size", "type"}
    #[arg(long, conflicts_with_all = ["backrefs", "refs"])]
    json: bool,

    /// How many rows of a table to show (25, or all as JSON)
    #[arg(long, value_name = "N", conflicts_with_all = ["backrefs", "refs"], value_parser = at_least_one::<usize>, allow_hyphen_values = true)]
    limit: Option<usize>,

    /// Run this module as `python -m` does; all that follows belongs to it
    #[arg(short, value_name = "MODULE", num_args = 1.., allow_hyphen_values = true)]
    module: Vec<OsString>,

    /// The program, a file or a folder or zip with a __main__.py; all that follows belongs to it
    #[arg(value_name = "SCRIPT", trailing_var_arg = true, conflicts_with = "module")]
    script: Vec<OsString>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ValuesPolicy {
    /// Up to 40 characters of strings, bytes and numbers, and every dict key
    Short,
    /// Types, names of attributes, sizes and structure, nothing else
    None,
}

const EXAMPLES: &str = "\
Examples:
  refroots run --backrefs Foo -o foo_refs.png app.py
  refroots run --help";

const RUN_EXAMPLES: &str = "\
Examples:
  Objects and bytes by type, at the end of a program:
    refroots run app.py
  A picture of what holds a Foo:
    refroots run --backrefs Foo -o foo_refs.png app.py
  Why the Foo objects of a package are alive, as text:
    refroots run --why Foo -m pkg --verbose
  What may be a leak, with the chain that holds it:
    refroots run --suspects app.py
  What keeps most alive, as a picture of the dominator tree:
    refroots run --largest -o largest.svg app.py
  What a dict holds when main() returns:
    refroots run --when return:main --refs dict app.py
  The five most frequent types, as JSON:
    refroots run --types --json --limit 5 app.py";

/// Reads a command line, without the command's own name.
pub(crate) fn parse(args: &[OsString]) -> Result<Command, Error> {
    let name = OsString::from("refroots");
    match CommandLine::try_parse_from(std::iter::once(&name).chain(args)) {
        Ok(CommandLine { command: Subcommands::Run(run) }) => Ok(Command::Run(Box::new(run.into_run()?))),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Ok(Command::Say(error.render().to_string()))
        }
        Err(error) => Err(Error::Usage(one_line(&error, args.first().is_some_and(|word| word == "run")))),
    }
}

impl RunArgs {
    fn into_run(self) -> Result<Run, Error> {
        let tables = [
            (self.suspects, Ask::Suspects),
            (self.retained, Ask::Retained),
            (self.largest, Ask::Largest),
            (self.roots, Ask::Roots),
            (self.cycles, Ask::Cycles),
            (self.duplicates, Ask::Duplicates),
            (self.waste, Ask::Waste),
        ];
        let table = tables.into_iter().find(|(is_asked, _)| *is_asked).map_or(Ask::Types, |(_, ask)| ask);
        let ask = match (self.backrefs, self.refs, self.why) {
            (Some(name), _, _) => Ask::Backrefs(name),
            (_, Some(name), _) => Ask::Refs(name),
            (_, _, Some(name)) => Ask::Why(name),
            _ => table,
        };
        if matches!(ask, Ask::Backrefs(_) | Ask::Refs(_)) && (self.json || self.limit.is_some()) {
            return Err(Error::Usage("--json and --limit are for tables and --why".into()));
        }
        let look = Look {
            ask,
            output: self.output.as_deref().map(Output::new),
            moment: self.when,
            depth: self.depth,
            too_many: self.too_many,
            values: match self.values {
                ValuesPolicy::Short => Values::Short,
                ValuesPolicy::None => Values::None,
            },
            json: self.json || self.output.as_deref().and_then(Path::extension).is_some_and(|ending| ending == "json"),
            limit: self.limit,
        };
        let program = program(self.module, Source::Module).or_else(|| program(self.script, Source::Script));
        let program = program.ok_or_else(|| {
            Error::Usage("run expected a program, SCRIPT or -m MODULE, and found neither; try 'refroots run --help'".into())
        })?;
        if let Source::Module(name) = &program.source
            && name.as_encoded_bytes().starts_with(b"-")
        {
            return Err(Error::Usage(format!("-m wants the name of a module, found {}", name.display())));
        }
        Ok(Run { program, look })
    }
}

fn program(words: Vec<OsString>, source: impl Fn(OsString) -> Source) -> Option<Program> {
    let mut words = words.into_iter();
    words.next().map(|first| Program { source: source(first), args: words.collect() })
}

fn at_least_one<N: std::str::FromStr + PartialOrd + From<u8>>(text: &str) -> Result<N, String> {
    match text.parse::<N>() {
        Ok(number) if number >= N::from(1) => Ok(number),
        _ => Err("expected a whole number, 1 or more".into()),
    }
}

/// clap's report without its paragraphs: what was expected and found, a tip, where to read on.
fn one_line(error: &clap::Error, is_in_run: bool) -> String {
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
    line + if is_in_run { "; try 'refroots run --help'" } else { "; try 'refroots --help'" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, Error> {
        parse(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    fn run(line: &str) -> Run {
        match read(line) {
            Ok(Command::Run(run)) => *run,
            Ok(Command::Say(text)) => panic!("{line}: {text}"),
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
            too_many: 2,
            values: Values::None,
            moment: Moment::Exception,
            ..Look::new(Ask::Why("app.Foo".into()))
        };
        assert_eq!(why, expected);
        let table = run("run --json --limit 3 a.py").look;
        assert_eq!((table.json, table.limit), (true, Some(3)));
        assert!(run("run -o t.json a.py").look.json);
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
            "run --when signal:USR1 a.py",
            "run --when return: a.py",
            "run --values all a.py",
            "run --json --refs Foo a.py",
            "run --limit 3 --backrefs Foo a.py",
            "run --backrefs",
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
