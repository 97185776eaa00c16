"""What a picture says on request: sizes in its boxes, where it comes from, and what its signs mean."""

import os
import platform
import re

import pytest
import refroots


class Owner:
    """Holds what it alone keeps."""


class Shared:
    """Held by many owners, and by a module variable."""


SHARED = Shared()
OWNERS = [Owner() for _ in range(30)]
for owner in OWNERS:
    owner.shared, owner.own = SHARED, [owner]
ONE = Owner()


def test_a_box_says_what_its_object_takes_and_keeps():
    heap = refroots.capture()
    [shown] = (node for node in refroots.show_refs(ONE, sizes=True).view["nodes"] if node["start"])
    assert (shown["size"], shown["retained"]) == (heap[ONE].size, heap[ONE].retained)
    chain = refroots.why(ONE, sizes=True)
    assert f"keeps {shown['retained']} B" in str(chain)
    assert chain.picture.view["nodes"][-1]["retained"] == shown["retained"]


def test_a_box_of_several_says_what_they_keep_together():
    picture = refroots.show_backrefs(SHARED, sizes=True)
    heap = refroots.capture()
    nodes = [node for node in picture.view["nodes"] if node["type"].endswith(".Owner")]
    together = sum(node["retained"] for node in nodes)
    assert together == sum(heap[each].retained for each in OWNERS)
    assert "30 × Owner" in str(picture) or "29 × Owner" in str(picture)


@pytest.mark.parametrize("show", [refroots.show_refs, refroots.show_backrefs, refroots.why])
@pytest.mark.parametrize("ending", ["svg", "dot", "mmd", "txt", "html"])
def test_a_box_says_where_its_object_stands(show, ending, tmp_path):
    path = tmp_path / f"one.{ending}"
    plain = tmp_path / f"plain.{ending}"
    picture = show(ONE, filename=path, addresses=True)
    picture = getattr(picture, "picture", picture)
    show(ONE, filename=plain)
    [start] = (node for node in picture.view["nodes"] if node["start"])
    assert start["address"] == id(ONE)
    word = f'"{id(ONE):x}"' if ending == "html" else f"at {id(ONE):#x}"
    assert word in path.read_text(encoding="utf-8")
    assert f"{id(ONE):x}" not in plain.read_text(encoding="utf-8")


def test_a_box_of_several_objects_stands_nowhere():
    nodes = refroots.show_backrefs(SHARED, addresses=True).view["nodes"]
    assert any(node["count"] > 1 for node in nodes)
    assert all((node["address"] is None) == (node["count"] > 1) for node in nodes if node["size"])


@pytest.mark.parametrize("show", [refroots.show_refs, refroots.show_backrefs, refroots.why])
def test_nothing_is_said_unasked(show):
    chain = show(ONE)
    picture = getattr(chain, "picture", chain)
    assert all(node["retained"] is node["address"] is None for node in picture.view["nodes"])
    for text in (str(picture), picture.dot, picture.svg):
        assert not re.search(r"keeps \d|process \d", text)


@pytest.mark.parametrize("show", [refroots.show_refs, refroots.show_backrefs, refroots.why])
def test_a_stamp_says_process_python_and_moment(show):
    stamped = show(ONE, stamp=True)
    picture = getattr(stamped, "picture", stamped)
    expected = re.escape(f"process {os.getpid()}, CPython {platform.python_version()}, ")
    for text in (str(stamped), picture.svg, picture.dot):
        assert re.search(expected + r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", text)


@pytest.mark.parametrize("show", [refroots.show_refs, refroots.show_backrefs, refroots.why])
def test_the_legend_can_be_left_out(show, tmp_path):
    for legend in (True, False):
        shown = show(ONE, legend=legend, filename=tmp_path / "shown.svg")
        picture = getattr(shown, "picture", shown)
        bundle = shown._repr_mimebundle_()
        for text in (
            picture.svg,
            picture.dot,
            bundle["image/svg+xml"],
            (tmp_path / "shown.svg").read_text(),
        ):
            assert ("legend" in text) == legend


def test_what_a_picture_says_is_asked_by_keyword():
    with pytest.raises(TypeError):
        refroots.why(ONE, None, "short", False, False)
    signature = refroots.show_refs.__text_signature__
    assert signature.index("*objs") < signature.index("legend") < signature.index("stamp")
