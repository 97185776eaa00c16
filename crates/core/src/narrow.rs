//! Columns of numbers that are mostly small: each takes few bytes, and the rest stand whole in a table.

use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::TryReserveError;

/// An unsigned integer that says of larger numbers only that they are elsewhere.
pub(crate) trait Narrow: Copy {
    /// `None` where the number does not fit, and for the one that marks those.
    fn fitting(number: u64) -> Option<Self>;
    /// Stands for every number that does not fit.
    const ELSEWHERE: Self;
    /// `None` for [`Narrow::ELSEWHERE`].
    fn number(self) -> Option<u64>;
}

macro_rules! narrow {
    ($($word:ty),*) => {$(
        impl Narrow for $word {
            const ELSEWHERE: Self = Self::MAX;

            #[inline]
            fn fitting(number: u64) -> Option<Self> {
                (number < u64::from(Self::MAX)).then_some(number as Self)
            }

            #[inline]
            fn number(self) -> Option<u64> {
                (self != Self::MAX).then_some(u64::from(self))
            }
        }
    )*};
}

narrow!(u8, u16);

/// Numbers by ordinal. Every `u64` comes back as it went in.
#[derive(Clone, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct NarrowColumn<T> {
    column: Vec<T>,
    wide: Vec<(u32, u64)>,
}

impl<T: Narrow> NarrowColumn<T> {
    pub(crate) fn try_reserve_exact(&mut self, additional: usize) -> Result<(), TryReserveError> {
        self.column.try_reserve_exact(additional)?;
        // Room for one number that does not fit, always: `push` cannot fail.
        self.wide.try_reserve(1)
    }

    /// Adds a number. Where there is no room for one that does not fit, it is cut.
    #[inline]
    pub(crate) fn push(&mut self, number: u64) {
        match T::fitting(number) {
            Some(fitting) => self.column.push(fitting),
            None => self.push_wide(number),
        }
    }

    #[cold]
    fn push_wide(&mut self, number: u64) {
        if self.wide.try_reserve(1).is_ok() {
            self.wide.push((self.column.len() as u32, number));
        }
        self.column.push(T::ELSEWHERE);
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> u64 {
        match self.column[index].number() {
            Some(number) => number,
            None => self.get_wide(index),
        }
    }

    #[cold]
    fn get_wide(&self, index: usize) -> u64 {
        // Added in order, so sorted.
        match self.wide.binary_search_by_key(&(index as u32), |&(at, _)| at) {
            Ok(at) => self.wide[at].1,
            Err(_) => 0,
        }
    }

    /// Takes a column in which [`Narrow::ELSEWHERE`] stands for each of `wide`, which is in order.
    pub(crate) fn from_parts(column: Vec<T>, wide: Vec<(u32, u64)>) -> Self {
        Self { column, wide }
    }

    pub(crate) fn give_back_room(&mut self) {
        self.column.shrink_to_fit();
        self.wide.shrink_to_fit();
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.column.capacity() * size_of::<T>() + self.wide.capacity() * size_of::<(u32, u64)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_back<T: Narrow + Default>(numbers: &[u64]) {
        let mut column = NarrowColumn::<T>::default();
        for &number in numbers {
            column.push(number);
        }
        let back: Vec<u64> = (0..numbers.len()).map(|index| column.get(index)).collect();
        assert_eq!(back, numbers);
    }

    #[test]
    fn numbers_come_back_whole() {
        let numbers = [0, 1, 253, 254, 255, 256, 65533, 65534, 65535, 65536, u64::from(u32::MAX), 1 << 32, u64::MAX, 7];
        comes_back::<u8>(&numbers);
        comes_back::<u16>(&numbers);
    }
}
