"""refroots.objgraph beside objgraph 3.7.0 itself, over 200 random heaps; and that this judge tells right from wrong."""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

import pytest

HEAPS = 200
DEFECTS = ["bare", "renamed", "narrow", "backwards", "one-more", "longer", "leaky"]


def asked(module, first, last):
    """What objgraph_asks.py finds of a module over some heaps: complaints, and the number of answers compared."""
    script = pathlib.Path(__file__).with_name("objgraph_asks.py")
    command = [sys.executable, str(script), module, str(first), str(last)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONHASHSEED": "0"}
    )
    assert done.returncode == 0, done.stderr[-5000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_drop_in_answers_as_objgraph():
    pytest.importorskip("objgraph")
    steps = range(0, HEAPS, 25)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda first: asked("refroots.objgraph", first, first + 25), steps))
    complaints = [complaint for result in results for complaint in result["complaints"]]
    compared = sum(result["compared"] for result in results)
    assert not complaints, f"{len(complaints)} of {compared}:\n" + "\n".join(complaints[:40])
    assert compared > HEAPS * 60


def test_objgraph_answers_as_itself():
    pytest.importorskip("objgraph")
    result = asked("same", 0, 6)
    assert not result["complaints"]
    assert result["compared"] > 300


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(defect):
    pytest.importorskip("objgraph")
    complaints = asked(f"same-{defect}", 0, 2)["complaints"]
    assert any(", exact, " in complaint for complaint in complaints)
    # Fewer names than objgraph has are a defect by default too; other than that, both modes are as strict.
    assert any(", default, " in complaint for complaint in complaints)
