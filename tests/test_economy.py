"""Cycles, duplicates, container waste and reachable sizes, against Python's own grouping and sizes."""

import pytest

CYCLES = """
import gc
gc.collect()
gc.disable()
import refroots

class Node:
    pass

def pair():
    one, other = Node(), Node()
    one.children, other.parent = [other], one
    return one

def garbage(count):
    for _ in range(count):
        pair()

def closure():
    def countdown(number):
        return countdown(number - 1) if number else 0
    return countdown
"""


def test_cycles_are_grouped_and_garbage_is_told_apart(run_python):
    run_python(
        CYCLES
        + """
garbage(10)
living = [pair() for _ in range(3)]
for _ in range(5): closure()
heap = refroots.capture()
rows = heap.cycles()
dead, alive = [row for row in rows if ("__main__.Node", 2) in row.types]
assert (dead.count, dead.garbage, alive.count, alive.garbage) == (10, True, 3, False)
assert dict(dead.types)["list"] == 1 and dead.objects == 10 * sum(count for _, count in dead.types)
assert 0 < alive.size < dead.size
closures = next(row for row in rows if row.garbage and dict(row.types).get("cell") and dict(row.types)["function"] == 1)
assert closures.count == 5
assert [row.size for row in rows] == sorted((row.size for row in rows), reverse=True)

cycle = dead.example.cycle()
assert [reference.name for reference in cycle if reference.name != ".__dict__"] == [".children", "[0]", ".parent"]
assert cycle[0].source == cycle[-1].target == dead.example
assert all(one.target == next.source for one, next in zip(cycle, cycle[1:]))
assert heap[living].cycle() is None
assert heap[living[0]].cycle()[-1].target == heap[living[0]]

# Of garbage the chain is its cycle.
lost = heap.find("Node") & heap.garbage()
assert len(lost) == 20
for chain in (lost[0].chain(), heap.why(lost[3])):
    assert chain.root.kind == "garbage" and "a cycle of" in chain.root.text, chain.root.text
    assert chain.cycle and chain.cycle[0].source == chain.cycle[-1].target
    assert "unreachable garbage" in str(chain) and chain.expression is None
assert {row.signature: row.count for row in heap.find("Node").why()}["unreachable garbage"] == 20

# The collector agrees.
assert gc.collect() >= dead.objects
heap = refroots.capture()
assert [row.garbage for row in heap.cycles() if ("__main__.Node", 2) in row.types] == [False]
assert not heap.find("Node") & heap.garbage()
"""
    )


def test_garbage_below_a_cycle_says_the_cycle_that_holds_it(run_python):
    run_python(
        CYCLES
        + """
class Leaf: pass
def lose():
    one = pair()
    one.tail = [[Leaf()]]
lose()
heap = refroots.capture()
(leaf,) = heap.find("Leaf")
chain = leaf.chain()
assert leaf.cycle() is None and chain.root.kind == "garbage"
names = "".join(reference.name for reference in chain.references if reference.name != ".__dict__")
assert names == ".tail[0][0]", names
assert chain.cycle[0].source == chain.references[0].source
"""
    )


def test_the_smallest_cycle_of_several(run_python):
    run_python(
        CYCLES
        + """
ring = [Node() for _ in range(50)]
for one, other in zip(ring, ring[1:] + ring[:1]): one.next = other
ring[7].short = ring[5]
heap = refroots.capture()
def steps(node): return [r.name for r in heap[node].cycle() if r.name != ".__dict__"]
assert steps(ring[6]) == [".next", ".short", ".next"], steps(ring[6])
assert steps(ring[20]).count(".next") == 48 and steps(ring[20]).count(".short") == 0 or len(steps(ring[20])) == 50
(row,) = [row for row in heap.cycles() if ("__main__.Node", 50) in row.types]
assert (row.count, row.garbage) == (1, False)
"""
    )


def test_living_definitions_are_no_cycles(run_python):
    run_python(
        CYCLES
        + """
import asyncio, json, logging, unittest.mock
class Registry:
    known = {}
    def method(self): return Registry
Registry.known["one"] = one = Registry()
gc.collect()
heap = refroots.capture()
for row in heap.cycles():
    assert not {"module", "type"} & set(dict(row.types)), row
(giant, *_) = heap.cycles(definitions=True)
assert giant.objects > 5000 and not giant.garbage
assert heap[one].cycle() is None and heap[one].cycle(definitions=True)[-1].target == heap[one]
"""
    )


def test_reach_ends_at_definitions(run_python):
    run_python(
        CYCLES
        + """
class Holder: pass
holder = Holder()
holder.rows = [bytes(1000 + number) for number in range(50)]
holder.again = holder.rows
holder.function = run = closure()
holder.me = holder
shared = holder.rows[:10]
heap = refroots.capture()
told = heap[holder].reachable()
rows = heap[holder.rows]
exact = rows.size + sum(node.size for node in (heap[row] for row in holder.rows))
assert rows.reachable() == exact
assert exact < told < exact + 5000, (exact, told)
assert heap[holder].retained < told < heap[holder].reachable(definitions=True)
assert heap[holder].reachable(definitions=True) > 1_000_000
assert heap[shared].reachable() == heap[shared].size + sum(heap[row].size for row in shared)
"""
    )


# Every value several times as objects of their own, and near ones that differ at the front, middle and end.
VALUES = """
import collections, random, struct, sys
import refroots

random.seed(7)

def copy(value):
    if isinstance(value, str): return "".join([value[:1], value[1:]]) if len(value) > 1 else value
    if isinstance(value, bytes): return bytes(bytearray(value))
    if isinstance(value, int): return (value + 1) - 1
    if isinstance(value, float): return struct.unpack("d", struct.pack("d", value))[0]
    return tuple(map(copy, value))

def near(value):
    middle, third = len(value) // 2, len(value) // 3
    other = b"q" if isinstance(value, bytes) else "q"
    yield value
    yield value[:-1] + other
    yield value[:middle] + other + value[middle + 1 :]
    yield value[:third] + other + value[third + 1 :]
    yield value + other

values = []
for alphabet in ("ab", "\\xe9\\xff", "\\u6f22\\u0436", "\\U0001f600a", "\\ud800\\ufffd\\ud801", "\\udc80b\\ufffd"):
    for length in (2, 10, 39, 40, 41, 64, 191, 192, 193, 1000):
        values += near("".join(random.choice(alphabet) for _ in range(length)))
for length in (2, 39, 40, 41, 63, 64, 65, 128, 129, 1000, 100_000):
    values += near(bytes(random.randrange(256) for _ in range(length)))
for power in (31, 32, 62, 119, 120, 121, 126, 127, 128, 150, 1000):
    for change in (-1, 0, 1):
        values += [2**power + change, -(2**power) + change]
values += [0.0, -0.0, float("nan"), -float("nan"), 1.5, float("inf"), True, None]
atoms = list(values)
values += [tuple(random.sample(atoms, random.randrange(1, 5))) for _ in range(100)]
objects = [copy(value) if value not in (True, None) else value for value in values for _ in range(random.randrange(1, 5))]
random.shuffle(objects)

def key(value):
    if isinstance(value, float): return float, struct.pack("d", value)
    if isinstance(value, tuple): return tuple, tuple(map(key, value))
    return type(value), value

# Of these alone, and what the tuples contain: the values that were copied are gone.
del values, atoms
objects += [item for value in objects if isinstance(value, tuple) for item in value]
by_id = {id(value): value for value in objects}
expected = collections.defaultdict(set)
for address, value in by_id.items():
    expected[key(value)].add(address)
"""


@pytest.mark.parametrize("fork", [False, True])
def test_duplicates_are_pythons_own_groups(run_python, fork):
    run_python(
        VALUES
        + f"""
rows = refroots.capture(fork={fork}).duplicates()
assert [row.wasted for row in rows] == sorted((row.wasted for row in rows), reverse=True)
found, of_others = {{}}, set()
for row in rows:
    if row.example.address not in by_id:
        of_others.add(row.text)
        continue
    value = by_id[row.example.address]
    assert key(value) not in found, value
    found[key(value)] = row
    assert row.type == type(value).__name__
    assert (row.count - 1) * (row.size - 8) <= row.wasted <= (row.count - 1) * row.size
# The rest of the process has some of the short ones, too: there a group is larger, or its first is not ours.
for value, addresses in expected.items():
    shown = repr(value[1])
    is_common = len(shown) < 12 or value[0] is float
    if value in found:
        assert found[value].count == len(addresses) or is_common, (value, len(addresses), found[value])
    else:
        assert len(addresses) == 1 or is_common or value in ((bool, True), (type(None), None)), (value, len(addresses))
assert len(found) > 400
"""
    )


def test_duplicates_say_where_they_are_held(run_python):
    run_python(
        """
        import refroots
        class User: pass
        users = []
        for number in range(3000):
            user = User()
            user.country = "".join(["Neder", "land"])
            user.score = (number % 3 + 1000.5, "".join(["a", "b"]))
            users.append(user)
        rows = refroots.capture().duplicates()
        row = next(row for row in rows if row.text == "'Nederland'")
        assert row.count == 3000 and row.held_by[0] == (".country of __main__.User", 3000), row.held_by
        assert row.wasted == 2999 * row.size and row.type == "str"
        tuples = [row for row in rows if row.type == "tuple" and row.count == 1000]
        assert sorted(row.text for row in tuples) == [f"({number}, 'ab')" for number in (1000.5, 1001.5, 1002.5)]
        """
    )


WASTE = """
import collections, random, sys
import refroots

random.seed(3)
word = lambda: "".join(random.choice("abcdefgh") for _ in range(6))
dicts = [{word(): 0 for _ in range(random.randrange(200))} for _ in range(100)]
for some in dicts:
    for name in random.sample(list(some), random.randrange(len(some) + 1)): del some[name]
dicts += [{number: 0 for number in range(count)} for count in range(100)]
sets = [{random.randrange(10_000) for _ in range(random.randrange(200))} for _ in range(100)]
sets += [frozenset(range(count)) for count in range(1, 40)]
lists = []
for count in range(100):
    grown = []
    for number in range(count): grown.append(number)
    lists += [grown, [0] * count]

def anew(container):
    if isinstance(container, list): return list(container)
    if isinstance(container, dict):
        made = {}
        for name, value in container.items(): made[name] = value
        return made
    return set(container)

def saved(container):
    return sys.getsizeof(container) if not container else max(0, sys.getsizeof(container) - sys.getsizeof(anew(container)))
"""


def test_waste_is_what_a_fresh_copy_would_save(run_python):
    run_python(
        WASTE
        + """
own = {id(each): each for each in dicts + sets + lists}
heap = refroots.capture()
rows = heap.container_waste()
wasteful, told = set(), 0
for row in rows:
    assert row.count == len(row.objects) and row.size == row.objects.size and row.remedy
    wasteful |= {each.address for each in row.objects if each.address in own}
wrong = [each for address, each in own.items() if (saved(each) > 0) != (address in wasteful)]
assert not wrong, [(type(each).__name__, len(each), saved(each)) for each in wrong[:5]]
assert [row.wasted for row in rows] == sorted((row.wasted for row in rows), reverse=True)
# The bytes, too, of lists: the rest of the process wastes a little more.
before = rows["lists with room to spare"].wasted
expected = sum(saved(each) for each in lists if each)
lists.clear(), own.clear()
del wrong, grown, row
after = refroots.capture().container_waste()["lists with room to spare"].wasted
assert abs(before - after - expected) < 200, (before, after, expected)
"""
    )


def test_empty_containers_are_told_with_their_holders(run_python):
    run_python(
        """
        import collections, refroots
        class Order:
            def __init__(self):
                self.lines, self.tags, self.notes, self.queue = [], set(), {}, collections.deque()
        orders = [Order() for _ in range(500)]
        table = refroots.capture().container_waste()
        expected = {"empty lists": ".lines", "empty sets": ".tags", "empty dicts": ".notes", "empty deques": ".queue"}
        for kind, name in expected.items():
            row = table[kind]
            assert row.held_by[0] == (f"{name} of __main__.Order", 500), row.held_by
            assert row.count >= 500 and row.wasted >= 500 * 56
        assert table["empty deques"].wasted > 500 * 500
        """
    )
