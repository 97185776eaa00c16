//! The `refroots` command as a library: arguments, subcommands, exit codes.
//!
//! [`main`] reads a command line and does what it says. What needs a running program asks an
//! [`Interpreter`], which the Python extension implements; [`look`] answers one [`Look`] about a
//! graph, wherever the graph came from.

mod answer;
pub mod answer_json;
mod args;
mod atomic;
mod check;
mod compare;
mod describe;
mod engine;
mod error;
mod exit;
mod export;
mod export_file;
mod file_look;
mod generate;
mod interrupt;
mod look;
mod moment;
mod program;
mod progress;
mod report;
pub mod room;
mod run;
mod show;
mod snapshot_file;
mod subject;
mod table;
mod table_answers;
pub mod tables;
mod terminal;

use std::ffi::OsString;
use std::io::Write;

pub use atomic::{Unfinished, write_atomically};
pub use engine::Engine;
pub use error::Error;
pub use exit::Exit;
pub use export::export;
pub use look::{Ask, Look, Output};
pub use moment::{Function, Line, Moment, Signal};
pub use program::{Interpreter, Program, Source};
pub use report::{Face, write_report};
pub use show::{look, save};
pub use snapshot_file::{finish_snapshot, open_snapshot, open_snapshot_in, save_snapshot};
pub use table::{Cell, Column, Table, counted};
pub use terminal::Screen;

/// Does what a command line says (`args` without the command's own name) and gives the exit status.
///
/// Data goes to `stdout`, words to `stderr`. Without an interpreter, commands that need a running
/// program fail with a line that says so.
pub fn main(args: &[OsString], interpreter: Option<&dyn Interpreter>, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Exit {
    let done = args::parse(args).and_then(|command| obey(command, interpreter, stdout, stderr));
    exit::conclude(done.and_then(|exit| stdout.flush().map(|()| exit).map_err(Error::Stdout)), stderr)
}

fn obey(
    command: args::Command,
    interpreter: Option<&dyn Interpreter>,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Result<Exit, Error> {
    // The program that `run` becomes hears signals in its own way.
    if !matches!(command, args::Command::Run(_)) {
        interrupt::end_on_signals();
    }
    match command {
        args::Command::Run(mut run) => {
            run.look.screen = terminal::screen().filter(|_| run.look.output.is_none());
            run::run(*run, interpreter)
        }
        args::Command::Look(mut order) => {
            order.look.screen = terminal::screen().filter(|_| order.look.output.is_none());
            file_look::look_at_file(&order, stdout, stderr)
        }
        args::Command::Compare(order) => compare::compare(&order, terminal::screen(), stdout, stderr),
        args::Command::Describe { file, json } => describe::describe(&file, json, stdout),
        args::Command::Export { file, output, values } => export_file::export_file(&file, &output, values, stderr),
        args::Command::Complete(shell) => generate::completions(shell, stdout),
        args::Command::Manual(folder) => generate::manual(folder.as_deref(), stdout, stderr),
        args::Command::Say(text) => stdout.write_all(text.as_bytes()).map(|()| Exit::Done).map_err(Error::Stdout),
    }
}
