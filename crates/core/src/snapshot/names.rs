//! Names of references as small numbers, by what their kind foretells.

use super::planes::{unzigzag, zigzag};
use crate::EdgeKind;

/// What was seen so far in a block.
#[derive(Default)]
struct Seen {
    /// The name of the last item: a dict's key.
    key: u32,
    /// The position that comes next, where the last reference was one of a list or of constants.
    next: u32,
}

/// What becomes of a name.
enum Foretold {
    /// Written as it is.
    Nothing,
    /// The difference from this is written, of either sign.
    Key(u32),
    /// The difference from this is written, modulo 2³².
    Position(u32),
}

impl Seen {
    #[inline]
    fn foretell(&self, kind: u8) -> Foretold {
        const ITEM: u8 = EdgeKind::Item as u8;
        const INDEX: u8 = EdgeKind::Index as u8;
        const CONSTANT: u8 = EdgeKind::Constant as u8;
        match kind {
            ITEM => Foretold::Key(self.key),
            INDEX | CONSTANT => Foretold::Position(self.next),
            _ => Foretold::Nothing,
        }
    }

    #[inline]
    fn see(&mut self, foretold: &Foretold, name: u32) {
        self.next = 0;
        match foretold {
            Foretold::Key(_) => self.key = name,
            Foretold::Position(_) => self.next = name.wrapping_add(1),
            Foretold::Nothing => {}
        }
    }
}

/// Puts what is written in the place of the names of a block. Names are of 32 bits.
pub(super) fn differences(kinds: &[u32], names: &mut [u64]) {
    let mut seen = Seen::default();
    for (number, &kind) in names.iter_mut().zip(kinds) {
        let name = *number as u32;
        let foretold = seen.foretell(kind as u8);
        *number = match foretold {
            Foretold::Nothing => u64::from(name),
            Foretold::Key(key) => zigzag(u64::from(name).wrapping_sub(u64::from(key))),
            Foretold::Position(next) => u64::from(name.wrapping_sub(next)),
        };
        seen.see(&foretold, name);
    }
}

/// Puts the names back; numbers that no name gives are cut to 32 bits.
pub(super) fn names(kinds: &[u32], differences: &mut [u64]) {
    let mut seen = Seen::default();
    for (number, &kind) in differences.iter_mut().zip(kinds) {
        let foretold = seen.foretell(kind as u8);
        let name = match foretold {
            Foretold::Nothing => *number as u32,
            Foretold::Key(key) => u64::from(key).wrapping_add(unzigzag(*number)) as u32,
            Foretold::Position(next) => next.wrapping_add(*number as u32),
        };
        *number = u64::from(name);
        seen.see(&foretold, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        let kinds: Vec<u32> = (0..3000_u32).map(|at| at * at % 1009 % 11).collect();
        let given: Vec<u64> = (0..3000_u32).map(|at| u64::from(at.wrapping_mul(2_654_435_761) >> (at % 32))).collect();
        let mut both = given.clone();
        differences(&kinds, &mut both);
        names(&kinds, &mut both);
        assert_eq!(both, given);
    }

    #[test]
    fn positions_and_shared_keys_cost_nothing() {
        let (item, index) = (EdgeKind::Item as u32, EdgeKind::Index as u32);
        let mut given = [0, 1, 2, 9, 9, 0, 1];
        differences(&[index, index, index, item, item, index, index], &mut given);
        assert_eq!(given, [0, 0, 0, 18, 0, 0, 0]);
    }
}
