"""Analysis beside gc.collect() on one heap, in one process a heap: seconds, ratio, memory beyond the graph.

python benches/analysis.py [--write] [HEAP ...]    a number of instances, or list, hub, tree, clique
                                                   default: 100000 1000000 10000000 and the four shapes
--write puts the tables into docs/benchmarks.md, between its markers
"""

import gc
import json
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time

SIZES = ("100000", "1000000", "10000000")
SHAPES = ("list", "hub", "tree", "clique")
# A heap of instances takes about 500 bytes each, two graphs of it 500, an analysis at its peak 100.
BYTES_AN_INSTANCE = 1300
PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- benches/analysis.py writes from here -->", "<!-- to here -->"


class Instance:
    """Four attributes, one of them a small dict; the heap that capture is measured on."""

    def __init__(self, number):
        self.number = number
        self.text = str(number)
        self.items = [number]
        self.options = {"k": number}


class Link:
    """One step of a list a million deep."""

    __slots__ = ("after",)


class Spoke:
    """One of a million that refer to one hub."""

    __slots__ = ("hub",)


class Branch:
    """A node of a tree whose children know their parent."""

    __slots__ = ("children", "parent")


class Member(list):
    """One of a clique: it has all of them."""

    __slots__ = ()


def instances(count):
    """The heap of `count` instances."""
    return [Instance(number) for number in range(count)]


def linked_list(count=1_000_000):
    """Only the first link is held from outside; the targets lie all along it."""
    head = None
    for _ in range(count):
        link = Link()
        link.after, head = head, link
    return head


def hub(count=1_000_000):
    """A million spokes and what they all refer to."""
    middle, spokes = Instance(0), []
    for _ in range(count):
        spoke = Spoke()
        spoke.hub = middle
        spokes.append(spoke)
    return spokes


def tree(count=1_000_000):
    """A tree of ten children a node, each with its parent."""
    nodes = [Branch() for _ in range(count)]
    for number, node in enumerate(nodes):
        node.parent = nodes[(number - 1) // 10] if number else None
        node.children = nodes[10 * number + 1 : 10 * number + 11]
    return nodes[0]


def clique(count=3_000):
    """Every member has every member: nine million references."""
    members = [Member() for _ in range(count)]
    for member in members:
        member.extend(members)
    return members[0]


HEAPS = {
    "list": (linked_list, Link),
    "hub": (hub, Spoke),
    "tree": (tree, Branch),
    "clique": (clique, Member),
}


def resident():
    """Resident memory now, in bytes."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def available():
    """Memory that the machine has left, in bytes."""
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        return next(int(line.split()[1]) * 1024 for line in meminfo if line.startswith("MemAvailable"))


def forget_peak():
    """Lets the highest resident memory begin anew, at what is resident now."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as clear_refs:
        clear_refs.write("5")


def peak():
    """The highest resident memory since then, in bytes."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


class Figures:
    """Seconds and bytes of each thing measured, round by round."""

    def __init__(self):
        self.seconds = {}
        self.bytes = {}

    def take(self, name, action):
        """Runs an action once; what it gives is kept until the clock and the peak are read."""
        before = resident()
        forget_peak()
        start = time.perf_counter()
        result = action()
        self.seconds.setdefault(name, []).append(time.perf_counter() - start)
        self.bytes.setdefault(name, []).append(peak() - before)
        return result

    def medians(self, objects):
        """For each name: its median seconds, and its median bytes an object."""
        return {
            name: [statistics.median(times), statistics.median(self.bytes[name]) / objects]
            for name, times in self.seconds.items()
        }


def chains(figures, heap, name):
    """Chains to objects that lie all over the heap, one by one."""
    found = heap.find(name)
    chosen = [found[index * (len(found) - 1) // 20] for index in range(21)]
    times = []
    for target in chosen:
        start = time.perf_counter()
        target.chain()
        times.append(time.perf_counter() - start)
    figures.seconds.setdefault("chain", []).append(statistics.median(times))
    figures.seconds.setdefault("chain, the slowest of 21", []).append(max(times))
    figures.bytes.setdefault("chain", []).append(0)
    figures.bytes.setdefault("chain, the slowest of 21", []).append(0)


def one_round(figures, capture, type_name):
    """Everything once, on a fresh graph; `capture` makes one."""
    figures.take("gc.collect()", gc.collect)
    heap = capture()
    chains(figures, heap, type_name)
    some = heap.find(type_name)[0]
    figures.take("dominators, retained sizes", lambda: some.retained)
    figures.take("types", heap.by_type)
    figures.take("types with retained sizes", lambda: heap.by_type(retained=True))
    figures.take("cycles", heap.cycles)
    figures.take("duplicates", heap.duplicates)
    figures.take("container waste", heap.container_waste)
    figures.take("why of all, grouped", lambda: heap.find(type_name).why())
    figures.take("suspects", heap.suspects)


def measure(heap, rounds):
    """Builds one heap and prints its figures as JSON."""
    import refroots

    if heap in HEAPS:
        build, kind = HEAPS[heap]
        held = build()
    else:
        kind = Instance
        held = instances(int(heap))
    type_name = f"__main__.{kind.__name__}"
    gc.collect()
    captured = refroots.capture()
    objects, references = len(captured), captured.reference_count
    del captured
    figures = Figures()
    for _ in range(rounds):
        one_round(figures, refroots.capture, type_name)
    before = refroots.capture()
    if kind is Instance:
        held[::100] = instances(len(held[::100]))
    else:
        held = [held, instances(1000)]
    after = refroots.capture()
    for _ in range(rounds):
        change = figures.take("diff of two", lambda: before.diff(after))
        figures.take("what came and went, by type", change.by_type)
        figures.take("paths that grew, with chains known", lambda: refroots.grew(before, after))
    print(json.dumps({"objects": objects, "references": references, "figures": figures.medians(objects)}))


def told(seconds):
    """Seconds as a person reads them."""
    return (
        f"{seconds * 1000:.2f} ms"
        if seconds < 0.01
        else f"{seconds * 1000:.0f} ms"
        if seconds < 1
        else f"{seconds:.2f} s"
    )


def table(title, results, cell):
    """A Markdown table: a row a figure, a column a heap."""
    names = list(dict.fromkeys(name for result in results.values() for name in result["figures"]))
    lines = [f"| {title} | " + " | ".join(results) + " |", "|---|" + "---:|" * len(results)]
    for name in names:
        cells = [cell(result, name) if name in result["figures"] else "" for result in results.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def timing(result, name):
    """Seconds, and how many collections of that heap those are."""
    seconds, collect = result["figures"][name][0], result["figures"]["gc.collect()"][0]
    return (
        told(seconds) if name.startswith(("chain", "gc.")) else f"{told(seconds)} = {seconds / collect:.2f} ×"
    )


def slope(result, name):
    """Nanoseconds for an object and a reference: the same for every size where an analysis is linear."""
    return f"{result['figures'][name][0] * 1e9 / (result['objects'] + result['references']):.0f}"


def memory(result, name):
    """Bytes an object at the peak, beyond the graph."""
    return "" if name.startswith(("chain", "gc.")) else f"{result['figures'][name][1]:.0f}"


def report(results):
    """All tables of what was measured."""
    parts = []
    for heap, result in results.items():
        parts.append(f"- {heap}: {result['objects']:,} objects, {result['references']:,} references")
    tables = [
        table("time, and × `gc.collect()`", results, timing),
        table("ns an object and reference", results, slope),
        table("bytes an object beyond the graph", results, memory),
    ]
    return "\n\n".join(["\n".join(parts), *tables])


def measured(heap):
    """The figures of one heap, out of a process of its own; or None where memory has no room for it."""
    count = 1_000_000 if heap in HEAPS else int(heap)
    needed, left = count * BYTES_AN_INSTANCE, available()
    if needed > left:
        return None
    rounds = 7 if count <= 100_000 else 5 if count <= 1_000_000 else 3
    command = [sys.executable, __file__, "--one", heap, str(rounds)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def write(text):
    """Puts the tables between the markers of docs/benchmarks.md."""
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


def main(heaps, to_page):
    """Measures each heap and prints the tables of sizes and of shapes."""
    parts = [f"CPython {platform.python_version()}, {platform.system()} {platform.machine()}; medians."]
    for group in (
        [heap for heap in heaps if heap not in HEAPS],
        [heap for heap in heaps if heap in HEAPS],
    ):
        results = {}
        for heap in group:
            name = heap if heap in HEAPS else f"{int(heap):,} instances"
            result = measured(heap)
            if result is None:
                parts.append(f"{name}: skipped, for it needs {int(heap) * BYTES_AN_INSTANCE >> 20} MiB")
            else:
                results[name] = result
        if results:
            parts.append(report(results))
    text = "\n\n".join(parts)
    print(text, flush=True)
    if to_page:
        write(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        asked = [heap for heap in sys.argv[1:] if heap != "--write"]
        main(asked or [*SIZES, *SHAPES], "--write" in sys.argv)
