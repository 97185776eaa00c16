//! One block of a section in the file: its lengths and checksum, then its bytes, compressed.

use zstd::bulk::{Compressor, Decompressor};

use super::SnapshotError;

/// Bytes before a block's payload.
pub(super) const HEAD: usize = 16;
/// Raw bytes of a block of text or packed values at most.
pub(super) const MOST_BYTES: usize = 1 << 20;
/// zstd's level: the fastest that still finds repeated patterns.
const LEVEL: i32 = 1;

/// What stands before the payload: four little-endian words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes of the payload.
    pub(super) stored: u32,
    /// Bytes that it decompresses to.
    pub(super) raw: u32,
    /// Numbers in it, or bytes again.
    pub(super) elements: u32,
    /// CRC-32C of the three words before and the payload.
    pub(super) checksum: u32,
}

impl Head {
    pub(super) fn read(bytes: &[u8; HEAD]) -> Self {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Self { stored: word(0), raw: word(4), elements: word(8), checksum: word(12) }
    }

    fn words(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        for (to, word) in bytes.chunks_exact_mut(4).zip([self.stored, self.raw, self.elements]) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// The checksum that the block should have.
    pub(super) fn sum(self, payload: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&self.words()), payload)
    }
}

/// Makes blocks; each thread has its own.
pub(super) struct BlockWriter(Compressor<'static>);

impl BlockWriter {
    pub(super) fn new() -> Result<Self, SnapshotError> {
        let mut compressor = Compressor::new(LEVEL)?;
        compressor.include_checksum(false)?;
        Ok(Self(compressor))
    }

    /// Appends a block.
    pub(super) fn append(&mut self, elements: usize, raw: &[u8], to: &mut Vec<u8>) -> Result<(), SnapshotError> {
        let start = to.len();
        let bound = zstd::zstd_safe::compress_bound(raw.len());
        to.resize(start + HEAD + bound, 0);
        let stored = self.0.compress_to_buffer(raw, &mut to[start + HEAD..])?;
        to.truncate(start + HEAD + stored);
        finish(elements, raw.len(), &mut to[start..]);
        Ok(())
    }
}

/// Fills in the head of a block whose payload is there.
pub(super) fn finish(elements: usize, raw: usize, block: &mut [u8]) {
    let mut head = Head { stored: (block.len() - HEAD) as u32, raw: raw as u32, elements: elements as u32, checksum: 0 };
    head.checksum = head.sum(&block[HEAD..]);
    block[..12].copy_from_slice(&head.words());
    block[12..HEAD].copy_from_slice(&head.checksum.to_le_bytes());
}

/// Reads blocks; each thread has its own.
pub(super) struct BlockReader(Decompressor<'static>);

impl BlockReader {
    pub(super) fn new() -> Result<Self, SnapshotError> {
        Ok(Self(Decompressor::new()?))
    }

    /// Decompresses a payload into exactly so many bytes; the reason where that cannot be.
    pub(super) fn decompress(&mut self, payload: &[u8], into: &mut [u8]) -> Result<(), String> {
        match self.0.decompress_to_buffer(payload, into) {
            Ok(length) if length == into.len() => Ok(()),
            Ok(length) => Err(format!("{length} bytes")),
            Err(error) => Err(error.to_string()),
        }
    }
}
