//! Nudges for the main thread when a signal has come, so that it runs Python's handler.
//!
//! Python runs its handlers in the main thread alone, and a system call of that thread ends for a signal only where the
//! system gives it to that thread while it waits (CPython's `trip_signal` in Modules/signalmodule.c and `_Py_read` in
//! Python/fileutils.c, 3.10–3.14). Where other threads are being created, one of them may get it, and a main thread that waits for
//! input learns of it when the input comes: one signal in four, in a server with a thread a request. So a timer
//! interrupts the main thread some times, by a signal of its own whose handler does nothing.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

const SIGNALS: usize = 65;

/// Python's own handlers, by signal.
static HANDLERS: [AtomicUsize; SIGNALS] = [const { AtomicUsize::new(0) }; SIGNALS];
/// The real-time signal that interrupts.
static NUDGE: AtomicI32 = AtomicI32::new(0);
/// The process whose timer runs; a forked child has none of its own yet.
static NUDGED: AtomicI32 = AtomicI32::new(0);
static TIMER: AtomicI32 = AtomicI32::new(0);
/// How many nudges are to come.
static LEFT: AtomicI32 = AtomicI32::new(0);

/// So many follow a signal, the first at once: half a second. A main thread that does not wait looks by itself.
const NUDGES: i32 = 25;
const FIRST: libc::c_long = 1_000_000;
const EACH: libc::c_long = 20_000_000;

/// The handler before Python's: async-signal-safe, as signal-safety(7) says of system calls without memory.
extern "C" fn pass_on(signal: c_int) {
    // SAFETY: `before_main_thread_waits` put the address of a function of one integer there; `errno` is this thread's.
    unsafe {
        let place = libc::__errno_location();
        let before = *place;
        let handler = HANDLERS[signal as usize].load(Ordering::Relaxed);
        std::mem::transmute::<usize, extern "C" fn(c_int)>(handler)(signal);
        begin();
        *place = before;
    }
}

/// Starts the timer, where it does not run.
///
/// # Safety
/// Only system calls; `errno` changes.
unsafe fn begin() {
    LEFT.store(NUDGES, Ordering::Relaxed);
    // SAFETY: the records are this frame's; the main thread's number is the process's.
    unsafe {
        let process = libc::getpid();
        if NUDGED.swap(process, Ordering::Relaxed) == process {
            return;
        }
        let mut event: libc::sigevent = std::mem::zeroed();
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = NUDGE.load(Ordering::Relaxed);
        event.sigev_notify_thread_id = process;
        let mut timer: c_int = 0;
        if libc::syscall(libc::SYS_timer_create, libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) != 0 {
            NUDGED.store(0, Ordering::Relaxed);
            return;
        }
        TIMER.store(timer, Ordering::Relaxed);
        let spec = libc::itimerspec {
            it_interval: libc::timespec { tv_sec: 0, tv_nsec: EACH },
            it_value: libc::timespec { tv_sec: 0, tv_nsec: FIRST },
        };
        libc::syscall(libc::SYS_timer_settime, timer, 0, &raw const spec, std::ptr::null_mut::<libc::itimerspec>());
    }
}

/// The handler of a nudge: that it comes is all.
extern "C" fn nudged(_: c_int) {
    if LEFT.fetch_sub(1, Ordering::Relaxed) > 1 {
        return;
    }
    // SAFETY: as in `pass_on`; a timer of another process has another number or none.
    unsafe {
        let place = libc::__errno_location();
        let before = *place;
        if NUDGED.swap(0, Ordering::Relaxed) == libc::getpid() {
            libc::syscall(libc::SYS_timer_delete, TIMER.load(Ordering::Relaxed));
        }
        *place = before;
    }
}

/// Puts itself before the handler that Python has for a signal. A handler that is put in its place later ends that.
///
/// # Errors
/// The system's, and `InvalidInput` where the signal has no handler of Python's.
pub(crate) fn before_main_thread_waits(signal: c_int) -> io::Result<()> {
    let place = usize::try_from(signal).ok().and_then(|signal| HANDLERS.get(signal)).ok_or(io::ErrorKind::InvalidInput)?;
    if NUDGE.load(Ordering::Relaxed) == 0 {
        NUDGE.store(free_signal()?, Ordering::Relaxed);
    }
    let mut action = action_of(signal)?;
    let handler = action.sa_sigaction;
    if handler == pass_on as *const () as usize {
        return Ok(());
    }
    if handler == libc::SIG_DFL || handler == libc::SIG_IGN || action.sa_flags & libc::SA_SIGINFO != 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    place.store(handler, Ordering::Relaxed);
    action.sa_sigaction = pass_on as *const () as usize;
    set_action(signal, &action)
}

/// A real-time signal that nobody uses, with the handler that does nothing.
fn free_signal() -> io::Result<c_int> {
    for signal in (libc::SIGRTMIN()..=libc::SIGRTMAX()).rev() {
        let mut action = action_of(signal)?;
        if action.sa_sigaction == libc::SIG_DFL {
            action.sa_sigaction = nudged as *const () as usize;
            action.sa_flags = libc::SA_ONSTACK;
            set_action(signal, &action)?;
            return Ok(signal);
        }
    }
    Err(io::Error::other("no real-time signal is free"))
}

fn action_of(signal: c_int) -> io::Result<libc::sigaction> {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: the record is this frame's, and filled in where the call succeeds.
    unsafe {
        match libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) {
            0 => Ok(action.assume_init()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

fn set_action(signal: c_int, action: &libc::sigaction) -> io::Result<()> {
    // SAFETY: a whole record, whose handler takes what one without SA_SIGINFO gets.
    match unsafe { libc::sigaction(signal, action, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
