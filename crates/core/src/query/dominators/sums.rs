//! Sums of bytes by ordinal, most of which stay below 4 GiB: those take 4 bytes each, and the rest stand in a table.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::numbering::column;
use crate::Error;

/// Stands for every sum that the table has.
const ELSEWHERE: u32 = u32::MAX;

#[derive(Clone)]
pub(super) struct Sums {
    narrow: Vec<u32>,
    wide: HashMap<u32, u64, FxBuildHasher>,
}

impl Sums {
    /// So many zeros.
    pub(super) fn zeros(count: usize) -> Result<Self, Error> {
        Ok(Self { narrow: column(count, 0)?, wide: HashMap::default() })
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> u64 {
        match self.narrow[at] {
            ELSEWHERE => self.wide.get(&(at as u32)).copied().unwrap_or_default(),
            sum => u64::from(sum),
        }
    }

    /// Adds to one; what is more than a `u64` is cut.
    #[inline]
    pub(super) fn add(&mut self, at: usize, bytes: u64) -> Result<(), Error> {
        let sum = self.get(at).saturating_add(bytes);
        if sum < u64::from(ELSEWHERE) {
            self.narrow[at] = sum as u32;
            return Ok(());
        }
        self.set_wide(at, sum)
    }

    #[cold]
    fn set_wide(&mut self, at: usize, sum: u64) -> Result<(), Error> {
        let room = size_of::<(u32, u64)>();
        self.wide.try_reserve(1).map_err(|_| Error::OutOfMemory((self.wide.len() + 1) * room))?;
        self.wide.insert(at as u32, sum);
        self.narrow[at] = ELSEWHERE;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_every_width_are_whole() {
        let mut sums = Sums::zeros(3).unwrap();
        let mut expected = [0_u64; 3];
        let added = [1, u64::from(u32::MAX) - 2, 1, 1, u64::from(u32::MAX), u64::MAX / 2, u64::MAX / 2, u64::MAX];
        for bytes in added {
            for at in [0, 2] {
                sums.add(at, bytes).unwrap();
                expected[at] = expected[at].saturating_add(bytes);
                assert_eq!([0, 1, 2].map(|at| sums.get(at)), expected);
            }
        }
    }
}
