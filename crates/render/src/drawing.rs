//! How a view is drawn, beyond what it shows.

/// Options of a picture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drawing {
    /// What decides where boxes and arrows go.
    pub engine: EngineChoice,
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
