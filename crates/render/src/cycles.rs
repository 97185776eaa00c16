//! Which references of a view lie on a cycle among the objects that it shows.

use petgraph::algo::kosaraju_scc;
use petgraph::visit::EdgeFiltered;
use refroots_core::View;
use refroots_core::petgraph::graph::NodeIndex;
use refroots_core::petgraph::visit::EdgeRef;

/// Says of each reference whether one can go along it and come back. A box of several objects is passed by: what
/// leads into it and out of it may be different ones. O(objects + references).
pub(crate) fn on_cycle(view: &View) -> Vec<bool> {
    let is_single = |index: NodeIndex| view.graph[index].folded == 0;
    // A weak reference keeps nothing alive, and closes no cycle.
    let among_single =
        EdgeFiltered::from_fn(&view.graph, |edge| is_single(edge.source()) && is_single(edge.target()) && !edge.weight().is_weak);
    let mut component = vec![0; view.graph.node_count()];
    for (number, members) in kosaraju_scc(&among_single).into_iter().enumerate() {
        for member in members {
            component[member.index()] = number;
        }
    }
    let edges = view.graph.edge_references();
    edges
        .map(|edge| {
            let (from, to) = (edge.source(), edge.target());
            is_single(from) && is_single(to) && !edge.weight().is_weak && component[from.index()] == component[to.index()]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use refroots_core::{Question, ViewEdge, ViewNode};

    use super::*;

    fn found(folded: &[u64], edges: &[(u32, u32)]) -> Vec<bool> {
        let mut view = View::new(Question::Referents, String::new());
        for &folded in folded {
            view.graph.add_node(ViewNode { folded, ..ViewNode::default() });
        }
        for &(from, to) in edges {
            view.graph.add_edge(from.into(), to.into(), ViewEdge::default());
        }
        on_cycle(&view)
    }

    #[test]
    fn a_reference_lies_on_a_cycle_where_a_way_leads_back() {
        let edges = [(0, 1), (1, 2), (2, 1), (2, 3), (3, 3), (1, 2)];
        assert_eq!(found(&[0; 4], &edges), [false, true, true, false, true, true]);
    }

    #[test]
    fn a_linked_list_that_is_folded_is_no_cycle() {
        assert_eq!(found(&[0, 99, 0], &[(0, 1), (1, 1), (1, 2), (2, 1)]), [false; 4]);
    }

    #[test]
    fn a_long_cycle_needs_no_stack() {
        let count = 200_000;
        let edges: Vec<(u32, u32)> = (0..count).map(|i| (i, (i + 1) % count)).collect();
        assert!(found(&vec![0; count as usize], &edges).into_iter().all(|is_on| is_on));
    }
}
