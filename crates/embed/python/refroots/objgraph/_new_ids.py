"""What `get_new_ids` gives: dictionaries of ids that are filled in as they are read."""

import collections
import functools

import refroots.objgraph as _module
from refroots._native import objgraph as _native

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


class _Given:
    """What a program's own collector gives, in sets of ids: it may know objects that Python's does not."""

    def __init__(self):
        self._kept = {"old": {}, "current": {}}

    def update(self, objects, name_of):
        current = collections.defaultdict(set)
        for obj in objects:
            current[name_of(obj)].add(id(obj))
        self._kept = {"old": self._kept["current"], "current": dict(current)}

    def names(self):
        return list({**self._kept["current"], **self._kept["old"]})

    def ids(self, which, name):
        if name not in self.names():
            return None
        old, current = (self._kept[when].get(name, set()) for when in ("old", "current"))
        return {"old": set(old), "current": set(current), "new": current - old}[which]

    def rows(self):
        counted = [
            (name, *(len(self.ids(which, name)) for which in ("old", "current", "new")))
            for name in self.names()
        ]
        return [(*row, row[2] - row[1]) for row in counted]


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
    ids = {which: state.get(which) for which in ("old", "current", "new")}
    if not all(isinstance(known, _Ids) for known in ids.values()):
        ids = {which: _Ids(which) for which in ids}
        shared = _native.Ids()
        for known in ids.values():
            known.store = shared
        state.update(ids)
    state.setdefault("shortnames", True)
    if skip_update:
        return state["new"]
    if shortnames is None:
        shortnames = state["shortnames"]
    else:
        state["shortnames"] = shortnames
    _module._collect(collect)
    is_given = not _module._collector_is_real()
    if is_given != isinstance(state["new"].store, _Given):
        shared = _Given() if is_given else _native.Ids()
        for known in ids.values():
            known.store = shared
    store = state["new"].store
    for known in ids.values():
        # What was read goes before the heap is looked at, so that it is not found there.
        known._watch(None)
    if is_given:
        store.update(
            _module.gc.get_objects(), _module._short_typename if shortnames else _module._long_typename
        )
    else:
        store.update(bool(shortnames), _module.exact)
    for known in ids.values():
        known._watch(store)
    if limit == 0:
        return state["new"]
    rows = store.rows()
    column = _COLUMNS[sortby]
    rows.sort(key=lambda row: (row[column], row[0]), reverse=True)
    if limit is not None:
        rows = rows[:limit]
    if rows:
        _show(rows, file, printer)
    return state["new"]


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
