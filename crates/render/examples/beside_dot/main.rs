//! What pictures cost and how well they are laid out, beside Graphviz's `dot`:
//! `cargo run --release -p refroots-render --example beside_dot [-- --write] [NAME ...]`.
//!
//! `--write` puts the tables into docs/benchmarks.md, between their markers; a NAME such as `"leak 60"` measures that
//! picture only.

mod graphviz;
#[path = "../../tests/judge/mod.rs"]
mod judge;
mod views;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use judge::Drawn;
use refroots_render::{Drawing, EngineChoice, dot, png, svg};
use views::Subject;

const BEGIN: &str = "<!-- crates/render/examples/beside_dot writes from here -->";
const END: &str = "<!-- to here, pictures beside dot -->";
/// How often each is drawn, and for how long at most before it is not drawn again.
/// Without a legend, which Graphviz would draw as one more box.
pub(crate) const BARE: Drawing = Drawing { legend: false, engine: EngineChoice::BySize };

const ROUNDS: usize = 7;
const ENOUGH: Duration = Duration::from_secs(4);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wished: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
    let version = Command::new("dot").arg("-V").output().map_err(|problem| format!("Graphviz is needed: {problem}"))?.stderr;
    let version = String::from_utf8_lossy(&version);
    let mut times =
        String::from("| picture | objects, references | SVG: dot / refroots | PNG: dot / refroots |\n|---|---:|---:|---:|\n");
    let mut looks = String::from(
        "| picture | crossings: dot, dot ranked, refroots | through boxes | names on names or boxes | length of all arrows, \
         kpt | area, Mpt² |\n|---|---:|---:|---:|---:|---:|\n",
    );
    for subject in views::subjects()? {
        if !wished.is_empty() && !wished.contains(&&subject.name) {
            continue;
        }
        time(&subject, &mut times)?;
        judge(&subject, &mut looks)?;
    }
    let machine = format!("{}, {} {}; medians.", version.trim(), std::env::consts::OS, std::env::consts::ARCH);
    let text = format!("{machine}\n\n{times}\n{looks}");
    std::io::stdout().write_all(text.as_bytes())?;
    if words.iter().any(|word| word == "--write") {
        write(&text)?;
    }
    Ok(())
}

/// Draws a picture with both in turns.
fn time(subject: &Subject, table: &mut String) -> std::fmt::Result {
    let view = &subject.view;
    let (source, drawing) = (dot(view, &BARE), BARE);
    let actions: [&dyn Fn() -> bool; 4] = [
        &|| graphviz::run(&source, "svg").is_some(),
        &|| svg(view, &drawing).is_ok(),
        &|| graphviz::run(&source, "png").is_some(),
        &|| png(view, &drawing).is_ok(),
    ];
    let mut taken: [Vec<Duration>; 4] = Default::default();
    let mut is_done = [true; 4];
    for _ in 0..ROUNDS {
        for (at, action) in actions.iter().enumerate() {
            if taken[at].iter().sum::<Duration>() < ENOUGH {
                let begun = Instant::now();
                is_done[at] &= action();
                taken[at].push(begun.elapsed());
            }
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    let [dot_svg, our_svg, dot_png, our_png] = taken.each_mut().map(median);
    let pair = |theirs: f64, ours: f64, is_done: bool| {
        let more = if is_done { "" } else { "> " };
        let missed = if theirs < ours { " **!**" } else { "" };
        format!("{more}{theirs:.3} / {ours:.1} ms = {more}{:.1} ×{missed}", theirs / ours)
    };
    let (objects, references) = (view.graph.node_count(), view.graph.edge_count());
    let (svg, png) = (pair(dot_svg, our_svg, is_done[0]), pair(dot_png, our_png, is_done[2]));
    writeln!(table, "| {} | {objects}, {references} | {svg} | {png} |", subject.name)
}

/// Compares `dot` on the view's DOT, `dot` as the engine of our drawing, and our own.
fn judge(subject: &Subject, table: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let view = &subject.view;
    let ranked = svg(view, &Drawing { engine: EngineChoice::Dot(graphviz::engine), ..BARE });
    let ours = judge::read(&svg(view, &BARE)?, view);
    let all = [graphviz::classic(view), ranked.ok().map(|drawn| judge::read(&drawn, view)), Some(ours)];
    let row = |figure: &dyn Fn(&Drawn) -> String| {
        let figures: Vec<String> = all.iter().map(|drawn| drawn.as_ref().map_or("?".to_owned(), figure)).collect();
        figures.join(", ")
    };
    let foreign =
        |drawn: &Drawn| drawn.through_boxes().iter().filter(|&&(arrow, at)| !drawn.arrows[arrow].ends.contains(&at)).count();
    writeln!(
        table,
        "| {} | {} | {} | {} | {} | {} |",
        subject.name,
        row(&|drawn| drawn.crossings().to_string()),
        row(&|drawn| foreign(drawn).to_string()),
        row(&|drawn| drawn.overlapping_names().to_string()),
        row(&|drawn| format!("{:.2}", drawn.length() / 1e3)),
        row(&|drawn| format!("{:.2}", drawn.width * drawn.height / 1e6)),
    )?;
    Ok(())
}

/// Puts the tables between the markers of docs/benchmarks.md.
fn write(text: &str) -> Result<(), Box<dyn std::error::Error>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/benchmarks.md");
    let written = std::fs::read_to_string(&page)?;
    let (head, rest) = written.split_once(BEGIN).ok_or("the page has no marker")?;
    let (_, tail) = rest.split_once(END).ok_or("the page has no second marker")?;
    std::fs::write(&page, format!("{head}{BEGIN}\n\n{text}\n{END}{tail}"))?;
    Ok(())
}
