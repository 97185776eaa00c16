//! How each sort of node and reference looks: shape, words and line say what it is; colour only repeats it.

use refroots_core::{RootKind, ViewEdge, ViewNode};

use crate::colour::{self, Colour};

/// The outline of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outline {
    /// Rounded corners: an object.
    Rounded,
    /// A sheet with a corner turned down: a dict of names.
    Note,
    /// A folder with its tab: a module.
    Tab,
    /// A bar on either side, as flow charts draw a call: a running frame.
    Bars,
    /// Corners cut off: what the interpreter holds.
    Octagon,
    /// Corners cut off, drawn twice: a type that is compiled in.
    DoubleOctagon,
    /// Pointed sides: held from outside.
    Hexagon,
    /// A stroke across each corner: garbage.
    CrossedCorners,
}

impl Outline {
    /// The same outline among Graphviz's shapes, and its word among the styles.
    pub(crate) fn in_dot(self) -> (&'static str, &'static str) {
        match self {
            Self::Rounded => ("box", "rounded,filled"),
            Self::Note => ("note", "filled"),
            Self::Tab => ("tab", "filled"),
            Self::Bars => ("component", "filled"),
            Self::Octagon => ("octagon", "filled"),
            Self::DoubleOctagon => ("doubleoctagon", "filled"),
            Self::Hexagon => ("hexagon", "filled"),
            Self::CrossedCorners => ("box", "diagonals,filled"),
        }
    }

    /// What stands around a text in Mermaid for the outline that is nearest to it.
    pub(crate) fn in_mermaid(self) -> [&'static str; 2] {
        match self {
            Self::Rounded | Self::CrossedCorners => ["(", ")"],
            Self::Note | Self::Tab => ["[", "]"],
            Self::Bars => ["[[", "]]"],
            Self::Octagon | Self::DoubleOctagon => ["[/", "\\]"],
            Self::Hexagon => ["{{", "}}"],
        }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    Solid,
    /// What was left out.
    Dashed,
    /// A weak reference.
    Dotted,
}

/// The looks of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// The node's class in SVG, after `node`.
    pub(crate) class: &'static str,
    pub(crate) outline: Outline,
    pub(crate) fill: Colour,
    pub(crate) stroke: Colour,
    pub(crate) stroke_width: f64,
}

/// The looks of an arrow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArrowStyle {
    /// The arrow's class in SVG.
    pub(crate) class: &'static str,
    pub(crate) stroke: Stroke,
    pub(crate) colour: Colour,
    pub(crate) width: f64,
    /// Whether its head is filled; that of a reference on a cycle is not.
    pub(crate) is_head_filled: bool,
}

/// How the box of what was left out looks.
pub(crate) const CUT: Style =
    Style { class: "cut", outline: Outline::Rounded, fill: colour::BACKGROUND, stroke: colour::LINE_INK, stroke_width: 1.0 };

/// How the arrow to what was left out looks.
pub(crate) const CUT_ARROW: ArrowStyle =
    ArrowStyle { class: "cut", stroke: Stroke::Dashed, colour: colour::LINE_INK, width: 1.2, is_head_filled: true };

/// Fills of ordinary objects: the nearer to the start, the stronger.
const DEPTHS: [Colour; 4] = [colour::NEAR_FILL, colour::FAR_FILL, colour::FARTHER_FILL, colour::BACKGROUND];

/// How a node looks.
pub(crate) fn of(shown: &ViewNode) -> Style {
    let (class, outline, fill, stroke) = match shown.root.as_ref().map(|root| root.kind) {
        None => {
            let step = (shown.depth.max(1) as usize - 1).min(DEPTHS.len() - 1);
            let (class, outline) = if shown.is_namespace { ("namespace", Outline::Note) } else { ("object", Outline::Rounded) };
            (class, outline, DEPTHS[step], colour::OBJECT_STROKE)
        }
        Some(RootKind::Module) => ("module", Outline::Tab, colour::MODULE_FILL, colour::MODULE_STROKE),
        Some(RootKind::Frame) => ("frame", Outline::Bars, colour::FRAME_FILL, colour::FRAME_STROKE),
        Some(RootKind::Interpreter) => ("interpreter", Outline::Octagon, colour::INTERPRETER_FILL, colour::INTERPRETER_STROKE),
        Some(RootKind::Static) => ("static", Outline::DoubleOctagon, colour::INTERPRETER_FILL, colour::INTERPRETER_STROKE),
        Some(RootKind::External) => ("external", Outline::Hexagon, colour::EXTERNAL_FILL, colour::EXTERNAL_STROKE),
        Some(RootKind::Garbage) => ("garbage", Outline::CrossedCorners, colour::GARBAGE_FILL, colour::GARBAGE_STROKE),
    };
    let mut style = Style { class, outline, fill, stroke, stroke_width: 1.2 };
    if shown.is_on_chain {
        style.stroke = colour::CHAIN_INK;
        style.stroke_width = 2.2;
    }
    if shown.is_start {
        style.fill = colour::START_FILL;
        style.stroke = colour::START_INK;
        style.stroke_width = 3.0;
    }
    style
}

/// How a reference looks.
pub(crate) fn of_reference(shown: &ViewEdge, is_on_cycle: bool) -> ArrowStyle {
    if shown.is_weak {
        return ArrowStyle {
            class: "edge weak",
            stroke: Stroke::Dotted,
            colour: colour::LINE_INK,
            width: 1.4,
            is_head_filled: true,
        };
    }
    let (class, colour, width) = match (shown.is_on_chain, is_on_cycle) {
        (true, false) => ("edge chain", colour::CHAIN_INK, 2.6),
        (true, true) => ("edge chain cycle", colour::CHAIN_INK, 2.6),
        (false, true) => ("edge cycle", colour::CYCLE_INK, 1.4),
        (false, false) => ("edge", colour::LINE_INK, 1.2),
    };
    ArrowStyle { class, stroke: Stroke::Solid, colour, width, is_head_filled: !is_on_cycle }
}
