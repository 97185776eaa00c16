//! Nodes, then references, as rows of attributes: what graph formats have in common.

use super::Error;
use super::names::{Names, Places};
use super::output::Output;
use super::shown::Shown;
use crate::query::anchors::externals;
use crate::wording::Said;
use crate::{NodeFlags, Study, Values};

/// One node and its attributes.
pub(super) struct NodeRow<'a> {
    pub(super) id: u32,
    pub(super) type_name: &'a str,
    /// Shallow size, and what would be freed with it.
    pub(super) size: u64,
    pub(super) retained: u64,
    /// Length of a string, bytes, a container.
    pub(super) length: Option<u64>,
    /// References that the graph does not see.
    pub(super) external: Option<u32>,
    /// A definition's name, or a value where it may be said.
    pub(super) text: Option<&'a str>,
    /// What it is as a root.
    pub(super) root: Option<&'a str>,
}

/// One reference and its attributes.
pub(super) struct EdgeRow<'a> {
    pub(super) source: u32,
    pub(super) target: u32,
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
}

/// A format of a graph: how a row is written. `is_first` says that no row of its kind stands before.
pub(super) trait Shape {
    const HEAD: &'static str;
    const BETWEEN: &'static str;
    const TAIL: &'static str;
    fn node(out: &mut Vec<u8>, row: &NodeRow<'_>, is_first: bool);
    fn edge(out: &mut Vec<u8>, row: &EdgeRow<'_>, is_first: bool);
}

/// Writes a graph in a format. O(objects + references).
pub(super) fn write<S: Shape>(graph: &Study, values: Values, out: &mut Output<'_>) -> Result<(), Error> {
    out.pace.ask()?;
    let dominators = graph.dominators()?;
    let shown = Shown::of(graph);
    out.pace.expect(2 * shown.count() as u64);
    let mut names = Names::new(graph, values, |words| words);
    out.text(S::HEAD);
    let mut notes = names.notes();
    let mut is_first = true;
    for (node, external) in graph.node_ids().zip(externals(graph)).filter(|(node, _)| shown.contains(node.0)) {
        let (note, type_name) = (notes.of(node), names.type_name(graph.type_of(node)));
        let root = graph.root(node).map(|root| names.wording.root(root));
        let row = NodeRow {
            id: node.0,
            type_name: names.get(type_name),
            size: graph.size(node),
            retained: dominators.retained(node),
            length: note.length,
            external: external.filter(|_| !graph.flags(node).contains(NodeFlags::SYNTHETIC)),
            text: note.text.as_deref(),
            root: root.as_deref(),
        };
        S::node(out.bytes(), &row, std::mem::take(&mut is_first));
        out.step()?;
    }
    out.text(S::BETWEEN);
    is_first = true;
    for node in shown.nodes(graph) {
        let mut places = Places::default();
        for reference in graph.references_from(node) {
            let position = reference.index().map(|index| names.wording.words(Said::Position(reference.kind, index)));
            let name = if position.is_some() { 0 } else { names.reference(reference, &mut places) };
            if !shown.contains(reference.target.0) {
                continue;
            }
            let name = position.as_deref().unwrap_or_else(|| names.get(name));
            let row = EdgeRow { source: node.0, target: reference.target.0, kind: reference.kind.word(), name };
            S::edge(out.bytes(), &row, std::mem::take(&mut is_first));
            out.gathered()?;
        }
        out.step()?;
    }
    out.text(S::TAIL);
    Ok(())
}
