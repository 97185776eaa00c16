//! The scene as SVG: text stays text, every group has its id and says on touch what it is.

use std::fmt::Write;

use refroots_core::View;

use crate::escape::xml;
use crate::layout::{Point, Size};
use crate::measure::FAMILY;
use crate::scene::{self, Line, Scene, Shape, TAB_HEIGHT, Text};
use crate::style::{INK, LINE_INK, Outline};
use crate::{Drawing, Error};

/// Draws a view as SVG.
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
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
         aria-labelledby=\"title desc\" font-family=\"'{FAMILY}', Verdana, sans-serif\" text-anchor=\"middle\" fill=\"{INK}\" \
         xml:space=\"preserve\">"
    );
    let _ = writeln!(out, "<title id=\"title\">{}</title>", xml(&scene.title));
    let _ = writeln!(out, "<desc id=\"desc\">{}</desc>", xml(&scene.description));
    let _ = writeln!(out, "<rect class=\"background\" width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>");
    for caption in &scene.captions {
        text(&mut out, caption);
    }
    for arrow in &scene.arrows {
        line(&mut out, arrow);
    }
    for arrow in &scene.arrows {
        name(&mut out, arrow);
    }
    for node in &scene.nodes {
        shape(&mut out, node);
    }
    out.push_str("</svg>\n");
    out
}

/// A coordinate with one digit after the point, and without it where it is 0.
fn number(value: f64) -> String {
    let written = format!("{value:.1}");
    let short = written.strip_suffix(".0").unwrap_or(&written);
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

fn at(point: Point) -> String {
    format!("{},{}", number(point.x), number(point.y))
}

fn text(out: &mut String, text: &Text) {
    let _ = write!(out, "<text x=\"{}\" y=\"{}\" font-size=\"{}\"", number(text.at.x), number(text.at.y), number(text.font_size));
    if text.from_left {
        out.push_str(" text-anchor=\"start\"");
    }
    if text.ink != INK {
        let _ = write!(out, " fill=\"{}\"", text.ink);
    }
    if text.is_strong {
        // The embedded font has one weight; a stroke of the same colour makes it look bold.
        let _ = write!(out, " stroke=\"{}\" stroke-width=\"0.45\"", text.ink);
    }
    let _ = writeln!(out, ">{}</text>", xml(&text.words));
}

fn line(out: &mut String, arrow: &Line) {
    let dashes = if arrow.is_dashed { " stroke-dasharray=\"5 4\"" } else { "" };
    let mut path = String::new();
    for (i, &point) in arrow.curve.iter().enumerate() {
        let joint = match i {
            0 => "M",
            1 => " C",
            _ => " ",
        };
        let _ = write!(path, "{joint}{}", at(point));
    }
    let _ = writeln!(out, "<g id=\"{}\" class=\"edge\"><title>{}</title>", arrow.id, xml(&arrow.tooltip));
    let _ = writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"{LINE_INK}\" stroke-width=\"1.2\"{dashes}/>");
    let [tip, left, right] = arrow.head;
    let _ = writeln!(out, "<path d=\"M{} L{} L{} Z\" fill=\"{LINE_INK}\"/></g>", at(tip), at(left), at(right));
}

/// Names stand over every arrow, so that none is struck through.
fn name(out: &mut String, arrow: &Line) {
    let Some((words, room)) = &arrow.label else { return };
    let (x, y) = (words.at.x - room.w / 2.0, words.at.y - words.font_size * 0.36 - room.h / 2.0);
    let _ = write!(
        out,
        "<g class=\"name\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"#ffffff\" fill-opacity=\"0.85\"/>",
        number(x + 2.0),
        number(y + 2.0),
        number(room.w - 4.0),
        number(room.h - 4.0)
    );
    text(out, words);
    out.truncate(out.trim_end().len());
    out.push_str("</g>\n");
}

fn shape(out: &mut String, node: &Shape) {
    let _ = writeln!(out, "<g id=\"{}\" class=\"{}\"><title>{}</title>", node.id, node.class, xml(&node.tooltip));
    let dashes = if node.is_dashed { " stroke-dasharray=\"5 4\"" } else { "" };
    let paint =
        format!("fill=\"{}\" stroke=\"{}\" stroke-width=\"{}\"{dashes}", node.fill, node.stroke, number(node.stroke_width));
    let _ = writeln!(out, "<path d=\"{}\" {paint}/>", outline(node));
    for words in &node.texts {
        text(out, words);
    }
    out.push_str("</g>\n");
}

fn outline(node: &Shape) -> String {
    let Size { w, h } = node.size;
    let (left, top) = (node.centre.x - w / 2.0, node.centre.y - h / 2.0);
    let (right, bottom) = (left + w, top + h);
    let closed = |corners: &[(f64, f64)]| {
        let corners: Vec<String> = corners.iter().map(|&(x, y)| at(Point { x, y })).collect();
        format!("M{} Z", corners.join(" L"))
    };
    match node.outline {
        Outline::Rounded => rounded(left, top, w, h),
        Outline::Tab => {
            let (tab, shoulder) = (left + (w * 0.4).min(60.0), top + TAB_HEIGHT);
            let folder =
                [(left, top), (tab, top), (tab + TAB_HEIGHT, shoulder), (right, shoulder), (right, bottom), (left, bottom)];
            format!(
                "{} M{} L{}",
                closed(&folder),
                at(Point { x: left, y: shoulder }),
                at(Point { x: tab + TAB_HEIGHT, y: shoulder })
            )
        }
        Outline::Bars => {
            let bar = |x: f64| format!(" M{} V{}", at(Point { x, y: top }), number(bottom));
            format!(
                "{}{}{}",
                closed(&[(left, top), (right, top), (right, bottom), (left, bottom)]),
                bar(left + 7.0),
                bar(right - 7.0)
            )
        }
        Outline::Octagon => {
            let c = 8.0;
            closed(&[
                (left + c, top),
                (right - c, top),
                (right, top + c),
                (right, bottom - c),
                (right - c, bottom),
                (left + c, bottom),
                (left, bottom - c),
                (left, top + c),
            ])
        }
        Outline::Hexagon => {
            let c = 14.0;
            let middle = node.centre.y;
            closed(&[(left, middle), (left + c, top), (right - c, top), (right, middle), (right - c, bottom), (left + c, bottom)])
        }
    }
}

fn rounded(left: f64, top: f64, w: f64, h: f64) -> String {
    let r = 6.0_f64.min(w / 2.0).min(h / 2.0);
    let (across, down, radius) = (number(w - 2.0 * r), number(h - 2.0 * r), number(r));
    format!(
        "M{} h{across} a{radius},{radius} 0 0 1 {radius},{radius} v{down} a{radius},{radius} 0 0 1 -{radius},{radius} \
         h-{across} a{radius},{radius} 0 0 1 -{radius},-{radius} v-{down} a{radius},{radius} 0 0 1 {radius},-{radius} Z",
        at(Point { x: left + r, y: top })
    )
}
