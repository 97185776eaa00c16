//! Layouts are checked, not trusted: each is read back from objects that are known, once, at the first
//! capture. What does not answer right is switched off and said in the heap's notes.
#![allow(unsafe_code)]

use std::ffi::c_void;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use super::code::LocalsLayout;
use super::gc_rings::{self, Rings};
use super::layout::{InlineValues, Layout, type_field};
use super::raw::{self, Address};
use super::type_shape::{KnownTypes, LineOf, ThreadStep, TypeDict};
use super::weak::{self, WeakTypes};

/// Layouts that can be switched off, and what `REFROOTS_DISTRUST` calls them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doubtful {
    InlineValues,
    Code,
    Frames,
    Rings,
    WeakReferences,
}

const DOUBTFUL: [(&str, Doubtful); 5] = [
    ("inline-values", Doubtful::InlineValues),
    ("code", Doubtful::Code),
    ("frames", Doubtful::Frames),
    ("rings", Doubtful::Rings),
    ("weak-references", Doubtful::WeakReferences),
];

/// Layouts that count as wrong whatever they answer: so do tests see what a capture gives without them.
///
/// # Errors
/// `RuntimeError` for a word that names none, because a misspelt one would test nothing.
fn distrusted() -> PyResult<Vec<Doubtful>> {
    let words = std::env::var("REFROOTS_DISTRUST").unwrap_or_default();
    let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let found = DOUBTFUL.iter().find(|(name, _)| *name == word);
            found.map(|&(_, layout)| layout).ok_or_else(|| {
                let known = DOUBTFUL.map(|(name, _)| name).join(", ");
                pyo3::exceptions::PyRuntimeError::new_err(format!(
                    "REFROOTS_DISTRUST names layouts, of {known}, separated by commas; found {word:?}"
                ))
            })
        })
        .collect()
}

/// What was found out of the running interpreter.
pub(crate) struct Proved {
    pub(crate) layout: Layout,
    pub(crate) known: KnownTypes,
    pub(crate) str_type: Address,
    /// The collector's lists, where they were found; else its function that copies them.
    pub(crate) rings: Option<Rings>,
    pub(crate) get_objects: Py<PyAny>,
    pub(crate) notes: Vec<String>,
}

/// Objects that the probe reads back. `watch` runs while a frame with a known local runs.
const SPECIMENS: &std::ffi::CStr = c"
class Plain:
    def __init__(self, first, second):
        self.first = first
        self.second = second

def plain():
    return Plain('one', 'two')

def frame(watch, marker):
    return watch()

def closure(inside):
    def reads():
        return inside
    return reads

def types():
    def generator(): yield
    async def coroutine(): pass
    async def async_generator(): yield
    waiting = coroutine()
    waiting.close()
    class Method:
        def bound(self): pass
    try:
        raise ValueError
    except ValueError as error:
        frame = error.__traceback__.tb_frame
    return type(generator()), type(waiting), type(async_generator()), type(Method().bound), type(frame)
";

fn address(object: &Bound<'_, PyAny>) -> Address {
    object.as_ptr() as Address
}

/// Reads the specimens back.
///
/// # Errors
/// What Python raises when the specimens cannot be made, and `RuntimeError` where the fields of types
/// and strings are not where every supported version has them: nothing could be captured then.
pub(crate) fn prove(py: Python<'_>) -> PyResult<Proved> {
    let distrusted = distrusted()?;
    let is_trusted = |layout| !distrusted.contains(&layout);
    let version = py.version_info();
    let mut layout = Layout::of((version.major, version.minor));
    let specimens = PyDict::new(py);
    specimens.set_item("__name__", "refroots.specimens")?;
    py.run(SPECIMENS, Some(&specimens), None)?;
    let specimen = |name: &str| specimens.get_item(name)?.ok_or_else(|| unusable("its own specimens"));
    let plain_class = specimen("Plain")?;
    let weak = WeakTypes::of(&plain_class, &specimen("plain")?.call0()?)?;
    let known = known_types(py, &plain_class, &specimen("types")?, &specimen("closure")?, weak)?;
    let mut notes = Vec::new();
    if !types_are_read(py, &plain_class, &layout)? || !strings_are_read(py, &layout) {
        return Err(unusable("its types and strings"));
    }
    if layout.inline_values != InlineValues::Absent
        && !(is_trusted(Doubtful::InlineValues) && inline_values_are_read(&specimen("plain")?.call0()?, &plain_class, &layout)?)
    {
        layout.inline_values = InlineValues::Absent;
        notes.push("attributes that stand in instances have no names: their layout is unknown".to_owned());
    }
    if layout.code.is_some() && !(is_trusted(Doubtful::Code) && code_is_read(&specimen("frame")?, &layout)?) {
        layout.code = None;
        notes.push("code objects and what closures hold have no names: the layout of code objects is unknown".to_owned());
    }
    let are_frames_read = |layout: Layout| -> PyResult<bool> {
        Ok(is_trusted(Doubtful::Frames) && layout.code.is_some() && frames_are_read(py, &specimen("frame")?, layout)?)
    };
    if layout.frames.is_some() && !are_frames_read(layout)? {
        layout.frames = None;
    }
    if layout.frames.is_none() {
        notes.push(format!(
            "locals of running frames are absent: their layout in Python {}.{} is not known",
            version.major, version.minor
        ));
    }
    if layout.weak_referent.is_some()
        && !(is_trusted(Doubtful::WeakReferences) && weak::are_read(specimen("plain")?.call0()?, known.none, &layout)?)
    {
        layout.weak_referent = None;
    }
    if layout.weak_referent.is_none() {
        notes.push("what weak references refer to is absent: their layout is unknown".to_owned());
    }
    let str_type = address(py.get_type::<pyo3::types::PyString>().as_any());
    let get_objects = py.import("gc")?.getattr("get_objects")?;
    if address(get_objects.get_type().as_any()) != known.builtin_function {
        return Err(unusable("its collector, because gc.get_objects was replaced before refroots was imported,"));
    }
    let rings = if is_trusted(Doubtful::Rings) { gc_rings::find(py)? } else { None };
    if rings.is_none() {
        notes.push("frozen objects are found only where others refer to them: the collector's lists were not found".to_owned());
    }
    Ok(Proved { layout, known, str_type, rings, get_objects: get_objects.unbind(), notes })
}

fn unusable(what: &str) -> PyErr {
    pyo3::exceptions::PyRuntimeError::new_err(format!(
        "refroots cannot read {what} in this interpreter; it needs CPython 3.10 to 3.14 on x86-64 Linux"
    ))
}

fn known_types(
    py: Python<'_>,
    plain: &Bound<'_, PyAny>,
    types: &Bound<'_, PyAny>,
    closure: &Bound<'_, PyAny>,
    weak: WeakTypes,
) -> PyResult<KnownTypes> {
    let types = types.call0()?.cast_into::<PyTuple>()?;
    let generator = |index: usize| -> PyResult<(Address, usize)> {
        let type_object = types.get_item(index)?;
        Ok((address(&type_object), type_object.getattr("__basicsize__")?.extract()?))
    };
    let function = closure.call1((0,))?;
    let cell = function.getattr("__closure__")?.get_item(0)?.get_type();
    let tuple = py.get_type::<PyTuple>();
    Ok(KnownTypes {
        object: address(py.get_type::<PyAny>().as_any()),
        list: address(py.get_type::<pyo3::types::PyList>().as_any()),
        tuple: address(tuple.as_any()),
        dict: address(py.get_type::<PyDict>().as_any()),
        set: address(py.get_type::<pyo3::types::PySet>().as_any()),
        frozenset: address(py.get_type::<pyo3::types::PyFrozenSet>().as_any()),
        int: address(py.get_type::<pyo3::types::PyInt>().as_any()),
        str: address(py.get_type::<pyo3::types::PyString>().as_any()),
        bytes: address(py.get_type::<pyo3::types::PyBytes>().as_any()),
        float: address(py.get_type::<pyo3::types::PyFloat>().as_any()),
        bytearray: address(py.get_type::<pyo3::types::PyByteArray>().as_any()),
        constants: [
            address(py.None().bind(py).get_type().as_any()),
            address(py.get_type::<pyo3::types::PyBool>().as_any()),
            address(py.Ellipsis().bind(py).get_type().as_any()),
            address(py.NotImplemented().bind(py).get_type().as_any()),
        ],
        none: address(py.None().bind(py)),
        module: address(py.get_type::<pyo3::types::PyModule>().as_any()),
        function: address(function.get_type().as_any()),
        method: address(types.get_item(3)?.as_any()),
        builtin_function: address(py.import("builtins")?.getattr("len")?.get_type().as_any()),
        frame: address(types.get_item(4)?.as_any()),
        code: address(function.getattr("__code__")?.get_type().as_any()),
        cell: address(cell.as_any()),
        weak,
        generators: [generator(0)?, generator(1)?, generator(2)?],
        tuple_items: tuple.getattr("__basicsize__")?.extract()?,
        // SAFETY: `Plain` is a live type.
        subtype_traverse: unsafe { raw::word(address(plain), type_field::TRAVERSE) },
        threads: raw::symbol(c"PyInterpreterState_ThreadHead").zip(raw::symbol(c"PyThreadState_Next")).map(|(first, next)| {
            // SAFETY: so are these (cpython/pystate.h, 3.10–3.14).
            unsafe {
                (std::mem::transmute::<*mut c_void, ThreadStep>(first), std::mem::transmute::<*mut c_void, ThreadStep>(next))
            }
        }),
        // SAFETY: and this (cpython/code.h, 3.10–3.14).
        line_of: raw::symbol(c"PyCode_Addr2Line").map(|found| unsafe { std::mem::transmute::<*mut c_void, LineOf>(found) }),
        // SAFETY: and this (cpython/typeobject.h, 3.12–3.14).
        type_dict: raw::symbol(c"PyType_GetDict").map(|found| unsafe { std::mem::transmute::<*mut c_void, TypeDict>(found) }),
        // SAFETY: so is the type of `sys.flags`.
        struct_sequence_traverse: unsafe {
            raw::word(address(py.import("sys")?.getattr("flags")?.get_type().as_any()), type_field::TRAVERSE)
        },
    })
}

fn types_are_read(py: Python<'_>, plain: &Bound<'_, PyAny>, layout: &Layout) -> PyResult<bool> {
    let object = py.get_type::<PyAny>();
    let basic_size: usize = plain.getattr("__basicsize__")?.extract()?;
    let qualname = plain.getattr("__qualname__")?;
    let mro = plain.getattr("__mro__")?;
    // SAFETY: fields inside a live heap type.
    Ok(unsafe {
        let at = |offset| raw::word(address(plain), offset);
        at(type_field::BASIC_SIZE) == basic_size
            && at(type_field::BASE) == address(object.as_any())
            && at(type_field::MRO) == address(&mro)
            && at(layout.ht_qualname) == address(&qualname)
            && raw::c_string(address(plain), type_field::NAME) == "Plain"
    })
}

fn strings_are_read(py: Python<'_>, layout: &Layout) -> bool {
    ["refroots", "na\u{ef}ve", "\u{5f15}\u{7528}", "\u{1f333} root"].into_iter().all(|text| {
        let object = pyo3::types::PyString::new(py, text);
        // SAFETY: a live str, and nothing runs while its text is compared.
        let (read, length) = unsafe { layout.text(address(object.as_any()), 100) };
        read == text && length == text.chars().count()
    })
}

/// Whether the two attributes are found behind the names of the class's keys.
fn inline_values_are_read(instance: &Bound<'_, PyAny>, plain: &Bound<'_, PyAny>, layout: &Layout) -> PyResult<bool> {
    let class = plain.cast::<PyType>()?;
    // SAFETY: `Plain` is a live class with an instance; each pointer is checked before it is followed.
    let (keys, values) = unsafe {
        let keys = raw::word(address(class.as_any()), layout.cached_keys);
        let object = address(instance);
        let values = match layout.inline_values {
            InlineValues::Absent => 0,
            InlineValues::Pointer => raw::word(object, -32),
            InlineValues::Tagged => match raw::word(object, -24) {
                tagged if tagged & 1 == 1 => tagged + 1,
                _ => 0,
            },
            InlineValues::Behind => object + raw::word(address(plain), type_field::BASIC_SIZE) + 8,
        };
        if keys == 0 || values == 0 || raw::word(keys, 24) != 2 {
            return Ok(false);
        }
        let entries = keys + 32 + (1 << raw::byte(keys, 9));
        ([raw::word(entries, 0), raw::word(entries, 16)], [raw::word(values, 0), raw::word(values, 8)])
    };
    // The strings are compared as objects: constants of one code object are one object each.
    let constants = plain.getattr("__init__")?.getattr("__code__")?.getattr("co_names")?;
    let expected_keys = [address(&constants.get_item(0)?), address(&constants.get_item(1)?)];
    let expected_values = [address(&instance.getattr("first")?), address(&instance.getattr("second")?)];
    Ok(keys == expected_keys && values == expected_values)
}

fn code_is_read(function: &Bound<'_, PyAny>, layout: &Layout) -> PyResult<bool> {
    let Some(fields) = layout.code else { return Ok(false) };
    let code = function.getattr("__code__")?;
    let name = if layout.version >= (3, 11) { "co_qualname" } else { "co_name" };
    let (qualname, filename) = (code.getattr(name)?, code.getattr("co_filename")?);
    let first_line: u32 = code.getattr("co_firstlineno")?.extract()?;
    let tuple = address(code.py().get_type::<PyTuple>().as_any());
    // SAFETY: fields inside a live code object; the names are followed only if they are a tuple.
    Ok(unsafe {
        let at = |offset| raw::word(address(&code), offset);
        let is_tuple = |offset| raw::type_of(at(offset)) == tuple;
        let are_tuples = match fields.locals {
            LocalsLayout::Together { names, .. } => is_tuple(names),
            LocalsLayout::Apart { variables, cells, free } => is_tuple(variables) && is_tuple(cells) && is_tuple(free),
        };
        at(fields.qualname) == address(&qualname)
            && at(fields.filename) == address(&filename)
            && raw::half(address(&code), fields.first_line) == first_line
            && are_tuples
            && fields.local_count(address(&code)) == 2
            && fields.free_count(address(&code)) == 0
    })
}

/// Whether the newest frame is the specimen's, with its marker among its locals.
fn frames_are_read(py: Python<'_>, function: &Bound<'_, PyAny>, layout: Layout) -> PyResult<bool> {
    let Some(fields) = layout.frames else { return Ok(false) };
    let marker = PyDict::new(py);
    let expected =
        [address(&function.getattr("__code__")?), address(marker.as_any()), address(&function.getattr("__globals__")?)];
    let watch = pyo3::types::PyCFunction::new_closure(py, None, None, move |_, _| {
        // SAFETY: the thread that calls has a thread state and a running frame, the specimen's.
        let found = unsafe {
            let thread = pyo3::ffi::PyThreadState_Get() as Address;
            let mut frame = raw::word(thread, fields.thread_frame);
            if let (Some(through), true) = (fields.through, frame != 0) {
                frame = raw::word(frame, through);
            }
            (frame != 0 && frame & 7 == 0).then(|| {
                [fields.code, fields.fast_locals + 8, fields.globals].map(|offset| fields.object(raw::word(frame, offset)))
            })
        };
        found == Some(expected)
    })?;
    function.call1((watch, marker))?.extract()
}
