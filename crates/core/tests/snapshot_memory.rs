//! Memory that reading a snapshot takes: a small multiple of the file's size, whatever the file says.
//!
//! A test binary of its own, and one test: the allocator counts what the whole process holds.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::Cursor;
use std::ops::ControlFlow;

use peak_alloc::PeakAlloc;
use refroots_core::snapshot::forge::{Forged, ForgedSection};
use refroots_core::{HeapGraph, HeapGraphBuilder, NodeFlags, NodeId, NodeRecord, ReferenceName, Values, snapshot};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Bytes that a reader may take beside 16 for each of the file's: buffers of each thread, and the free MiB.
const BESIDE: usize = 24 << 20;

/// Bytes that reading takes at the peak, and whether a graph came of it.
fn peak_of(file: &[u8]) -> (usize, bool) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let read = snapshot::read(&mut Cursor::new(file), &mut |_, _| ControlFlow::Continue(()));
    (ALLOCATOR.peak_usage() - before, read.is_ok())
}

fn write(graph: &HeapGraph) -> Vec<u8> {
    let mut bytes = Vec::new();
    snapshot::write(graph, Values::None, &mut bytes, &mut |_, _| ControlFlow::Continue(())).unwrap();
    bytes
}

fn hub(references: u32) -> HeapGraph {
    let mut builder = HeapGraphBuilder::default();
    let name = builder.intern("list");
    let of_list = builder.add_type(name, name);
    for at in 0..1000 {
        builder.discover(16 * at);
    }
    for _ in 0..1000 {
        builder.describe(NodeRecord { type_id: of_list, size: 16, refcount: Some(1), flags: NodeFlags::default() });
        for at in 0..references / 1000 {
            builder.refer(NodeId(0), ReferenceName::Index(at));
        }
    }
    builder.finish().unwrap()
}

#[test]
fn memory_is_a_small_multiple_of_the_files_size() {
    // The emptiest columns there are: the file is padded for them.
    let file = write(&hub(20_000_000));
    let (peak, is_read) = peak_of(&file);
    assert!(is_read && peak < 16 * file.len() + BESIDE, "{peak} bytes for {}", file.len());

    // The same without the padding that warrants them.
    let mut forged = Forged::of(&file).unwrap();
    forged.sections.retain(|section| section.name != "padding");
    let bare = forged.bytes().unwrap();
    let (peak, is_read) = peak_of(&bare);
    assert!(!is_read && peak < BESIDE && bare.len() < 1 << 20, "{peak} bytes for {}", bare.len());

    // A million blocks that decompress to zeros, in each section, with counts to match and to lie.
    let whole = Forged::of(&write(&hub(1000))).unwrap();
    for at in 0..whole.sections.len() {
        for count in [1 << 16, 1 << 24, 1 << 40] {
            let mut forged = whole.clone();
            let section: &mut ForgedSection = &mut forged.sections[at];
            section.count = count;
            section.blocks = vec![(1 << 16, vec![0; 10]); 1000];
            section.blocks.push((1 << 20, vec![0; 1 << 20]));
            let file = forged.bytes().unwrap();
            let (peak, _) = peak_of(&file);
            assert!(peak < 16 * file.len() + BESIDE, "{peak} bytes for {}: {}", file.len(), forged.sections[at].name);
        }
    }
}
