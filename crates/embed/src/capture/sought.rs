//! A column of 32-bit keys, and the places in it of those that are sought.

use std::cell::{Cell, OnceCell};
use std::ops::Range;

use rustc_hash::FxHashSet;

/// Keys in pieces, and once many were sought where each stands.
pub(super) struct Column {
    pieces: Vec<Vec<u32>>,
    /// Where each piece begins among all keys, and where the last one ends.
    begins: Vec<usize>,
    /// What seeking without the order has cost so far, in runs of one comparison through all keys.
    spent: Cell<usize>,
    /// Nothing in it where there was no memory.
    order: OnceCell<Option<Order>>,
}

/// After so many comparisons of each key, places are put in order, which costs about as much.
const PATIENCE: usize = 96;

/// So many keys are compared one by one, by vector instructions: a fourth of a nanosecond each.
const FEW: usize = 16;

/// What one run costs that looks each key up in a set of bits.
const LOOK_UP: usize = 6;

impl Column {
    /// `None` for more keys than 32 bits can number.
    pub(super) fn new(pieces: Vec<Vec<u32>>) -> Option<Self> {
        let mut begins = vec![0];
        let mut count = 0;
        for piece in &pieces {
            count += piece.len();
            begins.push(count);
        }
        let column = Self { pieces, begins, spent: Cell::new(0), order: OnceCell::new() };
        u32::try_from(count).is_ok().then_some(column)
    }

    fn len(&self) -> usize {
        self.begins.last().copied().unwrap_or(0)
    }

    /// Calls `hit` with the piece and the place in it of each key that is among the sought ones, and where thousands are
    /// sought of a few others as well, in ascending order. O(keys) with a small constant, or after some calls O(sought + hits).
    pub(super) fn each_hit(&self, sought: &[u32], mut hit: impl FnMut(usize, usize)) {
        if let Some(Some(order)) = self.order.get()
            && order.cost(sought.len()) < self.len()
        {
            let mut piece = 0;
            for place in order.places(sought) {
                while self.begins[piece + 1] <= place as usize {
                    piece += 1;
                }
                hit(piece, place as usize - self.begins[piece]);
            }
            return;
        }
        let filter = Filter::new(sought);
        for (at, keys) in self.pieces.iter().enumerate() {
            filter.each_hit(keys, |place| hit(at, place));
        }
        self.spent.set(self.spent.get() + if sought.len() <= FEW { sought.len() } else { LOOK_UP });
        if self.spent.get() >= PATIENCE {
            self.order.get_or_init(|| Order::new(&self.pieces, self.len()));
        }
    }
}

/// Places by their keys' hash, in ascending order for each, and their keys.
struct Order {
    /// Where each hash's places begin, and where the last one's end.
    starts: Vec<u32>,
    places: Vec<u32>,
    keys: Vec<u32>,
    shift: u32,
}

/// So many places share a hash on average: fewer would make putting them in order slower.
const SHARED: usize = 128;

/// What a key costs that is looked at out of order, in comparisons of keys one after the other.
const JUMP: usize = 8;

impl Order {
    /// `None` where there is no memory for it.
    fn new(pieces: &[Vec<u32>], count: usize) -> Option<Self> {
        let size = (count / SHARED).next_power_of_two().clamp(1 << 8, 1 << 20);
        let shift = 32 - size.trailing_zeros();
        let mut starts = vec![0_u32; size + 1];
        for &key in pieces.iter().flatten() {
            starts[hash(key, shift) + 1] += 1;
        }
        for at in 1..=size {
            starts[at] += starts[at - 1];
        }
        let (mut places, mut keys) = (Vec::new(), Vec::new());
        places.try_reserve_exact(count).and_then(|()| keys.try_reserve_exact(count)).ok()?;
        places.resize(count, 0);
        keys.resize(count, 0);
        let mut next = starts.clone();
        for (place, &key) in (0..).zip(pieces.iter().flatten()) {
            let next = &mut next[hash(key, shift)];
            places[*next as usize] = place;
            keys[*next as usize] = key;
            *next += 1;
        }
        Some(Self { starts, places, keys, shift })
    }

    fn cost(&self, sought: usize) -> usize {
        sought.saturating_mul(SHARED * JUMP)
    }

    fn range(&self, key: u32) -> Range<usize> {
        let hash = hash(key, self.shift);
        self.starts[hash] as usize..self.starts[hash + 1] as usize
    }

    fn places(&self, sought: &[u32]) -> Vec<u32> {
        let mut found = Vec::new();
        for &key in sought {
            let range = self.range(key);
            let of_key = self.keys[range.clone()].iter().zip(&self.places[range]).filter(|&(&own, _)| own == key);
            found.extend(of_key.map(|(_, &place)| place));
        }
        found.sort_unstable();
        // Two that are sought may have one key.
        found.dedup();
        found
    }
}

#[inline]
fn hash(key: u32, shift: u32) -> usize {
    (key.wrapping_mul(0x9E37_79B1) >> shift) as usize
}

/// Says quickly of nearly every key that it is not sought.
enum Filter {
    Few(Vec<u32>),
    /// Bits in a table whose size the compiler knows, which saves the look at its bounds.
    Some {
        bits: Box<[u64; SOME_BITS / 64]>,
        all: FxHashSet<u32>,
    },
    /// As many bits as 32 for each key. A set of them all would take longer than the few looks that it saves.
    Many {
        bits: Vec<u64>,
        shift: u32,
    },
}

/// 16 KiB, which stay in the nearest cache; of thirty keys a key in 4,000 has a bit by chance.
const SOME_BITS: usize = 1 << 17;
const SOME: usize = 1 << 12;

impl Filter {
    fn new(sought: &[u32]) -> Self {
        if sought.len() <= FEW {
            return Self::Few(sought.to_vec());
        }
        if sought.len() <= SOME {
            let all = sought.iter().copied().collect();
            let mut bits = Box::new([0_u64; SOME_BITS / 64]);
            for &key in sought {
                let bit = hash(key, SOME_SHIFT);
                bits[bit / 64] |= 1 << (bit % 64);
            }
            return Self::Some { bits, all };
        }
        let size = (sought.len() * 32).next_power_of_two().clamp(1 << 12, 1 << 26);
        let shift = 32 - size.trailing_zeros();
        let mut bits = vec![0_u64; size / 64];
        for &key in sought {
            let bit = hash(key, shift);
            bits[bit / 64] |= 1 << (bit % 64);
        }
        Self::Many { bits, shift }
    }

    /// Calls `hit` with each place whose key is sought.
    fn each_hit(&self, keys: &[u32], hit: impl FnMut(usize)) {
        match self {
            Self::Few(sought) => {
                let has_any = |keys: &[u32]| {
                    let any = |sought: &u32| keys.iter().fold(0, |any, key| any | u32::from(key == sought));
                    sought.iter().fold(0, |found, sought| found | any(sought)) != 0
                };
                each_in_chunks(keys, has_any, |key| sought.contains(&key), hit);
            }
            Self::Some { bits, all } => {
                let test = |key: u32| {
                    let bit = hash(key, SOME_SHIFT);
                    bits[bit / 64] >> (bit % 64) & 1
                };
                let has_any = |keys: &[u32]| keys.iter().fold(0, |any, &key| any | test(key)) != 0;
                each_in_chunks(keys, has_any, |key| test(key) != 0 && all.contains(&key), hit);
            }
            Self::Many { bits, shift } => {
                let test = |key: u32| {
                    let bit = hash(key, *shift);
                    bits[bit / 64] >> (bit % 64) & 1
                };
                let has_any = |keys: &[u32]| keys.iter().fold(0, |any, &key| any | test(key)) != 0;
                each_in_chunks(keys, has_any, |key| test(key) != 0, hit);
            }
        }
    }
}

const SOME_SHIFT: u32 = 32 - SOME_BITS.trailing_zeros();

/// First without a branch for each key: a chunk with a hit is rare.
#[inline]
fn each_in_chunks(keys: &[u32], has_any: impl Fn(&[u32]) -> bool, is_sought: impl Fn(u32) -> bool, mut hit: impl FnMut(usize)) {
    const CHUNK: usize = 64;
    for (chunk, keys) in keys.chunks(CHUNK).enumerate() {
        if has_any(keys) {
            for at in (0..keys.len()).filter(|&at| is_sought(keys[at])) {
                hit(chunk * CHUNK + at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of a generator that repeat now and then.
    fn keys(count: u64) -> Vec<u32> {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u32 % 3000 * 64
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn of_thousands_each_is_found_and_few_others() {
        let keys = keys(50_000);
        let sought: Vec<u32> = (0..5000).map(|key| key * 32).collect();
        let is_sought = |place: &usize| keys[*place].is_multiple_of(32) && keys[*place] < 5000 * 32;
        let mut found = Vec::new();
        Column::new(vec![keys.clone()]).unwrap().each_hit(&sought, |_, place| found.push(place));
        assert!(found.is_sorted() && found.len() < keys.len());
        let expected: Vec<usize> = (0..keys.len()).filter(is_sought).collect();
        assert_eq!(found.into_iter().filter(is_sought).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_order_gives_what_a_run_through_all_gives() {
        let keys = keys(20_000);
        let column = Column::new(keys.chunks(3001).map(<[u32]>::to_vec).collect()).unwrap();
        for round in 0..2 * PATIENCE / LOOK_UP {
            let some = (round * round * 40 % 300) + 1;
            let sought: Vec<u32> = keys.iter().skip(round * 31).step_by(7).take(some).copied().collect();
            let expected: Vec<usize> = (0..keys.len()).filter(|&place| sought.contains(&keys[place])).collect();
            let mut found = Vec::new();
            column.each_hit(&sought, |piece, place| found.push(3001 * piece + place));
            assert_eq!(found, expected, "{some} sought, round {round}");
        }
        let order = column.order.get().expect("patience has ended").as_ref().unwrap();
        assert_eq!(order.places(&[keys[5], keys[5]]), order.places(&[keys[5]]));
    }
}
