//! Graphs written as text, for tests and examples.
//!
//! One statement a line. `name: type 'text' flag …` makes a node: the text is a string's value, a
//! number, or the name of a module, class, function or frame; flags are `root`, `asking`,
//! `namespace`, `internal`, `immortal`, `synthetic`, `tracked`, `size=N`, `external=N` (references that the
//! graph does not see), `operand` (one of them, from a running frame's evaluation stack), `at=HEX` (its address),
//! `thread=NAME` (of a frame). `a -> b NAME` makes a reference: `.x`, `[3]`, `[key]` (the name of the key's node), `[*]`,
//! `<x>`, `local x`, `slot x`, `special x`, `key`, or nothing. `a ~> b` makes a weak reference to b out of a. Nodes are numbered as they are
//! declared, and may be used before.

use std::collections::HashMap;

use crate::{Error, HeapGraph, HeapGraphBuilder, NodeFlags, NodeId, NodeRecord, ReferenceName, Root, RootKind, TypeId, Value};

struct Node<'a> {
    name: &'a str,
    type_name: &'a str,
    text: Option<&'a str>,
    flags: Vec<&'a str>,
}

/// Parses a sketch.
///
/// # Errors
/// [`Error::Sketch`] with the line.
pub fn parse(sketch: &str) -> Result<HeapGraph, Error> {
    let mut nodes: Vec<Node<'_>> = Vec::new();
    let mut ids: HashMap<&str, NodeId> = HashMap::new();
    let mut references: Vec<(usize, &str, &str, &str)> = Vec::new();
    let mut weak: Vec<(usize, &str, &str)> = Vec::new();
    for (line, statement) in (1..).zip(sketch.lines().map(str::trim)) {
        if statement.is_empty() || statement.starts_with('#') {
            continue;
        }
        if let Some((source, rest)) = statement.split_once("->") {
            let (target, name) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
            references.push((line, source.trim(), target.trim(), name.trim()));
        } else if let Some((source, target)) = statement.split_once("~>") {
            weak.push((line, source.trim(), target.trim()));
        } else if let Some((name, rest)) = statement.split_once(':') {
            ids.insert(name, NodeId::at(nodes.len()));
            nodes.push(parse_node(name, rest.trim()));
        } else {
            return Err(problem(line, format!("expected `name: type`, `a -> b` or `a ~> b`, found {statement:?}")));
        }
    }
    let mut outgoing: Vec<Vec<(NodeId, usize, &str)>> = vec![Vec::new(); nodes.len()];
    let mut counts = vec![0_u32; nodes.len()];
    let find =
        |line: usize, name: &str| ids.get(name).copied().ok_or_else(|| problem(line, format!("no node is named {name:?}")));
    for &(line, source, target, name) in &references {
        let (source, target) = (find(line, source)?, find(line, target)?);
        counts[target.index()] += 1;
        outgoing[source.index()].push((target, line, name));
    }
    let mut builder = build(&nodes, &ids, &outgoing, &counts)?;
    let pairs = weak.iter().map(|&(line, source, target)| Ok((find(line, source)?.0, find(line, target)?.0)));
    builder.know_weak(pairs.collect::<Result<_, Error>>()?);
    builder.finish()
}

fn problem(line: usize, problem: String) -> Error {
    Error::Sketch { line, problem }
}

fn parse_node<'a>(name: &'a str, rest: &'a str) -> Node<'a> {
    let (type_name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (text, rest) = match rest.strip_prefix('\'').and_then(|rest| rest.rsplit_once('\'')) {
        Some((text, rest)) => (Some(text), rest),
        None => (None, rest),
    };
    let mut flags: Vec<&str> = rest.split_whitespace().collect();
    let number = flags.first().filter(|word| word.parse::<i128>().is_ok()).copied();
    if number.is_some() {
        flags.remove(0);
    }
    Node { name, type_name, text: text.or(number), flags }
}

fn build(
    nodes: &[Node<'_>],
    ids: &HashMap<&str, NodeId>,
    outgoing: &[Vec<(NodeId, usize, &str)>],
    counts: &[u32],
) -> Result<HeapGraphBuilder, Error> {
    let mut builder = HeapGraphBuilder::default();
    let mut types: HashMap<&str, TypeId> = HashMap::new();
    for (i, node) in nodes.iter().enumerate() {
        let at = node.flags.iter().find_map(|flag| u64::from_str_radix(flag.strip_prefix("at=")?, 16).ok());
        builder.discover(at.unwrap_or(0x1000 + 16 * i as u64));
    }
    for (i, node) in nodes.iter().enumerate() {
        let type_id = *types.entry(node.type_name).or_insert_with(|| {
            let (module, qualname) = node.type_name.rsplit_once('.').unwrap_or(("builtins", node.type_name));
            let (module, qualname) = (builder.intern(module), builder.intern(qualname));
            builder.add_type(module, qualname)
        });
        let number = |key: &str| node.flags.iter().find_map(|flag| flag.strip_prefix(key)?.parse::<u32>().ok());
        let mut flags = NodeFlags::default();
        for (word, flag) in [
            ("namespace", NodeFlags::NAMESPACE),
            ("internal", NodeFlags::INTERNAL),
            ("immortal", NodeFlags::IMMORTAL),
            ("synthetic", NodeFlags::SYNTHETIC),
            ("tracked", NodeFlags::TRACKED),
        ] {
            if node.flags.contains(&word) {
                flags = flags.with(flag);
            }
        }
        let operand = node.flags.contains(&"operand");
        let external = number("external=").unwrap_or(0) + u32::from(operand);
        let refcount = (!flags.contains(NodeFlags::IMMORTAL)).then(|| counts[i] + external);
        let id = builder.describe(NodeRecord { type_id, size: u64::from(number("size=").unwrap_or(16)), refcount, flags });
        if let Some(text) = node.text {
            match node.type_name {
                "str" => builder.keep_value(&Value::Str(text.into(), text.chars().count() as u64)),
                "int" => builder.keep_value(&Value::Int(text.parse().unwrap_or_default())),
                _ => {
                    let text = builder.intern(text);
                    builder.define(id, text);
                }
            }
        }
        if operand {
            let place = builder.intern("a running frame's evaluation stack");
            builder.suspect(id, RootKind::External, place);
        }
        if node.flags.contains(&"root") {
            let kind = match node.type_name {
                "module" => RootKind::Module,
                "frame" => RootKind::Frame,
                "type" => RootKind::Static,
                _ => RootKind::Interpreter,
            };
            let name = builder.intern(node.text.unwrap_or(node.name));
            let detail = builder.intern("");
            let thread = node.flags.iter().find_map(|flag| flag.strip_prefix("thread=")).unwrap_or_default();
            let thread = builder.intern(thread);
            builder.add_root(Root { node: id, kind, name, detail, thread, asking: node.flags.contains(&"asking") });
        }
        for &(target, line, name) in &outgoing[i] {
            let name = reference_name(&mut builder, ids, name)
                .ok_or_else(|| problem(line, format!("no reference is written {name:?}")))?;
            builder.refer(target, name);
        }
    }
    Ok(builder)
}

fn reference_name(builder: &mut HeapGraphBuilder, ids: &HashMap<&str, NodeId>, name: &str) -> Option<ReferenceName> {
    Some(match name {
        "" => ReferenceName::Unnamed,
        "key" => ReferenceName::Key,
        "[*]" => ReferenceName::Member,
        _ => {
            if let Some(inner) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
                match inner.parse() {
                    Ok(index) => ReferenceName::Index(index),
                    Err(_) => ReferenceName::Item(*ids.get(inner)?),
                }
            } else if let Some(variable) = name.strip_prefix('<').and_then(|name| name.strip_suffix('>')) {
                ReferenceName::Cell(builder.intern(variable))
            } else if let Some(dunder) = name.strip_prefix(".__").filter(|name| name.ends_with("__")) {
                ReferenceName::Special(builder.intern(&format!("__{dunder}")))
            } else if let Some(attribute) = name.strip_prefix('.') {
                ReferenceName::Attribute(builder.intern(attribute))
            } else {
                match name.split_once(' ')? {
                    ("local", variable) => ReferenceName::Local(builder.intern(variable)),
                    ("slot", attribute) => ReferenceName::Slot(builder.intern(attribute)),
                    ("special", field) => ReferenceName::Special(builder.intern(field)),
                    _ => return None,
                }
            }
        }
    })
}
