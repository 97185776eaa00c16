//! Where references stand that no object holds: in the interpreter's state, in static data of C code.
//!
//! Words there are compared with the addresses of objects and never followed, so that one which only
//! looks like an address names an object and harms nothing. They explain references that the count
//! shows and no referrer does: a graph keeps them for such objects only.
#![allow(unsafe_code)]

use std::ops::Range;

use pyo3::ffi;
use refroots_core::{NodeFlags, NodeId, RootKind};

use super::frames::Frame;
use super::layout::type_field;
use super::raw::{self, Address, WORD};
use super::state_layout::StateLayout;
use super::walk::Walk;

/// Most bytes of static data that are looked through: about 20 ms.
const MOST_STATIC_BYTES: usize = 128 << 20;
/// Bytes that are copied at once.
const PIECE: usize = 64 << 10;

impl Walk<'_> {
    /// Looks through everything that can be told from the heap. After the walk.
    ///
    /// # Safety
    /// As for [`Walk::run`], which must have ended well.
    pub(crate) unsafe fn find_evidence(&mut self) {
        // SAFETY: the caller's promise.
        unsafe {
            let interpreter = ffi::PyInterpreterState_Get() as Address;
            let known = StateLayout::of(self.layout.version);
            let state = interpreter..interpreter + known.map_or(0, |layout| layout.size);
            if let Some(layout) = known {
                self.look_at_state(interpreter, &layout);
            }
            self.look_through_modules();
            self.look_through_foreign();
            self.look_through_static_data(&state);
            let lasting = state.start + known.map_or(0, |layout| layout.lasting);
            self.look_through(lasting..state.end, &[], "interpreter's state");
            // After what stays where it is: most of a stack may be words that nobody took away.
            self.look_through_frames();
            // Last, and for what no free list takes: those keep addresses of objects that live again.
            self.takes_recycled = false;
            self.look_through(state.start..lasting, &[], "interpreter's state");
            for (thread, _) in std::mem::take(&mut self.threads) {
                self.look_through(thread..thread + known.map_or(0, |layout| layout.thread_size), &[], "a thread's state");
            }
        }
    }

    /// Fields of the interpreter's and its threads' state: what stands there is a root.
    ///
    /// # Safety
    /// The GIL must be held.
    unsafe fn look_at_state(&mut self, interpreter: Address, layout: &StateLayout) {
        for &(offset, field) in layout.interpreter {
            self.look_at(interpreter + offset, field);
        }
        for at in 0..self.threads.len() {
            for &(offset, field) in layout.thread {
                self.look_at(self.threads[at].0 + offset, field);
            }
        }
        // SAFETY: an array of pointers to a function, its arguments and its keywords, which stays as it is
        // while the GIL is held (Modules/atexitmodule.c, 3.10–3.13; a list from 3.14 on).
        unsafe {
            let Some(at) = layout.atexit else { return };
            let (callbacks, count) = (raw::word(interpreter, at), raw::half(interpreter, at + 8) as usize);
            for index in 0..if callbacks == 0 { 0 } else { count } {
                let callback = raw::word(callbacks, (index * WORD) as isize);
                for field in 0..if callback == 0 { 0 } else { 3 } {
                    self.look_at(callback + field * WORD, "atexit callbacks");
                }
            }
        }
    }

    /// Takes what stands at a known place of the interpreter's for held by it.
    fn look_at(&mut self, place: Address, name: &str) {
        // `None` stands where there is no exception, and is held by everything.
        let word = raw::copy_word(place).filter(|&word| word != self.known.none);
        if let Some(node) = word.and_then(|word| self.described_at(word)) {
            let name = self.builder.intern(name);
            self.builder.suspect(node, RootKind::Interpreter, name);
        }
    }

    /// What may stand on the evaluation stack of frames that run, for how deep it is they do not say, and of the one
    /// that asks, whose arguments are left out.
    ///
    /// # Safety
    /// The GIL must be held.
    unsafe fn look_through_frames(&mut self) {
        let (Some(layout), Some(code_layout)) = (self.layout.frames, self.layout.code) else { return };
        for at in 0..self.frames.len() {
            let Frame { address: frame, is_asking, .. } = self.frames[at];
            // SAFETY: a frame has room for its locals and for the stack that its code asks for.
            let stack = unsafe {
                if !layout.is_object && !is_asking && !layout.is_executing(raw::word(frame, layout.stack_top)) {
                    continue;
                }
                let code = layout.object(raw::word(frame, layout.code));
                let first = frame.wrapping_add_signed(layout.fast_locals) + code_layout.local_count(code) * WORD;
                first..first + raw::half(code, code_layout.stack_size) as usize * WORD
            };
            self.look_through(stack, &[], "a running frame's evaluation stack");
        }
    }

    /// State of modules in C that their traverse does not show.
    ///
    /// # Safety
    /// The GIL must be held.
    unsafe fn look_through_modules(&mut self) {
        for module in std::mem::take(&mut self.modules) {
            // SAFETY:
            // - `md_def` at 24, `md_state` at 32 of a module (internal/pycore_moduleobject.h, 3.10–3.14);
            // - `m_name` at 40, `m_size` at 56 of its definition (moduleobject.h), which outlives it.
            unsafe {
                let (definition, state) = (raw::word(module, 24), raw::word(module, 32));
                if definition == 0 || state == 0 {
                    continue;
                }
                let size = raw::signed(definition, 56);
                if (1..=1 << 20).contains(&size) {
                    let name = format!("state of module {}", raw::c_string(definition, 40));
                    self.look_through(state..state + size as usize, &[], &name);
                }
            }
        }
    }

    /// The memory of objects whose types in C CPython does not ship, without what their traverse reports:
    /// many have none, or one that leaves things out.
    ///
    /// # Safety
    /// The GIL must be held.
    unsafe fn look_through_foreign(&mut self) {
        for node in std::mem::take(&mut self.foreign) {
            let object = self.builder.address(node) as Address;
            // SAFETY: an object is as large as its type says.
            let (type_object, size) = unsafe {
                let type_object = raw::type_of(object);
                (type_object, raw::word(type_object, type_field::BASIC_SIZE))
            };
            for offset in (2 * WORD..size.min(4096)).step_by(WORD) {
                // SAFETY: inside of the object.
                let word = unsafe { raw::word(object, offset as isize) };
                let Some(found) = self.described_at(word).filter(|_| word & 7 == 0) else { continue };
                if word != type_object && !self.builder.referents(node).any(|referent| referent as Address == word) {
                    let type_name = self.builder.type_name_of(node);
                    let place = self.builder.intern(&format!("an object of {type_name}"));
                    self.builder.suspect(found, RootKind::External, place);
                }
            }
        }
    }

    /// Static data of the program and of all libraries, without the objects that stand in it.
    ///
    /// # Safety
    /// The GIL must be held.
    unsafe fn look_through_static_data(&mut self, state: &Range<Address>) {
        // SAFETY: only what type objects begin with is left out, whose size their type says.
        let mut skipped = unsafe { self.static_types() };
        skipped.push(state.clone());
        skipped.sort_by_key(|range| range.start);
        let mut left = MOST_STATIC_BYTES;
        let loaded = std::sync::Arc::clone(&self.loaded);
        for object in &loaded.0 {
            let name = format!("static data of {}", object.name());
            for range in &object.data {
                if range.len() > left {
                    self.builder.note(format!("static data of {} was not looked through: it is too large", object.name()));
                    continue;
                }
                left -= range.len();
                self.look_through(range.clone(), &skipped, &name);
            }
        }
    }

    /// Where static types stand, whose own fields are references of the graph.
    ///
    /// # Safety
    /// The GIL must be held.
    unsafe fn static_types(&self) -> Vec<Range<Address>> {
        let types = (0..self.builder.described() as u32).map(NodeId);
        let types = types.filter(|&node| self.builder.has_flag(node, NodeFlags::STATIC));
        let at = types.map(|node| self.builder.address(node) as Address);
        // SAFETY: a live type's type says how large it is at least.
        let size = |at| unsafe { raw::word(raw::type_of(at), type_field::BASIC_SIZE) };
        at.map(|at| at..at + size(at).clamp(408, 424)).collect()
    }

    /// Whether the interpreter has free lists for objects of this kind: containers, floats.
    fn may_be_recycled(&self, node: NodeId) -> bool {
        self.builder.has_flag(node, NodeFlags::TRACKED)
            || matches!(self.builder.qualname_of(node), "tuple" | "dict" | "float" | "slice")
    }

    /// Compares every aligned word of a range with the addresses of objects.
    fn look_through(&mut self, range: Range<Address>, skipped: &[Range<Address>], name: &str) {
        let name = self.builder.intern(name);
        let mut piece = vec![0_usize; PIECE.min(range.len()) / WORD];
        let mut start = range.start.next_multiple_of(WORD);
        while start + WORD <= range.end {
            let count = ((range.end - start) / WORD).min(piece.len());
            // A page that cannot be read ends the range: the kernel says so instead of a signal.
            let read = raw::copy_words(start, &mut piece[..count]);
            for (at, &word) in piece[..read].iter().enumerate() {
                if word < 0x1000 || word & 7 != 0 {
                    continue;
                }
                let Some(node) = self.described_at(word) else { continue };
                let place = start + at * WORD;
                let after = skipped.partition_point(|range| range.start <= place);
                let is_left_out = after > 0 && skipped[after - 1].contains(&place);
                if !is_left_out && (self.takes_recycled || !self.may_be_recycled(node)) {
                    self.builder.suspect(node, RootKind::External, name);
                }
            }
            if read < count {
                return;
            }
            start += count * WORD;
        }
    }
}
