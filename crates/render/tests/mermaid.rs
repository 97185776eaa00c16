//! The limits within which Mermaid draws, and what is left out to stay in them.
#![allow(clippy::unwrap_used, reason = "what is not found fails its test")]

mod fixtures;

use fixtures::view;
use refroots_core::{Question, View};
use refroots_render::{mermaid, mermaid_within};

fn arrows(written: &str) -> usize {
    written.lines().filter(|line| ["-->", "==>", "-.->"].iter().any(|arrow| line.contains(&format!(" {arrow}")))).count()
}

fn boxes(written: &str) -> usize {
    written.lines().filter(|line| line.starts_with('n') && line.contains(":::")).count()
}

/// Checks the limits, and that what is said to be left out is what is not there.
fn within_limits(shown: &View) -> String {
    let written = mermaid(shown);
    assert!(written.encode_utf16().count() <= 50_000, "{}", written.len());
    assert!(arrows(&written) <= 500, "{}", arrows(&written));
    let (nodes, references) = (shown.graph.node_count() - boxes(&written), shown.graph.edge_count() - arrows(&written));
    let said = written.lines().find(|line| line.starts_with("left["));
    assert_eq!(said.is_some(), nodes > 0, "{said:?}");
    if let Some(said) = said {
        let number =
            |after: &str| said.replace(',', "").split(after).next().unwrap().rsplit(['"', ' ']).next().unwrap().to_owned();
        assert_eq!((number(" more boxes"), number(" more references")), (nodes.to_string(), references.to_string()), "{said}");
    }
    assert_eq!(written, mermaid(shown));
    written
}

#[test]
fn a_star_of_3000_is_cut_at_its_arrows() {
    let written = within_limits(&view(3_000, &(1..3_000).map(|i| (i, 0)).collect::<Vec<_>>(), Question::Referrers));
    assert_eq!((boxes(&written), arrows(&written)), (501, 500));
}

#[test]
fn a_clique_is_cut_where_it_has_too_many_arrows() {
    let edges: Vec<_> = (0..60).flat_map(|a| (0..60).filter(move |&b| b != a).map(move |b| (a, b))).collect();
    let written = within_limits(&view(60, &edges, Question::Referrers));
    assert_eq!((boxes(&written), arrows(&written)), (22, 22 * 21));
}

#[test]
fn long_texts_are_cut_at_their_characters() {
    let mut shown = view(400, &(1..400).map(|i| (i, 0)).collect::<Vec<_>>(), Question::Referrers);
    for node in shown.graph.node_weights_mut() {
        node.text = "\"".repeat(60);
    }
    let written = within_limits(&shown);
    assert!(boxes(&written) > 100 && boxes(&written) < 200, "{}", boxes(&written));
}

#[test]
fn less_room_than_mermaid_gives_is_kept_to() {
    let mut shown = view(60, &(1..60).map(|i| (i, 0)).collect::<Vec<_>>(), Question::Referrers);
    shown.title = "\"".repeat(200);
    for node in shown.graph.node_weights_mut() {
        node.text = "\"".repeat(60);
    }
    for room in [4_000, 10_000, 18_000] {
        let written = mermaid_within(&shown, room);
        assert!(written.len() <= room && written.len() + 1_000 > room, "{} of {room}", written.len());
        assert!(written.contains(" more boxes and "), "{written}");
    }
    assert_eq!(mermaid_within(&shown, usize::MAX), mermaid(&shown));
}

#[test]
fn starts_and_chains_stay_longest() {
    let mut shown = view(2_000, &(1..2_000).map(|i| (i, 0)).collect::<Vec<_>>(), Question::Referrers);
    let last = shown.graph.node_indices().next_back().unwrap();
    let edge = shown.graph.first_edge(last, refroots_core::petgraph::Direction::Outgoing).unwrap();
    shown.graph[last].is_on_chain = true;
    shown.graph[edge].is_on_chain = true;
    let written = within_limits(&shown);
    assert!(written.contains("n1999 ==>|\"#91;0#93;\"| n0"), "{}", &written[written.len() - 600..]);
}

#[test]
fn what_fits_is_drawn_whole() {
    let written = within_limits(&view(60, &(1..60).map(|i| (i, 0)).collect::<Vec<_>>(), Question::Referrers));
    assert_eq!((boxes(&written), arrows(&written)), (60, 59));
}
