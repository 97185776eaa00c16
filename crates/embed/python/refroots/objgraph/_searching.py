"""The search behind `find_ref_chain` and `find_backref_chain`, and the sizes of types."""

import collections
import inspect
import sys

import refroots.objgraph as _module
from refroots._native import objgraph as _native


def _find_chain(
    obj, predicate, edge_func, max_depth=20, extra_ignore=(), *, missing=..., collect=True, caller=None
):
    """Search breadth-first for an object that `predicate` accepts, and give the way back from it to `obj`."""
    if collect:
        _module.gc.collect()
    given = None if _module.exact else _module._given
    if edge_func is _module._real_gc[2]:
        caller = None if _module.exact else caller or sys._getframe(1)
        is_plain = predicate is _module.is_proper_module and not _module.exact
        chain = _native.find_backrefs(
            obj,
            None if is_plain else predicate,
            max_depth,
            extra_ignore,
            given,
            # What runs in a namespace (a module, a class, a prompt) keeps its variables there.
            caller.f_locals if caller and not caller.f_code.co_flags & inspect.CO_NEWLOCALS else None,
            _module.exact,
        )
    elif edge_func is _module._real_gc[3]:
        chain = _native.find_refs(obj, predicate, max_depth, extra_ignore, given, _module.exact)
    else:
        chain = _search(obj, predicate, edge_func, max_depth, {id(extra_ignore), *extra_ignore})
        if chain and given:
            chain = given.remember(_native.given(chain))
    if chain is None:
        return [obj] if missing is ... else missing
    return chain


def _search(obj, predicate, edge_func, max_depth, ignored):
    """Search with any function of edges."""
    reached = [(obj, None, 0)]
    seen = {id(obj)}
    ignored |= {id(reached), id(seen), id(ignored), id(sys._getframe()), id(sys._getframe(1))}
    for step in reached:
        node, _, depth = step
        ignored.add(id(step))
        if predicate(node):
            chain = []
            while step is not None:
                chain.append(step[0])
                step = step[1]
            return chain
        if depth < max_depth:
            neighbours = edge_func(node)
            ignored.add(id(neighbours))
            for neighbour in neighbours:
                if id(neighbour) not in ignored and id(neighbour) not in seen:
                    seen.add(id(neighbour))
                    reached.append((neighbour, step, depth + 1))
            del neighbours
    return None


def _sizes(objects, shortnames, filter):
    if objects is None and filter is None and _module._collector_is_real():
        return _native.sizes(bool(shortnames))
    taken = collections.Counter()
    for obj in _module._tracked() if objects is None else objects:
        if filter is None or filter(obj):
            taken[_native.typename(obj, bool(shortnames))] += sys.getsizeof(obj, 0)
    return taken
