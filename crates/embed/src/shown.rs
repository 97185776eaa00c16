//! Words for a terminal: what `repr()` and `str()` say has nothing in it that a terminal takes for a command.

/// Spells out control characters and marks of direction, which names of classes and modules may have.
pub(crate) fn shown(words: &str) -> String {
    refroots_render::printable(words, usize::MAX)
}
