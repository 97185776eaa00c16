//! Capture in a forked child: the process stands still for the fork alone, and reads the child's columns
//! out of shared anonymous memory, or lets the child write a snapshot.
//!
//! The child never lets the GIL go, runs no bytecode and ends by `_exit`; what asks the dynamic linker
//! was asked before the fork. Whatever ends it early is an error here, with the reason.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::ops::ControlFlow;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyMemoryError, PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use refroots_core::snapshot::{self, SnapshotError};
use refroots_core::{HeapGraphBuilder, Marks, Origin, Values};

use super::enumerate::{self, Walked};
use super::loaded::Loaded;
use super::probe::Proved;
use super::walk::Stopped;
use super::{Captured, Moment, Purpose, room};
use crate::origin::origin;

/// How long the parent waits before it looks for Ctrl-C again.
const POLL: Duration = Duration::from_millis(100);
/// What is buffered between the columns and the shared memory, in bytes.
const BUFFER: usize = 1 << 20;

// What the child says when it is done, before the reason.
const DONE: u8 = 0;
const NO_MEMORY: u8 = 1;
const INTERRUPTED: u8 = 2;
const NOT_HANDED_OVER: u8 = 3;
/// The system's number of the error follows, in four bytes.
const NOT_WRITTEN: u8 = 4;

/// A child that captures.
struct Child {
    pid: libc::pid_t,
    /// Its last words come here.
    said: File,
    /// Where the parent's marks go, which are made behind the fork.
    marks: File,
}

/// What a child does with what it has captured.
enum Delivery<'a> {
    /// Sends the columns.
    Columns(&'a File),
    /// Writes a snapshot.
    Snapshot { to: &'a File, values: Values, origin: Origin },
}

/// How a child ended that did not fail.
enum Ended {
    Done,
    Interrupted,
    NotWritten(io::Error),
}

/// Captures in a child, while this process goes on. `None` where Ctrl-C came first.
///
/// # Errors
/// `MemoryError` and `OSError` with the child's reason, `RuntimeError` where the child was killed,
/// whatever a signal's handler raises meanwhile.
pub(crate) fn capture(py: Python<'_>, proved: &Proved, purpose: &Purpose) -> PyResult<Option<Captured>> {
    let columns = shared_memory()?;
    let (ended, pause, moment) = run(py, proved, purpose, &Delivery::Columns(&columns))?;
    match ended {
        Ended::Done => {}
        Ended::Interrupted => return Ok(None),
        Ended::NotWritten(error) => return Err(error.into()),
    }
    let size = columns.metadata()?.len();
    if let Some(left) = room::left().filter(|&left| left < size) {
        let error = refroots_core::Error::NoRoom { needed: size, left };
        return Err(PyMemoryError::new_err(error.to_string()));
    }
    let graph = py.detach(|| {
        let builder = HeapGraphBuilder::receive(&mut BufReader::with_capacity(BUFFER, &columns))?;
        Ok::<_, io::Error>(builder.finish_in(Vec::new(), &mut enumerate::goes_on))
    });
    let graph = graph.map_err(|error| PyOSError::new_err(format!("the child's heap could not be read: {error}")))?;
    let graph = match graph {
        Ok(graph) => graph.with_origin(origin(moment.as_ref())),
        Err(refroots_core::Error::Stopped) => return Ok(None),
        Err(error) => return Err(PyMemoryError::new_err(error.to_string())),
    };
    Ok(Some(Captured { graph, pause, moment }))
}

/// Captures in a child, which writes a snapshot into a file. `false` where Ctrl-C came first; the inner errors are
/// those of writing.
///
/// # Errors
/// As for [`capture`].
pub(crate) fn save(
    py: Python<'_>,
    proved: &Proved,
    purpose: &Purpose,
    to: &File,
    values: Values,
) -> PyResult<(Duration, io::Result<bool>)> {
    let delivery = Delivery::Snapshot { to, values, origin: origin(None) };
    let (ended, pause, moment) = run(py, proved, purpose, &delivery)?;
    let written = match ended {
        Ended::Done => {
            if let Some(moment) = moment {
                moment.keep_for_ever();
            }
            Ok(true)
        }
        Ended::Interrupted => Ok(false),
        Ended::NotWritten(error) => Err(error),
    };
    Ok((pause, written))
}

/// Forks a child and waits for it.
fn run(
    py: Python<'_>,
    proved: &Proved,
    purpose: &Purpose,
    delivery: &Delivery<'_>,
) -> PyResult<(Ended, Duration, Option<Moment>)> {
    let loaded = Loaded::read();
    let (child, pause) = start(py, proved, purpose, loaded, delivery).map_err(|error| {
        PyOSError::new_err((error.raw_os_error(), format!("no child could be forked to capture in: {error}")))
    })?;
    // Before other threads run again.
    let moment = Moment::mark(py, proved);
    if let Some(moment) = &moment {
        // Where the child is gone it says so itself.
        let _ = (&child.marks).write_all(&words_of(moment.marks()));
    }
    let said = match listen(py, &child) {
        Ok(said) => said,
        Err(error) => {
            // SAFETY: our own child, which was not waited for yet.
            unsafe { libc::kill(child.pid, libc::SIGKILL) };
            py.detach(|| child.wait());
            return Err(error);
        }
    };
    let status = py.detach(|| child.wait());
    let Some((&code, reason)) = said.split_first() else {
        return Err(PyRuntimeError::new_err(how_it_ended(status)));
    };
    let reason = String::from_utf8_lossy(reason).into_owned();
    match code {
        DONE => Ok((Ended::Done, pause, moment)),
        INTERRUPTED => Ok((Ended::Interrupted, pause, moment)),
        NOT_WRITTEN => {
            let number = said[1..].first_chunk().map_or(0, |bytes| i32::from_le_bytes(*bytes));
            Ok((Ended::NotWritten(io::Error::from_raw_os_error(number)), pause, moment))
        }
        NO_MEMORY => Err(PyMemoryError::new_err(reason)),
        _ => Err(PyOSError::new_err(format!("the child that captured could not hand its heap over: {reason}"))),
    }
}

/// Marks as they go through a pipe.
fn words_of(marks: Marks) -> [u8; 24] {
    let mut bytes = [0; 24];
    let words = [marks.behind_oldest, marks.behind_all, marks.full_collections];
    for (to, word) in bytes.chunks_exact_mut(8).zip(words) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// The parent's marks; `None` where it has none.
fn marks_from(mut pipe: &File) -> Option<Marks> {
    let mut next = || {
        let mut bytes = [0; 8];
        pipe.read_exact(&mut bytes).ok().map(|()| u64::from_le_bytes(bytes))
    };
    Some(Marks { behind_oldest: next()?, behind_all: next()?, full_collections: next()? })
}

/// Forks. Signals wait until it is done, and for ever in the child, whose handlers would run the program's code.
fn start(
    py: Python<'_>,
    proved: &Proved,
    purpose: &Purpose,
    loaded: Arc<Loaded>,
    delivery: &Delivery<'_>,
) -> io::Result<(Child, Duration)> {
    let (said, says) = pipe()?;
    let (marked, marks) = pipe()?;
    let mut before = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY:
    // - the sets are this frame's;
    // - `fork` with the GIL held, from a thread that Python knows: the child goes on with that thread
    //   alone, the GIL its own, so that the heap stands still; it never returns from `in_child`.
    unsafe {
        let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        let parent = libc::getpid();
        let begun = Instant::now();
        let pid = libc::fork();
        let pause = begun.elapsed();
        if pid == 0 {
            in_child(py, proved, purpose, loaded, parent, delivery, &says, &marked);
        }
        let failed = io::Error::last_os_error();
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut());
        if pid < 0 { Err(failed) } else { Ok((Child { pid, said, marks }, pause)) }
    }
}

/// Everything that the child does.
#[expect(clippy::too_many_arguments, reason = "what a child needs was read before the fork, each by another function")]
fn in_child(
    py: Python<'_>,
    proved: &Proved,
    purpose: &Purpose,
    loaded: Arc<Loaded>,
    parent: libc::pid_t,
    delivery: &Delivery<'_>,
    says: &File,
    marked: &File,
) -> ! {
    // SAFETY: asks to be killed when the thread that waits for it ends; the parent may have ended before.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if libc::getppid() != parent {
            libc::_exit(0);
        }
    }
    match delivery {
        Delivery::Columns(columns) => close_others(&[columns.as_raw_fd(), says.as_raw_fd()]),
        Delivery::Snapshot { to, .. } => close_others(&[to.as_raw_fd(), says.as_raw_fd(), marked.as_raw_fd()]),
    }
    let words = catch_unwind(AssertUnwindSafe(|| last_words(py, proved, purpose, loaded, delivery, marked)));
    let words = words.unwrap_or_else(|_| vec![NOT_HANDED_OVER, b'?']);
    let mut to = says;
    // Where nobody listens any more nothing is to be done.
    let _ = to.write_all(&words);
    // SAFETY: ends the child without the program's exit handlers.
    unsafe { libc::_exit(0) }
}

/// Captures, hands over, and says how that went.
fn last_words(
    py: Python<'_>,
    proved: &Proved,
    purpose: &Purpose,
    loaded: Arc<Loaded>,
    delivery: &Delivery<'_>,
    marked: &File,
) -> Vec<u8> {
    let words = |code: u8, reason: String| [&[code], reason.as_bytes()].concat();
    let walked = match enumerate::walk(py, proved, purpose, loaded, Walked::InChild) {
        Ok(Ok(walked)) => walked,
        Ok(Err(Stopped::Interrupted)) => return words(INTERRUPTED, String::new()),
        Ok(Err(Stopped::Failed(error))) => return words(NO_MEMORY, error.to_string()),
        Err(_) => return words(NO_MEMORY, "no room for the list of objects".to_owned()),
    };
    if walked.builder.has_failed() {
        let reason = walked.builder.finish().err().map_or_else(String::new, |error| error.to_string());
        return words(NO_MEMORY, reason);
    }
    let (mut to, values, origin) = match delivery {
        Delivery::Columns(columns) => {
            let mut to = BufWriter::with_capacity(BUFFER, *columns);
            let handed_over = walked.builder.send(&mut to).and_then(|()| to.flush()).and_then(|()| rewind(columns));
            return match handed_over {
                Ok(()) => vec![DONE],
                Err(error) => words(NOT_HANDED_OVER, error.to_string()),
            };
        }
        Delivery::Snapshot { to, values, origin } => (*to, *values, origin.clone()),
    };
    let graph = match walked.finish(&mut || !enumerate::is_interrupted(py)) {
        Ok(graph) => graph.with_origin(Origin { marks: marks_from(marked), ..origin }),
        Err(Stopped::Interrupted) => return words(INTERRUPTED, String::new()),
        Err(Stopped::Failed(error)) => return words(NO_MEMORY, error.to_string()),
    };
    match snapshot::write(&graph, values, &mut to, &mut |_, _| ControlFlow::Continue(())) {
        Ok(()) => vec![DONE],
        Err(SnapshotError::Io(error)) => {
            [&[NOT_WRITTEN], error.raw_os_error().unwrap_or(libc::EIO).to_le_bytes().as_slice()].concat()
        }
        Err(other) => words(NOT_HANDED_OVER, other.to_string()),
    }
}

/// What the child says, which is nothing where it is killed. Ctrl-C is noticed meanwhile.
fn listen(py: Python<'_>, child: &Child) -> PyResult<Vec<u8>> {
    let mut event = libc::pollfd { fd: child.said.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    loop {
        // SAFETY: one event of this frame, of a descriptor that is open.
        let ready = py.detach(|| unsafe { libc::poll(&mut event, 1, POLL.as_millis() as i32) });
        py.check_signals()?;
        if ready > 0 {
            let mut words = Vec::new();
            let mut said = &child.said;
            py.detach(|| said.read_to_end(&mut words))?;
            return Ok(words);
        }
    }
}

impl Child {
    /// Waits until the child is gone and gives its status; `None` where someone else in the process has
    /// waited for it, or the process asks not to be told.
    fn wait(&self) -> Option<i32> {
        let mut status = 0;
        loop {
            // SAFETY: writes the status of our own child.
            let waited = unsafe { libc::waitpid(self.pid, &mut status, 0) };
            if waited == self.pid {
                return Some(status);
            }
            if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return None;
            }
        }
    }
}

fn how_it_ended(status: Option<i32>) -> String {
    match status {
        Some(status) if libc::WIFSIGNALED(status) => {
            let signal = libc::WTERMSIG(status);
            let hint = if signal == libc::SIGKILL { ", as the kernel does when memory runs out" } else { "" };
            format!("the child that captured was killed by signal {signal}{hint}; capture() without fork needs less memory")
        }
        _ => "the child that captured ended without a word; capture() without fork needs no child".to_owned(),
    }
}

/// Memory that two processes share and that no file system shows. It is gone with its descriptors.
fn shared_memory() -> io::Result<File> {
    // SAFETY: a new descriptor, which the file owns.
    unsafe { owned(libc::memfd_create(c"refroots".as_ptr(), libc::MFD_CLOEXEC)) }
}

fn pipe() -> io::Result<(File, File)> {
    let mut ends = [0; 2];
    // SAFETY: writes two new descriptors, which the files own.
    unsafe {
        if libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((owned(ends[0])?, owned(ends[1])?))
    }
}

/// # Safety
/// The descriptor must be new, or negative for an error.
unsafe fn owned(descriptor: RawFd) -> io::Result<File> {
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) }.into())
}

fn rewind(mut file: &File) -> io::Result<()> {
    io::Seek::rewind(&mut file)
}

/// Closes what the child inherited, so that no socket or pipe of the program stays open through it.
fn close_others(kept: &[RawFd]) {
    let mut kept: Vec<u32> = kept.iter().map(|&descriptor| descriptor as u32).collect();
    kept.sort_unstable();
    let mut first = 0;
    for after in kept.into_iter().map(|descriptor| (descriptor, descriptor + 1)).chain([(u32::MAX, 0)]) {
        let (descriptor, next) = after;
        let last = if descriptor == u32::MAX { u32::MAX } else { descriptor.wrapping_sub(1) };
        if last != u32::MAX && last >= first || descriptor == u32::MAX {
            // SAFETY: closes descriptors of this child, which uses none of them.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
        first = next;
    }
}
