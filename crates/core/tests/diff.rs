//! Random heaps, changed by known operations: what a difference says, against what happened.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use refroots_core::query::diff::{Mark, by_type, diff, still_there};
use refroots_core::{HeapGraph, HeapGraphBuilder, NodeFlags, NodeId, NodeRecord, ReferenceName, Root, RootKind, Value};

/// Where the marks of a first and of a second heap stand.
const MARKS: [u64; 2] = [0xffff_0000, 0xffff_1000];

/// One object of a process: who it is, where it stands, what it is.
#[derive(Clone, Debug)]
struct Object {
    identity: u32,
    address: u64,
    type_name: u8,
    is_tracked: bool,
    value: Option<i128>,
    holds: Vec<u32>,
}

/// The objects of a process in the collector's order; the first is a root.
type Process = Vec<Object>;

#[derive(Clone, Debug)]
enum Change {
    Free(usize),
    Make { type_name: u8, is_tracked: bool, value: i128, place: usize, holders: Vec<usize> },
    Drop { holder: usize, at: usize },
    Hold { holder: usize, target: usize },
}

fn change() -> impl Strategy<Value = Change> {
    let some = 0_usize..1000;
    prop_oneof![
        some.clone().prop_map(Change::Free),
        (0_u8..3, any::<bool>(), 0_i128..3, some.clone(), prop::collection::vec(some.clone(), 0..3)).prop_map(
            |(type_name, is_tracked, value, place, holders)| Change::Make { type_name, is_tracked, value, place, holders }
        ),
        (some.clone(), some.clone()).prop_map(|(holder, at)| Change::Drop { holder, at }),
        (some.clone(), some).prop_map(|(holder, target)| Change::Hold { holder, target }),
    ]
}

/// Addresses that objects had and have no more, last freed first.
#[derive(Default)]
struct Allocator {
    freed: Vec<u64>,
    made: u32,
}

fn apply(process: &mut Process, allocator: &mut Allocator, changes: &[Change], born: u32) {
    for change in changes {
        let count = process.len();
        match change {
            Change::Free(at) => {
                let at = at % count;
                if at != 0 {
                    let gone = process.remove(at);
                    allocator.freed.push(gone.address);
                    process.iter_mut().for_each(|object| object.holds.retain(|&held| held != gone.identity));
                }
            }
            Change::Make { type_name, is_tracked, value, place, holders } => {
                let identity = allocator.made;
                allocator.made += 1;
                let fresh = 0x1000 + 16 * u64::from(identity);
                let address = if place % 4 == 0 { fresh } else { allocator.freed.pop().unwrap_or(fresh) };
                let is_old_place = address != fresh;
                for holder in holders {
                    let holder = &mut process[holder % count];
                    // What nobody can see: an untracked object in the place of an equal one, in the same holder.
                    if *is_tracked || !is_old_place || holder.identity >= born {
                        holder.holds.push(identity);
                    }
                }
                let value = (!is_tracked).then_some(*value);
                process.push(Object { identity, address, type_name: *type_name, is_tracked: *is_tracked, value, holds: vec![] });
            }
            Change::Drop { holder, at } => {
                let holds = &mut process[holder % count].holds;
                if !holds.is_empty() {
                    holds.remove(at % holds.len());
                }
            }
            Change::Hold { holder, target } => {
                let (held, is_tracked) = (process[target % count].identity, process[target % count].is_tracked);
                let holder = &mut process[holder % count];
                if is_tracked || held < born || holder.identity >= born {
                    holder.holds.push(held);
                }
            }
        }
    }
}

/// Captures a process, with a mark behind the objects that are older than `born`.
fn capture(process: &Process, mark: u64, born: Option<u32>) -> (HeapGraph, Vec<u32>) {
    // The collector's order first, then what it does not know, as capture meets them.
    let (tracked, untracked): (Vec<&Object>, Vec<&Object>) = process.iter().partition(|object| object.is_tracked);
    let behind = tracked.iter().take_while(|object| born.is_none_or(|born| object.identity < born)).count();
    let mut order: Vec<Option<&Object>> = tracked[..behind].iter().copied().map(Some).collect();
    if born.is_some() {
        order.push(None);
    }
    order.extend(tracked[behind..].iter().copied().map(Some));
    order.extend(untracked.into_iter().map(Some));
    let mut builder = HeapGraphBuilder::default();
    let module = builder.intern("app");
    let types = ["A", "B", "C"].map(|name| {
        let name = builder.intern(name);
        builder.add_type(module, name)
    });
    for object in &order {
        builder.discover(object.map_or(mark, |object| object.address));
    }
    let ordinals: HashMap<u32, u32> =
        (0..).zip(&order).filter_map(|(at, object)| object.map(|object| (object.identity, at))).collect();
    for object in &order {
        let Some(object) = object else {
            let flags = NodeFlags::TRACKED.with(NodeFlags::INTERNAL);
            builder.describe(NodeRecord { type_id: types[0], size: 16, refcount: Some(1), flags });
            continue;
        };
        let flags = if object.is_tracked { NodeFlags::TRACKED } else { NodeFlags::default() };
        let type_id = types[usize::from(object.type_name)];
        let node = builder.describe(NodeRecord { type_id, size: 16, refcount: Some(1), flags });
        if let Some(value) = object.value {
            builder.keep_value(&Value::Int(value));
        }
        for held in object.holds.iter().filter_map(|held| ordinals.get(held)) {
            builder.refer(NodeId(*held), ReferenceName::Member);
        }
        if object.identity == 0 {
            builder.add_root(Root { node, kind: RootKind::Module, name: module, detail: module, thread: module, asking: false });
        }
    }
    let identities = order.iter().map(|object| object.map_or(u32::MAX, |object| object.identity)).collect();
    (builder.finish().unwrap(), identities)
}

fn root() -> Process {
    vec![Object { identity: 0, address: 0x1000, type_name: 0, is_tracked: true, value: None, holds: vec![] }]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_said_is_what_happened(
        first in prop::collection::vec(change(), 0..60),
        second in prop::collection::vec(change(), 0..60),
        has_mark: bool,
    ) {
        let (mut process, mut allocator) = (root(), Allocator { made: 1, ..Allocator::default() });
        apply(&mut process, &mut allocator, &first, 0);
        let born = allocator.made;
        let (before, identities_before) = capture(&process, 0, None);
        let old = process.clone();
        apply(&mut process, &mut allocator, &second, born);
        let (after, identities) = capture(&process, MARKS[0], Some(born));
        let found = diff(&before, &after, has_mark.then_some(Mark { behind_oldest: MARKS[0], behind_all: None }));

        let what = |object: &Object| (object.address, object.type_name, object.value);
        let had: HashSet<_> = old.iter().map(what).collect();
        let has: HashSet<_> = process.iter().map(what).collect();
        let of = |identities: &[u32], nodes: &[NodeId]| -> HashSet<u32> { nodes.iter().map(|node| identities[node.index()]).collect() };
        let expected: HashSet<u32> = process.iter().filter(|object| !had.contains(&what(object))).map(|object| object.identity).collect();
        prop_assert_eq!(of(&identities, &found.new), expected);
        let expected: HashSet<u32> = old.iter().filter(|object| !has.contains(&what(object))).map(|object| object.identity).collect();
        prop_assert_eq!(of(&identities_before, &found.gone), expected);

        let mut survivors = 0;
        for node in after.node_ids().filter(|&node| found.is_survivor(node)) {
            survivors += 1;
            prop_assert!(identities[node.index()] < born, "{:?} is new", process.iter().find(|o| o.identity == identities[node.index()]));
        }
        prop_assert_eq!(survivors, found.survivors);
        prop_assert_eq!(found.survivors as usize + found.new.len() + found.unsure.len(), process.len());
        if has_mark {
            // Every tracked object that is the same is said to be.
            for node in &found.unsure {
                let object = process.iter().find(|object| object.identity == identities[node.index()]).unwrap();
                prop_assert!(!(object.is_tracked && object.identity < born), "{object:?}");
            }
        }
        let rows = by_type(&found, &before, &after);
        prop_assert_eq!(rows.iter().map(|row| row.new).sum::<u64>() as usize, found.new.len());
        prop_assert_eq!(rows.iter().map(|row| row.count()).sum::<i64>(), process.len() as i64 - old.len() as i64);
    }

    #[test]
    fn what_is_still_there_was_made_between_the_first_two(
        first in prop::collection::vec(change(), 0..40),
        second in prop::collection::vec(change(), 0..40),
        third in prop::collection::vec(change(), 0..40),
    ) {
        let (mut process, mut allocator) = (root(), Allocator { made: 1, ..Allocator::default() });
        apply(&mut process, &mut allocator, &first, 0);
        let (one, _) = capture(&process, 0, None);
        let born = allocator.made;
        apply(&mut process, &mut allocator, &second, born);
        let (two, _) = capture(&process, MARKS[0], Some(born));
        let born_later = allocator.made;
        apply(&mut process, &mut allocator, &third, born_later);
        let (three, identities) = capture(&process, MARKS[1], Some(born_later));
        let (to_second, to_third) = (diff(&one, &two, None), diff(&two, &three, None));
        for node in still_there(&to_second, &to_third, &two, &three) {
            let identity = identities[node.index()];
            prop_assert!((born..born_later).contains(&identity), "{identity} of {born}..{born_later}");
        }
    }
}
