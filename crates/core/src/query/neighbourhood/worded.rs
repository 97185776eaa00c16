//! What was gathered and folded, in words: the view.

use hashbrown::{HashMap, HashSet};
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use rustc_hash::FxBuildHasher;

use super::fold::Classes;
use super::gather::{Link, Search};
use super::{Neighbourhood, question, title};
use crate::query::chain::{held_from_outside, view_node};
use crate::query::dominator_tree::retained_by_group;
use crate::wording::grouped;
use crate::{EdgeId, EdgeKind, HeapGraph, NodeId, RootKind, View, ViewEdge, ViewNode, ViewRoot, Wording};

/// Parallel references between two nodes that are drawn each; the rest are counted.
pub(super) const PARALLEL: usize = 5;

/// Members of a class whose words are compared, so that the class may say what all of them say.
const COMPARED: usize = 1_000;

/// Words the classes of a search. `on_chain` are the references of the chain to the root.
pub(super) fn view(
    graph: &HeapGraph,
    what: &Neighbourhood<'_>,
    search: &mut Search<'_>,
    classes: &Classes,
    on_chain: &HashSet<EdgeId, FxBuildHasher>,
) -> View {
    let wording = Wording::new(graph, what.values);
    let starts: Vec<NodeId> =
        search.gathered().nodes.iter().zip(0..).take_while(|&(_, place)| search.is_start(place)).map(|(&node, _)| node).collect();
    let mut view = View::new(question(what.direction), title(graph, &starts, what));
    let members = members(classes);
    let mut indices: Vec<Option<NodeIndex>> = vec![None; members.len()];
    for (class, members) in members.iter().enumerate().filter(|&(class, _)| classes.is_drawn[class]) {
        let shown = node(graph, search, &wording, members);
        indices[class] = Some(view.graph.add_node(shown));
    }
    let index = |place: u32| indices[classes.of[place as usize] as usize];
    for &place in &search.gathered().alone {
        if let Some(index) = index(place)
            && what.direction == Direction::Incoming
            && view.graph[index].root.is_none()
            && let Some(count) = graph.external(search.gathered().nodes[place as usize]).filter(|&count| count > 0)
        {
            let text = if view.graph[index].folded == 0 { held_from_outside(count) } else { "held from outside".to_owned() };
            view.graph[index].root = Some(ViewRoot { kind: RootKind::External, text });
        }
    }
    for (&place, &count) in &search.gathered().cut {
        if let Some(index) = index(place) {
            view.graph[index].cut += count;
        }
    }
    for (&place, &count) in &search.gathered().functions {
        if let Some(index) = index(place) {
            view.graph[index].functions += count;
        }
    }
    if let Some(dominators) = what.dominators {
        let class = |node: NodeId| Some(classes.of[search.place_of(node)? as usize] as usize);
        let retained = retained_by_group(graph, dominators, members.len(), class);
        for (index, retained) in indices.iter().zip(retained) {
            if let Some(index) = *index {
                view.graph[index].retained = Some(retained);
            }
        }
    }
    count_what_is_not_drawn(search, classes, &indices, &mut view);
    count_beyond(search, classes, &indices, &mut view);
    connect(search, &index, &wording, on_chain, &mut view);
    view
}

fn members(classes: &Classes) -> Vec<Vec<u32>> {
    let mut members = vec![Vec::new(); classes.is_drawn.len()];
    for (place, &class) in (0..).zip(&classes.of) {
        members[class as usize].push(place);
    }
    members
}

/// One class as a node.
fn node(graph: &HeapGraph, search: &Search<'_>, wording: &Wording<'_>, members: &[u32]) -> ViewNode {
    let gathered = search.gathered();
    let nodes = || members.iter().map(|&place| gathered.nodes[place as usize]);
    let first = members[0];
    let mut shown = view_node(graph, wording, gathered.nodes[first as usize], gathered.depths[first as usize]);
    shown.is_start = search.is_start(first);
    shown.folded = members.len() as u64 - 1;
    if members.len() > 1 {
        shown.size = nodes().map(|node| view_size(graph, node)).sum();
        let is_said_of_all = members.len() <= COMPARED && nodes().all(|node| wording.node(node) == shown.text);
        if !is_said_of_all {
            shown.text.clear();
        }
        if let Some(root) = &mut shown.root {
            root.text.clear();
        }
    }
    shown
}

pub(super) fn view_size(graph: &HeapGraph, node: NodeId) -> u64 {
    if graph.flags(node).contains(crate::NodeFlags::SYNTHETIC) { 0 } else { graph.size(node) }
}

/// Classes for which there was no room are counted at those to which they are tied.
fn count_what_is_not_drawn(search: &Search<'_>, classes: &Classes, indices: &[Option<NodeIndex>], view: &mut View) {
    let mut left_out: HashSet<(NodeIndex, u32), FxBuildHasher> = HashSet::default();
    let gathered = search.gathered();
    for link in &gathered.links {
        let class = |place: u32| classes.of[place as usize] as usize;
        for (near, far) in [(link.source, link.target), (link.target, link.source)] {
            let is_outwards = gathered.depths[near as usize] < gathered.depths[far as usize];
            if let Some(index) = indices[class(near)].filter(|_| is_outwards && indices[class(far)].is_none()) {
                left_out.insert((index, far));
            }
        }
    }
    for (index, _) in left_out {
        view.graph[index].cut += 1;
    }
}

/// Counts, for each class that was not followed, the neighbours that are not in the picture.
fn count_beyond(search: &mut Search<'_>, classes: &Classes, indices: &[Option<NodeIndex>], view: &mut View) {
    let mut ends: Vec<(u32, u32)> = search.gathered().ends.iter().map(|&place| (classes.of[place as usize], place)).collect();
    ends.sort_unstable();
    for of_class in ends.chunk_by(|a, b| a.0 == b.0) {
        let Some(index) = indices[of_class[0].0 as usize] else { continue };
        let mut beyond: HashSet<NodeId, FxBuildHasher> = HashSet::default();
        for &(_, place) in of_class {
            beyond.extend(search.beyond(place));
        }
        view.graph[index].beyond = beyond.len() as u64;
    }
}

/// References between two nodes of the view that are called the same.
struct Named {
    /// `None` of weak ones.
    kind: Option<EdgeKind>,
    name: String,
    count: u64,
    is_on_chain: bool,
}

/// Adds the references, those of two nodes with each other in the order in which the first of them was met.
fn connect(
    search: &Search<'_>,
    index: &dyn Fn(u32) -> Option<NodeIndex>,
    wording: &Wording<'_>,
    on_chain: &HashSet<EdgeId, FxBuildHasher>,
    view: &mut View,
) {
    let mut order: Vec<(NodeIndex, NodeIndex)> = Vec::new();
    let mut between: HashMap<(NodeIndex, NodeIndex), Vec<&Link>, FxBuildHasher> = HashMap::default();
    for link in &search.gathered().links {
        if let (Some(source), Some(target)) = (index(link.source), index(link.target)) {
            let links = between.entry((source, target)).or_default();
            if links.is_empty() {
                order.push((source, target));
            }
            links.push(link);
        }
    }
    if question_is_upwards(view) {
        order.sort_by_key(|&(source, target)| (target, source));
    }
    for (source, target) in order {
        let links = &between[&(source, target)];
        let is_folded = view.graph[source].folded > 0 || view.graph[target].folded > 0;
        let (named, more) = named(links, is_folded, wording, on_chain);
        for Named { kind, name, count, is_on_chain } in named {
            let edge = ViewEdge {
                kind: kind.unwrap_or_default(),
                name,
                folded: count - 1,
                is_on_chain,
                is_weak: kind.is_none(),
                ..ViewEdge::default()
            };
            view.graph.add_edge(source, target, edge);
            if is_on_chain {
                view.graph[source].is_on_chain = true;
                view.graph[target].is_on_chain = true;
            }
        }
        if more > 0 {
            let name = format!("and {} more", grouped(more));
            view.graph.add_edge(source, target, ViewEdge { name, ..ViewEdge::default() });
        }
    }
}

/// References between two nodes of the view by their names, and how many more there are. Those of folded nodes go
/// together, by position or key where these differ.
fn named(
    links: &[&Link],
    is_folded: bool,
    wording: &Wording<'_>,
    on_chain: &HashSet<EdgeId, FxBuildHasher>,
) -> (Vec<Named>, u64) {
    let mut named: Vec<Named> = Vec::new();
    let mut more = 0;
    for link in links {
        let kind = link.reference.map(|reference| reference.kind);
        let is_on_chain = link.reference.is_some_and(|reference| on_chain.contains(&reference.edge));
        let name = || link.reference.map_or_else(String::new, |reference| wording.reference(reference));
        let is_by_place = matches!(kind, Some(EdgeKind::Index | EdgeKind::Item | EdgeKind::Constant | EdgeKind::Unnamed));
        // Of a million keys no more are worded than it takes to see that they differ.
        let alike = named.iter().position(|known| is_folded && is_by_place && known.kind == kind);
        if let Some(known) = alike.map(|at| &mut named[at]) {
            if known.name != EVERY && known.name != name() {
                EVERY.clone_into(&mut known.name);
            }
            known.count += 1;
            known.is_on_chain |= is_on_chain;
            continue;
        }
        let is_kept = is_on_chain || kind.is_none();
        if !is_folded && named.len() >= PARALLEL && !is_kept {
            more += 1;
            continue;
        }
        let name = name();
        let same = named.iter().position(|known| is_folded && known.kind == kind && known.name == name);
        match same {
            Some(at) => {
                named[at].count += 1;
                named[at].is_on_chain |= is_on_chain;
            }
            None if named.len() < PARALLEL || is_kept => named.push(Named { kind, name, count: 1, is_on_chain }),
            None => more += 1,
        }
    }
    (named, more)
}

/// How references by positions and keys that differ are called together.
pub(super) const EVERY: &str = "[*]";

fn question_is_upwards(view: &View) -> bool {
    view.question == crate::Question::Referrers
}
