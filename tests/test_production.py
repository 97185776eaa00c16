"""Snapshots of a Django site under load: no request fails, and the files name what leaks."""

import json
import pathlib
import subprocess
import sys

import pytest
import refroots

LOAD = pathlib.Path(__file__).with_name("django_load.py")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    pytest.importorskip("django")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, str(LOAD), str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_no_request_fails_while_snapshots_are_taken(loaded):
    folder, found = loaded
    assert found["statuses"] == [200] * 100 and found["visits"] == 104
    assert found["said"].count("refroots: saved") == 3 and "no snapshot" not in found["said"]
    assert sorted(path.name for path in folder.iterdir()) == [f"heap-{n}.refroots" for n in (1, 2, 3)]
    assert found["slowest_during"] > 0


def test_the_difference_of_the_files_names_the_leak_first(loaded):
    folder, _ = loaded
    heaps = [refroots.load(folder / f"heap-{n}.refroots") for n in (1, 2, 3)]
    first = refroots.grew(*heaps)[0]
    assert "Visit" in first.type or "HISTORY" in first.path, first
    assert (
        "HISTORY" in first.path
        and first.counts == sorted(first.counts)
        and first.counts[0] < first.counts[-1]
    )
