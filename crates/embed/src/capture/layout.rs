//! Offsets that CPython does not publish, for each version, and which of them proved true here.
//!
//! Measured with `offsetof` against the headers of 3.10.13, 3.11.7, 3.12.1, 3.13.0 and 3.14.8 on x86-64
//! (cpython/object.h, cpython/funcobject.h, cpython/code.h, internal/pycore_dict.h,
//! internal/pycore_frame.h). [`super::probe`] checks what has been switched on here against objects
//! that it knows, once, and switches off what does not answer right.

use super::code::CodeLayout;
use super::weak;

/// Fields of `PyTypeObject`, the same in 3.10–3.14 (cpython/object.h).
pub(crate) mod type_field {
    pub(crate) const NAME: isize = 24;
    pub(crate) const BASIC_SIZE: isize = 32;
    pub(crate) const ITEM_SIZE: isize = 40;
    pub(crate) const DEALLOC: isize = 48;
    pub(crate) const TRAVERSE: isize = 184;
    pub(crate) const MEMBERS: isize = 240;
    pub(crate) const BASE: isize = 256;
    pub(crate) const DICT: isize = 264;
    pub(crate) const DICT_OFFSET: isize = 288;
    pub(crate) const IS_GC: isize = 328;
    pub(crate) const BASES: isize = 336;
    pub(crate) const MRO: isize = 344;
    pub(crate) const CACHE: isize = 352;
    pub(crate) const SUBCLASSES: isize = 360;
    pub(crate) const FINALIZE: isize = 392;
}

/// Where the attributes of an instance without a `__dict__` object stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InlineValues {
    /// 3.10: there are none.
    Absent,
    /// 3.11: a pointer to the values 4 words before the object, the dict 3 words before it.
    Pointer,
    /// 3.12: one word 3 words before the object, the values' address less 1 when its low bit is set,
    /// else the dict.
    Tagged,
    /// 3.13 and 3.14: behind the object where the type says so; the dict 3 words before it.
    Behind,
}

/// Fields of interpreter frames and of the thread state that leads to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameLayout {
    /// From `PyThreadState` to the newest frame; through `_PyCFrame` where `through` says so.
    pub(crate) thread_frame: isize,
    pub(crate) through: Option<isize>,
    pub(crate) thread_id: isize,
    pub(crate) code: isize,
    pub(crate) function: isize,
    pub(crate) globals: isize,
    pub(crate) locals: isize,
    pub(crate) frame_object: isize,
    pub(crate) previous: isize,
    pub(crate) instruction: isize,
    pub(crate) owner: isize,
    pub(crate) stack_top: isize,
    pub(crate) fast_locals: isize,
    /// 3.14: the low two bits of a slot are a tag: 3 for an integer, 1 for a reference that is not
    /// counted (internal/pycore_stackref.h).
    pub(crate) is_tagged: bool,
    /// 3.10: every frame is a frame object, and there is nothing else.
    pub(crate) is_object: bool,
}

impl FrameLayout {
    /// The frame object of a frame, 0 where none exists.
    ///
    /// # Safety
    /// `frame` must be a frame of a running thread.
    #[allow(unsafe_code)]
    pub(crate) unsafe fn object_of(&self, frame: usize) -> usize {
        // SAFETY: the caller's promise.
        if self.is_object { frame } else { unsafe { super::raw::word(frame, self.frame_object) } }
    }

    /// Whether the evaluation loop has the frame's stack in hand: `stacktop` is -1 then (3.11–3.13),
    /// `stackpointer` NULL (3.14; internal/pycore_frame.h, `_PyFrame_GetStackPointer`).
    pub(crate) fn is_executing(&self, stack_top: usize) -> bool {
        if self.is_tagged { stack_top == 0 } else { (stack_top as u32 as i32) < 0 }
    }

    /// Whether a slot's reference belongs to someone else, who counts it.
    pub(crate) fn is_borrowed(&self, slot: usize) -> bool {
        self.is_tagged && slot & 3 == 1
    }

    /// The object in a slot of a frame, 0 where there is none.
    pub(crate) fn object(&self, slot: usize) -> usize {
        match slot & 3 {
            _ if !self.is_tagged => slot,
            3 => 0,
            _ => slot & !3,
        }
    }
}

/// What is known of the running interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// `(3, 11)`.
    pub(crate) version: (u8, u8),
    pub(crate) ht_qualname: isize,
    pub(crate) ht_name: isize,
    pub(crate) cached_keys: isize,
    pub(crate) inline_values: InlineValues,
    /// Size of `PyASCIIObject` and `PyCompactUnicodeObject`.
    pub(crate) str_headers: (usize, usize),
    pub(crate) frames: Option<FrameLayout>,
    pub(crate) code: Option<CodeLayout>,
    /// Where a weak reference has what it refers to.
    pub(crate) weak_referent: Option<isize>,
}

impl Layout {
    /// The layout of CPython `version`, with nothing switched on that is not known for it.
    pub(crate) fn of(version: (u8, u8)) -> Self {
        let wide_type = if version >= (3, 12) { 8 } else { 0 };
        Self {
            version,
            ht_name: 848 + wide_type,
            ht_qualname: 864 + wide_type,
            cached_keys: 872 + wide_type,
            inline_values: match version {
                (3, 11) => InlineValues::Pointer,
                (3, 12) => InlineValues::Tagged,
                (3, 13 | 14) => InlineValues::Behind,
                _ => InlineValues::Absent,
            },
            str_headers: if version >= (3, 12) { (40, 56) } else { (48, 72) },
            frames: frame_layout(version),
            code: CodeLayout::of(version),
            weak_referent: weak::referent_offset(version),
        }
    }
}

fn frame_layout(version: (u8, u8)) -> Option<FrameLayout> {
    match version {
        (3, 10) => Some(FrameLayout {
            thread_frame: 24,
            through: None,
            thread_id: 176,
            code: 32,
            function: 40,
            globals: 48,
            locals: 56,
            frame_object: 0,
            previous: 24,
            instruction: 96,
            owner: 108,
            stack_top: 80,
            fast_locals: 352,
            is_tagged: false,
            is_object: true,
        }),
        (3, 11) => Some(FrameLayout {
            thread_frame: 56,
            through: Some(8),
            thread_id: 152,
            code: 32,
            function: 0,
            globals: 8,
            locals: 24,
            frame_object: 40,
            previous: 48,
            instruction: 56,
            owner: 69,
            stack_top: 64,
            fast_locals: 72,
            is_tagged: false,
            is_object: false,
        }),
        (3, 12) => Some(FrameLayout { thread_frame: 56, through: Some(0), thread_id: 136, ..FRAME_3_12 }),
        (3, 13) => Some(FRAME_3_12),
        (3, 14) => Some(FrameLayout { owner: 74, fast_locals: 80, is_tagged: true, ..FRAME_3_12 }),
        _ => None,
    }
}

const FRAME_3_12: FrameLayout = FrameLayout {
    thread_frame: 72,
    through: None,
    thread_id: 152,
    code: 0,
    function: 16,
    globals: 24,
    locals: 40,
    frame_object: 48,
    previous: 8,
    instruction: 56,
    owner: 70,
    stack_top: 64,
    fast_locals: 72,
    is_tagged: false,
    is_object: false,
};
