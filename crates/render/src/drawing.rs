//! What a caller may choose about a picture, whatever its format.

/// How a view is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// Whether the picture explains the signs that it uses.
    pub legend: bool,
}

impl Default for Drawing {
    fn default() -> Self {
        Self { legend: true }
    }
}
