//! The SVG as pixels, in bands, so that memory stays bounded however large the picture is.

use std::io::Write;
use std::sync::mpsc::{Receiver, sync_channel};

use ::png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter};
use refroots_core::View;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::Tree;

use crate::tree::tree;
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
/// [`Error::TooLarge`] or [`Error::Layout`] where it cannot be laid out, [`Error::Drawing`] where
/// memory does not suffice.
pub fn png(view: &View, drawing: &Drawing) -> Result<Vec<u8>, Error> {
    rasterize(&tree(svg(view, drawing)?)?)
}

fn rasterize(tree: &Tree) -> Result<Vec<u8>, Error> {
    let (w, h) = (f64::from(tree.size().width()), f64::from(tree.size().height()));
    let scale = scale(w, h);
    let (width, height) = (side(w * scale), side(h * scale));
    let band_height = (BAND / width).clamp(1, height);
    // One band is drawn while the one before is compressed.
    std::thread::scope(|scope| {
        let (drawn, bands) = sync_channel(0);
        scope.spawn(move || {
            for top in (0..height).step_by(band_height as usize) {
                if drawn.send(band(tree, scale, width, top, band_height.min(height - top))).is_err() {
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
    let mut writer = encoder.write_header().map_err(drawing)?;
    let mut stream = writer.stream_writer().map_err(drawing)?;
    for band in bands {
        let band = band.ok_or_else(|| Error::Drawing("too little memory".to_owned()))?;
        for row in band.data().chunks_exact(width as usize * 4) {
            let opaque: Vec<u8> = row.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
            stream.write_all(&opaque).map_err(drawing)?;
        }
    }
    stream.finish().map_err(drawing)?;
    drop(writer);
    Ok(out)
}

fn drawing(problem: impl std::fmt::Display) -> Error {
    Error::Drawing(problem.to_string())
}

fn scale(w: f64, h: f64) -> f64 {
    let wished = if 4.0 * w * h <= SHARP_PIXELS { 2.0 } else { 1.0 };
    (SIDE / w).min(SIDE / h).min((PIXELS / (w * h)).sqrt()).min(wished)
}

fn side(length: f64) -> u32 {
    length.ceil().clamp(1.0, SIDE) as u32
}

#[cfg(test)]
mod tests {
    use refroots_core::{Question, ViewNode};

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
    fn pixels_are_those_of_paper() {
        let mut view = View::new(Question::Referents, "a list".to_owned());
        view.graph.add_node(ViewNode { type_name: "list".to_owned(), is_start: true, ..ViewNode::default() });
        let drawn = svg(&view, &Drawing::default()).unwrap();
        let (before, rest) = drawn.split_once("<style>").unwrap();
        let (_, behind) = rest.split_once("</style>").unwrap();
        assert!(
            rasterize(&tree(format!("{before}{behind}")).unwrap()).unwrap() == rasterize(&tree(drawn.clone()).unwrap()).unwrap()
        );
    }

    #[test]
    fn a_band_is_bounded_however_large_the_picture_is() {
        for width in [1, 500, 8_000, SIDE as u32] {
            assert!(width * (BAND / width).clamp(1, SIDE as u32) <= BAND);
        }
    }
}
