//! The words for nodes and references, under the policy for values: the one place that decides
//! what an output may say.

use std::borrow::Cow;

use crate::{EdgeKind, HeapGraph, NodeFlags, NodeId, Reference, Root, RootKind, TextId, TypeId, Value, Values};

/// Words the parts of a graph for one output.
#[derive(Clone, Copy)]
pub struct Wording<'a> {
    graph: &'a HeapGraph,
    values: Values,
}

/// What may be said of a reference's name, before it is put into words: equal ones are worded equally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Said {
    /// A name.
    Text(EdgeKind, TextId),
    /// A position in a list, a tuple, the constants of code.
    Position(EdgeKind, u32),
    /// A key that may be said.
    Key(NodeId),
    /// A key that may not: its type (of a namespace's key that is a str), and its place among the keys.
    Unsaid(Option<TypeId>, u32),
    /// What has no name but its kind.
    Kind(EdgeKind),
}

/// How deep tuples inside dict keys are spelled out.
const KEY_DEPTH: u32 = 3;

impl<'a> Wording<'a> {
    /// Words `graph` under a policy; of a graph that was saved without values none is said.
    pub fn new(graph: &'a HeapGraph, values: Values) -> Self {
        Self { graph, values: graph.sayable(values) }
    }

    /// The reference's name as Python would write it: `.x`, `['k']`, `[3]`; `[*]` for a set's
    /// member, `<x>` for a cell's variable, empty where nothing names it.
    pub fn reference(&self, reference: Reference) -> String {
        self.words(self.said(reference, || self.place(reference)))
    }

    /// What may be said of a reference's name. `place` counts, from 1, the references of the same kind that
    /// the referrer holds up to this one; it is asked where a key may not be said.
    #[inline]
    pub(crate) fn said(&self, reference: Reference, place: impl FnOnce() -> u32) -> Said {
        match reference.kind {
            EdgeKind::Attribute => {
                let text = TextId(reference.name);
                // A key that is no identifier is a value that somebody put there.
                let is_sayable = self.values == Values::Short || is_identifier(self.graph.text(text));
                if is_sayable { Said::Text(reference.kind, text) } else { Said::Unsaid(None, place()) }
            }
            EdgeKind::Slot | EdgeKind::Special | EdgeKind::Local | EdgeKind::Cell => {
                Said::Text(reference.kind, TextId(reference.name))
            }
            EdgeKind::Item => match self.values {
                Values::Short => Said::Key(NodeId(reference.name)),
                Values::None => Said::Unsaid(Some(self.graph.type_of(NodeId(reference.name))), place()),
            },
            EdgeKind::Index | EdgeKind::Constant => Said::Position(reference.kind, reference.name),
            EdgeKind::Unnamed | EdgeKind::Key | EdgeKind::Member => Said::Kind(reference.kind),
        }
    }

    /// What may be said, in words.
    pub(crate) fn words(&self, said: Said) -> String {
        match said {
            Said::Text(kind, text) => match (kind, self.graph.text(text)) {
                (EdgeKind::Attribute, text) if !is_identifier(text) => format!("[{}]", quote(text)),
                // A field that code cannot name is written in parentheses, without a dot.
                (EdgeKind::Special, text) if text.starts_with('(') => text.to_owned(),
                (EdgeKind::Local, text) => text.to_owned(),
                (EdgeKind::Cell, text) => format!("<{text}>"),
                (_, text) => format!(".{text}"),
            },
            Said::Position(EdgeKind::Constant, index) => format!(".co_consts[{index}]"),
            Said::Position(_, index) => format!("[{index}]"),
            Said::Key(key) => format!("[{}]", self.key(key, KEY_DEPTH)),
            Said::Unsaid(key_type, place) => {
                format!("[<{} #{place}>]", key_type.map_or("str", |id| self.graph.type_short_name(id)))
            }
            Said::Kind(EdgeKind::Key) => "key".to_owned(),
            Said::Kind(EdgeKind::Member) => "[*]".to_owned(),
            Said::Kind(_) => String::new(),
        }
    }

    /// The place of a reference among those of its kind that its referrer holds, from 1.
    fn place(&self, reference: Reference) -> u32 {
        let before = self.graph.references_from(reference.source).take_while(|other| other.edge != reference.edge);
        before.filter(|other| other.kind == reference.kind).count() as u32 + 1
    }

    fn key(&self, key: NodeId, depth: u32) -> String {
        let graph = self.graph;
        let type_name = graph.type_short_name(graph.type_of(key));
        match graph.value(key) {
            Some(value) if graph.sayable(Values::Short) == Values::Short || matches!(value, Value::Constant(_)) => {
                return value.literal();
            }
            // Of a value that was not saved, equality is all that is left.
            _ if graph.has_value(key) => return format!("<{type_name} #{}>", graph.equal_to(key).unwrap_or(key).0),
            _ => {}
        }
        if type_name == "tuple" && depth > 0 {
            let elements: Vec<String> = graph
                .references_from(key)
                .filter(|r| r.kind == EdgeKind::Index)
                .take(6)
                .map(|r| self.key(r.target, depth - 1))
                .collect();
            return match elements.as_slice() {
                [only] => format!("({only},)"),
                all if all.len() > 5 => format!("({}, …)", all[..5].join(", ")),
                all => format!("({})", all.join(", ")),
            };
        }
        match graph.definition(key) {
            Some(name) => format!("<{type_name} {name}>"),
            None => format!("<{type_name} #{}>", key.0),
        }
    }

    /// The second line of a node: a definition's name, an atom's value, how much is inside.
    /// Empty where there is nothing to say.
    pub fn node(&self, node: NodeId) -> String {
        if let Some(text) = self.text(node) {
            return text.into_owned();
        }
        match (self.length(node), self.graph.value(node)) {
            (Some(length), Some(_)) => format!("length {}", grouped(length)),
            (Some(1), None) => "1 item".to_owned(),
            (Some(length), None) => format!("{} items", grouped(length)),
            (None, _) => String::new(),
        }
    }

    /// A definition's name or an atom's value, where it may be said.
    pub(crate) fn text(&self, node: NodeId) -> Option<Cow<'a, str>> {
        if let Some(name) = self.graph.definition(node) {
            return Some(Cow::Borrowed(name));
        }
        self.value_text(&self.graph.value(node)?).map(Cow::Owned)
    }

    /// An atom's value, where it may be said.
    pub(crate) fn value_text(&self, value: &Value<'_>) -> Option<String> {
        (self.values == Values::Short || matches!(value, Value::Constant(_))).then(|| value.literal())
    }

    /// As [`Wording::node`], with what is in a tuple where the policy allows.
    pub fn value(&self, node: NodeId) -> String {
        let is_tuple = self.graph.type_qualname(self.graph.type_of(node)) == "tuple";
        if is_tuple && self.values == Values::Short { self.key(node, KEY_DEPTH) } else { self.node(node) }
    }

    /// Whether a reference's name can be an attribute's, so that any policy lets it be said.
    pub(crate) fn is_attribute(&self, reference: Reference) -> bool {
        reference.text(self.graph).is_some_and(is_identifier)
    }

    /// Length of a string or bytes, or of a container.
    pub(crate) fn length(&self, node: NodeId) -> Option<u64> {
        match self.graph.value(node) {
            Some(value) => value.length(),
            None => self.contained(node),
        }
    }

    /// Length of a container, by what it contains; of built-in ones also where that is nothing.
    pub(crate) fn contained(&self, node: NodeId) -> Option<u64> {
        let graph = self.graph;
        if graph.has_value(node) {
            // An atom, of which a file may not say what it is.
            return None;
        }
        let is_namespace = graph.flags(node).contains(NodeFlags::NAMESPACE);
        let is_contained = |kind: EdgeKind| match kind {
            EdgeKind::Item | EdgeKind::Index | EdgeKind::Member => true,
            EdgeKind::Attribute => is_namespace,
            _ => false,
        };
        let length = graph.edge_range(node).filter(|&edge| is_contained(graph.labels().kind(edge))).count() as u64;
        let is_container = || matches!(graph.type_qualname(graph.type_of(node)), "list" | "tuple" | "dict" | "set" | "frozenset");
        (length > 0 || is_container()).then_some(length)
    }

    #[cfg(feature = "parquet")]
    /// What a root is, without the place and the thread of a frame.
    pub(crate) fn root_name(&self, root: &Root) -> String {
        Self { values: Values::None, ..*self }.root(root)
    }

    /// What a root is, for people: `module app`, `frame app.main:20 (app.py, MainThread)`.
    pub fn root(&self, root: &Root) -> String {
        let name = self.graph.text(root.name);
        let (file, thread) = (self.graph.text(root.detail), self.graph.text(root.thread));
        let detail = match (self.values, file.is_empty(), thread.is_empty()) {
            (Values::None, _, _) | (_, true, true) => String::new(),
            (_, false, false) => format!(" ({file}, {thread})"),
            (_, false, true) => format!(" ({file})"),
            (_, true, false) => format!(" ({thread})"),
        };
        match root.kind {
            RootKind::Module => format!("module {name}"),
            RootKind::Frame => format!("running frame {name}{detail}"),
            RootKind::Static => format!("static type {name}"),
            RootKind::Interpreter | RootKind::External | RootKind::Garbage => name.to_owned(),
        }
    }

    /// The policy.
    pub(crate) fn values(&self) -> Values {
        self.values
    }

    /// What a dict's key says, whatever the policy: for telling keys apart, never for an output.
    pub(crate) fn key_literal(&self, key: NodeId) -> String {
        self.key(key, KEY_DEPTH)
    }

    /// The thread of a frame, where it may be said.
    pub(crate) fn thread(&self, root: &Root) -> Option<&'a str> {
        Some(self.graph.text(root.thread)).filter(|thread| self.values == Values::Short && !thread.is_empty())
    }

    #[cfg(feature = "parquet")]
    /// The file of a frame, where it may be said.
    pub(crate) fn file(&self, root: &Root) -> Option<&'a str> {
        Some(self.graph.text(root.detail)).filter(|file| self.values == Values::Short && !file.is_empty())
    }

    /// One step of a path in words, to follow what was said before it.
    pub(crate) fn passed(&self, reference: Reference) -> String {
        match reference.kind {
            EdgeKind::Local => format!(", local {}", self.reference(reference)),
            EdgeKind::Key => " key".to_owned(),
            EdgeKind::Cell => format!(" {}", self.reference(reference)),
            EdgeKind::Special if self.reference(reference).starts_with('(') => format!(" {}", self.reference(reference)),
            EdgeKind::Unnamed => format!(" → {}", self.graph.type_short_name(self.graph.type_of(reference.target))),
            _ => self.reference(reference),
        }
    }

    /// One step of a path, as code; `None` where code cannot say it. `is_from_dict`: the referrer is a
    /// dict that was reached as a value, so that its names are keys.
    pub(crate) fn step(&self, reference: Reference, is_from_dict: bool) -> Option<String> {
        let text = reference.text(self.graph).unwrap_or_default();
        match reference.kind {
            EdgeKind::Attribute if is_from_dict => (self.values == Values::Short).then(|| format!("[{}]", quote(text))),
            EdgeKind::Attribute | EdgeKind::Slot | EdgeKind::Special => is_plain_name(text).then(|| format!(".{text}")),
            EdgeKind::Index | EdgeKind::Constant => Some(self.reference(reference)),
            EdgeKind::Cell => Some(".cell_contents".to_owned()),
            // A cache's results stand under their keys, but calling it is the only way to them.
            EdgeKind::Item if self.graph.type_qualname(self.graph.type_of(reference.source)) == "_lru_cache_wrapper" => None,
            EdgeKind::Item if self.values == Values::Short && self.is_whole_key(NodeId(reference.name), KEY_DEPTH) => {
                Some(self.reference(reference))
            }
            _ => None,
        }
    }

    fn is_whole_key(&self, key: NodeId, depth: u32) -> bool {
        if let Some(value) = self.graph.value(key) {
            return value.is_whole();
        }
        self.graph.type_qualname(self.graph.type_of(key)) == "tuple"
            && depth > 0
            && self.graph.referents(key).len() <= 5
            && self.graph.references_from(key).all(|r| r.kind == EdgeKind::Index && self.is_whole_key(r.target, depth - 1))
    }
}

/// Whether a text can stand behind a dot.
pub(crate) fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic()) && chars.all(|c| c == '_' || c.is_alphanumeric())
}

/// Whether code can name it behind a dot: ASCII, because Python changes some letters beyond it (NFKC),
/// and no keyword (Lib/keyword.py, 3.10–3.14).
pub(crate) fn is_plain_name(text: &str) -> bool {
    const KEYWORDS: [&str; 35] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif",
        "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or",
        "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    text.is_ascii() && is_identifier(text) && !KEYWORDS.contains(&text)
}

/// A string as Python's `repr` writes it: quoted, controls and invisible direction marks escaped.
pub fn quote(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if (c as u32) < 0x100 && c.is_control() => out.push_str(&format!("\\x{:02x}", c as u32)),
            // Marks that change the direction of what follows would make a label say something else.
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// A count with its thousands set apart: `9,998`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes with three digits that matter: `16 B`, `2.0 KiB`, `340 MiB`.
pub fn bytes(size: u64) -> String {
    if size < 1024 {
        return format!("{size} B");
    }
    let mut value = size as f64;
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if value < 100.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch;

    fn names(values: Values) -> Vec<String> {
        let graph = sketch::parse(
            "d: dict
             d -> v [k]
             d -> v [pair]
             d -> v [foo]
             v: list
             v -> secret [0]
             secret: str 'hunter2'
             k: str 'key of d'
             pair: tuple
             pair -> k [0]
             pair -> n [1]
             n: int 7
             foo: app.Foo",
        )
        .unwrap();
        let wording = Wording::new(&graph, values);
        let mut out: Vec<String> = graph.references_from(NodeId(0)).map(|r| wording.reference(r)).collect();
        out.extend(graph.node_ids().take(3).map(|node| wording.node(node)));
        out
    }

    #[test]
    fn values_are_said_only_where_the_policy_allows() {
        assert_eq!(names(Values::Short), ["['key of d']", "[('key of d', 7)]", "[<Foo #6>]", "3 items", "1 item", "'hunter2'"]);
        assert_eq!(names(Values::None), ["[<str #1>]", "[<tuple #2>]", "[<Foo #3>]", "3 items", "1 item", "length 7"]);
    }

    #[test]
    fn quoting_is_pythons_and_hides_no_direction_marks() {
        assert_eq!(quote("a'b"), "\"a'b\"");
        assert_eq!(quote("a'\"b"), "'a\\'\"b'");
        assert_eq!(quote("\0\u{1b}\u{202e}x"), "'\\x00\\x1b\\u202ex'");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 1023, 1024, 10_240, 356_515_840].map(bytes), ["0 B", "1023 B", "1.0 KiB", "10.0 KiB", "340 MiB"]);
        assert_eq!([grouped(7), grouped(9998), grouped(1_000_000)], ["7", "9,998", "1,000,000"]);
    }
}
