//! Looks at a snapshot file: it is opened, what it does not have is said, and the look is answered.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use refroots_core::snapshot::Reading;
use refroots_core::{HeapGraph, Study, Values};

use crate::args::FileLook;
use crate::progress::with_bar;
use crate::{Error, Exit, check, look, open_snapshot_in, room};

/// Answers a look at a file.
pub(crate) fn look_at_file(order: &FileLook, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Result<Exit, Error> {
    check::check_look(&order.look)?;
    let reading = if order.look.ask.needs_references() { Reading::References } else { Reading::Objects };
    let graph = open(&order.file, reading)?;
    let graph = Study::new(graph);
    let exit = look(&graph, &order.look, stdout, stderr);
    if exit == Exit::Done && order.look.ask.says_values() {
        say_what_is_missing(&order.file, &graph, order.look.values, stderr);
    }
    Ok(exit)
}

/// Opens a snapshot where there is room for it, with a bar where that takes long.
pub(crate) fn open(file: &Path, reading: Reading) -> Result<HeapGraph, Error> {
    let words = format!("reading {}", refroots_render::printable(&file.display().to_string(), usize::MAX));
    with_bar(&words, &mut || ControlFlow::Continue(()), |progress| open_snapshot_in(file, reading, room::left(), progress))
}

/// Says that a file has no values where an answer would say some.
pub(crate) fn say_what_is_missing(file: &Path, graph: &HeapGraph, asked: Values, stderr: &mut dyn Write) {
    if graph.sayable(asked) != asked {
        let file = refroots_render::printable(&file.display().to_string(), usize::MAX);
        // Nobody to tell is no error.
        let _ = writeln!(stderr, "refroots: note: {file} was saved without values: strings, numbers and keys are not said");
    }
}
