//! Running frames of every thread, read where the interpreter keeps them; no frame object is made.
#![allow(unsafe_code)]

use std::ffi::c_int;

use pyo3::ffi;
use refroots_core::{NodeFlags, NodeId, NodeRecord, ReferenceName, Root, RootKind, TextId, TypeId};
use rustc_hash::FxHashMap;

use super::code::CodeLayout;
use super::fields::fields_of;
use super::layout::FrameLayout;
use super::names::is_own_module;
use super::raw::{self, Address, WORD};
use super::roots;
use super::type_shape::LineOf;
use super::walk::Walk;

/// One running frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// Its `_PyInterpreterFrame`.
    pub(crate) address: Address,
    /// Its frame object, 0 where none exists.
    pub(crate) object: Address,
    thread: TextId,
    /// The newest frame of the thread that asks which is not refroots' own.
    pub(super) is_asking: bool,
    pub(super) is_own: bool,
}

impl Frame {
    /// Whether a node stands for the frame itself, for want of a frame object.
    pub(crate) fn is_synthetic(&self) -> bool {
        self.object == 0
    }
}

/// Finds the running frames, newest first, those without a frame object before the others.
///
/// # Safety
/// The GIL must be held, and the layouts proved.
pub(crate) unsafe fn running(walk: &mut Walk<'_>, layout: &FrameLayout, asks: bool) -> Vec<Frame> {
    let Some((first, next)) = walk.known.threads else { return Vec::new() };
    let mut frames = Vec::new();
    // SAFETY: threads and frames do not come or go while the GIL is held.
    unsafe {
        let names = thread_names(walk);
        let asking_thread = ffi::PyThreadState_Get();
        let mut asks_still = asks;
        let mut thread = first(ffi::PyInterpreterState_Get().cast());
        while !thread.is_null() {
            let ident = raw::word(thread as Address, layout.thread_id) as u64;
            let following = next(thread.cast());
            let name = match names.get(&ident) {
                Some(&name) => name,
                // The first thread stands last; `threading` names it so, also where it is not imported.
                None if following.is_null() => walk.builder.intern("MainThread"),
                None => walk.builder.intern("a thread that threading does not know"),
            };
            walk.threads.push((thread as Address, name));
            let mut frame = raw::word(thread as Address, layout.thread_frame);
            if let (Some(through), true) = (layout.through, frame != 0) {
                frame = raw::word(frame, through);
            }
            while frame != 0 {
                if is_python(walk, frame, layout) {
                    let is_own = is_own_frame(walk, frame, layout);
                    let is_asking = asks_still && thread == asking_thread && !is_own;
                    asks_still &= !is_asking;
                    frames.push(Frame { address: frame, object: layout.object_of(frame), thread: name, is_asking, is_own });
                }
                frame = raw::word(frame, layout.previous);
            }
            thread = following;
        }
    }
    frames.sort_by_key(|frame| !frame.is_synthetic());
    frames
}

/// Whether a frame runs Python code: 3.12+ also has frames that mark the C stack (owner 3), and 3.13
/// frames whose executable is no code object (Include/internal/pycore_frame.h).
///
/// # Safety
/// `frame` must be a frame of a running thread.
unsafe fn is_python(walk: &Walk<'_>, frame: Address, layout: &FrameLayout) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let code = layout.object(raw::word(frame, layout.code));
        (layout.is_object || raw::byte(frame, layout.owner) < 3) && code != 0 && raw::type_of(code) == walk.known.code
    }
}

/// # Safety
/// `frame` must be a frame of a running thread that runs Python code.
unsafe fn is_own_frame(walk: &mut Walk<'_>, frame: Address, layout: &FrameLayout) -> bool {
    // SAFETY: the caller's promise.
    let module = unsafe { module_of(walk, frame, layout) };
    module.is_some_and(|module| is_own_module(walk.builder.text(module)))
}

/// The `__name__` of a frame's globals.
///
/// # Safety
/// As for [`is_own_frame`].
unsafe fn module_of(walk: &mut Walk<'_>, frame: Address, layout: &FrameLayout) -> Option<TextId> {
    // SAFETY: `f_globals` is a dict (borrowed from the function); `item` compares exact strings only.
    unsafe {
        let globals = raw::word(frame, layout.globals);
        if globals == 0 {
            return None;
        }
        let mut names = walk.names();
        let name = names.item(globals, "__name__")?;
        names.text_of(name)
    }
}

/// Names of threads by ident, out of `threading._active`, which is read and not called.
///
/// # Safety
/// The GIL must be held.
unsafe fn thread_names(walk: &mut Walk<'_>) -> FxHashMap<u64, TextId> {
    let mut found = FxHashMap::default();
    // SAFETY: `sys.modules` is a live dict or NULL; each step checks what it found.
    unsafe {
        let modules = roots::modules(walk);
        let active = if modules == 0 { None } else { walk.names().item(modules, "threading") }
            .and_then(|threading| walk.attribute(threading, "_active"))
            .filter(|&active| raw::type_of(active) == walk.known.dict);
        let mut threads = Vec::new();
        if let Some(active) = active {
            raw::each_item(active, |ident, thread| {
                threads.push((ident, thread));
                true
            });
        }
        for (ident, thread) in threads {
            let Some(name) = walk.attribute(thread, "_name") else { continue };
            if raw::type_of(ident) == walk.known.int
                && let refroots_core::Value::Int(ident) = walk.layout.int(ident)
                && let Some(name) = walk.names().text_of(name)
            {
                found.insert(ident as u64, name);
            }
        }
    }
    found
}

impl Walk<'_> {
    /// An instance's attribute, out of its inline values or its dict; nothing is called or made.
    ///
    /// # Safety
    /// `object` must be live.
    unsafe fn attribute(&mut self, object: Address, name: &str) -> Option<Address> {
        // SAFETY: the caller's promise, and the shape is the object's.
        unsafe {
            let at = self.shape(raw::type_of(object));
            let shape = self.shape_at(at);
            if let Some(values) = self.inline_values(object, shape) {
                let place = shape.inline_names.iter().take(values.count).position(|&(text, _)| self.builder.text(text) == name);
                let value = place.map_or(0, |index| raw::word(values.start, (index * WORD) as isize));
                if value != 0 {
                    return Some(value);
                }
            }
            let dict = self.dict_pointer(object, shape);
            if dict == 0 { None } else { self.names().item(dict, name) }
        }
    }

    /// Describes a frame that has no frame object.
    ///
    /// # Safety
    /// `node` must be the node of the synthetic frame at `frame`.
    pub(crate) unsafe fn describe_frame(&mut self, node: NodeId, frame: usize) {
        let flags = if self.frames[frame].is_own { NodeFlags::SYNTHETIC.with(NodeFlags::INTERNAL) } else { NodeFlags::SYNTHETIC };
        let type_id = self.frame_type();
        self.builder.describe(NodeRecord { type_id, size: 0, refcount: None, flags });
        // SAFETY: the caller's promise.
        unsafe { self.read_frame(node, frame) };
    }

    fn frame_type(&mut self) -> TypeId {
        if let Some(known) = self.synthetic_type {
            return known;
        }
        let (module, name) = (self.builder.intern("builtins"), self.builder.intern("frame"));
        let id = self.builder.add_type(module, name);
        self.synthetic_type = Some(id);
        id
    }

    /// Adds what a running frame owns to the node that was described last, and makes it a root.
    ///
    /// # Safety
    /// The frame must still run, and its layout be proved.
    pub(crate) unsafe fn read_frame(&mut self, node: NodeId, frame: usize) {
        let (Some(layout), Some(code_layout)) = (self.layout.frames, self.layout.code) else { return };
        let Frame { address, thread, is_asking, is_own, .. } = self.frames[frame];
        // SAFETY:
        // - a frame owns its function, code, locals dict and fast locals; globals are borrowed;
        // - a running generator's frame is part of the generator, whose traverse reports the locals while
        //   its stack is put away, and none while it executes (Objects/genobject.c `gen_traverse`).
        unsafe {
            let code = layout.object(raw::word(address, layout.code));
            let name = self.frame_name(address, code, &layout, &code_layout);
            self.builder.define(node, name);
            // A frame that runs owns its frame object; on 3.10 the C stack does.
            let place = self.builder.intern("running");
            self.builder.suspect(node, RootKind::External, place);
            if is_own {
                self.builder.flag(node, NodeFlags::INTERNAL);
            } else {
                let detail = self.frame_file(code, &code_layout);
                self.builder.add_root(Root { node, kind: RootKind::Frame, name, detail, thread, asking: is_asking });
            }
            if layout.is_object {
                // A frame object that the collector tracks was traversed; one that runs is mostly not tracked.
                if !self.builder.has_flag(node, NodeFlags::TRACKED) {
                    self.read_fields_of(address);
                    self.read_locals(address, code, &layout, &code_layout);
                }
                return;
            }
            if raw::byte(address, layout.owner) == OWNED_BY_GENERATOR {
                self.refer_to_generator(address, &layout);
                if layout.is_executing(raw::word(address, layout.stack_top)) {
                    self.read_locals(address, code, &layout, &code_layout);
                }
                return;
            }
            self.read_locals(address, code, &layout, &code_layout);
            self.read_stack(self.frames[frame], code, &layout, &code_layout);
            for (offset, field) in [(layout.function, "(f_func)"), (layout.code, "f_code"), (layout.locals, "f_locals")] {
                let name = self.builder.intern(field);
                self.refer_slot(raw::word(address, offset), ReferenceName::Special(name), &layout);
            }
        }
    }

    /// Adds what a slot of a frame refers to, and does not count on it where the slot borrows (3.14).
    fn refer_slot(&mut self, slot: usize, name: ReferenceName, layout: &FrameLayout) {
        if layout.is_borrowed(slot) {
            self.refer_borrowed(layout.object(slot), name);
        } else {
            self.refer(layout.object(slot), name);
        }
    }

    fn refer_borrowed(&mut self, target: Address, name: ReferenceName) {
        if let Some(node) = self.node(target) {
            self.builder.refer_borrowed(node, name);
        }
    }

    /// Adds what a frame object of 3.10 holds besides its locals.
    ///
    /// # Safety
    /// `frame` must be a frame object of a running thread.
    unsafe fn read_fields_of(&mut self, frame: Address) {
        for &(offset, field) in fields_of("frame", self.layout.version) {
            let name = self.builder.intern(field);
            // SAFETY: owned references or NULL (cpython/frameobject.h, 3.10).
            let target = unsafe { raw::word(frame, offset) };
            self.refer(target, ReferenceName::Special(name));
        }
    }

    /// Adds what a frame holds for expressions that wait: iterators of loops, arguments, contexts. Known
    /// while the frame waits for a frame that it called; not while it runs itself (3.11–3.13) or where
    /// the reference is borrowed (3.14). Of the frame that asks it leaves out what it asks about: before 3.14 such
    /// arguments are no references either, and nobody means them.
    ///
    /// # Safety
    /// As for [`Walk::read_frame`].
    unsafe fn read_stack(&mut self, frame: Frame, code: Address, layout: &FrameLayout, code_layout: &CodeLayout) {
        let Frame { address: frame, is_asking, .. } = frame;
        // SAFETY: slots from the locals' end to the top are live references or NULL
        // (internal/pycore_frame.h, `_PyFrame_Stackbase` and `_PyFrame_Traverse`).
        unsafe {
            let top = raw::word(frame, layout.stack_top);
            if layout.is_executing(top) {
                return;
            }
            let locals = code_layout.local_count(code);
            let first = frame.wrapping_add_signed(layout.fast_locals);
            let depth = if layout.is_tagged { top.saturating_sub(first) / WORD } else { top as u32 as usize };
            let most = locals + raw::half(code, code_layout.stack_size) as usize;
            let name = self.builder.intern("(evaluation stack)");
            for index in locals..depth.min(most) {
                let slot = raw::word(first, (index * WORD) as isize);
                let object = layout.object(slot);
                let is_argument = is_asking && self.subjects.contains(&object);
                if !layout.is_borrowed(slot) && !is_argument {
                    self.refer(object, ReferenceName::Special(name));
                }
            }
        }
    }

    /// # Safety
    /// As for [`Walk::read_frame`].
    unsafe fn read_locals(&mut self, frame: Address, code: Address, layout: &FrameLayout, code_layout: &CodeLayout) {
        // SAFETY: a local is NULL while it is unbound.
        unsafe {
            for index in 0..code_layout.local_count(code) {
                let slot = raw::word(frame, layout.fast_locals + (index * WORD) as isize);
                let object = layout.object(slot);
                if object == 0 {
                    continue;
                }
                let local = code_layout.local(code, index, self.known.tuple_items);
                let name = if local.name == 0 { None } else { self.names().text_of(local.name) };
                self.refer_slot(slot, name.map_or(ReferenceName::Unnamed, ReferenceName::Local), layout);
                if let (Some(name), true) = (name, local.is_shared && raw::type_of(object) == self.known.cell)
                    && let Some(cell) = self.node(object)
                {
                    self.cells.push((cell, name));
                }
            }
        }
    }

    /// # Safety
    /// `frame` must be owned by a generator.
    unsafe fn refer_to_generator(&mut self, frame: Address, layout: &FrameLayout) {
        // The frame is the generator's last field, and its locals are not in the basic size
        // (Objects/genobject.c, 3.11–3.13). It keeps the generator in use, but counts nothing: who
        // resumed it does, with a temporary.
        for (type_object, basic_size) in self.known.generators {
            let Some(generator) = (frame + layout.fast_locals as usize).checked_sub(basic_size) else { continue };
            // SAFETY: the frame lies inside some generator, whose head stands before it in the same block;
            // of the three types at most one has its own address at the place of `ob_type`.
            if unsafe { raw::type_of(generator) } == type_object {
                let name = self.builder.intern("(running)");
                return self.refer_borrowed(generator, ReferenceName::Special(name));
            }
        }
    }

    /// `module.qualname:line`.
    ///
    /// # Safety
    /// As for [`Walk::read_frame`].
    pub(crate) unsafe fn frame_name(
        &mut self,
        frame: Address,
        code: Address,
        layout: &FrameLayout,
        code_layout: &CodeLayout,
    ) -> TextId {
        // SAFETY: the caller's promise.
        let (module, qualname, line) = unsafe {
            let module = module_of(self, frame, layout);
            (module, self.text_at(code, code_layout.qualname), line_of(self.known.line_of, frame, code, layout, code_layout))
        };
        let text = |id: Option<TextId>| id.map_or("?", |id| self.builder.text(id));
        let name = format!("{}.{}:{line}", text(module), text(qualname));
        self.builder.intern(&name)
    }

    /// The name of a frame's file, without its folder.
    ///
    /// # Safety
    /// `code` must be a live code object.
    unsafe fn frame_file(&mut self, code: Address, code_layout: &CodeLayout) -> TextId {
        // SAFETY: the caller's promise.
        let path = unsafe { self.text_at(code, code_layout.filename) };
        let path = path.map_or("", |path| self.builder.text(path));
        let file = path.rsplit('/').next().unwrap_or(path).to_owned();
        self.builder.intern(&file)
    }
}

/// `owner` of a frame that is part of a generator.
const OWNED_BY_GENERATOR: u8 = 1;

/// The line that a frame runs, 0 where it is not known.
///
/// # Safety
/// The frame must run `code`.
unsafe fn line_of(
    to_line: Option<LineOf>,
    frame: Address,
    code: Address,
    layout: &FrameLayout,
    code_layout: &CodeLayout,
) -> c_int {
    let Some(to_line) = to_line else { return 0 };
    // SAFETY:
    // - it decodes the line table on the stack and allocates nothing;
    // - the instruction pointer points into the code's own instructions, or one unit before them.
    unsafe {
        if layout.is_object {
            // 3.10 counts instructions, of two bytes.
            return to_line(code as *mut ffi::PyObject, raw::half(frame, layout.instruction) as c_int * 2);
        }
        let start = code.wrapping_add_signed(code_layout.instructions);
        let offset = raw::word(frame, layout.instruction).wrapping_sub(start) as isize;
        if offset < 0 {
            return raw::half(code, code_layout.first_line) as c_int;
        }
        to_line(code as *mut ffi::PyObject, offset as c_int)
    }
}
