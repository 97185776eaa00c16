//! How far an analysis is: written by the thread that works, read by another one that shows it.

use std::sync::{Mutex, PoisonError};

/// One stage of an analysis: what is done in it, and how far it is. Steps of one stage take about the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stage {
    /// What is done, such as `finding dominators`; empty before the first stage.
    pub words: &'static str,
    /// Steps that are done.
    pub done: u64,
    /// Steps that there are.
    pub total: u64,
}

/// The stage that an analysis is in.
#[derive(Debug, Default)]
pub struct Stages(Mutex<Stage>);

impl Stages {
    /// Steps of a long loop after which it says how far it is: so rarely that it costs nothing.
    pub(crate) const EVERY: usize = 1 << 16;

    pub(crate) fn begin(&self, words: &'static str, total: usize) {
        self.change(|stage| *stage = Stage { words, done: 0, total: total as u64 });
    }

    pub(crate) fn reach(&self, done: usize) {
        self.change(|stage| stage.done = done as u64);
    }

    pub(crate) fn finish(&self) {
        self.change(|stage| stage.done = stage.total);
    }

    /// The stage now.
    pub fn now(&self) -> Stage {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Stage)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use crate::query::cycles::CycleOptions;
    use crate::{Study, Values, sketch};

    #[test]
    fn each_stage_is_named_and_ends() {
        let text = "app: module 'app' root
            app -> a .x
            a: list
            a -> b
            b: dict
            b -> a
            garbage: list";
        let study = Study::new(sketch::parse(text).unwrap());
        assert_eq!(study.stages().now().words, "");
        let mut told = Vec::new();
        let mut tell = || {
            let stage = study.stages().now();
            told.push(format!("{} {} of {}", stage.words, stage.done, stage.total));
        };
        study.dominators().unwrap();
        tell();
        study.reasons().unwrap();
        tell();
        study.cycles(&CycleOptions::default());
        tell();
        study.held_duplicates(Values::Short);
        tell();
        study.held_waste(Values::Short);
        tell();
        study.diff_from(&study, None);
        tell();
        assert_eq!(
            told,
            [
                "finding dominators 100 of 100",
                "finding shortest chains 8 of 8",
                "finding cycles 100 of 100",
                "comparing values 100 of 100",
                "finding who holds them 2 of 2",
                "comparing heaps 100 of 100"
            ]
        );
    }
}
