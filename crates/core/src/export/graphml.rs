//! GraphML (graphml.graphdrawing.org, version 1.0): networkx, Gephi, yEd, igraph.

use super::Error;
use super::escape;
use super::output::{Output, number_into};
use super::rows::{self, EdgeRow, NodeRow, Shape};
use crate::{Study, Values};

/// Writes the heap as one directed graph with parallel edges.
pub(super) fn write(study: &Study, values: Values, out: &mut Output<'_>) -> Result<(), Error> {
    rows::write::<GraphMl>(study, values, out)
}

struct GraphMl;

impl Shape for GraphMl {
    const HEAD: &'static str = r#"<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="type" for="node" attr.name="type" attr.type="string"/>
<key id="size" for="node" attr.name="size" attr.type="long"/>
<key id="retained" for="node" attr.name="retained" attr.type="long"/>
<key id="length" for="node" attr.name="length" attr.type="long"/>
<key id="external" for="node" attr.name="external" attr.type="long"/>
<key id="text" for="node" attr.name="text" attr.type="string"/>
<key id="root" for="node" attr.name="root" attr.type="string"/>
<key id="kind" for="edge" attr.name="kind" attr.type="string"/>
<key id="name" for="edge" attr.name="name" attr.type="string"/>
<graph edgedefault="directed">
"#;
    const BETWEEN: &'static str = "";
    const TAIL: &'static str = "</graph>\n</graphml>\n";

    fn node(out: &mut Vec<u8>, row: &NodeRow<'_>, _: bool) {
        out.extend_from_slice(b"<node id=\"");
        number_into(out, u64::from(row.id));
        out.extend_from_slice(b"\">");
        text(out, "type", row.type_name);
        number(out, "size", row.size);
        number(out, "retained", row.retained);
        for (key, value) in [("length", row.length), ("external", row.external.map(u64::from))] {
            if let Some(value) = value {
                number(out, key, value);
            }
        }
        for (key, value) in [("text", row.text), ("root", row.root)] {
            if let Some(value) = value {
                text(out, key, value);
            }
        }
        out.extend_from_slice(b"</node>\n");
    }

    fn edge(out: &mut Vec<u8>, row: &EdgeRow<'_>, _: bool) {
        out.extend_from_slice(b"<edge source=\"");
        number_into(out, u64::from(row.source));
        out.extend_from_slice(b"\" target=\"");
        number_into(out, u64::from(row.target));
        out.extend_from_slice(b"\">");
        text(out, "kind", row.kind);
        if !row.name.is_empty() {
            text(out, "name", row.name);
        }
        out.extend_from_slice(b"</edge>\n");
    }
}

fn open(out: &mut Vec<u8>, key: &str) {
    out.extend_from_slice(b"<data key=\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\">");
}

fn text(out: &mut Vec<u8>, key: &str, value: &str) {
    open(out, key);
    escape::xml(out, value);
    out.extend_from_slice(b"</data>");
}

fn number(out: &mut Vec<u8>, key: &str, value: u64) {
    open(out, key);
    number_into(out, value);
    out.extend_from_slice(b"</data>");
}
