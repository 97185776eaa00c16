//! Combs: boxes that hang on one other box and on nothing else stand in rows where side by side they would make a
//! picture very wide.
//!
//! An engine is told one box for all of them. Inside, one rail runs along the side that faces the box they hang on;
//! teeth go off from it between the columns, and each box has its arrow from the tooth at its left:
//!
//! ```text
//! ──┬──────────┬───────── rail
//!   │ ['a']    │ ['b']
//!   ├─▶┌────┐  ├─▶┌────┐
//!   │  └────┘  │  └────┘
//!   │ ['c']    │ ['d']
//!   └─▶┌────┐  └─▶┌────┐
//!      └────┘     └────┘
//! ```

use std::collections::BTreeMap;

use super::bends::rounded;
use super::{Arrow, Geometry, Plan, Point, Size};

/// A rank that is less wide stays one row.
const WIDE: f64 = 1_600.0;
/// How wide a picture may be for its height, before a rank is put into more rows.
const ASPECT: f64 = 1.6;
/// The part of a rank's width that more rows must save: arrows along a rail are longer, and harder to follow.
const WORTH: f64 = 0.3;
/// Fewer boxes make no comb.
const FEWEST: usize = 2;
/// Room between neighbours of a rank and between ranks, as engines make it, about.
const APART: Size = Size { w: 24.0, h: 60.0 };
/// From a column's left side to its tooth, and to its boxes.
const TOOTH: f64 = 8.0;
const GUTTER: f64 = 30.0;
/// Room between rows, and between the rail and the first row.
const ROW_GAP: f64 = 16.0;
const ROUNDING: f64 = 6.0;

/// The place of a box, and of its arrow.
type Member = (usize, Option<usize>);

/// Boxes that hang on one box and on nothing else, or on nothing at all.
struct Comb {
    members: Vec<Member>,
    /// The place of the box that they hang on.
    holder: Option<usize>,
    /// Whether they stand above that box.
    is_above: bool,
    columns: Vec<f64>,
    rows: Vec<Row>,
    /// The height of its room: that of the highest on its level, so that their rails stand in one line.
    height: f64,
}

#[derive(Clone, Copy, Default)]
struct Row {
    name: f64,
    boxes: f64,
}

impl Row {
    fn height(&self) -> f64 {
        self.name + self.boxes + ROW_GAP
    }
}

/// A plan in which every comb is one box.
pub(super) struct Combed {
    pub(super) plan: Plan,
    combs: Vec<Comb>,
    /// The boxes and the arrows of the whole plan that are not in a comb.
    boxes: Vec<usize>,
    arrows: Vec<usize>,
}

/// Puts boxes that hang on one other box into combs, on each level where they would be too wide side by side. The
/// arrows of the plan point down.
pub(super) fn gather(plan: &Plan) -> Combed {
    let combs = wide_combs(plan, hanging(plan));
    let mut is_inside = vec![false; plan.boxes.len()];
    for &(member, _) in combs.iter().flat_map(|comb| &comb.members) {
        is_inside[member] = true;
    }
    let boxes: Vec<usize> = (0..plan.boxes.len()).filter(|&at| !is_inside[at]).collect();
    let is_outside = |arrow: &Arrow| !is_inside[arrow.from] && !is_inside[arrow.to];
    let arrows: Vec<usize> = (0..plan.arrows.len()).filter(|&at| is_outside(&plan.arrows[at])).collect();
    let mut place = vec![0; plan.boxes.len()];
    let mut told = Plan::default();
    for &at in &boxes {
        place[at] = told.boxes.len();
        told.boxes.push(plan.boxes[at]);
        told.levels.push(plan.levels[at]);
    }
    told.arrows = (arrows.iter().map(|&at| &plan.arrows[at]))
        .map(|arrow| Arrow { from: place[arrow.from], to: place[arrow.to], ..*arrow })
        .collect();
    for comb in &combs {
        let at = told.boxes.len();
        told.boxes.push(comb.size());
        told.levels.push(plan.levels[comb.members[0].0]);
        if let Some(holder) = comb.holder {
            let (from, to) = if comb.is_above { (at, place[holder]) } else { (place[holder], at) };
            told.arrows.push(Arrow { from, to, label: None, sets_rank: true });
        }
    }
    told.railed = combs.len();
    Combed { plan: told, combs, boxes, arrows }
}

/// What hangs on one box, by level: each a comb of one row.
fn hanging(plan: &Plan) -> Vec<Comb> {
    let mut links: Vec<(usize, Option<usize>)> = vec![(0, None); plan.boxes.len()];
    for (at, arrow) in plan.arrows.iter().enumerate() {
        for end in [arrow.from, arrow.to] {
            links[end] = (links[end].0 + 1, Some(at));
        }
    }
    let mut groups: BTreeMap<(i64, Option<usize>), Vec<Member>> = BTreeMap::new();
    for (at, &(count, arrow)) in links.iter().enumerate() {
        let holder = arrow.map(|arrow| plan.arrows[arrow].from + plan.arrows[arrow].to - at);
        let is_leaf = holder.is_none_or(|holder| count == 1 && links[holder].0 > 1 && plan.levels[holder] != plan.levels[at]);
        if is_leaf {
            groups.entry((plan.levels[at], holder)).or_default().push((at, arrow));
        }
    }
    let groups = groups.into_iter().filter(|(_, members)| members.len() >= FEWEST);
    let comb = |((level, holder), members): ((i64, Option<usize>), Vec<_>)| {
        let is_above = holder.is_some_and(|holder| level < plan.levels[holder]);
        Comb { members, holder, is_above, columns: Vec::new(), rows: Vec::new(), height: 0.0 }
    };
    groups.map(comb).collect()
}

/// Those that stand on a level which is too wide, in as few rows as it needs not to be.
fn wide_combs(plan: &Plan, groups: Vec<Comb>) -> Vec<Comb> {
    let mut widths: BTreeMap<i64, f64> = BTreeMap::new();
    let mut heights: BTreeMap<i64, f64> = BTreeMap::new();
    let mut needed: Vec<f64> = plan.boxes.iter().map(|size| size.w + APART.w).collect();
    for comb in &groups {
        for &(member, arrow) in &comb.members {
            let name = arrow.and_then(|arrow| plan.arrows[arrow].label).unwrap_or_default();
            needed[member] = needed[member].max(name.w + APART.w);
        }
    }
    for ((&level, size), width) in plan.levels.iter().zip(&plan.boxes).zip(&needed) {
        *widths.entry(level).or_default() += width;
        let height = heights.entry(level).or_default();
        *height = height.max(size.h + APART.h);
    }
    let height: f64 = heights.values().sum();
    let mut combs = Vec::new();
    let mut groups = groups.into_iter().peekable();
    while let Some(first) = groups.next() {
        let level = plan.levels[first.members[0].0];
        let mut here = vec![first];
        while let Some(comb) = groups.next_if(|comb| plan.levels[comb.members[0].0] == level) {
            here.push(comb);
        }
        let side_by_side: Vec<f64> =
            here.iter().map(|comb| comb.members.iter().map(|&(member, _)| needed[member]).sum::<f64>()).collect();
        let rest = widths[&level] - side_by_side.iter().sum::<f64>();
        let most = here.iter().map(|comb| comb.members.len()).max().unwrap_or(1);
        let is_narrow = |rows: &usize| {
            let width = |(comb, side_by_side): (&Comb, &f64)| {
                let count = comb.members.len();
                side_by_side / count as f64 * count.div_ceil(*rows) as f64
            };
            let wide: f64 = rest + here.iter().zip(&side_by_side).map(width).sum::<f64>();
            let high = height + heights[&level] * (*rows as f64 - 1.0);
            wide <= WIDE.max(ASPECT * high)
        };
        let rows = (1..most).find(is_narrow).unwrap_or(most);
        if rows > 1 {
            let in_rows: Vec<Comb> = here.into_iter().map(|comb| comb.in_rows(plan, rows)).collect();
            let wide = rest + in_rows.iter().map(|comb| comb.size().w + APART.w).sum::<f64>();
            if wide > (1.0 - WORTH) * widths[&level] {
                continue;
            }
            let height = in_rows.iter().map(|comb| comb.height).fold(0.0, f64::max);
            combs.extend(in_rows.into_iter().map(|comb| Comb { height, ..comb }));
        }
    }
    combs
}

impl Comb {
    fn in_rows(mut self, plan: &Plan, rows: usize) -> Self {
        let columns = self.members.len().div_ceil(rows);
        self.columns = vec![0.0; columns];
        self.rows = vec![Row::default(); self.members.len().div_ceil(columns)];
        for (i, &(member, arrow)) in self.members.iter().enumerate() {
            let size = plan.boxes[member];
            let name = arrow.and_then(|arrow| plan.arrows[arrow].label).unwrap_or_default();
            let (column, row) = (&mut self.columns[i % columns], &mut self.rows[i / columns]);
            *column = column.max(GUTTER + size.w).max(TOOTH + name.w + 8.0);
            row.boxes = row.boxes.max(size.h);
            row.name = row.name.max(name.h);
        }
        self.height = self.rows.iter().map(Row::height).sum();
        self
    }

    fn size(&self) -> Size {
        Size { w: self.columns.iter().sum(), h: self.height }
    }

    /// Puts the boxes and their arrows into the room of the comb, whose arrow is this curve, from above to below.
    fn spread(&self, plan: &Plan, centre: Point, curve: &[Point], geometry: &mut Geometry) {
        let (left, top) = (centre.x - self.size().w / 2.0, centre.y - self.height / 2.0);
        let joint = if self.is_above { curve.first() } else { curve.last() };
        let joint = joint.copied().unwrap_or(Point { x: left, y: top });
        let first = if self.is_above { joint.y - self.rows.iter().map(Row::height).sum::<f64>() } else { joint.y };
        let lefts = running(left, self.columns.iter().copied());
        let tops = running(first, self.rows.iter().map(Row::height));
        for (i, &(member, arrow)) in self.members.iter().enumerate() {
            let (left, top, row) = (lefts[i % lefts.len()], tops[i / lefts.len()], self.rows[i / lefts.len()]);
            let size = plan.boxes[member];
            // The name stands at the side of the box where its arrow comes from.
            let (name_y, middle) = if self.is_above {
                (top + row.boxes + row.name / 2.0, top + row.boxes / 2.0)
            } else {
                (top + ROW_GAP + row.name / 2.0, top + ROW_GAP + row.name + row.boxes / 2.0)
            };
            geometry.centres[member] = Point { x: left + GUTTER + size.w / 2.0, y: middle };
            let Some(arrow) = arrow else { continue };
            let tooth = left + TOOTH;
            if let Some(name) = plan.arrows[arrow].label {
                geometry.labels[arrow] = Some(Point { x: tooth + 3.0 + name.w / 2.0, y: name_y });
            }
            let own_end = Point { x: left + GUTTER, y: middle };
            let corners = [Point { x: tooth, y: middle }, Point { x: tooth, y: joint.y }];
            geometry.curves[arrow] = if self.is_above {
                let mut whole = rounded(&[own_end, corners[0], corners[1], joint], ROUNDING);
                whole.extend(curve.iter().skip(1));
                whole
            } else {
                let mut whole = curve.to_vec();
                whole.extend(rounded(&[joint, corners[1], corners[0], own_end], ROUNDING).into_iter().skip(1));
                whole
            };
        }
    }
}

/// Where each of some lengths begins.
fn running(from: f64, lengths: impl Iterator<Item = f64>) -> Vec<f64> {
    let begin = |at: &mut f64, length: f64| {
        let here = *at;
        *at += length;
        Some(here)
    };
    lengths.scan(from, begin).collect()
}

impl Combed {
    /// The geometry of the whole plan, from that of the plan with combs.
    pub(super) fn spread(&self, told: Geometry, plan: &Plan) -> Geometry {
        let mut geometry = Geometry {
            centres: vec![Point::default(); plan.boxes.len()],
            curves: vec![Vec::new(); plan.arrows.len()],
            labels: vec![None; plan.arrows.len()],
            ..Geometry::default()
        };
        for (&at, &centre) in self.boxes.iter().zip(&told.centres) {
            geometry.centres[at] = centre;
        }
        let mut curves = told.curves.into_iter();
        for ((&at, curve), label) in self.arrows.iter().zip(curves.by_ref()).zip(told.labels) {
            geometry.curves[at] = curve;
            geometry.labels[at] = label;
        }
        for (comb, &centre) in self.combs.iter().zip(&told.centres[self.boxes.len()..]) {
            let curve = if comb.holder.is_some() { curves.next().unwrap_or_default() } else { Vec::new() };
            comb.spread(plan, centre, &curve, &mut geometry);
        }
        geometry
    }
}
