//! How far long work is, and how long it still takes: for people at a terminal, once it takes over a second.

use std::fmt::Write;
use std::io::{IsTerminal, stderr};
use std::ops::ControlFlow;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use refroots_core::Stages;
use refroots_core::snapshot::Progress;

/// Work that is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often an analysis is asked how far it is.
const LOOK: Duration = Duration::from_millis(100);

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
    clear(&mut bar);
    done
}

/// Does an analysis, and shows how far each of its stages is where the standard error is a terminal. Another thread
/// draws; where none can be started, nothing is shown.
pub(crate) fn with_bars<T>(stages: &Stages, work: impl FnOnce() -> T) -> T {
    if !stderr().is_terminal() {
        return work();
    }
    thread::scope(|scope| {
        let (ends, ended) = mpsc::channel();
        let _ = thread::Builder::new().name("refroots-bar".to_owned()).spawn_scoped(scope, move || show(stages, &ended));
        let _until_done: mpsc::Sender<()> = ends;
        work()
    })
}

/// Shows one stage after the other until the work has ended. What is done between them is not shown.
fn show(stages: &Stages, ended: &Receiver<()>) {
    let begun = Instant::now();
    let mut bar: Option<ProgressBar> = None;
    let (mut words, mut stage_begun) = ("", begun);
    while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        let stage = stages.now();
        if stage.words != words {
            (words, stage_begun) = (stage.words, Instant::now());
            clear(&mut bar);
        }
        if stage.done == stage.total {
            clear(&mut bar);
        } else if begun.elapsed() > PATIENCE {
            bar.get_or_insert_with(|| new_bar(words, stage.total, stage_begun)).set_position(stage.done);
        }
    }
    clear(&mut bar);
}

fn clear(bar: &mut Option<ProgressBar>) {
    if let Some(bar) = bar.take() {
        bar.finish_and_clear();
    }
}

fn new_bar(words: &str, total: u64, begun: Instant) -> ProgressBar {
    // Nothing is drawn before it is as it should be.
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden()).with_elapsed(begun.elapsed());
    // A template of our own that is wrong would be seen in the first test; the plain bar does as well.
    if let Ok(style) = ProgressStyle::with_template("{msg} [{wide_bar}] {percent:>3} %, {left}") {
        bar.set_style(style.progress_chars("=> ").with_key("left", time_left));
    }
    bar.set_message(words.to_owned());
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar
}

/// What is left takes as long as what is done took.
fn time_left(bar: &ProgressState, out: &mut dyn Write) {
    let words = match (bar.pos(), bar.len()) {
        (done, Some(total)) if done > 0 => {
            let left = bar.elapsed().mul_f64(total.saturating_sub(done) as f64 / done as f64);
            format!("{} left", HumanDuration(left))
        }
        _ => "time left unknown".to_owned(),
    };
    // Writing to a string does not fail.
    let _ = out.write_str(&words);
}
