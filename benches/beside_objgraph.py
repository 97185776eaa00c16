"""refroots.objgraph beside objgraph, on one heap in one process: medians, net of the collections forced.

python benches/beside_objgraph.py [--write] [--limit SECONDS] [TRACKED ...]    default: 100000 1000000 3000000
--write puts the table into docs/benchmarks.md, between its markers; --limit stops objgraph, else after 100 s

The file is not called objgraph.py, for that would be what `import objgraph` finds beside it.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import pathlib
import platform
import resource
import signal
import statistics
import subprocess
import sys
import time
import types

SIZES = ("100000", "1000000", "3000000")
PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- benches/beside_objgraph.py writes from here -->", "<!-- to here, beside objgraph -->"
# What each function must reach; those that are not named: never slower.
BUDGETS = {
    "typestats": 5,
    "typestats, long names": 5,
    "by_type": 5,
    "by_type, long name": 5,
    "growth": 5,
    "find_backref_chain, 15 deep": 3,
    "find_backref_chain, tree with parent links": 100,
    "find_backref_chain, hub": 100,
    "find_backref_chain, not found in 1000": 100,
    "show_backrefs, depth 10": 10,
    "show_backrefs of a hub, depth 10": 10,
    "get_new_ids: bytes kept": 5,
}


class Foo:
    """Has a list and a dict that refers to what all of them share."""

    def __init__(self, number, shared):
        self.payload = [number]
        self.meta = {"config": shared, "number": number}


class Link:
    """One step of a long list."""

    __slots__ = ("after", "value")


class Branch:
    """A node of a tree whose children know their parent."""

    __slots__ = ("children", "parent")


def heap(tracked):
    """A module that has the objects: of four, one is a Foo with a list and a dict, one a link."""
    module = types.ModuleType("measured")
    shared = {"shared": []}
    module.foos = [Foo(number, shared) for number in range(tracked // 4)]
    head = None
    for number in range(tracked // 4):
        link = Link()
        link.after, link.value, head = head, number, link
    module.links = head
    deep = Foo(0, None)
    for _ in range(14):
        deep = [deep]
    module.deep = deep
    module.tree = tree(8, 30)
    sys.modules["measured"] = module
    return module


def tree(levels, width):
    """At each level one of the children has children."""
    top = node = Branch()
    node.parent = None
    for _ in range(levels):
        node.children = [Branch() for _ in range(width)]
        for child in node.children:
            child.parent, child.children = node, None
        node = node.children[width // 2]
    return top


def cluster(size):
    """A tree by parent links and lists of children, all of which lead to each of its nodes."""
    nodes = [Branch() for _ in range(size)]
    for number, node in enumerate(nodes):
        node.parent = nodes[(number - 1) // 10] if number else None
        node.children = nodes[10 * number + 1 : 10 * number + 11]
    return nodes[-1]


def leaf(top):
    """The node at the end of the children that have children."""
    while top.children:
        top = top.children[len(top.children) // 2]
    return top


def inside(deep):
    """What is in the lists."""
    while isinstance(deep, list):
        deep = deep[0]
    return deep


def to_dot(function, *arguments, **options):
    """The number of nodes drawn."""
    output = io.StringIO()
    function(*arguments, output=output, **options)
    return output.getvalue().count("[fillcolor=")


def printed(function, **options):
    """Whether it writes anything."""
    file = io.StringIO()
    function(file=file, **options)
    return bool(file.getvalue())


def unlike(_):
    """Says nothing: the default mode may say more here than objgraph does."""
    return ""


def operations(module, held, lost):
    """Name, action, and what of its result must be the same for both."""
    foo, hub = held.foos[len(held.foos) // 2], held.foos[0].meta["config"]
    deep, branch = inside(held.deep), leaf(held.tree)
    some = {id(one) for one in held.foos[:1000]}
    root, back, forth = module.is_proper_module, module.find_backref_chain, module.find_ref_chain
    chain = back(deep, root)
    new = {"limit": 0, "shortnames": True}
    return {
        "count": (lambda: module.count("Foo"), None),
        "count, long name": (lambda: module.count(f"{Foo.__module__}.Foo"), None),
        "typestats": (module.typestats, lambda found: found["Foo"]),
        "typestats, long names": (lambda: module.typestats(shortnames=False), len),
        "most_common_types": (module.most_common_types, len),
        "show_most_common_types": (lambda: printed(module.show_most_common_types), None),
        "by_type": (lambda: module.by_type("Foo"), len),
        "by_type, long name": (lambda: module.by_type(f"{Foo.__module__}.Foo"), len),
        "growth": (lambda: module.growth(), unlike),
        "show_growth": (lambda: printed(module.show_growth), unlike),
        "get_new_ids": (lambda: module.get_new_ids(**new), lambda found: len(found["Foo"])),
        "get_leaking_objects": (module.get_leaking_objects, lambda found: len(found) // 100),
        "get_leaking_objects of by_type": (lambda: module.get_leaking_objects(module.by_type("Foo")), len),
        "at": (lambda: module.at(id(held.foos[-1])), lambda found: found is held.foos[-1]),
        "at_addrs, 1000": (lambda: module.at_addrs(some), len),
        "is_proper_module": (lambda: [root(held) for _ in range(1000)], any),
        "find_backref_chain, 15 deep": (lambda: back(deep, root), len),
        "find_backref_chain, tree with parent links": (lambda: back(branch, root, max_depth=30), len),
        "find_backref_chain, hub": (lambda: back(hub, root), len),
        # Not found by objgraph; by default, at the end of the same search, a frame's variable is.
        "find_backref_chain, not found in 1000": (lambda: back(lost, root), unlike),
        "find_ref_chain, 15 deep": (lambda: forth(held.deep, lambda one: one is deep), len),
        "find_ref_chain, over the list": (lambda: forth(held.foos, lambda one: one is hub, max_depth=3), len),
        "show_backrefs": (lambda: to_dot(module.show_backrefs, [foo]), unlike),
        "show_backrefs, depth 10": (
            lambda: to_dot(module.show_backrefs, [foo], max_depth=10),
            unlike,
        ),
        "show_backrefs of a hub, depth 10": (
            lambda: to_dot(module.show_backrefs, [hub], max_depth=10),
            unlike,
        ),
        "show_refs": (lambda: to_dot(module.show_refs, [foo]), None),
        "show_refs, depth 10": (lambda: to_dot(module.show_refs, [foo], max_depth=10), None),
        "show_chain": (lambda: to_dot(module.show_chain, chain), None),
    }


class Collections:
    """Adds up the time of collections."""

    def __init__(self):
        self.seconds = 0.0
        self.begun = 0.0

    def __call__(self, phase, _):
        """Called by the collector."""
        if phase == "start":
            self.begun = time.perf_counter()
        else:
            self.seconds += time.perf_counter() - self.begun


class StoppedError(BaseException):
    """The time is over; nothing that is measured handles it."""


def stop(*_):
    """Ends what runs."""
    raise StoppedError


def timed(action, limit, collections):
    """Seconds without those of collections, and the result; or the limit and StoppedError."""
    gc.collect()
    signal.setitimer(signal.ITIMER_REAL, limit)
    start, before = time.perf_counter(), collections.seconds
    try:
        result = action()
        return time.perf_counter() - start - (collections.seconds - before), result
    except StoppedError:
        return limit, StoppedError
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def resident():
    """Resident memory now, in bytes."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def kept(module):
    """Bytes that get_new_ids keeps after three calls, in a fork."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        gc.collect()
        before = resident()
        for _ in range(3):
            module.get_new_ids(limit=0)
        gc.collect()
        os.write(writing, str(resident() - before).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as into:
        text = into.read()
    os.waitpid(child, 0)
    return int(text)


def measure(tracked, limit, name):
    """Both on one heap; prints the figures as JSON."""
    gc.disable()
    sys.path = [
        path for path in sys.path if pathlib.Path(path or ".").resolve() != PAGE.parent.parent / "benches"
    ]
    sides = [importlib.import_module("objgraph"), importlib.import_module(name)]
    held, lost, collections = heap(tracked), cluster(1000), Collections()
    gc.collect()
    figures = {"tracked": len(gc.get_objects()), "rows": {}}
    figures["kept"] = [kept(side) for side in sides]
    signal.signal(signal.SIGALRM, stop)
    gc.callbacks.append(collections)
    both = [operations(side, held, lost) for side in sides]
    for row in both[0]:
        seconds, answers = [[], []], [None, None]
        for turn in range(7):
            for side, action in enumerate(actions[row][0] for actions in both):
                if turn and sum(seconds[side]) > 3:
                    continue
                taken, result = timed(action, limit, collections)
                seconds[side].append(taken)
                brief = both[side][row][1] or (lambda found: found)
                answers[side] = "stopped" if result is StoppedError else repr(brief(result))
                del result
        figures["rows"][row] = [*map(statistics.median, seconds), *answers]
    print(json.dumps(figures))


def told(seconds):
    """Seconds as a person reads them."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def cell(figures, row):
    """Both medians and their ratio; `!` where the budget is missed, and where the answers differ, those."""
    if row == "get_new_ids: bytes kept":
        theirs, ours = figures["kept"]
        answers, texts = ("", ""), [f"{bytes_ / 2**20:.1f} MiB" for bytes_ in (theirs, ours)]
    else:
        theirs, ours, *answers = figures["rows"][row]
        texts = [told(theirs), told(ours)]
    ratio = theirs / max(ours, 1e-9)
    more = "> " if answers[0] == "stopped" else ""
    # "Never slower" within what two measurements of the same differ by.
    missed = " **!**" if ratio < BUDGETS.get(row, 0.95) else ""
    differs = "" if answers[0] == answers[1] or more else f" ({answers[0]} and {answers[1]})"
    return f"{more}{texts[0]} / {texts[1]} = {more}{ratio:.3g} ×{missed}{differs}"


def table(results):
    """A Markdown table: a row a function, a column a heap."""
    first = next(iter(results.values()))
    lines = ["| objgraph / refroots.objgraph | " + " | ".join(results) + " | budget |"]
    lines.append("|---|" + "---:|" * len(results) + "---:|")
    for row in [*first["rows"], "get_new_ids: bytes kept"]:
        cells = [cell(figures, row) for figures in results.values()]
        lines.append(f"| {row} | {' | '.join(cells)} | ≥ {BUDGETS.get(row, 1)} × |")
    return "\n".join(lines)


def write(text):
    """Puts the table between the markers of docs/benchmarks.md."""
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


def main(words):
    """Measures each size in a process of its own."""
    limit, module = "100", "refroots.objgraph"
    with contextlib.suppress(ValueError):
        place = words.index("--limit")
        limit = words.pop(place + 1)
    sizes = [word for word in words if not word.startswith("--")] or SIZES
    results = {}
    for size in sizes:
        command = [sys.executable, __file__, "--one", size, limit, os.environ.get("BESIDE", module)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        figures = json.loads(done.stdout.splitlines()[-1])
        results[f"{figures['tracked']:,} tracked"] = figures
    machine = f"CPython {platform.python_version()}, {platform.system()} {platform.machine()}"
    said = f"{machine}; objgraph stopped at {limit} s."
    text = f"{said}\n\n{table(results)}"
    print(text)
    if "--write" in words:
        write(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(int(sys.argv[2]), float(sys.argv[3]), sys.argv[4])
    else:
        main(sys.argv[1:])
