//! From an object's address to its node: a radix tree over 64 KiB pages, ten times faster than a hash map.

use std::collections::TryReserveError;

use rustc_hash::FxHashMap;

/// Bits of an address inside a page.
const PAGE_BITS: u32 = 16;
/// Entries of a leaf: one for each 32 bytes of a page. Few objects begin in the same 32 bytes, because
/// only the smallest, `object()`, takes 16; a page that has such objects gets a fine leaf of twice as
/// many entries, one for each 16 bytes.
const LEAF: usize = 1 << (PAGE_BITS - 5);
const FINE_LEAF: usize = 2 * LEAF;
/// Leaves under one branch, which covers 4 GiB.
const BRANCH: usize = 1 << 16;
/// Branches under the root: 47 bits of user addresses on x86-64.
const ROOT: usize = 1 << 15;

/// Maps addresses to ids below 2³¹ - 1.
#[derive(Default)]
pub(crate) struct PageIndex {
    /// For each 4 GiB 1 + the branch's ordinal, or 0.
    root: Vec<u32>,
    branches: Vec<Vec<u32>>,
    /// Leaves side by side. An entry is 0, or 1 + twice the id + which half of its 32 bytes is meant.
    entries: Vec<u32>,
    /// Ids by address while there are few: the tree's first pages take longer than a small question.
    few: Option<FxHashMap<usize, u32>>,
    /// Whether there was no memory for an address.
    has_failed: bool,
}

/// What a branch knows of a leaf: twice (1 + its place among the entries, in leaves) + whether it is
/// fine; 0 where there is none.
#[derive(Clone, Copy)]
struct Leaf(u32);

impl Leaf {
    fn at(start: usize, is_fine: bool) -> Self {
        Self(((start / LEAF) as u32 + 1) << 1 | u32::from(is_fine))
    }

    #[inline]
    fn is_fine(self) -> bool {
        self.0 & 1 != 0
    }

    #[inline]
    fn start(self) -> usize {
        ((self.0 >> 1) as usize - 1) * LEAF
    }

    /// The place of an address's entry.
    #[inline]
    fn entry(self, address: usize) -> usize {
        let place = if self.is_fine() { (address >> 4) & (FINE_LEAF - 1) } else { (address >> 5) & (LEAF - 1) };
        self.start() + place
    }
}

/// With so many addresses the tree is grown.
const FEW: usize = 1 << 12;

impl PageIndex {
    /// An index that begins without the tree.
    pub(crate) fn for_few() -> Self {
        Self { few: Some(FxHashMap::default()), ..Self::default() }
    }

    /// The id at an address; where it has none yet, what `next` gives. `None` for addresses past 47 bits,
    /// which are no user memory, and where there is no memory (see [`Self::has_failed`]).
    #[inline]
    pub(crate) fn number(&mut self, address: usize, next: impl FnOnce() -> u32) -> Option<u32> {
        let mut leaf = match self.leaf(address) {
            Some(leaf) => leaf,
            None if self.few.is_some() => return self.number_few(address, next),
            None => self.grow(address)?,
        };
        let half = (address >> 4 & 1) as u32;
        let mut place = leaf.entry(address);
        if self.entries[place].wrapping_sub(1) & 1 != half && self.entries[place] != 0 {
            // The other half of these 32 bytes has an object. Entries of fine leaves never disagree.
            leaf = self.refine(address, leaf)?;
            place = leaf.entry(address);
        }
        let entry = &mut self.entries[place];
        if *entry == 0 {
            let id = next();
            *entry = (id << 1 | half) + 1;
            return Some(id);
        }
        Some((*entry - 1) >> 1)
    }

    /// The id at an address, if it has one.
    pub(crate) fn find(&self, address: usize) -> Option<u32> {
        if let Some(few) = &self.few {
            return few.get(&address).copied();
        }
        let entry = self.entries[self.leaf(address)?.entry(address)].checked_sub(1)?;
        (entry & 1 == (address >> 4 & 1) as u32).then_some(entry >> 1)
    }

    /// Whether an address got no id for want of memory.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Ends the index; its memory may be used again.
    pub(crate) fn into_room(self) -> Vec<u32> {
        self.entries
    }

    #[cold]
    fn number_few(&mut self, address: usize, next: impl FnOnce() -> u32) -> Option<u32> {
        if address >> 32 >= ROOT {
            return None;
        }
        let few = self.few.as_mut()?;
        let id = *few.entry(address).or_insert_with(next);
        if few.len() >= FEW {
            self.grow_from_few()?;
        }
        Some(id)
    }

    fn grow_from_few(&mut self) -> Option<()> {
        for (address, id) in self.few.take()? {
            self.number(address, || id)?;
        }
        Some(())
    }

    #[inline]
    fn leaf(&self, address: usize) -> Option<Leaf> {
        let branch = self.root.get(address >> 32)?.checked_sub(1)?;
        let leaf = self.branches[branch as usize][(address >> PAGE_BITS) & (BRANCH - 1)];
        (leaf != 0).then_some(Leaf(leaf))
    }

    /// Adds a leaf for an address.
    #[cold]
    fn grow(&mut self, address: usize) -> Option<Leaf> {
        if address >> 32 >= ROOT {
            return None;
        }
        let added = self.add_branch(address).and_then(|branch| Ok((branch, self.add_leaf(LEAF)?)));
        let Ok((branch, start)) = added else {
            self.has_failed = true;
            return None;
        };
        let leaf = Leaf::at(start, false);
        self.branches[branch][(address >> PAGE_BITS) & (BRANCH - 1)] = leaf.0;
        Some(leaf)
    }

    fn add_branch(&mut self, address: usize) -> Result<usize, TryReserveError> {
        if self.root.is_empty() {
            self.root = zeros(ROOT)?;
        }
        let known = self.root[address >> 32];
        if known != 0 {
            return Ok(known as usize - 1);
        }
        self.branches.try_reserve(1)?;
        self.branches.push(zeros(BRANCH)?);
        self.root[address >> 32] = self.branches.len() as u32;
        Ok(self.branches.len() - 1)
    }

    fn add_leaf(&mut self, length: usize) -> Result<usize, TryReserveError> {
        let start = self.entries.len();
        self.entries.try_reserve(length)?;
        self.entries.resize(start + length, 0);
        Ok(start)
    }

    /// Puts a fine leaf in the place of a coarse one, which stays behind unused.
    #[cold]
    fn refine(&mut self, address: usize, coarse: Leaf) -> Option<Leaf> {
        let Ok(start) = self.add_leaf(FINE_LEAF) else {
            self.has_failed = true;
            return None;
        };
        let (old, new) = self.entries.split_at_mut(start);
        for (at, &entry) in old[coarse.start()..][..LEAF].iter().enumerate() {
            if entry != 0 {
                new[2 * at + ((entry - 1) & 1) as usize] = entry;
            }
        }
        let leaf = Leaf::at(start, true);
        let branch = self.root[address >> 32] as usize - 1;
        self.branches[branch][(address >> PAGE_BITS) & (BRANCH - 1)] = leaf.0;
        Some(leaf)
    }
}

fn zeros(length: usize) -> Result<Vec<u32>, TryReserveError> {
    let mut zeros = Vec::new();
    zeros.try_reserve_exact(length)?;
    zeros.resize(length, 0);
    Ok(zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_addresses_have_the_same_ids() {
        let mut few = PageIndex::for_few();
        let mut many = PageIndex::default();
        let addresses = (0..FEW * 3).map(|at| (at * 7919 % 50_000) * 16 + (at % 3) * (1 << 33));
        for (at, address) in addresses.clone().enumerate() {
            let id = many.number(address, || at as u32);
            assert_eq!(few.number(address, || at as u32), id, "{address:#x}");
            assert_eq!(few.few.is_some(), at + 1 < FEW);
        }
        for address in addresses.chain([8 << 40, 48]) {
            assert_eq!(few.find(address), many.find(address));
        }
        assert_eq!(few.number(1 << 50, || 0), None);
        assert!(!few.has_failed());
    }
}
