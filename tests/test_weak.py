"""Weak references: found as `weakref.getweakrefs` finds them, shown when asked, and nothing is alive by them."""

import pathlib
import subprocess
import sys

import pytest
from snapshot_reader import Snapshot

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures" / "snapshots"

PRELUDE = """
import gc, os, sys, threading, types, weakref, refroots

class Foo:
    def method(self):
        pass
    def __call__(self):
        pass

class Slotted(weakref.ref):
    __slots__ = ("extra", "__weakref__")

class Named(weakref.ref):
    pass

TYPES = (weakref.ReferenceType, weakref.ProxyType, weakref.CallableProxyType)

def found(heap, obj):
    return sorted(node.address for node in heap[obj].weak_referrers)

def expected(obj):
    return sorted(map(id, weakref.getweakrefs(obj)))

def pairs(heap):
    return {weak.address: node.address for node in heap.find("Foo") for weak in node.weak_referrers}

foo, quiet = Foo(), Foo()
values = weakref.WeakValueDictionary({"k": foo, "l": foo, 3: quiet})
keys, members = weakref.WeakKeyDictionary({foo: 1, quiet: 2}), weakref.WeakSet([foo, quiet, Foo])
weak = [weakref.ref(foo), weakref.ref(foo, print), weakref.WeakMethod(foo.method), Slotted(foo), Named(foo, print)]
weak += [weakref.proxy(foo), weakref.proxy(foo, print), weakref.finalize(foo, print), weakref.ref(Foo.method)]
weak[3].extra, weak[4].me = foo, weak
of_weak = [weakref.ref(weak[3]), weakref.proxy(weak[4])]
code, lock = compile("1", "x", "eval"), threading.Lock()
not_tracked = [weakref.ref(code), weakref.ref(lock)]
"""


def test_each_object_has_the_weak_references_that_python_says(run_python):
    out = run_python(
        PRELUDE
        + """
gc.collect()
tracked = [obj for obj in gc.get_objects() if type(obj) is not types.FrameType]
# Static types and code are not tracked.
referents = [weakref.ref.__call__(weak) for weak in tracked if issubclass(type(weak), weakref.ref)]
objects = {id(obj): obj for obj in tracked + referents + [None]}
del objects[id(None)]
objects = list(objects.values())
heap = refroots.capture()
assert heap.notes == [], heap.notes
checked = 0
for obj in objects:
    try:
        node = heap[obj]
    except KeyError:  # refroots' own
        continue
    assert sorted(weak.address for weak in node.weak_referrers) == expected(obj)
    checked += len(node.weak_referrers)
proxies = [obj for obj in objects if type(obj) in TYPES[1:]]
print(checked, len(referents) - referents.count(None) + len(proxies), len(found(heap, foo)))
"""
    )
    checked, alive, of_foo = map(int, out.split())
    assert (of_foo, checked) == (12, alive) and checked > 300


def test_the_dead_and_the_dying_have_none(run_python):
    run_python(
        PRELUDE
        + """
dead = [weakref.ref(Foo()), weakref.proxy(Foo()), Slotted(Foo())]
heap = refroots.capture()
assert not set(pairs(heap)) & set(map(id, dead))
for gone in dead:
    view = refroots.show_refs(gone, weak=True).view
    assert not any(reference["weak"] for reference in view["references"]), view

# In a callback the referent is gone already, in `__del__` it is still there.
heaps = []
watched = Foo()
seen = [weakref.ref(watched, lambda weak: heaps.append((id(weak), refroots.capture())))]
del watched
(address, heap), = heaps
assert address == id(seen[0]) and address not in pairs(heap)

class Last(Foo):
    def __del__(self):
        heap = refroots.capture()
        assert found(heap, self) == expected(self) and len(expected(self)) == 1
        heaps.append(heap)
last = Last()
seen.append(weakref.ref(last))
del last
assert len(heaps) == 2

# A long chain is taken apart step by step: objects whose count is 0 still have their weak references then.
class Link:
    pass
class End(Link):
    def __del__(self):
        heap = refroots.capture()
        held = {weak.address: node.address for node in heap.find("Link") for weak in node.weak_referrers}
        assert held == {id(weak): id(weak()) for weak in links if weak() is not None}, len(held)
        heaps.append(len(held))
keep, chain, links = Link(), End(), []
links.append(weakref.ref(keep))
for _ in range(5000):
    link = Link()
    link.after, chain = chain, link
    links.append(weakref.ref(link))
del link, chain
assert heaps[2:] == [1], heaps[2:]
"""
    )


def test_a_referent_that_nothing_shows_is_no_node(run_python):
    run_python(
        PRELUDE
        + """
import ctypes
hidden = compile("2", "y", "eval")
ctypes.pythonapi.Py_IncRef(ctypes.py_object(hidden))
weakly = weakref.ref(hidden)
assert found(refroots.capture(), hidden) == [id(weakly)]
del hidden
heap = refroots.capture()
try:
    heap[weakly()]
except KeyError:
    pass
else:
    raise AssertionError("a weak reference has put its referent into the heap")
"""
    )


def test_threads_that_make_and_drop_weak_references(run_python):
    run_python(
        PRELUDE
        + """
stop = threading.Event()
def churn():
    cache, several = weakref.WeakValueDictionary(), []
    while not stop.is_set():
        for number in range(200):
            several.append(Foo())
            cache[number] = several[-1]
            weakref.proxy(several[-1]), weakref.ref(foo, several.append)
        several.clear()
threads = [threading.Thread(target=churn) for _ in range(3)]
heap = refroots.capture()
known = {heap[type(one)].text for one in weakref.getweakrefs(foo)}
sys.setswitchinterval(1e-5)
for thread in threads:
    thread.start()
try:
    for turn in range(20):
        heap = refroots.capture(fork=turn % 4 == 3)
        assert found(heap, quiet) == expected(quiet)
        for node in heap.find("Foo"):
            assert {weak.type for weak in node.weak_referrers} <= known, node.weak_referrers
finally:
    stop.set()
    for thread in threads:
        thread.join()
"""
    )


# What keeps objects alive, asked of everything that the program made.
FACTS = (
    PRELUDE
    + """
def main():
    local = weakref.ref(foo)
    heap = refroots.capture()
    for obj in [foo, quiet, Foo, values, keys, members, code, lock, weak, *weak, *of_weak]:
        node = heap[obj]
        chain = node.chain()
        print(node.type, node.refcount, node.external, node.retained, node.dominator and node.dominator.type)
        print(chain.expression, [reference.name for reference in chain.references])
        print(sorted(reference.name for reference in node.referrers))
        print(len(node.referents), node.reachable())
    picture = refroots.show_backrefs(quiet)
    print(sorted(reference["name"] for reference in picture.view["references"]))
    print(heap.notes, heap[foo].weak_referrers is None, file=sys.stderr)
main()
"""
)


def test_nothing_else_changes_by_them(run_python):
    with_weak = run_python(FACTS)
    assert with_weak.count("\n") > 60
    assert run_python(FACTS, env={"REFROOTS_DISTRUST": "weak-references"}) == with_weak


def test_where_their_layout_is_unknown_they_are_absent(run_python):
    out = run_python(
        PRELUDE
        + """
heap = refroots.capture()
print(*heap.notes)
assert heap[foo].weak_referrers is None
picture = refroots.show_backrefs(foo, weak=True)
assert "weak references unknown" in picture.view["title"]
assert not any(reference["weak"] for reference in picture.view["references"])
heap.save("unknown.refroots")
(node, *_) = refroots.load("unknown.refroots").find("Foo")
assert node.weak_referrers is None
""",
        env={"REFROOTS_DISTRUST": "weak-references"},
    )
    assert out.strip() == "what weak references refer to is absent: their layout is unknown"


def test_a_forked_capture_and_files_have_the_same(run_python, tmp_path):
    run_python(
        PRELUDE
        + """
gc.collect()
gc.disable()
def all_of(heap):
    return {node.address: [weak.address for weak in node.weak_referrers]
            for name in ("Foo", "type", "function", "code") for node in heap.find(name)}
heap = refroots.capture()
here = all_of(heap)
assert sum(map(len, here.values())) > 300
assert {address: weak for address, weak in all_of(refroots.capture(fork=True)).items() if address in here} == here
for values in ("none", "short"):
    heap.save(f"{values}.refroots", values=values)
    assert all_of(refroots.load(f"{values}.refroots")) == here
refroots.save("forked.refroots", fork=True)
with open("pairs", "w") as file:
    for node in heap.find("Foo"):
        for weak in node.weak_referrers:
            print(weak.ordinal, node.ordinal, file=file)
"""
    )
    for name in ("none", "short", "forked"):
        file = Snapshot((tmp_path / f"{name}.refroots").read_bytes())
        assert file.version == (1, 1)
        assert not file.sections["weak-references"].required and not file.sections["weak-referents"].required
        references, referents = file.numbers("weak-references"), file.numbers("weak-referents")
        assert references == sorted(set(references)) and len(references) == len(referents) > 300
        if name != "forked":
            pairs = [tuple(map(int, line.split())) for line in (tmp_path / "pairs").read_text().splitlines()]
            assert len(pairs) > 12 and set(pairs) <= set(zip(references, referents, strict=True))


def test_a_file_of_version_1_0_says_nothing_of_them():
    import refroots

    for values in ("none", "short"):
        old = refroots.load(FIXTURES / f"version-1-{values}.refroots").find("Foo")[0]
        assert old.weak_referrers is None
        new = refroots.load(FIXTURES / f"version-1.1-{values}.refroots").find("Foo")
        assert [len(node.weak_referrers) for node in new] == [1, 2, 1]
        (cached,) = new[0].weak_referrers
        assert cached.type == "weakref.KeyedRef"


PICTURE = """
import weakref, refroots

class Foo:
    pass

foo = Foo()
CACHE = weakref.WeakValueDictionary({"a secret key": foo})
"""


def test_pictures_show_them_when_asked(run_python):
    run_python(
        PICTURE
        + """
plain = refroots.show_backrefs(foo)
assert not any(reference["weak"] for reference in plain.view["references"])
assert "weak" not in str(plain) and "dotted" not in plain.dot
picture = refroots.show_backrefs(foo, depth=5, weak=True)
nodes = picture.view["nodes"]
to_foo = [reference for reference in picture.view["references"] if nodes[reference["target"]]["start"]]
assert [nodes[to["source"]]["type"] for to in to_foo if to["weak"]] == ["weakref.KeyedRef"]
assert "module" in [nodes[to["source"]]["type"] for to in to_foo if not to["weak"]]
text = str(picture)
assert "weakly referred to by KeyedRef" in text and "held by dict, 1 item, as ['a secret key']" in text, text
assert "style=" in picture.dot and "dotted" in picture.dot and "a dotted one keeps nothing alive" in picture.svg
assert ">weak</text>" in picture.svg
down = refroots.show_refs(CACHE, depth=4, weak=True)
assert "weak ── Foo" in str(down), str(down)
assert "weak ── Foo" not in str(refroots.show_refs(CACHE, depth=4))
told = refroots.show_backrefs(foo, weak=True, values="none")
assert "secret" not in str(told) + told.dot + told.svg and "weakly referred to by" in str(told)
picture.save("weak.png")
"""
    )


@pytest.fixture
def refroots_command(tmp_path):
    """Runs the command in the test's folder and gives what it wrote."""
    (tmp_path / "program.py").write_text(PICTURE, encoding="utf-8")

    def run(*words):
        command = [sys.executable, "-m", "refroots", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_command_shows_them_when_asked(refroots_command):
    said = refroots_command("run", "--backrefs", "Foo", "--weak", "program.py")
    assert "weak references too" in said and "weakly referred to by KeyedRef" in said
    assert "weak" not in refroots_command("run", "--backrefs", "Foo", "program.py")
    refroots_command("capture", "-o", "heap.refroots", "program.py")
    assert "weakly referred to by KeyedRef" in refroots_command("backrefs", "heap.refroots", "Foo", "--weak")
    down = refroots_command("refs", "heap.refroots", "WeakValueDictionary", "--weak", "--depth", "5")
    assert "weak ── Foo" in down
    old = refroots_command("backrefs", FIXTURES / "version-1-none.refroots", "Foo", "--weak")
    assert "weak references unknown" in old.splitlines()[0]
