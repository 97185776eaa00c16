//! The interactive page as a file: whole, the same each time, and broken by no text.
#![allow(clippy::unwrap_used, reason = "what cannot be read fails its test")]

mod fixtures;

use refroots_core::query::neighbourhood::{Surroundings, surroundings};
use refroots_core::{EdgeKind, NodeId, Question, RootKind, View, ViewEdge, ViewNode, ViewRoot, sketch};
use refroots_render::{framed_page, page};

fn around() -> View {
    let graph = sketch::parse(fixtures::CACHE).unwrap();
    surroundings(&graph, &[NodeId(5)], &Surroundings::new(Question::Referrers))
}

/// What stands between a tag with this beginning and its end, for each such element.
fn elements<'a>(html: &'a str, tag: &str) -> Vec<&'a str> {
    let name = tag.split(' ').next().unwrap();
    let (begin, end) = (format!("<{tag}"), format!("</{name}>"));
    let parts = html.split(begin.as_str()).skip(1);
    parts.map(|part| part.split_once('>').unwrap().1.split(end.as_str()).next().unwrap()).collect()
}

fn data(html: &str) -> serde_json::Value {
    serde_json::from_str(elements(html, "script type=\"application/json\"")[0]).unwrap()
}

#[test]
fn the_data_is_the_view() {
    let data = data(&page(&around()));
    assert_eq!((data["title"].as_str(), data["question"].as_str()), (Some("What refers to app.Foo #5"), Some("referrers")));
    let word = |number: &serde_json::Value| data["words"][number.as_u64().unwrap() as usize].as_str().unwrap().to_owned();
    let names: Vec<String> = data["references"].as_array().unwrap().iter().map(|row| word(&row[3])).collect();
    assert_eq!(names, [".CACHE", "['k']", "[0]"]);
    let types: Vec<String> = data["nodes"].as_array().unwrap().iter().map(|row| word(&row[2])).collect();
    assert_eq!(types, ["app.Foo", "module", "dict", "list"]);
}

#[test]
fn the_same_view_is_the_same_bytes_and_asks_nobody() {
    let html = page(&around());
    assert_eq!(html, page(&around()));
    for asking in ["src=", "href=", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket", "sendBeacon", "sourceMappingURL"]
    {
        assert!(!html.contains(asking), "{asking}");
    }
}

#[test]
fn no_text_breaks_out() {
    let torture = [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "]]>--><b>&amp;",
        "nul \0 \u{1b}[31m \u{7f}",
        "\"quoted\" 'single' back\\slash \\u003c",
        "\u{2028}\u{2029}\u{202e}txt.exe\u{202c}",
        "{{script}} {{data}}",
        "漢字 😀 e\u{301}",
    ];
    for words in torture {
        let mut view = View::new(Question::Referrers, words.to_owned());
        let of = |name: &str| ViewNode {
            type_name: name.into(),
            full_type_name: name.into(),
            text: name.into(),
            ..ViewNode::default()
        };
        let start = view.graph.add_node(ViewNode { is_start: true, ..of(words) });
        let root = ViewRoot { kind: RootKind::Module, text: words.to_owned() };
        let module = view.graph.add_node(ViewNode { root: Some(root), ..of("module") });
        let edge = ViewEdge { kind: EdgeKind::Item, name: words.to_owned(), note: words.to_owned(), ..ViewEdge::default() };
        view.graph.add_edge(module, start, edge);
        let html = page(&view);
        assert_eq!(elements(&html, "script").len(), 3, "{words:?}");
        let data = data(&html);
        assert_eq!(data["nodes"].as_array().unwrap().len(), 2, "{words:?}");
        assert!(!html.contains('\0') && !html.contains('\u{202e}') && !html.contains("<b>"), "{words:?}");
        assert!(html.ends_with("</html>\n"), "{words:?}");
        let framed = framed_page(&view, 600);
        let (_, document) = framed.split_once("srcdoc='").unwrap();
        let (document, behind) = document.split_once('\'').unwrap();
        assert_eq!(behind, "></iframe>", "{words:?}");
        assert_eq!(document.replace("&#39;", "'").replace("&amp;", "&"), html, "{words:?}");
    }
}
