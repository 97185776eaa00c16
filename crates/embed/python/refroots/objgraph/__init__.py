"""A drop-in for objgraph 3.7.0: the same functions over refroots, faster and with more to see.

``from refroots import objgraph`` in place of ``import objgraph``; or ``refroots.objgraph.install()`` once, and
every ``import objgraph`` of the program gets this module. With ``objgraph.exact = True`` the answers are those
of objgraph 3.7.0 to the letter; without it more is found and named (docs/objgraph.md says what).

>>> import refroots.objgraph as objgraph
>>> class Visit: pass
>>> visits = [Visit(), Visit()]
>>> objgraph.count("Visit")
2
"""

import collections
import contextlib
import gc
import inspect
import os
import subprocess
import sys
import tempfile

from refroots._native import objgraph as _native
from refroots.objgraph._drawing import _in_list, _show_graph
from refroots.objgraph._labels import (
    _edge_label,
    _get_obj_type,
    _gradient,
    _is_identifier,
    _isinstance,
    _long_typename,
    _name_or_repr,
    _obj_attrs,
    _obj_label,
    _obj_node_id,
    _quote,
    _safe_repr,
    _short_repr,
    _short_typename,
)
from refroots.objgraph._new_ids import _update
from refroots.objgraph._presenting import _present_graph, _program_in_path
from refroots.objgraph._searching import _find_chain, _sizes

with contextlib.suppress(ImportError):
    import graphviz

__version__ = "3.7.0"
__date__ = "2026-10-16"
__author__ = "the refroots developers"
__copyright__ = "Copyright (c) the refroots developers"
__license__ = "MIT"

#: Whether answers are objgraph 3.7.0's own, blind spots and all.
exact = False
#: What takes lines of text in place of standard output: a function of one string, or ``None``.
printer = None


def _in_notebook():
    """Whether pictures are shown where they are returned."""
    try:
        shell = get_ipython()  # noqa: F821
    except NameError:
        return False
    return "TerminalInteractiveShell" not in type(shell).__name__


IS_INTERACTIVE = _in_notebook()

_MODULE = type(sys)
_real_gc = (gc, gc.get_objects, gc.get_referrers, gc.get_referents)
#: Lists that were handed out lately: what the caller keeps only to ask about it.
_given = _native.Given()


def _collector_is_real():
    """Whether the collector is asked itself: a program may put another one in its place."""
    return gc is _real_gc[0] and gc.get_objects is _real_gc[1]


def _tracked():
    """A list of all objects that are counted."""
    return _native.objects(exact) if _collector_is_real() and not exact else gc.get_objects()


def _collect(collect):
    if collect:
        gc.collect()


def _say(text, file=None, to=None):
    """Writes a line where it is wanted: to a file, a printer of the call or of the module, or standard output."""
    to = printer if to is None else to
    if file is None and to is not None:
        to(text)
    else:
        (sys.stdout if file is None else file).write(text + "\n")


def count(typename, objects=None):
    """Count tracked objects whose exact class has this name; a name with a dot is a whole one.

    >>> objgraph.count("dict") > 100
    True
    """
    is_short = "." not in typename
    if objects is None and _collector_is_real() and not exact:
        return _native.count(typename, exact)
    if objects is None:
        objects = _tracked()
    return _native.typestats_of(objects, is_short, None, exact).get(typename, 0)


def typestats(objects=None, shortnames=True, filter=None):
    """Count tracked objects (or those given) by the names of their classes.

    >>> objgraph.typestats([1, 2, "a"])
    {'int': 2, 'str': 1}
    """
    if objects is None and filter is None and _collector_is_real() and not exact:
        return _native.typestats(bool(shortnames), exact)
    if objects is None:
        objects = _tracked()
    return _native.typestats_of(objects, bool(shortnames), filter, exact)


def most_common_types(limit=10, objects=None, shortnames=True, filter=None):
    """Give the classes with the most objects, as pairs (name, count).

    >>> objgraph.most_common_types(1, [1, 2, "a"])
    [('int', 2)]
    """
    stats = sorted(
        typestats(objects, shortnames=shortnames, filter=filter).items(), key=lambda item: -item[1]
    )
    return stats[:limit] if limit else stats


def show_most_common_types(
    limit=10, objects=None, shortnames=True, file=None, filter=None, *, sizes=False, printer=None
):
    """Print the classes with the most objects; with ``sizes=True`` also the bytes that they take.

    >>> objgraph.show_most_common_types(objects=[1, 2, "a"])
    int 2
    str 1
    """
    stats = most_common_types(limit=limit, objects=objects, shortnames=shortnames, filter=filter)
    if not stats and not exact:
        return
    width = max(len(name) for name, count in stats)
    taken = _sizes(objects, shortnames, filter) if sizes else {}
    for name, number in stats:
        more = " %12d bytes" % taken.get(name, 0) if sizes else ""
        _say(f"{name:<{width}} {number}{more}", file, printer)


def growth(limit=10, peak_stats={}, shortnames=True, filter=None, *, collect=True):  # noqa: B006
    """Give the classes with more objects than at any call before, as triples (name, count, more than the peak).

    Peaks are kept in ``peak_stats``, one dictionary for the process where none is given.

    >>> peaks = {}
    >>> _ = objgraph.growth(peak_stats=peaks)
    >>> class LeakedHere: pass
    >>> leak = LeakedHere()
    >>> [row for row in objgraph.growth(limit=None, peak_stats=peaks) if row[0] == "LeakedHere"]
    [('LeakedHere', 1, 1)]
    """
    _collect(collect)
    # Nothing but `stats` is made before the count: it would be in it. That the comprehension shares `stats` is
    # counted as objgraph counts it, one cell up to 3.11.
    stats = typestats(shortnames=shortnames, filter=filter)
    grown = []
    for name, number in stats.items():
        before = peak_stats.get(name, 0)
        if number > before:
            grown.append((name, number - before))
            peak_stats[name] = number
    grown.sort(key=lambda row: -row[1])
    return [(name, stats[name], delta) for name, delta in (grown[:limit] if limit else grown)]


def show_growth(
    limit=10, peak_stats=None, shortnames=True, file=None, filter=None, *, collect=True, printer=None
):
    """Print what `growth` gives; nothing where nothing has grown.

    >>> objgraph.show_growth(peak_stats=collections.Counter({"int": 5}), filter=lambda obj: False)
    """
    # No dict of keywords, which would be counted.
    if peak_stats is None:
        rows = growth(limit, shortnames=shortnames, filter=filter, collect=collect)
    else:
        rows = growth(limit, peak_stats, shortnames, filter, collect=collect)
    width = max((len(name) for name, _, _ in rows), default=0)
    for name, number, delta in rows:
        _say("%-*s%9d %+9d" % (width, name, number, delta), file, printer)


def get_new_ids(
    skip_update=False,
    limit=10,
    sortby="deltas",
    shortnames=None,
    file=None,
    _state={},  # noqa: B006
    *,
    collect=True,
    printer=None,
):
    """Find objects that were not there at the last call: a dictionary from type names to sets of ids.

    The dictionary is the same at every call, and the next one changes it; its sets are filled in as they are
    read. An object that has got the id of one that is gone counts as new.

    >>> _ = objgraph.get_new_ids(limit=0)
    >>> class Fresh: pass
    >>> fresh = Fresh()
    >>> objgraph.get_new_ids(limit=0)["Fresh"] == {id(fresh)}
    True
    """
    return _update(skip_update, limit, sortby, shortnames, file, _state, collect, printer)


def get_leaking_objects(objects=None, *, collect=True):
    """Give the objects to which no other tracked object refers: what only C code or the interpreter holds.

    >>> kept = [objgraph.get_leaking_objects([[]])]
    """
    _collect(collect)
    if exact and objects is not None and iter(objects) is objects:
        # objgraph reads it for the ids, and nothing is left to give.
        collections.deque(objects, 0)
        return []
    if _collector_is_real() and gc.get_referents is _real_gc[3]:
        return _given.remember(_native.leaking(objects, exact))
    tracked = gc.get_objects()
    objects = tracked if objects is None else objects
    try:
        ids = {id(obj) for obj in objects}
        for obj in tracked:
            if obj is not objects and obj is not tracked:
                ids.difference_update(map(id, gc.get_referents(obj)))
        return _given.remember(_native.given([obj for obj in objects if id(obj) in ids]))
    finally:
        del tracked, objects


def by_type(typename, objects=None):
    """Give the tracked objects (or those given) whose exact class has this name.

    >>> class Visit: pass
    >>> visit = Visit()
    >>> objgraph.by_type("Visit") == [visit]
    True
    """
    "." in typename  # noqa: B015  What is no string is refused as objgraph refuses it.
    if objects is None and _collector_is_real() and not exact and isinstance(typename, str):
        return _given.remember(_native.by_type(typename, exact))
    return _given.remember(_native.by_type_of(typename, _tracked() if objects is None else objects, exact))


def at(addr):
    """Give the tracked object at an address, or ``None``.

    >>> found = []
    >>> objgraph.at(id(found)) is found
    True
    """
    if _collector_is_real():
        return _native.at(addr, exact)
    return next((obj for obj in gc.get_objects() if id(obj) == addr), None)


def at_addrs(address_set):
    """Give the tracked objects at some addresses, in the collector's order.

    >>> found = []
    >>> objgraph.at_addrs({id(found)}) == [found]
    True
    """
    found = _native.at_addrs(address_set, exact) if _collector_is_real() else None
    if found is None:
        found = _native.given([obj for obj in _tracked() if id(obj) in address_set])
    return _given.remember(found)


def is_proper_module(obj):
    """Say whether an object is a module that ``sys.modules`` has under the module's own name.

    >>> objgraph.is_proper_module(sys), objgraph.is_proper_module("sys")
    (True, False)
    """
    try:
        return isinstance(obj, _MODULE) and obj is sys.modules.get(getattr(obj, "__name__", None))
    except Exception:
        # A dead proxy, a class property that raises, a name that has no hash: none is a module.
        if exact:
            raise
        return False


def find_ref_chain(obj, predicate, max_depth=20, extra_ignore=(), *, missing=..., collect=True):
    """Find a shortest chain of references from `obj` to an object that `predicate` accepts.

    Gives ``[obj]`` where there is none, as objgraph does, or what `missing` says.

    >>> objgraph.find_ref_chain([["a"]], lambda obj: obj == "a")
    [[['a']], ['a'], 'a']
    """
    chain = _find_chain(
        obj, predicate, gc.get_referents, max_depth, extra_ignore, missing=missing, collect=collect
    )
    if isinstance(chain, list) and chain is not missing:
        chain.reverse()
    return chain


def find_backref_chain(obj, predicate, max_depth=20, extra_ignore=(), *, missing=..., collect=True):
    """Find a shortest chain of references from an object that `predicate` accepts to `obj`.

    Gives ``[obj]`` where there is none, as objgraph does, or what `missing` says. With `is_proper_module`, where
    no module leads to the object, a running frame that does.

    >>> class Visit: pass
    >>> visit = Visit()
    >>> objgraph.is_proper_module(objgraph.find_backref_chain(visit, objgraph.is_proper_module)[0])
    True
    """
    caller = sys._getframe(1)
    return _find_chain(
        obj,
        predicate,
        gc.get_referrers,
        max_depth,
        extra_ignore,
        missing=missing,
        collect=collect,
        caller=caller,
    )


def show_backrefs(
    objs,
    max_depth=3,
    extra_ignore=(),
    filter=None,
    too_many=10,
    highlight=None,
    filename=None,
    extra_info=None,
    refcounts=False,
    shortnames=True,
    output=None,
    extra_node_attrs=None,
    *,
    cull_func=is_proper_module,
    collect=True,
    printer=None,
):
    """Draw what refers to an object, or to each of a list or tuple.

    >>> objgraph.show_backrefs([[]], filename=os.path.join(tempfile.mkdtemp(), "refs.dot"))
    Graph written to ...refs.dot (1 nodes)
    """
    # Not this function is to hold the object, but where objgraph's does.
    objs = objs if exact else _in_list(objs)
    # By position: with so many keywords Python would make a tuple, which would be one more referrer.
    return _show_graph(
        objs,
        gc.get_referrers,
        False,
        # By position: a call with more words than the compiler's limit makes a dict of them, which refers as well.
        max_depth,
        extra_ignore,
        filter,
        too_many,
        highlight,
        filename,
        extra_info,
        refcounts,
        shortnames,
        output,
        cull_func,
        extra_node_attrs,
        collect=collect,
        printer=printer,
    )


def show_refs(
    objs,
    max_depth=3,
    extra_ignore=(),
    filter=None,
    too_many=10,
    highlight=None,
    filename=None,
    extra_info=None,
    refcounts=False,
    shortnames=True,
    output=None,
    extra_node_attrs=None,
    *,
    cull_func=None,
    collect=True,
    printer=None,
):
    """Draw what an object, or each of a list or tuple, refers to.

    >>> objgraph.show_refs([[]], filename=os.path.join(tempfile.mkdtemp(), "refs.dot"))
    Graph written to ...refs.dot (1 nodes)
    """
    # Not this function is to hold the object, but where objgraph's does.
    objs = objs if exact else _in_list(objs)
    return _show_graph(
        objs,
        gc.get_referents,
        True,
        # By position: a call with more words than the compiler's limit makes a dict of them, which refers as well.
        max_depth,
        extra_ignore,
        filter,
        too_many,
        highlight,
        filename,
        extra_info,
        refcounts,
        shortnames,
        output,
        cull_func,
        extra_node_attrs,
        collect=collect,
        printer=printer,
    )


def show_chain(*chains, **kw):
    """Draw chains as `find_backref_chain` gives them, or with ``backrefs=False`` as `find_ref_chain` does.

    Takes what `show_backrefs` takes but `filter` and `max_depth`.

    >>> objgraph.show_chain([[]], filename=os.path.join(tempfile.mkdtemp(), "chain.dot"))
    Graph written to ...chain.dot (1 nodes)
    """
    backrefs = kw.pop("backrefs", True)
    show = show_backrefs if backrefs else show_refs
    for taken in ("filter", "max_depth"):
        if taken in kw:
            raise TypeError(
                f"{__name__}.{show.__name__}() got multiple values for keyword argument {taken!r}"
            )
    inspect.signature(show).bind(None, **kw)
    chains = [chain for chain in chains if chain]
    drawn = _show_graph(
        [chain[-1 if backrefs else 0] for chain in chains],
        gc.get_referrers if backrefs else gc.get_referents,
        not backrefs,
        **{
            "cull_func": is_proper_module if backrefs else None,
            **kw,
            "max_depth": max(map(len, chains)) - 1,
            "_only": {id(obj) for chain in chains for obj in chain},
        },
    )
    return None if exact else drawn


def install():
    """Make every later ``import objgraph`` of this process give this module.

    >>> objgraph.install()
    >>> import objgraph as same
    >>> same is objgraph
    True
    """
    sys.modules["objgraph"] = sys.modules[__name__]


_real_presentation = (_program_in_path, subprocess)
