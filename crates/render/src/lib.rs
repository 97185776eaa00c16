//! Draws a [`View`]: text, DOT, SVG, PNG, an interactive page. Pure functions, bytes out.
//!
//! The way of a picture: `label` words the view, `layout` places boxes and arrows of given
//! sizes, `scene` puts both together as shapes, `svg` and `png` write the
//! shapes down. Text and DOT need the words only. Everything is escaped in `escape`.
//!
//! ```
//! use refroots_core::{Values, query::paths, sketch};
//!
//! let graph = sketch::parse(
//!     "app: module 'app' root
//!      app -> foo .CACHE
//!      foo: app.Foo",
//! )?;
//! let foo = graph.node_ids().nth(1).expect("the sketch has two nodes");
//! let view = paths::why(&graph, foo, &Default::default()).view(&graph, Values::Short);
//! assert_eq!(
//!     refroots_render::text(&view),
//!     "Why app.Foo #1 is alive\nmodule app\n└─ .CACHE ── Foo #1   ◀ this object\n",
//! );
//! # Ok::<(), refroots_core::Error>(())
//! ```

mod curve;
mod dot;
mod error;
mod escape;
mod format;
mod label;
mod layout;
mod measure;
mod page;
mod png;
mod scene;
mod style;
mod svg;
mod text;

pub use dot::dot;
pub use error::Error;
pub use escape::{printable, xml};
pub use format::Format;
pub use page::page;
pub use png::png;
pub use svg::svg;
pub use text::text;

use refroots_core::View;

/// Draws a view in a format.
///
/// # Errors
/// [`Error::TooLarge`] or [`Error::Layout`] where no picture can be laid out; text and DOT never
/// fail.
pub fn render(view: &View, format: Format) -> Result<Vec<u8>, Error> {
    match format {
        Format::Text => Ok(text(view).into_bytes()),
        Format::Dot => Ok(dot(view).into_bytes()),
        Format::Svg => svg(view).map(String::into_bytes),
        Format::Png => png(view),
        Format::Html => Ok(page(view).into_bytes()),
    }
}
