//! How wide a text is in the embedded font, by the sum of its characters' advances.

use std::sync::LazyLock;

use ttf_parser::Face;

/// The embedded font's family.
pub(crate) const FAMILY: &str = "DejaVu Sans";

static FACE: LazyLock<Option<Face<'static>>> = LazyLock::new(|| Face::parse(font(), 0).ok());

/// The embedded font's bytes.
pub(crate) fn font() -> &'static [u8] {
    dejavu::sans::regular()
}

/// Whether the embedded font can draw a character.
pub(crate) fn is_covered(c: char) -> bool {
    FACE.as_ref().is_some_and(|face| face.glyph_index(c).is_some())
}

/// The width of a text at a font size. Kerning, which only narrows, is left out.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size
}

/// One character's advance at size 1.
fn advance(c: char) -> f64 {
    let measured = FACE.as_ref().and_then(|face| {
        let advance = face.glyph_hor_advance(face.glyph_index(c)?)?;
        Some(f64::from(advance) / f64::from(face.units_per_em()))
    });
    // Characters of other fonts: the East Asian ones fill a square, the rest rarely more than this.
    measured.unwrap_or(if c >= '\u{1100}' { 1.1 } else { 0.75 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // 'i' is 569 and 'W' 2025 of the font's 2048 units wide.
        assert!((width("iW", 2048.0) - (569.0 + 2025.0)).abs() < 1e-6);
        assert!(width("漢", 10.0) > 9.0);
        assert_eq!(width("", 10.0), 0.0);
    }

    #[test]
    fn coverage_is_known() {
        assert!(is_covered('é') && is_covered('▶') && is_covered('…') && is_covered('□'));
        assert!(!is_covered('漢'));
    }
}
