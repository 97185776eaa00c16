"""Chains and grouped chains: what people mean goes first, and what holds for the interpreter has readable words."""

import sys

import pytest

PRELUDE = """
import builtins, gc, sys, threading, types
import refroots

class Marker:
    pass

def words(heap=None):
    return [(row.count, row.signature) for row in (heap or refroots.capture()).find("Marker").why()]
"""


def test_many_are_grouped_by_how_they_are_held(run_python):
    run_python(
        PRELUDE
        + """
CACHE = {"k": [Marker() for _ in range(9998)], "other": {"x": Marker()}}
started, finish = threading.Event(), threading.Event()

def run():
    job = [Marker(), Marker()]
    started.set()
    finish.wait()

thread = threading.Thread(target=run, name="worker-3")
thread.start()
started.wait()
heap = refroots.capture()
finish.set()
thread.join()
reasons = heap.find("Marker").why()
assert words(heap) == [
    (9998, "__main__.CACHE['k'][*]"),
    (2, "thread worker-3, __main__.run(), local job[*]"),
    (1, "__main__.CACHE['other']['x']"),
], words(heap)
assert len(reasons) == 3 and [row.count for row in reasons] == [row.count for row in (reasons[0], reasons[1], reasons[-1])]
assert [row.root.kind for row in reasons] == ["module", "frame", "module"]
assert sum(row.size for row in reasons) == heap.find("Marker").size
assert reasons[0].chain.expression == "__main__.CACHE['k'][0]"
said = str(reasons)
assert "9,998" in said and "worker-3" in said and said.startswith("Why 10,001 __main__.Marker are alive"), said
picture = reasons.picture.view
assert len(picture["nodes"]) < 30 and reasons.picture.svg.startswith("<svg")
import json
rows = json.loads(reasons.json)
assert [row["count"] for row in rows] == [9998, 2, 1]
assert rows[0]["chain"]["expression"] == "__main__.CACHE['k'][0]" and rows[0]["chain"]["target"]["type"] == "__main__.Marker"
assert {"root", "path", "references", "cycle"} <= set(rows[0]["chain"])
try: reasons[3]
except IndexError as error: assert "3" in str(error)
"""
    )


def test_each_chain_is_a_shortest_one(run_python):
    run_python(
        PRELUDE
        + """
import random
choose = random.Random(5)
pool = [Marker() for _ in range(400)]
for one in pool:
    one.others = choose.sample(pool, 2)
ENTRY = pool[0]
del pool, one
gc.collect()
heap = refroots.capture()
marked = heap.find("Marker")
depth, level = {heap[ENTRY]: 0}, [heap[ENTRY]]
def next_to(node):
    '''Markers that this one refers to through its list: by a plain search, one level after another.'''
    for ref in node.referents:
        if ref.target.type == "dict":
            yield from next_to(ref.target)
        elif ref.target.type == "list":
            yield from (inner.target for inner in ref.target.referents if inner.target.type == "__main__.Marker")
while level:
    level = [other for node in level for other in next_to(node) if depth.setdefault(other, depth[node] + 1) == depth[node] + 1]
    level = list(dict.fromkeys(level))
steps = lambda chain: sum(ref.target.type == "__main__.Marker" for ref in chain.references) - 1
assert len(depth) == len(marked) > 100
for node in marked:
    assert steps(node.chain()) == depth[node], (node, steps(node.chain()), depth[node])
    assert eval(node.chain().expression.replace("__main__.", "")).__class__ is Marker
"""
    )


def test_weak_references_hold_nothing(run_python):
    run_python(
        PRELUDE
        + """
import weakref
def main():
    kept, lost = Marker(), Marker()
    WEAK = globals()["WEAK"] = [weakref.ref(kept), weakref.proxy(kept), weakref.WeakValueDictionary({"k": kept})]
    lost.me = lost
    globals()["WEAK_LOST"] = weakref.ref(lost)
    chain = refroots.why(kept)
    assert chain.root.kind == "frame" and chain.references[-1].kind == "local", str(chain)
    del lost
gc.disable()
main()
(row,) = refroots.capture().find("Marker").why()
assert row.root.kind == "garbage" and row.count == 1
"""
    )


def test_what_a_prompt_and_a_notebook_keep_gives_way(run_python):
    run_python(
        PRELUDE
        + """
def cell():
    marker = Marker()
    builtins._ = marker
    space = sys.modules["__main__"].__dict__
    space["Out"] = space["_oh"] = {12: marker}
    space["_12"] = marker
    space["_"] = space["__"] = marker
cell()
heap = refroots.capture()
(marker,) = heap.find("Marker")
# Where nothing else holds it, they are the answer.
assert marker.chain().root.kind == "module" and marker.chain().references[-1].name in ("._", "._12", "[12]", ".__")
# Where anything else does, however far, it is not, unless it is asked for.
MINE = [[[[{"deep": refroots.objects("Marker")}]]]]
heap = refroots.capture()
(marker,) = heap.find("Marker")
assert heap.why(marker).expression == "__main__.MINE[0][0][0][0]['deep'][0]", heap.why(marker).path
assert words(heap)[0][1].startswith("__main__.MINE"), words(heap)
short = heap.why(marker, all_roots=True)
assert len(short.references) < 4 and short.references[-1].name in ("._", "._12", "[12]", ".__"), short.path
# An ordinary variable named like these, elsewhere, is meant.
other = types.ModuleType("other")
sys.modules["other"] = other
other._ = Marker()
assert refroots.why(other._).expression == "other._"
"""
    )


def test_what_ipython_keeps_gives_way(run_python):
    run_python(
        PRELUDE
        + """
ipython = types.ModuleType("IPython")
sys.modules["IPython"] = ipython
class Hook: pass
Hook.__module__ = "IPython.core.displayhook"
class History: pass
History.__module__ = "IPython.core.history"
class Shell: pass
Shell.__module__ = "ipykernel.zmqshell"
ipython.hook, ipython.shell = Hook(), Shell()
ipython.shell.history_manager = History()
def cell():
    marker = Marker()
    ipython.shell.user_ns = space = sys.modules["__main__"].__dict__
    space["_"] = space["_1"] = marker
    space["Out"] = space["_oh"] = ipython.shell.history_manager.output_hist = {1: marker}
    space["In"] = space["_ih"] = ["", "Marker()"]
    ipython.hook._ = ipython.hook.__ = marker
cell()
MINE = [[[[[refroots.objects("Marker")[0]]]]]]
heap = refroots.capture()
(marker,) = heap.find("Marker")
assert heap.why(marker).expression == "__main__.MINE[0][0][0][0][0]", heap.why(marker).path
assert "MINE" in words(heap)[0][1]
"""
    )


def test_the_asking_frames_give_way(run_python):
    run_python(
        PRELUDE
        + """
KEPT = {"here": [[Marker()]]}
def ask(subject):
    alias = subject
    return refroots.why(alias), refroots.why(alias, all_roots=True)
plain, everything = ask(KEPT["here"][0][0])
assert plain.expression == "__main__.KEPT['here'][0][0]", plain.path
assert everything.root.kind == "frame" and everything.references[-1].name in ("alias", "subject")
def only_here():
    return refroots.why(Marker())
assert only_here().root.kind in ("external", "frame"), only_here().root.text
"""
    )


# How each is held (`m` is the marker), what the root is, and what the chain's words must have in them.
HOLDERS = {
    "a codec's search function": (
        "codecs.register(lambda name, m=m: None)",
        ("interpreter", "codec search functions", ""),
    ),
    "a codec's error handler": (
        "codecs.register_error('mine', lambda error, m=m: ('', 1))",
        ("interpreter", "codec error handlers", "['mine']"),
    ),
    "an atexit callback": (
        "atexit.register(print_none, m)",
        ("interpreter", "atexit callbacks", ""),
    ),
    "sys.last_exc": (
        "sys.last_value = error_with(m); sys.last_exc = sys.last_value",
        ("module", "module sys", "the last exception that nobody caught"),
    ),
    "a context variable": (
        "VARIABLE.set(m)",
        ("interpreter", "", "values of context variables"),
    ),
    "a task's context": (
        "context = contextvars.copy_context(); context.run(VARIABLE.set, m); keep.context = context",
        ("module", "module keep", "values of context variables"),
    ),
    "a call that a loop makes next": (
        "keep.loop = asyncio.new_event_loop(); keep.loop.call_soon(print_none, m)",
        ("module", "module keep", "calls that the event loop makes next"),
    ),
    "a timer of a loop": (
        "keep.loop = asyncio.new_event_loop(); keep.loop.call_later(1000, print_none, m)",
        ("module", "module keep", "timers of the event loop"),
    ),
    "a future's callback": (
        "keep.future = asyncio.new_event_loop().create_future(); keep.future.add_done_callback(lambda f, m=m: None)",
        ("module", "module keep", "called when it is done"),
    ),
    "a logging handler": (
        "handler = logging.NullHandler(); handler.m = m; logging.getLogger('app.web').addHandler(handler)",
        ("module", "", "handlers of the logger app.web"),
    ),
    "an argument in an unbounded cache": (
        "keep.cached = functools.lru_cache(None)(total); keep.cached(m)",
        ("module", "module keep", "all that the cache of total() keeps"),
    ),
    "an argument in a cache": (
        "keep.cached = functools.lru_cache(10)(total); keep.cached(m)",
        ("module", "module keep", "argument that the cache of total() keeps"),
    ),
    "a result in a cache": (
        "keep.cached = functools.lru_cache(10)(first); keep.cached((m,))",
        ("module", "module keep", "that the cache of first() keeps"),
    ),
    "weakref.finalize": (
        "weakref.finalize(print_none, print_none, m)",
        ("module", "module weakref", "what weakref.finalize will call"),
    ),
    "a thread's own values": (
        "keep.local = threading.local(); keep.local.x = m",
        ("module", "module keep", "a thread's own values"),
    ),
    "a collector's callback": (
        "gc.callbacks.append(lambda *a, m=m: None)",
        ("module", "module gc", ".callbacks"),
    ),
    "an excepthook": ("sys.excepthook = lambda *a, m=m: None", ("module", "module sys", ".excepthook")),
    "a finder": ("sys.meta_path.append(m)", ("module", "module sys", ".meta_path")),
    "the profile function": (
        "sys.setprofile(lambda *a, m=m: None)",
        ("interpreter", "profile function", ""),
    ),
    "copyreg": (
        "copyreg.pickle(Marker, lambda x, m=m: None)",
        ("module", "module copyreg", "functions of copyreg"),
    ),
    "a traceback": (
        "keep.error = raised_with(m)",
        ("module", "module keep", "a kept traceback keeps the locals of its frames"),
    ),
    "an exception's context": (
        "keep.error = chained(m)",
        ("module", "module keep", "the exception that was handled when it was raised"),
    ),
    "an abstract class": (
        "keep.register = type('Base', (abc.ABC,), {}); keep.register.register(type('Other', (), {'m': m}))",
        ("", "", ""),
    ),
}

HOLD = """
import abc, asyncio, atexit, codecs, contextvars, copyreg, functools, logging, weakref
keep = types.ModuleType("keep")
sys.modules["keep"] = keep
VARIABLE = contextvars.ContextVar("VARIABLE")

def print_none(*_): pass
def total(self): return 1
def first(pair): return pair[0]

def error_with(marker):
    error = ValueError("x")
    error.marker = marker
    return error

def raised_with(marker):
    try: raise ValueError
    except ValueError as error: return error

def chained(marker):
    try:
        try: raise error_with(marker).with_traceback(None)
        except ValueError as first: raise KeyError("y") from None
    except KeyError as second:
        found = second.with_traceback(None)
        found.__context__.with_traceback(None)
        return found

def hold(m):
"""

ASK = """
hold(Marker())
(marker,) = refroots.objects("Marker")
def ask():
    global marker
    found = marker
    del marker
    return refroots.why(found)
chain = ask()
print(chain.root.kind)
print(chain.root.text)
print(chain, chain.path)
sys.setprofile(None)
sys.meta_path[:] = [each for each in sys.meta_path if type(each) is not Marker]
sys.excepthook = sys.__excepthook__
sys.stdout.flush()
import os
os._exit(0)
"""


@pytest.mark.parametrize("holder", HOLDERS)
def test_holders_of_the_whole_interpreter_have_words(run_python, holder):
    code, (kind, root, said) = HOLDERS[holder]
    out = run_python(PRELUDE + HOLD + f"    {code}\n" + ASK)
    lines = out.splitlines()
    assert kind in ("", lines[0]), out
    assert root in lines[1], out
    assert said in out, out


def test_signal_handlers_are_held_in_a_known_place(run_python):
    out = run_python(
        PRELUDE
        + """
import signal
signal.signal(signal.SIGUSR1, lambda number, frame, m=Marker(): None)
(marker,) = refroots.capture().find("Marker")
chain = marker.chain()
print(chain.root.kind, "|", chain.root.text)
"""
    )
    kind, text = out.strip().split(" | ")
    assert kind in ("interpreter", "external")
    assert "signal" in text or "static data of" in text or "interpreter's" in text, text


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.last_exc came with 3.12")
def test_an_exception_that_nobody_caught(run_python):
    run_python(
        PRELUDE
        + """
import code
console = code.InteractiveConsole()
sys.stderr = open("/dev/null", "w")
console.runsource("class Held: pass\\n")
console.runsource("def fail(held): raise ValueError\\n")
console.runsource("fail(Held())")
(held,) = [node for node in refroots.capture().find("Held")]
chain = held.chain()
assert "sys.last_" in chain.path and "the last exception that nobody caught" in str(chain), str(chain)
"""
    )


def test_a_module_of_an_odd_name_is_told_and_is_no_code(run_python):
    run_python(
        PRELUDE
        + """
odd = types.ModuleType("my notes; import os")
sys.modules["my notes; import os"] = odd
odd.x = Marker()
(marker,) = refroots.capture().find("Marker")
assert marker.chain().expression is None and "my notes" in marker.chain().root.text
"""
    )
