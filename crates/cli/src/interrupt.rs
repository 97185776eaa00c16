//! Ctrl-C while a file is read or written: the process ends at once, and leaves nothing half-written.

use std::{fs, thread};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::atomic::remove_unfinished;

/// From now on such signals end the process, whatever its threads do (under Python: also while one holds the GIL, which
/// a handler of Python's waits for). Those that the process was told to ignore stay ignored.
pub(crate) fn end_on_signals() {
    let ignored = ignored();
    let heard = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    // Without them the system's own way stays, which leaves a file at worst.
    let Ok(mut signals) = Signals::new(heard) else { return };
    let wait = move || {
        if let Some(signal) = signals.forever().next() {
            remove_unfinished();
            let _ = emulate_default_handler(signal);
        }
    };
    let _ = thread::Builder::new().name("refroots-signals".to_owned()).spawn(wait);
}

/// The signals that this process ignores, a bit each from 1 on.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}
