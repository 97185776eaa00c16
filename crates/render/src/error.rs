//! What can go wrong when a view is drawn.

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The ending of a file's name says no format.
    #[error("cannot tell the format from the ending {found:?}: use {}", crate::Format::ENDINGS)]
    UnknownEnding {
        /// The ending, with its dot; empty where there is none.
        found: String,
    },
    /// More objects or references than a picture can be laid out for.
    #[error("{nodes} objects with {edges} references are too many for a picture: show fewer, or write .txt, .dot, .mmd or .json")]
    TooLarge {
        /// Objects in the view.
        nodes: usize,
        /// References in the view.
        edges: usize,
    },
    /// No engine could lay the picture out.
    #[error("the picture could not be laid out: {0}")]
    Layout(String),
    /// The picture was laid out, and could not be turned into pixels or a page.
    #[error("the picture could not be drawn: {0}")]
    Drawing(String),
}
