//! The words of a picture: what stands in a node's box, at an arrow, in a tooltip.

use refroots_core::petgraph::graph::NodeIndex;
use refroots_core::{EdgeKind, RootKind, View, ViewEdge, ViewNode, bytes, grouped};

use crate::escape::printable;

/// Characters of one line of a box.
const LINE: usize = 60;
/// Characters of the line that says why a node needs no referrer: `held from outside by …: a running frame's evaluation stack`.
const ROOT: usize = 100;
/// Characters of an arrow's name.
const NAME: usize = 48;
/// Characters of a title or a tooltip.
const TITLE: usize = 200;

/// What marks a start node, in words.
pub(crate) const START: &str = "▶ this object";

/// What a weak reference is called.
const WEAK: &str = "weak";

/// The words of one node's box.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// The first line: its type, or what kind of root it is.
    pub(crate) heading: String,
    /// The second line: its name, value or length; may be empty.
    pub(crate) text: String,
    /// Why it needs no referrer, where the first two lines do not say so; may be empty.
    pub(crate) root: String,
    /// What it takes, and what would be freed with it; empty where that was not asked for.
    pub(crate) sizes: String,
    /// Where it stood in memory, as `id()` says it in hexadecimal; empty where that was not asked for.
    pub(crate) address: String,
    /// What the picture does not show beyond it; may be empty.
    pub(crate) beyond: String,
}

/// Words a node.
pub(crate) fn node(view: &View, index: NodeIndex) -> Words {
    let shown = &view.graph[index];
    let mut heading = printable(&shown.type_name, LINE);
    if shown.folded > 0 {
        heading = format!("{} × {heading}", grouped(shown.folded + 1));
    }
    let mut text = printable(&shown.text, LINE);
    let mut root = shown.root.as_ref().map(|root| printable(&root.text, ROOT)).unwrap_or_default();
    if let Some((kind, name)) = named_root(shown) {
        heading = kind.to_owned();
        // A frame's file and thread have a line of their own, so that a long name does not cut them off.
        let (name, place) = name.split_once(" (").map_or((name, ""), |(name, place)| (name, place.trim_end_matches(')')));
        text = printable(name, LINE);
        root = printable(place, LINE);
    } else if !text.is_empty() && root.contains(&text) {
        text = std::mem::take(&mut root);
    }
    let sizes = match (shown.size, shown.retained) {
        (_, None) => String::new(),
        // A frame that is no object takes nothing by itself.
        (0, Some(retained)) => format!("keeps {}", bytes(retained)),
        (size, Some(retained)) => format!("{}, keeps {}", bytes(size), bytes(retained)),
    };
    let address = shown.address.map(|address| format!("at {address:#x}")).unwrap_or_default();
    Words { heading, text, root, sizes, address, beyond: view.beyond_text(index).unwrap_or_default() }
}

/// The kind and the name of a root whose text is both: `module app`.
fn named_root(shown: &ViewNode) -> Option<(&'static str, &str)> {
    let root = shown.root.as_ref()?;
    let kind = match root.kind {
        RootKind::Module => "module",
        RootKind::Frame => "running frame",
        RootKind::Static => "static type",
        RootKind::Interpreter | RootKind::External | RootKind::Garbage => return None,
    };
    Some((kind, root.text.strip_prefix(kind)?.strip_prefix(' ')?))
}

/// The first line of a node's box: start nodes are told apart by their ordinals.
pub(crate) fn heading(shown: &ViewNode, words: &Words) -> String {
    if shown.is_start { format!("{} #{}", words.heading, shown.ordinal.0) } else { words.heading.clone() }
}

/// A node in one line: `module app`, `dict, 1 item`, `Foo #7`.
pub(crate) fn line(view: &View, index: NodeIndex, with_ordinal: bool) -> String {
    let shown = &view.graph[index];
    let words = node(view, index);
    let ordinal = if with_ordinal { format!(" #{}", shown.ordinal.0) } else { String::new() };
    let mut line = match (named_root(shown), words.text.as_str()) {
        (Some(_), name) => format!("{} {name}{ordinal}", words.heading),
        (None, "") => format!("{}{ordinal}", words.heading),
        (None, text) => format!("{}{ordinal}, {text}", words.heading),
    };
    match (named_root(shown), words.root.as_str()) {
        (_, "") => {}
        (Some(_), place) => line = format!("{line} ({place})"),
        (None, root) => line = format!("{line}, {root}"),
    }
    for more in [&words.sizes, &words.address].into_iter().filter(|more| !more.is_empty()) {
        line = format!("{line}, {more}");
    }
    line
}

/// The name of a reference; empty where it has none.
pub(crate) fn edge(edge: &ViewEdge) -> String {
    let name = if edge.is_weak { WEAK.to_owned() } else { printable(&edge.name, NAME) };
    let name = match edge.kind {
        EdgeKind::Local if !name.is_empty() => format!("local {name}"),
        _ => name,
    };
    match edge.folded {
        0 => name,
        more => format!("{name} × {}", grouped(more + 1)).trim_start().to_owned(),
    }
}

/// What a reference means, behind its referent: ` (timers of the event loop)`.
pub(crate) fn note(edge: &ViewEdge) -> String {
    if edge.note.is_empty() { String::new() } else { format!(" ({})", printable(&edge.note, LINE)) }
}

/// What a pointer that rests on a node is told.
pub(crate) fn tooltip(shown: &ViewNode) -> String {
    let name = printable(&shown.full_type_name, TITLE);
    match shown.size {
        0 => format!("{name} #{}", shown.ordinal.0),
        1 => format!("{name} #{}, 1 byte", shown.ordinal.0),
        size => format!("{name} #{}, {size} bytes", shown.ordinal.0),
    }
}

/// The line below the title; may be empty.
pub(crate) fn stamp(view: &View) -> String {
    printable(&view.stamp, TITLE)
}

/// The title line.
pub(crate) fn title(view: &View) -> String {
    printable(&view.title, TITLE)
}

#[cfg(test)]
mod tests {
    use refroots_core::{Question, ViewRoot};

    use super::*;

    fn worded(shown: ViewNode) -> (Words, String) {
        let mut view = View::new(Question::Referrers, String::new());
        let index = view.graph.add_node(shown);
        (node(&view, index), line(&view, index, false))
    }

    fn root(kind: RootKind, text: &str) -> Option<ViewRoot> {
        Some(ViewRoot { kind, text: text.to_owned() })
    }

    #[test]
    fn no_name_is_said_twice() {
        let module = ViewNode {
            type_name: "module".into(),
            text: "app".into(),
            root: root(RootKind::Module, "module app"),
            ..Default::default()
        };
        let (words, line) = worded(module);
        assert_eq!((words.heading.as_str(), words.text.as_str(), words.root.as_str()), ("module", "app", ""));
        assert_eq!(line, "module app");
        let frame = ViewNode {
            type_name: "frame".into(),
            text: "app.main:20".into(),
            root: root(RootKind::Frame, "running frame app.main:20 (app.py, MainThread)"),
            ..Default::default()
        };
        let (words, line) = worded(frame);
        assert_eq!((words.text.as_str(), words.root.as_str()), ("app.main:20", "app.py, MainThread"));
        assert_eq!(line, "running frame app.main:20 (app.py, MainThread)");
        let interpreter = ViewNode {
            type_name: "dict".into(),
            text: "80 items".into(),
            root: root(RootKind::Interpreter, "sys.modules"),
            ..Default::default()
        };
        assert_eq!(worded(interpreter).1, "dict, 80 items, sys.modules");
    }

    #[test]
    fn what_lies_beyond_is_counted_in_words() {
        let (words, _) = worded(ViewNode { beyond: 9998, ..Default::default() });
        assert_eq!(words.beyond, "+9,998 referrers further up");
        let (words, _) = worded(ViewNode { beyond: 1, ..Default::default() });
        assert_eq!(words.beyond, "+1 referrer further up");
    }
}
