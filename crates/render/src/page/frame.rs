//! The page inside of another one: a frame that has all of it in an attribute, for the outputs of notebooks.

use refroots_core::View;

use super::page;
use crate::escape;
use crate::label;

/// Writes a view as an `iframe` element of HTML, `height` pixels high, which has its [`page`] in itself.
///
/// The frame is a world of its own: the page in it may run its scripts and save files, and can neither see nor touch
/// the page around it.
pub fn framed_page(view: &View, height: u32) -> String {
    format!(
        "<iframe title=\"{}\" sandbox=\"allow-scripts allow-downloads\" width=\"100%\" height=\"{height}\" \
         style=\"border:1px solid #c9d1d9\" srcdoc='{}'></iframe>",
        escape::xml(&label::title(view)),
        escape::single_quoted(&page(view))
    )
}
