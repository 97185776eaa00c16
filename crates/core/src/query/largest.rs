//! The dominator tree to drill into: what keeps most alive, as rows and as a view.

use hashbrown::HashMap;
use petgraph::graph::NodeIndex;
use rustc_hash::FxBuildHasher;

use crate::query::chain::view_node;
use crate::query::dominator_tree::{DominatorTree, accumulation_point};
use crate::query::dominators::Dominators;
use crate::query::familiar::owner;
use crate::{HeapGraph, NodeId, Question, TypeId, Values, View, ViewEdge, Wording};

/// One object of the dominator tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Largest {
    /// The object.
    pub node: NodeId,
    /// Bytes that would be freed with it.
    pub retained: u64,
    /// The part of the heap's bytes that this is, from 0 to 1.
    pub share: f64,
    /// How many objects it immediately dominates.
    pub children: u64,
    /// Where what it retains falls steeply: itself, or an object below it of which no single child retains 0.7.
    pub accumulation: NodeId,
}

/// The objects below one of the dominator tree (of `None`: those that nobody dominates), those that retain most
/// first, at most `limit` of them. O(objects), and 8 bytes an object.
pub fn largest(graph: &HeapGraph, dominators: &Dominators, below: Option<NodeId>, limit: usize) -> Vec<Largest> {
    let total = dominators.total(graph).max(1) as f64;
    let mut nodes = match below {
        Some(_) => dominators.dominated(graph, below),
        // What the frames of a thread hold together hangs below no object either.
        None => {
            let tops = graph.node_ids().filter(|&node| dominators.parent(node).is_none() && graph.is_shown(node));
            let mut tops: Vec<NodeId> = tops.collect();
            tops.sort_by_key(|&node| std::cmp::Reverse(dominators.retained(node)));
            tops
        }
    };
    nodes.truncate(limit);
    let tree = DominatorTree::new(dominators);
    let row = |node: NodeId| Largest {
        node,
        retained: dominators.retained(node),
        share: dominators.retained(node) as f64 / total,
        children: tree.children(node).len() as u64,
        accumulation: accumulation_point(graph, dominators, &tree, node),
    };
    nodes.into_iter().map(row).collect()
}

/// Whose attributes a namespace has, in words: `of module app`. Empty for what is none, and where nothing tells.
pub fn owner_words(graph: &HeapGraph, node: NodeId, values: Values) -> String {
    let owner = owner(graph, node);
    if owner == node {
        return String::new();
    }
    let text = Wording::new(graph, values).node(owner);
    let name = if text.is_empty() { format!("#{}", owner.0) } else { text };
    format!("of {} {name}", graph.type_short_name(graph.type_of(owner)))
}

/// The heaviest part of the dominator tree as a view of at most `most` objects, the heaviest of what is left added
/// each time; each says what it takes and retains, and how many more it dominates. O(objects).
pub fn dominator_view(graph: &HeapGraph, dominators: &Dominators, from: Option<NodeId>, most: usize, values: Values) -> View {
    let title = match from {
        Some(node) => format!("What {} #{} alone keeps alive", graph.type_name(graph.type_of(node)), node.0),
        None => "What keeps most alive".to_owned(),
    };
    let mut view = View::new(Question::Dominated, title);
    let wording = Wording::new(graph, values);
    let tree = DominatorTree::new(dominators);
    let total = dominators.total(graph).max(1);
    let starts = match from {
        Some(node) => vec![node],
        None => largest(graph, dominators, None, most).into_iter().map(|row| row.node).collect(),
    };
    // A heap by retained size; of equals the earlier object comes first.
    let mut waiting: std::collections::BinaryHeap<(u64, std::cmp::Reverse<NodeId>, Option<NodeIndex>)> =
        starts.into_iter().map(|node| (dominators.retained(node), std::cmp::Reverse(node), None)).collect();
    while let Some((retained, std::cmp::Reverse(node), above)) = waiting.pop() {
        if view.graph.node_count() == most {
            break;
        }
        let depth = above.map_or(0, |above| view.graph[above].depth + 1);
        let mut shown = view_node(graph, &wording, node, depth);
        let share = retained as f64 * 100.0 / total as f64;
        // Above a namespace stands its owner, where that alone holds it.
        let owner = if above.is_none() { owner_words(graph, node, values) } else { String::new() };
        let words = [owner, std::mem::take(&mut shown.text), format!("{share:.1} %")];
        shown.text = words.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", ");
        shown.retained = Some(retained);
        shown.is_start = Some(node) == from;
        let children = tree.children(node);
        shown.cut = children.len() as u64;
        let place = view.graph.add_node(shown);
        if let Some(above) = above {
            view.graph.add_edge(above, place, ViewEdge::default());
            view.graph[above].cut -= 1;
        }
        let heaviest = heaviest_of(graph, dominators, children, most);
        waiting.extend(heaviest.into_iter().map(|child| (dominators.retained(child), std::cmp::Reverse(child), Some(place))));
    }
    view
}

/// Children of one type that a view shows below one object; the others are counted.
const ALIKE: usize = 5;

/// The children that retain most, at most so many, and few of each type.
fn heaviest_of(graph: &HeapGraph, dominators: &Dominators, children: &[u32], most: usize) -> Vec<NodeId> {
    let mut nodes: Vec<NodeId> = children.iter().map(|&child| NodeId(child)).collect();
    nodes.sort_by_key(|&node| (std::cmp::Reverse(dominators.retained(node)), node));
    let mut shown: HashMap<TypeId, usize, FxBuildHasher> = HashMap::default();
    nodes.retain(|&node| {
        let alike = shown.entry(graph.type_of(node)).or_default();
        *alike += 1;
        *alike <= ALIKE
    });
    nodes.truncate(most);
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::dominators::dominators;
    use crate::sketch;

    #[test]
    fn rows_and_views_show_the_heaviest_first() {
        let mut text = String::from("app: module 'app' root\napp -> a\napp -> b\na: list size=10\nb: dict size=5000\n");
        for i in 0..30 {
            text += &format!("a -> x{i} [{i}]\nx{i}: app.X size={}\n", 100 + i);
        }
        let graph = sketch::parse(&text).unwrap();
        let found = dominators(&graph).unwrap();
        let tops = largest(&graph, &found, None, 5);
        assert_eq!((tops.len(), tops[0].node, tops[0].children, tops[0].share), (1, NodeId(0), 2, 1.0));
        let below = largest(&graph, &found, Some(NodeId(0)), 5);
        assert_eq!(below.iter().map(|row| (row.node.0, row.children)).collect::<Vec<_>>(), [(2, 0), (1, 30)]);
        let view = dominator_view(&graph, &found, None, 6, Values::Short);
        assert_eq!((view.graph.node_count(), view.graph.edge_count()), (6, 5));
        let all = dominator_view(&graph, &found, None, 60, Values::Short);
        assert_eq!(all.graph.node_count(), 3 + ALIKE);
        let list = view.graph.node_weights().find(|node| node.type_name == "list").unwrap();
        assert_eq!((list.cut, list.text.as_str()), (27, "30 items, 40.7 %"));
        assert_eq!((list.size, list.retained), (10, Some(3445)));
    }
}
