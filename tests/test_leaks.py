"""The leaks under fixtures/leaks: suspects names each first, why says its chain, and a diff of two rounds leads there."""

import dataclasses
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
    holder: str  # the type of what accumulates them
    held: tuple[str, ...]  # the types of what stands there: the leaked objects, or what each hangs on
    way: str  # a pattern of the chain's expression at the holder
    at_least: float = 0.3  # its share of the heap after main()


LEAKS = {
    "listener": Leak("Panel", "PANELS_A_ROUND", "list", ("method", "Panel"), r"BUS\.listeners\['tick'\]"),
    "lru_cache_method": Leak(
        "Report", "REPORTS_A_ROUND", "functools._lru_cache_wrapper", ("tuple", "Report"), r"Report.*total"
    ),
    "kept_exceptions": Leak("RowError", "FILES_A_ROUND", "list", ("RowError",), r"FAILED"),
    "asyncio_tasks": Leak("Visitor", "VISITORS_A_ROUND", "set", ("_asyncio.Task", "Visitor"), r"TASKS"),
    "logger_handlers": Leak("JobLog", "JOBS_A_ROUND", "list", ("JobLog",), r"(LOGGER|jobs).*\.handlers"),
    "thread_queue": Leak("Event", "EVENTS_A_ROUND", "collections.deque", ("Event",), r"\.inbox\.queue"),
}

# What each program in a fresh interpreter begins with: `module` is the fixture, `leak` what must be found.
BEGIN = """
import importlib, re, sys
import refroots
from test_leaks import FIXTURES, LEAKS
sys.path.insert(0, str(FIXTURES))
module, leak = importlib.import_module(sys.argv[1]), LEAKS[sys.argv[1]]
leaked = f"{sys.argv[1]}.{leak.leaked}"
each = getattr(module, leak.each)
held = [name if "." in name or name in ("method", "tuple") else f"{sys.argv[1]}.{name}" for name in leak.held]
"""


def inside(run_python, name, body):
    run_python(BEGIN + body, name)


every_leak = pytest.mark.parametrize("name", LEAKS)


@every_leak
def test_suspects_names_it_first(run_python, name):
    body = """
module.main()
suspects = refroots.capture().suspects()
assert len(suspects) >= 1
first = suspects[0]
print(first.text)
assert first.share >= leak.at_least, first.share
assert first.type in held, first.type
assert re.search(leak.way, str(first.chain)) or re.search(leak.way, first.chain.expression or ""), str(first.chain)
assert first.count >= 20 * each - 1, first.count
assert all(first.retained >= other.retained for other in suspects)
# Words of the holder itself: the expression, or at least its type.
assert re.search(leak.way, first.text) or first.holder.type in first.text, first.text
assert first.holder.type in (leak.holder, "dict"), first.holder.type
"""
    inside(run_python, name, body)


@every_leak
def test_suspects_of_a_program_that_knows_nothing_of_it(tmp_path, name):
    command = [sys.executable, "-m", "refroots", "run", "--suspects", FIXTURES / f"{name}.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    leak = LEAKS[name]
    assert re.search(leak.way.replace(r"\.", r"[\s\S]*"), done.stdout), done.stdout
    assert any(held in done.stdout for held in leak.held), done.stdout


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
assert re.search(leak.way, rows[0].signature), rows[0].signature
assert "[*]" in rows[0].signature or "cache" in rows[0].signature
assert f"{rows[0].count}" in str(reasons)
assert rows[0].root.kind in ("module", "frame", "interpreter")
assert rows[0].chain.target.type == leaked
one = heap.why(next(iter(refroots.objects(leaked))))
assert one.references
"""
    inside(run_python, name, body)


@every_leak
def test_diff_of_two_rounds_leads_to_the_holder(run_python, name):
    body = """
module.main(2)
before = refroots.capture()
for number in range(2, 5):
    module.round_of_work(number)
after = refroots.capture()
growth = before.diff(after)
table = growth.by_type()
print(table)
row = next(row for row in table if row.type == leaked)
assert row.count == 3 * each, row
assert row.new + row.unsure >= 3 * each
assert row.gone == 0
assert row.retained > 0
# The leaked type, or what it is made of, is among the first.
leading = [row.type for row in list(table)[:3]]
assert leaked in leading or set(leading) <= {"dict", "str", "list", "float", "int", "tuple"}, leading
reasons = growth.why()
print(reasons)
assert re.search(leak.way, next(iter(reasons)).signature)
assert len(growth.new) > 3 * each
assert growth.survivors > 10_000
# What appeared is there still, one round later.
module.round_of_work(5)
third = refroots.capture()
assert len(growth.still_in(third)) >= 0.9 * len(growth.new)
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
    heaps.append(refroots.capture())
rows = list(refroots.grew(*heaps))
for row in rows[:10]:
    print(row.path, row.counts, row.sizes)
first = rows[0]
assert re.search(leak.way, first.path), first.path
assert first.counts == sorted(set(first.counts)), first.counts
assert first.sizes == sorted(set(first.sizes)), first.sizes
"""
    inside(run_python, name, body)


@every_leak
def test_track_sees_one_round(run_python, name):
    body = """
module.main(2)
with refroots.track() as growth:
    module.round_of_work(2)
row = next(row for row in growth.by_type() if row.type == leaked)
assert row.count == each, row
assert not [row.type for row in growth.by_type() if row.type.startswith("refroots")]
assert re.search(leak.way, next(iter(growth.why())).signature)
"""
    inside(run_python, name, body)
