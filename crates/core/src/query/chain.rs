//! One chain of references from a GC root to an object, in words, as code and as a view.

use hashbrown::HashMap;
use petgraph::graph::NodeIndex;
use rustc_hash::FxBuildHasher;

use crate::query::familiar::familiar;
use crate::wording::{grouped, is_plain_name};
use crate::{
    EdgeKind, HeapGraph, NodeFlags, NodeId, Question, Reference, RootKind, Values, View, ViewEdge, ViewNode, ViewRoot, Wording,
};

/// Why an object is alive.
#[derive(Clone, Debug)]
pub struct Chain {
    /// What the chain begins with.
    pub root: RootKind,
    /// The first object of the chain; the target itself where nothing holds it.
    pub first: NodeId,
    /// The object that was asked about.
    pub target: NodeId,
    /// The references from `first` to `target`, none where they are one.
    pub references: Vec<Reference>,
    /// The cycle that keeps garbage from being freed by itself: references from `first` back to it.
    pub cycle: Vec<Reference>,
}

impl Chain {
    /// What the chain begins with, in words.
    pub fn root_text(&self, graph: &HeapGraph, values: Values) -> String {
        match (self.root, graph.root(self.first)) {
            (RootKind::External, _) if graph.external(self.first).is_none() => "immortal: nothing frees it".to_owned(),
            (RootKind::External, _) if graph.external(self.first) == Some(0) => "held by refroots itself".to_owned(),
            (RootKind::External, _) => {
                let places: Vec<&str> = graph.places(self.first).collect();
                let held = held_from_outside(graph.external(self.first).unwrap_or_default());
                if places.is_empty() { held } else { format!("{held}: {}", places.join(", ")) }
            }
            (RootKind::Garbage, _) | (_, None) => match self.cycle.len() {
                0 => "unreachable garbage: no root holds it".to_owned(),
                1 => "unreachable garbage, held by itself".to_owned(),
                count => format!("unreachable garbage, held by a cycle of {} objects", grouped(count as u64)),
            },
            (_, Some(root)) => Wording::new(graph, values).root(root),
        }
    }

    /// The chain as Python code, `app.CACHE['k'][17].owner`; `None` where code cannot say it.
    pub fn expression(&self, graph: &HeapGraph, values: Values) -> Option<String> {
        if self.root != RootKind::Module {
            return None;
        }
        let wording = Wording::new(graph, values);
        // A program can put any string into sys.modules.
        let module = graph.root(self.first).map(|root| graph.text(root.name));
        let mut code = module.filter(|name| name.split('.').all(is_plain_name))?.to_owned();
        let mut references = self.references.iter().copied().peekable();
        let mut came_by_dict = false;
        while let Some(reference) = references.next() {
            // `.__dict__` and then a name is the name; otherwise a class's `__dict__` is a proxy of it.
            let is_dict = reference.text(graph) == Some("__dict__");
            let names_next =
                references.peek().is_some_and(|next| next.kind == EdgeKind::Attribute && wording.step(*next, false).is_some());
            let is_elided = is_dict && names_next;
            if is_dict && !is_elided && graph.root(reference.source).is_none() && graph.definition(reference.source).is_some() {
                return None;
            }
            if !is_elided {
                let is_from_dict = !came_by_dict && graph.flags(reference.source).contains(NodeFlags::NAMESPACE);
                code.push_str(&wording.step(reference, is_from_dict)?);
            }
            came_by_dict = is_elided;
        }
        Some(code)
    }

    /// The way in words: as code where code can say it, else the root and each step's name.
    pub fn path(&self, graph: &HeapGraph, values: Values) -> String {
        self.expression(graph, values).unwrap_or_else(|| {
            let wording = Wording::new(graph, values);
            let mut words = match self.root {
                RootKind::Garbage => format!("(garbage {})", graph.type_short_name(graph.type_of(self.first))),
                _ => root_words(graph, self.first, &wording),
            };
            let mut references = self.references.iter().peekable();
            while let Some(reference) = references.next() {
                let is_before_attribute = references.peek().is_some_and(|next| next.kind == EdgeKind::Attribute);
                if reference.text(graph) != Some("__dict__") || !is_before_attribute {
                    words.push_str(&wording.passed(*reference));
                }
            }
            words
        })
    }

    /// The chain as a view, root first.
    pub fn view(&self, graph: &HeapGraph, values: Values) -> View {
        let wording = Wording::new(graph, values);
        let target_type = graph.type_of(self.target);
        let mut view = View::new(Question::Chain, format!("Why {} #{} is alive", graph.type_name(target_type), self.target.0));
        let steps = steps(graph, &self.references, &wording);
        let nodes = std::iter::once(self.first).chain(steps.iter().map(|(_, reference)| reference.target));
        for (depth, node) in (0..).zip(nodes) {
            let mut shown = view_node(graph, &wording, node, depth);
            shown.is_start = node == self.target;
            shown.is_on_chain = true;
            shown.root = (depth == 0).then(|| ViewRoot { kind: self.root, text: self.root_text(graph, values) });
            view.graph.add_node(shown);
        }
        self.add_cycle(&mut view, graph, &wording);
        let indices: Vec<_> = view.graph.node_indices().take(steps.len() + 1).collect();
        for (pair, (_, reference)) in indices.windows(2).zip(&steps) {
            let note = familiar(graph, *reference, values).unwrap_or_default();
            let edge = ViewEdge {
                kind: reference.kind,
                name: wording.reference(*reference),
                note,
                is_on_chain: true,
                ..ViewEdge::default()
            };
            view.graph.add_edge(pair[0], pair[1], edge);
        }
        view
    }

    /// Adds the cycle that holds garbage: its objects behind those of the chain.
    fn add_cycle(&self, view: &mut View, graph: &HeapGraph, wording: &Wording<'_>) {
        let mut places: HashMap<NodeId, NodeIndex, FxBuildHasher> =
            view.graph.node_indices().map(|place| (view.graph[place].ordinal, place)).collect();
        for (depth, (source, reference)) in (1..).zip(steps(graph, &self.cycle, wording)) {
            let mut place =
                |node: NodeId| *places.entry(node).or_insert_with(|| view.graph.add_node(view_node(graph, wording, node, depth)));
            let (source, target) = (place(source), place(reference.target));
            let is_known = self.references.iter().any(|known| known.edge == reference.edge);
            if !is_known {
                let edge = ViewEdge { kind: reference.kind, name: wording.reference(reference), ..ViewEdge::default() };
                view.graph.add_edge(source, target, edge);
            }
        }
    }
}

/// References as views draw them, each with the object that it goes out from: an object's hold on the dict of its
/// attributes, and the attribute behind it, are one.
pub(crate) fn steps(graph: &HeapGraph, references: &[Reference], wording: &Wording<'_>) -> Vec<(NodeId, Reference)> {
    let mut steps = Vec::with_capacity(references.len());
    let mut rest = references.iter().copied().peekable();
    while let Some(reference) = rest.next() {
        let is_dict = reference.text(graph) == Some("__dict__");
        let is_attribute =
            |next: &Reference| is_dict && next.kind == EdgeKind::Attribute && wording.reference(*next).starts_with('.');
        steps.push((reference.source, rest.next_if(is_attribute).unwrap_or(reference)));
    }
    steps
}

/// What a way begins with: `app`, `thread worker-3, run()`, or the root in words.
pub(crate) fn root_words(graph: &HeapGraph, first: NodeId, wording: &Wording<'_>) -> String {
    match graph.root(first) {
        Some(root) if root.kind == RootKind::Module => graph.text(root.name).to_owned(),
        Some(root) if root.kind == RootKind::Frame => {
            let name = graph.text(root.name);
            let function = name.rsplit_once(':').map_or(name, |(function, _)| function);
            match wording.thread(root) {
                Some(thread) => format!("thread {thread}, {function}()"),
                None => format!("frame {function}()"),
            }
        }
        Some(root) => wording.root(root),
        None => {
            let held = match (graph.external(first), graph.places(first).next()) {
                (None, _) => "that nothing frees".to_owned(),
                (Some(0), _) => "that refroots holds".to_owned(),
                (_, None) => "held from outside".to_owned(),
                (_, Some(place)) => format!("held from {place}"),
            };
            format!("({} {held})", graph.type_short_name(graph.type_of(first)))
        }
    }
}

/// How an object is held by references that the graph does not have.
pub(crate) fn held_from_outside(count: u32) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("held from outside by {} reference{plural} that Python cannot see", grouped(u64::from(count)))
}

/// Words one node for a view.
pub(crate) fn view_node(graph: &HeapGraph, wording: &Wording<'_>, node: NodeId, depth: u32) -> ViewNode {
    let type_id = graph.type_of(node);
    ViewNode {
        ordinal: node,
        type_name: graph.type_short_name(type_id).to_owned(),
        full_type_name: graph.type_name(type_id),
        text: wording.node(node),
        size: if graph.flags(node).contains(NodeFlags::SYNTHETIC) { 0 } else { graph.size(node) },
        depth,
        is_namespace: graph.flags(node).contains(NodeFlags::NAMESPACE),
        root: graph.root(node).map(|root| ViewRoot { kind: root.kind, text: wording.root(root) }),
        ..ViewNode::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::paths::{WhyOptions, why};
    use crate::sketch;

    #[test]
    fn a_view_draws_an_object_and_its_attributes_as_one() {
        let graph = sketch::parse(
            "app: module 'app' root
             app -> globals .__dict__
             globals: dict namespace
             globals -> foo .FOO
             foo: app.Foo
             foo -> names .__dict__
             names: dict namespace",
        )
        .unwrap();
        let drawn = |node: u32| {
            let view = why(&graph, NodeId(node), &WhyOptions::default()).view(&graph, Values::Short);
            let names = view.graph.edge_weights().map(|edge| edge.name.as_str());
            (view.graph.node_count(), names.collect::<Vec<_>>().join(" "))
        };
        assert_eq!(drawn(2), (2, ".FOO".to_owned()));
        assert_eq!(drawn(3), (3, ".FOO .__dict__".to_owned()), "a dict that was asked about is drawn");
    }
}
