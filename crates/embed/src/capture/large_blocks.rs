//! The extension's allocator: the system's, with huge pages asked for where a block is large.
//!
//! A capture fills some hundred megabytes of fresh columns at once, and the kernel clears them page by
//! page: a third of the time of a capture went there with pages of 4 KiB.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

/// Blocks from this size on come from `mmap` and are worth a huge page (2 MiB on x86-64).
const LARGE: usize = 4 << 20;

pub(crate) struct LargeBlocks;

#[global_allocator]
static ALLOCATOR: LargeBlocks = LargeBlocks;

/// Asks for huge pages inside a block. Where the kernel has none to give, nothing changes.
fn advise(block: *mut u8, size: usize) {
    if size < LARGE || block.is_null() {
        return;
    }
    let start = (block as usize).next_multiple_of(4096);
    let end = (block as usize + size) & !4095;
    // SAFETY: whole pages inside a block that was just allocated; the advice changes no contents.
    unsafe {
        libc::madvise(start as *mut libc::c_void, end.saturating_sub(start), libc::MADV_HUGEPAGE);
    }
}

// SAFETY: each call is the system allocator's own, with the same layout; what is added touches neither
// the blocks' contents nor their bounds.
unsafe impl GlobalAlloc for LargeBlocks {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let block = unsafe { System.alloc(layout) };
        advise(block, layout.size());
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on; fresh pages of the system are zero already.
        let block = unsafe { System.alloc_zeroed(layout) };
        advise(block, layout.size());
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        let block = unsafe { System.realloc(block, layout, new_size) };
        advise(block, new_size);
        block
    }
}
