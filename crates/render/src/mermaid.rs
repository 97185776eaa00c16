//! The view as a Mermaid flowchart, within the limits of those who draw it in an issue or a page.

use std::fmt::Write;

use refroots_core::petgraph::Direction;
use refroots_core::petgraph::graph::{EdgeIndex, NodeIndex};
use refroots_core::petgraph::visit::EdgeRef;
use refroots_core::{Question, View, ViewNode, grouped};

use crate::colour::{BACKGROUND, FAINT_INK, INK, LINE_INK};
use crate::escape;
use crate::label::{self, Words};
use crate::style::{self, Outline};

/// Characters of a diagram that Mermaid draws, where nothing else is configured (as on GitHub).
const CHARACTERS: usize = 50_000;
/// Arrows of a diagram that Mermaid draws, where nothing else is configured.
const ARROWS: usize = 500;
/// Characters that are kept free for what says how much was left out.
const LAST_WORDS: usize = 300;

/// Writes a view as a Mermaid flowchart of at most 50,000 characters and 500 arrows. Where it has
/// more, a box says how much is left out; start nodes and chains stay longest.
pub fn mermaid(view: &View) -> String {
    mermaid_within(view, CHARACTERS)
}

/// As [`mermaid`], in at most so many bytes; from 4,000 on there is always room for what must be said.
pub fn mermaid_within(view: &View, most: usize) -> String {
    let mut out = format!("---\ntitle: {}\n---\nflowchart TB\n", escape::yaml(&label::title(view)));
    let classes = classes(view);
    let kept = kept(view, most.min(CHARACTERS).saturating_sub(out.len() + classes.len() + LAST_WORDS));
    let is_kept = |node: NodeIndex| kept[node.index()].is_some();
    out.extend(kept.iter().flatten().map(String::as_str));
    let arrows = view.graph.edge_references().filter(|edge| is_kept(edge.source()) && is_kept(edge.target()));
    let mut drawn = 0;
    for edge in arrows {
        out.push_str(&arrow(view, edge.id()));
        drawn += 1;
    }
    if view.graph.node_count() == 0 {
        out.push_str("nothing[\"nothing to show\"]:::cut\n");
    }
    let nodes = kept.iter().filter(|lines| lines.is_none()).count();
    if nodes > 0 {
        let references = view.graph.edge_count() - drawn;
        let words = format!(
            "{} more boxes and {} more references, for which a Mermaid diagram has no room",
            grouped(nodes as u64),
            grouped(references as u64)
        );
        let _ = writeln!(out, "left[{}]:::cut", escape::mermaid([words.as_str()]));
    }
    out.push_str(&classes);
    out
}

/// The lines of each node for which there is room, with its references to those before it.
fn kept(view: &View, characters: usize) -> Vec<Option<String>> {
    let mut order: Vec<NodeIndex> = view.graph.node_indices().collect();
    order.sort_by_key(|&index| (!view.graph[index].is_start, !view.graph[index].is_on_chain));
    let mut kept: Vec<Option<String>> = vec![None; order.len()];
    let (mut room, mut arrows) = (characters, ARROWS);
    for index in order {
        let lines = node(view, index);
        let is_drawn = |other: NodeIndex| other == index || kept[other.index()].is_some();
        let outgoing = view.graph.edges(index).filter(|edge| is_drawn(edge.target()));
        let incoming = view.graph.edges_directed(index, Direction::Incoming).filter(|edge| kept[edge.source().index()].is_some());
        let edges: Vec<EdgeIndex> = outgoing.map(|edge| edge.id()).chain(incoming.map(|edge| edge.id())).collect();
        let more_arrows = edges.len() + usize::from(view.cut_text(index).is_some());
        let length = lines.len() + edges.iter().map(|&edge| arrow(view, edge).len()).sum::<usize>();
        if more_arrows > arrows || length > room {
            break;
        }
        (room, arrows) = (room - length, arrows - more_arrows);
        kept[index.index()] = Some(lines);
    }
    kept
}

/// A node, and the box that says what is left out at it.
fn node(view: &View, index: NodeIndex) -> String {
    let shown = &view.graph[index];
    let words = label::node(view, index);
    let heading = label::heading(shown, &words);
    let Words { text, root, sizes, address, beyond, .. } = words;
    let marker = if shown.is_start { label::START } else { "" };
    let lines = [marker, &heading, &text, &root, &sizes, &address, &beyond].into_iter().filter(|line| !line.is_empty());
    let [open, close] = style::of(shown).outline.in_mermaid();
    let id = index.index();
    let mut out = format!("n{id}{open}{}{close}:::{}\n", escape::mermaid(lines), class(shown));
    if let Some(words) = view.cut_text(index) {
        let (from, to) = match view.question {
            Question::Referents | Question::Dominated => (format!("n{id}"), format!("cut{id}")),
            Question::Referrers | Question::Chain => (format!("cut{id}"), format!("n{id}")),
        };
        let _ = writeln!(out, "cut{id}[{}]:::cut\n{from} -.-> {to}", escape::mermaid([words.as_str()]));
    }
    out
}

/// A reference; those of the chain to a root are thick.
fn arrow(view: &View, index: EdgeIndex) -> String {
    let Some((from, to)) = view.graph.edge_endpoints(index) else { return String::new() };
    let edge = &view.graph[index];
    let name = label::edge(edge);
    let said = if name.is_empty() { String::new() } else { format!("|{}|", escape::mermaid([name.as_str()])) };
    let line = match (edge.is_weak, edge.is_on_chain) {
        (true, _) => "-.->",
        (false, true) => "==>",
        (false, false) => "-->",
    };
    format!("n{} {line}{said} n{}\n", from.index(), to.index())
}

fn class(shown: &ViewNode) -> String {
    match style::of(shown).class {
        _ if shown.is_start => "start".to_owned(),
        class if shown.is_on_chain => format!("{class}_on_chain"),
        class => class.to_owned(),
    }
}

/// The looks of the classes that are in the view.
fn classes(view: &View) -> String {
    let mut known: Vec<(String, String)> = Vec::new();
    for shown in view.graph.node_weights() {
        let class = class(shown);
        if known.iter().all(|(name, _)| *name != class) {
            let looks = style::of(shown);
            let dashes = if looks.outline == Outline::CrossedCorners { ",stroke-dasharray:5 4" } else { "" };
            let (fill, stroke, ink, width) = (looks.fill.light, looks.stroke.light, INK.light, looks.stroke_width);
            known.push((class, format!("fill:{fill},stroke:{stroke},stroke-width:{width}px,color:{ink}{dashes}")));
        }
    }
    let (fill, stroke, ink) = (BACKGROUND.light, LINE_INK.light, FAINT_INK.light);
    known.push(("cut".to_owned(), format!("fill:{fill},stroke:{stroke},color:{ink},stroke-dasharray:5 4")));
    known.iter().map(|(name, looks)| format!("classDef {name} {looks}\n")).collect()
}
