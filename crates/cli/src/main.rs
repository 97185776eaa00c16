//! The `refroots` binary: the library, with `python3 -m refroots` for what needs a live Python.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::Context;
use refroots_cli::{Error, Exit, Interpreter, Look, Program};
use refroots_core::HeapGraph;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let python = Python { args: &args };
    let exit = refroots_cli::main(&args, Some(&python), &mut io::stdout(), &mut io::stderr());
    ExitCode::from(exit.code())
}

/// The first `python3` on the path, which is given the whole command line.
struct Python<'a> {
    args: &'a [OsString],
}

const RUN_PACKAGE: &str = "\
import sys
try:
    from refroots.__main__ import main
except ModuleNotFoundError as error:
    if error.name != 'refroots':
        raise
    sys.stderr.write(f'refroots: {sys.executable} has no package refroots; install it there (pip install .)\\n')
    sys.exit(2)
sys.exit(main())
";

impl Interpreter for Python<'_> {
    fn start(&self, _: &Program, _: &Look) -> Result<Exit, Error> {
        let failure = Command::new("python3").arg("-c").arg(RUN_PACKAGE).args(self.args).exec();
        let failure = Err::<Exit, _>(failure).context("cannot start python3, which runs the program; put one on the PATH");
        failure.map_err(|error| Error::Usage(format!("{error:#}")))
    }

    fn capture(&self) -> Result<HeapGraph, Error> {
        Err(Error::NoInterpreter("run"))
    }
}
