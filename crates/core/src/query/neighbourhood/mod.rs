//! The objects around some objects: who refers to them, or what they refer to, up to a depth.

mod fold;
mod gather;
mod said;
mod surroundings;
mod worded;

pub use surroundings::{Surroundings, surroundings};

use hashbrown::HashSet;
use petgraph::Direction;
use rustc_hash::FxBuildHasher;

use super::dominators::Dominators;
use super::paths::{WhyOptions, why};
use super::weak;
use crate::wording::grouped;
use crate::{EdgeId, HeapGraph, NodeId, Question, Values, View};

/// What to show around the start nodes.
#[derive(Clone, Copy)]
pub struct Neighbourhood<'a> {
    /// [`Direction::Incoming`]: referrers; [`Direction::Outgoing`]: referents.
    pub direction: Direction,
    /// How many steps to go.
    pub depth: u32,
    /// How many neighbours of one node to show; all, where it says nothing.
    pub too_many: Option<usize>,
    /// Whether objects that are alike in type, place and structure are drawn as one, and a namespace as one with the object whose
    /// it is.
    pub folds: bool,
    /// Whether weak references are followed like others, and drawn as weak.
    pub weak: bool,
    /// Which nodes to show; start nodes always are.
    pub filter: Option<&'a dyn Fn(NodeId) -> bool>,
    /// What the words may say.
    pub values: Values,
    /// The graph's dominators, where boxes say what they retain: those of several objects, what these retain together.
    /// O(objects).
    pub dominators: Option<&'a Dominators>,
}

impl Neighbourhood<'_> {
    /// Three steps in a direction, folded, with short values.
    pub fn new(direction: Direction) -> Self {
        let values = Values::Short;
        Self { direction, depth: 3, too_many: None, folds: true, weak: false, filter: None, values, dominators: None }
    }
}

/// Nodes of a folded picture.
const MOST: usize = 60;

/// Gathers the neighbourhood of `starts`, breadth first, and folds it into a picture of about sixty nodes.
///
/// Nodes that end a search are shown but not followed: modules, frames and other roots among
/// referrers; modules, classes and functions among referents, which lead to most of the heap.
/// A function's hold on its module's globals is counted and not drawn where anything else holds
/// them. Where objects are folded they are counted exactly. Among referrers the chain that keeps the first start node
/// alive is marked as far as it is in the picture, never folded and never left out; searching it is one [`why`]. Cost:
/// the references of each node that is followed and those of its referrers, at most a million nodes.
pub fn neighbourhood(graph: &HeapGraph, starts: &[NodeId], what: &Neighbourhood<'_>) -> View {
    let (mut chain, mut on_chain) = (HashSet::default(), HashSet::default());
    if let (Direction::Incoming, Some(&first)) = (what.direction, starts.first()) {
        (chain, on_chain) = held_by(graph, first);
    }
    let mut search = gather::gather(graph, starts, what, &chain);
    let gathered = search.gathered();
    let classes = if what.folds {
        let is_alone = |place: u32| search.is_start(place) || chain.contains(&gathered.nodes[place as usize]);
        fold::fold(graph, gathered, MOST, is_alone)
    } else {
        fold::Classes::single(gathered.nodes.len())
    };
    worded::view(graph, what, &mut search, &classes, &on_chain)
}

/// The objects and the references of the chain that keeps a node alive.
fn held_by(graph: &HeapGraph, node: NodeId) -> (HashSet<NodeId, FxBuildHasher>, HashSet<EdgeId, FxBuildHasher>) {
    let chain = why(graph, node, &WhyOptions::default());
    let nodes = std::iter::once(chain.first).chain(chain.references.iter().map(|reference| reference.target));
    (nodes.collect(), chain.references.iter().map(|reference| reference.edge).collect())
}

fn question(direction: Direction) -> Question {
    match direction {
        Direction::Incoming => Question::Referrers,
        Direction::Outgoing => Question::Referents,
    }
}

fn title(graph: &HeapGraph, starts: &[NodeId], what: &Neighbourhood<'_>) -> String {
    let subject = match starts {
        [] => "nothing".to_owned(),
        [one] => format!("{} #{}", graph.type_name(graph.type_of(*one)), one.0),
        many => format!("{} objects", grouped(many.len() as u64)),
    };
    let levels = if what.depth == 1 { "1 level".to_owned() } else { format!("{} levels", what.depth) };
    let weak = match what.weak {
        false => "",
        true if weak::is_known(graph) => ", weak references too",
        true => ", weak references unknown",
    };
    match what.direction {
        Direction::Incoming => format!("What refers to {subject}, {levels}{weak}"),
        Direction::Outgoing if starts.len() > 1 => format!("What {subject} refer to, {levels}{weak}"),
        Direction::Outgoing => format!("What {subject} refers to, {levels}{weak}"),
    }
}

#[cfg(test)]
mod tests {
    use petgraph::graph::NodeIndex;
    use petgraph::visit::EdgeRef;

    use super::*;
    use crate::query::dominators::dominators;
    use crate::sketch;

    fn look(graph: &HeapGraph, start: u32, direction: Direction, depth: u32, too_many: usize) -> View {
        let what = Neighbourhood { depth, too_many: Some(too_many), folds: false, ..Neighbourhood::new(direction) };
        neighbourhood(graph, &[NodeId(start)], &what)
    }

    fn edges(view: &View) -> Vec<String> {
        let node = |index: NodeIndex| format!("{}#{}", view.graph[index].type_name, view.graph[index].ordinal.0);
        view.graph.edge_references().map(|e| format!("{} {} {}", node(e.source()), e.weight().name, node(e.target()))).collect()
    }

    const HELD: &str = "foo: app.Foo
        list: list
        list -> foo [0]
        list -> foo [1]
        d: dict
        d -> list [k]
        d -> k key
        k: str 'k'
        module: module 'app' root
        module -> names .__dict__
        names: dict namespace
        names -> d .CACHE
        f: function 'app.f'
        f -> names .__globals__
        above: dict
        above -> module [k]";

    #[test]
    fn referrers_lead_to_the_module_and_end_there() {
        let graph = sketch::parse(HELD).unwrap();
        let view = look(&graph, 0, Direction::Incoming, 9, 10);
        assert_eq!(
            edges(&view),
            ["list#1 [0] Foo#0", "list#1 [1] Foo#0", "dict#2 ['k'] list#1", "dict#5 .CACHE dict#2", "module#4 .__dict__ dict#5"]
        );
        let names = view.graph.node_weights().find(|node| node.ordinal == NodeId(5)).unwrap();
        assert_eq!((names.cut, names.functions), (0, 1), "the function's hold on its globals is counted");
        let module = view.graph.node_weights().find(|node| node.ordinal == NodeId(4)).unwrap();
        assert_eq!((module.depth, module.beyond), (4, 0), "what holds a root does not matter");
    }

    #[test]
    fn referents_say_keys_once() {
        let graph = sketch::parse(HELD).unwrap();
        let view = look(&graph, 2, Direction::Outgoing, 1, 10);
        assert_eq!(edges(&view), ["dict#2 ['k'] list#1"]);
        assert_eq!(view.graph[NodeIndex::new(1)].beyond, 1);
    }

    #[test]
    fn depth_ends_and_too_many_cuts() {
        let mut text = String::from("hub: app.Hub\n");
        for i in 0..37 {
            text += &format!("l{i}: list\nl{i} -> hub [0]\ntop{i}: dict\ntop{i} -> l{i} [hub]\n");
        }
        let graph = sketch::parse(&text).unwrap();
        let view = look(&graph, 0, Direction::Incoming, 1, 10);
        assert_eq!(view.graph.node_count(), 11);
        assert_eq!(view.cut_text(NodeIndex::new(0)).as_deref(), Some("27 more referrers"));
        assert!(view.graph.node_weights().skip(1).all(|node| node.beyond == 1));
    }

    #[test]
    fn a_filter_spares_the_start_nodes_and_the_internal_are_never_shown() {
        let graph = sketch::parse("foo: app.Foo\na: list\na -> foo [0]\nown: list internal\nown -> foo [0]").unwrap();
        let none = |_| false;
        let what = Neighbourhood { filter: Some(&none), ..Neighbourhood::new(Direction::Incoming) };
        assert_eq!(neighbourhood(&graph, &[NodeId(0)], &what).graph.node_count(), 1);
        let what = Neighbourhood { filter: None, ..what };
        assert_eq!(edges(&neighbourhood(&graph, &[NodeId(0)], &what)), ["list#1 [0] Foo#0"]);
    }

    #[test]
    fn parallel_references_are_counted_after_five() {
        let mut text = String::from("l: list\nfoo: app.Foo\n");
        for i in 0..1000 {
            text += &format!("l -> foo [{i}]\n");
        }
        let graph = sketch::parse(&text).unwrap();
        let view = look(&graph, 0, Direction::Outgoing, 3, 10);
        assert_eq!(edges(&view).len(), 6);
        assert_eq!(edges(&view)[5], "list#0 and 995 more Foo#1");
    }

    fn folded(text: &str, start: u32, direction: Direction, depth: u32) -> View {
        let graph = sketch::parse(text).unwrap();
        neighbourhood(&graph, &[NodeId(start)], &Neighbourhood { depth, ..Neighbourhood::new(direction) })
    }

    #[test]
    fn objects_alike_are_one_with_their_exact_number() {
        let mut text = String::from(
            "hub: app.Hub\napp: module 'app' root\nnames: dict namespace\napp -> names .__dict__\nall: list\nnames -> all .ALL\n",
        );
        for i in 0..9_998 {
            text += &format!("x{i}: app.X\nx{i} -> hub .hub\nall -> x{i} [{i}]\n");
        }
        let view = folded(&text, 0, Direction::Incoming, 4);
        let counts: Vec<(&str, u64)> = view.graph.node_weights().map(|node| (node.type_name.as_str(), node.folded + 1)).collect();
        // One of them is on the chain to the module and is drawn by itself; the module is one with its namespace.
        assert_eq!(counts, [("Hub", 1), ("X", 1), ("X", 9_997), ("list", 1), ("module", 1)]);
        let of = |name: &str| {
            view.graph.edge_weights().filter(|edge| edge.name == name).map(|edge| edge.folded + 1).collect::<Vec<_>>()
        };
        assert_eq!((of(".hub"), of("[*]"), of(".ALL")), (vec![1, 9_997], vec![9_997], vec![1]));
        assert_eq!(view.graph.node_weights().filter(|node| node.is_on_chain).count(), 4);
    }

    #[test]
    fn boxes_say_what_their_objects_retain_together() {
        let mut text = String::from("hub: app.Hub size=1\napp: module 'app' root size=1\nall: list size=1\napp -> all .ALL\n");
        for i in 0..20 {
            text += &format!("x{i}: app.X size=10\nown{i}: list size=100\nx{i} -> own{i} .own\nx{i} -> hub .hub\n");
            text += &format!("all -> x{i} [{i}]\n");
        }
        let graph = sketch::parse(&text).unwrap();
        let dominators = dominators(&graph).unwrap();
        let what = Neighbourhood { dominators: Some(&dominators), ..Neighbourhood::new(Direction::Incoming) };
        let view = neighbourhood(&graph, &[NodeId(0)], &what);
        let said: Vec<_> = view.graph.node_weights().map(|node| (node.type_name.as_str(), node.folded, node.retained)).collect();
        let all = 1 + 1 + 20 * 110;
        let expected = [("Hub", 0, 1), ("X", 0, 110), ("X", 18, 19 * 110), ("list", 0, all), ("module", 0, all + 1)];
        assert_eq!(said, expected.map(|(name, folded, retained)| (name, folded, Some(retained))));
        assert!(look(&graph, 0, Direction::Incoming, 3, 10).graph.node_weights().all(|node| node.retained.is_none()));
    }

    #[test]
    fn few_are_drawn_each_and_many_types_within_sixty() {
        let few: String = (0..4).map(|i| format!("l{i}: list\nl{i} -> hub [0]\n")).collect();
        assert_eq!(folded(&format!("hub: app.Hub\n{few}"), 0, Direction::Incoming, 3).graph.node_count(), 5);
        let many: String = (0..300).map(|i| format!("l{i}: app.T{i}\nl{i} -> hub .x\n")).collect();
        let view = folded(&format!("hub: app.Hub\n{many}"), 0, Direction::Incoming, 3);
        assert_eq!((view.graph.node_count(), view.graph[NodeIndex::new(0)].cut), (60, 241));
    }
}
