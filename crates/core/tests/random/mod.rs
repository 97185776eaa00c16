//! Random small heaps with every kind of root, for tests against oracles.
#![allow(unreachable_pub, missing_docs, reason = "a module of several tests")]

use proptest::prelude::*;
use refroots_core::{HeapGraph, sketch};

#[derive(Clone, Debug)]
pub struct Plain {
    /// Size and role of each node.
    pub nodes: Vec<(u32, Role)>,
    /// Referrer and referent.
    pub edges: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    Ordinary,
    Module,
    Frame(u8),
    Outside,
    Immortal,
    Own,
}

pub fn graphs() -> impl Strategy<Value = Plain> {
    let role = prop_oneof![
        30 => Just(Role::Ordinary),
        1 => Just(Role::Module),
        2 => (0_u8..2).prop_map(Role::Frame),
        1 => Just(Role::Outside),
        1 => Just(Role::Immortal),
        1 => Just(Role::Own),
    ];
    prop::collection::vec((1_u32..1000, role), 2..40).prop_flat_map(|nodes| {
        let count = nodes.len() as u32;
        prop::collection::vec((0..count, 0..count), 0..90).prop_map(move |edges| Plain { nodes: nodes.clone(), edges })
    })
}

pub fn build(plain: &Plain) -> HeapGraph {
    sketch::parse(&text(plain)).unwrap()
}

pub fn text(plain: &Plain) -> String {
    let mut text = String::new();
    for (node, &(size, role)) in plain.nodes.iter().enumerate() {
        let role = match role {
            Role::Ordinary => "list".to_owned(),
            Role::Module => format!("module 'm{node}' root"),
            Role::Frame(thread) => format!("frame 'f{node}' root synthetic thread=T{thread}"),
            Role::Outside => "list external=1".to_owned(),
            Role::Immortal => "list immortal".to_owned(),
            Role::Own => "list internal".to_owned(),
        };
        text += &format!("n{node}: {role} size={size}\n");
    }
    for (source, target) in &plain.edges {
        text += &format!("n{source} -> n{target}\n");
    }
    text
}
