//! A picture as shapes and words with places and colours, before any format.

use refroots_core::petgraph::graph::{EdgeIndex, NodeIndex};
use refroots_core::petgraph::visit::EdgeRef;
use refroots_core::{Question, View};

use crate::curve::cut_for_head;
use crate::label::{self, Words};
use crate::layout::{self, Arrow, Plan, Point, Size};
use crate::measure::width;
use crate::style::{self, FAINT_INK, INK, Outline, Style};
use crate::{Drawing, Error};

/// Everything that a picture shows, in the order of painting: arrows, then nodes.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) size: Size,
    pub(crate) title: String,
    /// What a reader who cannot see the picture is told, and how it was laid out.
    pub(crate) description: String,
    /// Words outside of any box.
    pub(crate) captions: Vec<Text>,
    pub(crate) arrows: Vec<Line>,
    pub(crate) nodes: Vec<Shape>,
}

/// One node.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) id: String,
    pub(crate) class: String,
    pub(crate) tooltip: String,
    pub(crate) outline: Outline,
    pub(crate) centre: Point,
    pub(crate) size: Size,
    pub(crate) fill: &'static str,
    pub(crate) stroke: &'static str,
    pub(crate) stroke_width: f64,
    pub(crate) is_dashed: bool,
    pub(crate) texts: Vec<Text>,
}

/// One arrow.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) tooltip: String,
    /// A chain of cubic Bézier curves.
    pub(crate) curve: Vec<Point>,
    /// The corners of its head.
    pub(crate) head: [Point; 3],
    pub(crate) is_dashed: bool,
    /// Its name, and the room behind it.
    pub(crate) label: Option<(Text, Size)>,
}

/// One line of text.
#[derive(Debug)]
pub(crate) struct Text {
    /// The middle of the baseline, or its beginning where the text is `from_left`.
    pub(crate) at: Point,
    pub(crate) words: String,
    pub(crate) font_size: f64,
    pub(crate) ink: &'static str,
    pub(crate) is_strong: bool,
    pub(crate) from_left: bool,
}

const MARGIN: f64 = 18.0;
const TITLE_SIZE: f64 = 15.0;
const TITLE_ROOM: f64 = 34.0;
const HEADING_SIZE: f64 = 13.0;
const TEXT_SIZE: f64 = 12.0;
const SMALL_SIZE: f64 = 10.5;
const NAME_SIZE: f64 = 11.5;
const NAME_PADDING: Size = Size { w: 10.0, h: 4.0 };
const LINE_HEIGHT: f64 = 1.36;
const PADDING: Size = Size { w: 24.0, h: 14.0 };

/// Lays a view out and colours it.
pub(crate) fn build(view: &View, drawing: &Drawing) -> Result<Scene, Error> {
    let mut nodes: Vec<Shape> = view.graph.node_indices().map(|index| node_shape(view, index)).collect();
    let mut levels: Vec<i64> = view.graph.node_weights().map(|shown| level(view.question, shown.depth.into())).collect();
    let mut arrows: Vec<Line> = view.graph.edge_references().map(|edge| arrow(view, edge.id())).collect();
    let mut ends: Vec<(usize, usize)> =
        view.graph.edge_references().map(|edge| (edge.source().index(), edge.target().index())).collect();
    for index in view.graph.node_indices() {
        if let Some(words) = view.cut_text(index) {
            let stub = nodes.len();
            nodes.push(stub_shape(index.index(), words));
            levels.push(level(view.question, i64::from(view.graph[index].depth) + 1));
            arrows.push(stub_arrow(index.index()));
            ends.push(if matches!(view.question, Question::Referents | Question::Dominated) {
                (index.index(), stub)
            } else {
                (stub, index.index())
            });
        }
    }
    let plan = Plan {
        boxes: nodes.iter().map(|node| node.size).collect(),
        levels,
        arrows: (arrows.iter().zip(ends))
            .map(|(arrow, (from, to))| Arrow { from, to, label: arrow.label.as_ref().map(|(_, room)| *room), sets_rank: true })
            .collect(),
        railed: 0,
    };
    let laid_out = layout::lay_out(plan, drawing.engine)?;
    let to_canvas = |point: Point| Point { x: point.x + MARGIN, y: point.y + MARGIN + TITLE_ROOM };
    for (node, &centre) in nodes.iter_mut().zip(&laid_out.geometry.centres) {
        node.centre = to_canvas(centre);
        stack(&mut node.texts, node.centre, node.outline);
    }
    let geometry = laid_out.geometry;
    for ((arrow, curve), label) in arrows.iter_mut().zip(geometry.curves).zip(geometry.labels) {
        arrow.curve = curve.into_iter().map(to_canvas).collect();
        arrow.head = cut_for_head(&mut arrow.curve);
        if let (Some((text, _)), Some(centre)) = (&mut arrow.label, label) {
            let centre = to_canvas(centre);
            text.at = Point { x: centre.x, y: centre.y + text.font_size * 0.36 };
        }
    }
    Ok(scene(view, geometry.size, &laid_out.engine, nodes, arrows))
}

/// The rank of a depth: referrers stand above what they refer to.
fn level(question: Question, depth: i64) -> i64 {
    if question == Question::Referrers { -depth } else { depth }
}

fn scene(view: &View, room: Size, engine: &str, nodes: Vec<Shape>, arrows: Vec<Line>) -> Scene {
    let title = label::title(view);
    let (objects, references) = (view.graph.node_count(), view.graph.edge_count());
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let description = format!(
        "{title}. {objects} object{} and {references} reference{}; an arrow points from an object to one that it keeps alive. \
         Laid out by {engine}.",
        plural(objects),
        plural(references),
    );
    let heading = Text {
        is_strong: true,
        from_left: true,
        at: Point { x: MARGIN, y: MARGIN + TITLE_SIZE * 0.8 },
        ..text(title.clone(), TITLE_SIZE, INK)
    };
    let mut size = Size { w: room.w.max(width(&title, TITLE_SIZE)) + 2.0 * MARGIN, h: room.h + TITLE_ROOM + 2.0 * MARGIN };
    let mut captions = vec![heading];
    if nodes.is_empty() {
        let at = Point { x: MARGIN, y: MARGIN + TITLE_ROOM + TEXT_SIZE * 0.6 };
        captions.push(Text { from_left: true, at, ..text("nothing to show".to_owned(), TEXT_SIZE, FAINT_INK) });
        size.h += TEXT_SIZE;
    }
    Scene { size: Size { w: size.w.ceil(), h: size.h.ceil() }, title, description, captions, arrows, nodes }
}

fn text(words: String, font_size: f64, ink: &'static str) -> Text {
    Text { at: Point::default(), words, font_size, ink, is_strong: false, from_left: false }
}

fn node_shape(view: &View, index: NodeIndex) -> Shape {
    let shown = &view.graph[index];
    let words = label::node(view, index);
    let heading = label::heading(shown, &words);
    let Words { text: second, root, beyond, .. } = words;
    let Style { class, outline, is_dashed, fill, stroke, stroke_width, .. } = style::of(shown);
    let marker = if shown.is_start { label::START.to_owned() } else { String::new() };
    let mut texts = vec![
        text(marker, SMALL_SIZE, style::START_INK),
        Text { is_strong: true, ..text(heading, HEADING_SIZE, INK) },
        text(second, TEXT_SIZE, INK),
        text(root, SMALL_SIZE, FAINT_INK),
        text(beyond, SMALL_SIZE, FAINT_INK),
    ];
    texts.retain(|text| !text.words.is_empty());
    Shape {
        id: format!("n{}", index.index()),
        class: format!("node {class}{}", if shown.is_start { " start" } else { "" }),
        tooltip: label::tooltip(shown),
        outline,
        centre: Point::default(),
        size: room_for(&texts, outline),
        fill,
        stroke,
        stroke_width,
        is_dashed,
        texts,
    }
}

fn stub_shape(of: usize, words: String) -> Shape {
    let texts = vec![text(words.clone(), SMALL_SIZE, FAINT_INK)];
    Shape {
        id: format!("cut{of}"),
        class: "cut".to_owned(),
        tooltip: format!("{words}, left out of this picture"),
        outline: Outline::Rounded,
        centre: Point::default(),
        size: room_for(&texts, Outline::Rounded),
        fill: "#ffffff",
        stroke: style::LINE_INK,
        stroke_width: 1.0,
        is_dashed: true,
        texts,
    }
}

/// The size of a box around lines of text; whole points, so that every engine agrees.
fn room_for(texts: &[Text], outline: Outline) -> Size {
    let widest = texts.iter().map(|text| width(&text.words, text.font_size)).fold(0.0, f64::max);
    let height: f64 = texts.iter().map(|text| text.font_size * LINE_HEIGHT).sum();
    let (more_w, more_h) = match outline {
        Outline::Rounded => (0.0, 0.0),
        Outline::Tab => (0.0, TAB_HEIGHT),
        Outline::Bars => (12.0, 0.0),
        Outline::Octagon => (8.0, 2.0),
        Outline::Hexagon => (20.0, 4.0),
    };
    Size { w: (widest + PADDING.w + more_w).ceil(), h: (height + PADDING.h + more_h).ceil() }
}

/// How high a module's tab stands over its folder.
pub(crate) const TAB_HEIGHT: f64 = 6.0;

/// Stacks lines of text in the middle of their box.
fn stack(texts: &mut [Text], centre: Point, outline: Outline) {
    let height: f64 = texts.iter().map(|text| text.font_size * LINE_HEIGHT).sum();
    let below_tab = if outline == Outline::Tab { TAB_HEIGHT / 2.0 } else { 0.0 };
    let mut top = centre.y - height / 2.0 + below_tab;
    for text in texts {
        let line = text.font_size * LINE_HEIGHT;
        text.at = Point { x: centre.x, y: top + line / 2.0 + text.font_size * 0.36 };
        top += line;
    }
}

fn arrow(view: &View, index: EdgeIndex) -> Line {
    let name = label::edge(&view.graph[index]);
    let tooltip = match view.graph.edge_endpoints(index) {
        Some((from, to)) => {
            let said = if name.is_empty() { "unnamed reference" } else { name.as_str() };
            format!("{}: {said} → {}", label::line(view, from, false), label::line(view, to, false))
        }
        None => name.clone(),
    };
    let label = (!name.is_empty()).then(|| {
        let room =
            Size { w: (width(&name, NAME_SIZE) + NAME_PADDING.w).ceil(), h: (NAME_SIZE * LINE_HEIGHT + NAME_PADDING.h).ceil() };
        (text(name, NAME_SIZE, style::NAME_INK), room)
    });
    Line { id: format!("e{}", index.index()), tooltip, curve: Vec::new(), head: Default::default(), is_dashed: false, label }
}

fn stub_arrow(of: usize) -> Line {
    Line {
        id: format!("cut{of}-line"),
        tooltip: "left out of this picture".to_owned(),
        curve: Vec::new(),
        head: Default::default(),
        is_dashed: true,
        label: None,
    }
}
