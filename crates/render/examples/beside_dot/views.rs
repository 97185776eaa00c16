//! The views that are measured: the same on every run, in the shapes that heaps have.

use std::fmt::Write;

use refroots_core::petgraph::Direction;
use refroots_core::query::neighbourhood::{Neighbourhood, neighbourhood};
use refroots_core::{Error, NodeId, View, sketch};

/// A picture to be measured.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) view: View,
}

/// Nodes of a picture, about.
const SIZES: [usize; 4] = [15, 60, 200, 1_000];

/// Every picture, by size.
pub(crate) fn subjects() -> Result<Vec<Subject>, Error> {
    let around = |text: String, direction| {
        let what = Neighbourhood { depth: 12, folds: false, ..Neighbourhood::new(direction) };
        sketch::parse(&text).map(|graph| neighbourhood(&graph, &[NodeId(0)], &what))
    };
    let mut subjects = Vec::new();
    for size in SIZES {
        let leak = grown_to(size, |sessions| around(leak(sessions), Direction::Incoming))?;
        let config = grown_to(size, |sections| around(config(sections), Direction::Outgoing))?;
        let tangle = around(tangle(size), Direction::Incoming)?;
        for (name, view) in [("leak", leak), ("config", config), ("tangle", tangle)] {
            subjects.push(Subject { name: format!("{name} {size}"), view });
        }
    }
    Ok(subjects)
}

/// The largest view of at most so many nodes.
fn grown_to(size: usize, make: impl Fn(usize) -> Result<View, Error>) -> Result<View, Error> {
    let mut view = make(1)?;
    for units in 2.. {
        let larger = make(units)?;
        if larger.graph.node_count() > size {
            break;
        }
        view = larger;
    }
    Ok(view)
}

/// Sessions that handlers, a registry and one another hold, all of which hold one configuration: its referrers.
fn leak(sessions: usize) -> String {
    let mut text = String::from(
        "config: app.Config size=48
         app: module 'app' root
         ns: dict namespace
         app -> ns .__dict__
         registry: dict
         ns -> registry .REGISTRY
         handlers: list
         ns -> handlers .HANDLERS
         main: frame 'app.main:20' root synthetic
         main -> config local config
        ",
    );
    for i in 0..sessions {
        let _ = write!(
            text,
            "s{i}: app.Session size=48
             d{i}: dict namespace
             s{i} -> d{i} .__dict__
             d{i} -> config .config
             k{i}: str 'user-{i}'
             registry -> s{i} [k{i}]
            "
        );
        if i % 2 == 1 {
            let before = i - 1;
            let _ = write!(text, "d{i} -> s{before} .previous\nd{before} -> s{i} .next\n");
        }
        if i % 3 == 0 {
            let _ = write!(
                text,
                "f{i}: function 'app.Session.watch.<locals>.callback'
                 c{i}: cell
                 t{i}: tuple
                 f{i} -> t{i} .__closure__
                 t{i} -> c{i} [0]
                 c{i} -> s{i} <self>
                 handlers -> f{i} [{i}]
                "
            );
        }
        if i % 5 == 0 {
            let _ = write!(text, "l{i}: list\nd{i} -> l{i} .history\nl{i} -> config [{i}]\n");
        }
    }
    text
}

/// A configuration as it is read from a file: dicts of lists of dicts of strings and numbers.
fn config(sections: usize) -> String {
    let mut text = String::from("top: dict\n");
    for i in 0..sections {
        let _ =
            write!(text, "name{i}: str 'section-{i}'\ns{i}: dict\ntop -> s{i} [name{i}]\nl{i}: list\ns{i} -> l{i} [name{i}]\n");
        for j in 0..1 + i % 4 {
            let _ = write!(
                text,
                "e{i}x{j}: dict\nl{i} -> e{i}x{j} [{j}]\nv{i}x{j}: str 'a value of entry {j}'\ne{i}x{j} -> v{i}x{j} [name{i}]\n\
                 n{i}x{j}: int {}\ne{i}x{j} -> n{i}x{j} [name0]\n",
                i * 100 + j
            );
        }
    }
    text
}

/// A graph in which everything leads to everything, four links a node; of 200 nodes, each of which links to one other
/// and every second to a third, for of more Graphviz does not draw it in minutes.
fn tangle(nodes: usize) -> String {
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut text = String::new();
    for i in 0..nodes {
        let type_name = ["dict", "list", "app.Node", "tuple"][next(4)];
        let _ = writeln!(text, "x{i}: {type_name}");
    }
    let links = if nodes < 200 { nodes * 4 } else { nodes / 2 };
    for i in if nodes < 200 { 0..0 } else { 1..nodes } {
        let _ = writeln!(text, "x{i} -> x{} [{}]", i / 3, next(30));
    }
    for _ in 0..links {
        let _ = writeln!(text, "x{} -> x{} [{}]", next(nodes), next(nodes), next(30));
    }
    text
}
