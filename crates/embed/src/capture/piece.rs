//! A walk over some objects alone: their references with names, and the locals of running frames.
#![allow(unsafe_code)]

use std::sync::Arc;

use pyo3::prelude::*;
use refroots_core::{EdgeKind, NodeId, TextId};
use rustc_hash::FxHashMap;

use super::frames;
use super::layout::InlineValues;
use super::loaded::Loaded;
use super::probe::Proved;
use super::raw::{self, Address};
use super::walk::Walk;
use crate::refused;

/// One reference of an object, as a picture's label says it.
#[derive(Clone)]
pub(crate) struct Named {
    pub(crate) target: Address,
    pub(crate) kind: EdgeKind,
    /// Its word: `x`, `[3]`; empty where nothing names it, or where a key does.
    pub(crate) word: String,
    /// The key of a dict's item.
    pub(crate) key: Option<Address>,
}

/// A running frame with the variables that it holds.
pub(crate) struct RunningFrame {
    /// Its frame object, or the interpreter's frame where none exists.
    pub(crate) address: Address,
    pub(crate) is_synthetic: bool,
    /// Whether it called refroots.
    pub(crate) is_asking: bool,
    pub(crate) locals: Vec<Named>,
}

/// The frames that run now, without refroots' own.
///
/// # Errors
/// `MemoryError`.
pub(crate) fn running_frames(proved: &Proved) -> PyResult<Vec<RunningFrame>> {
    let Some(layout) = proved.layout.frames else { return Ok(Vec::new()) };
    let mut walk = Walk::new(proved, Arc::default(), 64).map_err(refused::core)?;
    // SAFETY: the GIL is held and nothing below runs Python code or frees an object; the layouts were proved.
    unsafe {
        walk.frames = frames::running(&mut walk, &layout, true);
        let mut found = Vec::new();
        // What reading the threads has met already stands before the frames.
        let mut nodes = FxHashMap::default();
        for at in 0..walk.frames.len() {
            let frame = walk.frames[at];
            let address = if frame.is_synthetic() { frame.address } else { frame.object };
            nodes.extend(walk.node(address).map(|node| (node, at)));
        }
        let mut left = nodes.len();
        while left > 0 {
            let node = NodeId(walk.builder.described() as u32);
            let address = walk.builder.address(node) as Address;
            let Some(&at) = nodes.get(&node) else {
                walk.describe_one(node, address);
                continue;
            };
            left -= 1;
            let frame = walk.frames[at];
            walk.describe_frame(node, at);
            let locals = named_references(&walk, node).into_iter().filter(|named| named.kind == EdgeKind::Local).collect();
            if !frame.is_own {
                let is_synthetic = frame.is_synthetic();
                found.push(RunningFrame { address, is_synthetic, is_asking: frame.is_asking, locals });
            }
        }
        Ok(found)
    }
}

/// The references of some live objects, in the order in which they are read: for each object the pairs with all that is
/// meant with it, at least one, in ascending order. The objects must be different. O(their references).
///
/// # Errors
/// `MemoryError`.
pub(crate) fn references_of(proved: &Proved, objects: &[&[(Address, usize)]]) -> PyResult<Vec<Vec<Named>>> {
    let mut found: Vec<Vec<Named>> = Vec::with_capacity(objects.len());
    let mut others = Vec::new();
    let mut frames = None;
    for (at, pairs) in objects.iter().enumerate() {
        // SAFETY: a live object, of which nothing changes while this reads.
        let contents = unsafe { contents_of(proved, pairs) };
        if contents.is_none() {
            others.push(at);
        }
        found.push(contents.unwrap_or_default());
    }
    if others.is_empty() {
        return Ok(found);
    }
    // Where it is not known what is loaded, no type of C is known to be CPython's own: frames, generators and deques
    // would have no names for what they hold.
    let mut walk = Walk::new(proved, Loaded::read(), others.len()).map_err(refused::core)?;
    // SAFETY: the objects are live, the GIL is held and nothing below runs Python code. Each is discovered before
    // any is described, so they are the first nodes, in this order.
    unsafe {
        others.retain(|&at| walk.node(objects[at][0].0).is_some());
        for (place, &at) in others.iter().enumerate() {
            let (object, node) = (objects[at][0].0, NodeId(place as u32));
            walk.describe_one(node, object);
            let mut named = named_references(&walk, node);
            if proved.layout.frames.is_some() && raw::type_of(object) == walk.known.frame {
                let running = match frames.take() {
                    Some(running) => running,
                    None => running_frames(proved)?,
                };
                if let Some(frame) = running.iter().find(|frame: &&RunningFrame| frame.is_frame(proved, object)) {
                    named.clone_from(&frame.locals);
                }
                frames = Some(running);
            }
            named.retain(|named| is_meant(objects[at], named.target));
            found[at] = named;
        }
    }
    Ok(found)
}

fn is_meant(pairs: &[(Address, usize)], target: Address) -> bool {
    pairs.binary_search_by_key(&target, |pair| pair.1).is_ok()
}

/// What an exact list, tuple or dict has of some objects; `None` for any other object.
///
/// # Safety
/// The first of the pairs must be live, the GIL held.
unsafe fn contents_of(proved: &Proved, pairs: &[(Address, usize)]) -> Option<Vec<Named>> {
    let known = &proved.known;
    let object = pairs[0].0;
    let mut found = Vec::new();
    // SAFETY: layouts of cpython/listobject.h and tupleobject.h, as in `Walk::read_content`.
    unsafe {
        let type_object = raw::type_of(object);
        if type_object == known.dict {
            raw::each_item(object, |key, target| {
                if is_meant(pairs, target) {
                    found.push(Named { target, kind: EdgeKind::Item, word: String::new(), key: Some(key) });
                }
                if is_meant(pairs, key) {
                    found.push(Named { target: key, kind: EdgeKind::Key, word: String::new(), key: None });
                }
                true
            });
            return Some(found);
        }
        let items = match type_object {
            list if list == known.list => raw::word(object, 24),
            tuple if tuple == known.tuple => object.wrapping_add_signed(known.tuple_items),
            _ => return None,
        };
        let count = if items == 0 { 0 } else { raw::signed(object, 16).max(0) };
        for index in 0..count {
            let target = raw::word(items, index * raw::WORD as isize);
            if is_meant(pairs, target) {
                found.push(Named { target, kind: EdgeKind::Index, word: format!("[{index}]"), key: None });
            }
        }
    }
    Some(found)
}

impl RunningFrame {
    /// Whether this frame is the one of a frame object.
    ///
    /// # Safety
    /// `object` must be a live frame object.
    pub(crate) unsafe fn is_frame(&self, proved: &Proved, object: Address) -> bool {
        if !self.is_synthetic {
            return self.address == object;
        }
        // SAFETY: `f_frame` stands behind `f_back` (internal/pycore_frame.h, 3.11–3.14); 3.10 has no other frames
        // than objects.
        proved.layout.inline_values != InlineValues::Absent && unsafe { raw::word(object, 24) } == self.address
    }
}

fn named_references(walk: &Walk<'_>, node: NodeId) -> Vec<Named> {
    let text = |word: u32| walk.builder.text(TextId(word)).to_owned();
    let named = |(target, kind, word): (u64, EdgeKind, u32)| {
        let said = match kind {
            EdgeKind::Unnamed | EdgeKind::Item | EdgeKind::Key | EdgeKind::Member => String::new(),
            EdgeKind::Index => format!("[{word}]"),
            EdgeKind::Constant => format!("co_consts[{word}]"),
            EdgeKind::Attribute | EdgeKind::Slot | EdgeKind::Cell | EdgeKind::Local | EdgeKind::Special => text(word),
        };
        let key = (kind == EdgeKind::Item).then(|| walk.builder.address(NodeId(word)) as Address);
        Named { target: target as Address, kind, word: said, key }
    };
    walk.builder.references(node).map(named).collect()
}
