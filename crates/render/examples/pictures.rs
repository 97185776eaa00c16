//! Draws the pictures of docs/pictures.md: `cargo run -p refroots-render --example pictures -- docs/pictures`.

use std::error::Error;
use std::path::Path;

use refroots_core::petgraph::Direction;
use refroots_core::query::dominators::dominators;
use refroots_core::query::neighbourhood::{Neighbourhood, neighbourhood};
use refroots_core::query::paths::{WhyOptions, why};
use refroots_core::{HeapGraph, NodeId, Origin, Process, Values, View, sketch};
use refroots_render::{Drawing, svg};

/// A cache that keeps an object, which a closure and a cycle hold too.
const CACHE: &str = "
    foo: app.Foo size=56
    foo -> names .__dict__
    names: dict namespace size=104
    names -> child .child
    child: app.Child size=48
    child -> foo .parent
    app: module 'app' root
    app -> globals .__dict__
    globals: dict namespace
    globals -> cache .CACHE
    cache: dict size=232
    cache -> items [recent]
    recent: str 'recent'
    items: list size=72
    items -> foo [0]
    main: frame 'app.main:20' root synthetic
    main -> cell .__closure__
    cell: cell size=40
    cell -> foo <self>
    state: dict root
    state -> callback [exit]
    exit: str 'on_exit'
    callback: function 'app.main.<locals>.callback'
    callback -> cell .__closure__
";

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("give a directory")?;
    let directory = Path::new(&directory);
    std::fs::create_dir_all(directory)?;
    for (name, drawn) in pictures()? {
        std::fs::write(directory.join(name), drawn)?;
    }
    Ok(())
}

/// The pictures with the names of their files.
pub(crate) fn pictures() -> Result<Vec<(&'static str, String)>, Box<dyn Error>> {
    let cache = sketch::parse(CACHE)?.with_origin(Origin {
        python: "CPython 3.13.1".to_owned(),
        process: Some(Process { pid: 4711, token: 0 }),
        captured_at: Some(1_795_838_400),
        ..Origin::default()
    });
    let hub = sketch::parse(&hub(9_998))?;
    let sizes = dominators(&cache)?;
    let mut weighed = chain(&cache);
    weighed.say_retained(&sizes);
    weighed.stamp = cache.origin().stamp();
    let each = Neighbourhood { folds: false, depth: 4, ..upwards() };
    let few = Neighbourhood { folds: false, depth: 1, too_many: Some(4), ..upwards() };
    let views = [
        ("backrefs.svg", neighbourhood(&cache, &[NodeId(0)], &each)),
        ("folded.svg", neighbourhood(&hub, &[NodeId(0)], &upwards())),
        ("cut.svg", neighbourhood(&hub, &[NodeId(0)], &few)),
        ("why.svg", chain(&cache)),
        ("sizes.svg", weighed),
        ("outside.svg", chain(&sketch::parse("foo: app.Foo external=2")?)),
        ("garbage.svg", chain(&sketch::parse("a: app.Node\nb: app.Node\na -> b .next\nb -> a .previous")?)),
    ];
    views.iter().map(|(name, view)| Ok((*name, svg(view, &Drawing::default())?))).collect()
}

fn upwards() -> Neighbourhood<'static> {
    Neighbourhood::new(Direction::Incoming)
}

fn chain(graph: &HeapGraph) -> View {
    why(graph, NodeId(0), &WhyOptions::default()).view(graph, Values::Short)
}

/// An object to which many alike refer, which a list in a module holds.
fn hub(count: u32) -> String {
    let mut sketch = String::from("hub: app.Hub\napp: module 'app' root\napp -> all .ALL\nall: list\n");
    for i in 0..count {
        sketch.push_str(&format!("x{i}: app.Row size=48\nx{i} -> hub .hub\nall -> x{i} [{i}]\n"));
    }
    sketch
}
