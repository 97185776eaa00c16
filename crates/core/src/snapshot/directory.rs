//! What the file begins and ends with: header, directory of sections, trailer.

use super::SnapshotError;

/// The first bytes: no text file has them, and what changes ends of lines destroys them.
pub(super) const MAGIC: [u8; 8] = *b"\x89RFS\r\n\x1a\n";
/// The last bytes.
pub(super) const END: [u8; 8] = *b"RFS-END\n";
/// Bytes of the header: magic, major and minor version, CRC-32C of these.
pub(super) const HEADER: usize = 16;
/// Bytes of the trailer: where the directory is, its length, its CRC-32C, the file's length, the end.
pub(super) const TRAILER: usize = 32;
/// Bytes of a directory at most: four thousand sections.
const LONGEST_DIRECTORY: u64 = 1 << 18;

/// One section of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) encoding: u8,
    /// Whether a reader that does not know it must refuse the file.
    pub(super) is_required: bool,
    /// Numbers, or bytes where it is of bytes.
    pub(super) count: u64,
    /// Bytes of all blocks, decompressed.
    pub(super) raw: u64,
    pub(super) offset: u64,
    /// Bytes in the file, heads of blocks included.
    pub(super) stored: u64,
    pub(super) blocks: u32,
    /// CRC-32C of the heads of its blocks, one behind the other.
    pub(super) checksum: u32,
}

pub(super) fn header(major: u16, minor: u16) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..10].copy_from_slice(&major.to_le_bytes());
    bytes[10..12].copy_from_slice(&minor.to_le_bytes());
    let sum = crc32c::crc32c(&bytes[..12]);
    bytes[12..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// The major and minor version.
pub(super) fn read_header(bytes: &[u8]) -> Result<(u16, u16), SnapshotError> {
    let begins = &bytes[..bytes.len().min(MAGIC.len())];
    if *begins != MAGIC {
        let found: String = begins.iter().flat_map(|&byte| std::ascii::escape_default(byte)).map(char::from).collect();
        let found = if found.is_empty() { "nothing, it is empty".to_owned() } else { found };
        return Err(SnapshotError::NotASnapshot { found });
    }
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        let found = format!("{} bytes", bytes.len());
        return Err(SnapshotError::damaged(bytes.len() as u64, "header", format!("{HEADER} bytes"), found));
    };
    let sum = u32::from_le_bytes([header[12], header[13], header[14], header[15]]);
    check_sum(8, "header", sum, crc32c::crc32c(&header[..12]))?;
    Ok((u16::from_le_bytes([header[8], header[9]]), u16::from_le_bytes([header[10], header[11]])))
}

/// Directory and trailer, to stand at `offset`.
pub(super) fn ending(entries: &[Entry], offset: u64) -> Vec<u8> {
    let mut bytes = (entries.len() as u32).to_le_bytes().to_vec();
    for entry in entries {
        bytes.push(entry.name.len() as u8);
        bytes.extend_from_slice(entry.name.as_bytes());
        bytes.extend_from_slice(&[entry.encoding, u8::from(entry.is_required)]);
        for number in [entry.count, entry.raw, entry.offset, entry.stored] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&entry.blocks.to_le_bytes());
        bytes.extend_from_slice(&entry.checksum.to_le_bytes());
    }
    let (length, sum) = (bytes.len(), crc32c::crc32c(&bytes));
    bytes.extend_from_slice(&offset.to_le_bytes());
    bytes.extend_from_slice(&(length as u32).to_le_bytes());
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes.extend_from_slice(&(offset + (length + TRAILER) as u64).to_le_bytes());
    bytes.extend_from_slice(&END);
    bytes
}

/// Where the directory is, and the checksum that it should have.
pub(super) struct Trailer {
    pub(super) offset: u64,
    pub(super) length: u32,
    pub(super) checksum: u32,
}

pub(super) fn read_trailer(bytes: &[u8; TRAILER], file: u64) -> Result<Trailer, SnapshotError> {
    let start = file - TRAILER as u64;
    let long = |at: usize| bytes[at..at + 8].iter().rev().fold(0, |long, &byte| long << 8 | u64::from(byte));
    if bytes[24..] != END {
        return Err(SnapshotError::damaged(
            start + 24,
            "trailer",
            "the end of a snapshot",
            "other bytes: the file was cut short",
        ));
    }
    if long(16) != file {
        return Err(SnapshotError::damaged(
            start + 16,
            "trailer",
            format!("a file of {} bytes", long(16)),
            format!("{file} bytes"),
        ));
    }
    let (offset, length, checksum) = (long(0), long(8) as u32, (long(8) >> 32) as u32);
    if u64::from(length) > LONGEST_DIRECTORY || offset.checked_add(u64::from(length)) != Some(start) {
        let expected = "a directory that ends where the trailer begins";
        return Err(SnapshotError::damaged(start, "trailer", expected, format!("{length} bytes at {offset}")));
    }
    Ok(Trailer { offset, length, checksum })
}

/// The sections, which must stand one behind the other from the header to the directory.
pub(super) fn read_directory(bytes: &[u8], trailer: &Trailer) -> Result<Vec<Entry>, SnapshotError> {
    check_sum(trailer.offset, "directory", trailer.checksum, crc32c::crc32c(bytes))?;
    let mut rest = bytes;
    let bad = |rest: &[u8], expected: &str, found: String| {
        SnapshotError::damaged(trailer.offset + (bytes.len() - rest.len()) as u64, "directory", expected, found)
    };
    let count = take(&mut rest, 4).ok_or_else(|| bad(rest, "a count of sections", "nothing".into()))?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut next = HEADER as u64;
    for _ in 0..count {
        let at = rest;
        let entry = read_entry(&mut rest).ok_or_else(|| bad(at, "a section's entry", "something else".into()))?;
        if entry.offset != next || entry.stored > trailer.offset - next {
            let expected = format!("section {:?} at {next}, before {}", entry.name, trailer.offset);
            return Err(bad(at, &expected, format!("{} bytes at {}", entry.stored, entry.offset)));
        }
        if entries.iter().any(|other| other.name == entry.name) {
            return Err(bad(at, "each section once", format!("{:?} again", entry.name)));
        }
        next += entry.stored;
        entries.push(entry);
    }
    if !rest.is_empty() || next != trailer.offset {
        let expected = format!("{count} sections up to byte {}", trailer.offset);
        return Err(bad(rest, &expected, format!("they end at {next}, and {} bytes are left over", rest.len())));
    }
    Ok(entries)
}

fn take(rest: &mut &[u8], length: usize) -> Option<u64> {
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

fn read_entry(rest: &mut &[u8]) -> Option<Entry> {
    let length = take(rest, 1)? as usize;
    let (name, after) = rest.split_at_checked(length)?;
    *rest = after;
    let name = std::str::from_utf8(name).ok()?.to_owned();
    let (encoding, flags) = (take(rest, 1)? as u8, take(rest, 1)?);
    Some(Entry {
        name,
        encoding,
        is_required: flags & 1 != 0,
        count: take(rest, 8)?,
        raw: take(rest, 8)?,
        offset: take(rest, 8)?,
        stored: take(rest, 8)?,
        blocks: take(rest, 4)? as u32,
        checksum: take(rest, 4)? as u32,
    })
}

pub(super) fn check_sum(offset: u64, section: &str, expected: u32, found: u32) -> Result<(), SnapshotError> {
    if expected == found {
        return Ok(());
    }
    Err(SnapshotError::damaged(offset, section, format!("checksum {expected:08x}"), format!("{found:08x}")))
}
