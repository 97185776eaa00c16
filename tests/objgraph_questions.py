"""The questions that objgraph and its drop-in are asked about a heap; the answers are texts."""

import array
import bisect
import collections
import contextlib
import gc
import io
import os
import tempfile

import objgraph
import objgraph_heaps
from objgraph_heaps import at

THERE = array.array("Q")


def ids(objects):
    """Addresses, as text: a list of them would be one more object in the heap."""
    return " ".join(str(id(one)) for one in objects)


def there(objects):
    """Addresses of what was there before the question; of what came with the question the types."""
    return " ".join(str(id(one)) if was_there(id(one)) else type(one).__name__ for one in objects)


def was_there(address):
    """Whether a tracked object was there when the heap had settled."""
    place = bisect.bisect_left(THERE, address)
    return place < len(THERE) and THERE[place] == address


def statistics(module, addresses, chance):
    """What counts, finds and compares: question, and the answer as text."""
    some = chance.sample(list(addresses), min(12, len(addresses)))
    name = chance.choice(
        ["Plain", "Slotted", "Keyed", "Inner", "ünicode", "dict", "frame", "generator", "nothing"]
    )
    long = "objgraph_heaps." + name
    short = chance.random() < 0.5
    yield "typestats", lambda: repr(list(module.typestats(shortnames=short).items()))
    yield (
        "typestats filter",
        lambda: repr(list(module.typestats(None, not short, lambda o: type(o) is not dict).items())),
    )
    yield (
        "typestats objects",
        lambda: repr(list(module.typestats([at(one) for one in addresses], False).items())),
    )
    yield "most_common_types", lambda: repr(module.most_common_types(limit=None, shortnames=not short))
    yield "most_common_types -3", lambda: repr(module.most_common_types(-3, (at(one) for one in addresses)))
    yield "show_most_common_types", lambda: written(module.show_most_common_types, limit=7, shortnames=short)
    yield f"count {name}", lambda: repr(module.count(name))
    yield f"count {long}", lambda: repr(module.count(long))
    yield "count nested", lambda: repr(module.count("objgraph_heaps.Outer.Inner"))
    yield f"by_type {name}", lambda: there(module.by_type(name))
    yield f"by_type {long}", lambda: there(module.by_type(long))
    yield f"by_type {name} objects", lambda: ids(module.by_type(name, [at(one) for one in addresses]))
    yield "at", lambda: ids(module.at(one) for one in [*some[:3], 0, 8, -1])
    yield "at_addrs", lambda: ids(module.at_addrs(set(some)))
    yield "at_addrs list", lambda: ids(module.at_addrs(some[:2]))
    yield "get_leaking_objects", lambda: there(module.get_leaking_objects())
    yield "growth", lambda: grown(module, short)
    # Last, for what it keeps between calls is counted by the others.
    turn = chance.randrange(4)
    if turn == 0:
        yield (
            "get_leaking_objects objects",
            lambda: there(module.get_leaking_objects([at(one) for one in some])),
        )
    elif turn == 1:
        yield (
            "get_leaking_objects generator",
            lambda: there(module.get_leaking_objects(at(one) for one in some)),
        )
    elif turn == 2:
        yield "show_growth", lambda: shown_growth(module)
    else:
        yield "get_new_ids", lambda: new_ids(module)


def written(function, *arguments, **options):
    """What it writes."""
    file = io.StringIO()
    function(*arguments, file=file, **options)
    return file.getvalue()


def grown(module, short):
    """What has grown after a peak, with the peaks."""
    peaks = {}
    module.growth(peak_stats=peaks, shortnames=short)
    kept = [objgraph_heaps.Plain(), [], objgraph_heaps.Plain()]
    found = module.growth(None, peaks, short)
    return f"{found} {list(peaks.items())} {len(kept)}"


def shown_growth(module):
    """The table of what grew since the last call, by the peaks that the process shares."""
    module.growth.__defaults__[1].clear()
    module.growth()
    module.show_growth(file=io.StringIO())
    kept = [objgraph_heaps.Slotted(), {"a": []}, objgraph_heaps.Slotted()]
    return written(module.show_growth) + str(len(kept))


def new_ids(module):
    """The new objects of the heap's own classes; objgraph's own sets are new as well."""
    module.get_new_ids(limit=0)
    module.get_new_ids(limit=0)
    kept = [objgraph_heaps.Plain() for _ in range(3)]
    table = written(module.get_new_ids, limit=None, sortby="current")
    state = module.get_new_ids(skip_update=True)
    rows = [line.split() for line in table.splitlines() if line.startswith(("Plain ", "Slotted ", "Type "))]
    return f"{rows} {set(map(id, kept)) == state['Plain']} {len(state['Slotted'])} {isinstance(state, collections.defaultdict)}"


def chained(module, way, address, predicate, **options):
    """A chain's length, its ends, whether they are what was asked for, and whether each refers to the next; the type it begins with."""
    find = module.find_backref_chain if way == "back" else module.find_ref_chain
    chain = find(at(address), predicate, **options)
    ends = f"{len(chain)} {id(chain[0])} {id(chain[-1])} {predicate(chain[0])} {predicate(chain[-1])}"
    linked = all(any(one is after for one in gc.get_referents(before)) for before, after in pairs(chain))
    return f"{ends} {linked} {type(chain[0]).__name__}"


def pairs(chain):
    """Neighbours in a chain."""
    return zip(chain, chain[1:])  # noqa: B905


def chains(module, addresses, chance):
    """Chains back and forth, found and not found."""
    for number in range(3):
        address, other = chance.choice(addresses), chance.choice(addresses)
        kind = chance.choice([objgraph_heaps.Plain, list, dict, type])
        yield f"back to a module {number}", lambda: chained(module, "back", address, module.is_proper_module)
        yield (
            f"back to another {number}",
            lambda: chained(module, "back", address, lambda o: id(o) == other, max_depth=4),
        )
        yield (
            f"to a type {number}",
            lambda: chained(module, "forth", address, lambda o: type(o) is kind, max_depth=3),
        )
        if number == 0:
            yield (
                f"back, ignoring {number}",
                lambda: chained(
                    module,
                    "back",
                    address,
                    lambda o: type(o) is kind,
                    max_depth=3,
                    extra_ignore=set(addresses[::3]),
                ),
            )
            yield (
                f"forth to another {number}",
                lambda: chained(module, "forth", address, lambda o: id(o) == other, max_depth=4),
            )
            yield f"nowhere {number}", lambda: chained(module, "back", address, lambda o: False, max_depth=2)


def drawn(function, *arguments, **options):
    """The DOT text, by `output`."""
    output = io.StringIO()
    assert function(*arguments, output=output, **options) is None
    return output.getvalue()


def filed(function, *arguments, **options):
    """The DOT text by a file, and what is printed."""
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "graph.dot")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            assert function(*arguments, filename=name, **options) is None
        with open(name, encoding="utf-8", newline="") as file:
            return file.read() + printed.getvalue().replace(name, "graph.dot")


def pictures(module, addresses, hub, chance):
    """The three pictures with every option."""
    one, two, three, four = (chance.choice(addresses) for _ in range(4))
    depth, many = chance.choice([1, 2, 4]), chance.choice([1, 3, 10])
    back, forth = module.show_backrefs, module.show_refs
    yield "show_backrefs", lambda: drawn(back, [at(one)])
    yield "show_backrefs two", lambda: drawn(back, (at(two), at(three)), max_depth=depth, too_many=many)
    yield (
        "show_backrefs hub",
        lambda: drawn(
            back,
            [at(hub)],
            max_depth=2,
            shortnames=False,
            filter=lambda o: type(o) is not type,
            highlight=lambda o: type(o) is list,
        ),
    )
    yield "show_backrefs refcounts", lambda: drawn(back, [at(four)], max_depth=1, refcounts=True)
    # Not in a list: the functions themselves hold it. One that is a list or tuple by its class would be one.
    own = [one for one in addresses if type(at(one)).__module__ == "objgraph_heaps"]
    bare = next(one for one in own if not issubclass(type(at(one)), (list, tuple)))
    yield "show_backrefs refcounts bare", lambda: drawn(back, at(bare), max_depth=1, refcounts=True)
    yield "show_refs refcounts bare", lambda: drawn(forth, at(bare), max_depth=0, refcounts=True)
    yield "show_backrefs file", lambda: filed(back, [at(three)], max_depth=2)
    yield "show_refs", lambda: drawn(forth, [at(one)])
    yield (
        "show_refs two",
        lambda: drawn(forth, [at(hub), at(two), at(hub)], max_depth=2, too_many=many, extra_ignore=[three]),
    )
    yield (
        "show_refs dressed",
        lambda: drawn(
            forth,
            [at(four)],
            max_depth=2,
            too_many=4,
            shortnames=False,
            extra_info=lambda o: hex(id(o)),
            extra_node_attrs=lambda o: {"URL": f'"{id(o)}"', "none": None},
        ),
    )
    yield (
        "show_chain",
        lambda: drawn(
            module.show_chain,
            objgraph.find_backref_chain(at(one), objgraph.is_proper_module),
            [],
            objgraph.find_backref_chain(at(two), objgraph.is_proper_module),
        ),
    )
    yield (
        "show_chain forth",
        lambda: drawn(
            module.show_chain,
            objgraph.find_ref_chain(at(three), lambda o: type(o) is objgraph_heaps.Plain, max_depth=3),
            backrefs=False,
        ),
    )


def remember():
    """Remembers what there is now."""
    THERE[:] = array.array("Q", sorted(map(id, gc.get_objects())))
