//! The boxes of a picture: which lines of text stand in them, and how large that makes them.

use refroots_core::View;
use refroots_core::petgraph::graph::NodeIndex;

use crate::colour::{self, Colour};
use crate::label::{self, Words};
use crate::layout::{Point, Size};
use crate::measure::width;
use crate::outline::TAB_HEIGHT;
use crate::scene::{SMALL_SIZE, TEXT_SIZE, Text};
use crate::style::{self, Outline, Stroke, Style};

/// One node.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) id: String,
    pub(crate) class: String,
    pub(crate) tooltip: String,
    pub(crate) outline: Outline,
    pub(crate) centre: Point,
    /// The size of all that is drawn, of a stack with the box behind.
    pub(crate) size: Size,
    pub(crate) fill: Colour,
    pub(crate) border: Colour,
    pub(crate) border_width: f64,
    pub(crate) stroke: Stroke,
    /// Whether a second box looks out from behind it: several objects.
    pub(crate) is_stack: bool,
    pub(crate) texts: Vec<Text>,
}

const HEADING_SIZE: f64 = 13.0;
const LINE_HEIGHT: f64 = 1.25;
const PADDING: Size = Size { w: 18.0, h: 10.0 };
/// How far the second box of a stack looks out.
const BEHIND: f64 = 5.0;

impl Shape {
    /// The boxes that are drawn, the one behind first.
    pub(crate) fn boxes(&self) -> impl Iterator<Item = (Point, Size)> {
        let behind = if self.is_stack { BEHIND } else { 0.0 };
        let size = Size { w: self.size.w - behind, h: self.size.h - behind };
        let moved = move |by: f64| Point { x: self.centre.x + by, y: self.centre.y + by };
        let back = self.is_stack.then(|| (moved(behind / 2.0), size));
        back.into_iter().chain(std::iter::once((moved(-behind / 2.0), size)))
    }

    /// Puts the box somewhere, and its lines of text one below the other into its middle.
    pub(crate) fn move_to(&mut self, centre: Point) {
        self.centre = centre;
        let Some((middle, _)) = self.boxes().last() else { return };
        let height: f64 = self.texts.iter().map(|text| text.font_size * LINE_HEIGHT).sum();
        let below_tab = if self.outline == Outline::Tab { TAB_HEIGHT / 2.0 } else { 0.0 };
        let mut top = middle.y - height / 2.0 + below_tab;
        for text in &mut self.texts {
            let line = text.font_size * LINE_HEIGHT;
            text.at = Point { x: middle.x, y: top + line / 2.0 + text.font_size * 0.36 };
            top += line;
        }
    }

    /// A box without words, as large as is asked for.
    pub(crate) fn bare(style: Style, is_stack: bool, size: Size) -> Self {
        let Style { class, outline, fill, stroke, stroke_width, .. } = style;
        Self {
            id: String::new(),
            class: format!("node {class}"),
            tooltip: String::new(),
            outline,
            centre: Point::default(),
            size,
            fill,
            border: stroke,
            border_width: stroke_width,
            stroke: Stroke::Solid,
            is_stack,
            texts: Vec::new(),
        }
    }
}

/// The box of a node, somewhere.
pub(crate) fn node(view: &View, index: NodeIndex) -> Shape {
    let shown = &view.graph[index];
    let words = label::node(view, index);
    let heading = label::heading(shown, &words);
    let Words { text, root, sizes, address, beyond, .. } = words;
    let marker = if shown.is_start { label::START.to_owned() } else { String::new() };
    let mut texts = vec![
        Text::centred(marker, SMALL_SIZE, colour::START_INK),
        Text { is_strong: true, ..Text::centred(heading, HEADING_SIZE, colour::INK) },
        Text::centred(text, TEXT_SIZE, colour::INK),
        Text::centred(root, SMALL_SIZE, colour::FAINT_INK),
        Text::centred(sizes, SMALL_SIZE, colour::INK),
        Text::centred(address, SMALL_SIZE, colour::FAINT_INK),
        Text::centred(beyond, SMALL_SIZE, colour::FAINT_INK),
    ];
    texts.retain(|text| !text.words.is_empty());
    let (style, is_stack) = (style::of(shown), shown.folded > 0);
    let size = room_for(&texts, style.outline, is_stack);
    let bare = Shape::bare(style, is_stack, size);
    let class = format!("{}{}", bare.class, if shown.is_start { " start" } else { "" });
    Shape { id: format!("n{}", index.index()), class, tooltip: label::tooltip(shown), texts, ..bare }
}

/// The box that says what was cut at a node, somewhere.
pub(crate) fn cut(of: usize, words: String) -> Shape {
    let texts = vec![Text::centred(words.clone(), SMALL_SIZE, colour::FAINT_INK)];
    let tooltip = format!("{words}, left out of this picture");
    Shape { id: format!("cut{of}"), tooltip, texts: texts.clone(), ..bare_cut(room_for(&texts, Outline::Rounded, false)) }
}

/// A box for what was cut, without words.
pub(crate) fn bare_cut(size: Size) -> Shape {
    Shape { class: "cut".to_owned(), stroke: Stroke::Dashed, ..Shape::bare(style::CUT, false, size) }
}

/// The size of a box around lines of text; whole points, so that every engine agrees.
fn room_for(texts: &[Text], outline: Outline, is_stack: bool) -> Size {
    let widest = texts.iter().map(|text| width(&text.words, text.font_size)).fold(0.0, f64::max);
    let height: f64 = texts.iter().map(|text| text.font_size * LINE_HEIGHT).sum();
    let (more_w, more_h) = match outline {
        Outline::Rounded => (0.0, 0.0),
        Outline::Note => (6.0, 0.0),
        Outline::CrossedCorners => (8.0, 0.0),
        Outline::Tab => (0.0, TAB_HEIGHT),
        Outline::Bars => (12.0, 0.0),
        Outline::Octagon => (8.0, 2.0),
        Outline::DoubleOctagon => (14.0, 8.0),
        Outline::Hexagon => (20.0, 4.0),
    };
    let behind = if is_stack { BEHIND } else { 0.0 };
    Size { w: (widest + PADDING.w + more_w + behind).ceil(), h: (height + PADDING.h + more_h + behind).ceil() }
}
