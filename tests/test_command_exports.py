"""The offline command's exports and threads: what a file with secrets says, and what only where it is asked to."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from test_command import SECRETS, WORDS, answer, refroots


@pytest.fixture(scope="module")
def secrets(tmp_path_factory) -> Path:
    """A program with secrets, captured with its values: `secrets.refroots`."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "program.py").write_text(SECRETS)
    answer(folder, "capture", "-o", "secrets.refroots", "--values", "short", "program.py")
    return folder


def test_threads_of_a_file(secrets: Path) -> None:
    assert "thread-s3cr3t" in answer(secrets, "threads", "secrets.refroots")
    (row,) = json.loads(answer(secrets, "threads", "secrets.refroots", "--json"))
    assert list(row) == ["retained", "frames", "name"] and row["frames"] >= 3


@pytest.mark.parametrize("ending", ["heapsnapshot", "parquet", "graphml", "json", "folded"])
def test_exports_of_a_file_say_values_when_they_are_asked_to(ending: str, secrets: Path) -> None:
    said = {}
    for values in ("none", "short"):
        path = secrets / f"{values}.{ending}"
        done = refroots(secrets, "export", "secrets.refroots", "--values", values, "-o", path.name)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert re.fullmatch(rf"{values}\.{ending}: [\d,]+ objects, [\d,]+ references\n", done.stderr)
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        said[values] = b"".join(file.read_bytes() for file in files)
    assert [word for word in WORDS if word.encode() in said["none"]] == []
    # Parquet's columns are compressed, and stacks have types and names alone.
    if ending not in ("parquet", "folded"):
        assert b"hunter2" in said["short"] and b"Foo" in said["none"]
    plain = secrets / f"plain.{ending}"
    answer(secrets, "export", "secrets.refroots", "-o", plain.name)
    files = sorted(plain.iterdir()) if plain.is_dir() else [plain]
    assert b"".join(file.read_bytes() for file in files) == said["none"]


def test_an_export_that_cannot_be_is_said_before_the_file_is_read(secrets: Path) -> None:
    done = refroots(secrets, "export", "no such file", "-o", "x.png")
    assert done.returncode == 2 and "x.png" in done.stderr and ".heapsnapshot" in done.stderr
    answer(secrets, "capture", "-o", "plain.refroots", "program.py")
    done = refroots(secrets, "export", "plain.refroots", "--values", "short", "-o", "plain.folded")
    assert done.returncode == 0 and "was saved without values" in done.stderr
