"""Real libraries: what the fixtures under fixtures/leaks say must be found. Skipped where a library is missing."""

import pathlib
import subprocess
import sys

import pytest

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "leaks"


def refroots(folder, *args):
    command = [sys.executable, "-m", "refroots", "run", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300, check=False)


def test_figures_end_at_the_registry_of_pyplot(tmp_path):
    pytest.importorskip("matplotlib")
    done = refroots(tmp_path, "--why", "Figure", FIXTURES / "figures.py")
    assert done.returncode == 0, done.stderr
    program, *tree = done.stdout.splitlines()
    assert program == "3 figures are open"
    assert tree[1] == "module matplotlib._pylab_helpers"
    steps = [line.strip("└─ ").split(" ── ")[0] for line in tree[2:]]
    assert steps[:2] == [".Gcf", ".figs"]
    assert steps[-1].startswith((".figure", "._figure"))
    assert all(steps), "each step has a name"
    for ending in ("png", "svg"):
        done = refroots(tmp_path, "--why", "Figure", "-o", f"figure.{ending}", FIXTURES / "figures.py")
        assert done.returncode == 0, done.stderr
        assert (tmp_path / f"figure.{ending}").stat().st_size > 2000


def test_requests_of_flask_are_held_by_the_log(tmp_path):
    pytest.importorskip("flask")
    look = ("--backrefs", "flask.wrappers.Request", "--depth", "5")
    done = refroots(tmp_path, *look, FIXTURES / "flask_requests.py")
    assert done.returncode == 0, done.stderr
    assert "as .LOG" in done.stdout
    assert "held by module __main__, as .LOG" in done.stdout
    done = refroots(tmp_path, *look, "-o", "requests.png", FIXTURES / "flask_requests.py")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "requests.png").read_bytes().startswith(b"\x89PNG")


def test_the_program_people_know(tmp_path):
    for count in (3, 10_000):
        done = subprocess.run(
            [sys.executable, FIXTURES / "foo.py", str(count)],
            capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert f"Foo: {count} objects" in done.stdout
        for name in ("foo_refs.png", "sample-graph.png"):
            assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
            (tmp_path / name).unlink()


def test_the_same_program_without_a_word_of_refroots(tmp_path):
    look = ("--when", "return:main", "--backrefs", "Foo")
    done = refroots(tmp_path, *look, "-o", "foo_refs.png", FIXTURES / "foo_plain.py", "10000")
    assert done.returncode == 0, done.stderr
    assert "(the first of 10,000)" in done.stderr
    assert (tmp_path / "foo_refs.png").exists()
    done = refroots(tmp_path, *look, FIXTURES / "foo_plain.py")
    assert "as ['k']" in done.stdout
    if sys.version_info[:2] in {(3, 11), (3, 12), (3, 13), (3, 14)}:
        assert "as local d" in done.stdout
    done = refroots(tmp_path, "--backrefs", "Foo", FIXTURES / "foo_plain.py")
    assert done.returncode == 1
    assert "__main__.Foo is known, but no object of it is alive" in done.stderr
