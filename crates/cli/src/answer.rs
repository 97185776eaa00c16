//! Answers: each question of a look, as bytes in the format that was asked for, with a line about them.

use refroots_core::petgraph::Direction;
use refroots_core::query::largest::dominator_view;
use refroots_core::query::neighbourhood::{Neighbourhood, Surroundings, neighbourhood};
use refroots_core::query::paths::{WhyOptions, why};
use refroots_core::query::ways_view::ways_view;
use refroots_core::{NodeId, Question, Study, View, grouped};
use refroots_render::{Drawing, Format, printable, render};

use crate::report::report;
use crate::subject::Subject;
use crate::table::counted;
use crate::{Ask, Error, Look, answer_json, table_answers, tables};

/// An answer in its format, and in words.
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) words: String,
}

/// Answers the question of a look.
///
/// # Errors
/// Those of the queries and of drawing.
pub(crate) fn answer(graph: &Study, look: &Look) -> Result<Answer, Error> {
    match &look.ask {
        Ask::Backrefs(name) => neighbours(graph, look, name, Direction::Incoming),
        Ask::Refs(name) => neighbours(graph, look, name, Direction::Outgoing),
        Ask::Why(name) => reasons(graph, look, &Subject::find(graph, name)?),
        Ask::Report { name, face } => report(graph, look, name, *face),
        Ask::Largest if !look.json && format_of(look)? != Format::Text => {
            let most = if format_of(look)? == Format::Html { MOST_IN_PAGE } else { MOST_DRAWN };
            let view = dominator_view(graph, graph.dominators()?, None, most, look.values);
            picture(graph, view, look, "what keeps most alive")
        }
        _ => {
            let sorted_by = table_answers::sorted_by(look)?;
            let (mut table, words) = table_answers::table(graph, look)?;
            if let Some(column) = sorted_by {
                table.sort(column);
            }
            let rows = look.limit.unwrap_or(Look::ROWS);
            let text = if look.json { table.json(look.limit) } else { table.text_on(rows, look.screen) };
            Ok(Answer { bytes: text.into_bytes(), words })
        }
    }
}

/// Objects of a picture of the dominator tree.
const MOST_DRAWN: usize = 40;
/// Objects of a page of it.
const MOST_IN_PAGE: usize = 2_000;

fn neighbours(graph: &Study, look: &Look, name: &str, direction: Direction) -> Result<Answer, Error> {
    let subject = Subject::find(graph, name)?;
    let object = subject.found.nodes[0];
    let mut view = if format_of(look)? == Format::Html {
        let question = if direction == Direction::Incoming { Question::Referrers } else { Question::Referents };
        surroundings(graph, look, &[object], question)?
    } else {
        let what = Neighbourhood {
            direction,
            depth: look.depth,
            too_many: look.too_many,
            folds: look.folds,
            weak: look.weak,
            values: look.values,
            dominators: if look.sizes { Some(graph.dominators()?) } else { None },
            ..Neighbourhood::new(direction)
        };
        neighbourhood(graph, &[object], &what)
    };
    let which = subject.which("");
    name_start(&mut view, &subject, &which);
    let object = format!("{} #{}{which}", subject.found.type_name, object.0);
    let words = match direction {
        Direction::Incoming => format!("what refers to {object}"),
        Direction::Outgoing => format!("what {object} refers to"),
    };
    picture(graph, view, look, &words)
}

/// What a page has of objects and around them.
fn surroundings(graph: &Study, look: &Look, objects: &[NodeId], question: Question) -> Result<View, Error> {
    Ok(graph.surroundings(objects, &Surroundings { values: look.values, ..Surroundings::new(question) })?)
}

/// Says in a picture's title which of its objects the start node is.
fn name_start(view: &mut View, subject: &Subject, which: &str) {
    if subject.found.nodes.len() > 1 {
        let start = format!("#{}", view.starts().next().map_or(0, |start| view.graph[start].ordinal.0));
        view.title = view.title.replacen(&start, &format!("{start}{which}"), 1);
    }
}

/// Why the objects of a type are alive: one chain where they are held alike, else the ways and the main one.
fn reasons(graph: &Study, look: &Look, subject: &Subject) -> Result<Answer, Error> {
    let found = &subject.found;
    if let [only] = found.nodes[..] {
        let chain = why(graph, only, &WhyOptions::default());
        if look.json {
            let json = answer_json::chain(graph, &chain, look.values);
            return Ok(Answer { bytes: format!("[{json:#}]\n").into_bytes(), words: "1 way".to_owned() });
        }
        let view = match format_of(look)? {
            Format::Html => surroundings(graph, look, &[only], Question::Chain)?,
            _ => weighed(graph, chain.view(graph, look.values), look)?,
        };
        return picture(graph, view, look, &format!("why {} #{}{} is alive", found.type_name, only.0, subject.which("")));
    }
    let groups = graph.reasons()?.group(graph, &found.nodes, look.values);
    let ways = counted(groups.len() as u64, "way");
    if look.json {
        let json = answer_json::reasons(graph, &groups, look.values);
        return Ok(Answer { bytes: format!("{json:#}\n").into_bytes(), words: ways });
    }
    if format_of(look)? == Format::Html {
        let objects: Vec<NodeId> = groups.iter().map(|group| group.chain.target).collect();
        let mut view = surroundings(graph, look, &objects, Question::Chain)?;
        let subject = format!("{} {}", grouped(found.nodes.len() as u64), printable(&found.type_name, usize::MAX));
        view.title = format!("Why {subject} are alive: one of each way in which they are held");
        return picture(graph, view, look, &format!("why {subject} are alive, {ways}"));
    }
    let first = &groups[0].chain;
    let mut view = weighed(graph, first.view(graph, look.values), look)?;
    let alike = if groups.len() == 1 { ", all held alike" } else { ", held most often like this" };
    name_start(&mut view, subject, &subject.which(alike));
    if groups.len() == 1 {
        return picture(graph, view, look, &format!("why {} #{}{} is alive", found.type_name, first.target.0, subject.which("")));
    }
    let objects = format!("{} {}", grouped(found.nodes.len() as u64), printable(&found.type_name, usize::MAX));
    if format_of(look)? != Format::Text {
        let view = ways_view(graph, &groups, format!("Why {objects} are alive"), look.values);
        return picture(graph, weighed(graph, view, look)?, look, &format!("why {objects} are alive, {ways}"));
    }
    let table = tables::reasons(&groups).text_on(look.limit.unwrap_or(WAYS), look.screen);
    say_where(graph, &mut view, look);
    let text = format!("{objects} are held in {ways}, each by its shortest chain\n{table}\n{}", refroots_render::text(&view));
    Ok(Answer { bytes: text.into_bytes(), words: format!("why {objects} are alive, {ways}") })
}

/// Ways that are listed where nothing else is said.
const WAYS: usize = 10;

/// A view of single objects, with what they retain where that was asked for.
fn weighed(graph: &Study, mut view: View, look: &Look) -> Result<View, Error> {
    if look.sizes {
        view.say_retained(graph.dominators()?);
    }
    Ok(view)
}

/// Says of which process the picture is, and where its objects stood, where that was asked for.
fn say_where(graph: &Study, view: &mut View, look: &Look) {
    if look.stamp {
        view.stamp = graph.origin().stamp();
    }
    if look.addresses {
        view.say_addresses(graph);
    }
}

fn picture(graph: &Study, mut view: View, look: &Look, title: &str) -> Result<Answer, Error> {
    say_where(graph, &mut view, look);
    let (objects, references) = (view.graph.node_count() as u64, view.graph.edge_count() as u64);
    let words = format!("{title}, {}, {}", counted(objects, "object"), counted(references, "reference"));
    Ok(Answer {
        bytes: render(&view, format_of(look)?, &Drawing { legend: look.legend, engine: look.engine.choice() })
            .map_err(Error::Render)?,
        words,
    })
}

/// The format of a picture; without a file, text.
fn format_of(look: &Look) -> Result<Format, Error> {
    look.output.as_ref().map_or(Ok(Format::Text), |output| Format::from_path(&output.given).map_err(Error::Render))
}
