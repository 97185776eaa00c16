//! How each sort of node looks: shape, words and line say what it is; colour only repeats it.

use refroots_core::{RootKind, ViewNode};

/// The outline of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outline {
    /// Rounded corners: an object.
    Rounded,
    /// A folder with its tab: a module.
    Tab,
    /// A bar on either side, as flow charts draw a call: a running frame.
    Bars,
    /// Corners cut off: what the interpreter holds.
    Octagon,
    /// Pointed sides: held from outside.
    Hexagon,
}

/// The looks of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// The node's class in SVG, after `node`.
    pub(crate) class: &'static str,
    pub(crate) outline: Outline,
    /// The same outline among Graphviz's shapes.
    pub(crate) dot_shape: &'static str,
    /// What stands around a text in Mermaid for the outline that is nearest to it.
    pub(crate) mermaid_shape: [&'static str; 2],
    pub(crate) is_dashed: bool,
    pub(crate) fill: &'static str,
    pub(crate) stroke: &'static str,
    pub(crate) stroke_width: f64,
}

/// Rounded corners in Mermaid.
const ROUND: [&str; 2] = ["(", ")"];

/// Fills of ordinary objects: the nearer to the start, the stronger.
const DEPTHS: [&str; 4] = ["#e9f0f8", "#f0f5fa", "#f6f9fc", "#ffffff"];
const START_FILL: &str = "#ffe08a";
const START_STROKE: &str = "#7a4b00";
pub(crate) const START_INK: &str = START_STROKE;
pub(crate) const INK: &str = "#1b1f24";
pub(crate) const FAINT_INK: &str = "#57606a";
pub(crate) const NAME_INK: &str = "#123a6b";
pub(crate) const LINE_INK: &str = "#6b7480";

/// How a node looks.
pub(crate) fn of(shown: &ViewNode) -> Style {
    let (class, outline, dot_shape, mermaid_shape, fill, stroke) = match shown.root.as_ref().map(|root| root.kind) {
        None => {
            let step = (shown.depth.max(1) as usize - 1).min(DEPTHS.len() - 1);
            ("object", Outline::Rounded, "box", ROUND, DEPTHS[step], "#5b6b7d")
        }
        Some(RootKind::Module) => ("module", Outline::Tab, "tab", ["[", "]"], "#dff2e1", "#2c6e3f"),
        Some(RootKind::Frame) => ("frame", Outline::Bars, "component", ["[[", "]]"], "#dcebfb", "#1f5a96"),
        Some(RootKind::Interpreter) => ("interpreter", Outline::Octagon, "octagon", ["[/", "\\]"], "#ece5f7", "#5d4390"),
        Some(RootKind::Static) => ("static", Outline::Octagon, "octagon", ["[/", "\\]"], "#ece5f7", "#5d4390"),
        Some(RootKind::External) => ("external", Outline::Hexagon, "hexagon", ["{{", "}}"], "#fde6d8", "#9a4a16"),
        Some(RootKind::Garbage) => ("garbage", Outline::Rounded, "box", ROUND, "#f2f2f2", "#6b6b6b"),
    };
    let is_dashed = class == "garbage";
    if shown.is_start {
        return Style {
            class,
            outline,
            dot_shape,
            mermaid_shape,
            is_dashed,
            fill: START_FILL,
            stroke: START_STROKE,
            stroke_width: 2.6,
        };
    }
    Style { class, outline, dot_shape, mermaid_shape, is_dashed, fill, stroke, stroke_width: 1.2 }
}
