//! Interned texts in one block of memory: every distinct name once.

use borsh::{BorshDeserialize, BorshSerialize};
use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use crate::TextId;

/// The distinct texts of a graph; [`TextId`] is the ordinal of first use.
#[derive(Clone, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct Texts {
    block: String,
    ends: Vec<u32>,
    /// Not sent: [`Texts::index`] makes it anew.
    #[borsh(skip)]
    lookup: HashTable<u32>,
}

impl Texts {
    pub(crate) fn intern(&mut self, text: &str) -> TextId {
        // A block past 4 GiB would need wider ends; names are short, so texts past it are cut off.
        let text = if self.block.len() + text.len() > u32::MAX as usize { "" } else { text };
        let hash = FxBuildHasher.hash_one(text);
        let (block, ends) = (&self.block, &self.ends);
        if let Some(&found) = self.lookup.find(hash, |&id| slice(block, ends, id) == text) {
            return TextId(found);
        }
        let id = TextId::at(self.ends.len());
        self.block.push_str(text);
        self.ends.push(self.block.len() as u32);
        let (block, ends) = (&self.block, &self.ends);
        self.lookup.insert_unique(hash, id.0, |&id| FxBuildHasher.hash_one(slice(block, ends, id)));
        id
    }

    /// Takes texts that end there; for reading alone, as nothing can be interned beside them. `Err` with the
    /// first that ends where none can.
    pub(crate) fn from_parts(block: String, ends: Vec<u32>) -> Result<Self, usize> {
        let mut start = 0;
        for (id, &end) in ends.iter().enumerate() {
            if end < start || !block.is_char_boundary(end as usize) {
                return Err(id);
            }
            start = end;
        }
        if start as usize == block.len() { Ok(Self { block, ends, lookup: HashTable::new() }) } else { Err(ends.len()) }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Makes the lookup of texts that were received.
    pub(crate) fn index(&mut self) {
        let (block, ends) = (&self.block, &self.ends);
        for id in 0..ends.len() as u32 {
            let hash = |&id: &u32| FxBuildHasher.hash_one(slice(block, ends, id));
            self.lookup.insert_unique(hash(&id), id, hash);
        }
    }

    pub(crate) fn get(&self, id: TextId) -> &str {
        slice(&self.block, &self.ends, id.0)
    }
}

fn slice<'a>(block: &'a str, ends: &[u32], id: u32) -> &'a str {
    let start = if id == 0 { 0 } else { ends[id as usize - 1] as usize };
    &block[start..ends[id as usize] as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_text_has_the_same_id() {
        let mut texts = Texts::default();
        let (empty, a, b) = (texts.intern(""), texts.intern("a"), texts.intern("bé"));
        assert_eq!(texts.intern("a"), a);
        assert_eq!(texts.intern(""), empty);
        assert_eq!((texts.get(empty), texts.get(a), texts.get(b)), ("", "a", "bé"));
    }
}
