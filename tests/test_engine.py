"""Pictures laid out by Graphviz's own `dot`: the same words, and errors that say what helps."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest
import refroots


class Placed:
    """Is held by a dict in a list."""


FOO = Placed()
HELD = [{"foo": FOO}]
REFROOTS = [sys.executable, "-m", "refroots"]
HAS_DOT = shutil.which("dot") is not None


def texts(svg):
    """The words of a picture."""
    return sorted(re.findall(r"<text[^>]*>([^<]*)", svg))


@pytest.mark.skipif(not HAS_DOT, reason="Graphviz is not installed")
def test_dot_places_what_refroots_words(tmp_path):
    """Each function that draws has the option."""
    ours = refroots.show_backrefs(FOO)
    theirs = refroots.show_backrefs(FOO, engine="dot", filename=tmp_path / "foo.png")
    assert "Laid out by Graphviz's dot" in theirs.svg
    assert texts(theirs.svg) == texts(ours.svg)
    assert (tmp_path / "foo.png").read_bytes().startswith(b"\x89PNG")
    assert theirs.svg == refroots.show_backrefs(FOO, engine="dot").svg
    pictures = [
        refroots.show_refs(HELD, engine="dot"),
        refroots.why(FOO, engine="dot").picture,
        refroots.capture().dominator_tree(engine="dot"),
    ]
    assert all("Laid out by Graphviz's dot" in picture.svg for picture in pictures)


def test_a_dot_that_is_missing_is_said_with_what_helps(tmp_path, monkeypatch):
    """Nothing is drawn otherwise, nothing is written; what needs no engine works."""
    monkeypatch.setenv("PATH", str(tmp_path))
    picture = refroots.show_backrefs(FOO, engine="dot")
    with pytest.raises(RuntimeError, match="apt install graphviz"):
        picture.save(tmp_path / "foo.svg")
    assert os.listdir(tmp_path) == []
    assert "Placed" in str(picture)
    assert "digraph" in picture.dot


def test_a_dot_that_fails_is_said(tmp_path, monkeypatch):
    """Its own words are in the message."""
    fake = tmp_path / "dot"
    fake.write_text("#!/bin/sh\necho no room for that >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="dot failed: exit status: 1: no room for that"):
        _ = refroots.why(FOO, engine="dot").picture.svg


def test_an_unknown_engine_is_refused():
    """Before anything is captured."""
    for draw in (refroots.show_refs, refroots.show_backrefs, refroots.why):
        with pytest.raises(ValueError, match='engine must be "builtin" or "dot", found "neato"'):
            draw(FOO, engine="neato")


def test_the_command_has_it(tmp_path):
    """For a program that runs and for a file; without Graphviz it is status 3 and a line that says what helps."""
    program = tmp_path / "program.py"
    program.write_text("class Foo: pass\nfoo = Foo()\n")
    heap, picture = tmp_path / "heap.refroots", tmp_path / "foo.svg"
    subprocess.run([*REFROOTS, "capture", "-o", heap, program], check=True, capture_output=True)
    for question in (
        ["run", "--backrefs", "Foo", program],
        ["backrefs", heap, "Foo"],
        ["why", heap, "Foo"],
        ["largest", heap],
    ):
        command = [*REFROOTS, question[0], "--engine", "dot", "-o", picture, *question[1:]]
        bare = subprocess.run(
            command, check=False, capture_output=True, text=True, env={"PATH": str(tmp_path)}
        )
        assert bare.returncode == 3, bare.stderr
        assert "apt install graphviz" in bare.stderr
        assert not picture.exists()
        if HAS_DOT:
            subprocess.run(command, check=True, capture_output=True)
            assert "Laid out by Graphviz's dot" in picture.read_text()
            picture.unlink()
