//! Work for several threads, while the caller's thread says how far it is and may stop it.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Threads at most: beyond that they wait for the file.
const MOST_THREADS: usize = 8;
/// How often the caller is asked whether to go on.
const POLL: Duration = Duration::from_millis(50);

/// Is called on the caller's thread about twenty times a second, with how much is done and how much there is;
/// `Break` stops the work.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// How far the work is, and whether it goes on.
#[derive(Default)]
pub(super) struct Course {
    done: AtomicU64,
    total: AtomicU64,
    stopped: AtomicBool,
}

impl Course {
    pub(super) fn of(total: u64) -> Self {
        Self { total: total.into(), ..Self::default() }
    }

    pub(super) fn advance(&self, by: u64) {
        self.done.fetch_add(by, Ordering::Relaxed);
    }

    pub(super) fn set_total(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn tell(&self, progress: Progress<'_>) {
        let total = self.total.load(Ordering::Relaxed);
        if progress(self.done.load(Ordering::Relaxed).min(total), total).is_break() {
            self.stop();
        }
    }
}

/// Stops the others where a thread panics: they could wait for it for ever.
struct StopsOthers<'a>(&'a Course);

impl Drop for StopsOthers<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}

/// How many threads work.
pub(super) fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS)
}

/// Lets up to `threads` threads do `work`, each until it finds none left. Where none can be started the caller's does it.
pub(super) fn share(threads: usize, course: &Course, progress: Progress<'_>, work: impl Fn() + Sync) {
    thread::scope(|scope| {
        let (ends, ended) = mpsc::channel::<()>();
        let mut started = 0;
        for _ in 0..threads {
            let (ends, work) = (ends.clone(), &work);
            let run = move || {
                let _until_done = ends;
                let _if_panicking = StopsOthers(course);
                work();
            };
            if thread::Builder::new().spawn_scoped(scope, run).is_err() {
                break;
            }
            started += 1;
        }
        drop(ends);
        if started == 0 {
            return work();
        }
        while ended.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
            course.tell(progress);
        }
    });
    course.tell(progress);
}
