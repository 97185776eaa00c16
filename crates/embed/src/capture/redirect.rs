//! Signals led to the main thread, whichever thread of the process the system gives them to.
//!
//! Python runs its handlers in the main thread alone, and wakes that thread only where it is the one that was
//! interrupted (CPython's `trip_signal` in Modules/signalmodule.c, 3.10–3.14). Where a thread is being created while a signal
//! is on its way, the system may give it to that thread, and a main thread that waits for input learns of it when the
//! input comes: one signal in four, in a server with a thread a request.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

const SIGNALS: usize = 65;

/// Python's own handlers, by signal.
static HANDLERS: [AtomicUsize; SIGNALS] = [const { AtomicUsize::new(0) }; SIGNALS];

/// The handler: async-signal-safe, as signal-safety(7) says of what it calls.
extern "C" fn lead(signal: c_int) {
    // SAFETY: system calls without memory; the address is that of the handler that `to_main_thread` found, a function
    // of one integer.
    unsafe {
        let place = libc::__errno_location();
        let before = *place;
        let process = libc::getpid();
        if libc::gettid() == process {
            let handler = HANDLERS[signal as usize].load(Ordering::Relaxed);
            std::mem::transmute::<usize, extern "C" fn(c_int)>(handler)(signal);
        } else {
            libc::syscall(libc::SYS_tgkill, process, process, signal);
        }
        *place = before;
    }
}

/// Puts itself before the handler that Python has for a signal. Another handler that is put in its place later ends that.
///
/// # Errors
/// The system's, and `InvalidInput` where the signal is none or has no handler.
pub(crate) fn to_main_thread(signal: c_int) -> io::Result<()> {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: the record is this frame's and filled in where the first call succeeds; the handler takes what one
    // without SA_SIGINFO gets.
    unsafe {
        if libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let mut action = action.assume_init();
        let handler = action.sa_sigaction;
        if handler == lead as *const () as usize {
            return Ok(());
        }
        let place = usize::try_from(signal).ok().and_then(|signal| HANDLERS.get(signal));
        let is_plain = handler != libc::SIG_DFL && handler != libc::SIG_IGN && action.sa_flags & libc::SA_SIGINFO == 0;
        let Some(place) = place.filter(|_| is_plain) else { return Err(io::ErrorKind::InvalidInput.into()) };
        place.store(handler, Ordering::Relaxed);
        action.sa_sigaction = lead as *const () as usize;
        if libc::sigaction(signal, &raw const action, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
