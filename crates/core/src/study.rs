//! A graph with what has been computed on it so far, so that each costly thing is computed once.

use std::ops::Deref;
use std::sync::OnceLock;

use crate::query::dominators::{Dominators, dominators};
use crate::{Error, HeapGraph};

/// A graph that remembers its dominators. Everything else that a [`HeapGraph`] can, it can too.
#[derive(Default)]
pub struct Study {
    graph: HeapGraph,
    dominators: OnceLock<Dominators>,
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
        remembered(&self.dominators, || dominators(&self.graph))
    }
}

impl Deref for Study {
    type Target = HeapGraph;

    fn deref(&self) -> &HeapGraph {
        &self.graph
    }
}

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
