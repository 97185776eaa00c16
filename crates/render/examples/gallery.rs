//! Draws a few views into a directory: `cargo run -p refroots-render --example gallery -- /tmp/gallery`.

use std::error::Error;
use std::path::Path;

use refroots_core::petgraph::Direction;
use refroots_core::query::neighbourhood::{Neighbourhood, neighbourhood};
use refroots_core::query::paths::{WhyOptions, why};
use refroots_core::{HeapGraph, NodeId, Values, View, sketch};
use refroots_render::{Drawing, Format, render};

const LEAK: &str = "
    foo: app.models.Foo
    other: app.models.Foo
    foo -> fd .__dict__
    fd: dict namespace
    fd -> name .name
    fd -> foo .self
    name: str 'the first one, with a rather long value'
    app: module 'app' root
    app -> appd .__dict__
    appd: dict namespace
    appd -> cache .CACHE
    cache: dict
    cache -> list [key]
    key: str 'recent'
    list: list
    list -> foo [0]
    list -> foo [1]
    list -> other [2]
    main: frame 'app.main:20' root synthetic
    main -> foo local first
    main -> cell .__closure__
    cell: cell
    cell -> foo <self>
    func: function 'app.register.<locals>.callback'
    func -> cell .__closure__
    handlers: dict root
    handlers -> func [nick]
    nick: str 'on_exit'
    s: set
    s -> foo [*]
    t: tuple
    t -> s [0]
";

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("give a directory")?;
    let directory = Path::new(&directory);
    std::fs::create_dir_all(directory)?;
    let leak = sketch::parse(LEAK)?;
    let around = |graph, direction, depth, too_many| {
        let what = Neighbourhood { depth, too_many: Some(too_many), folds: false, ..Neighbourhood::new(direction) };
        neighbourhood(graph, &[NodeId(0)], &what)
    };
    let mut star = String::from("hub: app.Hub\n");
    for i in 0..60 {
        star.push_str(&format!("d{i}: dict\nd{i} -> hub [3]\nl{i}: list\nl{i} -> d{i} [{i}]\n"));
    }
    let star = sketch::parse(&star)?;
    let pictures: Vec<(&str, View)> = vec![
        ("backrefs", around(&leak, Direction::Incoming, 4, 10)),
        ("refs", around(&leak, Direction::Outgoing, 3, 10)),
        ("why", why(&leak, NodeId(0), &WhyOptions::default()).view(&leak, Values::Short)),
        ("why-other", why(&leak, NodeId(1), &WhyOptions::default()).view(&leak, Values::Short)),
        ("cut", around(&star, Direction::Incoming, 1, 8)),
        ("cut-refs", around(&leak, Direction::Outgoing, 1, 1)),
        ("star", around(&star, Direction::Incoming, 2, 40)),
        ("comb", around(&star_of(200)?, Direction::Incoming, 1, 200)),
        ("comb-refs", around(&sketch::parse(&sections())?, Direction::Outgoing, 3, 90)),
        ("cyclic", around(&sketch::parse(&tangle(60, 237))?, Direction::Incoming, 6, 50)),
    ];
    for (name, view) in &pictures {
        for (ending, format) in [("txt", Format::Text), ("dot", Format::Dot), ("svg", Format::Svg), ("png", Format::Png)] {
            std::fs::write(directory.join(format!("{name}.{ending}")), render(view, format, &Drawing::default())?)?;
        }
    }
    Ok(())
}

/// An object that many lists and dicts refer to.
fn star_of(holders: usize) -> Result<HeapGraph, refroots_core::Error> {
    let mut text = String::from("hub: app.Hub\n");
    for i in 0..holders {
        text.push_str(&format!("h{i}: {}\nh{i} -> hub [{i}]\n", ["dict", "list", "app.models.Session"][i % 3]));
    }
    sketch::parse(&text)
}

/// A dict of dicts of many strings.
fn sections() -> String {
    let mut text = String::from("top: dict\n");
    for i in 0..6 {
        text.push_str(&format!("k{i}: str 'section-{i}'\ns{i}: dict\ntop -> s{i} [k{i}]\n"));
        for j in 0..4 + 3 * i {
            text.push_str(&format!("v{i}x{j}: str 'a value of entry {j}'\ns{i} -> v{i}x{j} [k{i}]\n"));
        }
    }
    text
}

/// A graph in which everything leads to everything, the same on every run.
fn tangle(nodes: u64, edges: u64) -> String {
    let mut state = 1_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut sketch = String::new();
    for i in 0..nodes {
        let type_name = ["dict", "list", "app.Node", "tuple"][next(4) as usize];
        sketch.push_str(&format!("x{i}: {type_name}\n"));
    }
    for _ in 0..edges {
        sketch.push_str(&format!("x{} -> x{} [{}]\n", next(nodes), next(nodes), next(30)));
    }
    sketch
}
