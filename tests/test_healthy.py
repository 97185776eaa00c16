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
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nno suspects" in done.stdout, done.stdout


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


# One more round of what each program does.
AGAIN = {
    "django_site": """
client = program["Client"]()
for number in range(1, 31):
    assert client.get("/").status_code == client.get(f"/item/{number}/").status_code == 200
    client.post(f"/item/{number}/", {"name": f"{number}", "price": "1.5"})
""",
    "flask_site": "program['main'](100)",
    "asyncio_echo": "program['main'](20)",
}


@pytest.mark.parametrize("name", AGAIN)
def test_more_work_grows_nothing_of_the_programs(run_python, name):
    """After rounds of the same work no path that the program or its framework has grew in each."""
    needs(name)
    source = """
import gc, runpy, sys
import refroots
path, again = sys.argv[1:]
del sys.argv[1:]
program = runpy.run_path(path, run_name="__main__")
heaps = []
for _ in range(2):  # what is cached at the first use is there
    exec(again, {"program": program})
for _ in range(3):
    exec(again, {"program": program})
    gc.collect()
    heaps.append(refroots.capture())
grown = refroots.grew(*heaps)
# Django's test client does leak: each request connects close_old_connections to two signals again, and
# each time Signal.connect registers one more weakref.finalize on that function.
grown = [row for row in grown if not row.path.startswith("weakref.finalize._registry")]
assert sum(row.sizes[2] - row.sizes[0] for row in grown) < 20_000, [(row.path, row.sizes) for row in grown]
assert not heaps[-1].suspects()
"""
    run_python(source, str(FIXTURES / f"{name}.py"), AGAIN[name])
