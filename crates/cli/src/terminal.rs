//! What the terminal is like that an answer goes to.

use std::io::{IsTerminal, stdout};

use anstream::{AutoStream, ColorChoice};
use serde::{Deserialize, Serialize};

/// A terminal that an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screen {
    /// Characters of a line.
    pub columns: usize,
    /// Whether heads of tables may be bold.
    pub styled: bool,
}

/// The standard output, where that is a terminal: as wide as COLUMNS says, else as the terminal does, and styled unless
/// NO_COLOR, CLICOLOR=0 or TERM=dumb say no. A file or a pipe takes lines of any length.
pub(crate) fn screen() -> Option<Screen> {
    let stdout = stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|&columns| columns > 0);
    let columns = said.or_else(|| terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0)))?;
    Some(Screen { columns, styled: AutoStream::choice(&stdout) != ColorChoice::Never })
}
