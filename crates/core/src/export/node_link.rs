//! Node-link JSON, as `networkx.node_link_data` writes it.

use super::Error;
use super::escape;
use super::output::{Output, number_into};
use super::rows::{self, EdgeRow, NodeRow, Shape};
use crate::{Study, Values};

/// Writes the heap as one directed graph with parallel edges.
pub(super) fn write(study: &Study, values: Values, out: &mut Output<'_>) -> Result<(), Error> {
    rows::write::<NodeLink>(study, values, out)
}

struct NodeLink;

impl Shape for NodeLink {
    const HEAD: &'static str = "{\"directed\":true,\"multigraph\":true,\"graph\":{},\"nodes\":[";
    const BETWEEN: &'static str = "\n],\"edges\":[";
    const TAIL: &'static str = "\n]}\n";

    fn node(out: &mut Vec<u8>, row: &NodeRow<'_>, is_first: bool) {
        out.extend_from_slice(if is_first { b"\n{\"id\":" } else { b",\n{\"id\":" });
        number_into(out, u64::from(row.id));
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
        out.push(b'}');
    }

    fn edge(out: &mut Vec<u8>, row: &EdgeRow<'_>, is_first: bool) {
        out.extend_from_slice(if is_first { b"\n{\"source\":" } else { b",\n{\"source\":" });
        number_into(out, u64::from(row.source));
        number(out, "target", u64::from(row.target));
        text(out, "kind", row.kind);
        if !row.name.is_empty() {
            text(out, "name", row.name);
        }
        out.push(b'}');
    }
}

fn key(out: &mut Vec<u8>, key: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    key(out, name);
    escape::json(out, value);
}

fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    key(out, name);
    number_into(out, value);
}
