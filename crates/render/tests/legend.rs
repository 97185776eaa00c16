//! The legend: it explains what the picture uses and nothing else, and stands on nothing.

#![allow(clippy::unwrap_used, reason = "what cannot be read fails its test")]

mod fixtures;

use std::collections::BTreeSet;

use fixtures::{CACHE, backrefs, folded, refs, svg, view, why};
use refroots_core::{Question, View};
use refroots_render::{Drawing, dot};
use resvg::usvg::roxmltree::{Document, Node as Element};
use resvg::usvg::{Node, Options, Rect, Tree};

fn views() -> Vec<View> {
    let mut hub = String::from("hub: app.Hub\napp: module 'app' root\napp -> all .ALL\nall: list\n");
    for i in 0..90 {
        hub.push_str(&format!("x{i}: app.X\nx{i} -> hub .hub\nall -> x{i} [{i}]\n"));
    }
    vec![
        backrefs(CACHE, "foo", 5, 10),
        refs(CACHE, "app", 3, 10),
        why(CACHE, "foo"),
        why("main: frame 'app.main:20' root synthetic\nmain -> foo local first\nfoo: app.Foo", "foo"),
        why("foo: app.Foo external=2", "foo"),
        why("a: list\nb: list\na -> b [0]\nb -> a [0]", "a"),
        backrefs("a: app.A\nstate: dict root\nstate -> a [k]\nk: str 'k'\nt: type 'app.T' root\nt -> a .a", "a", 2, 10),
        backrefs(&hub, "hub", 2, 20),
        folded(&hub, "hub", 3),
        view(60, &(1..60).map(|i| (i, i / 3)).collect::<Vec<_>>(), Question::Referrers),
        view(12, &(1..12).map(|i| (i - 1, i)).collect::<Vec<_>>(), Question::Dominated),
    ]
}

/// The places of all groups of a picture and of its title, as a renderer sees them.
fn places(drawn: &str) -> Vec<(String, Rect)> {
    let mut options = Options { font_family: "DejaVu Sans".into(), ..Options::default() };
    options.fontdb_mut().load_font_data(dejavu::sans::regular().to_vec());
    let tree = Tree::from_str(drawn, &options).unwrap();
    let named = tree.root().children().iter().filter(|node| !node.id().is_empty() || matches!(node, Node::Text(_)));
    named.map(|node| (node.id().to_owned(), node.abs_stroke_bounding_box())).collect()
}

#[test]
fn the_legend_stands_on_nothing_and_inside_of_the_picture() {
    for shown in views() {
        let drawn = svg(&shown).unwrap();
        let places = places(&drawn);
        let size = Document::parse(&drawn).unwrap();
        let side = |name: &str| size.root_element().attribute(name).unwrap().parse::<f32>().unwrap();
        let legend: Vec<_> = places.iter().filter(|(id, _)| id.starts_with("legend-")).collect();
        assert!(legend.len() >= 2, "{}", shown.title);
        for (id, place) in legend {
            let is_inside =
                place.left() > 0.0 && place.top() > 0.0 && place.right() < side("width") && place.bottom() < side("height");
            assert!(is_inside, "{}: {id} leaves the picture", shown.title);
            for (other, taken) in places.iter().filter(|(other, _)| other != id) {
                let is_apart = place.right() < taken.left()
                    || taken.right() < place.left()
                    || place.bottom() < taken.top()
                    || taken.bottom() < place.top();
                assert!(is_apart, "{}: {id} stands on {other}", shown.title);
            }
        }
    }
}

#[test]
fn the_legend_lists_the_signs_that_the_picture_uses() {
    let mut listed_anywhere = BTreeSet::new();
    for shown in views() {
        let drawn = svg(&shown).unwrap();
        let document = Document::parse(&drawn).unwrap();
        let groups = || document.descendants().filter(|node| node.has_tag_name("g"));
        let classes: Vec<BTreeSet<&str>> =
            groups().filter_map(|group| group.attribute("class")).map(|class| class.split(' ').collect()).collect();
        let has = |class: &str| classes.iter().any(|classes| classes.contains(class) && !classes.contains("legend"));
        let mut expected: BTreeSet<&str> =
            ["start", "chain", "cycle", "module", "frame", "interpreter", "static", "external", "garbage", "namespace", "cut"]
                .into_iter()
                .filter(|sign| has(sign))
                .collect();
        if classes.iter().any(|classes| classes.len() == 1 && classes.contains("edge")) {
            expected.insert("reference");
        }
        let is_stack = |group: &Element<'_, '_>| {
            let is_node = group.attribute("class").is_some_and(|class| class.starts_with("node "));
            is_node && group.children().filter(|child| child.has_tag_name("path")).count() == 2
        };
        if groups().any(|group| is_stack(&group)) {
            expected.insert("folded");
        }
        let listed: BTreeSet<&str> =
            groups().filter_map(|group| group.attribute("id")).filter_map(|id| id.strip_prefix("legend-")).collect();
        assert_eq!(listed, expected, "{}", shown.title);
        listed_anywhere.extend(listed.into_iter().map(str::to_owned));
    }
    assert_eq!(listed_anywhere.len(), 13, "every sign is shown by a view of this test: {listed_anywhere:?}");
}

#[test]
fn without_a_legend_all_else_is_the_same() {
    for shown in views() {
        let bare = refroots_render::svg(&shown, &Drawing { legend: false, ..Drawing::default() }).unwrap();
        assert!(!bare.contains("legend"));
        let (body, whole) = (bare.split_once("<rect").unwrap().1, svg(&shown).unwrap());
        let body = body.split_once("/>").unwrap().1.trim_end_matches("</svg>\n");
        assert!(whole.contains(body), "{}", shown.title);
        let words = dot(&shown, &Drawing::default());
        let lines: Vec<&str> = words.lines().filter(|line| !line.trim_start().starts_with("legend[")).collect();
        assert_eq!(lines.join("\n"), dot(&shown, &Drawing { legend: false, ..Drawing::default() }).trim_end());
    }
}
