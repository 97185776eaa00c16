//! The program and the libraries that are loaded: where their code and their static data stand.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_int, c_void};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::raw::Address;

/// A program or library.
#[derive(Clone, Debug)]
pub(crate) struct LoadedObject {
    /// Its path; empty for the program itself.
    pub(crate) path: String,
    /// Its segments with code.
    pub(crate) code: Vec<Range<Address>>,
    /// Its segments that may be written: static variables, those that begin as zero among them.
    pub(crate) data: Vec<Range<Address>>,
}

impl LoadedObject {
    /// The file's name.
    pub(crate) fn name(&self) -> &str {
        match self.path.rsplit('/').next() {
            Some(name) if !name.is_empty() => name,
            _ => "the python program",
        }
    }

    fn has_code(&self, address: Address) -> bool {
        self.code.iter().any(|range| range.contains(&address))
    }
}

/// Everything that is loaded, in the linker's order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loaded(pub(crate) Vec<LoadedObject>);

impl Loaded {
    /// Asks the dynamic linker, which locks itself meanwhile: to be done before a fork, not behind it. What it said last
    /// is kept for as long as it has loaded and unloaded nothing.
    pub(crate) fn read() -> Arc<Self> {
        static KEPT: Mutex<Option<(Changes, Arc<Loaded>)>> = Mutex::new(None);
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changes = Changes::default();
        // SAFETY: `count` writes into the record while this call waits.
        unsafe { libc::dl_iterate_phdr(Some(count), (&raw mut changes).cast()) };
        match &*kept {
            Some((before, loaded)) if *before == changes => Arc::clone(loaded),
            _ => {
                let mut loaded = Self::default();
                // SAFETY: `add` is called with the vector while this call waits; the linker keeps what it shows meanwhile.
                unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut loaded.0).cast()) };
                let loaded = Arc::new(loaded);
                *kept = Some((changes, Arc::clone(&loaded)));
                loaded
            }
        }
    }

    /// Whether a function is CPython's own: of the interpreter, like `known`, or of a module that it ships.
    pub(crate) fn is_shipped(&self, function: Address, known: Address) -> bool {
        let of = |address| self.0.iter().find(|object| object.has_code(address));
        of(function).is_some_and(|object| object.has_code(known) || object.path.contains("/lib-dynload/"))
    }
}

/// How often the linker has loaded and unloaded something.
#[derive(Default, PartialEq, Eq)]
struct Changes {
    loaded: u64,
    unloaded: u64,
}

/// Reads the linker's counters, which stand in the record of the first object as in every other.
unsafe extern "C" fn count(info: *mut libc::dl_phdr_info, _size: usize, into: *mut c_void) -> c_int {
    // SAFETY: the linker's record, valid during the call, and the record of `Loaded::read`.
    let (info, into) = unsafe { (&*info, &mut *into.cast::<Changes>()) };
    *into = Changes { loaded: info.dlpi_adds, unloaded: info.dlpi_subs };
    1
}

/// Adds one object.
unsafe extern "C" fn add(info: *mut libc::dl_phdr_info, _size: usize, into: *mut c_void) -> c_int {
    // SAFETY: the linker's record, valid during the call, and the vector of `Loaded::read`.
    let (info, into) = unsafe { (&*info, &mut *into.cast::<Vec<LoadedObject>>()) };
    // SAFETY: a C string or NULL; `dlpi_phnum` headers.
    let (path, headers) = unsafe {
        let path = if info.dlpi_name.is_null() { c"" } else { CStr::from_ptr(info.dlpi_name) };
        (path, std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)))
    };
    let segments = |flag: u32| {
        let loaded = headers.iter().filter(move |header| header.p_type == libc::PT_LOAD && header.p_flags & flag != 0);
        let range = |header: &libc::Elf64_Phdr| {
            let start = (info.dlpi_addr + header.p_vaddr) as Address;
            start..start + header.p_memsz as Address
        };
        loaded.map(range).collect::<Vec<_>>()
    };
    into.push(LoadedObject { path: path.to_string_lossy().into_owned(), code: segments(libc::PF_X), data: segments(libc::PF_W) });
    0
}
