//! The scene as SVG: text stays text, every group has its id and says on touch what it is.

use std::fmt::Write;

use refroots_core::View;

use crate::colour::{BACKGROUND, Colour, INK, dark_rules};
use crate::escape::xml;
use crate::layout::Size;
use crate::legend::{Drawn, Entry};
use crate::measure::FAMILY;
use crate::path::{at, curve, number};
use crate::scene::{self, Line, Scene, Text};
use crate::shape::Shape;
use crate::style::{ArrowStyle, Stroke};
use crate::{Drawing, Error, outline};

/// Draws a view as SVG. Browsers draw it light or dark, as their users prefer; all else reads it as light.
///
/// # Errors
/// [`Error::TooLarge`] or [`Error::Layout`] where it cannot be laid out.
pub fn svg(view: &View, drawing: &Drawing) -> Result<String, Error> {
    Ok(write(&scene::build(view, drawing)?))
}

/// Writes a scene down. Writing to a `String` cannot fail.
pub(crate) fn write(scene: &Scene) -> String {
    let mut out = String::new();
    let Size { w, h } = scene.size;
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"refroots\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         role=\"img\" aria-labelledby=\"title desc\" font-family=\"'{FAMILY}', Verdana, sans-serif\" text-anchor=\"middle\" \
         fill=\"{}\" xml:space=\"preserve\">",
        INK.light
    );
    let _ = writeln!(out, "<title id=\"title\">{}</title>", xml(&scene.title));
    let _ = writeln!(out, "<desc id=\"desc\">{}</desc>", xml(&scene.description));
    let _ = writeln!(out, "<style>{}</style>", dark_rules());
    let _ = writeln!(out, "<rect class=\"background\" width=\"{w}\" height=\"{h}\" fill=\"{}\"/>", BACKGROUND.light);
    for caption in &scene.captions {
        text(&mut out, caption);
    }
    for arrow in &scene.arrows {
        let _ = writeln!(out, "<g id=\"{}\" class=\"{}\"><title>{}</title>", arrow.id, arrow.style.class, xml(&arrow.tooltip));
        line(&mut out, arrow);
        out.push_str("</g>\n");
    }
    for arrow in &scene.arrows {
        name(&mut out, arrow);
    }
    for node in &scene.nodes {
        let _ = writeln!(out, "<g id=\"{}\" class=\"{}\"><title>{}</title>", node.id, node.class, xml(&node.tooltip));
        shape(&mut out, node);
        out.push_str("</g>\n");
    }
    for entry in &scene.legend {
        legend(&mut out, entry);
    }
    out.push_str("</svg>\n");
    out
}

fn text(out: &mut String, text: &Text) {
    let _ = write!(out, "<text x=\"{}\" y=\"{}\" font-size=\"{}\"", number(text.at.x), number(text.at.y), number(text.font_size));
    if text.from_left {
        out.push_str(" text-anchor=\"start\"");
    }
    if text.ink != INK {
        let _ = write!(out, " fill=\"{}\"", text.ink.light);
    }
    if text.is_strong {
        // The embedded font has one weight; a stroke of the same colour makes it look bold.
        let _ = write!(out, " stroke=\"{}\" stroke-width=\"0.45\"", text.ink.light);
    }
    let _ = writeln!(out, ">{}</text>", xml(&text.words));
}

fn dashes(stroke: Stroke) -> &'static str {
    match stroke {
        Stroke::Solid => "",
        Stroke::Dashed => " stroke-dasharray=\"5 4\"",
        Stroke::Dotted => " stroke-dasharray=\"0.1 4\" stroke-linecap=\"round\"",
    }
}

fn line(out: &mut String, arrow: &Line) {
    let ArrowStyle { stroke, colour: Colour { light: colour, .. }, width, is_head_filled, .. } = arrow.style;
    let (path, dashes, width) = (curve(&arrow.curve), dashes(stroke), number(width));
    let _ = writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}/>");
    let [tip, left, right] = arrow.head.map(at);
    let fill = if is_head_filled { colour } else { BACKGROUND.light };
    let border = if is_head_filled { String::new() } else { format!(" stroke=\"{colour}\" stroke-width=\"{width}\"") };
    let _ = writeln!(out, "<path d=\"M{tip} L{left} L{right} Z\" fill=\"{fill}\"{border}/>");
}

/// Names stand over every arrow, so that none is struck through.
fn name(out: &mut String, arrow: &Line) {
    let Some((words, room)) = &arrow.label else { return };
    let (x, y) = (words.at.x - room.w / 2.0, words.at.y - words.font_size * 0.36 - room.h / 2.0);
    let _ = write!(
        out,
        "<g class=\"name\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" fill-opacity=\"0.85\"/>",
        number(x + 2.0),
        number(y + 2.0),
        number(room.w - 4.0),
        number(room.h - 4.0),
        BACKGROUND.light
    );
    text(out, words);
    out.truncate(out.trim_end().len());
    out.push_str("</g>\n");
}

fn shape(out: &mut String, node: &Shape) {
    let paint = format!(
        "fill=\"{}\" stroke=\"{}\" stroke-width=\"{}\"{}",
        node.fill.light,
        node.border.light,
        number(node.border_width),
        dashes(node.stroke)
    );
    for (centre, size) in node.boxes() {
        let _ = writeln!(out, "<path d=\"{}\" {paint}/>", outline::path(node.outline, centre, size));
    }
    for words in &node.texts {
        text(out, words);
    }
}

fn legend(out: &mut String, entry: &Entry) {
    let _ = writeln!(out, "<g id=\"{}\" class=\"legend\">", entry.id);
    match &entry.sign {
        Drawn::Box(sign) => shape(out, sign),
        Drawn::Arrow(sign) => line(out, sign),
    }
    text(out, &entry.meaning);
    out.push_str("</g>\n");
}
