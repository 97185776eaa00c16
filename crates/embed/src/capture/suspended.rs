//! Frames that are part of an object: of generators, coroutines, and of frame objects that have ended.
#![allow(unsafe_code)]

use refroots_core::{NodeId, ReferenceName};

use super::layout::Layout;
use super::raw::{self, Address, WORD};
use super::type_shape::{Builtin, TypeShape};
use super::walk::Walk;

/// The interpreter frame of a generator or of a frame object, and its code; `None` where there is none.
///
/// # Safety
/// `object` must be live and of the type of `shape`, a generator's or a frame's.
unsafe fn frame_and_code(object: Address, shape: &TypeShape, layout: &Layout) -> Option<(Address, Address)> {
    let frames = layout.frames?;
    // SAFETY:
    // - a generator's frame is its last field, without its locals in the basic size
    //   (Objects/genobject.c, 3.11–3.14); a frame object has a pointer to its frame at 24
    //   (internal/pycore_frame.h, 3.11–3.14), which it owns once the frame has ended;
    // - a generator that has ended still has its code: on 3.11 behind its own head, at 16, because the
    //   frame gives its reference back; from 3.12 on in the frame, which keeps it.
    unsafe {
        let frame = match shape.builtin {
            // 3.10: `gi_frame` at 16, `gi_code` at 24; a frame object is its frame.
            Builtin::Generator if frames.is_object => {
                let frame = raw::word(object, 16);
                let code = raw::word(object, 24);
                return (code != 0).then_some((frame, code));
            }
            _ if frames.is_object => object,
            Builtin::Generator => (object + shape.basic_size).checked_sub(frames.fast_locals as usize)?,
            _ => raw::word(object, 24),
        };
        if frame == 0 {
            return None;
        }
        let of_generator = shape.builtin == Builtin::Generator && layout.version == (3, 11);
        let code = if of_generator { raw::word(object, 16) } else { frames.object(raw::word(frame, frames.code)) };
        (code != 0).then_some((frame, code))
    }
}

/// Locals and evaluation stack that the object has room for, in words.
///
/// # Safety
/// As for [`frame_and_code`].
pub(crate) unsafe fn slot_count(object: Address, shape: &TypeShape, layout: &Layout) -> usize {
    // SAFETY: the code is alive.
    unsafe {
        match (frame_and_code(object, shape, layout), layout.code) {
            (Some((_, code)), Some(fields)) => fields.local_count(code) + raw::half(code, fields.stack_size) as usize,
            _ => 0,
        }
    }
}

impl Walk<'_> {
    /// Calls `found` for what a frame that is part of an object holds, each local among it: `tp_traverse`
    /// reports it without names. Names the object after its function, as `qualname` or `module.qualname:line`.
    ///
    /// # Safety
    /// As for [`frame_and_code`].
    pub(crate) unsafe fn suspended_locals(
        &mut self,
        object: Address,
        shape: &TypeShape,
        mut found: impl FnMut(Address, ReferenceName),
    ) {
        let (Some(layout), Some(fields)) = (self.layout.frames, self.layout.code) else { return };
        // SAFETY:
        // - a generator's state stands in the fifth byte before its frame; from 1 on it has ended and its
        //   locals are gone (FRAME_COMPLETED, FRAME_CLEARED; internal/pycore_frame.h, 3.11–3.14);
        // - `co_localsplusnames` has one string for each local, a local is NULL while it is unbound.
        unsafe {
            let Some((frame, code)) = frame_and_code(object, shape, self.layout) else { return };
            if layout.is_object {
                // The fields have names of their own; a generator's locals are its frame object's.
                if shape.builtin == Builtin::Generator {
                    return;
                }
            } else {
                let [function, running, namespace] = ["(f_func)", "f_code", "f_locals"].map(|field| self.builder.intern(field));
                for (offset, field) in [(layout.function, function), (layout.code, running), (layout.locals, namespace)] {
                    found(layout.object(raw::word(frame, offset)), ReferenceName::Special(field));
                }
                if shape.builtin == Builtin::Generator && raw::byte(frame, -5) as i8 >= 1 {
                    return;
                }
            }
            for index in 0..fields.local_count(code) {
                let object = layout.object(raw::word(frame, layout.fast_locals + (index * WORD) as isize));
                let name = fields.local(code, index, self.known.tuple_items).name;
                if object != 0
                    && name != 0
                    && let Some(name) = self.names().text_of(name)
                {
                    found(object, ReferenceName::Local(name));
                }
            }
        }
    }

    /// Names a generator or frame object after its function.
    ///
    /// # Safety
    /// As for [`frame_and_code`].
    pub(crate) unsafe fn define_suspended(&mut self, node: NodeId, object: Address, shape: &TypeShape) {
        let (Some(layout), Some(fields)) = (self.layout.frames, self.layout.code) else { return };
        // SAFETY: the code is alive; a frame object's frame keeps its globals alive through its function.
        unsafe {
            let Some((frame, code)) = frame_and_code(object, shape, self.layout) else { return };
            let name = match shape.builtin {
                // 3.10: `gi_qualname` at 48.
                Builtin::Generator if layout.is_object => self.text_at(object, 48),
                Builtin::Generator => self.text_at(code, fields.qualname),
                _ => Some(self.frame_name(frame, code, &layout, &fields)),
            };
            if let Some(name) = name {
                self.builder.define(node, name);
            }
        }
    }
}
