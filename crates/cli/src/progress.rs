//! How far long work is, and how long it still takes: for people at a terminal, once it takes over a second.

use std::io::{IsTerminal, stderr};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use refroots_core::snapshot::Progress;

/// Work that is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does work, and shows how far it is where the standard error is a terminal. `goes_on` may stop it.
pub(crate) fn with_bar<T>(words: &str, goes_on: &mut dyn FnMut() -> ControlFlow<()>, work: impl FnOnce(Progress<'_>) -> T) -> T {
    let (begun, is_shown) = (Instant::now(), stderr().is_terminal());
    let mut bar: Option<ProgressBar> = None;
    let done = work(&mut |done, total| {
        if is_shown && begun.elapsed() > PATIENCE {
            let bar = bar.get_or_insert_with(|| new_bar(words, total, begun));
            bar.set_length(total);
            bar.set_position(done);
        }
        goes_on()
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    done
}

fn new_bar(words: &str, total: u64, begun: Instant) -> ProgressBar {
    // Nothing is drawn before it is as it should be.
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden()).with_elapsed(begun.elapsed());
    // A template of our own that is wrong would be seen in the first test; the plain bar does as well.
    if let Ok(style) = ProgressStyle::with_template("{msg} [{wide_bar}] {percent:>3} %, {eta} left") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(words.to_owned());
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar
}
