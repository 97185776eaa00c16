//! The SVG as one page of PDF: text stays text, in fonts that the file brings along.

use krilla::Document;
use krilla::geom::Size;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla_svg::{SurfaceExt, SvgSettings};
use refroots_core::View;

use crate::tree::tree;
use crate::{Drawing, Error, label, svg};

/// The longest side of a page that readers open, in points.
const SIDE: f32 = 14_400.0;

/// Draws a view as PDF: a page of the picture's size, a point for each of its pixels, scaled down
/// where that is more than 14,400.
///
/// # Errors
/// [`Error::TooLarge`] or [`Error::Layout`] where it cannot be laid out, [`Error::Drawing`] where
/// no page can be made of it.
pub fn pdf(view: &View, options: &Drawing) -> Result<Vec<u8>, Error> {
    let tree = tree(svg(view, options)?)?;
    let (w, h) = (tree.size().width(), tree.size().height());
    let scale = (SIDE / w).min(SIDE / h).min(1.0);
    let size = Size::from_wh(w * scale, h * scale).ok_or_else(|| drawing("its size is none that a page can have"))?;
    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(label::title(view)).creator("refroots".to_owned()).language("en".to_owned()));
    let mut page = document.start_page_with(PageSettings::new(size));
    let mut surface = page.surface();
    surface.draw_svg(&tree, size, SvgSettings::default()).ok_or_else(|| drawing("its shapes cannot be drawn"))?;
    surface.finish();
    page.finish();
    document.finish().map_err(|problem| drawing(&format!("{problem:?}")))
}

fn drawing(problem: &str) -> Error {
    Error::Drawing(problem.to_owned())
}
