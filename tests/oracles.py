"""What a capture is compared with inside the programs of the tests: the collector's references, and counts."""

import collections
import gc
import sys

import refroots

FRAME = type(sys._getframe())
NAME_OF = type.__dict__["__name__"].__get__


def own_types():
    """The classes of refroots, and of the marks that a heap keeps in the collector's order."""
    heap = refroots.capture()
    marks = {id(type(obj)) for obj in gc.get_objects() if NAME_OF(type(obj)) == "Boundary"}
    del heap
    return marks | {id(member) for member in vars(refroots._native).values() if isinstance(member, type)}


OWN_TYPES = own_types()


def is_interned_strings(obj):
    """Whether it is the interpreter's dict of interned strings, which 3.14 shows and which owns nothing."""
    return type(obj) is dict and len(obj) > 1000 and all(k is v for k, v in obj.items())


def is_deadly(obj):
    """Whether `gc.get_referents` would free dead objects again: 3.12's _asyncio visits those it keeps for reuse."""
    return sys.version_info[:2] == (3, 12) and obj is sys.modules.get("_asyncio")


def lost_references(objects=None):
    """By type: references that `gc.get_referents` says and one capture has not. `{}` where all are there."""
    objects = gc.get_objects() if objects is None else objects
    # Frames that run change between the capture and the look; what the check itself holds is its own.
    checked = [
        obj
        for obj in objects
        if type(obj) is not FRAME
        and not is_deadly(obj)
        and id(type(obj)) not in OWN_TYPES
        and not is_interned_strings(obj)
    ]
    heap = refroots.capture()
    passing = {id(objects), id(checked), id(heap), id(sys._getframe()), id(sys._getframe(1))}
    lost = collections.Counter()
    for obj in checked:
        if id(obj) in passing:
            continue
        expected = collections.Counter(map(id, gc.get_referents(obj)))
        try:
            found = collections.Counter(reference.target.address for reference in heap[obj].referents)
        except KeyError:
            lost["not in the heap: " + type(obj).__name__] += 1
            continue
        missing = expected - found
        for address in passing:
            missing.pop(address, None)
        if missing:
            lost[type(obj).__name__] += sum(missing.values())
    lost.pop("not in the heap: module", None)  # refroots' own
    return dict(lost)


# Code that is compiled into the interpreter (3.11) refers to these without counting (Tools/scripts/deepfreeze.py).
UNCOUNTED = {"NoneType", "bool", "ellipsis"}


def is_counted(reference):
    """Whether a reference is one that its target counts: frames of 3.14 borrow, and none holds its generator."""
    borrows = sys.version_info >= (3, 14) or reference.name == "(running)"
    return not (borrows and reference.source.type == "frame")


def phantom_references():
    """By type and text: objects that a capture finds more references to than they count. `{}` is right."""
    heap = refroots.capture()
    phantoms = collections.Counter()
    for row in heap.by_type():
        if row.type in UNCOUNTED:
            continue
        try:
            nodes = heap.find(row.type)
        except LookupError:  # several types of that name: no one can ask for the bare one
            continue
        for node in nodes:
            # A count of 0: freed, and kept for reuse by a module that still visits it (3.12's _asyncio).
            if node.refcount and sum(map(is_counted, node.referrers)) > node.refcount:
                phantoms[node.type, node.text] += 1
    return dict(phantoms)


def assert_captured_truly():
    """Nothing is lost and nothing is made up; what `lost_references` itself fills, it fills before it looks."""
    lost_references()
    lost, phantoms = lost_references(), phantom_references()
    assert (lost, phantoms) == ({}, {}), (lost, phantoms)


CONTENTS = ("attribute", "item")


def attributes(heap, obj):
    """An instance's attributes, name to address: those that stand in it, its slots, and those of its `__dict__`."""
    found, dicts = {}, []
    for reference in heap[obj].referents:
        if reference.name == ".__dict__":
            dicts.append(reference.target)
        elif reference.kind in ("attribute", "slot"):
            found[reference.name] = reference.target.address
    for namespace in dicts:
        found |= {
            reference.name: reference.target.address
            for reference in namespace.referents
            if reference.kind in CONTENTS
        }
    return found
