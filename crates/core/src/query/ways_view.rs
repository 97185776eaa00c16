//! The main ways in which many objects are held, as one view.

use hashbrown::HashMap;
use petgraph::graph::NodeIndex;
use rustc_hash::FxBuildHasher;

use crate::query::chain::{steps, view_node};
use crate::query::familiar::familiar;
use crate::query::reasons::Reason;
use crate::wording::grouped;
use crate::{HeapGraph, NodeId, Question, Values, View, ViewEdge, ViewRoot, Wording};

/// Ways that are shown.
const MOST: usize = 12;

/// The chains of the largest groups in one view, each object once; the object at the end of a chain says how
/// many are held that way, the title how many ways are not shown. O(steps).
pub fn ways_view(graph: &HeapGraph, reasons: &[Reason], title: String, values: Values) -> View {
    let wording = Wording::new(graph, values);
    let more = if reasons.len() > MOST {
        format!(", the first {MOST} of {} ways", grouped(reasons.len() as u64))
    } else {
        String::new()
    };
    let mut view = View::new(Question::Chain, title + &more);
    let mut places: HashMap<NodeId, NodeIndex, FxBuildHasher> = HashMap::default();
    for reason in reasons.iter().take(MOST) {
        let chain = &reason.chain;
        let steps = steps(graph, &chain.references, &wording);
        let nodes = std::iter::once(chain.first).chain(steps.iter().map(|(_, reference)| reference.target));
        let mut before: Option<NodeIndex> = None;
        for (depth, node) in nodes.enumerate() {
            let is_new = !places.contains_key(&node);
            let place = *places.entry(node).or_insert_with(|| {
                let mut shown = view_node(graph, &wording, node, depth as u32);
                let root = (depth == 0).then(|| ViewRoot { kind: chain.root, text: chain.root_text(graph, values) });
                shown.root = root.or(shown.root);
                shown.is_on_chain = true;
                view.graph.add_node(shown)
            });
            if let Some(before) = before
                && (is_new || !view.graph.contains_edge(before, place))
            {
                let (_, reference) = steps[depth - 1];
                let note = familiar(graph, reference, values).unwrap_or_default();
                view.graph.add_edge(
                    before,
                    place,
                    ViewEdge {
                        kind: reference.kind,
                        name: wording.reference(reference),
                        note,
                        is_on_chain: true,
                        ..ViewEdge::default()
                    },
                );
            }
            before = Some(place);
        }
        if let Some(end) = before.and_then(|end| view.graph.node_weight_mut(end)) {
            end.is_start = true;
            if reason.count > 1 {
                let more = format!("and {} held alike", grouped(reason.count - 1));
                end.text = if end.text.is_empty() { more } else { format!("{}, {more}", end.text) };
            }
        }
    }
    view
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::reasons::Reasons;
    use crate::sketch;

    #[test]
    fn ways_share_what_they_have_in_common() {
        let mut text = String::from("app: module 'app' root\napp -> a .A\napp -> b .B\na: list\nb: list\n");
        for i in 0..5 {
            text += &format!("x{i}: app.X\na -> x{i} [{i}]\n");
        }
        let graph = sketch::parse(&(text + "y: app.X\nb -> y [0]")).unwrap();
        let nodes: Vec<NodeId> = (3..9).map(NodeId).collect();
        let reasons = Reasons::of(&graph).unwrap().group(&graph, &nodes, Values::Short);
        let view = ways_view(&graph, &reasons, "why".into(), Values::Short);
        assert_eq!((view.graph.node_count(), view.graph.edge_count()), (5, 4));
        assert_eq!(view.title, "why");
        let many: Vec<Reason> = reasons.iter().cycle().take(30).cloned().collect();
        assert_eq!(ways_view(&graph, &many, "why".into(), Values::Short).title, "why, the first 12 of 30 ways");
        assert_eq!(view.starts().map(|start| view.graph[start].text.as_str()).collect::<Vec<_>>(), ["and 4 held alike", ""]);
    }
}
