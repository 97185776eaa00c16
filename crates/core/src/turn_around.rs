//! The other direction of the references: who refers to each node, by a counting sort over several threads.

use std::collections::TryReserveError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Error;
use crate::zeros::zeros;

/// References from which on a second thread saves more than it costs to start.
const WORTH_A_THREAD: usize = 1 << 22;
/// Each thread reads every reference, so that many threads only wait for memory.
const MOST_THREADS: usize = 4;
/// References after which a thread looks whether it is to stop: some milliseconds.
const EVERY: usize = 1 << 20;
/// How often the caller is asked whether to go on.
const POLL: Duration = Duration::from_millis(50);

/// The columns of the other direction: where the referrers of each node begin, and the referrers in
/// order. `room` gives its memory for one of them; `goes_on` is called on the caller's thread, about twenty times a
/// second. O(nodes + references).
///
/// # Errors
/// [`Error::OutOfMemory`], and [`Error::Stopped`] where `goes_on` says no.
pub(crate) fn turn_around(
    starts: &[u32],
    targets: &[u32],
    room: Vec<u32>,
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<(Vec<u32>, Vec<u32>), Error> {
    turn_around_in(threads_for(targets), starts, targets, room, goes_on)
}

/// How many threads so many references are worth.
pub(crate) fn threads_for(targets: &[u32]) -> usize {
    let cores = if targets.len() < WORTH_A_THREAD { 1 } else { thread::available_parallelism().map_or(1, usize::from) };
    cores.min(MOST_THREADS)
}

/// Nodes of one thread, with their slices of the columns.
struct Part<'a> {
    first: usize,
    ends: &'a mut [u32],
    /// The reference that stands first in `sources`.
    base: usize,
    sources: &'a mut [u32],
}

fn turn_around_in(
    threads: usize,
    starts: &[u32],
    targets: &[u32],
    room: Vec<u32>,
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<(Vec<u32>, Vec<u32>), Error> {
    let no_room = |length: usize| move |_| Error::OutOfMemory(4 * length);
    let mut ends: Vec<u32> = zeros(starts.len()).map_err(no_room(starts.len()))?;
    let mut sources = zeros_in(room, targets.len()).map_err(no_room(targets.len()))?;
    turn_into(threads, starts, targets, &mut ends, &mut sources, goes_on)?;
    Ok((ends, sources))
}

/// As [`turn_around`], into columns that are there: `ends` has a zero for each node and one more, `sources` as many
/// numbers as there are references.
///
/// # Errors
/// [`Error::Stopped`] where `goes_on` says no.
pub(crate) fn turn_into(
    threads: usize,
    starts: &[u32],
    targets: &[u32],
    ends: &mut [u32],
    sources: &mut [u32],
    goes_on: &mut dyn FnMut() -> bool,
) -> Result<(), Error> {
    let nodes = starts.len() - 1;
    let counted = ends[..nodes].chunks_mut(nodes.div_ceil(threads).max(1)).scan(0, |next, ends| {
        let first = *next;
        *next += ends.len();
        Some(Part { first, ends, base: 0, sources: &mut [] })
    });
    share(counted.collect(), goes_on, |part, goes_on| {
        for targets in targets.chunks(EVERY).take_while(|_| goes_on()) {
            for &target in targets {
                if let Some(count) = part.ends.get_mut((target as usize).wrapping_sub(part.first)) {
                    *count += 1;
                }
            }
        }
    })?;
    let mut sum = 0;
    for end in ends.iter_mut() {
        sum += *end;
        *end = sum;
    }
    // `ends[n]` is behind the place of n's last source; placed from the last to the first, it comes to
    // stand where n's sources begin.
    share(split(threads, &mut ends[..nodes], sources), goes_on, |part, goes_on| {
        let mut next_look = targets.len();
        for node in (0..nodes).rev() {
            let own = starts[node] as usize..starts[node + 1] as usize;
            if own.end <= next_look {
                if !goes_on() {
                    return;
                }
                next_look = own.end.saturating_sub(EVERY);
            }
            for &target in targets[own].iter().rev() {
                if let Some(end) = part.ends.get_mut((target as usize).wrapping_sub(part.first)) {
                    *end -= 1;
                    part.sources[*end as usize - part.base] = node as u32;
                }
            }
        }
    })
}

/// So many zeros, in the memory of `room` where it has any.
fn zeros_in(mut room: Vec<u32>, length: usize) -> Result<Vec<u32>, TryReserveError> {
    if room.capacity() == 0 {
        return zeros(length);
    }
    room.clear();
    room.shrink_to(length);
    room.try_reserve_exact(length)?;
    room.resize(length, 0);
    Ok(room)
}

/// Splits the nodes so that each part has about as many references to them.
fn split<'a>(parts: usize, mut ends: &'a mut [u32], mut sources: &'a mut [u32]) -> Vec<Part<'a>> {
    let (nodes, references) = (ends.len(), sources.len());
    let mut split = Vec::new();
    for part in 1..=parts {
        let (first, base) = (nodes - ends.len(), references - sources.len());
        let count =
            if part == parts { ends.len() } else { ends.partition_point(|&end| (end as usize) * parts <= references * part) };
        let (own, others) = ends.split_at_mut(count);
        let own_end = own.last().map_or(base, |&end| end as usize);
        let (own_sources, other_sources) = sources.split_at_mut(own_end - base);
        split.push(Part { first, ends: own, base, sources: own_sources });
        (ends, sources) = (others, other_sources);
    }
    split
}

/// Does the work of all parts, with the help of other threads where they can be started. What works asks now and then
/// whether it goes on; `goes_on` is asked on this thread alone.
fn share<'a>(
    parts: Vec<Part<'a>>,
    goes_on: &mut dyn FnMut() -> bool,
    work: impl Fn(Part<'a>, &mut dyn FnMut() -> bool) + Sync,
) -> Result<(), Error> {
    let others = parts.len().saturating_sub(1);
    let left = Mutex::new(parts);
    let is_stopped = AtomicBool::new(false);
    let run = |goes_on: &mut dyn FnMut() -> bool| {
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop();
        while let Some(part) = next() {
            work(part, goes_on);
        }
    };
    let mut asked: Option<Instant> = None;
    let mut ask = || {
        if asked.is_none_or(|asked| asked.elapsed() >= POLL) {
            asked = Some(Instant::now());
            is_stopped.fetch_or(!goes_on(), Ordering::Relaxed);
        }
        !is_stopped.load(Ordering::Relaxed)
    };
    thread::scope(|scope| {
        for _ in 0..others {
            let run = || run(&mut || !is_stopped.load(Ordering::Relaxed));
            if thread::Builder::new().spawn_scoped(scope, run).is_err() {
                break;
            }
        }
        run(&mut ask);
    });
    if is_stopped.into_inner() { Err(Error::Stopped) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Referrers of each node by a plain search, parallel references included.
    fn plainly(starts: &[u32], targets: &[u32]) -> (Vec<u32>, Vec<u32>) {
        let mut sources_of = vec![Vec::new(); starts.len() - 1];
        for node in 0..starts.len() - 1 {
            for edge in starts[node]..starts[node + 1] {
                sources_of[targets[edge as usize] as usize].push(node as u32);
            }
        }
        let mut back_starts = vec![0];
        for sources in &sources_of {
            back_starts.push(back_starts[back_starts.len() - 1] + sources.len() as u32);
        }
        (back_starts, sources_of.concat())
    }

    #[test]
    fn any_number_of_threads_gives_the_same_columns() {
        let mut state = 7_u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below.max(1)
        };
        for nodes in [0_u32, 1, 2, 5, 300] {
            for skew in [1, 20] {
                let mut starts = vec![0];
                let mut targets = Vec::new();
                for _ in 0..nodes {
                    // A skewed graph has one hub that most references go to.
                    targets.extend((0..random(7)).map(|_| if random(skew) == 0 { random(nodes) } else { nodes / 2 }));
                    starts.push(targets.len() as u32);
                }
                let expected = plainly(&starts, &targets);
                for threads in 1..=5 {
                    let used = vec![9; 100];
                    assert_eq!(turn_around_in(threads, &starts, &targets, used, &mut || true).unwrap(), expected);
                }
            }
        }
    }

    #[test]
    fn a_large_graph_is_turned_around_by_several_threads() {
        let nodes = 1 << 21;
        let starts: Vec<u32> = (0..=nodes).map(|node| node * 3).collect();
        let targets: Vec<u32> = (0..nodes * 3).map(|edge| edge.wrapping_mul(2_654_435_761) % nodes).collect();
        assert!(targets.len() > WORTH_A_THREAD);
        assert_eq!(turn_around(&starts, &targets, Vec::new(), &mut || true).unwrap(), plainly(&starts, &targets));
        assert!(matches!(turn_around(&starts, &targets, Vec::new(), &mut || false), Err(Error::Stopped)));
    }
}
