//! Numbers as differences from what is foretold: the last number that stood in the same context.
//!
//! The address of an object is mostly one stride behind that of the last one of its type and size; the target of a
//! reference one behind that of the last one of its label.

use super::planes::{unzigzag, zigzag};

/// Contexts that are remembered at once.
const SLOTS: usize = 1 << 11;
/// Bits of a context below its group: where a context is new, the last number of its group foretells.
const GROUP_SHIFT: u32 = 28;
/// 2³² divided by the golden ratio, for multiplicative hashing (Knuth, TAOCP 3, 6.4).
const GOLDEN: u32 = 0x9e37_79b9;

/// What was seen so far in a block.
pub(super) struct Foretold {
    slots: Vec<(u32, u64)>,
    of_group: [u64; 16],
}

impl Foretold {
    pub(super) fn new() -> Self {
        Self { slots: vec![(u32::MAX, 0); SLOTS], of_group: [0; 16] }
    }

    /// Forgets all, as at the beginning of each block.
    fn forget(&mut self) {
        self.slots.fill((u32::MAX, 0));
        self.of_group = [0; 16];
    }

    #[inline]
    fn next(&mut self, context: u32, number: impl FnOnce(u64) -> u64) -> u64 {
        let slot = &mut self.slots[(context.wrapping_mul(GOLDEN) >> (u32::BITS - SLOTS.ilog2())) as usize];
        let of_group = &mut self.of_group[(context >> GROUP_SHIFT) as usize];
        let number = number(if slot.0 == context { slot.1 } else { *of_group });
        *slot = (context, number);
        *of_group = number;
        number
    }

    /// Puts differences in the place of the numbers of a block.
    pub(super) fn differences(&mut self, contexts: &[u32], numbers: &mut [u64]) {
        self.forget();
        for (number, &context) in numbers.iter_mut().zip(contexts) {
            let own = *number;
            self.next(context, |foretold| {
                *number = zigzag(own.wrapping_sub(foretold));
                own
            });
        }
    }

    /// Puts the numbers back.
    pub(super) fn numbers(&mut self, contexts: &[u32], differences: &mut [u64]) {
        self.forget();
        for (number, &context) in differences.iter_mut().zip(contexts) {
            *number = self.next(context, |foretold| foretold.wrapping_add(unzigzag(*number)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_whatever_the_contexts() {
        let mut foretold = Foretold::new();
        let contexts: Vec<u32> = (0..5000_u32).map(|at| ((at % 7) << 28) | ((at * at) % 3001)).collect();
        let numbers: Vec<u64> =
            contexts.iter().map(|&context| u64::from(context).wrapping_pow(3) ^ (u64::MAX << (context % 64))).collect();
        for _ in 0..2 {
            let mut both = numbers.clone();
            foretold.differences(&contexts, &mut both);
            foretold.numbers(&contexts, &mut both);
            assert_eq!(both, numbers);
        }
    }
}
