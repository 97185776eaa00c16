//! A report as one HTML file: no script, nothing from the network, light or dark as its reader prefers.

use std::fmt::Write;

use refroots_core::{View, grouped};
use refroots_render::{Drawing, printable, svg, xml};

use super::{Body, FACTS, Facts, LINES, ROWS, Report, WIDTH, shortened};
use crate::Error;

const STYLE: &str = include_str!("report.css");
/// Only styles that stand in the file count: those of the page and of its picture.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

pub(super) fn html(report: &Report) -> Result<String, Error> {
    let title = &report.title;
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"refroots\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{} <code>{}</code> {}</h1>\n{}",
        xml(&title.words()),
        title.before,
        xml(&title.name),
        title.after,
        facts(&report.facts)
    );
    for section in &report.sections {
        let (heading, body) = (section.heading, body(&section.body)?);
        // Writing to a `String` cannot fail.
        let _ = match section.is_folded {
            true => writeln!(out, "<details>\n<summary>{heading}</summary>\n{body}</details>"),
            false => writeln!(out, "<section>\n<h2>{heading}</h2>\n{body}</section>"),
        };
    }
    out.push_str("</main>\n</body>\n</html>\n");
    Ok(out)
}

fn body(body: &Body) -> Result<String, Error> {
    Ok(match body {
        Body::Facts(told) => facts(told),
        Body::Table(table) if table.listing.is_some() => text(&table.text(ROWS)),
        Body::Table(table) => format!("<div class=\"wide\">{}</div>\n", table.html(ROWS)),
        Body::Text(lines) => text(&shortened(lines, LINES)),
        Body::Picture(view) => picture(view)?,
    })
}

fn picture(view: &View) -> Result<String, Error> {
    let drawn = svg(view, &Drawing::default()).map_err(Error::Render)?;
    Ok(format!("<div class=\"wide picture\">\n{drawn}</div>\n"))
}

fn text(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| xml(line) + "\n").collect();
    format!("<pre>{lines}</pre>\n")
}

fn facts(told: &Facts) -> String {
    let one = |(name, said): &(&str, String)| format!("<dt>{name}</dt><dd>{}</dd>\n", xml(&printable(said, WIDTH)));
    let mut lines: String = told.iter().take(FACTS).map(one).collect();
    if told.len() > FACTS {
        let _ = writeln!(lines, "<dt></dt><dd>({} more)</dd>", grouped((told.len() - FACTS) as u64));
    }
    format!("<dl>\n{lines}</dl>\n")
}
