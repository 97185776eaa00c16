//! The view as the JSON that the page's script reads: rows of numbers, and a table of the words that they name.

use std::fmt::Write;

use hashbrown::HashMap;
use refroots_core::petgraph::visit::EdgeRef;
use refroots_core::{Question, View, ViewNode};
use rustc_hash::FxBuildHasher;

use crate::escape::{self, printable};
use crate::label;

/// Characters of a whole name in the side panel.
const WHOLE: usize = 200;

/// Words by their numbers, in the order in which they come first.
#[derive(Default)]
struct Words {
    numbers: HashMap<String, usize, FxBuildHasher>,
    list: String,
}

impl Words {
    fn number(&mut self, word: String) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(word).or_insert_with_key(|word| {
            if next > 0 {
                self.list.push_str(",\n");
            }
            escape::script_json(word, &mut self.list);
            next
        })
    }
}

/// Appends the data. The order of a row's fields is the one that `model.js` names.
pub(super) fn write(view: &View, out: &mut String) {
    let mut words = Words::default();
    words.number(String::new());
    let mut nodes = String::new();
    for index in view.graph.node_indices() {
        let shown = &view.graph[index];
        let label = label::node(view, index);
        let texts = [
            printable(&shown.type_name, WHOLE),
            printable(&shown.full_type_name, WHOLE),
            label.text,
            shown.root.as_ref().map(|root| printable(&root.text, WHOLE)).unwrap_or_default(),
        ];
        let [type_name, full, text, root] = texts.map(|text| words.number(text));
        let kind = shown.root.as_ref().map_or("", |root| root.kind.word());
        let kind = words.number(kind.to_owned());
        let marks = u8::from(shown.is_start) + 2 * u8::from(shown.is_on_chain);
        let retained = shown.retained.map_or_else(|| "null".to_owned(), |bytes| bytes.to_string());
        let (to_it, from_it) = match shown.references {
            Some(counts) => (counts.to_it.to_string(), counts.from_it.to_string()),
            None => ("null".to_owned(), "null".to_owned()),
        };
        let left_out = shown.cut + shown.beyond;
        let (ordinal, folded, size, functions) = (shown.ordinal.0, shown.folded, shown.size, shown.functions);
        let comma = if index.index() > 0 { ",\n" } else { "" };
        let _ = write!(
            nodes,
            "{comma}[{ordinal},{type_name},{full},{text},{root},{kind},{marks},{size},{retained},{folded},{left_out},{functions},{to_it},{from_it}]"
        );
    }
    let addresses = addresses(view);
    let mut references = String::new();
    for edge in view.graph.edge_references() {
        let reference = edge.weight();
        // The name without its count: the page counts again when it folds.
        let name = words.number(label::edge(&refroots_core::ViewEdge { folded: 0, ..reference.clone() }));
        let note = words.number(printable(&reference.note, WHOLE));
        let kind = words.number(reference.kind.word().to_owned());
        let comma = if edge.id().index() > 0 { ",\n" } else { "" };
        let _ = write!(
            references,
            "{comma}[{},{},{kind},{name},{note},{},{}]",
            edge.source().index(),
            edge.target().index(),
            reference.folded,
            u8::from(reference.is_on_chain)
        );
    }
    let question = match view.question {
        Question::Referrers => "referrers",
        Question::Referents => "referents",
        Question::Chain => "chain",
        Question::Dominated => "dominated",
    };
    out.push_str("{\"title\":");
    escape::script_json(&label::title(view), out);
    let _ = write!(out, ",\"question\":\"{question}\",\"words\":[\n{}],\n\"nodes\":[\n{nodes}],\n{addresses}", words.list);
    let _ = write!(out, "\"references\":[\n{references}]}}");
}

/// Where each node stood in memory, in hexadecimal, as one more field of the data; nothing where that was not asked for.
fn addresses(view: &View) -> String {
    if view.graph.node_weights().all(|node| node.address.is_none()) {
        return String::new();
    }
    let word = |node: &ViewNode| node.address.map_or_else(|| "null".to_owned(), |address| format!("\"{address:x}\""));
    let words: Vec<String> = view.graph.node_weights().map(word).collect();
    format!("\"addresses\":[{}],\n", words.join(","))
}
