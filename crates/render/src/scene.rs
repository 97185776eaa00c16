//! A picture as shapes and words with places and colours, before any format.

use refroots_core::petgraph::graph::EdgeIndex;
use refroots_core::petgraph::visit::EdgeRef;
use refroots_core::{Question, View};

use crate::colour::{self, Colour};
use crate::curve::{Head, cut_for_head};
use crate::cycles::on_cycle;
use crate::layout::{self, Arrow, Plan, Point, Size};
use crate::legend::{self, Entry};
use crate::measure::width;
use crate::shape::{self, Shape};
use crate::style::{self, ArrowStyle};
use crate::{Drawing, Error, label};

/// Everything that a picture shows, in the order of painting: arrows, then nodes, then the legend.
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
    pub(crate) legend: Vec<Entry>,
}

/// One arrow.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) tooltip: String,
    /// A chain of cubic Bézier curves.
    pub(crate) curve: Vec<Point>,
    pub(crate) head: Head,
    pub(crate) style: ArrowStyle,
    /// Its name, and the room behind it.
    pub(crate) label: Option<(Text, Size)>,
}

impl Line {
    /// Draws the arrow along a curve, with its head at the curve's end.
    pub(crate) fn follow(&mut self, curve: Vec<Point>) {
        self.curve = curve;
        self.head = cut_for_head(&mut self.curve, self.style.width);
    }
}

/// One line of text.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// The middle of the baseline, or its beginning where the text is `from_left`.
    pub(crate) at: Point,
    pub(crate) words: String,
    pub(crate) font_size: f64,
    pub(crate) ink: Colour,
    pub(crate) is_strong: bool,
    pub(crate) from_left: bool,
}

impl Text {
    /// A text around a point that is not known yet.
    pub(crate) fn centred(words: String, font_size: f64, ink: Colour) -> Self {
        Self { at: Point::default(), words, font_size, ink, is_strong: false, from_left: false }
    }

    /// A text that begins at a point.
    pub(crate) fn from_left(at: Point, words: String, font_size: f64, ink: Colour) -> Self {
        Self { at, from_left: true, ..Self::centred(words, font_size, ink) }
    }
}

const MARGIN: f64 = 18.0;
const TITLE_SIZE: f64 = 15.0;
const TITLE_ROOM: f64 = 34.0;
pub(crate) const TEXT_SIZE: f64 = 12.0;
pub(crate) const SMALL_SIZE: f64 = 10.5;
const NAME_SIZE: f64 = 11.5;
const NAME_PADDING: Size = Size { w: 8.0, h: 3.0 };
const LINE_HEIGHT: f64 = 1.25;
/// Room for the line that says where the heap came from, below the picture.
const STAMP_ROOM: f64 = 24.0;
/// Room between a picture and its legend.
const LEGEND_GAP: f64 = 20.0;

/// Lays a view out and colours it.
pub(crate) fn build(view: &View, drawing: &Drawing) -> Result<Scene, Error> {
    let mut nodes: Vec<Shape> = view.graph.node_indices().map(|index| shape::node(view, index)).collect();
    let mut levels: Vec<i64> = view.graph.node_weights().map(|shown| level(view.question, shown.depth.into())).collect();
    let is_on_cycle = on_cycle(view);
    let mut arrows: Vec<Line> =
        view.graph.edge_references().map(|edge| arrow(view, edge.id(), is_on_cycle[edge.id().index()])).collect();
    let mut ends: Vec<(usize, usize)> =
        view.graph.edge_references().map(|edge| (edge.source().index(), edge.target().index())).collect();
    for index in view.graph.node_indices() {
        if let Some(words) = view.cut_text(index) {
            let stub = nodes.len();
            nodes.push(shape::cut(index.index(), words));
            levels.push(level(view.question, i64::from(view.graph[index].depth) + 1));
            arrows.push(cut_arrow(index.index()));
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
        node.move_to(to_canvas(centre));
    }
    let geometry = laid_out.geometry;
    for ((arrow, curve), label) in arrows.iter_mut().zip(geometry.curves).zip(geometry.labels) {
        arrow.follow(curve.into_iter().map(to_canvas).collect());
        if let (Some((text, _)), Some(centre)) = (&mut arrow.label, label) {
            let centre = to_canvas(centre);
            text.at = Point { x: centre.x, y: centre.y + text.font_size * 0.36 };
        }
    }
    Ok(scene(view, drawing, geometry.size, &laid_out.engine, nodes, arrows))
}

/// The rank of a depth: referrers stand above what they refer to.
fn level(question: Question, depth: i64) -> i64 {
    if question == Question::Referrers { -depth } else { depth }
}

fn scene(view: &View, drawing: &Drawing, room: Size, engine: &str, nodes: Vec<Shape>, arrows: Vec<Line>) -> Scene {
    let title = label::title(view);
    let (objects, references) = (view.graph.node_count(), view.graph.edge_count());
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let weak = if view.graph.edge_weights().any(|edge| edge.is_weak) { "; a dotted one keeps nothing alive" } else { "" };
    let description = format!(
        "{title}. {objects} object{} and {references} reference{}; an arrow points from an object to one that it keeps alive{weak}. \
         Laid out by {engine}.",
        plural(objects),
        plural(references),
    );
    let at = Point { x: MARGIN, y: MARGIN + TITLE_SIZE * 0.8 };
    let heading = Text { is_strong: true, ..Text::from_left(at, title.clone(), TITLE_SIZE, colour::INK) };
    let mut inner = Size { w: room.w.max(width(&title, TITLE_SIZE)), h: room.h + TITLE_ROOM };
    let mut captions = vec![heading];
    let stamp = label::stamp(view);
    if !stamp.is_empty() {
        let at = Point { x: MARGIN, y: MARGIN + inner.h + STAMP_ROOM };
        inner = Size { w: inner.w.max(width(&stamp, SMALL_SIZE)), h: inner.h + STAMP_ROOM };
        captions.push(Text::from_left(at, stamp, SMALL_SIZE, colour::FAINT_INK));
    }
    if nodes.is_empty() {
        let at = Point { x: MARGIN, y: MARGIN + TITLE_ROOM + TEXT_SIZE * 0.6 };
        captions.push(Text::from_left(at, "nothing to show".to_owned(), TEXT_SIZE, colour::FAINT_INK));
        inner.h += TEXT_SIZE;
    }
    let mut legend = Vec::new();
    if drawing.legend && !nodes.is_empty() {
        let corner = Point { x: MARGIN, y: MARGIN + inner.h + LEGEND_GAP };
        let (entries, taken) = legend::lay_out(view, corner, inner.w);
        inner = Size { w: inner.w.max(taken.w), h: inner.h + LEGEND_GAP + taken.h };
        legend = entries;
    }
    let size = Size { w: (inner.w + 2.0 * MARGIN).ceil(), h: (inner.h + 2.0 * MARGIN).ceil() };
    Scene { size, title, description, captions, arrows, nodes, legend }
}

fn arrow(view: &View, index: EdgeIndex, is_on_cycle: bool) -> Line {
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
        (Text::centred(name, NAME_SIZE, colour::NAME_INK), room)
    });
    Line { label, ..bare_arrow(format!("e{}", index.index()), tooltip, style::of_reference(&view.graph[index], is_on_cycle)) }
}

fn cut_arrow(of: usize) -> Line {
    bare_arrow(format!("cut{of}-line"), "left out of this picture".to_owned(), style::CUT_ARROW)
}

/// An arrow without a name, somewhere.
pub(crate) fn bare_arrow(id: String, tooltip: String, style: ArrowStyle) -> Line {
    Line { id, tooltip, curve: Vec::new(), head: Head::default(), style, label: None }
}
