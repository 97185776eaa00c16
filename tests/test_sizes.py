"""Shallow sizes: equal to sys.getsizeof for built-in types, and to the growth of resident memory for every shape."""

import io
import mmap
import os
import pathlib
import subprocess
import sys

import pytest
import refroots

GROWTH = """
import gc, resource, sys
import refroots

class Plain:
    def __init__(self): self.a = self.b = self.c = None
class Touched(Plain): pass
class Wide:
    def __init__(self):
        for name in "abcdefghijklmnopqrstuvwxyz": setattr(self, name, None)
class Empty: pass
class Slots:
    __slots__ = ("a", "b", "c")
    def __init__(self): self.a = self.b = self.c = None
class Weak:
    __slots__ = ("a", "__weakref__")
    def __init__(self): self.a = None

def touched():
    made = Touched()
    made.__dict__["d"] = None
    return made

BASE = 10**9
SHAPES = {
    "plain": lambda n: Plain(), "touched": lambda n: touched(), "wide": lambda n: Wide(), "empty": lambda n: Empty(),
    "slots": lambda n: Slots(), "weak": lambda n: Weak(), "dict": lambda n: {"a": None, "b": None},
    "empty dict": lambda n: {}, "int dict": lambda n: dict.fromkeys(range(20)), "list": lambda n: [None] * 5,
    "empty list": lambda n: [], "tuple": lambda n: (None, n and None, None), "set": lambda n: {1, 2, 3},
    "large set": lambda n: set(range(20)), "str": lambda n: "text number %08d" % n, "wide str": lambda n: "文 %08d" % n,
    "int": lambda n: BASE + n, "float": lambda n: n + 0.5, "bytes": lambda n: b"%08d" % n, "bytearray": lambda n: bytearray(40),
}
# Bytes of the object's own block, where it has others besides.
FIRST = {"list": 56, "dict": 64, "empty dict": 64, "int dict": 64, "large set": 216, "bytearray": 56}

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()

def rounded(size):
    return (size + 15) // 16 * 16

def measured(make, count):
    held = [None] * count
    gc.collect()
    gc.disable()
    for number in range(count): held[number] = None
    before = resident()
    for number in range(count):
        held[number] = make(number)
    grown = (resident() - before) / count
    return grown, held

def blocks(node, first):
    if first is None or node.size <= first:
        return rounded(node.size)
    return rounded(first) + rounded(node.size - first)

name = sys.argv[1]
grown, held = measured(SHAPES[name], 200_000)
heap = refroots.capture()
sample = heap[held[150_000]]
first = FIRST.get(name)
if sys.version_info[:2] in ((3, 11), (3, 12)) and name in ("plain", "touched", "wide", "empty"):
    # An instance's values are a block of their own there, behind two words of header and two before the object.
    first = 32 + type(held[0]).__basicsize__
expected = blocks(sample, first)
for reference in sample.referents:
    if reference.name == ".__dict__":
        expected += blocks(reference.target, 64)
print(grown, expected, sample.size)
"""

SHAPES = [
    "plain", "touched", "wide", "empty", "slots", "weak", "dict", "empty dict", "int dict", "list", "empty list", "tuple", "set",
    "large set", "str", "wide str", "int", "float", "bytes", "bytearray",
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_sizes_are_what_resident_memory_grows_by(shape):
    done = subprocess.run([sys.executable, "-c", GROWTH, shape], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    grown, expected, _ = map(float, done.stdout.split())
    assert abs(grown - expected) <= 0.05 * grown, done.stdout


SAMPLES = """
import os, sys, warnings
warnings.simplefilter("ignore")
import refroots, shipped

# What getsizeof leaves out or counts twice: docs/limits.md says why.
DIFFERENT = {"BytesIO", "StringIO", "Pickler", "Unpickler", "mmap", "Structure"}
if sys.version_info < (3, 11):
    DIFFERENT.add("frame")  # a reused frame has more room than its code asks for
samples = shipped.samples()
heap = refroots.capture()
wrong, checked = [], 0
for objects in samples.values():
    for obj in objects:
        kind = type(obj)
        if kind.__name__ in DIFFERENT or isinstance(obj, type) or kind.__flags__ & (1 << 4):
            continue
        checked += 1
        if heap[obj].size != sys.getsizeof(obj):
            wrong.append((kind.__qualname__, heap[obj].size, sys.getsizeof(obj)))
print(wrong)
print(checked)
sys.stdout.flush()
os._exit(0)
"""


def test_sizes_of_shipped_types_are_those_of_getsizeof():
    done = subprocess.run(
        [sys.executable, "-c", SAMPLES],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parent)},
    )
    assert done.returncode == 0, done.stderr
    *_, wrong, checked = done.stdout.splitlines()
    assert wrong == "[]"
    assert int(checked) > 200


def test_memory_behind_an_object_is_its_own():
    anonymous, text = mmap.mmap(-1, 1 << 20), io.StringIO("x" * 1000)
    text.seek(0)
    text.write("y")
    with open(__file__, "rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        heap = refroots.capture()
        assert heap[anonymous].size == sys.getsizeof(anonymous) + (1 << 20)
        # What is mapped of a file is the file's.
        assert heap[mapped].size == sys.getsizeof(mapped)
        assert heap[text].size >= 4000


def test_a_buffer_of_bytes_io_is_an_object_of_its_own():
    made = io.BytesIO()
    made.write(b"x" * 10_000)
    buffers = [r.target for r in refroots.capture()[made].referents if r.name == "(buffer)"]
    assert [(node.type, node.size >= 10_000) for node in buffers] == [("bytes", True)]
