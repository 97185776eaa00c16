//! The process's memory map, read once for a capture: which file code and static data belong to.

use std::fs;
use std::ops::Range;

use super::raw::Address;

/// One line of `/proc/self/maps`.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    pub(crate) range: Range<Address>,
    pub(crate) is_readable: bool,
    pub(crate) is_writable: bool,
    /// The file's path; empty where nothing is mapped, `[heap]`, `[stack]`, …
    pub(crate) file: String,
}

/// All of them, by address.
pub(crate) struct Mappings(pub(crate) Vec<Mapping>);

impl Mappings {
    /// Empty where `/proc` cannot be read.
    pub(crate) fn read() -> Self {
        let text = fs::read("/proc/self/maps").unwrap_or_default();
        Self(String::from_utf8_lossy(&text).lines().filter_map(mapping).collect())
    }

    /// The mapping that an address lies in.
    pub(crate) fn at(&self, address: Address) -> Option<&Mapping> {
        let after = self.0.partition_point(|mapping| mapping.range.start <= address);
        self.0[..after].last().filter(|mapping| mapping.range.contains(&address))
    }

    /// Whether a function is CPython's own: of the interpreter, like `known`, or of a module that it ships.
    pub(crate) fn is_shipped(&self, function: Address, known: Address) -> bool {
        match (self.at(function), self.at(known)) {
            (Some(its), Some(interpreter)) => its.file == interpreter.file || its.file.contains("/lib-dynload/"),
            _ => false,
        }
    }
}

/// `start-end perms offset device inode   path`.
fn mapping(line: &str) -> Option<Mapping> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let permissions = words.next()?;
    let file = words.nth(3).unwrap_or_default().trim_start().to_owned();
    let address = |text| Address::from_str_radix(text, 16).ok();
    Some(Mapping {
        range: address(start)?..address(end)?,
        is_readable: permissions.starts_with('r'),
        is_writable: permissions.as_bytes().get(1) == Some(&b'w'),
        file,
    })
}
