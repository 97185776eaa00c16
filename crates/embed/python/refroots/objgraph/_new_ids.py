"""What `get_new_ids` gives: dictionaries of ids that are filled in as they are read."""

import collections
import functools

import refroots.objgraph as _module
from refroots._native import objgraph as _native

_KEPT = ("old", "current", "new")
_COLUMNS = {"old": 1, "current": 2, "new": 3, "deltas": 4}


class _Ids(collections.defaultdict):
    """Sets of ids by the names of types, made when they are asked for."""

    def __init__(self, which):
        super().__init__(set)
        self._which = which
        #: What is read when a set is asked for; `None` when all sets are there.
        self._store = None
        #: What the three dictionaries share.
        self.store = None

    def _watch(self, store):
        super().clear()
        self._store = store

    def _fill(self):
        store, self._store = self._store, None
        if store is not None:
            read = dict(super().items())
            super().clear()
            for name in store.names():
                super().__setitem__(name, read.pop(name) if name in read else store.ids(self._which, name))
            super().update(read)
        return self

    def __missing__(self, name):
        known = None if self._store is None else self._store.ids(self._which, name)
        if known is None:
            return super().__missing__(name)
        super().__setitem__(name, known)
        return known

    def __reduce__(self):
        return (collections.defaultdict, (set, dict(self.items())))


def _filled(name):
    method = getattr(collections.defaultdict, name)

    @functools.wraps(method)
    def call(self, *args, **kwargs):
        return method(self._fill(), *args, **kwargs)

    return call


for _name in (
    *(
        "__contains__",
        "__delitem__",
        "__eq__",
        "__ior__",
        "__iter__",
        "__len__",
        "__ne__",
        "__or__",
        "__repr__",
    ),
    *("__reversed__", "__ror__", "__setitem__", "clear", "copy", "get", "items", "keys", "pop", "popitem"),
    *("setdefault", "update", "values"),
):
    setattr(_Ids, _name, _filled(_name))


def _update(skip_update, limit, sortby, shortnames, file, state, collect, printer):
    # Sets, as objgraph has them, where a program's own collector may know other objects than Python's.
    is_plain = _module.exact or not _module._collector_is_real()
    kind = collections.defaultdict if is_plain else _Ids
    if not all(type(state.get(which)) is kind for which in _KEPT):
        _begin(state, is_plain)
    state.setdefault("shortnames", True)
    if skip_update:
        return state["new"]
    if shortnames is None:
        shortnames = state["shortnames"]
    else:
        state["shortnames"] = shortnames
    _module._collect(collect)
    rows = _update_plain(state, shortnames) if is_plain else _update_stored(state, shortnames, limit == 0)
    column = _COLUMNS[sortby]
    rows.sort(key=lambda row: (row[column], row[0]), reverse=True)
    if limit is not None:
        rows = rows[:limit]
    if rows:
        _show(rows, file, printer)
    return state["new"]


def _begin(state, is_plain):
    if is_plain:
        state.update({which: collections.defaultdict(set) for which in _KEPT})
        return
    state.update({which: _Ids(which) for which in _KEPT})
    store = _native.Ids()
    for which in _KEPT:
        state[which].store = store


def _update_stored(state, shortnames, is_silent):
    store = state["new"].store
    for which in _KEPT:
        # What was read goes before the heap is looked at, so that it is not found there.
        state[which]._watch(None)
    store.update(bool(shortnames))
    for which in _KEPT:
        state[which]._watch(store)
    return [] if is_silent else store.rows()


def _update_plain(state, shortnames):
    old, current, new = (state[which] for which in _KEPT)
    # Each set is used again: the objects that are counted are to be as many as the last time.
    for ids in old.values():
        ids.clear()
    for name, ids in current.items():
        old[name].update(ids)
        ids.clear()
    name_of = _module._short_typename if shortnames else _module._long_typename
    objects = _module.gc.get_objects()
    for obj in objects:
        current[name_of(obj)].add(id(obj))
    del obj, objects
    for ids in new.values():
        ids.clear()
    rows, gone = [], []
    for name, ids in current.items():
        before = old[name]
        if not ids and not before:
            gone.append(name)
            continue
        new[name].update(ids - before)
        rows.append((name, len(before), len(ids), len(new[name]), len(ids) - len(before)))
    for name in gone:
        for ids in (old, current, new):
            ids.pop(name, None)
    return rows


def _show(rows, file, printer):
    width = max(len(row[0]) for row in rows)
    rule = "=" * (width + 52)
    lines = [
        rule,
        "%-*s%13s%13s%13s%13s" % (width, "Type", "Old_ids", "Current_ids", "New_ids", "Count_Deltas"),
        rule,
    ]
    lines += ["%-*s%13d%13d%+13d%+13d" % (width, *row) for row in rows]
    for line in [*lines, rule]:
        _module._say(line, file, printer)
