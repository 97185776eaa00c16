//! A report as Markdown that can be pasted into an issue on GitHub, which takes 65,536 characters.
//!
//! Whatever comes from a program is code, in spans or blocks: GitHub reads no markup, mention, link or number of an
//! issue in it. Each part has room for so many bytes, and says how much of it there is no room for.

use refroots_core::{View, grouped};
use refroots_render::{code_block, code_span, mermaid_within, printable};

use super::{Body, FACTS, Facts, LINES, ROWS, Report, WIDTH, shortened};

/// Bytes for each part. A report has two parts of facts, three tables or lists, two texts and a picture: less than 60,000,
/// with the headings.
const FACTS_ROOM: usize = 2_000;
const TABLE: usize = 7_000;
const TEXT: usize = 6_000;
const PICTURE: usize = 18_000;

pub(super) fn markdown(report: &Report) -> String {
    let title = &report.title;
    let mut out = format!("## {} {} {}\n\n{}\n", title.before, code_span(&title.name), title.after, facts(&report.facts));
    for section in &report.sections {
        let (heading, body) = (section.heading, body(&section.body));
        out.push_str(&match section.is_folded {
            true => format!("<details><summary>{heading}</summary>\n\n{body}\n</details>\n\n"),
            false => format!("### {heading}\n\n{body}\n"),
        });
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn body(body: &Body) -> String {
    match body {
        Body::Facts(told) => facts(told),
        Body::Table(table) => within(TABLE, ROWS.min(table.rows.len()), |rows| table.markdown(rows)),
        Body::Text(text) => within(TEXT, LINES.min(text.lines().count()), |lines| code_block("", &shortened(text, lines))),
        Body::Picture(view) => picture(view),
    }
}

fn picture(view: &View) -> String {
    code_block("mermaid", &mermaid_within(view, PICTURE))
}

fn facts(told: &Facts) -> String {
    within(FACTS_ROOM, FACTS.min(told.len()), |count| {
        let line = |(name, said): &(&str, String)| format!("- {name}: {}\n", code_span(&printable(said, WIDTH)));
        let mut lines: String = told[..count].iter().map(line).collect();
        if count < told.len() {
            lines.push_str(&format!("- ({} more)\n", grouped((told.len() - count) as u64)));
        }
        lines
    })
}

/// What is written of as many items, of `most`, as there is room for.
fn within(room: usize, most: usize, write: impl Fn(usize) -> String) -> String {
    let written = (1..=most).rev().map(&write).find(|text| text.len() <= room);
    written.unwrap_or_else(|| write(0))
}
