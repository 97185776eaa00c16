//! The part of a graph that one picture shows, with its words: all that drawing may see.

use petgraph::graph::{DiGraph, NodeIndex};

use crate::query::dominators::Dominators;
use crate::wording::grouped;
use crate::{EdgeKind, HeapGraph, NodeFlags, NodeId, RootKind};

/// A small directed graph of worded nodes and references.
#[derive(Clone, Debug)]
pub struct View {
    /// The nodes and references. Edges point from referrer to referent, whatever was asked.
    /// Nodes stand in the order in which they were met: the start nodes first (of a chain: the
    /// root first).
    pub graph: DiGraph<ViewNode, ViewEdge>,
    /// What was asked.
    pub question: Question,
    /// One line that says what the picture shows.
    pub title: String,
    /// Where the heap came from ([`Origin::stamp`](crate::Origin::stamp)), where that was asked for; else empty.
    pub stamp: String,
}

/// What a view answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Who refers to the start nodes.
    Referrers,
    /// What the start nodes refer to.
    Referents,
    /// How objects are held: the chain from a root to each.
    Chain,
    /// What an object alone keeps alive: the dominator tree below it.
    Dominated,
}

/// One object of a view.
#[derive(Clone, Debug, Default)]
pub struct ViewNode {
    /// The object's ordinal in its heap.
    pub ordinal: NodeId,
    /// The readable name of its type: `Foo`.
    pub type_name: String,
    /// The whole name of its type: `app.models.Foo`.
    pub full_type_name: String,
    /// A definition's name, an atom's value or a container's length; may be empty.
    pub text: String,
    /// How many further objects, alike in type and place, are drawn as this one.
    pub folded: u64,
    /// Shallow size in bytes, of all objects that it stands for.
    pub size: u64,
    /// Bytes that would be freed with all objects that it stands for, where that was asked for.
    pub retained: Option<u64>,
    /// How many references there are in the whole heap, where that was counted.
    pub references: Option<ReferenceCounts>,
    /// Where it stood in the memory of its process, where that was asked for and it is one object.
    pub address: Option<u64>,
    /// Steps from the nearest start node; on a chain, steps from the root.
    pub depth: u32,
    /// Whether the question was about this object.
    pub is_start: bool,
    /// Whether the chain from a GC root to the start node goes through it.
    pub is_on_chain: bool,
    /// Whether it is a dict of names: the attributes of an instance, a class or a module.
    pub is_namespace: bool,
    /// What keeps it alive, where it is a GC root.
    pub root: Option<ViewRoot>,
    /// How many neighbours (in the direction of the question) this picture leaves out because
    /// there were too many.
    pub cut: u64,
    /// How many functions use this namespace as their globals: counted, not drawn.
    pub functions: u64,
    /// How many neighbours this picture leaves out because it ends here.
    pub beyond: u64,
}

/// References of one object in the whole heap, whether a view shows them or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferenceCounts {
    /// References to it.
    pub to_it: u64,
    /// References from it.
    pub from_it: u64,
}

/// A GC root, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewRoot {
    /// Why it is one.
    pub kind: RootKind,
    /// What it is: `module app`.
    pub text: String,
}

/// One reference of a view.
#[derive(Clone, Debug, Default)]
pub struct ViewEdge {
    /// How it is held.
    pub kind: EdgeKind,
    /// Its name as Python would write it: `.x`, `['k']`, `[3]`; empty where nothing names it.
    pub name: String,
    /// What the reference means, where it is a well-known one; may be empty.
    pub note: String,
    /// How many further references between objects drawn as the same two nodes are drawn as this one.
    pub folded: u64,
    /// Whether the chain from a GC root to the start node goes along it.
    pub is_on_chain: bool,
    /// Whether it keeps nothing alive: its source is a weak reference to its target.
    pub is_weak: bool,
}

impl View {
    /// A view of nothing.
    pub fn new(question: Question, title: String) -> Self {
        Self { graph: DiGraph::new(), question, title, stamp: String::new() }
    }

    /// Says of each object what it retains. Not for views that are folded: [`Neighbourhood`] says it of theirs.
    ///
    /// [`Neighbourhood`]: crate::query::neighbourhood::Neighbourhood
    pub fn say_retained(&mut self, dominators: &Dominators) {
        for node in self.graph.node_weights_mut() {
            node.retained = Some(dominators.retained(node.ordinal));
        }
    }

    /// Says of each node that is one object of a program where it stood in memory. `graph` is what the view is of.
    pub fn say_addresses(&mut self, graph: &HeapGraph) {
        let is_one = |node: &ViewNode| node.folded == 0 && !graph.flags(node.ordinal).contains(NodeFlags::SYNTHETIC);
        for node in self.graph.node_weights_mut().filter(|node| is_one(node)) {
            node.address = Some(graph.address(node.ordinal));
        }
    }

    /// The nodes that the question was about, in order.
    pub fn starts(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        self.graph.node_indices().filter(|&node| self.graph[node].is_start)
    }

    /// What the picture leaves out at a node because there were too many, `27 more referrers`, or
    /// because every function of a module does it, `12 functions by __globals__`.
    pub fn cut_text(&self, node: NodeIndex) -> Option<String> {
        let ViewNode { cut, functions, .. } = self.graph[node];
        let cut = (cut > 0).then(|| format!("{} more {}", grouped(cut), self.neighbours(cut)));
        let functions = match functions {
            0 => None,
            1 => Some("1 function by __globals__".to_owned()),
            count => Some(format!("{} functions by __globals__", grouped(count))),
        };
        match (cut, functions) {
            (Some(cut), Some(functions)) => Some(format!("{cut}, {functions}")),
            (cut, functions) => cut.or(functions),
        }
    }

    /// What the picture leaves out at a node because it ends there: `+5 referrers further up`.
    pub fn beyond_text(&self, node: NodeIndex) -> Option<String> {
        let beyond = self.graph[node].beyond;
        let way = if matches!(self.question, Question::Referents | Question::Dominated) { "down" } else { "up" };
        (beyond > 0).then(|| format!("+{} {} further {way}", grouped(beyond), self.neighbours(beyond)))
    }

    /// The word for so many neighbours in the direction of the question.
    fn neighbours(&self, count: u64) -> &'static str {
        match (self.question, count) {
            (Question::Dominated, 1) => "object that it keeps",
            (Question::Dominated, _) => "objects that it keeps",
            (Question::Referents, 1) => "referent",
            (Question::Referents, _) => "referents",
            (_, 1) => "referrer",
            (_, _) => "referrers",
        }
    }
}
