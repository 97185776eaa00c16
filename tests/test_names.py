"""Every reference of every type that CPython ships is an edge with a kind and a name: tests/shipped.py lists them."""

import asyncio
import collections
import contextvars
import functools
import itertools
import operator
import os
import pathlib
import queue
import re
import subprocess
import sys
import threading
import types
import weakref
import xml.etree.ElementTree as ElementTree

import pytest
import refroots
import shipped
from shipped import Marker

PROGRAM = """
import collections, gc, os, sys, warnings
warnings.simplefilter("ignore")
import refroots, shipped

samples = shipped.samples()
for group, objects in samples.items():
    assert objects, group

def check():
    seen, objects = set(), []
    for obj in [*gc.get_objects(), *(each for group in samples.values() for each in group)]:
        if id(obj) not in seen and not type(obj).__module__.startswith("refroots"):
            seen.add(id(obj))
            objects.append(obj)
    heap = refroots.capture()
    missing, unnamed, types = collections.Counter(), collections.Counter(), set()
    for obj in objects:
        # This program's own containers change while it looks; test_capture.py asks those of others.
        if type(obj) in (dict, list, set, type(sys._getframe())) or (
            isinstance(obj, type(sys)) and obj.__name__.startswith("refroots")
        ):
            continue
        types.add(type(obj))
        referents = heap[obj].referents
        held = gc.get_referents(obj)
        for address in collections.Counter(map(id, held)) - collections.Counter(r.target.address for r in referents):
            missing[type(obj).__qualname__] += 1
        for reference in referents:
            if reference.kind == "unnamed" or not reference.name:
                unnamed[type(obj).__qualname__, reference.target.type] += 1
    return missing, unnamed, types

check()
missing, unnamed, types = check()
print(dict(missing))
print(dict(unnamed))
print(len(types))
sys.stdout.flush()
os._exit(0)
"""


def test_every_reference_of_every_shipped_type_has_a_name(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parent)},
    )
    assert done.returncode == 0, done.stderr
    *said, missing, unnamed, count = done.stdout.splitlines()
    assert (missing, unnamed) == ("{}", "{}"), said
    assert int(count) > 350


def cache_of(marker):
    @functools.lru_cache
    def cached(key):
        return marker

    cached("key")
    return cached


def in_context(marker):
    variable = contextvars.ContextVar("variable")
    context = contextvars.Context()
    context.run(variable.set, marker)
    return context


def element(marker):
    made = ElementTree.Element("tag")
    made.text = marker
    return made


def parent(child):
    made = ElementTree.Element("tag")
    made.append(child)
    return made


def local_of(marker):
    made = threading.local()
    made.attribute = marker
    return made


def started(generator):
    generator.send(None)
    return generator


def awaiting(marker):
    box = [marker]

    async def outer():
        await shipped.paused(box.pop())

    return started(outer())


def task_of(marker):
    async def waits(argument):
        await asyncio.sleep(10)

    loop = asyncio.new_event_loop()
    task = loop.create_task(waits(marker))
    loop.call_soon(loop.stop)
    loop.run_forever()
    return task


def raised(marker):
    try:
        raise ValueError(marker)
    except ValueError as error:
        return error


def frame_of(marker):
    try:
        raise ValueError
    except ValueError as error:
        return error.__traceback__.tb_frame


# How one Marker is held: what holds it, and the names on the way to it.
HELD = [
    (lambda m: collections.deque([None, m]), ["[1]"]),
    (lambda m: collections.deque([*range(200), m]), ["[200]"]),
    (lambda m: collections.OrderedDict(k=m), ["['k']"]),
    (lambda m: collections.ChainMap({"k": m}), [".maps", "[0]", "['k']"]),
    (lambda m: types.MappingProxyType({"k": m}), ["(mapping)", "['k']"]),
    (lambda m: functools.partial(print, m), [".args", "[0]"]),
    (lambda m: functools.partial(m.__init__), [".func", ".__self__"]),
    (cache_of, ["['key']"]),
    (lambda m: iter([m]), ["(iterable)", "[0]"]),
    (lambda m: itertools.repeat(m), ["(element)"]),
    (lambda m: itertools.chain([m]), ["(sources)", "(iterable)", "[0]", "[0]"]),
    (lambda m: itertools.cycle([m]), ["(iterator)", "(iterable)", "[0]"]),
    (lambda m: enumerate([m]), ["(iterator)", "(iterable)", "[0]"]),
    (lambda m: map(print, [m]), ["(iterators)", "[0]", "(iterable)", "[0]"]),
    (lambda m: operator.itemgetter(m, 1), ["(item)", "[0]"]),
    (lambda m: types.CellType(m), [".cell_contents"]),
    (lambda m: contextvars.ContextVar("v", default=m), ["(default)"]),
    (in_context, ["(variables)", "(root)", "[<ContextVar>]"]),
    (element, [".text"]),
    (lambda m: parent(element(m)), ["[0]", ".text"]),
    (lambda m: started(shipped.generator(m)), ["argument"]),
    (awaiting, ["(awaiting)", "argument"]),
    (task_of, ["._coro", "argument"]),
    (raised, [".args", "[0]"]),
    (frame_of, ["marker"]),
    (lambda m: super(Marker, m), [".__self__"]),
    (lambda m: weakref.ref(Marker, m.__init__), [".__callback__", ".__self__"]),
    (lambda m: slice(None, m), [".stop"]),
    (lambda m: property(m.__init__), [".fget", ".__self__"]),
    (lambda m: types.SimpleNamespace(k=m), [".k"]),
    (lambda m: shipped.Structure(1, b"x", m), ["._objects", "['2']"]),
    (lambda m: collections.UserDict(k=m), [".data", "['k']"]),
]  # fmt: skip


# 3.10 has a frame object between a coroutine and its locals.
PASSED = {".__dict__", ".gi_frame", ".cr_frame"}


def way(heap, obj, target):
    """Names of a shortest way from one object to another; a namespace dict on it is left out."""
    ways = collections.deque([(heap[obj], [])])
    seen = {id(obj)}
    while ways:
        node, names = ways.popleft()
        if node.address == id(target):
            return [name for name in names if name not in PASSED]
        if node.type in ("type", "module"):
            continue
        for reference in node.referents:
            if reference.target.address not in seen and reference.kind != "key":
                seen.add(reference.target.address)
                ways.append((reference.target, [*names, reference.name]))
    return None


@pytest.mark.parametrize("at", range(len(HELD)))
def test_names_say_how_an_object_is_held(at):
    make, names = HELD[at]
    marker = Marker()
    holder = make(marker)
    heap = refroots.capture()
    found = way(heap, holder, marker)
    assert [re.sub(r" #\d+", "", name) for name in found] == names


def test_queue_and_thread_local_are_named():
    marker, filled = Marker(), queue.SimpleQueue()
    filled.put(marker)
    local = local_of(marker)
    heap = refroots.capture()
    assert way(heap, filled, marker)[0] in {"(items)", "(queued)"}
    assert heap[local].referents


class Temporary:
    pass


def look():
    return refroots.capture()


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="3.10 does not say how deep a running frame's stack is"
)
def test_what_a_waiting_expression_holds_is_on_its_frames_stack():
    made = [Temporary(), look()]
    heap = made[1]
    (found,) = heap.find("Temporary")
    assert found.external == 0
    (reference,) = found.referrers
    assert (reference.name, reference.source.type) == ("(evaluation stack)", "frame")
    assert "test_what_a_waiting_expression_holds" in reference.source.text


CACHED = cache_of(Marker())


def test_a_result_in_a_cache_has_no_expression():
    heap = refroots.capture()
    (result,) = [reference.target for reference in heap[CACHED].referents if reference.name == "['key']"]
    chain = result.chain()
    assert chain.references[-1].name in ("['key']", "<marker>")
    assert chain.expression is None or "['key']" not in chain.expression


def test_a_cell_in_a_local_is_not_one_that_closures_share():
    cell = types.CellType(Marker())
    heap = refroots.capture()
    assert [r.name for r in heap[cell].referents] == [".cell_contents"]


def test_code_objects_name_constants_and_names():
    code = shipped.closure.__code__
    heap = refroots.capture()
    named = {reference.name: reference.target.address for reference in heap[code].referents}
    assert named[".co_consts"] == id(code.co_consts)
    assert named[".co_names"] == id(code.co_names)
    assert {reference.name for reference in heap[code.co_consts].referents} >= {"[0]"}


@pytest.mark.parametrize("static", [int, dict, type, BaseException, type(iter([]))])
def test_static_types_hold_their_dicts(static):
    heap = refroots.capture()
    (namespace,) = [reference.target for reference in heap[static].referents if reference.name == ".__dict__"]
    doc = [reference for reference in namespace.referents if reference.kind == "attribute"]
    assert {reference.name for reference in doc} >= {f".{name}" for name in vars(static)}
    assert heap.why(vars(static).get("__repr__", static)).root.kind != "garbage"


def test_shared_keys_are_their_classes():
    class Shares:
        def __init__(self):
            self.first_shared_attribute = self.second_shared_attribute = None

    instances = [Shares() for _ in range(100)]
    heap = refroots.capture()
    key = next(name for name in Shares.__init__.__code__.co_names if name.startswith("first"))
    keys = [reference for reference in heap[key].referrers if reference.kind == "key"]
    assert [reference.source.address for reference in keys].count(id(Shares)) == 1
    assert not {reference.source.address for reference in keys} & set(map(id, instances))
