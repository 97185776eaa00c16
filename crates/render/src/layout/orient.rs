//! The direction in which an engine is told each arrow, so that ranks become distances.
//!
//! An engine that ranks by arrows alone breaks cycles where it likes and puts an object far from
//! where a reader counts it. Levels are known here, so each arrow is told from the upper level to
//! the lower one, and drawn in its own direction afterwards.

use super::Plan;

/// Turns the arrows of a plan that point up; says for each whether it was turned. Where `is_dense`,
/// arrows within one level set no ranks.
pub(super) fn point_down(plan: &mut Plan, is_dense: bool) -> Vec<bool> {
    let Plan { levels, arrows, .. } = plan;
    arrows
        .iter_mut()
        .map(|arrow| {
            let (from, to) = (levels[arrow.from], levels[arrow.to]);
            if from == to && is_dense {
                arrow.sets_rank = false;
            }
            if from > to {
                std::mem::swap(&mut arrow.from, &mut arrow.to);
            }
            from > to
        })
        .collect()
}
