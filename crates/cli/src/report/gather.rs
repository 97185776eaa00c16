//! The facts of a report, from the queries that answer the same questions one by one.

use refroots_core::petgraph::Direction;
use refroots_core::query::chain::Chain;
use refroots_core::query::histogram::{Tally, by_type};
use refroots_core::query::neighbourhood::{Neighbourhood, neighbourhood};
use refroots_core::query::paths::{WhyOptions, why};
use refroots_core::query::reasons::Reason;
use refroots_core::query::ways_view::ways_view;
use refroots_core::{Study, Values, View, bytes, grouped};
use refroots_render::{printable, text};

use super::{Body, Facts, Report, Section, Title, shortened};
use crate::subject::Subject;
use crate::table::counted;
use crate::{Ask, Error, Look, Table, describe, table_answers, tables};

/// Characters of a name.
const NAME: usize = 200;
/// Lines of a suspect.
const LINES_OF_SUSPECT: usize = 16;
/// Steps of references that the picture of one object follows, at least and at most: as many as its chain has.
const DEPTH: (u32, u32) = (Look::DEPTH, 8);
/// Objects of a picture of several chains; where these have more, the first is drawn alone.
const MOST_DRAWN: usize = 120;

/// Gathers all that a report says of the objects of that name.
///
/// # Errors
/// Those of the queries.
pub(super) fn gather(graph: &Study, look: &Look, name: &str, again: String) -> Result<Report, Error> {
    let subject = Subject::find(graph, name)?;
    let tallies = by_type(graph, Some(graph.dominators()?));
    let groups = graph.reasons()?.group(graph, &subject.found.nodes, look.values);
    let chain = match subject.found.nodes[..] {
        [only] => why(graph, only, &WhyOptions::default()),
        _ => groups[0].chain.clone(),
    };
    let mut facts = vec![("asked for", printable(name, NAME))];
    facts.extend(of_objects(graph, &subject, &tallies)?);
    facts.push(("held in", counted(groups.len() as u64, "way")));
    facts.extend(chain.expression(graph, look.values).map(|code| ("such as", printable(&code, NAME))));
    let title = title(&subject);
    let mut sections = Vec::new();
    if groups.len() > 1 {
        sections.push(shown("Ways in which they are held", Body::Table(tables::reasons(&groups))));
    }
    let of_which = if groups.len() > 1 { "The shortest chain of the most frequent way" } else { "The shortest chain" };
    sections.push(shown(of_which, Body::Text(text(&chain.view(graph, look.values)))));
    sections.push(shown("Picture", Body::Picture(picture(graph, look, &groups, &chain, title.words())?)));
    sections.push(shown("What may be a leak", Body::Table(suspects(graph, look)?)));
    sections.push(folded("Objects and bytes by type", Body::Table(tables::types(&tallies))));
    sections.push(shown("Where this is from", Body::Facts(of_heap(graph, look))));
    sections.push(shown("How to make it again", Body::Text(again)));
    Ok(Report { title, facts, sections })
}

fn shown(heading: &'static str, body: Body) -> Section {
    Section { heading, is_folded: false, body }
}

fn folded(heading: &'static str, body: Body) -> Section {
    Section { heading, is_folded: true, body }
}

fn title(subject: &Subject) -> Title {
    let name = printable(&subject.found.type_name, NAME);
    match subject.found.nodes[..] {
        [only] => Title { before: "Why".to_owned(), name: format!("{name} #{}", only.0), after: "is alive" },
        _ => Title { before: format!("Why {}", grouped(subject.found.nodes.len() as u64)), name, after: "are alive" },
    }
}

/// How many they are, what they take and keep.
fn of_objects(graph: &Study, subject: &Subject, tallies: &[Tally]) -> Result<Facts, Error> {
    let dominators = graph.dominators()?;
    let nodes = &subject.found.nodes;
    let size = nodes.iter().fold(0_u64, |sum, &node| sum.saturating_add(graph.size(node)));
    let retained = match nodes[..] {
        [only] => Some(dominators.retained(only)),
        _ => tallies.iter().find(|row| row.name == subject.found.type_name).and_then(|row| row.retained),
    };
    let total = dominators.total(graph);
    let kept = |retained: u64| {
        let share = retained as f64 / total.max(1) as f64 * 100.0;
        ("retained", format!("{}, {share:.1} % of the heap's {}", bytes(retained), bytes(total)))
    };
    let objects = ("objects", format!("{}, {}", grouped(nodes.len() as u64), bytes(size)));
    Ok([Some(objects), retained.map(kept)].into_iter().flatten().collect())
}

/// All ways in which the objects are held, or what is around the only one.
fn picture(graph: &Study, look: &Look, groups: &[Reason], chain: &Chain, title: String) -> Result<View, Error> {
    if groups.len() > 1 {
        let ways = ways_view(graph, groups, title, look.values);
        if ways.graph.node_count() <= MOST_DRAWN {
            return Ok(ways);
        }
    }
    let (least, most) = DEPTH;
    let depth = (chain.references.len() as u32).clamp(least, most);
    let around = Neighbourhood { depth, values: look.values, ..Neighbourhood::new(Direction::Incoming) };
    Ok(neighbourhood(graph, &[chain.target], &around))
}

fn suspects(graph: &Study, look: &Look) -> Result<Table, Error> {
    let (mut table, _) = table_answers::table(graph, &Look { values: look.values, ..Look::new(Ask::Suspects) })?;
    for item in table.listing.iter_mut().flatten() {
        *item = shortened(item, LINES_OF_SUSPECT);
    }
    Ok(table)
}

/// The versions, the size of the heap, and what this report may say of it.
fn of_heap(graph: &Study, look: &Look) -> Facts {
    let known = describe::Facts::of(graph);
    let values = match graph.sayable(look.values) {
        Values::Short => "short: up to 40 characters of strings, bytes and numbers, and dict keys",
        Values::None => "none: no string, number, dict key, path or thread name is said",
    };
    let mut facts = vec![("refroots", env!("CARGO_PKG_VERSION").to_owned())];
    facts.extend(known.python());
    if look.stamp {
        facts.extend(known.process());
    }
    facts.push(("values", values.to_owned()));
    facts.extend(known.counts());
    facts
}
