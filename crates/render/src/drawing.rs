//! What a caller may choose about a picture, whatever its format.

/// How a view is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Drawing {
    /// Whether the picture explains the signs that it uses.
    pub legend: bool,
    /// What decides where boxes and arrows go.
    pub engine: EngineChoice,
}

impl Default for Drawing {
    fn default() -> Self {
        Self { legend: true, engine: EngineChoice::BySize }
    }
}

/// What decides where boxes and arrows go.
#[derive(Clone, Copy, Debug, Default)]
pub enum EngineChoice {
    /// The engine built in that suits the picture's size.
    #[default]
    BySize,
    /// Graphviz's own `dot`, which this function runs. It gives geometry only: words, shapes and
    /// colours are the same.
    Dot(RunDot),
}

/// Runs `dot -Tsvg` on a graph in its language; gives the SVG, or why there is none.
pub type RunDot = fn(&str) -> Result<String, String>;
