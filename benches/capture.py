"""Capture beside gc.collect() on one heap, in one process a size: seconds, ratio, and memory of the graph.

python benches/capture.py [INSTANCES ...]    default 100,000, 1,000,000 and 10,000,000 instances
"""

import gc
import os
import resource
import statistics
import subprocess
import sys
import time

SIZES = (100_000, 1_000_000, 10_000_000)
# A heap of instances as below takes about 500 bytes each, and its graph at the peak 300.
BYTES_AN_INSTANCE = 900


class Instance:
    """Four attributes, one of them a small dict."""

    def __init__(self, number):
        self.number = number
        self.text = str(number)
        self.items = [number]
        self.options = {"k": number}


def seconds(action):
    """How long one call takes; what it gives is freed before the clock stops."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def resident():
    """Resident memory now, in MiB."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 2**20


def available():
    """Memory that the machine has left, in bytes."""
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        return next(int(line.split()[1]) * 1024 for line in meminfo if line.startswith("MemAvailable"))


def forget_peak():
    """Lets the highest resident memory begin anew, at what is resident now."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as clear_refs:
        clear_refs.write("5")


def peak():
    """The highest resident memory since then, in MiB."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def forked():
    """How long a bare fork keeps this process, whose child ends at once."""
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        os._exit(0)
    taken = time.perf_counter() - start
    os.waitpid(child, 0)
    return taken


def measure(instances, rounds=7):
    """Builds one heap and prints one line a figure."""
    import refroots

    heap_of_instances = [Instance(number) for number in range(instances)]
    gc.collect()
    captured = refroots.capture()
    objects, references = len(captured), captured.reference_count
    del captured
    pairs = [(seconds(gc.collect), seconds(refroots.capture)) for _ in range(rounds)]
    collect, capture = (statistics.median(times) for times in zip(*pairs, strict=True))
    before = resident()
    forget_peak()
    graph = refroots.capture()
    during, highest, target = resident(), peak(), heap_of_instances[instances // 2]
    why = seconds(lambda: graph.why(target))
    by_type = seconds(graph.by_type)
    graph = None
    after = resident()
    pauses = [(forked(), refroots.capture(fork=True).pause) for _ in range(rounds)]
    bare, pause = (statistics.median(times) for times in zip(*pauses, strict=True))
    print(f"{instances:,} instances, {objects:,} objects, {references:,} references")
    print(f"gc.collect() {collect:.3f} s   capture {capture:.3f} s   median of {rounds}")
    print(f"ratio {capture / collect:.2f}")
    print(
        f"chain {why * 1000:.2f} ms   types {by_type * 1000:.0f} ms ({by_type / collect:.2f} of a collection)"
    )
    held, at_peak = ((mib - before) * 2**20 / objects for mib in (during, highest))
    print(f"os.fork() {bare * 1000:.1f} ms   pause of capture(fork=True) {pause * 1000:.1f} ms")
    print(f"ratio of the pause {pause / bare:.2f}")
    print(f"graph {held:.0f} bytes an object, at the peak {at_peak:.0f}")
    print(f"resident {before:.0f} MiB before, {during:.0f} with the graph, {after:.0f} after it is dropped")


def main(sizes):
    """Measures each size in a process of its own, where memory has room for it."""
    for instances in sizes:
        needed, left = instances * BYTES_AN_INSTANCE, available()
        if needed > left:
            print(f"{instances:,} instances: skipped, for they need {needed >> 20} MiB, not {left >> 20}")
        else:
            subprocess.run([sys.executable, __file__, "--one", str(instances)], check=True)
        print(flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(int(sys.argv[2]))
    else:
        main([int(size) for size in sys.argv[1:]] or SIZES)
