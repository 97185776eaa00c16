//! Draws a [`View`]: text, DOT, Mermaid, JSON, SVG, PNG, PDF, an interactive page. Pure functions, bytes out.
//!
//! The way of a picture: `label` words the view, `layout` places boxes and arrows of given
//! sizes, `scene` puts both together as shapes, `svg` writes the shapes down, `png` and `pdf`
//! draw what it wrote. Text, DOT, Mermaid and JSON need the words only. Everything is escaped in
//! `escape`.
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

mod colour;
mod curve;
mod cycles;
mod dot;
mod drawing;
mod error;
mod escape;
mod format;
mod label;
mod layout;
mod legend;
mod measure;
mod mermaid;
mod outline;
mod page;
mod path;
mod pdf;
mod plain;
mod png;
mod scene;
mod shape;
mod sign;
mod style;
mod svg;
mod text;
mod tree;

pub use dot::dot;
pub use drawing::{Drawing, EngineChoice, RunDot};
pub use error::Error;
pub use escape::{code_block, code_span, markdown_cell, printable, shell_word, xml};
pub use format::Format;
pub use mermaid::{mermaid, mermaid_within};
pub use page::{framed_page, page};
pub use pdf::pdf;
pub use plain::{json, plain};
pub use png::png;
pub use svg::svg;
pub use text::text;

use refroots_core::View;

/// Draws a view in a format.
///
/// # Errors
/// [`Error::TooLarge`] or [`Error::Layout`] where no picture can be laid out, [`Error::Drawing`]
/// where it cannot be drawn; text, DOT, Mermaid and JSON never fail.
pub fn render(view: &View, format: Format, drawing: &Drawing) -> Result<Vec<u8>, Error> {
    match format {
        Format::Text => Ok(text(view).into_bytes()),
        Format::Dot => Ok(dot(view, drawing).into_bytes()),
        Format::Svg => svg(view, drawing).map(String::into_bytes),
        Format::Png => png(view, drawing),
        Format::Pdf => pdf(view, drawing),
        Format::Html => Ok(page(view).into_bytes()),
        Format::Mermaid => Ok(mermaid(view).into_bytes()),
        Format::Json => Ok(json(view).into_bytes()),
    }
}
