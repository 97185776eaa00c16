//! `refroots export`: a snapshot file becomes one of another tool.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use refroots_core::export::{Format, Options};
use refroots_core::snapshot::Reading;
use refroots_core::{NodeFlags, NodeId, Study, Values, grouped};
use refroots_render::printable;

use crate::atomic::check_folder;
use crate::file_look::{open, say_what_is_missing};
use crate::progress::with_bar;
use crate::{Error, Exit, counted, export};

/// Opens a file and exports its heap, with a line about it on `stderr`.
pub(crate) fn export_file(file: &Path, output: &Path, values: Values, stderr: &mut dyn Write) -> Result<Exit, Error> {
    // What cannot be written is said before the file is read.
    Format::of_ending(output).map_err(|error| Error::Usage(format!("-o {}: {error}", output.display())))?;
    check_folder(output)?;
    let graph = Study::new(open(file, Reading::References)?);
    let shown = printable(&output.display().to_string(), usize::MAX);
    with_bar(&format!("writing {shown}"), &mut || ControlFlow::Continue(()), |progress| {
        export(&graph, output, Options::new(values), progress)
    })?;
    // As `info` counts: frames that are no objects are in the file, and not among these.
    let is_object = |&node: &NodeId| graph.is_shown(node) && !graph.flags(node).contains(NodeFlags::SYNTHETIC);
    let objects = graph.node_ids().filter(is_object).count() as u64;
    // The file is there; nobody to tell is no error.
    let _ = writeln!(stderr, "{shown}: {}, {} references", counted(objects, "object"), grouped(graph.edge_count() as u64));
    say_what_is_missing(file, &graph, values, stderr);
    Ok(Exit::Done)
}
