//! Texts that try to break out of their format, and what a strict reader makes of them.

mod fixtures;

use fixtures::{dot, pdf, png, svg};
use refroots_core::{EdgeKind, Question, RootKind, View, ViewEdge, ViewNode, ViewRoot};
use refroots_render::{json, mermaid, plain, text};
use resvg::usvg::roxmltree::Document;

fn torture() -> Vec<String> {
    let mut texts: Vec<String> = [
        "\"quoted\" and 'single'",
        "back\\slash \\N \\G \\l \\",
        "trailing \\",
        "line\nbreak\r\n\ttab",
        "nul \0 escape \u{1b}[31m bell \u{7} csi \u{9b}31m del \u{7f}",
        "<b>&lt;&amp;&#65;</b><script>alert(1)</script>]]>-->",
        "<<TABLE><TR><TD>x</TD></TR></TABLE>>",
        "</text></svg>",
        "\"];} digraph x { a -> b",
        "emoji 😀 👨‍👩‍👧 🏳️‍🌈",
        "漢字かな交じり文",
        "عربي עברית \u{202e}txt.exe\u{202c}",
        "e\u{301}\u{301}\u{301}\u{301} a\u{300}",
        "\u{fffd}\u{fffe}\u{ffff}\u{feff}\u{10ffff}",
        "",
        " ",
        "n0",
        "digraph",
        "{a|b}",
        "end",
        "n0[\"x\"] --> n1",
        "%%{init: {'securityLevel': 'loose'}}%%",
        "%% comment",
        "#quot; #34; &quot; ﬂ°°34¶ß",
        "`code` **bold** __x__ _x_ ~~x~~ $$x$$",
        "1. list",
        "- list",
        "    indented",
        "www.example.org http://example.org a@b.example",
        "style x: #35; classDef x: #35;",
        "---\ntitle: x\n---",
        "n0@{ shape: circle }; click n0 callback",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push((0..=255_u8).map(char::from).collect());
    // Each window of the 256 characters, because labels are cut.
    texts.extend((0..=255_u8).map(char::from).collect::<Vec<_>>().chunks(16).map(|chunk| chunk.iter().collect()));
    texts
}

fn hostile(words: &str) -> View {
    let mut view = View::new(Question::Referrers, words.to_owned());
    let start = view.graph.add_node(ViewNode {
        type_name: words.to_owned(),
        full_type_name: words.to_owned(),
        text: words.to_owned(),
        is_start: true,
        cut: 27,
        ..ViewNode::default()
    });
    let root = ViewRoot { kind: RootKind::Module, text: format!("module {words}") };
    let module = view.graph.add_node(ViewNode { type_name: "module".into(), depth: 1, root: Some(root), ..ViewNode::default() });
    view.graph.add_edge(
        module,
        start,
        ViewEdge { kind: EdgeKind::Local, name: words.to_owned(), note: words.to_owned(), ..ViewEdge::default() },
    );
    view
}

#[test]
fn no_text_breaks_the_svg() {
    for words in torture() {
        let drawn = svg(&hostile(&words)).unwrap();
        let document = Document::parse(&drawn).unwrap_or_else(|problem| panic!("{words:?}: {problem}\n{drawn}"));
        let groups = document.descendants().filter(|node| node.has_tag_name("g"));
        let groups = groups.filter(|group| group.attribute("class") != Some("legend")).count();
        assert!((5..=6).contains(&groups), "{words:?}: two nodes, a stub, two arrows and a name, not {groups}");
        assert!(document.descendants().all(|node| !node.has_tag_name("script") && !node.has_tag_name("b")));
    }
}

#[test]
fn no_text_breaks_the_dot() {
    for words in torture() {
        let written = dot(&hostile(&words));
        let parsed = graphviz_rust::parse(&written).unwrap_or_else(|problem| panic!("{words:?}: {problem}\n{written}"));
        let graphviz_rust::dot_structures::Graph::DiGraph { stmts, .. } = parsed else { panic!("not a digraph") };
        assert_eq!(stmts.len(), 3 + 2 + 1 + 2 + 1, "defaults, nodes, a reference, a stub, the legend: {written}");
    }
}

#[cfg(feature = "graphviz-pure")]
#[test]
fn graphviz_draws_the_texts_of_the_dot_as_they_are() {
    for words in ["back\\slash \\N \\G", "a&lt;b <i>", "q\"uote", "<<TABLE>>"] {
        let drawn = graphviz_pure::render_dot(&dot(&hostile(words)), "dot", "svg").unwrap().into_output();
        let options = resvg::usvg::roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let document = Document::parse_with_options(&drawn, options).unwrap();
        let shown = document.descendants().filter(|node| node.has_tag_name("text")).filter_map(|node| node.text());
        // Graphviz writes no-break spaces for spaces in a row and at ends.
        let shown: Vec<String> = shown.map(|line| line.replace('\u{a0}', " ")).collect();
        assert!(shown.iter().any(|line| line.trim() == words), "{words:?} is not among {shown:?}");
    }
}

#[test]
fn no_text_breaks_the_png() {
    for words in torture().into_iter().take(20) {
        assert!(png(&hostile(&words)).unwrap().starts_with(b"\x89PNG"), "{words:?}");
    }
}

#[test]
fn no_text_breaks_the_pdf() {
    for words in torture().into_iter().take(24) {
        let view = hostile(&words);
        let drawn = pdf(&view).unwrap();
        assert!(drawn.starts_with(b"%PDF-") && drawn.trim_ascii_end().ends_with(b"%%EOF"), "{words:?}");
    }
}

/// What Mermaid's own parser makes of these is in tests/test_pictures.py.
#[test]
fn no_text_breaks_out_of_the_mermaid() {
    for words in torture() {
        let written = mermaid(&hostile(&words));
        assert_eq!(written.lines().filter(|line| !line.starts_with("classDef ")).count(), 4 + 3 + 2, "{words:?}: {written}");
        for line in written.lines().skip(4).filter(|line| !line.starts_with("classDef ")) {
            assert!(matches!(line.matches('"').count(), 0 | 2), "{words:?}: {line}");
            let inside = line.split('"').nth(1).unwrap_or_default().replace("<br/>", "");
            assert!(!inside.contains(['<', '>', '`', '%', '{', '}', '[', ']', '\\', '&', '$', '@', ':', '*', '~']), "{line}");
        }
    }
}

#[test]
fn json_says_every_text_as_it_is() {
    for words in torture() {
        let view = hostile(&words);
        let read: serde_json::Value = serde_json::from_str(&json(&view)).unwrap();
        assert_eq!(read, plain(&view));
        assert!(read["title"] == words && read["nodes"][0]["text"] == words, "{read}");
        assert_eq!(read["references"][0]["name"], words);
    }
}

#[test]
fn the_terminal_is_sent_no_control_character() {
    for words in torture() {
        let written = text(&hostile(&words));
        let is_harmful = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!written.contains(is_harmful), "{written:?}");
        assert_eq!(written.lines().count(), 4, "{written}");
    }
}

#[test]
fn a_text_of_50_megabytes_is_cut_first() {
    let view = hostile(&"\u{1b}é".repeat(17 << 20));
    let begun = std::time::Instant::now();
    assert!(
        text(&view).len() < 4_000
            && dot(&view).len() < 8_000
            && mermaid(&view).len() < 16_000
            && svg(&view).unwrap().len() < 16_000
    );
    assert!(begun.elapsed().as_secs() < 20);
}
