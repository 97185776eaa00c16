//! The interactive page: one file with the view's data, a layered layout and what lets a reader walk through it.
//!
//! Nothing in it comes from the network, and its content-security-policy lets nothing but the two scripts
//! and the style below run, which it knows by their hashes.

mod data;
mod frame;

pub use frame::framed_page;

use refroots_core::View;

use crate::escape;
use crate::label;

/// dagre 3.1.3, from npm's @dagrejs/dagre.
const LAYOUT: &str = include_str!("assets/dagre.min.js");
/// The page's own script. The files share one scope, in this order.
const SCRIPT: &str = concat!(
    "(() => {\n'use strict';\n",
    include_str!("assets/model.js"),
    include_str!("assets/geometry.js"),
    include_str!("assets/drawing.js"),
    include_str!("assets/panel.js"),
    include_str!("assets/saving.js"),
    include_str!("assets/app.js"),
    "})();\n"
);
const STYLE: &str = include_str!("assets/style.css");
const TEMPLATE: &str = include_str!("assets/page.html");
/// SHA-256 of the layout, the script and the style; tests/test_page.py says them where these are stale.
const HASHES: [&str; 3] = [
    "DrVBBQDRd/WveLjQwELmStp4HqRhlZmR1WUwpH//bz4=",
    "vxoOHL0EfkkM4LZasHHkUDpvrkbHmVINckfbMISW+8M=",
    "a4euwz1zu9gRuJIBERYVu384/kJlPSrxyPYTYjnzX3I=",
];

/// Writes a view as one self-contained HTML file, which a browser shows without the network: its reader pans, zooms,
/// searches, and lets referrers and referents appear step by step from what the view has. A view of
/// [`surroundings`](refroots_core::query::neighbourhood::surroundings) has 20,000 objects, about 2 MB.
pub fn page(view: &View) -> String {
    let [layout, script, style] = HASHES;
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{layout}' 'sha256-{script}'; style-src 'sha256-{style}'; \
         img-src blob:; base-uri 'none'; form-action 'none'"
    );
    let title = escape::xml(&label::title(view));
    let mut out = String::with_capacity(TEMPLATE.len() + LAYOUT.len() + SCRIPT.len() + view.graph.node_count() * 100);
    for part in TEMPLATE.split_inclusive("}}") {
        let (before, name) = part.split_once("{{").unwrap_or((part, ""));
        out.push_str(before);
        match name.trim_end_matches("}}") {
            "policy" => out.push_str(&policy),
            "title" => out.push_str(&title),
            "style" => out.push_str(STYLE),
            "data" => data::write(view, &mut out),
            "layout" => out.push_str(LAYOUT),
            "script" => out.push_str(SCRIPT),
            _ => {}
        }
    }
    out
}
