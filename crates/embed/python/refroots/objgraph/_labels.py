"""The words of objgraph's pictures: what stands in a node and on a reference."""

import collections
import inspect
import itertools
import operator
import os
import re
import sys
import types

import refroots.objgraph as _module
from refroots._native import objgraph as _native

_is_identifier = re.compile("[a-zA-Z_][a-zA-Z_0-9]*$").match

#: Most characters of a value.
_ROOM = 40


def _isinstance(object, classinfo):
    """Say whether the true type is one of these, whatever the object says of its class."""
    return issubclass(type(object), classinfo)


def _get_obj_type(obj):
    """Give the true type."""
    return type(obj)


def _short_typename(obj):
    if _module.exact:
        return type(obj).__name__
    return _native.typename(obj, True)


def _long_typename(obj):
    if not _module.exact:
        return _native.typename(obj, False)
    cls = type(obj)
    module = getattr(cls, "__module__", None)
    return f"{module}.{cls.__name__}" if module else cls.__name__


def _typename(obj, shortnames):
    return _module._short_typename(obj) if shortnames else _module._long_typename(obj)


def _obj_node_id(obj):
    return f"o{id(obj)}"


def _quote(s):
    for character, escaped in ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\0", "\\\\0"):
        s = s.replace(character, escaped)
    return s


def _safe_repr(obj):
    refused = Exception if _module.exact else BaseException
    try:
        return _module._short_repr(obj)
    except refused:
        return "(unrepresentable)"


def _name_or_repr(value):
    """Give the name of what has one: a mock's is no string."""
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) else _cut_repr(value)


def _of(cls, table):
    """Look a class up by identity: its metaclass may have a __hash__ and an __eq__ of its own."""
    return next((table[known] for known in table if known is cls), None)


def _cut_repr(obj):
    """Give the first characters of a repr; of large built-in values without making the rest."""
    if _module.exact:
        return repr(obj)[:_ROOM]
    cls = type(obj)
    if (cls is str or cls is bytes) and len(obj) > 1000:
        single, double = ("'", '"') if cls is str else (b"'", b'"')
        # One more character makes the quotes those of the whole.
        other = single if single in obj and double not in obj else double
        return repr(obj[:_ROOM] + other)[:_ROOM]
    if cls is bytearray and len(obj) > 1000:
        return f"bytearray({_cut_repr(bytes(obj))}"[:_ROOM]
    around = _of(cls, _LONG)
    if around and len(obj) > 100:
        before, behind = around
        return (before + ", ".join(map(repr, itertools.islice(obj, _ROOM))) + behind)[:_ROOM]
    return repr(obj)[:_ROOM]


_LONG = {
    frozenset: ("frozenset({", "})"),
    collections.deque: ("deque([", "])"),
    type({}.keys()): ("dict_keys([", "])"),
    type({}.values()): ("dict_values([", "])"),
    type({}.items()): ("dict_items([", "])"),
}
_LENGTHS = {cls: cls.__len__ for cls in (tuple, list, dict, set)}
_NAMED: tuple[type, ...] = (type, types.ModuleType, types.BuiltinMethodType, types.BuiltinFunctionType)


def _short_repr(obj):
    """Give one short line that tells an object from others of its type."""
    length = _of(type(obj), _LENGTHS)
    if length:
        return "%d items" % length(obj)
    if _module._isinstance(obj, _NAMED):
        return _module._name_or_repr(obj)
    if _module._isinstance(obj, types.MethodType):
        name = _module._name_or_repr(obj.__func__)
        is_bound = bool(obj.__self__) if _module.exact else True
        return f"{name} (bound)" if is_bound else name
    if _module._isinstance(obj, types.LambdaType) and obj.__name__ == "<lambda>":
        return f"lambda: {os.path.basename(obj.__code__.co_filename)}:{obj.__code__.co_firstlineno}"
    if _module._isinstance(obj, types.FrameType):
        return f"{obj.f_code.co_filename}:{obj.f_lineno}"
    for cls in _LENGTHS:
        if _module._isinstance(obj, cls):
            return "%d items" % (len(obj) if _module.exact else cls.__len__(obj))
    return _cut_repr(obj)


def _obj_label(obj, extra_info=None, refcounts=False, shortnames=True):
    return _label(obj, extra_info, sys.getrefcount(obj) - 4 if refcounts else None, shortnames)


def _label(obj, extra_info, refcount, shortnames):
    """Word a node: its type with its count, its value, and what the program says of it."""
    name = _typename(obj, shortnames)
    lines = [name if refcount is None else f"{name} [{refcount}]", _module._safe_repr(obj)]
    if extra_info:
        lines.append(str(extra_info(obj)))
    return _module._quote("\n".join(lines))


def _obj_attrs(obj, extra_node_attrs):
    if extra_node_attrs is None:
        return ""
    given = extra_node_attrs(obj)
    if not _module.exact:
        given = {
            name: value if isinstance(value, str) else str(value)
            for name, value in (given or {}).items()
            if value is not None
        }
        if not given:
            return ""
    attrs = sorted(item for item in given.items() if item[1] is not None)
    return ", " + ", ".join(f'{name}="{_module._quote(value)}"' for name, value in attrs)


def _gradient(start_color, end_color, depth, max_depth):
    if max_depth == 0:
        return start_color
    return tuple(start + (end - start) * depth / max_depth for start, end in zip(start_color, end_color))


def _edge_label(source, target, shortnames=True):
    """Word the reference of one object to another, as an attribute list of DOT."""
    if _module.exact:
        return _exact_label(source, target, shortnames)
    (names,) = _native.name_edges([(source, target)])
    return _label_of_names(source, target, names, shortnames)


def _exact_label(source, target, shortnames):
    if _module._isinstance(target, dict) and target is getattr(source, "__dict__", None):
        return ' [label="__dict__",weight=10]'
    if _module._isinstance(source, types.FrameType):
        return _frame_label(source, target)
    if _module._isinstance(source, types.MethodType):
        for name in ("__self__", "__func__"):
            if target is getattr(source, name):
                return f' [label="{name}",weight=10]'
    if _module._isinstance(source, types.FunctionType):
        for name in dir(source):
            if target is getattr(source, name):
                return f' [label="{_module._quote(name)}",weight=10]'
    if _module._isinstance(source, dict):
        for key, value in source.items():
            if value is target:
                return _key_label(key, shortnames)
    return ""


def _frame_label(frame, target):
    for name in ("f_locals", "f_globals"):
        if target is getattr(frame, name):
            return f' [label="{name}",weight=10]'
    return ""


def _key_word(key, shortnames):
    if _module._isinstance(key, str) and _is_identifier(key):
        return key, True
    return _typename(key, shortnames) + "\n" + _module._safe_repr(key), False


def _key_label(key, shortnames):
    word, is_name = _key_word(key, shortnames)
    return ' [label="{}"{}]'.format(_module._quote(word), ",weight=2" if is_name else "")


#: Kinds of references that have no word of their own.
_NAMELESS = {"unnamed", "key", "member"}
#: Most names of one reference that a label says.
_MOST_NAMES = 3


def _words(names, shortnames):
    """Give (word, weight) for each name that there is to say."""
    for kind, word, key in names:
        if kind == "item":
            said, is_name = _key_word(key, shortnames)
            yield said, 2 if is_name else None
        elif kind not in _NAMELESS and word:
            yield word, 10 if kind == "special" else 2 if kind != "index" else None


def _label_of_names(source, target, names, shortnames):
    """Word a reference by the names that were found for it."""
    if len(names) == 1:
        # Nearly all have one, and it is an attribute or an item under a string.
        kind, word, key = names[0]
        if kind == "attribute" and word:
            return f' [label="{_quote(word)}",weight=2]'
        if kind == "item" and type(key) is str and _is_identifier(key):
            return f' [label="{key}",weight=2]'
    words = list(_words(names, shortnames))
    if not words:
        if _module._isinstance(source, types.FrameType) and type(target) is dict:
            return ' [label="f_globals",weight=10]' if target is source.f_globals else ""
        return ""
    said = [word for word, _ in words[:_MOST_NAMES]]
    if len(words) > _MOST_NAMES:
        said.append(f"{len(words) - _MOST_NAMES} more")
    weight = f",weight={words[0][1]}" if words[0][1] else ""
    return f' [label="{_module._quote(chr(10).join(said))}"{weight}]'


def _word_of_names(names, shortnames):
    """Word a reference for refroots' own pictures."""
    return ", ".join(
        word.replace("\n", " ") for word, _ in itertools.islice(_words(names, shortnames), _MOST_NAMES)
    )


def _is_module(obj):
    try:
        return inspect.ismodule(obj)
    except Exception:
        if _module.exact:
            raise
        return False


def _has_del(obj):
    """Say whether an object has a finalizer; a class with a computed attribute has none for that."""
    if _module.exact:
        return hasattr(getattr(obj, "__class__", None), "__del__")
    return any("__del__" in _dict_of(cls) for cls in _mro_of(type(obj)))


_dict_of, _mro_of = (type.__dict__[name].__get__ for name in ("__dict__", "__mro__"))

#: What words a picture, where no caller has put another in its place.
_OURS = (
    *(_gradient, _isinstance, _long_typename, _name_or_repr, _obj_label, _obj_node_id, _quote),
    *(_safe_repr, _short_repr, _short_typename),
)
_words_of = operator.attrgetter(*(ours.__name__ for ours in _OURS))


def _are_ours():
    return _words_of(_module) == _OURS
