//! The referrers of each node as columns: there from the start, or turned around when somebody first asks for them.

use std::collections::TryReserveError;

use crate::Error;
use crate::later::Later;
use crate::turn_around::{threads_for, turn_around, turn_into};
use crate::zeros::zeros;

/// Where the referrers of each node begin, and the referrers in order.
#[derive(Clone, Default)]
struct Columns {
    starts: Vec<u32>,
    sources: Vec<u32>,
}

/// The other direction of the references. What a file says needs it for few questions, and it costs a fifth of what
/// loading does.
#[derive(Clone, Default)]
pub(crate) struct Referrers(Later<Columns>);

impl Referrers {
    /// Those of all references, at once. As [`turn_around`].
    pub(crate) fn now(starts: &[u32], targets: &[u32], room: Vec<u32>, goes_on: &mut dyn FnMut() -> bool) -> Result<Self, Error> {
        let (starts, sources) = turn_around(starts, targets, room, goes_on)?;
        Ok(Self(Later::now(Columns { starts, sources })))
    }

    /// Room for those of so many nodes and references.
    ///
    /// # Errors
    /// Where there is none.
    pub(crate) fn later(nodes: usize, references: usize) -> Result<Self, TryReserveError> {
        Ok(Self(Later::in_room(Columns { starts: zeros(nodes + 1)?, sources: zeros(references)? })))
    }

    /// The referrers of one node of a graph with these columns, once for each reference, in heap order.
    #[inline]
    pub(crate) fn of<'a>(&self, node: usize, starts: &[u32], targets: impl FnOnce() -> &'a [u32]) -> &[u32] {
        let Columns { starts, sources } = self.0.get().unwrap_or_else(|| self.turn(starts, targets()));
        &sources[starts[node] as usize..starts[node + 1] as usize]
    }

    #[cold]
    fn turn(&self, starts: &[u32], targets: &[u32]) -> &Columns {
        let fresh = || Columns { starts: vec![0; starts.len()], sources: vec![0; targets.len()] };
        self.0.fill(fresh, |columns| {
            let turned =
                turn_into(threads_for(targets), starts, targets, &mut columns.starts, &mut columns.sources, &mut || true);
            debug_assert!(turned.is_ok(), "it ends early only where it is stopped, and nobody stops it");
        })
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.0.bytes(|columns| 4 * (columns.starts.capacity() + columns.sources.capacity()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_gives_what_now_does() {
        let (starts, targets) = ([0, 2, 3, 3], [1, 2, 1]);
        let now = Referrers::now(&starts, &targets, Vec::new(), &mut || true).unwrap();
        let later = Referrers::later(3, 3).unwrap();
        let copy = later.clone();
        for node in 0..3 {
            assert_eq!(now.of(node, &starts, || &targets), later.of(node, &starts, || &targets));
            assert_eq!(now.of(node, &starts, || &targets), copy.of(node, &starts, || &targets));
        }
        assert_eq!(now.of(1, &starts, || &targets), [0, 1]);
    }

    #[test]
    fn those_that_ask_at_the_same_time_get_the_same() {
        let count = 1 << 16;
        let starts: Vec<u32> = (0..=count).collect();
        let targets: Vec<u32> = (0..count).rev().collect();
        let later = Referrers::later(count as usize, count as usize).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(later.of(1, &starts, || &targets), [count - 2]));
            }
        });
    }
}
