//! Reads words of live objects at known offsets; the bottom of everything unsafe in this folder.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};

use pyo3::ffi;

/// Where an object stands. Capture passes addresses about, not references, because it owns none.
pub(crate) type Address = usize;

/// Bytes of one pointer.
pub(crate) const WORD: usize = size_of::<usize>();

/// Reads a word.
///
/// # Safety
/// `address + offset` must lie in memory that is readable and not written meanwhile: an object that
/// is alive while the GIL is held, at an offset inside it, or a table that such an object owns.
#[inline]
pub(crate) unsafe fn word(address: Address, offset: isize) -> usize {
    // SAFETY:
    // - readable by the caller's promise;
    // - unaligned reads cover layouts that pack.
    unsafe { (address.wrapping_add_signed(offset) as *const usize).read_unaligned() }
}

/// Asks for the memory at an address before it is read. Any address may be asked for.
#[inline]
pub(crate) fn fetch(address: Address) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE is part of x86-64; the instruction is a hint that reads nothing and never faults.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address as *const i8);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Reads a signed word. # Safety: as [`word`].
///
/// # Safety
/// As for [`word`].
#[inline]
pub(crate) unsafe fn signed(address: Address, offset: isize) -> isize {
    // SAFETY: the caller's promise is `word`'s.
    unsafe { word(address, offset) as isize }
}

/// Reads 32 bits.
///
/// # Safety
/// As for [`word`], with 4 bytes.
#[inline]
pub(crate) unsafe fn half(address: Address, offset: isize) -> u32 {
    // SAFETY: readable by the caller's promise.
    unsafe { (address.wrapping_add_signed(offset) as *const u32).read_unaligned() }
}

/// Reads one byte.
///
/// # Safety
/// As for [`word`], with 1 byte.
#[inline]
pub(crate) unsafe fn byte(address: Address, offset: isize) -> u8 {
    // SAFETY: readable by the caller's promise.
    unsafe { (address.wrapping_add_signed(offset) as *const u8).read() }
}

/// The bytes of an object's own buffer, for as long as the GIL is held and nothing runs.
///
/// # Safety
/// `address..address + length` must be readable, as for [`word`], for the lifetime that the caller
/// picks.
#[inline]
pub(crate) unsafe fn bytes<'a>(address: Address, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY:
    // - readable by the caller's promise, and bytes need no alignment;
    // - not null: an empty buffer was answered above.
    unsafe { std::slice::from_raw_parts(address as *const u8, length) }
}

/// A C string of a static or heap type; `""` for NULL or for one that is not UTF-8.
///
/// # Safety
/// The word at `address + offset` must be NULL or point to a C string that outlives the capture.
pub(crate) unsafe fn c_string<'a>(address: Address, offset: isize) -> &'a str {
    // SAFETY: the caller's promise covers the word and what it points to.
    unsafe {
        let text = word(address, offset) as *const c_char;
        if text.is_null() { "" } else { CStr::from_ptr(text).to_str().unwrap_or_default() }
    }
}

/// The exact type of a live object (`ob_type` behind the reference count; object.h, 3.10–3.14). A static
/// type that nobody made ready has none yet: `type`, as `PyType_Ready` will say.
///
/// # Safety
/// `object` must be a live object.
#[inline]
pub(crate) unsafe fn type_of(object: Address) -> Address {
    // SAFETY: every object begins with `ob_refcnt` and `ob_type`.
    match unsafe { word(object, 8) } {
        0 => &raw const ffi::PyType_Type as Address,
        type_object => type_object,
    }
}

/// A type's flags.
///
/// # Safety
/// `type_object` must be a live type.
#[inline]
pub(crate) unsafe fn type_flags(type_object: Address) -> usize {
    // SAFETY: stable ABI; reads a field of a live type.
    unsafe { ffi::PyType_GetFlags(type_object as *mut ffi::PyTypeObject) as usize }
}

/// Calls `next` for each key and value of a dict until it gives `false`.
///
/// # Safety
/// `dict` must be a live dict (or an instance of a subclass), and `next` must not run Python code
/// that could change it.
pub(crate) unsafe fn each_item(dict: Address, mut next: impl FnMut(Address, Address) -> bool) {
    let (mut position, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY:
    // - PyDict_Next runs no user code and gives borrowed references (dictobject.c, 3.10–3.14);
    // - nothing changes the dict meanwhile, by the caller's promise.
    unsafe {
        while ffi::PyDict_Next(dict as *mut ffi::PyObject, &mut position, &mut key, &mut value) != 0 {
            if !next(key as Address, value as Address) {
                return;
            }
        }
    }
}

/// A symbol of the running interpreter that the stable ABI does not have, if it is there.
pub(crate) fn symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: dlsym with the default handle only looks a name up.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

/// A visitor of `tp_traverse`.
pub(crate) type Visitor = unsafe extern "C" fn(*mut ffi::PyObject, *mut c_void) -> c_int;

/// A type's `tp_traverse`.
pub(crate) type Traverse = unsafe extern "C" fn(*mut ffi::PyObject, Visitor, *mut c_void) -> c_int;

// Type flags (object.h, the same in 3.10–3.14 where they exist).
pub(crate) const INLINE_VALUES: usize = 1 << 2; // 3.13+
pub(crate) const MANAGED_WEAKREF: usize = 1 << 3; // 3.12+
pub(crate) const MANAGED_DICT: usize = 1 << 4; // 3.11+
pub(crate) const HEAP_TYPE: usize = 1 << 9;
pub(crate) const HAVE_GC: usize = 1 << 14;
pub(crate) const LONG_SUBCLASS: usize = 1 << 24;
pub(crate) const UNICODE_SUBCLASS: usize = 1 << 28;
pub(crate) const DICT_SUBCLASS: usize = 1 << 29;
pub(crate) const TYPE_SUBCLASS: usize = 1 << 31;

/// Copies words of this process that may not be there, and says how many it could: the kernel tells
/// what is not mapped, where a plain read would end the process.
pub(crate) fn copy_words(address: Address, into: &mut [usize]) -> usize {
    let bytes = size_of_val(into);
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: bytes };
    let remote = libc::iovec { iov_base: address as *mut c_void, iov_len: bytes };
    // SAFETY: the local vector is the slice; the remote one is only read, and what is not mapped is an error.
    let copied = unsafe { libc::process_vm_readv(libc::getpid(), &local, 1, &remote, 1, 0) };
    usize::try_from(copied).unwrap_or(0) / WORD
}

/// One such word.
pub(crate) fn copy_word(address: Address) -> Option<usize> {
    let mut word = [0_usize];
    (copy_words(address, &mut word) == 1).then_some(word[0])
}
