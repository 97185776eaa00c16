//! The heap as four Parquet tables: nodes, references, types, roots.
//!
//! Columns are packed here and handed to the `parquet` crate as finished pages (it writes the file around
//! them): its own encoders look each value up as bytes, which takes longer than all else together.

mod bits;
mod column;
mod table;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use column::Column;
use table::Table;

use super::names::{Names, Places};
use super::output::Pace;
use super::shown::Shown;
use super::{Error, OpenTable};
use crate::query::anchors::externals;
use crate::query::dominator_tree::retained_by_group;
use crate::query::dominators::Dominators;
use crate::{EdgeKind, HeapGraph, NodeFlags, Study, Values};

const NODES: &str = "message nodes {
    required int32 id;
    required int64 type_id;
    required binary type (STRING);
    required int64 size;
    required int64 retained;
    optional int32 dominator;
    optional int64 refcount;
    optional int64 external;
    optional int64 length;
    optional binary text (STRING);
    required boolean tracked;
    required boolean immortal;
    required boolean frame;
}";
const REFERENCES: &str = "message references {
    required int32 source;
    required int32 target;
    required binary kind (STRING);
    optional binary name (STRING);
    optional int64 index;
}";
const TYPES: &str = "message types {
    required int64 id;
    required binary name (STRING);
    required binary module (STRING);
    required binary qualname (STRING);
    required int64 objects;
    required int64 size;
    required int64 retained;
}";
const ROOTS: &str = "message roots {
    required int32 node;
    required binary kind (STRING);
    required binary name (STRING);
    optional binary thread (STRING);
    optional binary file (STRING);
}";

/// Nodes or references between two looks at whether to stop.
const STRIDE: usize = 1 << 14;
/// How long the faster thread waits between two calls of the callback.
const WAIT: Duration = Duration::from_millis(5);

/// Writes the tables: references on a thread of their own, the others here.
pub(super) fn write(study: &Study, values: Values, open: &OpenTable<'_>, pace: &mut Pace<'_>) -> Result<(), Error> {
    pace.expect((study.node_count() + study.edge_count()) as u64);
    pace.ask()?;
    let dominators = study.dominators()?;
    let shown = Shown::of(study);
    let (done, is_stopped) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let elsewhere = scope.spawn(|| references(study, &shown, values, open, &done, &is_stopped));
        let mut told = 0;
        let mut ask = |here: u64| {
            let there = done.load(Ordering::Relaxed);
            pace.step(here + there - std::mem::replace(&mut told, there))
        };
        let mut here = nodes(study, dominators, &shown, values, open, &mut ask)
            .and_then(|()| types(study, dominators, open))
            .and_then(|()| roots(study, values, open));
        while here.is_ok() && !elsewhere.is_finished() {
            thread::sleep(WAIT);
            here = ask(0);
        }
        is_stopped.store(here.is_err(), Ordering::Relaxed);
        let there = elsewhere.join().unwrap_or_else(|_| Err(Error::Tables("the thread of references died".to_owned())));
        here.and(there)
    })
}

fn references(
    graph: &HeapGraph,
    shown: &Shown,
    values: Values,
    open: &OpenTable<'_>,
    done: &AtomicU64,
    is_stopped: &AtomicBool,
) -> Result<(), Error> {
    let mut names = Names::new(graph, values, |words| words);
    let columns =
        vec![Column::ordinals(), Column::ordinals(), Column::names(), Column::names().optional(), Column::numbers().optional()];
    let kinds = EdgeKind::ALL.map(|kind| u64::from(names.intern(kind.word())));
    let mut table = Table::create(open, "references.parquet", REFERENCES, columns)?;
    let mut looked = 0;
    for node in shown.nodes(graph) {
        let mut places = Places::default();
        for reference in graph.references_from(node) {
            let (name, index) = match reference.index() {
                Some(index) => (0, Some(u64::from(index))),
                None => (names.reference(reference, &mut places), None),
            };
            if !shown.contains(reference.target.0) {
                continue;
            }
            if let [source, target, kind, name_column, index_column] = table.columns.as_mut_slice() {
                source.push(u64::from(node.0));
                target.push(u64::from(reference.target.0));
                kind.push(kinds[reference.kind as usize]);
                name_column.push_optional((name != 0).then_some(u64::from(name)));
                index_column.push_optional(index);
            }
            table.row(&names)?;
            looked += 1;
            if looked % STRIDE == 0 {
                done.fetch_add(STRIDE as u64, Ordering::Relaxed);
                if is_stopped.load(Ordering::Relaxed) {
                    return Err(Error::Stopped);
                }
            }
        }
    }
    table.finish(&names)
}

fn nodes(
    graph: &HeapGraph,
    dominators: &Dominators,
    shown: &Shown,
    values: Values,
    open: &OpenTable<'_>,
    ask: &mut dyn FnMut(u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut names = Names::new(graph, values, |words| words);
    let columns = vec![
        Column::ordinals(),
        Column::numbers(),
        Column::names(),
        Column::numbers(),
        Column::numbers(),
        Column::ordinals().optional(),
        Column::numbers().optional(),
        Column::numbers().optional(),
        Column::numbers().optional(),
        Column::names().optional(),
        Column::bits(),
        Column::bits(),
        Column::bits(),
    ];
    let mut table = Table::create(open, "nodes.parquet", NODES, columns)?;
    let mut notes = names.notes();
    for ((node, external), looked) in graph.node_ids().zip(externals(graph)).zip(1..) {
        if looked % STRIDE == 0 {
            ask(STRIDE as u64)?;
        }
        if !shown.contains(node.0) {
            continue;
        }
        let (type_id, flags) = (graph.type_of(node), graph.flags(node));
        let is_frame = flags.contains(NodeFlags::SYNTHETIC);
        let name = names.type_name(type_id);
        let note = notes.of(node);
        let text = note.text.map(|text| names.intern(&text));
        let [id, of_type, type_name, size, retained, dominator, refcount, outside, long, said, tracked, immortal, frame] =
            table.columns.as_mut_slice()
        else {
            continue;
        };
        id.push(u64::from(node.0));
        of_type.push(u64::from(type_id.0));
        type_name.push(u64::from(name));
        size.push(graph.size(node));
        retained.push(dominators.retained(node));
        dominator.push_optional(dominators.parent(node).map(|parent| u64::from(parent.0)));
        let count = graph.refcount(node).filter(|_| !is_frame);
        refcount.push_optional(count.map(u64::from));
        outside.push_optional(count.and(external).map(u64::from));
        long.push_optional(note.length);
        said.push_optional(text.map(u64::from));
        tracked.push(u64::from(flags.contains(NodeFlags::TRACKED)));
        immortal.push(u64::from(flags.contains(NodeFlags::IMMORTAL)));
        frame.push(u64::from(is_frame));
        table.row(&names)?;
    }
    table.finish(&names)
}

/// The types that shown objects have. The retained bytes of each count what is below another of it once.
fn types(graph: &HeapGraph, dominators: &Dominators, open: &OpenTable<'_>) -> Result<(), Error> {
    let mut names = Names::new(graph, Values::None, |words| words);
    let columns = vec![
        Column::numbers(),
        Column::names(),
        Column::names(),
        Column::names(),
        Column::numbers(),
        Column::numbers(),
        Column::numbers(),
    ];
    let mut table = Table::create(open, "types.parquet", TYPES, columns)?;
    let is_counted = |node| graph.is_shown(node) && !graph.flags(node).contains(NodeFlags::SYNTHETIC);
    let key = |node| is_counted(node).then(|| graph.type_of(node).index());
    let mut counts = vec![(0_u64, 0_u64); graph.type_count()];
    for node in graph.node_ids() {
        if let Some(at) = key(node) {
            counts[at].0 += 1;
            counts[at].1 = counts[at].1.saturating_add(graph.size(node));
        }
    }
    let retained = retained_by_group(graph, dominators, graph.type_count(), key);
    for id in graph.type_ids().filter(|id| counts[id.index()].0 > 0) {
        let texts = [names.type_name(id), names.intern(graph.type_module(id)), names.intern(graph.type_qualname(id))];
        let (objects, size) = counts[id.index()];
        let row = [u64::from(id.0)].into_iter().chain(texts.map(u64::from)).chain([objects, size, retained[id.index()]]);
        for (column, value) in table.columns.iter_mut().zip(row) {
            column.push(value);
        }
        table.row(&names)?;
    }
    table.finish(&names)
}

fn roots(graph: &HeapGraph, values: Values, open: &OpenTable<'_>) -> Result<(), Error> {
    let mut names = Names::new(graph, values, |words| words);
    let columns =
        vec![Column::ordinals(), Column::names(), Column::names(), Column::names().optional(), Column::names().optional()];
    let mut table = Table::create(open, "roots.parquet", ROOTS, columns)?;
    for root in graph.roots().iter().filter(|root| graph.is_shown(root.node)) {
        let name = names.intern(&names.wording.root_name(root));
        let kind = names.intern(root.kind.word());
        let thread = names.wording.thread(root).map(|thread| names.intern(thread));
        let file = names.wording.file(root).map(|file| names.intern(file));
        if let [node, kind_column, name_column, thread_column, file_column] = table.columns.as_mut_slice() {
            node.push(u64::from(root.node.0));
            kind_column.push(u64::from(kind));
            name_column.push(u64::from(name));
            thread_column.push_optional(thread.map(u64::from));
            file_column.push_optional(file.map(u64::from));
        }
        table.row(&names)?;
    }
    table.finish(&names)
}
