//! Pictures of graphs that are large, dense or deep.

mod fixtures;

use std::time::{Duration, Instant};

use fixtures::{dot, png, svg, view};
use refroots_core::Question;
use refroots_render::{Error, text};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_clique_of_60_is_drawn_in_seconds() {
    let edges: Vec<_> = (0..60).flat_map(|a| (0..60).filter(move |&b| b != a).map(move |b| (a, b))).collect();
    let begun = Instant::now();
    let drawn = svg(&view(60, &edges, Question::Referrers)).unwrap();
    assert_eq!(drawn.matches("class=\"edge cycle\"").count(), 3_540);
    assert_eq!(drawn.matches("class=\"name\"").count(), 3_540);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[test]
fn a_star_of_3000_is_drawn_in_seconds() {
    let begun = Instant::now();
    let drawn = svg(&view(3_000, &(1..3_000).map(|i| (i, 0)).collect::<Vec<_>>(), Question::Referrers)).unwrap();
    assert_eq!(drawn.matches("class=\"node").count(), 3_000);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[test]
fn a_chain_of_20000_is_drawn_in_seconds() {
    let long = view(20_000, &(1..20_000).map(|i| (i - 1, i)).collect::<Vec<_>>(), Question::Chain);
    let begun = Instant::now();
    assert_eq!(text(&long).lines().count(), 20_001);
    assert_eq!(dot(&long).matches(" -> ").count(), 19_999);
    let drawn = svg(&long).unwrap();
    assert!(drawn.contains("Laid out by dugong"), "{}", &drawn[..600]);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[test]
fn what_is_too_large_is_said() {
    let edges: Vec<_> = (1..60_000).map(|i| (i - 1, i)).collect();
    let problem = png(&view(60_000, &edges, Question::Chain)).unwrap_err();
    assert!(matches!(problem, Error::TooLarge { nodes: 60_000, edges: 59_999 }));
    assert_eq!(
        problem.to_string(),
        "60000 objects with 59999 references are too many for a picture: show fewer, or write .txt, .dot, .mmd or .json"
    );
}
