//! The outlines of boxes, as paths of SVG.

use crate::layout::{Point, Size};
use crate::path::{at, number};
use crate::style::Outline;

/// How high a module's tab stands over its folder.
pub(crate) const TAB_HEIGHT: f64 = 6.0;
/// How far inside of a double outline its second line runs.
const INSIDE: f64 = 3.5;

/// The outline of a box, closed; and lines inside of it.
pub(crate) fn path(outline: Outline, centre: Point, Size { w, h }: Size) -> String {
    let (left, top) = (centre.x - w / 2.0, centre.y - h / 2.0);
    let (right, bottom) = (left + w, top + h);
    match outline {
        Outline::Rounded => rounded(left, top, w, h),
        Outline::Note => {
            let c = 9.0_f64.min(h / 2.0);
            let sheet = closed(&[(left, top), (right - c, top), (right, top + c), (right, bottom), (left, bottom)]);
            format!("{sheet} {}", open(&[(right - c, top), (right - c, top + c), (right, top + c)]))
        }
        Outline::Tab => {
            let (tab, shoulder) = (left + (w * 0.4).min(60.0), top + TAB_HEIGHT);
            let folder =
                [(left, top), (tab, top), (tab + TAB_HEIGHT, shoulder), (right, shoulder), (right, bottom), (left, bottom)];
            format!("{} {}", closed(&folder), open(&[(left, shoulder), (tab + TAB_HEIGHT, shoulder)]))
        }
        Outline::Bars => {
            let bar = |x: f64| format!(" M{} V{}", at(Point { x, y: top }), number(bottom));
            let sheet = closed(&[(left, top), (right, top), (right, bottom), (left, bottom)]);
            format!("{sheet}{}{}", bar(left + 7.0), bar(right - 7.0))
        }
        Outline::Octagon => octagon(left, top, w, h),
        Outline::DoubleOctagon => {
            let inner = octagon(left + INSIDE, top + INSIDE, w - 2.0 * INSIDE, h - 2.0 * INSIDE);
            format!("{} {inner}", octagon(left, top, w, h))
        }
        Outline::Hexagon => {
            let (c, middle) = (14.0_f64.min(w / 4.0), centre.y);
            closed(&[(left, middle), (left + c, top), (right - c, top), (right, middle), (right - c, bottom), (left + c, bottom)])
        }
        Outline::CrossedCorners => {
            let c = 9.0_f64.min(h / 3.0);
            let sheet = closed(&[(left, top), (right, top), (right, bottom), (left, bottom)]);
            let strokes = [
                [(left, top + c), (left + c, top)],
                [(right - c, top), (right, top + c)],
                [(right, bottom - c), (right - c, bottom)],
                [(left + c, bottom), (left, bottom - c)],
            ];
            strokes.iter().fold(sheet, |path, stroke| format!("{path} {}", open(stroke)))
        }
    }
}

fn closed(corners: &[(f64, f64)]) -> String {
    format!("{} Z", open(corners))
}

fn open(corners: &[(f64, f64)]) -> String {
    let corners: Vec<String> = corners.iter().map(|&(x, y)| at(Point { x, y })).collect();
    format!("M{}", corners.join(" L"))
}

fn octagon(left: f64, top: f64, w: f64, h: f64) -> String {
    let (right, bottom, c) = (left + w, top + h, 8.0_f64.min(h / 3.0));
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

fn rounded(left: f64, top: f64, w: f64, h: f64) -> String {
    let r = 6.0_f64.min(w / 2.0).min(h / 2.0);
    let (across, down, radius) = (number(w - 2.0 * r), number(h - 2.0 * r), number(r));
    format!(
        "M{} h{across} a{radius},{radius} 0 0 1 {radius},{radius} v{down} a{radius},{radius} 0 0 1 -{radius},{radius} \
         h-{across} a{radius},{radius} 0 0 1 -{radius},-{radius} v-{down} a{radius},{radius} 0 0 1 {radius},-{radius} Z",
        at(Point { x: left + r, y: top })
    )
}
