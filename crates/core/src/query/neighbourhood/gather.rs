//! The objects around some objects, breadth first, as places and links: what a picture is folded from.

use hashbrown::hash_map::Entry;
use hashbrown::{HashMap, HashSet};
use petgraph::Direction;
use rustc_hash::FxBuildHasher;

use super::Neighbourhood;
use super::said::{is_part_of_class, is_said_already, is_what_runs};
use crate::query::weak;
use crate::{HeapGraph, NodeFlags, NodeId, Reference, RootKind};

/// Objects that are gathered for one picture; neighbours beyond are counted as left out.
const MOST: usize = 1_000_000;

/// What was met, in the order in which it was met.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) nodes: Vec<NodeId>,
    pub(super) depths: Vec<u32>,
    pub(super) links: Vec<Link>,
    /// Neighbours that were left out because there were too many, by place.
    pub(super) cut: HashMap<u32, u64, FxBuildHasher>,
    /// Functions that hold a namespace as their globals, by the namespace's place.
    pub(super) functions: HashMap<u32, u64, FxBuildHasher>,
    /// Places that nothing in the graph refers to.
    pub(super) alone: Vec<u32>,
    /// Places that were not followed because the picture ends there.
    pub(super) ends: Vec<u32>,
}

/// One reference between two places, or a weak one. Its source is the namespace of the object at the place, where
/// that is drawn as one with its object.
#[derive(Clone, Copy)]
pub(super) struct Link {
    pub(super) source: u32,
    pub(super) target: u32,
    /// `None` of a weak one.
    pub(super) reference: Option<Reference>,
}

/// A neighbour: the object that is drawn, and the one that refers (to it, or to which it refers).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Neighbour {
    pub(super) rank: u8,
    pub(super) shown: NodeId,
    pub(super) holder: NodeId,
    pub(super) is_weak: bool,
}

/// An object whose references are links, the place at which it is drawn, and its referents that are meant, with theirs.
struct Holder {
    node: NodeId,
    place: u32,
    meant: Vec<(NodeId, u32)>,
}

/// A search that goes on from level to level.
pub(super) struct Search<'a> {
    graph: &'a HeapGraph,
    what: &'a Neighbourhood<'a>,
    places: HashMap<NodeId, u32, FxBuildHasher>,
    /// The object that a namespace is drawn as one with.
    owners: HashMap<NodeId, Option<NodeId>, FxBuildHasher>,
    /// Nodes of the chain to the root: they are drawn before others.
    chain: &'a HashSet<NodeId, FxBuildHasher>,
    gathered: Gathered,
    starts: usize,
}

/// Gathers what is around `starts`. Cost: the references of each node that is followed, and those of its referrers.
pub(super) fn gather<'a>(
    graph: &'a HeapGraph,
    starts: &[NodeId],
    what: &'a Neighbourhood<'a>,
    chain: &'a HashSet<NodeId, FxBuildHasher>,
) -> Search<'a> {
    let mut search = Search::new(graph, starts, what, chain);
    let mut level_start = 0;
    for depth in 0.. {
        let level_end = search.gathered.nodes.len();
        if level_start == level_end {
            break;
        }
        search.expand(level_start as u32..level_end as u32, depth);
        level_start = level_end;
    }
    search
}

impl<'a> Search<'a> {
    /// A search that has met its start nodes.
    pub(super) fn new(
        graph: &'a HeapGraph,
        starts: &[NodeId],
        what: &'a Neighbourhood<'a>,
        chain: &'a HashSet<NodeId, FxBuildHasher>,
    ) -> Self {
        let (places, owners) = (HashMap::default(), HashMap::default());
        let mut search = Self { graph, what, places, owners, chain, gathered: Gathered::default(), starts: 0 };
        for &start in starts {
            search.place(start, 0);
        }
        search.starts = search.gathered.nodes.len();
        search
    }

    pub(super) fn gathered(&self) -> &Gathered {
        &self.gathered
    }

    /// Where a node stands, if it was met.
    pub(super) fn place_of(&self, node: NodeId) -> Option<u32> {
        self.places.get(&node).copied()
    }

    pub(super) fn is_start(&self, place: u32) -> bool {
        (place as usize) < self.starts
    }

    /// The neighbours of a place that are not among the gathered, each once.
    pub(super) fn beyond(&mut self, place: u32) -> Vec<NodeId> {
        let mut seen: HashSet<NodeId, FxBuildHasher> = HashSet::default();
        let mut beyond: Vec<NodeId> = self.neighbours(place).into_iter().map(|neighbour| neighbour.shown).collect();
        beyond.retain(|node| !self.places.contains_key(node) && seen.insert(*node));
        beyond
    }

    /// The place of a node, which it gets where it has none.
    pub(super) fn place(&mut self, node: NodeId, depth: u32) -> u32 {
        match self.places.entry(node) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                let place = self.gathered.nodes.len() as u32;
                free.insert(place);
                self.gathered.nodes.push(node);
                self.gathered.depths.push(depth);
                place
            }
        }
    }

    /// Whether the neighbours of a place belong into a picture at all: what is above a root does not matter, and a
    /// definition leads everywhere.
    pub(super) fn leads_on(&self, place: u32, direction: Direction) -> bool {
        if self.is_start(place) {
            return true;
        }
        let (graph, node) = (self.graph, self.gathered.nodes[place as usize]);
        match direction {
            Direction::Incoming => graph.root(node).is_none_or(|root| root.kind == RootKind::Static),
            Direction::Outgoing => graph.definition(node).is_none() || graph.type_qualname(graph.type_of(node)) == "frame",
        }
    }

    /// Gathers the neighbours of one level; of the last one, where it is folded, the references to what is there already,
    /// so that nothing seems to be held by nobody.
    fn expand(&mut self, level: std::ops::Range<u32>, depth: u32) {
        let mut holders: Vec<Holder> = Vec::new();
        let mut known: HashMap<NodeId, usize, FxBuildHasher> = HashMap::default();
        for place in level {
            if !self.leads_on(place, self.what.direction) {
                continue;
            }
            let is_end = depth >= self.what.depth;
            if is_end {
                self.gathered.ends.push(place);
                if !self.what.folds {
                    continue;
                }
            }
            let node = self.gathered.nodes[place as usize];
            let neighbours = if is_end { self.gathered_neighbours(place) } else { self.telling(place) };
            for Neighbour { shown, holder, is_weak, .. } in neighbours {
                let other = self.place(shown, depth + 1);
                if is_weak {
                    let (source, target) = if self.is_upwards() { (other, place) } else { (place, other) };
                    self.gathered.links.push(Link { source, target, reference: None });
                    continue;
                }
                let (from, meant) = if self.is_upwards() { (other, (node, place)) } else { (place, (shown, other)) };
                let at = *known.entry(holder).or_insert_with(|| {
                    holders.push(Holder { node: holder, place: from, meant: Vec::new() });
                    holders.len() - 1
                });
                holders[at].meant.push(meant);
            }
        }
        for holder in holders {
            self.link(&holder);
        }
    }

    /// Looks through a holder's references once, however many of them are meant. Names are read of those alone: a
    /// list may have a million others.
    fn link(&mut self, holder: &Holder) {
        let (graph, is_upwards) = (self.graph, self.is_upwards());
        let is_drawn = |reference: &Reference| is_upwards || !is_said_already(graph, *reference);
        let source = holder.place;
        if let [(node, target)] = holder.meant[..] {
            let references = graph.references_between(holder.node, node).filter(is_drawn);
            self.gathered.links.extend(references.map(|reference| Link { source, target, reference: Some(reference) }));
            return;
        }
        let meant: HashMap<u32, u32, FxBuildHasher> = holder.meant.iter().map(|&(node, place)| (node.0, place)).collect();
        for (edge, referent) in graph.edge_range(holder.node).zip(graph.referents(holder.node)) {
            if let Some(&target) = meant.get(referent) {
                let reference = graph.reference_at(holder.node, edge);
                if is_drawn(&reference) {
                    self.gathered.links.push(Link { source, target, reference: Some(reference) });
                }
            }
        }
    }

    fn gathered_neighbours(&mut self, place: u32) -> Vec<Neighbour> {
        let mut neighbours = self.neighbours(place);
        neighbours.retain(|neighbour| neighbour.rank != NOISE && self.places.contains_key(&neighbour.shown));
        neighbours
    }

    fn is_upwards(&self) -> bool {
        self.what.direction == Direction::Incoming
    }

    /// The neighbours of a place that are drawn; the others are counted.
    fn telling(&mut self, place: u32) -> Vec<Neighbour> {
        let mut neighbours = self.neighbours(place);
        let strong = neighbours.iter().filter(|neighbour| !neighbour.is_weak).count();
        if strong == 0 {
            self.gathered.alone.push(place);
        }
        let noise = neighbours.iter().filter(|neighbour| neighbour.rank == NOISE).count();
        // Where nothing else holds it, the functions are what tells.
        if noise > 0 && noise < strong {
            neighbours.truncate(neighbours.len() - noise);
            self.gathered.functions.insert(place, noise as u64);
        }
        let room = MOST.saturating_sub(self.gathered.nodes.len());
        let mut shown: HashSet<NodeId, FxBuildHasher> = HashSet::default();
        let mut added = 0;
        let mut cut: HashSet<NodeId, FxBuildHasher> = HashSet::default();
        let most = self.what.too_many.unwrap_or(usize::MAX);
        neighbours.retain(|neighbour| {
            let is_new = !shown.contains(&neighbour.shown);
            let is_placed = self.places.contains_key(&neighbour.shown);
            if is_new && (shown.len() >= most || (!is_placed && added >= room)) {
                cut.insert(neighbour.shown);
                return false;
            }
            if is_new {
                shown.insert(neighbour.shown);
                added += usize::from(!is_placed);
            }
            true
        });
        if !cut.is_empty() {
            self.gathered.cut.insert(place, cut.len() as u64);
        }
        neighbours
    }

    fn neighbours(&mut self, place: u32) -> Vec<Neighbour> {
        self.neighbours_in(place, self.what.direction)
    }

    /// The neighbours of a place, those that say most first; one may come twice, by itself and by its namespace.
    pub(super) fn neighbours_in(&mut self, place: u32, direction: Direction) -> Vec<Neighbour> {
        let node = self.gathered.nodes[place as usize];
        let mut neighbours = match direction {
            Direction::Incoming => self.referrers(node),
            Direction::Outgoing => self.referents(node),
        };
        if self.what.weak {
            neighbours.extend(self.weak_neighbours(node));
        }
        neighbours.retain(|neighbour| self.is_shown(neighbour.shown));
        neighbours.sort_by_key(|neighbour| (neighbour.rank == NOISE, !self.chain.contains(&neighbour.shown), neighbour.rank));
        neighbours
    }

    fn referrers(&mut self, node: NodeId) -> Vec<Neighbour> {
        let graph = self.graph;
        let mut found = Vec::new();
        for holder in graph.distinct_referrers(node) {
            if !self.is_shown(holder) {
                continue;
            }
            let shown = self.owner(holder).unwrap_or(holder);
            found.push(Neighbour { rank: rank_of_referrer(graph, holder, shown, node), shown, holder, is_weak: false });
        }
        if self.what.folds && graph.definition(node).is_some() {
            let is_kept =
                |neighbour: &Neighbour| self.chain.contains(&neighbour.shown) || !is_part_of_class(graph, neighbour.holder, node);
            // Where nothing else holds it, they are what tells.
            if found.iter().any(is_kept) {
                found.retain(is_kept);
            }
        }
        found
    }

    fn referents(&mut self, node: NodeId) -> Vec<Neighbour> {
        let graph = self.graph;
        let mut found = Vec::new();
        let mut seen: HashSet<NodeId, FxBuildHasher> = HashSet::default();
        for reference in graph.references_from(node) {
            if is_said_already(graph, reference) || (self.what.folds && is_what_runs(graph, reference)) {
                continue;
            }
            let is_own_namespace = reference.text(graph) == Some("__dict__") && self.owner(reference.target) == Some(node);
            if is_own_namespace {
                for inner in graph.references_from(reference.target).filter(|inner| !is_said_already(graph, *inner)) {
                    found.push(Neighbour { rank: 0, shown: inner.target, holder: reference.target, is_weak: false });
                }
            } else if seen.insert(reference.target) {
                found.push(Neighbour { rank: 0, shown: reference.target, holder: node, is_weak: false });
            }
        }
        found
    }

    /// Weak references to a node, or what it refers to weakly.
    fn weak_neighbours(&self, node: NodeId) -> Vec<Neighbour> {
        let neighbour = |shown| Neighbour { rank: WEAK, shown, holder: node, is_weak: true };
        if self.is_upwards() {
            weak::referrers(self.graph, node).map(neighbour).collect()
        } else {
            weak::referent(self.graph, node).map(neighbour).into_iter().collect()
        }
    }

    pub(super) fn is_shown(&self, node: NodeId) -> bool {
        self.graph.is_shown(node) && self.what.filter.is_none_or(|filter| filter(node))
    }

    /// The object that a namespace is drawn as one with: its owner, where only the owner's functions and frames hold
    /// it besides.
    pub(super) fn owner(&mut self, namespace: NodeId) -> Option<NodeId> {
        if !self.what.folds || !self.graph.flags(namespace).contains(NodeFlags::NAMESPACE) {
            return None;
        }
        if let Some(&known) = self.owners.get(&namespace) {
            return known;
        }
        let is_start = self.places.get(&namespace).is_some_and(|&place| self.is_start(place));
        let owner = if is_start { None } else { sole_owner(self.graph, namespace) }.filter(|&owner| self.is_shown(owner));
        self.owners.insert(namespace, owner);
        owner
    }
}

fn sole_owner(graph: &HeapGraph, namespace: NodeId) -> Option<NodeId> {
    let mut owner = None;
    for holder in graph.distinct_referrers(namespace).filter(|&holder| graph.is_shown(holder)) {
        let mut references = graph.references_between(holder, namespace);
        match references.find_map(|reference| reference.text(graph)) {
            Some("__dict__") if owner.is_none() => owner = Some(holder),
            Some("__globals__" | "__builtins__" | "f_globals" | "f_builtins" | "f_locals") => {}
            _ => return None,
        }
    }
    owner
}

/// 0 for the owner of a namespace and for roots, [`NOISE`] for holders of whole namespaces that every
/// function is, 1 for the rest. Only the owner's first references are looked at: fields of
/// built-in types stand first.
fn rank_of_referrer(graph: &HeapGraph, holder: NodeId, shown: NodeId, target: NodeId) -> u8 {
    let first = graph.references_from(holder).take(8).find(|reference| reference.target == target);
    match first.and_then(|reference| reference.text(graph)) {
        Some("__globals__" | "__builtins__" | "f_globals" | "f_builtins") if holder == shown => NOISE,
        Some("__dict__") => 0,
        _ => u8::from(graph.root(shown).is_none()),
    }
}

/// Behind what keeps an object alive.
const WEAK: u8 = 2;
pub(super) const NOISE: u8 = 3;
