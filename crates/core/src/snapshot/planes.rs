//! A block of numbers as bytes: what all have in common once, and each byte that differs in a plane of its own.
//!
//! Number *i* is `common`, with the byte of each plane in its place, shifted left by `shift`. Compressors find
//! more in planes than in whole numbers (Lamport et al. call it byte shuffling; Blosc does the same).

/// Bytes before the planes: `common`, which bytes have planes, and the shift.
pub(super) const HEAD: usize = 10;
/// Numbers in a block at most.
pub(super) const MOST: usize = 1 << 16;
/// Numbers that are put together at once: they stay in the nearest cache.
const AT_ONCE: usize = 1 << 11;

/// Appends the block of `numbers`, which may be changed. O(numbers).
pub(super) fn write(numbers: &mut [u64], to: &mut Vec<u8>) {
    let any = numbers.iter().fold(0, |any, &number| any | number);
    let shift = if any == 0 { 0 } else { any.trailing_zeros() };
    let first = numbers.first().copied().unwrap_or_default();
    let differs = numbers.iter().fold(0, |differs, &number| differs | number ^ first) >> shift;
    let mut common = first >> shift;
    let mut mask = 0_u8;
    for plane in 0..8 {
        if differs >> (8 * plane) & 0xff != 0 {
            mask |= 1 << plane;
            common &= !(0xff << (8 * plane));
        }
    }
    to.extend_from_slice(&common.to_le_bytes());
    to.extend_from_slice(&[mask, shift as u8]);
    for plane in (0..8).filter(|plane| mask & 1 << plane != 0) {
        let down = shift + 8 * plane;
        to.extend(numbers.iter().map(|&number| (number >> down) as u8));
    }
}

/// A block that was looked at: its planes, and what they are to be put together with.
pub(super) struct Planes<'a> {
    common: u64,
    mask: u8,
    shift: u32,
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Planes<'a> {
    /// Looks at a block of so many numbers. `None` where the bytes are no such block.
    pub(super) fn of(bytes: &'a [u8], count: usize) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(HEAD)?;
        let common = u64::from_le_bytes(*head.first_chunk()?);
        let (mask, shift) = (head[8], u32::from(head[9]));
        if shift > 63 || rest.len() != count * mask.count_ones() as usize {
            return None;
        }
        if common.leading_zeros() < shift && common != 0 {
            return None;
        }
        let planes = Self { common, mask, shift, bytes: rest, count };
        let are_inside = planes.ordinals().all(|plane| shift + 8 * plane <= 63);
        are_inside.then_some(planes)
    }

    fn ordinals(&self) -> impl Iterator<Item = u32> + use<> {
        let mask = self.mask;
        (0..8).filter(move |plane| mask & 1 << plane != 0)
    }

    /// Puts the numbers together. O(numbers).
    pub(super) fn read(&self, numbers: &mut [u64]) {
        for (first, numbers) in (0..).step_by(AT_ONCE).zip(numbers.chunks_mut(AT_ONCE)) {
            numbers.fill(self.common << self.shift);
            for (at, plane) in self.ordinals().enumerate() {
                let bytes = &self.bytes[at * self.count + first..];
                let up = self.shift + 8 * plane;
                for (number, &byte) in numbers.iter_mut().zip(bytes) {
                    *number |= u64::from(byte) << up;
                }
            }
        }
    }
}

/// Small differences of either sign as small numbers.
#[inline]
pub(super) fn zigzag(difference: u64) -> u64 {
    difference << 1 ^ ((difference as i64) >> 63) as u64
}

#[inline]
pub(super) fn unzigzag(number: u64) -> u64 {
    number >> 1 ^ (number & 1).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let blocks: [&[u64]; 8] = [
            &[],
            &[0, 0, 0],
            &[7],
            &[u64::MAX, 0, 1],
            &[16, 32, 0x7fff_0000_0010],
            &[1 << 63, 1 << 63],
            &[256, 512, 256],
            &[u64::MAX; 3],
        ];
        for numbers in blocks {
            let mut bytes = Vec::new();
            write(&mut numbers.to_vec(), &mut bytes);
            let mut back = vec![9; numbers.len()];
            Planes::of(&bytes, back.len()).unwrap().read(&mut back);
            assert_eq!(back, numbers);
            for length in 0..bytes.len() {
                assert!(Planes::of(&bytes[..length], back.len()).is_none());
            }
        }
    }

    #[test]
    fn differences_of_either_sign_are_small() {
        for (difference, small) in [(0, 0), (u64::MAX, 1), (1, 2), (2_u64.wrapping_neg(), 3), (1 << 63, u64::MAX)] {
            assert_eq!((zigzag(difference), unzigzag(small)), (small, difference));
        }
    }
}
