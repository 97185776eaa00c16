"""Asks objgraph and its drop-in the same questions about the same heap, each in a fork of one process; prints the differences.

python objgraph_asks.py MODULE FIRST LAST    heaps FIRST to LAST - 1; MODULE as in `candidate`
"""

import functools
import gc
import importlib
import importlib.util
import itertools
import json
import os
import random
import sys
import traceback
import warnings

import objgraph
import objgraph_heaps
import objgraph_judge
from objgraph_heaps import at
from objgraph_questions import chains, ids, pictures, remember, statistics

PICTURES = 12
STYLES = ("plain", "materialized", "observed")


def copy_of_objgraph(name):
    """objgraph itself once more, as a module of its own."""
    spec = importlib.util.spec_from_file_location(name, objgraph.__file__)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def candidate(name):
    """The module to judge: one that can be imported, `same` (objgraph itself), or `same` with a defect planted."""
    if not name.startswith("same"):
        return importlib.import_module(name)
    module = copy_of_objgraph("objgraph_copy")
    label, stats, chain, leaking = (
        module._edge_label,
        module.typestats,
        module._find_chain,
        module.get_leaking_objects,
    )
    defects = {
        "same": lambda: None,
        "same-bare": lambda: setattr(module, "_edge_label", lambda *_: ""),
        "same-renamed": lambda: setattr(
            module, "_edge_label", lambda *a: label(*a).replace("__dict__", "dict")
        ),
        "same-narrow": lambda: setattr(
            module, "_show_graph", functools.partial(narrow, module._show_graph, module)
        ),
        "same-backwards": lambda: setattr(module, "gc", BackwardsGC),
        "same-one-more": lambda: setattr(module, "typestats", lambda *a, **k: {**stats(*a, **k), "list": 1}),
        "same-longer": lambda: setattr(module, "_find_chain", lambda *a, **k: [a[0], *chain(*a, **k)]),
        "same-leaky": lambda: setattr(module, "get_leaking_objects", lambda *a: leaking(*a)[1:]),
    }
    defects[name]()
    return module


def narrow(show_graph, module, objs, **options):
    """Draws one reference less than may be drawn."""
    return show_graph(objs, **{**options, "too_many": options["too_many"] - 1})


class BackwardsGC:
    """The collector with its lists turned round."""

    collect = gc.collect
    get_objects = staticmethod(lambda: gc.get_objects()[::-1])
    get_referrers = staticmethod(lambda *objects: gc.get_referrers(*objects)[::-1])
    get_referents = staticmethod(lambda *objects: gc.get_referents(*objects)[::-1])


def answers(questions, names):
    """Every question's answer, and for pictures the names that references of instances truly have."""
    given = {}
    for question, ask in questions:
        try:
            given[question] = ask()
        except Exception as error:
            given[question] = f"raised {type(error).__name__}: {error}"
    if names:  # last, for it makes dicts of attributes
        drawn = {question: answer for question, answer in given.items() if answer.startswith("digraph")}
        given |= {
            f"names of {question}": objgraph_judge.true_names(answer) for question, answer in drawn.items()
        }
    return given


def forked(work, *arguments):
    """What a function gives, as JSON, computed in a fork: what it does to the heap is gone after it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            # Nothing is open by `with` here: its __exit__ would be an object of this fork's own.
            text = json.dumps(work(*arguments))
            with os.fdopen(writing, "w", encoding="utf-8") as out:
                out.write(text)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as into:
        text = into.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"the fork ended with status {status}"
    return text


def settle():
    """Collects until the collector's order stays as it is; then remembers what there is."""
    before = ""
    for _ in range(10):
        gc.collect()
        after = ids(gc.get_objects())
        if before == after:
            break
        before = after
    remember()


def compare(module, seed):
    """The differences over one heap that are not allowed, and how many answers were compared."""
    style = STYLES[seed % 3]
    addresses, hub = objgraph_heaps.build(seed, style != "plain", style != "observed")
    settle()

    def ask(asked, mode, part):
        asked.exact = mode == "exact"
        chance = random.Random(seed)
        local = at(
            chance.choice(addresses)
        )  # held by a variable of a running frame, which objgraph does not see
        questions = pictures(asked, addresses, hub, chance)
        if part is None:
            others = statistics(asked, addresses, chance), chains(asked, addresses, chance)
            questions = itertools.chain(*others, questions)
        else:
            questions = [list(questions)[part]]
        given = answers(questions, mode == "default")
        del local
        return given

    # Where objgraph's look changes the heap, each picture has a fork of its own; the default mode, whose look does not,
    # is compared on the other heaps.
    complaints, compared = [], 0
    for part in range(PICTURES) if style == "observed" else [None]:
        # Texts, and all three before any is read: nothing is in the heap for one side that is not there for the others.
        expected = forked(ask, objgraph, "objgraph", part)
        exact = forked(ask, module, "exact", part)
        default = forked(ask, module, "default", part) if part is None else ""
        for mode, answered in (("exact", exact), ("default", default)):
            if answered:
                found, asked = differences(mode, json.loads(expected), json.loads(answered))
                complaints += [f"heap {seed} ({style}), {mode}, {said}" for said in found]
                compared += asked
    objgraph_heaps.forget(seed, addresses)
    return complaints, compared


def differences(mode, expected, found):
    """What is not as expected, and how many answers were compared."""
    said = []
    for question, answer in expected.items():
        names = found.get(f"names of {question}", {})
        difference = objgraph_judge.difference(question, answer, found[question], mode == "exact", names)
        if difference:
            said.append(f"{question}: {difference}")
    return said, len(expected)


def warm(module):
    """Lets both modules load what they load at their first use."""
    addresses, hub = objgraph_heaps.build(-1, True, False)
    for asked in (objgraph, module):
        for mode in (True, False):
            asked.exact = mode
            chance = random.Random(0)
            questions = statistics(asked, addresses, chance), chains(asked, addresses, chance)
            answers(itertools.chain(*questions, pictures(asked, addresses, hub, chance)), True)
    objgraph_heaps.forget(-1, addresses)


def collect_and_unfreeze(*generation, collect=gc.collect):
    """3.12 freezes the immortal objects that a collection meets, and what is frozen objgraph does not see."""
    found = collect(*generation)
    gc.unfreeze()
    return found


def main(name, first, last):
    """Compares over heaps and prints what was found, as JSON."""
    warnings.simplefilter("ignore")
    gc.disable()
    if sys.version_info[:2] == (3, 12):
        gc.collect = collect_and_unfreeze
        gc.collect()
    module = candidate(name)
    warm(module)
    complaints, compared = [], 0
    for seed in range(first, last):
        found, answered = compare(module, seed)
        complaints += found
        compared += answered
    print(json.dumps({"complaints": complaints, "compared": compared}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
