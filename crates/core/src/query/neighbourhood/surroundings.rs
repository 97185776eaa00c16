//! What is around some objects in both directions and far: what an interactive page lets its reader walk through.

use std::collections::VecDeque;

use hashbrown::hash_map::Entry;
use hashbrown::{HashMap, HashSet};
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use rustc_hash::FxBuildHasher;

use super::Neighbourhood;
use super::gather::{NOISE, Neighbour, Search};
use super::said::is_said_already;
use super::worded::{EVERY, PARALLEL, view_size};
use crate::query::chain::{Chain, held_from_outside, view_node};
use crate::query::dominators::Dominators;
use crate::query::paths::{WhyOptions, why};
use crate::wording::grouped;
use crate::{
    EdgeId, EdgeKind, HeapGraph, NodeId, Question, Reference, ReferenceCounts, RootKind, TypeId, Values, View, ViewEdge,
    ViewNode, ViewRoot, Wording,
};

/// What to gather around the start nodes.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// What was asked about them: it is the view's question, and says which chains begin with what.
    pub question: Question,
    /// Which nodes to gather; start nodes always are.
    pub filter: Option<&'a dyn Fn(NodeId) -> bool>,
    /// What the words may say.
    pub values: Values,
    /// Where retained sizes come from, if objects are to say them.
    pub dominators: Option<&'a Dominators>,
}

impl Surroundings<'_> {
    /// Everything, with short values and without retained sizes.
    pub fn new(question: Question) -> Self {
        Self { question, filter: None, values: Values::Short, dominators: None }
    }
}

/// Objects that are gathered.
const MOST: usize = 20_000;
/// Objects of one type that are gathered at one object in one direction; the others are counted.
const ALIKE: usize = 100;
/// Boxes at one object in one direction that stand for what was counted.
const RESTS: usize = 20;
/// Start nodes whose chains to a root are marked.
const CHAINS: usize = 12;
/// Times that the search turns: from holders to what else they hold, and from what is held to what else holds it.
const TURNS: usize = 2;

/// Gathers up to 20,000 objects around `starts`: the chains that hold them, then all that leads to them, then all
/// that they lead to, then what is beside these; breadth first.
///
/// Of neighbours of one type beyond a hundred, nodes with a count stand for the rest, exactly. A namespace is
/// one with its object. Every reference between two gathered objects is there, with its name, five at most between
/// the same two. Searches end where those of [`neighbourhood`](super::neighbourhood) do. Cost: the
/// references of each object that is followed, and those of its referrers.
pub fn surroundings(graph: &HeapGraph, starts: &[NodeId], what: &Surroundings<'_>) -> View {
    let around = Neighbourhood { filter: what.filter, values: what.values, ..Neighbourhood::new(Direction::Incoming) };
    let chains: Vec<Chain> = starts.iter().take(CHAINS).map(|&start| why(graph, start, &WhyOptions::default())).collect();
    let met: HashSet<NodeId, FxBuildHasher> = chains.iter().flat_map(nodes_of).collect();
    let mut wide = Wide::new(graph, Search::new(graph, starts, &around, &met));
    wide.place_chains(&chains);
    wide.spread(starts.len());
    let title = title(graph, starts, what.question);
    let mut view = View::new(what.question, title);
    let wording = Wording::new(graph, what.values);
    wide.word_nodes(&wording, what.dominators, &mut view);
    for chain in &chains {
        if let Some(place) = wide.shown_place(chain.first) {
            let first = &mut view.graph[NodeIndex::new(place as usize)];
            first.root = Some(ViewRoot { kind: chain.root, text: chain.root_text(graph, what.values) });
        }
        for place in nodes_of(chain).filter_map(|node| wide.shown_place(node)) {
            view.graph[NodeIndex::new(place as usize)].is_on_chain = true;
        }
    }
    let on_chain = chains.iter().flat_map(|chain| &chain.references).map(|reference| reference.edge).collect();
    wide.word_references(&wording, &on_chain, &mut view);
    wide.count_others();
    wide.word_rests(&wording, &mut view);
    view
}

fn nodes_of(chain: &Chain) -> impl Iterator<Item = NodeId> + '_ {
    std::iter::once(chain.first).chain(chain.references.iter().map(|reference| reference.target))
}

fn title(graph: &HeapGraph, starts: &[NodeId], question: Question) -> String {
    let (subject, is_one) = match starts {
        [one] => (format!("{} #{}", graph.type_name(graph.type_of(*one)), one.0), true),
        many => (format!("{} objects", grouped(many.len() as u64)), false),
    };
    match (question, is_one) {
        (Question::Referrers, _) => format!("What refers to {subject}"),
        (Question::Referents, true) => format!("What {subject} refers to"),
        (Question::Referents, false) => format!("What {subject} refer to"),
        (Question::Chain, true) => format!("Why {subject} is alive"),
        (Question::Chain, false) => format!("Why {subject} are alive"),
        (Question::Dominated, _) => format!("What {subject} alone keeps alive"),
    }
}

/// Neighbours of one object that are not gathered but counted: those of one type, held or holding in one way.
struct Rest {
    place: u32,
    direction: Direction,
    first: NodeId,
    reference: Reference,
    /// Whether all are called as the first is.
    is_alike: bool,
    count: u64,
    size: u64,
}

/// What was counted at one object in one direction.
type Counted = HashMap<(TypeId, EdgeKind), Rest, FxBuildHasher>;

struct Wide<'a> {
    graph: &'a HeapGraph,
    search: Search<'a>,
    /// Places whose referrers were followed, and those whose referents were.
    followed: [HashSet<u32, FxBuildHasher>; 2],
    functions: HashMap<u32, u64, FxBuildHasher>,
    alone: Vec<u32>,
    /// Referrers that were met and not gathered, by place.
    others: Vec<(u32, Vec<Neighbour>)>,
    rests: Vec<Rest>,
    /// Neighbours that no rest stands for, by place.
    cut: HashMap<u32, u64, FxBuildHasher>,
}

impl<'a> Wide<'a> {
    fn new(graph: &'a HeapGraph, search: Search<'a>) -> Self {
        Self {
            graph,
            search,
            followed: Default::default(),
            functions: HashMap::default(),
            alone: Vec::new(),
            others: Vec::new(),
            rests: Vec::new(),
            cut: HashMap::default(),
        }
    }

    fn count(&self) -> usize {
        self.search.gathered().nodes.len()
    }

    fn place_chains(&mut self, chains: &[Chain]) {
        for chain in chains {
            for (steps, node) in (0..=chain.references.len() as u32).rev().zip(nodes_of(chain)) {
                let shown = self.search.owner(node).unwrap_or(node);
                self.search.place(shown, steps);
            }
        }
    }

    /// The place where a node is shown: its own, or that of the object whose namespace it is.
    fn shown_place(&mut self, node: NodeId) -> Option<u32> {
        self.search.place_of(node).or_else(|| self.search.owner(node).and_then(|owner| self.search.place_of(owner)))
    }

    fn spread(&mut self, starts: usize) {
        let all: Vec<u32> = (0..self.count() as u32).collect();
        self.follow_all(all, Direction::Incoming, MOST / 2);
        self.follow_all((0..starts as u32).collect(), Direction::Outgoing, MOST * 3 / 4);
        for _ in 0..TURNS {
            for place in 0..self.count() as u32 {
                self.follow(place, Direction::Outgoing, MOST);
                self.follow(place, Direction::Incoming, MOST);
            }
        }
    }

    /// Follows one direction, breadth first.
    fn follow_all(&mut self, first: Vec<u32>, direction: Direction, most: usize) {
        let mut waiting = VecDeque::from(first);
        while let Some(place) = waiting.pop_front() {
            waiting.extend(self.follow(place, direction, most));
        }
    }

    /// Gathers the neighbours of a place in a direction, and gives the places of those that are new.
    fn follow(&mut self, place: u32, direction: Direction, most: usize) -> Vec<u32> {
        let mut new = Vec::new();
        if self.count() >= most || !self.search.leads_on(place, direction) || !self.followed[direction.index()].insert(place) {
            return new;
        }
        let mut neighbours = self.search.neighbours_in(place, direction);
        if direction == Direction::Incoming {
            if neighbours.is_empty() {
                self.alone.push(place);
            }
            let noise = neighbours.iter().filter(|neighbour| neighbour.rank == NOISE).count();
            if noise > 0 && noise < neighbours.len() {
                neighbours.truncate(neighbours.len() - noise);
                self.functions.insert(place, noise as u64);
            }
        }
        let depth = self.search.gathered().depths[place as usize] + 1;
        let mut of_type: HashMap<TypeId, usize, FxBuildHasher> = HashMap::default();
        let mut others = Vec::new();
        for neighbour in neighbours {
            if self.search.place_of(neighbour.shown).is_some() {
                continue;
            }
            let alike = of_type.entry(self.graph.type_of(neighbour.shown)).or_default();
            if *alike < ALIKE && self.count() < most {
                *alike += 1;
                new.push(self.search.place(neighbour.shown, depth));
            } else if direction == Direction::Incoming {
                // What is held is found again when the references of its holder are looked through.
                others.push(neighbour);
            }
        }
        if !others.is_empty() {
            self.others.push((place, others));
        }
        new
    }

    /// Counts the referrers that were not gathered, neither at once nor by another way.
    fn count_others(&mut self) {
        for (place, others) in std::mem::take(&mut self.others) {
            let node = self.search.gathered().nodes[place as usize];
            let mut counted = Counted::default();
            let mut seen: HashSet<NodeId, FxBuildHasher> = HashSet::default();
            for Neighbour { shown, holder, .. } in others {
                if self.search.place_of(shown).is_none()
                    && seen.insert(shown)
                    && let Some(reference) = self.graph.references_between(holder, node).next()
                {
                    self.count_rest(&mut counted, place, Direction::Incoming, shown, reference);
                }
            }
            self.keep(place, counted);
        }
    }

    fn count_rest(&self, counted: &mut Counted, place: u32, direction: Direction, shown: NodeId, reference: Reference) {
        let size = view_size(self.graph, shown);
        match counted.entry((self.graph.type_of(shown), reference.kind)) {
            Entry::Occupied(mut known) => {
                let rest = known.get_mut();
                rest.count += 1;
                rest.size += size;
                rest.is_alike &= rest.reference.name == reference.name;
            }
            Entry::Vacant(free) => {
                free.insert(Rest { place, direction, first: shown, reference, is_alike: true, count: 1, size });
            }
        }
    }

    fn keep(&mut self, place: u32, counted: Counted) {
        let mut rests: Vec<Rest> = counted.into_values().collect();
        rests.sort_by_key(|rest| (std::cmp::Reverse(rest.count), rest.first, rest.reference.edge));
        let left_out: u64 = rests.iter().skip(RESTS).map(|rest| rest.count).sum();
        if left_out > 0 {
            *self.cut.entry(place).or_default() += left_out;
        }
        rests.truncate(RESTS);
        self.rests.extend(rests);
    }

    /// The namespace that is drawn as one with a node.
    fn namespace(&mut self, node: NodeId) -> Option<NodeId> {
        // Fields of built-in types stand first.
        let named = self.graph.references_from(node).take(8).find(|reference| reference.text(self.graph) == Some("__dict__"))?;
        (self.search.owner(named.target) == Some(node)).then_some(named.target)
    }

    fn word_nodes(&mut self, wording: &Wording<'_>, dominators: Option<&Dominators>, view: &mut View) {
        let graph = self.graph;
        for place in 0..self.count() as u32 {
            let node = self.search.gathered().nodes[place as usize];
            let mut shown = view_node(graph, wording, node, self.search.gathered().depths[place as usize]);
            shown.is_start = self.search.is_start(place);
            shown.retained = dominators.map(|dominators| dominators.retained(node));
            let of_namespace = self.namespace(node).map_or(0, |namespace| graph.referents(namespace).len() as u64);
            let from_it = graph.referents(node).len() as u64 + of_namespace;
            shown.references = Some(ReferenceCounts { to_it: graph.referrers(node).len() as u64, from_it });
            shown.functions = self.functions.get(&place).copied().unwrap_or_default();
            view.graph.add_node(shown);
        }
        for &place in &self.alone {
            let node = self.search.gathered().nodes[place as usize];
            let shown = &mut view.graph[NodeIndex::new(place as usize)];
            if let Some(count) = graph.external(node).filter(|&count| count > 0 && shown.root.is_none()) {
                shown.root = Some(ViewRoot { kind: RootKind::External, text: held_from_outside(count) });
            }
        }
    }

    /// Words all references between gathered objects, and counts what their holders hold besides.
    fn word_references(&mut self, wording: &Wording<'_>, on_chain: &HashSet<EdgeId, FxBuildHasher>, view: &mut View) {
        for place in 0..self.count() as u32 {
            let node = self.search.gathered().nodes[place as usize];
            let mut held = Held { is_followed: self.followed[Direction::Outgoing.index()].contains(&place), ..Held::default() };
            let namespace = self.namespace(node);
            self.look_through(place, node, namespace, wording, on_chain, &mut held);
            if let Some(namespace) = namespace {
                self.look_through(place, namespace, None, wording, on_chain, &mut held);
            }
            for target in held.order {
                let (named, more) = held.named.remove(&target).unwrap_or_default();
                let ends = (NodeIndex::new(place as usize), NodeIndex::new(target as usize));
                for edge in named {
                    view.graph.add_edge(ends.0, ends.1, edge);
                }
                if more > 0 {
                    let name = format!("and {} more", grouped(more));
                    view.graph.add_edge(ends.0, ends.1, ViewEdge { name, folded: more - 1, ..ViewEdge::default() });
                }
            }
            self.keep(place, held.counted);
        }
    }

    fn look_through(
        &mut self,
        place: u32,
        holder: NodeId,
        namespace: Option<NodeId>,
        wording: &Wording<'_>,
        on_chain: &HashSet<EdgeId, FxBuildHasher>,
        held: &mut Held,
    ) {
        let graph = self.graph;
        // Keys that may not be said are called by their places, which are counted on the way.
        let mut of_kind = [0_u32; EdgeKind::ALL.len()];
        for reference in graph.references_from(holder) {
            of_kind[reference.kind as usize] += 1;
            let is_own = namespace == Some(reference.target) && reference.text(graph) == Some("__dict__");
            if is_own || is_said_already(graph, reference) {
                continue;
            }
            let Some(target) = self.shown_place(reference.target) else {
                let is_counted = held.is_followed && self.search.is_shown(reference.target) && held.seen.insert(reference.target);
                if is_counted {
                    self.count_rest(&mut held.counted, place, Direction::Outgoing, reference.target, reference);
                }
                continue;
            };
            if self.functions.contains_key(&target) && is_lookup(graph, reference) {
                continue;
            }
            let is_on_chain = on_chain.contains(&reference.edge);
            let (named, more) = held.named.entry(target).or_insert_with(|| {
                held.order.push(target);
                Default::default()
            });
            if named.len() < PARALLEL || is_on_chain {
                let name = wording.words(wording.said(reference, || of_kind[reference.kind as usize]));
                named.push(ViewEdge { kind: reference.kind, name, is_on_chain, ..ViewEdge::default() });
            } else {
                *more += 1;
            }
        }
    }

    fn word_rests(&self, wording: &Wording<'_>, view: &mut View) {
        for rest in &self.rests {
            let depth = self.search.gathered().depths[rest.place as usize] + 1;
            let mut shown = view_node(self.graph, wording, rest.first, depth);
            if rest.count > 1 {
                shown = ViewNode { folded: rest.count - 1, size: rest.size, text: String::new(), root: None, ..shown };
            }
            let is_by_place = matches!(rest.reference.kind, EdgeKind::Index | EdgeKind::Item | EdgeKind::Constant);
            let name = match (rest.is_alike, is_by_place) {
                (true, _) if rest.count == 1 || !is_by_place => wording.reference(rest.reference),
                (_, true) => EVERY.to_owned(),
                (_, false) => String::new(),
            };
            let edge = ViewEdge { kind: rest.reference.kind, name, folded: rest.count - 1, ..ViewEdge::default() };
            let (known, rest_index) = (NodeIndex::new(rest.place as usize), view.graph.add_node(shown));
            match rest.direction {
                Direction::Incoming => view.graph.add_edge(rest_index, known, edge),
                Direction::Outgoing => view.graph.add_edge(known, rest_index, edge),
            };
        }
        for (&place, &count) in &self.cut {
            view.graph[NodeIndex::new(place as usize)].cut = count;
        }
    }
}

/// What one object holds: references to gathered objects by their places in the order in which they were met, with how
/// many more there are, and what was counted.
#[derive(Default)]
struct Held {
    order: Vec<u32>,
    named: HashMap<u32, (Vec<ViewEdge>, u64), FxBuildHasher>,
    is_followed: bool,
    seen: HashSet<NodeId, FxBuildHasher>,
    counted: Counted,
}

/// A function's or a frame's hold on the namespaces that it looks names up in.
fn is_lookup(graph: &HeapGraph, reference: Reference) -> bool {
    matches!(reference.text(graph), Some("__globals__" | "__builtins__" | "f_globals" | "f_builtins"))
}

#[cfg(test)]
mod tests;
