//! How wide the terminal is that an answer goes to.

use std::io::{IsTerminal, stdout};

/// Characters of a line, where the standard output is a terminal: what COLUMNS says, else what the terminal does. A file
/// or a pipe takes lines of any length.
pub(crate) fn width() -> Option<usize> {
    if !stdout().is_terminal() {
        return None;
    }
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|&columns| columns > 0);
    said.or_else(|| terminal_size::terminal_size_of(stdout()).map(|(width, _)| usize::from(width.0)))
}
