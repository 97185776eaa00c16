//! Equal values and their holders against plain grouping, on random heaps; and shapes that hurt.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use refroots_core::query::duplicates::duplicates;
use refroots_core::query::holder::holders;
use refroots_core::query::waste::waste;
use refroots_core::{HeapGraph, HeapGraphBuilder, NodeFlags, NodeId, NodeRecord, ReferenceName, TypeId, Value, Values, Wording};

/// A value as Python would compare it, but for the type and the bits of floats.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Atom {
    Str(String),
    Bytes(Vec<u8>),
    Int(i128),
    BigInt(u16),
    Float(u64),
    None,
}

#[derive(Clone, Debug)]
enum Object {
    Atom(Atom),
    /// Of the objects at these places.
    Tuple(Vec<prop::sample::Index>),
}

fn atoms() -> impl Strategy<Value = Atom> {
    prop_oneof![
        "[ab]{0,2}".prop_map(Atom::Str),
        "x{38}[xy]{0,4}".prop_map(Atom::Str),
        "[\u{fffd}a]{1,2}".prop_map(Atom::Str),
        prop::collection::vec(0_u8..2, 0..3).prop_map(Atom::Bytes),
        prop::collection::vec(0_u8..2, 40..42).prop_map(Atom::Bytes),
        (-2_i128..2).prop_map(Atom::Int),
        (0_u16..3).prop_map(Atom::BigInt),
        prop_oneof![Just(0.0), Just(-0.0), Just(f64::NAN), Just(1.5)].prop_map(|value: f64| Atom::Float(value.to_bits())),
        Just(Atom::None),
    ]
}

fn heaps() -> impl Strategy<Value = Vec<(Object, bool)>> {
    let object = prop_oneof![
        4 => atoms().prop_map(Object::Atom),
        1 => prop::collection::vec(any::<prop::sample::Index>(), 0..4).prop_map(Object::Tuple),
    ];
    prop::collection::vec((object, prop::bool::weighted(0.05)), 1..80)
}

impl Atom {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Str(text) => {
                Value::Str(text.chars().take(Value::LIMIT).collect::<String>().into(), text.chars().count() as u64)
            }
            Self::Bytes(bytes) => Value::Bytes(bytes[..bytes.len().min(Value::LIMIT)].into(), bytes.len() as u64),
            Self::Int(value) => Value::Int(*value),
            Self::BigInt(_) => Value::BigInt { negative: false, bits: 300 },
            Self::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Self::None => Value::Constant("None".into()),
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Str(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::Int(_) | Self::BigInt(_) => "int",
            Self::Float(_) => "float",
            Self::None => "NoneType",
        }
    }

    fn is_kept_whole(&self) -> bool {
        match self {
            Self::Str(text) => text.chars().count() <= Value::LIMIT && !text.contains('\u{fffd}'),
            Self::Bytes(bytes) => bytes.len() <= Value::LIMIT,
            Self::BigInt(_) => false,
            _ => true,
        }
    }
}

fn build(heap: &[(Object, bool)]) -> HeapGraph {
    let mut builder = HeapGraphBuilder::default();
    let mut types: HashMap<&str, TypeId> = HashMap::new();
    for at in 0..heap.len() as u64 {
        builder.discover(16 * at + 4096);
    }
    let mut first: HashMap<&Atom, NodeId> = HashMap::new();
    for (at, (object, is_own)) in heap.iter().enumerate() {
        let name = if let Object::Atom(atom) = object { atom.type_name() } else { "tuple" };
        let type_id = *types.entry(name).or_insert_with(|| {
            let (module, qualname) = (builder.intern("builtins"), builder.intern(name));
            builder.add_type(module, qualname)
        });
        let flags = if *is_own { NodeFlags::INTERNAL } else { NodeFlags::default() };
        let node = builder.describe(NodeRecord { type_id, size: 10 + at as u64 % 3, refcount: Some(0), flags });
        match object {
            Object::Atom(atom) => {
                builder.keep_value(&atom.value());
                if !atom.is_kept_whole() && !is_own {
                    match first.get(atom) {
                        Some(&first) => builder.equal_to(node, first),
                        None => drop(first.insert(atom, node)),
                    }
                }
            }
            Object::Tuple(items) => {
                for (index, item) in (0..).zip(items) {
                    builder.refer(NodeId(item.index(heap.len()) as u32), ReferenceName::Index(index));
                }
            }
        }
    }
    builder.finish().unwrap()
}

/// What equal objects have in common; `None` for what is not compared.
fn key(heap: &[(Object, bool)], at: usize) -> Option<Vec<(Atom, usize)>> {
    let atom = |at: usize| match &heap[at] {
        // There is one None; here there are several, each one for itself.
        (Object::Atom(Atom::None), false) => Some((Atom::None, at + 1)),
        (Object::Atom(atom), false) => Some((atom.clone(), 0)),
        _ => None,
    };
    match &heap[at] {
        (Object::Atom(_), false) => atom(at).map(|atom| vec![atom]),
        (Object::Tuple(items), false) if !items.is_empty() => {
            let items: Option<Vec<_>> = items.iter().map(|item| atom(item.index(heap.len()))).collect();
            // Apart from atoms, which have one part.
            items.map(|items| [vec![(Atom::None, 0)], items].concat())
        }
        _ => None,
    }
}

proptest! {
    #[test]
    fn groups_are_those_of_a_plain_map(heap in heaps()) {
        let graph = build(&heap);
        let mut expected: HashMap<Vec<(Atom, usize)>, Vec<u32>> = HashMap::new();
        for at in 0..heap.len() {
            if let Some(key) = key(&heap, at) {
                expected.entry(key).or_default().push(at as u32);
            }
        }
        let mut expected: Vec<Vec<u32>> = expected.into_values().filter(|group| group.len() > 1).collect();
        expected.sort();
        let found = duplicates(&graph);
        prop_assert!(found.groups.is_sorted_by_key(|group| (std::cmp::Reverse(group.wasted), group.example)));
        let mut members: Vec<Vec<u32>> = Vec::new();
        for group in &found.groups {
            let nodes: Vec<NodeId> = found.members(group).collect();
            let sizes: Vec<u64> = nodes.iter().map(|&node| graph.size(node)).collect();
            prop_assert_eq!((group.count as usize, group.example), (nodes.len(), nodes[0]));
            prop_assert_eq!(group.size, *sizes.iter().max().unwrap());
            prop_assert_eq!(group.wasted + group.size, sizes.iter().sum::<u64>());
            members.push(nodes.into_iter().map(|node| node.0).collect());
        }
        members.sort();
        prop_assert_eq!(members, expected);
    }

    #[test]
    fn each_reference_has_one_way(heap in heaps(), marked in prop::collection::vec(any::<prop::sample::Index>(), 0..9)) {
        let graph = build(&heap);
        let nodes: Vec<NodeId> = marked.iter().map(|index| NodeId(index.index(heap.len()) as u32)).collect();
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        for reference in graph.node_ids().filter(|&node| graph.is_shown(node)).flat_map(|node| graph.references_from(node)) {
            if nodes.contains(&reference.target) {
                *expected.entry("[*] of tuple".to_owned()).or_default() += 1;
            }
        }
        let found = holders(&graph, &Wording::new(&graph, Values::Short), nodes, 9);
        prop_assert_eq!(found.into_iter().map(|holder| (holder.text, holder.count)).collect::<BTreeMap<_, _>>(), expected);
    }
}

#[test]
fn a_million_equal_strings_in_one_dict_are_found_and_said_at_once() {
    let million = 1_000_000;
    let mut builder = HeapGraphBuilder::with_room_for(million as usize).unwrap();
    let builtins = builder.intern("builtins");
    let [str, dict] = ["str", "dict"].map(|name| {
        let name = builder.intern(name);
        builder.add_type(builtins, name)
    });
    for at in 0..=million {
        builder.discover(u64::from(at) * 64 + 4096);
    }
    let plain = |type_id| NodeRecord { type_id, size: 64, refcount: Some(1), flags: NodeFlags::default() };
    for at in 0..million {
        builder.describe(plain(str));
        builder.keep_value(&Value::Str(format!("{}", at % 2).into(), 1));
    }
    builder.describe(plain(dict));
    for at in 0..million {
        builder.refer(NodeId(at), ReferenceName::Item(NodeId(at ^ 1)));
    }
    let graph = builder.finish().unwrap();
    let found = duplicates(&graph);
    assert_eq!(found.groups.iter().map(|group| group.count).collect::<Vec<_>>(), [500_000, 500_000]);
    for values in [Values::Short, Values::None] {
        let held = holders(&graph, &Wording::new(&graph, values), found.members(&found.groups[0]), 3);
        let text = if values == Values::Short { "['1'] of dict" } else { "[*] of dict" };
        assert_eq!((held.len(), held[0].text.as_str(), held[0].count), (1, text, 500_000));
    }
    assert_eq!(waste(&graph), []);
}
