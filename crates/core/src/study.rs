//! A graph with what has been computed on it so far, so that each costly thing is computed once.

use std::ops::Deref;
use std::sync::OnceLock;

use crate::query::cycles::{CycleGroup, CycleOptions, cycles_in};
use crate::query::diff::{Diff, Mark, diff_in};
use crate::query::dominators::{Dominators, dominators_in};
use crate::query::held::{Duplicate, Waste, held_duplicates_in, held_waste_in};
use crate::query::neighbourhood::{Surroundings, surroundings};
use crate::query::reasons::Reasons;
use crate::query::suspects::{Suspect, suspects};
use crate::{Error, HeapGraph, NodeId, Stages, Values, View};

/// A graph that remembers its dominators and shortest chains. Everything else that a [`HeapGraph`] can, it can too.
#[derive(Default)]
pub struct Study {
    graph: HeapGraph,
    dominators: OnceLock<Dominators>,
    reasons: OnceLock<Reasons>,
    stages: Stages,
}

impl Study {
    /// Begins to study a graph; nothing is computed yet.
    pub fn new(graph: HeapGraph) -> Self {
        Self { graph, ..Self::default() }
    }

    /// The graph's dominators and retained sizes; the first call computes them.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn dominators(&self) -> Result<&Dominators, Error> {
        remembered(&self.dominators, || dominators_in(&self.graph, &self.stages))
    }

    /// The shortest chains to all objects, grouped; the first call computes them.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn reasons(&self) -> Result<&Reasons, Error> {
        remembered(&self.reasons, || Reasons::find(&self.graph, &self.stages))
    }

    /// What is around objects in both directions, with retained sizes where the heap has at most a million objects: the
    /// dominators of a larger one cost more than all the rest.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn surroundings(&self, starts: &[NodeId], what: &Surroundings<'_>) -> Result<View, Error> {
        let dominators = if self.graph.node_count() <= RETAINED_UP_TO { Some(self.dominators()?) } else { None };
        Ok(surroundings(&self.graph, starts, &Surroundings { dominators, ..*what }))
    }

    /// Leak suspects, those that keep most first.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn suspects(&self, values: Values) -> Result<Vec<Suspect>, Error> {
        suspects(&self.graph, self.dominators()?, || self.reasons(), values)
    }

    /// As [`cycles`](crate::query::cycles::cycles).
    pub fn cycles(&self, options: &CycleOptions) -> Vec<CycleGroup> {
        cycles_in(&self.graph, options, &self.stages)
    }

    /// As [`held_duplicates`](crate::query::held::held_duplicates).
    pub fn held_duplicates(&self, values: Values) -> Vec<Duplicate> {
        held_duplicates_in(&self.graph, values, &self.stages)
    }

    /// As [`diff`](crate::query::diff::diff), from an earlier heap to this one.
    pub fn diff_from(&self, before: &HeapGraph, mark: Option<Mark>) -> Diff {
        diff_in(before, &self.graph, mark, &self.stages)
    }

    /// As [`held_waste`](crate::query::held::held_waste).
    pub fn held_waste(&self, values: Values) -> Vec<Waste> {
        held_waste_in(&self.graph, values, &self.stages)
    }

    /// How far the question is that a thread asks now: those say it that are asked of the study itself.
    pub fn stages(&self) -> &Stages {
        &self.stages
    }
}

impl Deref for Study {
    type Target = HeapGraph;

    fn deref(&self) -> &HeapGraph {
        &self.graph
    }
}

/// Objects of a heap whose retained sizes are computed although nobody asked for them.
const RETAINED_UP_TO: usize = 1_000_000;

/// Two that ask at once both compute, and one result is kept.
fn remembered<T>(cell: &OnceLock<T>, compute: impl FnOnce() -> Result<T, Error>) -> Result<&T, Error> {
    match cell.get() {
        Some(known) => Ok(known),
        None => {
            let computed = compute()?;
            Ok(cell.get_or_init(|| computed))
        }
    }
}
