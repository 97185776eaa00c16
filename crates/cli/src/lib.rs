//! The `refroots` command as a library: arguments, subcommands, exit codes.
//!
//! [`main`] reads a command line and does what it says. What needs a running program asks an
//! [`Interpreter`], which the Python extension implements; [`look`] answers one [`Look`] about a
//! graph, wherever the graph came from.

mod answer;
pub mod answer_json;
mod args;
mod atomic;
mod error;
mod exit;
mod export;
mod look;
mod moment;
mod program;
mod run;
mod show;
mod snapshot_file;
mod table;
mod table_answers;
pub mod tables;

use std::ffi::OsString;
use std::io::Write;

pub use atomic::{Unfinished, write_atomically};
pub use error::Error;
pub use exit::Exit;
pub use export::export;
pub use look::{Ask, Look, Output};
pub use moment::{Function, Moment};
pub use program::{Interpreter, Program, Source};
pub use show::look;
pub use snapshot_file::{finish_snapshot, open_snapshot, open_snapshot_in, save_snapshot};
pub use table::{Cell, Column, Table, counted};

/// Does what a command line says (`args` without the command's own name) and gives the exit status.
///
/// Data goes to `stdout`, words to `stderr`. Without an interpreter, commands that need a running
/// program fail with a line that says so.
pub fn main(args: &[OsString], interpreter: Option<&dyn Interpreter>, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Exit {
    let done = match args::parse(args) {
        Ok(args::Command::Run(run)) => run::run(*run, interpreter),
        Ok(args::Command::Say(text)) => stdout.write_all(text.as_bytes()).map(|()| Exit::Done).map_err(Error::Stdout),
        Err(error) => Err(error),
    };
    exit::conclude(done.and_then(|exit| stdout.flush().map(|()| exit).map_err(Error::Stdout)), stderr)
}
