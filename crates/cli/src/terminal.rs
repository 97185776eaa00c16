//! How wide the terminal is that an answer goes to.

use std::io::{IsTerminal, stdout};

/// Characters of a line: what COLUMNS says, else the terminal at the standard output. `None` where there is none: a
/// file or a pipe takes lines of any length.
pub(crate) fn width() -> Option<usize> {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|&columns| columns > 0);
    said.or_else(|| {
        let size = stdout().is_terminal().then(|| terminal_size::terminal_size_of(stdout())).flatten();
        size.map(|(width, _)| usize::from(width.0))
    })
}
