//! Every question to a graph, one behind the other: none may fail, whatever file the graph came from.

use refroots_core::petgraph::Direction;
use refroots_core::query::neighbourhood::{Neighbourhood, neighbourhood};
use refroots_core::query::{
    cycles, diff, dominators, familiar, grew, held, histogram, largest, paths, reach, reasons, select, suspects, waste,
    ways_view, weak,
};
use refroots_core::{HeapGraph, NodeId, Values, Wording};

/// Asks everything; gives how much was answered, so that nothing is left out.
pub(crate) fn ask_everything(graph: &HeapGraph) -> usize {
    [Values::Short, Values::None].into_iter().map(|values| ask(graph, values)).sum()
}

fn ask(graph: &HeapGraph, values: Values) -> usize {
    let wording = Wording::new(graph, values);
    let mut said = 0;
    for node in graph.node_ids() {
        said += wording.node(node).len() + wording.value(node).len() + graph.places(node).count();
        said += graph.external(node).unwrap_or_default() as usize + graph.unexplained(node).unwrap_or_default() as usize;
        said += graph.equal_to(node).map_or(0, |first| first.index()) + graph.definition(node).map_or(0, str::len);
        said += usize::from(graph.root(node).is_some()) + graph.referrers(node).len();
        for reference in graph.references_from(node) {
            said +=
                wording.reference(reference).len() + familiar::familiar(graph, reference, values).map_or(0, |text| text.len());
            assert_eq!(graph.reference_of(reference.edge), reference);
        }
        said += weak::referrers(graph, node).count() + weak::referent(graph, node).map_or(0, |referent| referent.index());
        said += graph.references_to(node).count() + graph.type_name(graph.type_of(node)).len();
    }
    said += graph.roots().iter().map(|root| wording.root(root).len()).sum::<usize>();
    let few: Vec<NodeId> = graph.node_ids().take(20).collect();
    for &node in &few {
        let chain = paths::why(graph, node, &paths::WhyOptions::default());
        said += chain.expression(graph, values).map_or(0, |text| text.len()) + chain.view(graph, values).graph.node_count();
        said += cycles::smallest_cycle(graph, node, &cycles::CycleOptions { definitions: true }).map_or(0, |cycle| cycle.len());
        for direction in [Direction::Incoming, Direction::Outgoing] {
            let what = Neighbourhood { too_many: Some(5), weak: node.index() % 2 == 0, values, ..Neighbourhood::new(direction) };
            said += neighbourhood(graph, &[node], &what).graph.node_count();
        }
    }
    said += reach::garbage(graph).len() + reach::held_from_outside(graph, true).len();
    said += reach::reachable_size(graph, &few, true).size as usize & 1;
    said += reach::retained_together(graph, &few) as usize & 1;
    said += cycles::cycles(graph, &cycles::CycleOptions { definitions: true }).len();
    said += held::held_duplicates(graph, values).len() + held::held_waste(graph, values).len() + waste::waste(graph).len();
    said += graph.type_ids().filter(|&id| select::find_type(graph, &graph.type_name(id)).is_ok()).count();
    let found = dominators::dominators(graph).unwrap();
    let reasons = reasons::Reasons::of(graph).unwrap();
    said += histogram::by_type(graph, Some(&found)).len() + histogram::by_module(graph, Some(&found)).len();
    said += histogram::by_root(graph, &found, values).len() + histogram::by_thread(graph, &found, values).len();
    said += largest::largest(graph, &found, None, 50).len();
    said += largest::dominator_view(graph, &found, None, 20, values).graph.node_count();
    said += suspects::suspects(graph, &found, || Ok(&reasons), values).unwrap().len();
    let groups = reasons.group(graph, &few, values);
    said += ways_view::ways_view(graph, &groups, String::new(), values).graph.node_count() + groups.len();
    let mark =
        graph.origin().marks.map(|marks| diff::Mark { behind_oldest: marks.behind_oldest, behind_all: Some(marks.behind_all) });
    let change = diff::diff(graph, graph, mark);
    let mut rows = diff::by_type(&change, graph, graph);
    diff::add_retained(&mut rows, (graph, &found), (graph, &found));
    said += rows.len() + diff::still_there(&change, &change, graph, graph).len();
    said + grew::grew(&[(graph, &reasons), (graph, &reasons)], values).len()
}
