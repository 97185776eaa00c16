//! Objects by the name of their type.

use crate::{Error, HeapGraph, NodeFlags, NodeId, TypeId};

/// The objects of the type that a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The type's whole name.
    pub type_name: String,
    /// Its objects, in heap order; at least one.
    pub nodes: Vec<NodeId>,
}

/// Finds the objects of one exact type (subclasses are others).
///
/// A bare name matches a qualified name or its last part; a dotted one that is no qualified name
/// matches the whole: `Foo`, `Outer.Foo`, `app.models.Foo`.
///
/// # Errors
/// [`Error::NoSuchType`] with the names spelled most alike, [`Error::AmbiguousType`] with all that
/// match, [`Error::NoLiveObjects`].
pub fn find_type(graph: &HeapGraph, name: &str) -> Result<Selection, Error> {
    let whole = name.strip_prefix("builtins.").unwrap_or(name);
    let mut matching: Vec<TypeId> = graph.type_ids().filter(|&id| graph.type_name(id) == whole).collect();
    if matching.is_empty() {
        matching = graph.type_ids().filter(|&id| answers_to(graph.type_qualname(id), name)).collect();
    }
    if matching.is_empty() {
        return Err(Error::NoSuchType { wanted: name.to_owned(), nearest: nearest(graph, name) });
    }
    let is_wanted = mark(graph, &matching);
    let nodes: Vec<NodeId> =
        graph.node_ids().filter(|&node| is_wanted[graph.type_of(node).index()] && is_object(graph, node)).collect();
    // A class that has no objects does not make the name of one that has ambiguous.
    if let Some(&first) = nodes.first() {
        matching = nodes.iter().map(|&node| graph.type_of(node)).collect();
        matching.sort_unstable();
        matching.dedup();
        let mut found: Vec<String> = matching.iter().map(|&id| graph.type_name(id)).collect();
        found.sort_unstable();
        found.dedup();
        if found.len() > 1 {
            return Err(Error::AmbiguousType { wanted: name.to_owned(), found });
        }
        return Ok(Selection { type_name: graph.type_name(graph.type_of(first)), nodes });
    }
    Err(Error::NoLiveObjects(graph.type_name(matching[0])))
}

/// The object that has an ordinal, as tables and pictures say it. O(1).
///
/// # Errors
/// [`Error::NoSuchObject`], also for refroots' own objects.
pub fn find_ordinal(graph: &HeapGraph, ordinal: u64) -> Result<Selection, Error> {
    let count = graph.node_count() as u64;
    let node = u32::try_from(ordinal).ok().filter(|_| ordinal < count).map(NodeId).filter(|&node| graph.is_shown(node));
    let node = node.ok_or(Error::NoSuchObject { ordinal, count })?;
    Ok(Selection { type_name: graph.type_name(graph.type_of(node)), nodes: vec![node] })
}

fn mark(graph: &HeapGraph, types: &[TypeId]) -> Vec<bool> {
    let mut marked = vec![false; graph.type_count()];
    for id in types {
        marked[id.index()] = true;
    }
    marked
}

fn is_object(graph: &HeapGraph, node: NodeId) -> bool {
    graph.is_shown(node) && !graph.flags(node).contains(NodeFlags::SYNTHETIC)
}

fn answers_to(qualname: &str, name: &str) -> bool {
    qualname == name || qualname.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}

/// Up to three names that are spelled most like the wanted one.
fn nearest(graph: &HeapGraph, wanted: &str) -> Vec<String> {
    let lower = wanted.to_lowercase();
    let dotted = wanted.contains('.');
    let mut scored: Vec<(f64, String)> = graph
        .type_ids()
        .map(|id| {
            let name = graph.type_name(id);
            let compared = if dotted { name.as_str() } else { graph.type_short_name(id) };
            (strsim::jaro_winkler(&lower, &compared.to_lowercase()), name)
        })
        .filter(|(score, _)| *score > 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch;

    fn find(name: &str) -> Result<(String, usize), String> {
        let graph =
            sketch::parse("a: app.Foo\nb: app.Foo\nc: lib.Bar\nd: other.Bar\ne: list\nf: app.Fooled\ng: app.Gone internal")
                .unwrap();
        find_type(&graph, name).map(|found| (found.type_name, found.nodes.len())).map_err(|error| error.to_string())
    }

    #[test]
    fn bare_and_whole_names() {
        assert_eq!(find("Foo"), Ok(("app.Foo".into(), 2)));
        assert_eq!(find("app.Foo"), Ok(("app.Foo".into(), 2)));
        assert_eq!(find("lib.Bar"), Ok(("lib.Bar".into(), 1)));
        assert_eq!(find("builtins.list"), Ok(("list".into(), 1)));
    }

    #[test]
    fn ordinals_are_those_of_shown_objects() {
        let graph = sketch::parse("a: app.Foo\nb: app.Bar internal").unwrap();
        assert_eq!(find_ordinal(&graph, 0).unwrap().type_name, "app.Foo");
        for wrong in [1, 2, u64::MAX] {
            let message = find_ordinal(&graph, wrong).unwrap_err().to_string();
            assert!(message.starts_with(&format!("there is no object #{wrong} in this heap")), "{message}");
        }
    }

    #[test]
    fn wrong_names_say_what_to_do() {
        let message = find("fo").unwrap_err();
        assert_eq!(message, "no type named \"fo\" has objects in this heap; did you mean app.Foo, app.Fooled?");
        let message = find("Bar").unwrap_err();
        assert_eq!(message, "\"Bar\" names 2 types: lib.Bar, other.Bar; give the whole name of one");
        assert_eq!(find("Gone").unwrap_err(), "app.Gone is known, but no object of it is alive");
    }
}
