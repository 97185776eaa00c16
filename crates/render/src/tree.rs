//! The SVG as a tree of shapes, with the fonts that its texts need: what pixels and pages are made from.

use std::collections::BTreeSet;
use std::sync::Arc;

use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Options, Tree};

use crate::Error;
use crate::measure::{FAMILY, font, is_covered};

/// Reads a picture that `svg` wrote.
pub(crate) fn tree(svg: String) -> Result<Tree, Error> {
    let mut options = Options { font_family: FAMILY.to_owned(), ..Options::default() };
    let svg = with_fonts(svg, options.fontdb_mut());
    Tree::from_str(&svg, &options).map_err(|problem| Error::Drawing(problem.to_string()))
}

/// Loads the fonts that a text needs: the embedded one, and the system's only where that one lacks
/// a character. What no font can draw becomes `□`, because a renderer gives up on the rest of a
/// line at such a character.
fn with_fonts(svg: String, fonts: &mut Database) -> String {
    let mut missing: BTreeSet<char> = svg.chars().filter(|&c| c != '\n' && !is_covered(c)).collect();
    if !missing.is_empty() {
        fonts.load_system_fonts();
        let faces: Vec<_> = fonts.faces().map(|face| face.id).collect();
        for id in faces {
            let has_outlines = fonts.with_face_data(id, |bytes, index| {
                let Ok(face) = ttf_parser::Face::parse(bytes, index) else { return false };
                let tables = face.tables();
                if tables.glyf.is_none() && tables.cff.is_none() {
                    return false;
                }
                missing.retain(|&c| face.glyph_index(c).is_none());
                true
            });
            if has_outlines != Some(true) {
                fonts.remove_face(id);
            }
        }
    }
    fonts.load_font_source(Source::Binary(Arc::new(font())));
    fonts.set_serif_family(FAMILY);
    fonts.set_sans_serif_family(FAMILY);
    if missing.is_empty() {
        return svg;
    }
    svg.chars().map(|c| if missing.contains(&c) { '□' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_font_can_draw_becomes_a_box() {
        // A character of a private plane, which no font has.
        let drawn = with_fonts("a\u{10abcd}b".to_owned(), &mut Database::new());
        assert_eq!(drawn, "a□b");
        let mut fonts = Database::new();
        assert_eq!(with_fonts("plain é".to_owned(), &mut fonts), "plain é");
        assert_eq!(fonts.len(), 1, "the system's fonts are not loaded for nothing");
    }
}
