//! The SVG as pixels, in bands, so that memory stays bounded however large the picture is.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use ::png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter};
use refroots_core::View;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Options, Tree};

use crate::measure::{FAMILY, font, is_covered};
use crate::{Drawing, Error, svg};

/// The longest side that viewers and browsers open.
const SIDE: f64 = 32_767.0;
/// The most pixels of a picture.
const PIXELS: f64 = 64e6;
/// Pictures that stay below this many pixels at twice their size are drawn at twice their size.
const SHARP_PIXELS: f64 = 12e6;
/// Pixels that are drawn at once: 32 MB, twice. What crosses several bands is drawn in each.
const BAND: u32 = 8_000_000;

/// Draws a view as PNG.
///
/// # Errors
/// [`Error::TooLarge`] or [`Error::Layout`] where it cannot be laid out, [`Error::Pixels`] where
/// memory does not suffice.
pub fn png(view: &View, drawing: &Drawing) -> Result<Vec<u8>, Error> {
    rasterize(svg(view, drawing)?)
}

fn rasterize(svg: String) -> Result<Vec<u8>, Error> {
    let mut options = Options { font_family: FAMILY.to_owned(), ..Options::default() };
    let svg = with_fonts(svg, options.fontdb_mut());
    let tree = Tree::from_str(&svg, &options).map_err(pixels)?;
    let (w, h) = (f64::from(tree.size().width()), f64::from(tree.size().height()));
    let scale = scale(w, h);
    let (width, height) = (side(w * scale), side(h * scale));
    let band_height = (BAND / width).clamp(1, height);
    // One band is drawn while the one before is compressed.
    std::thread::scope(|scope| {
        let (drawn, bands) = sync_channel(0);
        scope.spawn(move || {
            for top in (0..height).step_by(band_height as usize) {
                if drawn.send(band(&tree, scale, width, top, band_height.min(height - top))).is_err() {
                    break;
                }
            }
        });
        compressed(width, height, bands)
    })
}

/// Draws the rows of a picture from `top` on; nothing where memory does not suffice.
fn band(tree: &Tree, scale: f64, width: u32, top: u32, rows: u32) -> Option<Pixmap> {
    let mut band = Pixmap::new(width, rows)?;
    band.fill(Color::WHITE);
    let (first, last) = (f64::from(top) / scale, f64::from(top + rows) / scale);
    for node in tree.root().children() {
        // Most of a tall picture is outside of a band; drawing it there costs as much as inside.
        let Some(place) = node.abs_layer_bounding_box() else { continue };
        if f64::from(place.bottom()) < first || f64::from(place.top()) > last {
            continue;
        }
        let transform = Transform::from_scale(scale as f32, scale as f32)
            .post_translate(0.0, -(top as f32))
            .pre_translate(place.x(), place.y());
        // Nothing is drawn of a node without any area, and nothing is missed.
        let _ = resvg::render_node(node, transform, &mut band.as_mut());
    }
    Some(band)
}

/// The PNG of bands that come from top to bottom.
fn compressed(width: u32, height: u32, bands: Receiver<Option<Pixmap>>) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    // Even areas and letters: rows compress better as they are than as differences, and in an eighth of the time that
    // the default takes, to a third more.
    encoder.set_filter(Filter::NoFilter);
    encoder.set_deflate_compression(DeflateCompression::Level(1));
    let mut writer = encoder.write_header().map_err(pixels)?;
    let mut stream = writer.stream_writer().map_err(pixels)?;
    for band in bands {
        let band = band.ok_or_else(|| Error::Pixels("too little memory".to_owned()))?;
        for row in band.data().chunks_exact(width as usize * 4) {
            let opaque: Vec<u8> = row.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
            stream.write_all(&opaque).map_err(pixels)?;
        }
    }
    stream.finish().map_err(pixels)?;
    drop(writer);
    Ok(out)
}

fn pixels(problem: impl std::fmt::Display) -> Error {
    Error::Pixels(problem.to_string())
}

fn scale(w: f64, h: f64) -> f64 {
    let wished = if 4.0 * w * h <= SHARP_PIXELS { 2.0 } else { 1.0 };
    (SIDE / w).min(SIDE / h).min((PIXELS / (w * h)).sqrt()).min(wished)
}

fn side(length: f64) -> u32 {
    length.ceil().clamp(1.0, SIDE) as u32
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
    fn pictures_stay_within_the_limits() {
        assert_eq!(scale(500.0, 400.0), 2.0);
        assert_eq!(scale(3_000.0, 3_000.0), 1.0);
        assert_eq!(side(100_000.0 * scale(100_000.0, 50.0)), 32_767);
        let scale = scale(20_000.0, 20_000.0);
        assert!((20_000.0 * scale * 20_000.0 * scale - PIXELS).abs() < 1.0);
    }

    #[test]
    fn a_band_is_bounded_however_large_the_picture_is() {
        for width in [1, 500, 8_000, SIDE as u32] {
            assert!(width * (BAND / width).clamp(1, SIDE as u32) <= BAND);
        }
    }

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
