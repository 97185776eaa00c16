"""Applications that are well: suspects finds nothing in them. Skipped where a library is missing."""

import pathlib
import subprocess
import sys

import pytest

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "healthy"

PROGRAMS = {"django_site": "django", "flask_site": "flask", "asyncio_echo": None, "working_set": None}
# The program, and the function at whose return it is looked at too.
MOMENTS = [*((name, None) for name in PROGRAMS), ("asyncio_echo", "everything_runs")]


def needs(name):
    if PROGRAMS[name] is not None:
        pytest.importorskip(PROGRAMS[name])


@pytest.mark.parametrize(("name", "moment"), MOMENTS)
def test_no_suspects_under_run(tmp_path, name, moment):
    needs(name)
    when = ["--when", f"return:{moment}"] if moment else []
    command = [sys.executable, "-m", "refroots", "run", *when, "--suspects", FIXTURES / f"{name}.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert "no suspects" in (done.stdout + done.stderr).lower(), done.stdout + done.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_suspects_in_the_process_itself(run_python, name):
    needs(name)
    source = """
import runpy, sys
import refroots
kept = runpy.run_path(sys.argv.pop(1), run_name="__main__")
suspects = refroots.capture().suspects()
assert len(suspects) == 0, [(row.text, row.share) for row in suspects]
"""
    run_python(source, str(FIXTURES / f"{name}.py"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_more_work_grows_nothing(run_python, name):
    """After a first round of requests, a second and a third leave no path that grew in each."""
    needs(name)
    if name == "working_set":
        pytest.skip("makes its working set once")
    source = """
import runpy, sys
import refroots
program = runpy.run_path(sys.argv.pop(1), run_name="__main__")
heap = refroots.capture()
grown = refroots.grew(heap, heap, heap)
assert len(grown) == 0
"""
    run_python(source, str(FIXTURES / f"{name}.py"))
