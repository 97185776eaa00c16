//! Work in several parts, each on a thread of its own where one can be started.

use std::thread;

/// More would only wait for memory.
const MOST_THREADS: usize = 4;

/// How many threads work of this size is worth, where each should have `least` of it.
pub(crate) fn threads_for(size: usize, least: usize) -> usize {
    if size < 2 * least {
        return 1;
    }
    thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(size / least)
}

/// What `work` gives for each number below `parts`, in their order.
pub(crate) fn in_parts<R: Send>(parts: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let work = &work;
    thread::scope(|scope| {
        let start = |part: usize| (part, thread::Builder::new().spawn_scoped(scope, move || work(part)));
        let others: Vec<_> = (1..parts).map(start).collect();
        let mut done: Vec<R> = (0..parts.min(1)).map(work).collect();
        // Where no thread could be started, and for one that panicked, this one does the work.
        let finish = |(part, started): (usize, std::io::Result<thread::ScopedJoinHandle<'_, R>>)| {
            started.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| work(part))
        };
        done.extend(others.into_iter().map(finish));
        done
    })
}

/// What two works give, the first of which is done beside the second where a thread can be started.
pub(crate) fn both<A: Send, B>(one: impl Fn() -> A + Sync, other: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let started = thread::Builder::new().spawn_scoped(scope, &one);
        let other = other();
        (started.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(&one), other)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_done_once_and_stands_in_its_place() {
        for parts in 0..6 {
            assert_eq!(in_parts(parts, |part| part * 10), (0..parts).map(|part| part * 10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn both_are_done() {
        assert_eq!(both(|| 1, || "two"), (1, "two"));
    }

    #[test]
    fn little_work_is_for_one() {
        assert_eq!(threads_for(0, 10), 1);
        assert_eq!(threads_for(19, 10), 1);
        assert!(threads_for(1 << 30, 10) <= MOST_THREADS);
    }
}
