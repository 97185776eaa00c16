"""What a capture gives where a layout is not known: each can be switched off, and is said to be absent."""

import sys

import pytest

# Instances of 3.10 have a dict each.
IN_INSTANCES = str(sys.version_info >= (3, 11))
LAYOUTS = ["inline-values", "code", "frames", "rings", "weak-references"]

PROGRAM = """
import asyncio, gc, logging, refroots, sys, typing
from oracles import lost_references, phantom_references

class Plain:
    def __init__(self):
        self.first = ["first"]
        self.second = {"second": self}

class Slotted:
    __slots__ = ("here", "__dict__")

class Counted(int):
    pass

class Text(str):
    pass

def closure():
    captured = ["captured"]
    def reads():
        return captured
    return reads

def generator():
    inside = ["inside"]
    yield inside

keep = [Plain(), Slotted(), Counted(3), Text("x"), closure(), generator(), [Plain() for _ in range(50)]]
keep[1].here, keep[1].there, keep[2].x, keep[3].x = [1], [2], [3], [4]
next(keep[5])
vars(keep[6][7])["materialised"] = [5]

def main():
    local = ["local"]
    lost_references()
    assert lost_references() == {}, lost_references()
    assert phantom_references() == {}, phantom_references()
    heap = refroots.capture()
    by_name = {r.name: r.target.address for r in heap[keep[0]].referents}
    print("\\n".join(heap.notes))
    print("attribute", by_name.get(".first") == id(keep[0].first))
    print("closure", [r.name for r in heap[keep[4].__closure__[0]].referents])
    print("frame", [r.name for r in heap[local].referrers])
    print("suspended", "inside" in [r.name for r in heap[keep[5]].referents])
    heap.why(keep[0].first), refroots.show_backrefs(keep[0].first, filename="refs.svg"), heap.by_type()
    gc.collect()
    gc.freeze()
    assert keep[6][3] in refroots.capture()

main()
"""


@pytest.fixture
def answers(run_python):
    """The program's answers by their first words, and the notes, under the layouts that are distrusted."""

    def answer(*distrusted):
        out = run_python(PROGRAM, env={"REFROOTS_DISTRUST": ",".join(distrusted)})
        notes, found = [], {}
        for line in out.splitlines():
            word, _, rest = line.partition(" ")
            if word in ("attribute", "closure", "frame", "suspended"):
                found[word] = rest
            else:
                notes.append(line)
        return " ".join(notes), found

    return answer


def test_nothing_is_absent_where_all_layouts_hold(answers):
    notes, found = answers()
    assert found["closure"] == "['<captured>']"
    assert notes == ""
    assert found == {
        "attribute": IN_INSTANCES,
        "closure": "['<captured>']",
        "frame": "['local']",
        "suspended": IN_INSTANCES,  # on 3.10 its frame is an object of its own
    }


@pytest.mark.skipif(sys.version_info < (3, 11), reason="instances of 3.10 have a dict each")
def test_without_inline_values_attributes_have_no_names(answers):
    notes, found = answers("inline-values")
    assert "attributes that stand in instances have no names" in notes
    assert found["attribute"] == "False"
    assert found["frame"] == "['local']"


def test_without_code_frames_are_absent_too(answers):
    notes, found = answers("code")
    assert "the layout of code objects is unknown" in notes and "locals of running frames are absent" in notes
    assert found["attribute"] == IN_INSTANCES
    assert found["closure"] == "['cell_contents']" or found["closure"] == "['.cell_contents']"
    assert (found["frame"], found["suspended"]) == ("[]", "False")


def test_without_frames_locals_are_absent(answers):
    notes, found = answers("frames")
    assert "locals of running frames are absent" in notes and "code objects" not in notes
    assert found == {
        "attribute": IN_INSTANCES,
        "closure": "['<captured>']",
        "frame": "[]",
        "suspended": "False",
    }


def test_without_the_rings_the_collector_is_asked(answers):
    notes, found = answers("rings")
    assert "the collector's lists were not found" in notes
    assert found == answers()[1]


def test_with_nothing_trusted_references_are_still_there(answers):
    notes, _ = answers(*LAYOUTS)
    assert "the collector's lists were not found" in notes and "locals of running frames are absent" in notes


def test_an_unknown_layout_is_an_error_at_the_first_capture(run_python):
    out = run_python(
        """
        import refroots

        for _ in range(2):
            try:
                refroots.capture()
            except RuntimeError as error:
                print(error)
        """,
        env={"REFROOTS_DISTRUST": "code, rigns"},
    )
    first, second = out.splitlines()
    assert first == second
    assert "rigns" in first and all(layout in first for layout in LAYOUTS)
