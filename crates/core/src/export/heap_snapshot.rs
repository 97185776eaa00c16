//! V8's heap snapshot, as Chrome DevTools and memlab read it.
//!
//! One JSON object: what the fields are, then all nodes, then all references by their source, then the
//! strings, so that it can be streamed (V8: src/profiler/heap-snapshot-generator.cc,
//! `HeapSnapshotJSONSerializer`). Node 0 is a synthetic root; below it stand modules and running frames, which
//! readers take for the roots that people mean, and `(GC roots)` with a group for each kind of root.

use petgraph::visit::{VisitMap, Visitable};

use super::escape;
use super::names::{Names, Places};
use super::output::Output;
use super::shown::Shown;
use super::{Error, Ids, Options, output};
use crate::query::anchors::{Anchors, Tier, anchors};
use crate::{EdgeKind, HeapGraph, NodeId, Reference, RootKind, TypeId};

const HEAD: &str = concat!(
    r#"{"snapshot":{"meta":{"#,
    r#""node_fields":["type","name","id","self_size","edge_count","trace_node_id","detachedness"],"#,
    r#""node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic","#,
    r#""concatenated string","sliced string","symbol","bigint","object shape"],"#,
    r#""string","number","number","number","number","number"],"#,
    r#""edge_fields":["type","name_or_index","to_node"],"#,
    r#""edge_types":[["context","element","property","internal","hidden","shortcut","weak"],"string_or_number","node"],"#,
    r#""trace_function_info_fields":["function_id","name","script_name","script_id","line","column"],"#,
    r#""trace_node_fields":["id","function_info_index","count","size","children"],"#,
    r#""sample_fields":["timestamp_us","last_assigned_id"],"#,
    r#""location_fields":["object_index","script_id","line","column"]},"#,
    r#""node_count":"#,
);

/// Places in `node_types`.
const STRING: u8 = 2;
const OBJECT: u8 = 3;
const CODE: u8 = 4;
const CLOSURE: u8 = 5;
const NUMBER: u8 = 7;
const SYNTHETIC: u8 = 9;

/// Places in `edge_types`.
const CONTEXT: u8 = 0;
const ELEMENT: u8 = 1;
const PROPERTY: u8 = 2;
const INTERNAL: u8 = 3;

/// Numbers of a node, by which references say where they lead.
const FIELDS: u64 = 7;
/// Ids of synthetic nodes count down from here, so that they are the same in every snapshot of a process.
const HIGHEST_ID: u64 = u32::MAX as u64;

/// A group of roots below `(GC roots)`.
struct Group {
    name: &'static str,
    members: Vec<NodeId>,
}

/// Writes the snapshot.
pub(super) fn write(graph: &HeapGraph, options: &Options<'_>, out: &mut Output<'_>) -> Result<(), Error> {
    out.pace.ask()?;
    let shown = Shown::of(graph);
    let groups = groups(graph);
    let meant: Vec<&crate::Root> = graph
        .roots()
        .iter()
        .filter(|root| matches!(root.kind, RootKind::Module | RootKind::Frame) && shown.contains(root.node.0))
        .collect();
    // The root, `(GC roots)`, the groups.
    let first = 2 + groups.len() as u64;
    let node_count = first + shown.count() as u64;
    let of_roots = 1 + meant.len() + groups.len() + groups.iter().map(|group| group.members.len()).sum::<usize>();
    let edge_count = of_roots + shown.nodes(graph).map(|node| shown.references(graph, node)).sum::<usize>();
    out.pace.expect(2 * node_count);
    let mut names = Names::new(graph, options.values, without_dot);

    out.text(HEAD);
    out.number(node_count);
    out.text(",\"edge_count\":");
    out.number(edge_count as u64);
    out.text(",\"trace_function_count\":0,\"extra_native_bytes\":0},\n\"nodes\":[");
    let root_name = names.intern("");
    synthetic(out, root_name, HIGHEST_ID, 1 + meant.len());
    let roots_name = names.intern("(GC roots)");
    out.text("\n,");
    synthetic(out, roots_name, HIGHEST_ID - 1, groups.len());
    for (at, group) in (2..).zip(&groups) {
        let name = names.intern(group.name);
        out.text("\n,");
        synthetic(out, name, HIGHEST_ID - at, group.members.len());
    }
    nodes(graph, &shown, options.ids, &mut names, out)?;

    out.text("],\n\"edges\":[");
    edge(out.bytes(), PROPERTY, u64::from(roots_name), 1);
    let place = |node: NodeId| first + u64::from(shown.rank(node.0));
    for root in meant {
        let name = names.intern(&names.wording.root(root));
        out.text("\n,");
        edge(out.bytes(), PROPERTY, u64::from(name), place(root.node));
    }
    for (at, group) in (2..).zip(&groups) {
        let name = names.intern(group.name);
        out.text("\n,");
        edge(out.bytes(), PROPERTY, u64::from(name), at);
    }
    for group in &groups {
        for (at, &member) in (0..).zip(&group.members) {
            out.text("\n,");
            edge(out.bytes(), ELEMENT, at, place(member));
            out.step()?;
        }
    }
    for node in shown.nodes(graph) {
        let mut places = Places::default();
        for reference in graph.references_from(node) {
            let (kind, name) = edge_name(reference, &mut names, &mut places);
            if shown.contains(reference.target.0) {
                out.text("\n,");
                edge(out.bytes(), kind, name, place(reference.target));
            }
            out.gathered()?;
        }
        out.step()?;
    }
    out.text("],\n\"trace_function_infos\":[],\n\"trace_tree\":[],\n\"samples\":[],\n\"locations\":[],\n\"strings\":[");
    for id in 0..names.count() {
        if id > 0 {
            out.text(",\n");
        }
        escape::json(out.bytes(), names.get(id));
        out.gathered()?;
    }
    out.text("]}\n");
    Ok(())
}

fn without_dot(words: &str) -> &str {
    words.strip_prefix('.').unwrap_or(words)
}

/// What keeps objects alive, by kind: each group in heap order; garbage too, so that readers find every node.
fn groups(graph: &HeapGraph) -> Vec<Group> {
    let mut groups = Vec::new();
    let kinds = [
        (RootKind::Module, "(modules)"),
        (RootKind::Frame, "(running frames)"),
        (RootKind::Interpreter, "(interpreter state)"),
        (RootKind::Static, "(static types)"),
        (RootKind::External, "(roots outside)"),
        (RootKind::Garbage, "(kept garbage)"),
    ];
    for (kind, name) in kinds {
        let of_kind = graph.roots().iter().filter(|root| root.kind == kind && graph.is_shown(root.node));
        groups.push(Group { name, members: of_kind.map(|root| root.node).collect() });
    }
    let anchors = anchors(graph);
    let mut outside: Vec<NodeId> =
        [Tier::Placed, Tier::Outside, Tier::Operand].iter().flat_map(|&tier| anchors.of(tier)).copied().collect();
    outside.sort_unstable();
    groups.push(Group { name: "(held from outside)", members: outside });
    groups.push(Group { name: "(immortal)", members: anchors.of(Tier::Immortal).to_vec() });
    groups.push(Group { name: "(held by no root)", members: unreached(graph, &anchors) });
    groups.retain(|group| !group.members.is_empty());
    groups
}

/// What no anchor reaches: garbage, and what refroots alone holds.
fn unreached(graph: &HeapGraph, anchors: &Anchors) -> Vec<NodeId> {
    let mut met = graph.visit_map();
    let mut waiting: Vec<u32> = Vec::new();
    for anchor in anchors.keeping() {
        if met.visit(anchor) {
            waiting.push(anchor.0);
        }
        while let Some(node) = waiting.pop() {
            let targets = graph.referents(NodeId(node)).iter().copied();
            waiting.extend(targets.filter(|&target| graph.is_shown(NodeId(target)) && met.visit(NodeId(target))));
        }
    }
    graph.node_ids().filter(|node| !met.is_visited(node) && graph.is_shown(*node)).collect()
}

fn synthetic(out: &mut Output<'_>, name: u32, id: u64, edges: usize) {
    node_numbers(out.bytes(), SYNTHETIC, name, id, 0, edges);
}

fn node_numbers(out: &mut Vec<u8>, kind: u8, name: u32, id: u64, size: u64, edges: usize) {
    output::number_into(out, u64::from(kind));
    for number in [u64::from(name), id, size.min(u64::from(u32::MAX)), edges as u64] {
        out.push(b',');
        output::number_into(out, number);
    }
    out.extend_from_slice(b",0,0");
}

#[inline]
fn edge(out: &mut Vec<u8>, kind: u8, name: u64, to: u64) {
    out.extend_from_slice(&[b'0' + kind, b',']);
    output::number_into(out, name);
    out.push(b',');
    output::number_into(out, to * FIELDS);
}

fn nodes(graph: &HeapGraph, shown: &Shown, ids: Option<&Ids>, names: &mut Names<'_>, out: &mut Output<'_>) -> Result<(), Error> {
    let kinds: Vec<u8> = graph.type_ids().map(|id| kind_of(graph, id)).collect();
    let mut notes = names.notes();
    for node in shown.nodes(graph) {
        let type_id = graph.type_of(node);
        let kind = kinds[type_id.index()];
        let note = notes.of(node);
        let name = match note.text {
            Some(text) if note.is_definition => names.intern(&format!("{} {text}", graph.type_short_name(type_id))),
            Some(text) if matches!(kind, STRING | NUMBER) => names.intern(&text),
            _ => names.type_name(type_id),
        };
        out.text("\n,");
        let id = ids.map_or(node.0, |ids| ids.get(node));
        node_numbers(out.bytes(), kind, name, u64::from(id), graph.size(node), shown.references(graph, node));
        out.step()?;
    }
    Ok(())
}

/// What V8's readers show a type's objects as. `array` and `hidden` they leave out, so nothing is that.
fn kind_of(graph: &HeapGraph, id: TypeId) -> u8 {
    if !matches!(graph.type_module(id), "" | "builtins") {
        return OBJECT;
    }
    match graph.type_qualname(id) {
        "str" | "bytes" => STRING,
        "int" | "float" | "complex" | "bool" => NUMBER,
        "code" => CODE,
        "function" | "builtin_function_or_method" | "method" => CLOSURE,
        _ => OBJECT,
    }
}

/// A reference's type, and its name's number or its position.
#[inline]
fn edge_name(reference: Reference, names: &mut Names<'_>, places: &mut Places) -> (u8, u64) {
    match reference.kind {
        EdgeKind::Index => (ELEMENT, u64::from(reference.name)),
        kind => {
            let name = names.reference(reference, places);
            let kind = match kind {
                EdgeKind::Cell | EdgeKind::Local => CONTEXT,
                EdgeKind::Key | EdgeKind::Constant | EdgeKind::Unnamed => INTERNAL,
                _ => PROPERTY,
            };
            (kind, u64::from(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use crate::export::{self, Format, Options};
    use crate::{Study, Values, sketch};

    fn snapshot(sketch: &str, values: Values) -> String {
        let mut out = Vec::new();
        let study = Study::new(sketch::parse(sketch).unwrap());
        export::write(&study, Format::HeapSnapshot, Options::new(values), &mut out, &mut |_, _| ControlFlow::Continue(()))
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    const HEAP: &str = "app: module 'app' root
         app -> d .cache
         d: dict size=99
         d -> k key
         d -> l [k]
         k: str 'hunter2'
         l: list
         l -> n [0]
         l -> own [1]
         n: int 7
         own: list internal
         own -> lost [0]
         lost: list";

    #[test]
    fn the_whole_file_is_as_v8_writes_it() {
        let text = snapshot(HEAP, Values::None);
        let (_, rest) = text.split_once("\"node_count\":").unwrap();
        insta::assert_snapshot!(rest);
    }

    #[test]
    fn values_are_said_where_the_policy_allows() {
        let (none, short) = (snapshot(HEAP, Values::None), snapshot(HEAP, Values::Short));
        assert!(!none.contains("hunter2") && none.contains("\"[<str #1>]\""), "{none}");
        assert!(short.contains("\"'hunter2'\"") && short.contains("\"['hunter2']\"") && short.contains("\"7\""), "{short}");
    }
}
