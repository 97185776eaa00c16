"""The leaks under fixtures/leaks: suspects names each first, why says its chain, and a diff of two rounds leads there."""

import dataclasses
import json
import pathlib
import re
import subprocess
import sys

import pytest

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "leaks"


@dataclasses.dataclass(frozen=True)
class Leak:
    """What must be found in one program."""

    leaked: str  # the class that the program loses, without its module
    each: str  # the module's constant that says how many a round
    accumulates: str  # the type of the objects that accumulate, as a suspect names it
    holders: tuple[str, ...]  # what they accumulate in
    way: str  # a pattern of the words of the way to the holder


LEAKS = {
    "listener": Leak("Panel", "PANELS_A_ROUND", "listener.Panel", ("list",), r"BUS\.listeners\['tick'\]"),
    "lru_cache_method": Leak(
        "Report",
        "REPORTS_A_ROUND",
        "lru_cache_method.Report",
        ("dict", "functools._lru_cache_wrapper"),
        r"Report\.total",
    ),
    "kept_exceptions": Leak("RowError", "FILES_A_ROUND", "kept_exceptions.RowError", ("list",), r"\.FAILED"),
    "asyncio_tasks": Leak("Visitor", "VISITORS_A_ROUND", "_asyncio.Task", ("set",), r"\.TASKS"),
    "logger_handlers": Leak(
        "JobLog", "JOBS_A_ROUND", "logger_handlers.JobLog", ("list",), r"LOGGER\.handlers"
    ),
    "thread_queue": Leak(
        "Event",
        "EVENTS_A_ROUND",
        "thread_queue.Event",
        ("collections.deque",),
        r"(\.inbox|local self)\.queue",
    ),
}

# What each program in a fresh interpreter begins with; it loads nothing that would make the heap larger.
BEGIN = """
import gc, importlib, re, sys
import refroots
folder, name, leaked, each, accumulates, way, *holders = sys.argv[1:]
sys.path.insert(0, folder)
module = importlib.import_module(name)
leaked, each = f"{name}.{leaked}", getattr(module, each)

def capture():
    gc.collect()
    return refroots.capture()

"""


def inside(run_python, name, body):
    leak = LEAKS[name]
    words = (leak.leaked, leak.each, leak.accumulates, leak.way, *leak.holders)
    return run_python(BEGIN + body, str(FIXTURES), name, *words)


every_leak = pytest.mark.parametrize("name", LEAKS)


@every_leak
def test_suspects_names_it_first(run_python, name):
    body = """
module.main()
first, *others = refroots.capture().suspects()
print(first.text)
# What accumulates, how many, where, with the numbers.
assert first.type == accumulates, first.type
assert first.count >= 20 * each - 1, first.count
assert first.holder.type in holders, first.holder.type
assert first.share >= 0.3 and first.share > 2 * max([0, *(other.share for other in others)]), (first.share, others)
assert re.search(way, first.text), first.text
assert accumulates in first.text and f"{first.count:,}" in first.text
assert first.chain.target == first.holder and re.search(way, first.chain.path), first.chain.path
assert first.retained == first.holder.retained
"""
    inside(run_python, name, body)


@every_leak
def test_suspects_of_a_program_that_knows_nothing_of_it(tmp_path, name):
    program = FIXTURES / f"{name}.py"
    command = [sys.executable, "-m", "refroots", "run", "--suspects", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    answer = done.stdout[done.stdout.index(" in a heap of ") :]
    first = next(line for line in answer.splitlines() if line.startswith("1. "))
    leak = LEAKS[name]
    assert re.search(leak.way, first), first
    assert leak.accumulates.replace(name, "__main__") in first, first


@every_leak
def test_suspects_as_json(tmp_path, name):
    program = FIXTURES / f"{name}.py"
    command = [sys.executable, "-m", "refroots", "run", "--suspects", "-o", "suspects.json", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    first = json.loads((tmp_path / "suspects.json").read_text())[0]
    leak = LEAKS[name]
    assert first["type"] == leak.accumulates.replace(name, "__main__")
    assert first["share"] >= 0.3 and first["retained"] > 1_000_000 and first["count"] >= 99
    assert re.search(leak.way, first["path"]), first["path"]


@every_leak
def test_why_says_the_chain_once_for_all_of_them(run_python, name):
    body = """
module.main(3)
heap = refroots.capture()
found = heap.find(leaked)
assert len(found) == 3 * each, len(found)
reasons = found.why()
print(reasons)
rows = list(reasons)
assert sum(row.count for row in rows) == len(found)
assert rows[0].count == max(row.count for row in rows)
# One of the events is with the thread that sends it.
assert rows[0].count >= len(found) - 1
assert re.search(way, rows[0].signature), rows[0].signature
assert "[*]" in rows[0].signature
assert f"{rows[0].count}" in str(reasons)
assert rows[0].root.kind in ("module", "frame")
assert rows[0].chain.target.type == leaked
one = heap.why(refroots.objects(leaked)[5])
assert one.root.kind in ("module", "frame") and re.search(way, one.path), one.path
"""
    inside(run_python, name, body)


@every_leak
def test_diff_of_two_rounds_leads_to_the_holder(run_python, name):
    body = """
module.main(2)
before = capture()
for number in range(2, 5):
    module.round_of_work(number)
after = capture()
growth = before.diff(after)
table = growth.by_type(retained=True)
print(table)
row = table[leaked]
assert (row.count, row.gone, row.count_before) == (3 * each, 0, 2 * each), row
assert row.new + row.unsure >= 3 * each
assert row.retained >= row.size > 0
# Of the program's own classes the leaked one and what it is made of are all that grew.
reasons = growth.why()
print(reasons)
assert re.search(way, reasons[0].signature), reasons[0].signature
assert len(growth.new) > 3 * each
assert growth.survivors > 10_000
# What appeared is there still, one round later.
module.round_of_work(5)
assert len(growth.still_in(capture())) >= 0.9 * len(growth.new)
"""
    inside(run_python, name, body)


@every_leak
def test_the_growing_path_is_named(run_python, name):
    body = """
heaps, number = [], 0
for _ in range(3):
    for _ in range(3):
        module.round_of_work(number)
        number += 1
    heaps.append(capture())
rows = list(refroots.grew(*heaps))
for row in rows[:10]:
    print(row.path, row.counts, row.sizes)
first = rows[0]
assert re.search(way, first.path), first.path
assert len(first.counts) == len(first.sizes) == 3
for row in rows:
    assert row.counts == sorted(set(row.counts)), (row.path, row.counts)
"""
    inside(run_python, name, body)


@every_leak
def test_track_sees_one_round(run_python, name):
    body = """
module.main(2)
with refroots.track() as growth:
    module.round_of_work(2)
table = growth.by_type()
assert table[leaked].count == each, table
assert not [row.type for row in table if row.type.startswith("refroots")]
print(growth.why())
assert re.search(way, growth.why()[0].signature)
"""
    inside(run_python, name, body)


@every_leak
def test_the_command_finds_it_in_files(tmp_path, name):
    body = """
number = 0
for file in ("1.refroots", "2.refroots", "3.refroots"):
    for _ in range(3):
        module.round_of_work(number)
        number += 1
    gc.collect()
    refroots.save(file, fork=True, values="short")
"""
    leak = LEAKS[name]
    folder = str(FIXTURES)
    words = (leak.leaked, leak.each, leak.accumulates, leak.way, *leak.holders)
    program = subprocess.run(
        [sys.executable, "-c", BEGIN + body, folder, name, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert program.returncode == 0, program.stderr

    def answer(*question):
        command = [sys.executable, "-m", "refroots", *question, "--json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    first = answer("diff", "1.refroots", "2.refroots", "3.refroots")["grew"][0]
    assert re.search(leak.way, first["path"]), first["path"]
    suspect = answer("suspects", "3.refroots")[0]
    assert re.search(leak.way, suspect["text"]) and suspect["type"] == leak.accumulates, suspect["text"]
    reason = answer("why", "3.refroots", f"{name}.{leak.leaked}")[0]
    assert re.search(leak.way, reason["signature"]), reason["signature"]
