"""objgraph's own suite, fetched from PyPI, passes against refroots.objgraph as against objgraph."""

import os
import shutil
import subprocess
import sys

import pytest

TOOL = os.path.join(os.path.dirname(os.path.dirname(__file__)), "tools", "objgraph_suite.py")


def suite(*arguments):
    done = subprocess.run([sys.executable, TOOL, *arguments], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    return done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def original():
    if not shutil.which("dot"):
        pytest.fail("objgraph's own suite draws with Graphviz: apt-get install graphviz")
    return suite("--original")


def test_as_many_pass_as_of_the_original(original):
    assert suite() == original


def test_as_many_pass_with_objgraphs_own_answers(original):
    assert suite("--exact") == original
