//! Duplicates and container waste with where they are held, for the rows that are read first.

use crate::query::duplicates::{DuplicateGroup, duplicates_in};
use crate::query::holder::{Holder, holders};
use crate::query::waste::{WasteRow, waste_in};
use crate::{HeapGraph, Stages, Values, Wording};

/// Equal objects, and where they are held.
#[derive(Clone, Debug)]
pub struct Duplicate {
    /// How many there are of which value.
    pub group: DuplicateGroup,
    /// The most frequent ways in which they are held; empty for rows far down.
    pub holders: Vec<Holder>,
}

/// Containers that waste memory in one way, and where they are held.
#[derive(Clone, Debug)]
pub struct Waste {
    /// How, how many, how much.
    pub row: WasteRow,
    /// The most frequent ways in which they are held.
    pub holders: Vec<Holder>,
}

/// Ways that are told of one row.
const WAYS: usize = 3;
/// Groups of duplicates that are told where they are held: each costs a look through its holders.
const TOLD: usize = 100;

/// Equal objects, the most wasted bytes first; the first 100 groups with where they are held. The cost is that of
/// [`duplicates`](crate::query::duplicates::duplicates), and the references of what holds the first groups.
pub fn held_duplicates(graph: &HeapGraph, values: Values) -> Vec<Duplicate> {
    held_duplicates_in(graph, values, &Stages::default())
}

/// As [`held_duplicates`], and says how far it is.
pub(crate) fn held_duplicates_in(graph: &HeapGraph, values: Values, stages: &Stages) -> Vec<Duplicate> {
    let wording = Wording::new(graph, values);
    let found = duplicates_in(graph, stages);
    let told = |(at, group): (usize, &DuplicateGroup)| {
        let holders = if at < TOLD { holders(graph, &wording, found.members(group), WAYS) } else { Vec::new() };
        Duplicate { group: group.clone(), holders }
    };
    found.groups.iter().enumerate().map(told).collect()
}

/// Containers that waste memory, the most wasted bytes first, with where they are held.
pub fn held_waste(graph: &HeapGraph, values: Values) -> Vec<Waste> {
    held_waste_in(graph, values, &Stages::default())
}

/// As [`held_waste`], and says how far it is.
pub(crate) fn held_waste_in(graph: &HeapGraph, values: Values, stages: &Stages) -> Vec<Waste> {
    let wording = Wording::new(graph, values);
    let told = |row: WasteRow| Waste { holders: holders(graph, &wording, row.nodes.iter().copied(), WAYS), row };
    let rows = waste_in(graph, stages);
    stages.begin("finding who holds them", rows.len());
    let told = rows.into_iter().map(told).enumerate().map(|(at, waste)| {
        stages.reach(at + 1);
        waste
    });
    told.collect()
}
