//! Reports for bug reports: what is known of the objects of a type, gathered once, worded as Markdown or HTML.

mod again;
mod gather;
mod html;
mod markdown;

use std::path::Path;

use refroots_core::{Study, Values, View, grouped};
use refroots_render::printable;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::{Ask, Error, Look, Output, Table, write_atomically};

/// Where a report was asked for: it says how to make it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Face {
    /// `refroots run --report`.
    Run,
    /// `refroots report`.
    File,
    /// `Heap.report` of Python.
    Python,
}

/// What a report is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Markdown,
    Html,
}

impl Form {
    /// What the ending of a file's name asks for; Markdown where there is no file.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub(crate) fn of(output: Option<&Output>) -> Result<Self, Error> {
        let Some(path) = output.map(|output| output.given.as_path()) else { return Ok(Self::Markdown) };
        match path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).as_deref() {
            Some("md") => Ok(Self::Markdown),
            Some("html") => Ok(Self::Html),
            _ => Err(Error::Usage(format!("{}: a report wants a name that ends in .md or .html", path.display()))),
        }
    }

    fn file_name(self) -> &'static str {
        match self {
            Self::Markdown => "report.md",
            Self::Html => "report.html",
        }
    }
}

/// Writes a report about the objects of a name for [`Face::Python`]: `.md` or `.html`, by the ending of its path.
///
/// # Errors
/// [`Error::Usage`] for another ending; [`Error::Graph`] where nothing has that name or there is no memory;
/// [`Error::Render`], [`Error::Write`].
pub fn write_report(graph: &Study, path: &Path, name: &str, values: Values, stamp: bool) -> Result<(), Error> {
    let face = Face::Python;
    let ask = Ask::Report { name: name.to_owned(), face };
    let look = Look { output: Some(Output::new(path)), values, stamp, ..Look::new(ask) };
    write_atomically(path, &report(graph, &look, name, face)?.bytes)
}

/// A report about the objects of a type, or about one object.
///
/// # Errors
/// Those of the queries and of drawing.
pub(crate) fn report(graph: &Study, look: &Look, name: &str, face: Face) -> Result<Answer, Error> {
    let form = Form::of(look.output.as_ref())?;
    let report = gather::gather(graph, look, name, again::again(look, name, face, form))?;
    let text = match form {
        Form::Markdown => markdown::markdown(&report),
        Form::Html => html::html(&report)?,
    };
    Ok(Answer { bytes: text.into_bytes(), words: format!("a report: {}", report.title.words()) })
}

/// What a report says, in the order in which it says it.
struct Report {
    title: Title,
    facts: Facts,
    sections: Vec<Section>,
}

/// A title around the name that it is about, which may be anything.
struct Title {
    before: String,
    name: String,
    after: &'static str,
}

impl Title {
    fn words(&self) -> String {
        format!("{} {} {}", self.before, self.name, self.after)
    }
}

/// What is said of each of some things.
type Facts = Vec<(&'static str, String)>;

struct Section {
    heading: &'static str,
    /// Whether its reader opens it.
    is_folded: bool,
    body: Body,
}

enum Body {
    Facts(Facts),
    Table(Table),
    /// Lines as a terminal shows them.
    Text(String),
    Picture(View),
}

/// Facts that are told, at most.
const FACTS: usize = 20;
/// Rows that a table shows, at most.
const ROWS: usize = Look::ROWS;
/// Lines that are shown of a text, at most.
const LINES: usize = 40;
/// Characters of a line.
const WIDTH: usize = 300;

/// The first and the last lines of a text, `most` in all, with how many stand between them.
fn shortened(text: &str, most: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let left_out = lines.len().saturating_sub(most);
    let (head, tail) = if left_out == 0 { (lines.len(), 0) } else { (most - most / 2, most / 2) };
    let mut shown: Vec<String> = lines[..head].iter().map(|line| printable(line, WIDTH)).collect();
    if left_out > 0 {
        shown.push(format!("({} more lines)", grouped(left_out as u64)));
    }
    shown.extend(lines[lines.len() - tail..].iter().map(|line| printable(line, WIDTH)));
    shown.join("\n") + "\n"
}

#[cfg(test)]
mod tests;
