"""Snapshots beside gc.collect(), in one process a heap: bytes on disk, seconds to save and load.

python benches/snapshot.py [--write] [INSTANCES ...]    default 100,000, 1,000,000 and 10,000,000 instances
--write puts the table into docs/benchmarks.md, between its markers
"""

import gc
import json
import mmap
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

SIZES = (100_000, 1_000_000, 10_000_000)
# A heap of instances takes about 500 bytes each, two graphs of it 500, the file's cache 50.
BYTES_AN_INSTANCE = 1200
PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
FRESH = "for comparison: as much fresh memory, a byte written to each page"
BEGIN, END = "<!-- benches/snapshot.py writes from here -->", "<!-- to here, snapshots -->"


class Instance:
    """Four attributes, one of them a small dict; the heap that capture is measured on."""

    def __init__(self, number):
        self.number = number
        self.text = str(number)
        self.items = [number]
        self.options = {"k": number}


def seconds(action):
    """How long one call takes, with what it gives freed before the clock stops."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def kept(action):
    """How long one call takes, and what it gives."""
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def touch(size):
    """Takes so much fresh memory, writes to every page of it, and gives it back."""
    with mmap.mmap(-1, size) as fresh:
        # Huge pages, as the columns of a graph have.
        if hasattr(mmap, "MADV_HUGEPAGE"):
            fresh.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, size, mmap.PAGESIZE):
            fresh[at] = 1


def resident():
    """Memory of this process, in bytes."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * mmap.PAGESIZE


def available():
    """Memory that the machine has left, in bytes."""
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        return next(int(line.split()[1]) * 1024 for line in meminfo if line.startswith("MemAvailable"))


def measure(count, folder):
    """Measures one heap and prints its figures as JSON."""
    import refroots

    heap_of_instances = [Instance(number) for number in range(count)]
    gc.collect()
    heap = refroots.capture()
    rounds = 7 if count <= 1_000_000 else 3
    times = {"gc.collect()": []}
    sizes = {}
    for _ in range(rounds):
        times["gc.collect()"].append(seconds(gc.collect))
        for values in ("none", "short"):
            path = os.path.join(folder, f"{values}.refroots")
            row = times.setdefault(f"save, values {values}", [])
            row.append(seconds(lambda path=path, values=values: heap.save(path, values)))
            before = resident()
            taken, loaded = kept(lambda path=path: refroots.load(path))
            loaded_bytes = resident() - before
            times.setdefault(f"load, values {values}", []).append(taken)
            types = seconds(loaded.by_type)
            times.setdefault(f"load and first types, values {values}", []).append(taken + types)
            sizes[values] = os.path.getsize(path)
            del loaded
            if values == "short":
                times.setdefault(FRESH, []).append(seconds(lambda size=loaded_bytes: touch(size)))
    del heap_of_instances
    figures = {
        "objects": len(heap),
        "references": heap.reference_count,
        "seconds": {name: statistics.median(row) for name, row in times.items()},
        "bytes": sizes,
    }
    print(json.dumps(figures))


def milliseconds(taken):
    """A time in words."""
    return f"{taken:.2f} s" if taken >= 10 else f"{taken * 1000:,.0f} ms"


def table(figures):
    """The figures of all sizes as Markdown."""
    lines = [
        f"CPython {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores; medians.",
        "",
    ]
    for count, of_one in figures.items():
        objects, references = of_one["objects"], of_one["references"]
        lines.append(f"- {count:,} instances: {objects:,} objects, {references:,} references")
    heads = [f"{count:,} instances" for count in figures]
    lines += ["", f"| time, and × `gc.collect()` | {' | '.join(heads)} |", "|---|" + "---:|" * len(heads)]
    for name in next(iter(figures.values()))["seconds"]:
        cells = []
        for of_one in figures.values():
            taken, collect = of_one["seconds"][name], of_one["seconds"]["gc.collect()"]
            ratio = "" if name == "gc.collect()" else f" = {taken / collect:.2f} ×"
            cells.append(milliseconds(taken) + ratio)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for values in ("none", "short"):
        cells = [f"{of_one['bytes'][values] / of_one['objects']:.1f}" for of_one in figures.values()]
        lines.append(f"| bytes an object on disk, values {values} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(text):
    """Puts the table into the page, between the markers."""
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


def main(sizes, is_written):
    """Measures each size in a process of its own, where memory has room for it."""
    figures = {}
    for count in sizes:
        needed, left = count * BYTES_AN_INSTANCE, available()
        if needed > left:
            print(f"{count:,} instances: skipped, for they need {needed >> 20} MiB, not {left >> 20}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--one", str(count), folder]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        figures[count] = json.loads(done.stdout)
    text = table(figures)
    print(text)
    if is_written:
        write(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(int(sys.argv[2]), sys.argv[3])
    else:
        asked = [int(size) for size in sys.argv[1:] if size != "--write"]
        main(asked or SIZES, "--write" in sys.argv)
