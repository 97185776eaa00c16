//! Where boxes and arrows of given sizes go: which engine decides, and what it answers.

mod bends;
mod combs;
mod crossings;
mod dagre;
mod detours;
mod graphviz;
mod labels;
mod orient;
mod shelves;

use crate::{EngineChoice, Error};

/// A point; y grows downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Width and height.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Size {
    pub(crate) w: f64,
    pub(crate) h: f64,
}

/// What is to be laid out.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) boxes: Vec<Size>,
    /// For each box the rank that it belongs on: small above, large below.
    pub(crate) levels: Vec<i64>,
    pub(crate) arrows: Vec<Arrow>,
    /// How many of the boxes, the last ones, are met by arrows only in the middle of the upper or lower side.
    pub(crate) railed: usize,
}

impl Plan {
    fn is_railed(&self, at: usize) -> bool {
        at >= self.boxes.len() - self.railed
    }

    fn without_labels(&self) -> Self {
        let arrows = self.arrows.iter().map(|arrow| Arrow { label: None, ..*arrow }).collect();
        Self { boxes: self.boxes.clone(), levels: self.levels.clone(), arrows, railed: self.railed }
    }
}

/// One arrow between two boxes.
#[derive(Clone, Debug)]
pub(crate) struct Arrow {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) label: Option<Size>,
    /// Whether `to` must stand below `from`.
    pub(crate) sets_rank: bool,
}

/// Where everything is.
#[derive(Debug, Default)]
pub(crate) struct Geometry {
    pub(crate) size: Size,
    /// The centre of each box.
    pub(crate) centres: Vec<Point>,
    /// For each arrow a chain of cubic Bézier curves, from one box's border to the other's: a
    /// point, then three for each curve.
    pub(crate) curves: Vec<Vec<Point>>,
    /// The centre of each arrow's label.
    pub(crate) labels: Vec<Option<Point>>,
}

/// Lays out plans whose arrows all point down.
trait Engine: Sync {
    fn name(&self) -> &'static str;
    /// The geometry, in any frame; else why there is none.
    fn lay_out(&self, plan: &Plan, told: Told) -> Result<Geometry, String>;
    /// Whether the order in which it is told the boxes decides what stands beside what.
    fn minds_order(&self) -> bool {
        false
    }
}

/// The order in which an engine is told the boxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Forwards,
    Backwards,
}

/// A layout, and how it was come by.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) geometry: Geometry,
    /// The engine's name; with a note where another one failed first.
    pub(crate) engine: String,
}

/// What is done with a plan of some size. The order is that of preference.
struct Policy {
    nodes: usize,
    edges: usize,
    engine: &'static dyn Engine,
}

/// Up to how many nodes and edges which engine is asked. The size alone decides, never the clock,
/// so that the same graph gives the same picture.
const POLICY: &[Policy] = &[
    #[cfg(feature = "graphviz-pure")]
    Policy { nodes: 2_000, edges: 10_000, engine: &graphviz::GraphvizPure },
    Policy { nodes: 50_000, edges: 200_000, engine: &dagre::Dugong },
];

/// Up to how many edges the engine makes room for their names, and up to how many where there are few for each
/// node; beyond, that room is what takes the time (60 nodes with 3,540 edges: 20 s instead of 0.3), and names are
/// put on the arrows.
const ROOMY: usize = 700;
const ROOMY_IF_SPARSE: usize = 3_000;

/// Up to how many nodes, and edges for each, both orders are tried, at the same time. What an engine makes of them may
/// have half the crossings of the other, and neither is always better.
const BOTH_ORDERS: usize = 250;
const SPARSE: usize = 4;
/// Of this part of the crossings a difference is marked: one in so many.
const MARKED: usize = 10;

fn is_worth_both_orders(nodes: usize, edges: usize) -> bool {
    nodes <= BOTH_ORDERS && edges <= SPARSE * nodes + 30
}

fn is_roomy(nodes: usize, edges: usize) -> bool {
    edges <= ROOMY || (edges <= ROOMY_IF_SPARSE && edges <= 2 * nodes)
}

/// Whether edges between nodes of one level set no ranks: they would spread a level over many.
/// In a small graph that is worth the time.
fn is_dense(nodes: usize, edges: usize) -> bool {
    edges > 8 * nodes || (edges > ROOMY && edges > 2 * nodes)
}

fn engines(nodes: usize, edges: usize) -> impl Iterator<Item = &'static dyn Engine> {
    POLICY.iter().filter(move |policy| nodes <= policy.nodes && edges <= policy.edges).map(|policy| policy.engine)
}

/// Lays a plan out.
pub(crate) fn lay_out(plan: Plan, choice: EngineChoice) -> Result<Layout, Error> {
    match choice {
        EngineChoice::BySize => lay_out_by(plan, engines),
        EngineChoice::Dot(run) => {
            let own_dot = graphviz::OwnDot(run);
            lay_out_by(plan, |_, _| std::iter::once(&own_dot as &dyn Engine))
        }
    }
}

/// Lays a plan out with the first engine that can, of those for a number of nodes and of edges.
fn lay_out_by<'a, Engines: Iterator<Item = &'a dyn Engine>>(
    mut plan: Plan,
    engines: impl Fn(usize, usize) -> Engines,
) -> Result<Layout, Error> {
    let (nodes, edges) = (plan.boxes.len(), plan.arrows.len());
    let flipped = orient::point_down(&mut plan);
    let mut combed = combs::gather(&plan);
    let told = (combed.plan.boxes.len(), combed.plan.arrows.len());
    if is_dense(told.0, told.1) {
        orient::level_ranks(&mut combed.plan);
    }
    let bare;
    let question = if is_roomy(told.0, told.1) {
        &combed.plan
    } else {
        bare = combed.plan.without_labels();
        &bare
    };
    let mut failures = Vec::new();
    for engine in engines(told.0, told.1) {
        match best_of_both(engine, question) {
            Ok(geometry) => {
                let mut geometry = combed.spread(geometry, &plan);
                for (curve, _) in geometry.curves.iter_mut().zip(&flipped).filter(|(_, flipped)| **flipped) {
                    curve.reverse();
                }
                detours::lead_around(&mut geometry, &plan);
                labels::put_on_arrows(&mut geometry, &plan);
                labels::move_to_arrows(&mut geometry, &plan);
                labels::part(&mut geometry, &plan);
                shelves::put_on_shelves(&mut geometry, &plan);
                move_to_origin(&mut geometry, &plan);
                let note = failures.iter().map(|failure| format!(" ({failure})")).collect::<String>();
                return Ok(Layout { geometry, engine: format!("{}{note}", engine.name()) });
            }
            Err(problem) => failures.push(format!("{} failed: {problem}", engine.name())),
        }
    }
    if failures.is_empty() { Err(Error::TooLarge { nodes, edges }) } else { Err(Error::Layout(failures.join("; "))) }
}

/// What the engine makes of a plan; of a small one, told in both orders, the better one.
fn best_of_both(engine: &dyn Engine, plan: &Plan) -> Result<Geometry, String> {
    let checked = |told: Told| on_a_large_stack(engine, plan, told).and_then(|geometry| checked(geometry, plan));
    if !engine.minds_order() || !is_worth_both_orders(plan.boxes.len(), plan.arrows.len()) {
        return checked(Told::Forwards);
    }
    let (forwards, backwards) = std::thread::scope(|scope| {
        let backwards = std::thread::Builder::new().spawn_scoped(scope, || checked(Told::Backwards));
        let forwards = checked(Told::Forwards);
        // The same picture comes of the same view: where no thread could be started it is made here.
        (forwards, backwards.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| checked(Told::Backwards)))
    });
    match (forwards, backwards) {
        (Ok(forwards), Ok(backwards)) => Ok(if is_better(&backwards, &forwards) { backwards } else { forwards }),
        (forwards, backwards) => forwards.or(backwards),
    }
}

/// Whether a geometry has markedly fewer crossings than another, or about as many on less room.
fn is_better(one: &Geometry, other: &Geometry) -> bool {
    let [own, others] = [one, other].map(|geometry| crossings::crossings(&geometry.curves));
    if own.abs_diff(others) * MARKED > own.max(others) { own < others } else { room(one) < room(other) }
}

/// The area of what is drawn.
fn room(geometry: &Geometry) -> f64 {
    let span = |pick: fn(&Point) -> f64| {
        let values = || geometry.centres.iter().chain(geometry.curves.iter().flatten()).map(pick);
        values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
    };
    span(|point| point.x) * span(|point| point.y)
}

/// The engines recurse: on a stack of their own, and with their panics caught.
fn on_a_large_stack(engine: &dyn Engine, plan: &Plan, told: Told) -> Result<Geometry, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, || engine.lay_out(plan, told));
        match thread {
            Ok(thread) => thread.join().unwrap_or_else(|_| Err("it panicked".to_owned())),
            Err(problem) => {
                Err(format!("no thread could be started for it, {problem}: see `ulimit -u`, or save text, DOT or JSON"))
            }
        }
    })
}

/// Refuses a geometry that leaves something out.
fn checked(geometry: Geometry, plan: &Plan) -> Result<Geometry, String> {
    let is_complete = geometry.centres.len() == plan.boxes.len()
        && geometry.curves.len() == plan.arrows.len()
        && geometry.labels.len() == plan.arrows.len()
        && geometry.curves.iter().all(|curve| curve.len() > 3 && curve.len() % 3 == 1)
        && geometry.labels.iter().zip(&plan.arrows).all(|(label, arrow)| label.is_some() == arrow.label.is_some());
    let mut points = geometry.centres.iter().chain(geometry.curves.iter().flatten()).chain(geometry.labels.iter().flatten());
    if is_complete && points.all(|point| point.x.is_finite() && point.y.is_finite()) {
        Ok(geometry)
    } else {
        Err("its geometry is incomplete".to_owned())
    }
}

/// Moves everything so that it begins at the origin, and measures the canvas.
fn move_to_origin(geometry: &mut Geometry, plan: &Plan) {
    let mut low = Point { x: f64::INFINITY, y: f64::INFINITY };
    let mut high = Point { x: f64::NEG_INFINITY, y: f64::NEG_INFINITY };
    let mut cover = |centre: Point, size: Size| {
        low = Point { x: low.x.min(centre.x - size.w / 2.0), y: low.y.min(centre.y - size.h / 2.0) };
        high = Point { x: high.x.max(centre.x + size.w / 2.0), y: high.y.max(centre.y + size.h / 2.0) };
    };
    for (&centre, &size) in geometry.centres.iter().zip(&plan.boxes) {
        cover(centre, size);
    }
    for (label, arrow) in geometry.labels.iter().zip(&plan.arrows) {
        if let (Some(centre), Some(size)) = (label, arrow.label) {
            cover(*centre, size);
        }
    }
    for &point in geometry.curves.iter().flatten() {
        cover(point, Size::default());
    }
    if low.x > high.x {
        return;
    }
    geometry.size = Size { w: high.x - low.x, h: high.y - low.y };
    let everything =
        geometry.centres.iter_mut().chain(geometry.curves.iter_mut().flatten()).chain(geometry.labels.iter_mut().flatten());
    for point in everything {
        point.x -= low.x;
        point.y -= low.y;
    }
}

#[cfg(test)]
mod tests;
