//! Files with correct checksums and any contents, for tests of the reader.

use std::io::{Read, Seek};

use super::block::{self, BlockReader, BlockWriter, Head};
use super::directory::{self, Entry, HEADER, TRAILER};
use super::{MAJOR, MINOR, SnapshotError};

/// A file taken apart: what it decompresses to, which a test may change before it is put together again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forged {
    /// The version that it says.
    pub version: (u16, u16),
    /// Its sections, in their order.
    pub sections: Vec<ForgedSection>,
}

/// One section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForgedSection {
    /// Its name.
    pub name: String,
    /// Its encoding.
    pub encoding: u8,
    /// Whether readers must know it.
    pub is_required: bool,
    /// The count of elements that the directory says.
    pub count: u64,
    /// The elements that each block says it has, and its bytes before compression.
    pub blocks: Vec<(u32, Vec<u8>)>,
    /// Bytes behind the blocks.
    pub padding: usize,
}

impl Forged {
    /// Takes a good file apart.
    ///
    /// # Errors
    /// Those of reading a directory; blocks that cannot be decompressed are left out.
    pub fn of(file: &[u8]) -> Result<Self, SnapshotError> {
        let version = directory::read_header(file)?;
        let mut from = std::io::Cursor::new(file);
        let mut bytes = [0; TRAILER];
        let start = file.len().saturating_sub(TRAILER);
        from.seek(std::io::SeekFrom::Start(start as u64))?;
        from.read_exact(&mut bytes)?;
        let trailer = directory::read_trailer(&bytes, file.len() as u64)?;
        let entries = directory::read_directory(&file[trailer.offset as usize..start], &trailer)?;
        let mut reader = BlockReader::new()?;
        let sections = entries.into_iter().map(|entry| section_of(entry, file, &mut reader)).collect();
        Ok(Self { version, sections })
    }

    /// Puts it together: every checksum is as it should be, everything else as it is here.
    ///
    /// # Errors
    /// Those of compression.
    pub fn bytes(&self) -> Result<Vec<u8>, SnapshotError> {
        let mut writer = BlockWriter::new()?;
        let (major, minor) = self.version;
        let mut file = directory::header(major, minor).to_vec();
        let mut entries = Vec::new();
        for section in &self.sections {
            let mut entry = Entry {
                name: section.name.clone(),
                encoding: section.encoding,
                is_required: section.is_required,
                count: section.count,
                offset: file.len() as u64,
                blocks: section.blocks.len() as u32,
                ..Entry::default()
            };
            for (elements, raw) in &section.blocks {
                let start = file.len();
                writer.append(*elements as usize, raw, &mut file)?;
                entry.raw += raw.len() as u64;
                entry.checksum = crc32c::crc32c_append(entry.checksum, &file[start..start + block::HEAD]);
            }
            file.resize(file.len() + section.padding, 0);
            entry.stored = file.len() as u64 - entry.offset;
            entries.push(entry);
        }
        let ending = directory::ending(&entries, file.len() as u64);
        file.extend_from_slice(&ending);
        Ok(file)
    }

    /// The section of that name.
    pub fn section(&mut self, name: &str) -> Option<&mut ForgedSection> {
        self.sections.iter_mut().find(|section| section.name == name)
    }
}

impl ForgedSection {
    /// Gives the section these numbers, in one block, without what its encoding makes of them.
    pub fn set(&mut self, numbers: &[u64]) {
        let mut raw = Vec::new();
        super::planes::write(&mut numbers.to_vec(), &mut raw);
        self.count = numbers.len() as u64;
        self.blocks = if numbers.is_empty() { Vec::new() } else { vec![(numbers.len() as u32, raw)] };
    }
}

fn section_of(entry: Entry, file: &[u8], reader: &mut BlockReader) -> ForgedSection {
    let mut section = ForgedSection {
        name: entry.name,
        encoding: entry.encoding,
        is_required: entry.is_required,
        count: entry.count,
        ..ForgedSection::default()
    };
    let mut rest = &file[entry.offset as usize..(entry.offset + entry.stored) as usize];
    for _ in 0..entry.blocks {
        let Some((head, after)) = rest.split_first_chunk::<{ block::HEAD }>() else { break };
        let head = Head::read(head);
        let Some((payload, after)) = after.split_at_checked(head.stored as usize) else { break };
        rest = after;
        let mut raw = vec![0; (head.raw as usize).min(super::planes::HEAD + 8 * super::planes::MOST + block::MOST_BYTES)];
        if reader.decompress(payload, &mut raw).is_ok() {
            section.blocks.push((head.elements, raw));
        }
    }
    section.padding = rest.len();
    section
}

const _: () = assert!(HEADER == 16 && MAJOR == 1 && MINOR == 1, "the fixtures of each version are kept");
