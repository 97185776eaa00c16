//! The formats that a view can be drawn in, and the endings of file names that ask for them.

use std::path::Path;

use crate::Error;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A tree for a terminal.
    Text,
    /// Graphviz's language.
    Dot,
    /// A vector picture whose text stays text.
    Svg,
    /// A raster picture.
    Png,
    /// An interactive page.
    Html,
    /// A page whose text can be selected.
    Pdf,
    /// A flowchart in the language that GitHub draws.
    Mermaid,
    /// The view as plain data.
    Json,
}

impl Format {
    /// The endings that are known, as a message lists them.
    pub const ENDINGS: &'static str = ".png, .svg, .pdf, .html, .dot, .mmd, .json or .txt";

    /// The format that the ending of a file's name asks for, whatever its case.
    ///
    /// # Errors
    /// [`Error::UnknownEnding`].
    pub fn from_path(path: &Path) -> Result<Self, Error> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        match ending.as_str() {
            "txt" => Ok(Self::Text),
            "dot" => Ok(Self::Dot),
            "svg" => Ok(Self::Svg),
            "png" => Ok(Self::Png),
            "html" => Ok(Self::Html),
            "pdf" => Ok(Self::Pdf),
            "mmd" => Ok(Self::Mermaid),
            "json" => Ok(Self::Json),
            "" => Err(Error::UnknownEnding { found: String::new() }),
            other => Err(Error::UnknownEnding { found: format!(".{other}") }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_of_any_case_say_the_format() {
        for (name, format) in [
            ("a.txt", Format::Text),
            ("x/b.DOT", Format::Dot),
            ("c.d.Svg", Format::Svg),
            ("/tmp/p.png", Format::Png),
            ("a.PDF", Format::Pdf),
            ("a.mmd", Format::Mermaid),
            ("a.json", Format::Json),
        ] {
            assert_eq!(Format::from_path(Path::new(name)).unwrap(), format);
        }
    }

    #[test]
    fn an_unknown_ending_is_named_beside_the_known_ones() {
        let message = |name: &str| Format::from_path(Path::new(name)).unwrap_err().to_string();
        assert_eq!(
            message("a.jpeg"),
            "cannot tell the format from the ending \".jpeg\": use .png, .svg, .pdf, .html, .dot, .mmd, .json or .txt"
        );
        assert_eq!(
            message("png"),
            "cannot tell the format from the ending \"\": use .png, .svg, .pdf, .html, .dot, .mmd, .json or .txt"
        );
        assert_eq!(message("a.p\nng").lines().count(), 1);
    }
}
