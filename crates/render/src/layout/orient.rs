//! The direction in which an engine is told each arrow, so that ranks become distances.
//!
//! An engine that ranks by arrows alone breaks cycles where it likes and puts an object far from
//! where a reader counts it. Levels are known here, so each arrow is told from the upper level to
//! the lower one, and drawn in its own direction afterwards.

use super::{Arrow, Plan};

/// Turns the arrows of a plan that point up; says for each whether it was turned.
pub(super) fn point_down(plan: &mut Plan) -> Vec<bool> {
    let Plan { levels, arrows, .. } = plan;
    let turn = |arrow: &mut Arrow| {
        let is_up = levels[arrow.from] > levels[arrow.to];
        if is_up {
            std::mem::swap(&mut arrow.from, &mut arrow.to);
        }
        is_up
    };
    arrows.iter_mut().map(turn).collect()
}

/// Lets arrows within one level set no ranks.
pub(super) fn level_ranks(plan: &mut Plan) {
    let Plan { levels, arrows, .. } = plan;
    for arrow in arrows.iter_mut().filter(|arrow| levels[arrow.from] == levels[arrow.to]) {
        arrow.sets_rank = false;
    }
}
