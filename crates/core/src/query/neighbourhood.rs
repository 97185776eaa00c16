//! The objects around some objects: who refers to them, or what they refer to, up to a depth.

use std::collections::VecDeque;

use hashbrown::HashMap;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use rustc_hash::FxBuildHasher;

use super::chain::{held_from_outside, view_node};
use crate::wording::grouped;
use crate::{EdgeKind, HeapGraph, NodeId, Question, Reference, RootKind, Values, View, ViewEdge, ViewRoot, Wording};

/// What to show around the start nodes.
#[derive(Clone, Copy)]
pub struct Neighbourhood<'a> {
    /// [`Direction::Incoming`]: referrers; [`Direction::Outgoing`]: referents.
    pub direction: Direction,
    /// How many steps to go.
    pub depth: u32,
    /// How many neighbours of one node to show.
    pub too_many: usize,
    /// Which nodes to show; start nodes always are.
    pub filter: Option<&'a dyn Fn(NodeId) -> bool>,
    /// What the words may say.
    pub values: Values,
}

/// Parallel references between two nodes that are drawn each; the rest are counted.
const PARALLEL: usize = 5;

/// Gathers the neighbourhood of `starts`, breadth first.
///
/// Nodes that end a search are shown but not followed: modules, frames and other roots among
/// referrers; modules, classes and functions among referents, which lead to most of the heap.
/// A function's hold on its module's globals is counted and not drawn where anything else holds
/// them. Cost: the references of each node that is followed.
pub fn neighbourhood(graph: &HeapGraph, starts: &[NodeId], what: &Neighbourhood<'_>) -> View {
    let mut search = Search {
        graph,
        what,
        wording: Wording::new(graph, what.values),
        view: View::new(question(what.direction), title(graph, starts, what)),
        places: HashMap::default(),
    };
    let mut queue = VecDeque::new();
    for &start in starts {
        if !search.places.contains_key(&start) {
            let place = search.show(start, 0);
            search.view.graph[place].is_start = true;
            queue.push_back(start);
        }
    }
    while let Some(node) = queue.pop_front() {
        let place = search.places[&node];
        if search.view.graph[place].depth < what.depth && search.is_followed(node, place) {
            search.expand(node, place, &mut queue);
        }
    }
    search.count_beyond();
    search.view
}

struct Search<'a> {
    graph: &'a HeapGraph,
    what: &'a Neighbourhood<'a>,
    wording: Wording<'a>,
    view: View,
    places: HashMap<NodeId, NodeIndex, FxBuildHasher>,
}

impl Search<'_> {
    fn show(&mut self, node: NodeId, depth: u32) -> NodeIndex {
        let shown = view_node(self.graph, &self.wording, node, depth);
        let place = self.view.graph.add_node(shown);
        self.places.insert(node, place);
        place
    }

    fn is_followed(&self, node: NodeId, place: NodeIndex) -> bool {
        if self.view.graph[place].is_start {
            return true;
        }
        match self.what.direction {
            Direction::Incoming => self.graph.root(node).is_none_or(|root| root.kind == RootKind::Static),
            Direction::Outgoing => !self.ends_referents(node),
        }
    }

    fn ends_referents(&self, node: NodeId) -> bool {
        let is_definition = self.graph.definition(node).is_some();
        is_definition && self.graph.type_qualname(self.graph.type_of(node)) != "frame"
    }

    /// Each neighbour once, those that say most first.
    fn neighbours(&self, node: NodeId) -> Vec<NodeId> {
        let graph = self.graph;
        let mut seen: HashMap<NodeId, (), FxBuildHasher> = HashMap::default();
        let mut ranked: Vec<(u8, NodeId)> = Vec::new();
        let candidates: Box<dyn Iterator<Item = (u8, NodeId)>> = match self.what.direction {
            Direction::Incoming => {
                Box::new(graph.distinct_referrers(node).map(|source| (self.rank_of_referrer(source, node), source)))
            }
            Direction::Outgoing => Box::new(
                graph
                    .references_from(node)
                    .filter(|reference| !is_said_already(graph, *reference))
                    .map(|reference| (0, reference.target)),
            ),
        };
        for (rank, other) in candidates {
            if self.is_shown(other) && seen.insert(other, ()).is_none() {
                ranked.push((rank, other));
            }
        }
        ranked.sort_by_key(|&(rank, _)| rank);
        ranked.into_iter().map(|(_, other)| other).collect()
    }

    fn is_shown(&self, node: NodeId) -> bool {
        self.graph.is_shown(node) && self.what.filter.is_none_or(|filter| filter(node))
    }

    /// 0 for the owner of a namespace and for roots, 2 for holders of whole namespaces that every
    /// function is, 1 for the rest. Only the owner's first references are looked at: fields of
    /// built-in types stand first.
    fn rank_of_referrer(&self, source: NodeId, target: NodeId) -> u8 {
        let first = self.graph.references_from(source).take(8).find(|reference| reference.target == target);
        match first.and_then(|reference| reference.text(self.graph)) {
            Some("__globals__" | "__builtins__" | "f_globals" | "f_builtins") => NOISE,
            Some("__dict__") => 0,
            _ => u8::from(self.graph.root(source).is_none()),
        }
    }

    fn expand(&mut self, node: NodeId, place: NodeIndex, queue: &mut VecDeque<NodeId>) {
        let neighbours = self.neighbours(node);
        let mut telling = neighbours.len();
        if self.what.direction == Direction::Incoming {
            telling = neighbours.iter().take_while(|&&other| self.rank_of_referrer(other, node) < NOISE).count();
            self.say_what_holds_from_outside(node, place, neighbours.is_empty());
        }
        if telling == 0 {
            telling = neighbours.len();
        }
        let shown = telling.min(self.what.too_many);
        self.view.graph[place].cut = (telling - shown) as u64;
        self.view.graph[place].functions = (neighbours.len() - telling) as u64;
        let depth = self.view.graph[place].depth + 1;
        for &other in &neighbours[..shown] {
            let other_place = match self.places.get(&other) {
                Some(&known) => known,
                None => {
                    queue.push_back(other);
                    self.show(other, depth)
                }
            };
            match self.what.direction {
                Direction::Incoming => self.connect(other, other_place, node, place),
                Direction::Outgoing => self.connect(node, place, other, other_place),
            }
        }
    }

    /// A node that nothing in the graph holds has its root outside, or none.
    fn say_what_holds_from_outside(&mut self, node: NodeId, place: NodeIndex, is_alone: bool) {
        if !is_alone || self.view.graph[place].root.is_some() {
            return;
        }
        if let Some(count) = self.graph.external(node).filter(|&count| count > 0) {
            self.view.graph[place].root = Some(ViewRoot { kind: RootKind::External, text: held_from_outside(count) });
        }
    }

    /// Adds the references from `source` to `target`.
    fn connect(&mut self, source: NodeId, source_place: NodeIndex, target: NodeId, target_place: NodeIndex) {
        let is_drawn =
            |reference: &Reference| self.what.direction == Direction::Incoming || !is_said_already(self.graph, *reference);
        let references = self.graph.references_between(source, target).filter(is_drawn);
        let mut count = 0;
        for reference in references {
            count += 1;
            if count <= PARALLEL {
                let name = self.wording.reference(reference);
                self.view.graph.add_edge(
                    source_place,
                    target_place,
                    ViewEdge { kind: reference.kind, name, ..ViewEdge::default() },
                );
            }
        }
        if count > PARALLEL {
            let name = format!("and {} more", grouped((count - PARALLEL) as u64));
            self.view.graph.add_edge(
                source_place,
                target_place,
                ViewEdge { kind: EdgeKind::Unnamed, name, ..ViewEdge::default() },
            );
        }
    }

    /// Counts, for each node that was not followed, the neighbours that are not in the picture.
    fn count_beyond(&mut self) {
        for place in self.view.graph.node_indices() {
            let shown = &self.view.graph[place];
            let node = shown.ordinal;
            let followed = shown.depth < self.what.depth && self.is_followed(node, place);
            // What is above a root does not matter, and a definition leads everywhere.
            let ends = !self.is_followed(node, place);
            if !followed && !ends {
                let beyond = self.neighbours(node).into_iter().filter(|other| !self.places.contains_key(other)).count();
                self.view.graph[place].beyond = beyond as u64;
            }
        }
    }
}

const NOISE: u8 = 2;

/// An object's hold on its class, and a dict's on a key that is an atom: the node says its type, and
/// the reference to the value says the key.
fn is_said_already(graph: &HeapGraph, reference: Reference) -> bool {
    match reference.kind {
        EdgeKind::Special => reference.text(graph) == Some("__class__"),
        EdgeKind::Key => graph.has_value(reference.target),
        _ => false,
    }
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
    match what.direction {
        Direction::Incoming => format!("What refers to {subject}, {levels}"),
        Direction::Outgoing if starts.len() > 1 => format!("What {subject} refer to, {levels}"),
        Direction::Outgoing => format!("What {subject} refers to, {levels}"),
    }
}

#[cfg(test)]
mod tests {
    use petgraph::visit::EdgeRef;

    use super::*;
    use crate::sketch;

    fn look(graph: &HeapGraph, start: u32, direction: Direction, depth: u32, too_many: usize) -> View {
        let what = Neighbourhood { direction, depth, too_many, filter: None, values: Values::Short };
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
        let what =
            Neighbourhood { direction: Direction::Incoming, depth: 3, too_many: 10, filter: Some(&none), values: Values::Short };
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
}
