"""Capture beside gc.collect() on one heap, in one run: seconds, ratio, and memory of the graph.

python benches/capture.py [INSTANCES]    default 1,000,000 instances: 5 million objects, 9 million references
"""

import gc
import resource
import statistics
import sys
import time

import refroots


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


def main(instances=1_000_000, rounds=7):
    """Builds the heap and prints one line a figure."""
    heap_of_instances = [Instance(number) for number in range(instances)]
    gc.collect()
    captured = refroots.capture()
    objects, references = len(captured), captured.reference_count
    del captured
    before = resident()
    pairs = [(seconds(gc.collect), seconds(refroots.capture)) for _ in range(rounds)]
    collect, capture = (statistics.median(times) for times in zip(*pairs, strict=True))
    graph = refroots.capture()
    during, target = resident(), heap_of_instances[instances // 2]
    why = seconds(lambda: graph.why(target))
    by_type = seconds(graph.by_type)
    graph = None
    after, peak = resident(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{instances:,} instances, {objects:,} objects, {references:,} references")
    print(f"gc.collect() {collect:.3f} s   capture {capture:.3f} s   median of {rounds}")
    print(f"ratio {capture / collect:.2f}")
    print(
        f"chain {why * 1000:.2f} ms   types {by_type * 1000:.0f} ms ({by_type / collect:.2f} of a collection)"
    )
    held, highest = ((mib - before) * 2**20 / objects for mib in (during, peak))
    print(f"graph {held:.0f} bytes an object, at the peak {highest:.0f}")
    print(f"resident {before:.0f} MiB before, {during:.0f} with the graph, {after:.0f} after it is dropped")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
