//! Where types that are compiled into CPython keep references which they publish under no member.
//!
//! Offsets in bytes from the object's beginning, x86-64, measured on 3.10.13, 3.11.7, 3.12.1, 3.13.0 and
//! 3.14.8 with objects whose fields were known (`tests/shipped.py`). They only give names to what
//! `tp_traverse` reports, so that a wrong one names nothing. Names in parentheses are not spelt so in Python.

/// A field's offset in bytes and its name.
pub(crate) type NamedField = (isize, &'static str);

/// Fields of the type that C code named so (`tp_name`).
pub(crate) fn fields_of(type_name: &str, version: (u8, u8)) -> &'static [NamedField] {
    match type_name.rsplit_once('.') {
        Some(("itertools", name)) => of_itertools(name),
        Some(("_asyncio", name)) => of_asyncio(name, version),
        Some(("typing", name)) => of_typing(name),
        Some((module, name)) if module.contains("sqlite3") => of_sqlite(name, version),
        Some((module, name)) if module == "_ctypes" || module.ends_with("_elementtree") || module.ends_with("ElementTree") => {
            of_foreign(name, version)
        }
        Some(_) => of_modules(type_name, version),
        None => of_builtins(type_name, version),
    }
}

fn of_builtins(type_name: &str, version: (u8, u8)) -> &'static [NamedField] {
    match type_name {
        // cpython/funcobject.h, methodobject.h, classobject.h, cellobject.h, descrobject.h, traceback.h.
        "function" if version >= (3, 14) => &FUNCTION_3_14,
        "function" => &FUNCTION,
        "module" => &[(16, "__dict__"), (48, "__name__")],
        "method" => &[(16, "__func__"), (24, "__self__")],
        "builtin_function_or_method" => &[(24, "__self__"), (32, "__module__")],
        "builtin_method" => &[(56, "(defining class)")],
        "cell" => &[(16, "cell_contents")],
        "classmethod" | "staticmethod" => &[(16, "__func__"), (24, "__dict__")],
        "property" => &[(16, "fget"), (24, "fset"), (32, "fdel"), (40, "__doc__"), (48, "__name__")],
        "getset_descriptor" | "member_descriptor" | "method_descriptor" | "classmethod_descriptor" | "wrapper_descriptor" => {
            &[(16, "__objclass__"), (24, "__name__"), (32, "__qualname__")]
        }
        "method-wrapper" => &[(16, "(descriptor)"), (24, "__self__")],
        "mappingproxy" => &[(16, "(mapping)")],
        "traceback" => &[(16, "tb_next"), (24, "tb_frame")],
        "BaseException" if version >= (3, 11) => {
            &[(16, "__dict__"), (24, "args"), (32, "__notes__"), (40, "__traceback__"), (48, "__context__"), (56, "__cause__")]
        }
        "BaseException" => &[(16, "__dict__"), (24, "args"), (32, "__traceback__"), (40, "__context__"), (48, "__cause__")],
        "generator" | "coroutine" | "async_generator" => of_generators(version),
        "async_generator_asend" => &[(16, "(generator)"), (24, "(sent)")],
        "async_generator_athrow" => &[(16, "(generator)"), (24, "(arguments)")],
        "anext_awaitable" => &[(16, "(awaitable)"), (24, "(default)")],
        "coroutine_wrapper" => &[(16, "(coroutine)")],
        "frame" if version >= (3, 11) => &[(16, "f_back"), (32, "f_trace")],
        "frame" => &[(24, "f_back"), (32, "f_code"), (40, "f_builtins"), (48, "f_globals"), (56, "f_locals"), (72, "f_trace")],
        "type" if version >= (3, 12) => &[(888, "(module)")],
        "type" => &[(880, "(module)")],
        "list_iterator"
        | "list_reverseiterator"
        | "tuple_iterator"
        | "str_iterator"
        | "str_ascii_iterator"
        | "bytes_iterator"
        | "bytearray_iterator"
        | "memory_iterator"
        | "iterator"
        | "reversed" => &[(24, "(iterable)")],
        "set_iterator"
        | "dict_keyiterator"
        | "dict_valueiterator"
        | "dict_itemiterator"
        | "dict_reversekeyiterator"
        | "dict_reversevalueiterator"
        | "dict_reverseitemiterator" => &[(16, "(iterable)"), (40, "(result)")],
        "odict_iterator" => &[(24, "(iterable)"), (48, "(current key)"), (56, "(result)")],
        "dict_keys" | "dict_values" | "dict_items" | "odict_keys" | "odict_values" | "odict_items" => &[(16, "mapping")],
        "callable_iterator" => &[(16, "(callable)"), (24, "(sentinel)")],
        "enumerate" => &[(24, "(iterator)"), (32, "(result)"), (40, "(index)"), (48, "(one)")],
        "filter" => &[(16, "(function)"), (24, "(iterator)")],
        "map" => &[(16, "(iterators)"), (24, "(function)")],
        "zip" => &[(24, "(iterators)"), (32, "(result)")],
        "managedbuffer" => &[(40, "obj")],
        "memoryview" => &[(24, "(buffer)")],
        "hamt" => &[(16, "(root)")],
        "keys" | "values" | "items" => &[(16, "(mapping)")],
        _ => &[],
    }
}

fn of_generators(version: (u8, u8)) -> &'static [NamedField] {
    match version {
        (3, 10) => &[
            (16, "gi_frame"),
            (24, "gi_code"),
            (40, "__name__"),
            (48, "__qualname__"),
            (56, "(handled exception's type)"),
            (64, "(handled exception)"),
            (72, "(handled exception's traceback)"),
            (88, "(origin or finalizer)"),
        ],
        (3, 11) => {
            &[(16, "gi_code"), (32, "__name__"), (40, "__qualname__"), (48, "(handled exception)"), (64, "(origin or finalizer)")]
        }
        _ => &[(24, "__name__"), (32, "__qualname__"), (40, "(handled exception)"), (56, "(origin or finalizer)")],
    }
}

fn of_itertools(name: &str) -> &'static [NamedField] {
    match name {
        "_grouper" => &[(16, "(groupby)"), (24, "(key)")],
        "groupby" => {
            &[(16, "(iterator)"), (24, "(key function)"), (32, "(target key)"), (40, "(current key)"), (48, "(current value)")]
        }
        "_tee" => &[(16, "(buffer)")],
        "_tee_dataobject" => &[(16, "(iterator)"), (32, "(next buffer)")],
        "accumulate" => &[(16, "(total)"), (24, "(iterator)"), (32, "(function)"), (40, "(initial)")],
        "chain" => &[(16, "(sources)"), (24, "(active)")],
        "combinations" | "combinations_with_replacement" => &[(16, "(pool)"), (32, "(result)")],
        "permutations" => &[(16, "(pool)"), (40, "(result)")],
        "product" => &[(16, "(pools)"), (32, "(result)")],
        "compress" => &[(16, "(iterator)"), (24, "(selectors)")],
        "count" => &[(24, "(value)"), (32, "(step)")],
        "cycle" => &[(16, "(iterator)"), (24, "(saved)")],
        "dropwhile" | "takewhile" | "filterfalse" | "starmap" => &[(16, "(function)"), (24, "(iterator)")],
        "batched" | "islice" => &[(16, "(iterator)")],
        "pairwise" => &[(16, "(iterator)"), (24, "(previous)"), (32, "(result)")],
        "repeat" => &[(16, "(element)")],
        "zip_longest" => &[(32, "(iterators)"), (40, "(result)"), (48, "(fill value)")],
        _ => &[],
    }
}

fn of_asyncio(name: &str, version: (u8, u8)) -> &'static [NamedField] {
    match (name, version) {
        ("Future", (3, 10)) => &[
            (16, "_loop"),
            (24, "(callback)"),
            (32, "(callback's context)"),
            (40, "_callbacks"),
            (48, "_exception"),
            (56, "(traceback)"),
            (64, "_result"),
            (72, "_source_traceback"),
            (80, "_cancel_message"),
            (120, "(cancelled type)"),
            (128, "(cancelled exception)"),
            (136, "(cancelled traceback)"),
        ],
        // The word behind `_cancel_message` is no reference on 3.11–3.13; each version's own follow.
        ("Future", _) => &[
            (16, "_loop"),
            (24, "(callback)"),
            (32, "(callback's context)"),
            (40, "_callbacks"),
            (48, "_exception"),
            (56, "(traceback)"),
            (64, "_result"),
            (72, "_source_traceback"),
            (80, "_cancel_message"),
            (96, "(awaited by)"),
            (104, "(cancelled exception)"),
            (112, "(cancelled exception)"),
            (120, "(cancelled exception)"),
        ],
        ("Task", (3, 10)) => &[(152, "_fut_waiter"), (160, "_coro"), (168, "_name"), (176, "_context")],
        ("Task", (3, 11 | 12)) => &[(128, "_fut_waiter"), (136, "_coro"), (144, "_name"), (152, "_context")],
        ("Task", (3, 13)) => &[(112, "_fut_waiter"), (120, "_coro"), (128, "_name"), (136, "_context")],
        ("Task", _) => &[(120, "_fut_waiter"), (128, "_coro"), (136, "_name"), (144, "_context")],
        ("FutureIter", _) => &[(16, "(future)")],
        ("TaskStepMethWrapper", _) => &[(16, "(task)"), (24, "(argument)")],
        _ => &[],
    }
}

fn of_typing(name: &str) -> &'static [NamedField] {
    match name {
        "TypeVar" => &[
            (16, "__name__"),
            (24, "__bound__"),
            (32, "(evaluates bound)"),
            (40, "__constraints__"),
            (48, "(evaluates constraints)"),
            (56, "__default__"),
            (64, "(evaluates default)"),
        ],
        "ParamSpec" => &[(16, "__name__"), (24, "__bound__"), (32, "__default__"), (40, "(evaluates default)")],
        "TypeVarTuple" => &[(16, "__name__"), (24, "__default__"), (32, "(evaluates default)")],
        "TypeAliasType" => {
            &[(16, "__name__"), (24, "__type_params__"), (32, "(evaluates value)"), (40, "__value__"), (48, "__module__")]
        }
        "Union" => &[(16, "__args__"), (24, "(hashable arguments)"), (32, "(unhashable arguments)"), (40, "__parameters__")],
        _ => &[],
    }
}

fn of_sqlite(name: &str, version: (u8, u8)) -> &'static [NamedField] {
    match (name, version) {
        ("Connection", (3, 10)) => {
            &[(48, "isolation_level"), (80, "(statement cache)"), (88, "(statements)"), (96, "(cursors)"), (152, "(collations)")]
        }
        ("Connection", (3, 11)) => &[(64, "(statement cache)"), (72, "(cursors)"), (80, "(blobs)")],
        ("Connection", _) => {
            &[(72, "(statement cache)"), (80, "(cursors)"), (88, "(blobs)"), (104, "row_factory"), (112, "text_factory")]
        }
        ("Cursor", _) => &[(64, "row_factory"), (72, "(statement)"), (96, "(next row)")],
        ("Row", _) => &[(16, "(values)"), (24, "(description)")],
        ("Statement", _) => &[(32, "(sql)")],
        ("Cache", _) => &[(24, "(mapping)"), (40, "(first)"), (48, "(last)")],
        ("Node", _) => &[(16, "(key)"), (24, "(statement)")],
        _ => &[],
    }
}

fn of_foreign(name: &str, version: (u8, u8)) -> &'static [NamedField] {
    match name {
        "CField" => &[(40, "(type)"), (72, "(type)")],
        "CThunkObject" => &[(80, "(converters)"), (88, "(callable)"), (96, "(result type)")],
        "DictRemover" => &[(16, "(key)"), (24, "(dict)")],
        "CFuncPtr" => &[
            (96, "(thunk)"),
            (104, "(callable)"),
            (112, "(converters)"),
            (120, "argtypes"),
            (128, "restype"),
            (136, "(checker)"),
            (144, "errcheck"),
            (152, "(parameter flags)"),
        ],
        // What a class of ctypes has behind the fields of a class, from 3.13 on (`StgInfo`).
        "CType_Type" if version >= (3, 14) => &[
            (1000, "_type_"),
            (1032, "_argtypes_"),
            (1040, "(converters)"),
            (1048, "_restype_"),
            (1056, "(checker)"),
            (1064, "(pointer type)"),
            (1072, "(module)"),
        ],
        "CType_Type" => &[
            (984, "_type_"),
            (1016, "_argtypes_"),
            (1024, "(converters)"),
            (1032, "_restype_"),
            (1040, "(checker)"),
            (1048, "(module)"),
        ],
        "Element" => &[(16, "tag")],
        "_element_iterator" => &[(40, "(root)"), (48, "(tag)")],
        "TreeBuilder" => &[
            (16, "(root)"),
            (24, "(open element)"),
            (32, "(last element)"),
            (40, "(last for tail)"),
            (48, "(text)"),
            (56, "(stack)"),
            (72, "(element factory)"),
            (80, "(comment factory)"),
            (88, "(pi factory)"),
        ],
        "XMLParser" => &[
            (24, "target"),
            (32, "entity"),
            (40, "(names)"),
            (48, "(start_ns)"),
            (56, "(end_ns)"),
            (64, "(start)"),
            (72, "(data)"),
            (80, "(end)"),
            (88, "(comment)"),
            (96, "(pi)"),
            (104, "(doctype)"),
            (112, "(close)"),
        ],
        _ => &[],
    }
}

fn of_modules(type_name: &str, version: (u8, u8)) -> &'static [NamedField] {
    match type_name {
        "_abc._abc_data" => &[(16, "_abc_registry"), (24, "_abc_cache"), (32, "_abc_negative_cache")],
        "_collections._deque_iterator"
        | "_collections._deque_reverse_iterator"
        | "collections._deque_iterator"
        | "collections._deque_reverse_iterator" => &[(32, "(iterable)")],
        "_contextvars.Context" => &[(16, "(previous)"), (24, "(variables)")],
        "_contextvars.ContextVar" => &[(16, "name"), (24, "(default)")],
        "_contextvars.Token" => &[(16, "(context)"), (24, "var"), (32, "old_value")],
        "_csv.Dialect" => &[(40, "lineterminator")],
        "_csv.reader" => &[(16, "(iterator)"), (32, "(fields)"), (40, "(field)")],
        "_csv.writer" => &[(16, "(write)"), (64, "(error type)")],
        "_io.BufferedRWPair" => &[(16, "(reader)"), (24, "(writer)")],
        "_io.BytesIO" => &[(16, "(buffer)")],
        "_io._BytesIOBuffer" => &[(16, "(source)")],
        "_io.IncrementalNewlineDecoder" => &[(16, "(decoder)"), (24, "(errors)")],
        "_io.StringIO" if version >= (3, 14) => &[(80, "(newline)")],
        "_io.StringIO" => &[(128, "(newline)")],
        "_io.TextIOWrapper" => &[
            (32, "buffer"),
            (40, "encoding"),
            (48, "(encoder)"),
            (56, "(decoder)"),
            (64, "(newline)"),
            (72, "errors"),
            (120, "(decoded text)"),
            (136, "(pending bytes)"),
            (152, "(snapshot)"),
            (168, "(raw)"),
        ],
        "_json.Scanner" => &[(64, "memo")],
        "_pickle.Pickler" => &[(48, "(write)"), (56, "(write)")],
        "_pickle.PicklerMemoProxy" => &[(16, "(pickler)")],
        "_pickle.Unpickler" => &[(16, "(stack)")],
        "_pickle.UnpicklerMemoProxy" => &[(16, "(unpickler)")],
        "_queue.SimpleQueue" => &[(32, "(items)")],
        "_struct.Struct" | "Struct" => &[(40, "format")],
        "_struct.unpack_iterator" | "unpack_iterator" => &[(16, "(struct)"), (32, "(buffer)")],
        "_thread._local" if version >= (3, 13) => {
            &[(16, "(arguments)"), (24, "(keywords)"), (40, "(threads)"), (48, "(watchdogs)")]
        }
        "_thread._local" => &[(16, "(key)"), (24, "(arguments)"), (32, "(keywords)"), (48, "(threads)")],
        "_thread._localdummy" => &[(16, "__dict__")],
        "array.arrayiterator" => &[(24, "(iterable)")],
        "datetime.timezone" => &[(16, "(offset)"), (24, "(name)")],
        "decimal.Context" => &[(64, "traps"), (72, "flags")],
        "decimal.ContextManager" => &[(16, "(local)"), (24, "(global)")],
        "functools.KeyWrapper" => &[(16, "(compare)"), (24, "obj")],
        "functools._lru_cache_wrapper" => {
            &[(72, "(cache)"), (88, "__wrapped__"), (112, "(keyword mark)"), (120, "(link type)"), (128, "(info type)")]
        }
        "operator.attrgetter" => &[(24, "(attributes)")],
        "operator.itemgetter" => &[(24, "(item)")],
        "operator.methodcaller" => {
            &[(16, "(name)"), (24, "(arguments)"), (32, "(keywords)"), (40, "(call's arguments)"), (48, "(keyword names)")]
        }
        "re.Pattern" => &[(32, "groupindex"), (40, "(names by group)"), (48, "pattern")],
        "_ssl._SSLContext" => &[(40, "sni_callback"), (48, "(message callback)")],
        "types.GenericAlias" => &[(16, "__origin__"), (24, "__args__"), (32, "__parameters__")],
        "types.UnionType" => &[(16, "__args__"), (24, "__parameters__")],
        "weakref.CallableProxyType" | "weakref.ProxyType" | "weakref.ReferenceType" | "weakproxy" | "weakref" => {
            &[(24, "__callback__")]
        }
        _ => &[],
    }
}

/// Types whose objects are made for the collector and never told to it: views of a context
/// (Python/hamt.c, 3.10–3.12). Nothing else could confirm their fields.
pub(crate) const NEVER_TRACKED: [&str; 3] = ["keys", "values", "items"];

/// Offsets of fields whose references the type owns and its traverse does not report: names, mostly.
pub(crate) fn unvisited_fields_of(type_name: &str) -> &'static [isize] {
    match type_name {
        // `d_name`, `d_qualname` (Objects/descrobject.c, `descr_traverse`).
        "getset_descriptor" | "member_descriptor" | "method_descriptor" | "classmethod_descriptor" | "wrapper_descriptor" => {
            &[24, 32]
        }
        "module" => &[48],
        "_contextvars.ContextVar" | "typing.TypeVar" | "typing.ParamSpec" | "typing.TypeVarTuple" | "typing.TypeAliasType" => {
            &[16]
        }
        "datetime.timezone" => &[16, 24],
        _ => &[],
    }
}

/// What stands for all that the type's objects hold outside of themselves.
pub(crate) fn others_of(type_name: &str) -> Option<&'static str> {
    Some(match type_name {
        "module" => "(module state)",
        "frame" | "generator" | "coroutine" | "async_generator" => "(evaluation stack)",
        "PyCapsule" => "(capsule)",
        "hamt_array_node" => "(branch)",
        "hamt_collision_node" => "(collision)",
        "itertools._tee_dataobject" => "(value)",
        "_pickle.Pickler" | "_pickle.Unpickler" => "(memo)",
        "_queue.SimpleQueue" => "(queued)",
        "pyexpat.xmlparser" => "(handler)",
        "_elementtree._element_iterator" => "(parent)",
        "_elementtree.TreeBuilder" | "xml.etree.ElementTree.TreeBuilder" => "(event)",
        "_ctypes.PyCPointerType" | "_ctypes.PyCArrayType" | "_ctypes.PyCFuncPtrType" | "_ctypes.PyCSimpleType" => "(type)",
        "_ssl._SSLSocket" => "(session)",
        _ => return None,
    })
}

const FUNCTION: [NamedField; 14] = [
    (16, "__globals__"),
    (24, "__builtins__"),
    (32, "__name__"),
    (40, "__qualname__"),
    (48, "__code__"),
    (56, "__defaults__"),
    (64, "__kwdefaults__"),
    (72, "__closure__"),
    (80, "__doc__"),
    (88, "__dict__"),
    (104, "__module__"),
    (112, "__annotations__"),
    (120, "__type_params__"),
    (128, "__type_params__"),
];

const FUNCTION_3_14: [NamedField; 14] = {
    let mut fields = FUNCTION;
    fields[12] = (120, "__annotate__");
    fields
};
