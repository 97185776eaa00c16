//! Reports of small heaps as they are written, and of heaps that are too much for an issue.

use refroots_core::{Origin, sketch};

use super::*;

const HEAP: &str = "
    app: module 'app' root
    app -> names .__dict__
    names: dict namespace
    names -> cache .CACHE
    names -> last .last
    cache: dict
    cache -> panels [key]
    key: str 'hunter2'
    last: app.Panel size=64
    panels: list";

/// Forty panels in a list under a key, and one in a variable.
fn heap() -> Study {
    let panels = (0..40).map(|i| format!("panels -> p{i} [{i}]\np{i}: app.Panel size=64\n"));
    let graph = sketch::parse(&format!("{HEAP}\n{}", panels.collect::<String>())).unwrap();
    Study::new(graph.with_origin(Origin {
        python: "CPython 3.13.1".to_owned(),
        platform: "linux x86_64".to_owned(),
        captured_at: Some(951_782_400),
        values: Values::Short,
        ..Origin::default()
    }))
}

fn write(graph: &Study, name: &str, file: &str, look: Look) -> String {
    let look = Look { output: Some(Output::new(Path::new(file))), ..look };
    String::from_utf8(report(graph, &look, name, Face::File).unwrap().bytes).unwrap()
}

/// A look for a report, as the command makes it where nothing else is said.
fn without_values() -> Look {
    Look { values: Values::None, ..Look::new(Ask::Report { name: String::new(), face: Face::File }) }
}

#[test]
fn all_is_in_the_markdown() {
    insta::assert_snapshot!(write(&heap(), "Panel", "x.md", without_values()));
}

#[test]
fn all_but_the_picture_is_in_the_html() {
    let html = write(&heap(), "Panel", "x.html", without_values());
    let (before, rest) = html.split_once("<svg ").unwrap();
    let (picture, after) = rest.split_once("</svg>").unwrap();
    assert!(picture.contains("Why 41 app.Panel are alive") && picture.contains("prefers-color-scheme:dark"));
    let page = format!("{}{after}", before.replace(include_str!("report.css"), "STYLE\n"));
    insta::assert_snapshot!(page);
}

#[test]
fn one_object_has_what_is_around_it() {
    let text = write(&heap(), "#4", "x.md", without_values());
    assert!(text.starts_with("## Why `app.Panel #4` is alive\n"), "{text}");
    assert!(text.contains("- such as: `app.last`\n") && text.contains("What refers to app.Panel"), "{text}");
    assert!(!text.contains("Ways in which"), "{text}");
}

#[test]
fn more_is_said_on_request() {
    for file in ["x.md", "x.html"] {
        let text = write(&heap(), "Panel", file, without_values());
        assert!(!text.contains("hunter2") && !text.contains("2000-02-29"), "{text}");
        let text = write(&heap(), "Panel", file, Look { values: Values::Short, stamp: true, ..without_values() });
        assert!(text.contains("hunter2") && text.contains("2000-02-29 00:00:00 UTC"), "{text}");
    }
}

#[test]
fn a_report_says_how_to_make_it_again() {
    let said = |face: Face, when: &str, values: Values| {
        let look = Look { moment: when.parse().unwrap(), values, ..without_values() };
        again::again(&look, "it's", face, Form::Html)
    };
    let lines = [
        said(Face::Run, "exit", Values::None),
        said(Face::Run, "line:hunter2.py:7", Values::Short),
        said(Face::File, "exit", Values::Short),
        said(Face::Python, "exit", Values::Short),
    ];
    insta::assert_snapshot!(lines.concat(), @r#"
    refroots run --report 'it'\''s' -o report.html app.py
    refroots run --when line:FILE:7 --report 'it'\''s' --values short -o report.html app.py
    refroots capture --values short -o heap.refroots app.py
    refroots report heap.refroots 'it'\''s' --values short -o report.html
    heap = refroots.capture()
    heap.report("it's", "report.html", values="short")
    "#);
}

#[test]
fn an_issue_has_room_for_every_report() {
    let long = "漢|`\\😀".repeat(100);
    let mut heap = format!("app: module 'app' root\napp -> names .__dict__\nnames: dict namespace\nnames -> n0 .{long}\n");
    for i in 0..300 {
        heap += &format!("n{i}: app.N{i}{long}\nn{i} -> n{} .{long}{i}\n", i + 1);
    }
    heap += "n300: app.Foo\n";
    for i in 0..60 {
        heap += &format!("names -> l{i} .l{i}{long}\nl{i}: app.L{i}{long}\n");
        for j in 0..30 {
            heap += &format!("l{i} -> f{i}_{j} [{j}]\nf{i}_{j}: app.Foo size={}\n", 1_000_000_000 >> i.min(29));
        }
    }
    let graph = Study::new(sketch::parse(&heap).unwrap());
    for (name, sections, cut) in [("Foo", 7, " more)`"), ("#200", 6, " more lines)")] {
        let text = write(&graph, name, "x.md", Look { values: Values::Short, ..without_values() });
        assert!((20_000..60_000).contains(&text.len()), "{}", text.len());
        assert_eq!(text.matches("\n### ").count() + text.matches("\n<details>").count(), sections);
        assert!(text.contains(cut), "{name}");
    }
}

#[test]
fn a_text_keeps_its_ends() {
    let text: String = (1..=9).map(|i| format!("{i}\n")).collect();
    assert_eq!(shortened(&text, 9), text);
    assert_eq!(shortened(&text, 3), "1\n2\n(6 more lines)\n9\n");
    assert_eq!(shortened(&text, 0), "(9 more lines)\n");
    assert_eq!(shortened(&"x".repeat(1000), 1).chars().count(), WIDTH + 1);
}
