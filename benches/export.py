"""Exports beside gc.collect() on one heap, a process for each: time, ratio, bytes, memory beyond the graph.

python benches/export.py [--write] [INSTANCES ...]    default: 100000 1000000
--write puts the tables into docs/benchmarks.md, between its markers
"""

import gc
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from analysis import available, forget_peak, instances, peak, resident, told

SIZES = ("100000", "1000000")
# Above so many instances the formats for small graphs are left out: their readers hold kilobytes an object.
MOST_FOR_GRAPHS = 100_000
# A heap of instances takes about 500 bytes each, its graph 250, an export's file up to 700.
BYTES_AN_INSTANCE = 1500
PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- benches/export.py writes from here -->", "<!-- to here, the exports -->"
FORMATS = [
    (".heapsnapshot", "none"),
    (".heapsnapshot", "short"),
    (".parquet", "none"),
    (".parquet", "short"),
    (".folded", "none"),
    (".graphml", "none"),
    (".json", "none"),
]
BUDGETS = {".heapsnapshot": 3.0, ".parquet": 2.0}


def length(path):
    """Bytes of a file, or of the files of a folder."""
    files = list(path.iterdir()) if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def measure(count, rounds):
    """Builds one heap and prints its figures as JSON."""
    import refroots

    held = instances(count)
    gc.collect()
    seconds, memory, lengths = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            start = time.perf_counter()
            gc.collect()
            seconds.setdefault("gc.collect()", []).append(time.perf_counter() - start)
            for ending, values in FORMATS:
                if count > MOST_FOR_GRAPHS and ending in (".graphml", ".json"):
                    continue
                # A fresh graph: what it retains is computed within the export.
                heap = refroots.capture()
                objects, references = len(heap), heap.reference_count
                name, path = f"{ending}, values {values}", pathlib.Path(folder, f"heap{ending}")
                before = resident()
                forget_peak()
                start = time.perf_counter()
                heap.export(path, values=values)
                seconds.setdefault(name, []).append(time.perf_counter() - start)
                memory.setdefault(name, []).append(peak() - before)
                lengths[name] = length(path)
    assert len(held) == count
    figures = {
        name: [
            statistics.median(times),
            statistics.median(memory[name]) / objects if name in memory else None,
            lengths.get(name),
        ]
        for name, times in seconds.items()
    }
    print(json.dumps({"objects": objects, "references": references, "figures": figures}))


def rows(result):
    """Lines of a Markdown table: a row a format."""
    collect = result["figures"]["gc.collect()"][0]
    yield "| format | time | × `gc.collect()` | budget | file | bytes an object beyond the graph |"
    yield "|---|---:|---:|---:|---:|---:|"
    yield f"| `gc.collect()` | {told(collect)} | | | | |"
    for name, (seconds, extra, size) in result["figures"].items():
        if name == "gc.collect()":
            continue
        budget = BUDGETS.get(name.split(",")[0]) if name.endswith("none") else None
        said = f"≤ {budget:g} ×" if budget else ""
        megabytes = f"{size / 1e6:,.1f} MB, {size / result['objects']:.1f} bytes an object"
        yield f"| {name} | {told(seconds)} | {seconds / collect:.2f} × | {said} | {megabytes} | {extra:.0f} |"


def measured(count):
    """The figures of one heap, out of a process of its own; or None where memory has no room for it."""
    if count * BYTES_AN_INSTANCE > available():
        return None
    rounds = 5 if count <= 100_000 else 3
    command = [sys.executable, __file__, "--one", str(count), str(rounds)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def write(text):
    """Puts the tables between the markers of docs/benchmarks.md."""
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


def main(sizes, to_page):
    """Measures each heap and prints its table."""
    parts = [f"CPython {platform.python_version()}, {platform.system()} {platform.machine()}; medians."]
    for count in map(int, sizes):
        result = measured(count)
        if result is None:
            parts.append(f"{count:,} instances: skipped, for it needs {count * BYTES_AN_INSTANCE >> 20} MiB")
            continue
        parts.append(
            f"{count:,} instances: {result['objects']:,} objects, {result['references']:,} references."
        )
        parts.append("\n".join(rows(result)))
    text = "\n\n".join(parts)
    print(text, flush=True)
    if to_page:
        write(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main([size for size in sys.argv[1:] if size != "--write"] or SIZES, "--write" in sys.argv)
