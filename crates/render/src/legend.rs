//! The legend: the signs that a picture uses, below it, each beside what it means.

use refroots_core::View;

use crate::colour;
use crate::layout::{Point, Size};
use crate::measure::width;
use crate::scene::{Line, SMALL_SIZE, Text, bare_arrow};
use crate::shape::{Shape, bare_cut};
use crate::sign::{Example, Sign, used};
use crate::style;

/// One sign with its meaning.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) sign: Drawn,
    pub(crate) meaning: Text,
}

/// A sign as it is drawn.
#[derive(Debug)]
pub(crate) enum Drawn {
    Box(Shape),
    Arrow(Line),
}

const SIGN: Size = Size { w: 34.0, h: 19.0 };
const GAP: f64 = 8.0;
const ROW: f64 = 25.0;
/// Room between two columns.
const BETWEEN: f64 = 22.0;

/// Lays the legend out below and right of a corner, in as many columns as fit into a width. Also says how much room it
/// takes.
pub(crate) fn lay_out(view: &View, corner: Point, room: f64) -> (Vec<Entry>, Size) {
    let signs = used(view);
    let widths: Vec<f64> = signs.iter().map(|sign| SIGN.w + GAP + width(sign.meaning(view.question), SMALL_SIZE)).collect();
    let rows = (1..signs.len()).find(|&rows| total(&columns(&widths, rows)) <= room).unwrap_or(signs.len()).max(1);
    let columns = columns(&widths, rows);
    let entries = signs.iter().enumerate().map(|(i, &sign)| {
        let left = corner.x + columns[..i / rows].iter().map(|column| column + BETWEEN).sum::<f64>();
        let middle = Point { x: left + SIGN.w / 2.0, y: corner.y + ROW * ((i % rows) as f64 + 0.5) };
        let at = Point { x: left + SIGN.w + GAP, y: middle.y + SMALL_SIZE * 0.36 };
        Entry {
            id: format!("legend-{}", sign.word()),
            sign: drawn(sign, middle),
            meaning: Text::from_left(at, sign.meaning(view.question).to_owned(), SMALL_SIZE, colour::FAINT_INK),
        }
    });
    (entries.collect(), Size { w: total(&columns), h: rows.min(signs.len()) as f64 * ROW })
}

/// The width of each column, where so many entries stand below one another.
fn columns(widths: &[f64], rows: usize) -> Vec<f64> {
    widths.chunks(rows).map(|column| column.iter().copied().fold(0.0, f64::max)).collect()
}

fn total(columns: &[f64]) -> f64 {
    columns.iter().sum::<f64>() + BETWEEN * columns.len().saturating_sub(1) as f64
}

fn drawn(sign: Sign, middle: Point) -> Drawn {
    match sign.example() {
        Example::Node(node) => {
            let mut shape = Shape::bare(style::of(&node), node.folded > 0, SIGN);
            shape.move_to(middle);
            Drawn::Box(shape)
        }
        Example::Cut => {
            let mut shape = bare_cut(SIGN);
            shape.move_to(middle);
            Drawn::Box(shape)
        }
        Example::Arrow { reference, is_on_cycle } => {
            let mut line = bare_arrow(String::new(), String::new(), style::of_reference(&reference, is_on_cycle));
            let end = |share: f64| Point { x: middle.x + SIGN.w * (share - 0.5), y: middle.y };
            line.follow(vec![end(0.0), end(1.0 / 3.0), end(2.0 / 3.0), end(1.0)]);
            Drawn::Arrow(line)
        }
    }
}
