//! Where some objects are held, in words, by type and name: `.name of app.User`, `['k'] of dict`, `[*] of list`.

use hashbrown::HashMap;
use petgraph::visit::{VisitMap, Visitable};
use rustc_hash::FxBuildHasher;

use crate::{EdgeKind, HeapGraph, NodeFlags, NodeId, Reference, TypeId, Values, Wording};

/// One way in which objects are held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The reference, positions folded, and the type of the referrer.
    pub text: String,
    /// How many references there are like it.
    pub count: u64,
}

/// Keys of one type of dict that are told apart; of more of them, none is.
const KEYS_NAMED: usize = 8;
/// References from the front and from the back among which an object's hold on its namespace stands.
const FIRST_FIELDS: usize = 8;
const LAST_FIELDS: usize = 2;

/// Counts the references to some objects by the referrer's type and the reference's name, most first, then
/// by their words. What a namespace holds its owner holds. Gives at most `most` ways.
///
/// Cost: the references of all that refers to `nodes`, each once however many of them it holds; two bits an
/// object.
pub fn holders(graph: &HeapGraph, wording: &Wording<'_>, nodes: impl IntoIterator<Item = NodeId>, most: usize) -> Vec<Holder> {
    let (mut is_held, mut is_source) = (graph.visit_map(), graph.visit_map());
    let mut sources = Vec::new();
    for node in nodes {
        if is_held.visit(node) {
            let new = graph.distinct_referrers(node).filter(|&source| graph.is_shown(source) && is_source.visit(source));
            sources.extend(new);
        }
    }
    let mut ways = Ways { wording, named: HashMap::default(), items: HashMap::default() };
    for source in sources {
        let owner = graph.type_of(owner(graph, source));
        for reference in graph.references_from(source).filter(|reference| is_held.is_visited(&reference.target)) {
            ways.count(owner, reference);
        }
    }
    ways.sorted(graph, most)
}

/// The object whose namespace a dict is; any other node itself.
fn owner(graph: &HeapGraph, source: NodeId) -> NodeId {
    if !graph.flags(source).contains(NodeFlags::NAMESPACE) {
        return source;
    }
    graph.distinct_referrers(source).find(|&other| is_dict_of(graph, source, other)).unwrap_or(source)
}

/// Whether a namespace is the `__dict__` of an object: the field stands among its first or last references.
pub(crate) fn is_dict_of(graph: &HeapGraph, namespace: NodeId, owner: NodeId) -> bool {
    let fields = graph.references_from(owner);
    let near = fields.clone().take(FIRST_FIELDS).chain(fields.rev().take(LAST_FIELDS));
    near.into_iter().any(|reference| reference.target == namespace && reference.text(graph) == Some("__dict__"))
}

struct Ways<'a> {
    wording: &'a Wording<'a>,
    /// By the owner's type, the kind, and what names it: a count, and one such reference.
    named: HashMap<(TypeId, EdgeKind, u32), (u64, Reference), FxBuildHasher>,
    items: HashMap<TypeId, Items, FxBuildHasher>,
}

/// Items of dicts of one type.
#[derive(Default)]
struct Items {
    count: u64,
    /// Keys in words, [`KEYS_NAMED`] of them and one more.
    keys: Vec<(String, u64)>,
    /// The key's node that was met last, and its place.
    last: Option<(u32, usize)>,
}

impl Ways<'_> {
    fn count(&mut self, owner: TypeId, reference: Reference) {
        let name = match reference.kind {
            EdgeKind::Item => return self.items.entry(owner).or_default().count(self.wording, reference),
            EdgeKind::Index | EdgeKind::Constant | EdgeKind::Member | EdgeKind::Key | EdgeKind::Unnamed => 0,
            EdgeKind::Attribute | EdgeKind::Slot | EdgeKind::Cell | EdgeKind::Local | EdgeKind::Special => reference.name,
        };
        self.named.entry((owner, reference.kind, name)).or_insert((0, reference)).0 += 1;
    }

    fn sorted(self, graph: &HeapGraph, most: usize) -> Vec<Holder> {
        let mut counts: HashMap<String, u64> = HashMap::new();
        let mut add = |name: &str, owner: TypeId, count: u64| {
            *counts.entry(format!("{name} of {}", graph.type_name(owner))).or_default() += count;
        };
        for (&(owner, kind, _), &(count, reference)) in &self.named {
            let name = match kind {
                EdgeKind::Index => "[*]".to_owned(),
                EdgeKind::Constant => ".co_consts[*]".to_owned(),
                EdgeKind::Unnamed => "a reference".to_owned(),
                EdgeKind::Local => format!("local {}", self.wording.reference(reference)),
                EdgeKind::Attribute if self.wording.values() == Values::None && !self.wording.is_attribute(reference) => {
                    "[*]".to_owned()
                }
                _ => self.wording.reference(reference),
            };
            add(&name, owner, count);
        }
        for (&owner, items) in &self.items {
            if items.keys.len() > KEYS_NAMED || items.keys.is_empty() {
                add("[*]", owner, items.count);
            } else {
                items.keys.iter().for_each(|(key, count)| add(key, owner, *count));
            }
        }
        let mut holders: Vec<Holder> = counts.into_iter().map(|(text, count)| Holder { text, count }).collect();
        holders.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        holders.truncate(most);
        holders
    }
}

impl Items {
    fn count(&mut self, wording: &Wording<'_>, reference: Reference) {
        self.count += 1;
        if wording.values() == Values::None || self.keys.len() > KEYS_NAMED {
            return;
        }
        let place = match self.last {
            Some((key, place)) if key == reference.name => place,
            _ => {
                let text = wording.reference(reference);
                let known = self.keys.iter().position(|(known, _)| *known == text);
                known.unwrap_or_else(|| {
                    self.keys.push((text, 0));
                    self.keys.len() - 1
                })
            }
        };
        self.keys[place].1 += 1;
        self.last = Some((reference.name, place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch;

    fn words(text: &str, values: Values) -> Vec<String> {
        let graph = sketch::parse(text).unwrap();
        let wording = Wording::new(&graph, values);
        let found = holders(&graph, &wording, [NodeId(0), NodeId(1), NodeId(0)], 9);
        found.into_iter().map(|holder| format!("{} {}", holder.count, holder.text)).collect()
    }

    const HELD: &str = "x: str 'x'
        y: str 'x'
        k: str 'k'
        list: list
        list -> x [0]
        list -> y [7]
        list -> k [8]
        d: dict
        d -> x [k]
        d -> y [x]
        d -> y key
        one: app.User
        one -> names .__dict__
        names: dict namespace
        names -> x .name
        names -> y .any thing
        two: app.User
        two -> y .name
        other: dict
        other -> names [k]
        own: list internal
        own -> x [0]
        f: frame 'app.main:3' synthetic
        f -> x local x
        s: set
        s -> x [*]
        u: app.Other
        u -> x";

    #[test]
    fn holders_are_counted_by_type_and_name() {
        let rest = ["1 [*] of set", "1 a reference of app.Other", "1 key of dict", "1 local x of frame"];
        let mut expected = vec!["2 .name of app.User", "2 [*] of list", "1 ['any thing'] of app.User", "1 ['k'] of dict"];
        expected.push("1 ['x'] of dict");
        expected.extend(rest);
        assert_eq!(words(HELD, Values::Short), expected);
        let mut expected = vec!["2 .name of app.User", "2 [*] of dict", "2 [*] of list", "1 [*] of app.User"];
        expected.extend(rest);
        assert_eq!(words(HELD, Values::None), expected);
    }

    #[test]
    fn many_keys_are_folded() {
        let mut text = "x: str 'x'\ny: str 'y'\nd: dict\n".to_owned();
        for i in 0..KEYS_NAMED {
            text += &format!("k{i}: str 'k{i}'\nd -> x [k{i}]\n");
        }
        assert_eq!(words(&text, Values::Short).len(), KEYS_NAMED);
        assert_eq!(words(&(text + "d -> x [y]"), Values::Short), ["9 [*] of dict"]);
    }
}
