"""A capture that was dropped has left nothing: no object, no count, no memory, no file, no thread, no collection."""

import sys

import pytest

# A process of more than 200 MB with objects of many types, so that 1 % of it means something.
HEAP = """
import array, asyncio, collections, dataclasses, decimal, enum, functools, gc, json, logging, os, re, sys, threading
import types, typing, unittest, weakref, refroots

class Plain:
    def __init__(self, n):
        self.first, self.second, self.n = [n], {"n": n}, n

class Slotted:
    __slots__ = ("here", "__weakref__")

@dataclasses.dataclass
class Record:
    text: str
    number: float

def generator():
    local = [1]
    yield local

def work(started, done):
    local = ["a local of another thread"]
    started.set()
    done.wait()

keep = [Plain(n) for n in range(100_000)]
weight = bytearray(200 * 2**20)
keep += [Slotted() for _ in range(1000)] + [Record(f"text {n}", n / 7) for n in range(20_000)]
keep += [f"string {n}" for n in range(20_000)] + [n * 10**9 for n in range(20_000)] + [(n, [n]) for n in range(20_000)]
keep += [{n, n + 1} for n in range(1000)] + [frozenset([n]) for n in range(1000)] + [range(10**9, 10**9 + n) for n in range(99)]
keep += [decimal.Decimal(n) for n in range(1000)] + [array.array("i", [n]) for n in range(1000)] + [weakref.ref(keep[0])]
keep += [functools.partial(print, n) for n in range(1000)] + [collections.deque([n]) for n in range(1000)]
keep += [lambda n=n: n for n in range(1000)] + [generator() for _ in range(1000)] + [re.compile(f"a{n}") for n in range(100)]
for suspended in keep[-1100:-100]:
    next(suspended)
started, done = threading.Event(), threading.Event()
thread = threading.Thread(target=work, args=(started, done), daemon=True)
thread.start()
started.wait()
gc.collect()

def resident():
    with open("/proc/self/statm") as statm:
        total, shared = map(int, statm.read().split()[1:3])
    # Pages of files are not the process's own: those of the extension's code come when it first runs.
    return total * 4096, (total - shared) * 4096

def look(times=100):
    for _ in range(times):
        refroots.capture()

def end():
    done.set()
    thread.join()
"""


def test_counts_and_objects_are_what_they_were(run_python):
    run_python(
        HEAP
        + """
def sample():
    by_type = collections.defaultdict(list)
    for obj in gc.get_objects():
        by_type[type(obj)].append(obj)
    found = [obj for several in by_type.values() for obj in several[:: max(1, len(several) // 10)][:10]]
    codes = [obj.__code__ for obj in by_type[types.FunctionType][:200]]
    found += codes + [code.co_filename for code in codes] + [code.co_consts for code in codes]
    found += ["interned", sys.intern("interned too"), 7, 10**20, -5, 1.5, b"bytes", None, True, (), "", frozenset(), ...]
    found += [obj for several in list(by_type.values()) for obj in several[:1]] + list(by_type)
    found += [obj.n for obj in keep[:100]] + [obj.second for obj in keep[:100]] + [keep[-1].pattern, print, sys, int]
    found += [value for module in list(sys.modules.values())[:50] for value in list(vars(module).values())[:10]]
    return found

def counts(sampled, into):
    for index, obj in enumerate(sampled):
        into[index] = sys.getrefcount(obj)

sampled = sample()
assert len(sampled) >= 1000, len(sampled)
before, after = array.array("q", [0] * len(sampled)), array.array("q", [0] * len(sampled))
counts(sampled, before), counts(sampled, after)
refroots.capture()
gc.collect()
tracked = len(gc.get_objects())
counts(sampled, before)
look()
counts(sampled, after)
changed = [(type(obj), a, b) for obj, a, b in zip(sampled, before, after) if a != b]
assert not changed, changed
del changed
gc.collect()
assert len(gc.get_objects()) == tracked, (tracked, len(gc.get_objects()))
end()
"""
    )


def test_memory_files_threads_and_the_collector_are_what_they_were(run_python):
    run_python(
        HEAP
        + """
heard = []
gc.callbacks.append(lambda phase, info: heard.append(phase))
gc.collect()
def measure():
    return (
        sys.getallocatedblocks(),
        sorted(os.listdir("/proc/self/fd")),
        os.listdir("/proc/self/task"),
        threading.active_count(),
        [generation["collections"] for generation in gc.get_stats()],
        gc.get_threshold(), gc.isenabled(), gc.get_freeze_count(), len(gc.garbage), sys.gettrace(), sys.getprofile(),
        sys.getrecursionlimit(), sys.getswitchinterval(), sorted(sys.modules), sorted(os.environ),
    )
measure(), resident()
gc.disable()
gc.enable()
heard.clear()
memory = resident()
assert memory[1] >= 200 * 2**20, memory
refroots.capture()
memory_then = resident()
measured = None  # so that it exists, and the first of two measurements is not counted by the second
blocks = sys.getallocatedblocks()
for _ in range(100):
    refroots.capture()
blocks = sys.getallocatedblocks() - blocks
memory_after = resident()
assert abs(blocks) <= 3, blocks
assert heard == [], heard
assert abs(memory_after[1] - memory[1]) <= memory[1] // 100, (memory, memory_after)
assert abs(memory_after[0] - memory_then[0]) <= memory_then[0] // 100, (memory_then, memory_after)
measured = measure()
look(3)
again = measure()
assert measured[1:] == again[1:], (measured, again)
# The measurements' own lists are what is left between them.
assert again[0] - measured[0] < 400, (measured[0], again[0])
end()
"""
    )


@pytest.mark.skipif(sys.version_info < (3, 11), reason="instances of 3.10 have a dict each")
def test_no_dict_comes_to_be(run_python):
    run_python(
        """
        import refroots, sys

        class Plain:
            def __init__(self, n):
                self.n = n
        keep = [Plain(n) for n in range(1000)]
        vars(keep[500])
        for _ in range(100):
            heap = refroots.capture()
        refroots.show_backrefs(keep[7], filename="plain.svg"), heap.why(keep[8])
        heap = refroots.capture()
        with_dict = [node for node in heap.find("__main__.Plain") if any(r.name == ".__dict__" for r in node.referents)]
        assert [node.address for node in with_dict] == [id(keep[500])], with_dict
        """
    )


def test_nothing_is_left_in_the_folder_of_temporary_files(run_python, tmp_path):
    run_python(
        f"""
        import os, refroots, tempfile
        assert tempfile.gettempdir() == {str(tmp_path)!r}
        before = sorted(os.listdir(tempfile.gettempdir()))
        for _ in range(100):
            refroots.capture()
        assert sorted(os.listdir(tempfile.gettempdir())) == before
        """,
        env={"TMPDIR": str(tmp_path)},
    )
