//! The status that the process ends with: the program's, or where that is 0 the look's. Unsafe: C's `on_exit`.
//!
//! Only `exit(3)` knows the program's status, so the two are put together in one of its handlers.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::io::Write;
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

static OWNER: AtomicU32 = AtomicU32::new(0);
static LOOKED: AtomicI32 = AtomicI32::new(NOT_YET);

const NOT_YET: i32 = -1;
const NOTHING: i32 = 1;

unsafe extern "C" {
    fn on_exit(function: extern "C" fn(c_int, *mut c_void), arg: *mut c_void) -> c_int;
}

/// From now on this process, and none of its forked children, ends with the look's status where the
/// program's is 0. Gives whether that could be arranged.
pub(crate) fn combine() -> bool {
    OWNER.store(process::id(), Ordering::Relaxed);
    // SAFETY:
    // - `on_exit` of glibc (stdlib/on_exit.c) keeps the function and the argument, and reads neither.
    // - `at_exit` lives as long as the process: CPython never unloads an extension module.
    unsafe { on_exit(at_exit, ptr::null_mut()) == 0 }
}

/// Says what the look's status is.
pub(crate) fn set(code: u8) {
    LOOKED.store(i32::from(code), Ordering::Relaxed);
}

extern "C" fn at_exit(status: c_int, _: *mut c_void) {
    if status != 0 || OWNER.load(Ordering::Relaxed) != process::id() {
        return;
    }
    let looked = match LOOKED.load(Ordering::Relaxed) {
        NOT_YET => {
            // Nobody to tell that nobody can be told.
            let _ =
                writeln!(std::io::stderr(), "refroots: the program ended without Python's shutdown, so nothing was looked at");
            NOTHING
        }
        looked => looked,
    };
    if looked != 0 {
        // SAFETY:
        // - glibc allows exit() in a handler: it goes on with the handlers that are left and ends with
        //   the last status that was given (stdlib/exit.c: "We do it this way to handle recursive calls
        //   to exit () made by the functions registered with `atexit' and `on_exit'").
        // - this handler is not called again, since it was taken off the list before the call.
        unsafe { libc::exit(looked) }
    }
}
