//! The view as a tree for a terminal.
//!
//! Each node is spelled out once, below the neighbour through which it is nearest to the start;
//! elsewhere it is named and the reader sent there.

use std::collections::VecDeque;

use refroots_core::petgraph::Direction;
use refroots_core::petgraph::graph::NodeIndex;
use refroots_core::petgraph::visit::EdgeRef;
use refroots_core::{Question, View};

use crate::label;

/// Levels that are indented; what is deeper stands below one another.
const INDENTED: usize = 20;

/// Writes a view as a tree.
pub fn text(view: &View) -> String {
    let mut out = label::title(view);
    out.push('\n');
    if !view.stamp.is_empty() {
        out.push_str(&label::stamp(view));
        out.push('\n');
    }
    let tree = Tree::new(view);
    if tree.tops.is_empty() {
        out.push_str("nothing to show\n");
    }
    let mut is_written = vec![false; view.graph.node_count()];
    for &top in &tree.tops {
        // The rows that are still to be written, the next one last.
        let mut rows =
            vec![Row { what: What::Node { node: top, names: Names::default(), is_spelled_out: true }, ..Row::default() }];
        while let Some(row) = rows.pop() {
            out.push_str(&row.indent);
            if row.level > 0 {
                out.push_str(if row.is_last { "└─ " } else { "├─ " });
            }
            match &row.what {
                What::Note(words) => out.push_str(words),
                What::Node { node, names, is_spelled_out } => {
                    out.push_str(&tree.words(*node, names, row.level));
                    if !*is_spelled_out {
                        out.push_str(if is_written[node.index()] { " (shown above)" } else { " (shown below)" });
                    } else {
                        is_written[node.index()] = true;
                        if let Some(beyond) = view.beyond_text(*node) {
                            out.push_str(&format!(" ({beyond})"));
                        }
                        rows.extend(tree.below(*node, &row));
                    }
                    if view.graph[*node].is_start {
                        out.push_str("   ◀ this object");
                    }
                }
            }
            out.push('\n');
        }
    }
    out
}

#[derive(Default)]
struct Row {
    what: What,
    /// What stands before the branch.
    indent: String,
    level: usize,
    is_last: bool,
}

enum What {
    Node { node: NodeIndex, names: Names, is_spelled_out: bool },
    Note(String),
}

impl Default for What {
    fn default() -> Self {
        Self::Note(String::new())
    }
}

/// The references between two nodes, by their names.
#[derive(Default)]
struct Names {
    /// Of those that keep their referent alive; empty ones of the unnamed.
    strong: Vec<String>,
    weak: Option<String>,
}

/// Which node is spelled out where.
struct Tree<'a> {
    view: &'a View,
    direction: Direction,
    tops: Vec<NodeIndex>,
    /// The node below which a node is spelled out.
    parents: Vec<Option<NodeIndex>>,
    /// In how many places a node stands.
    places: Vec<u32>,
}

impl<'a> Tree<'a> {
    fn new(view: &'a View) -> Self {
        let direction = match view.question {
            Question::Referrers => Direction::Incoming,
            Question::Referents | Question::Chain | Question::Dominated => Direction::Outgoing,
        };
        let count = view.graph.node_count();
        let mut tree = Self { view, direction, tops: Vec::new(), parents: vec![None; count], places: vec![0; count] };
        let is_top = |node: NodeIndex| match view.question {
            Question::Chain | Question::Dominated => {
                node.index() == 0 || view.graph.neighbors_directed(node, Direction::Incoming).next().is_none()
            }
            _ => view.graph[node].is_start,
        };
        let mut is_placed = vec![false; count];
        let starts: Vec<NodeIndex> = view.graph.node_indices().filter(|&node| is_top(node)).collect();
        // Nothing that a start leads to is missed; what none leads to still gets its place.
        for group in std::iter::once(starts).chain(view.graph.node_indices().map(|node| vec![node])) {
            let mut queue: VecDeque<NodeIndex> = group.into_iter().filter(|node| !is_placed[node.index()]).collect();
            for &top in &queue {
                is_placed[top.index()] = true;
                tree.places[top.index()] += 1;
                tree.tops.push(top);
            }
            while let Some(node) = queue.pop_front() {
                for (other, _) in tree.neighbours(node) {
                    tree.places[other.index()] += 1;
                    if !is_placed[other.index()] {
                        is_placed[other.index()] = true;
                        tree.parents[other.index()] = Some(node);
                        queue.push_back(other);
                    }
                }
            }
        }
        tree
    }

    /// The neighbours in the direction of the question, each with the names of its references, in
    /// the order of the view.
    fn neighbours(&self, node: NodeIndex) -> Vec<(NodeIndex, Names)> {
        let mut edges: Vec<_> = self.view.graph.edges_directed(node, self.direction).collect();
        edges.sort_unstable_by_key(|edge| edge.id());
        let mut found: Vec<(NodeIndex, Names)> = Vec::new();
        for edge in edges {
            let other = if self.direction == Direction::Incoming { edge.source() } else { edge.target() };
            let name = label::edge(edge.weight());
            // References between the same two stand next to each other in a view.
            if found.last().is_none_or(|(last, _)| *last != other) {
                found.push((other, Names::default()));
            }
            let Some((_, between)) = found.last_mut() else { continue };
            if edge.weight().is_weak {
                between.weak = Some(name);
            } else {
                between.strong.push(name);
            }
        }
        found
    }

    fn words(&self, node: NodeIndex, Names { strong, weak }: &Names, level: usize) -> String {
        let notes = self.view.graph.edges_directed(node, Direction::Incoming).map(|edge| label::note(edge.weight()));
        let note = notes.filter(|note| !note.is_empty()).last().unwrap_or_default();
        let shown = &self.view.graph[node];
        let words = label::line(self.view, node, shown.is_start || self.places[node.index()] > 1);
        if level == 0 {
            return words;
        }
        let mut named: Vec<&str> = strong.iter().filter(|name| !name.is_empty()).map(String::as_str).collect();
        if self.direction == Direction::Incoming {
            let name = if named.is_empty() { String::new() } else { format!(", as {}", named.join(", ")) };
            return match weak {
                Some(_) if strong.is_empty() => format!("weakly referred to by {words}"),
                Some(_) => format!("held by {words}{name}, and weakly"),
                None => format!("held by {words}{name}"),
            };
        }
        named.extend(weak.as_deref());
        match named.is_empty() {
            true if self.view.question == Question::Dominated => words,
            true => format!("(unnamed) ── {words}{note}"),
            false => format!("{} ── {words}{note}", named.join(", ")),
        }
    }

    /// The rows below a node, the last one first.
    fn below(&self, node: NodeIndex, row: &Row) -> Vec<Row> {
        let mut rows = Vec::new();
        for (other, names) in self.neighbours(node) {
            let is_spelled_out = self.parents[other.index()] == Some(node);
            rows.push(What::Node { node: other, names, is_spelled_out });
        }
        rows.extend(self.view.cut_text(node).map(What::Note));
        let mut indent = row.indent.clone();
        if row.level > 0 && row.level < INDENTED {
            indent.push_str(if row.is_last { "   " } else { "│  " });
        }
        let last = rows.len().saturating_sub(1);
        let rows = rows.into_iter().enumerate();
        let mut rows: Vec<Row> =
            rows.map(|(i, what)| Row { what, indent: indent.clone(), level: row.level + 1, is_last: i == last }).collect();
        rows.reverse();
        rows
    }
}
