//! The column of labels: how each reference is held and under which name, in four bytes.

use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::TryReserveError;

use rustc_hash::FxHashMap;

use crate::EdgeKind;

/// Bits of a label that hold the name; the kind stands above them.
pub(crate) const NAME_BITS: u32 = 28;
/// The name that says that the true one stands in the table.
pub(crate) const ELSEWHERE: u32 = (1 << NAME_BITS) - 1;

const _: () = assert!(EdgeKind::ALL.len() <= 1 << (u32::BITS - NAME_BITS), "each kind must fit beside a name");

/// Kind and name of each reference. Every `u32` is a name: those past 28 bits (the positions in a list
/// of 300 million) stand in a table beside.
#[derive(Clone, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct LabelColumn {
    labels: Vec<u32>,
    long_names: FxHashMap<u32, u32>,
}

impl LabelColumn {
    pub(crate) fn try_reserve_exact(&mut self, additional: usize) -> Result<(), TryReserveError> {
        self.labels.try_reserve_exact(additional)
    }

    #[inline]
    pub(crate) fn push(&mut self, kind: EdgeKind, name: u32) -> Result<(), TryReserveError> {
        if name >= ELSEWHERE {
            self.keep_long(self.labels.len(), name)?;
        }
        self.labels.push(label(kind, name));
        Ok(())
    }

    pub(crate) fn set(&mut self, edge: usize, kind: EdgeKind, name: u32) -> Result<(), TryReserveError> {
        if name >= ELSEWHERE {
            self.keep_long(edge, name)?;
        }
        self.labels[edge] = label(kind, name);
        Ok(())
    }

    #[cold]
    fn keep_long(&mut self, edge: usize, name: u32) -> Result<(), TryReserveError> {
        self.long_names.try_reserve(1)?;
        self.long_names.insert(edge as u32, name);
        Ok(())
    }

    #[inline]
    pub(crate) fn kind(&self, edge: usize) -> EdgeKind {
        EdgeKind::ALL[(self.labels[edge] >> NAME_BITS) as usize]
    }

    #[inline]
    pub(crate) fn name(&self, edge: usize) -> u32 {
        match self.labels[edge] & ELSEWHERE {
            ELSEWHERE => self.long_names.get(&(edge as u32)).copied().unwrap_or(ELSEWHERE),
            name => name,
        }
    }

    /// Kinds and names as words: a name that does not fit stands as [`ELSEWHERE`] in its.
    pub(crate) fn words(&self) -> &[u32] {
        &self.labels
    }

    /// Takes words as [`label`] makes them, and the names that stand elsewhere.
    pub(crate) fn from_parts(labels: Vec<u32>, long_names: FxHashMap<u32, u32>) -> Self {
        Self { labels, long_names }
    }

    pub(crate) fn parts(&mut self) -> (&mut [u32], &mut FxHashMap<u32, u32>) {
        (&mut self.labels, &mut self.long_names)
    }

    pub(crate) fn give_back_room(&mut self) {
        self.labels.shrink_to_fit();
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.labels.capacity() * 4 + self.long_names.capacity() * 8
    }
}

/// Kind and name in one word.
#[inline]
pub(crate) fn label(kind: EdgeKind, name: u32) -> u32 {
    (kind as u32) << NAME_BITS | name.min(ELSEWHERE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_name_comes_back() {
        let names = [0, 1, ELSEWHERE - 1, ELSEWHERE, ELSEWHERE + 1, 1 << 31, u32::MAX];
        let all: Vec<(EdgeKind, u32)> = EdgeKind::ALL.iter().flat_map(|&kind| names.map(|name| (kind, name))).collect();
        let mut column = LabelColumn::default();
        for &(kind, name) in &all {
            column.push(kind, name).unwrap();
        }
        let read = |column: &LabelColumn, edge| (column.kind(edge), column.name(edge));
        for (edge, &expected) in all.iter().enumerate() {
            assert_eq!(read(&column, edge), expected);
        }
        // Each is given each other one's label, short names in the place of long ones and back.
        for (edge, &(kind, name)) in all.iter().rev().enumerate() {
            column.set(edge, kind, name).unwrap();
        }
        for (edge, &expected) in all.iter().rev().enumerate() {
            assert_eq!(read(&column, edge), expected);
        }
    }

    #[test]
    fn kinds_are_their_ordinals() {
        for (ordinal, &kind) in EdgeKind::ALL.iter().enumerate() {
            assert_eq!(kind as usize, ordinal);
        }
    }
}
