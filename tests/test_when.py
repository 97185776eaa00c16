"""`--when`: a line, a signal, a period, an amount of memory; what is looked at then, and how often."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

REFROOTS = [sys.executable, "-m", "refroots"]


def run(folder: Path, source: str, *args: str) -> subprocess.CompletedProcess[str]:
    (folder / "program.py").write_text("class Foo: pass\n" + source)
    return subprocess.run(
        [*REFROOTS, "run", *args, "program.py"], cwd=folder, capture_output=True, text=True, timeout=60
    )


def foos(path: Path) -> int:
    rows = json.loads(path.read_text())
    return sum(row["count"] for row in rows if row["type"] == "__main__.Foo")


LINES = {
    "of the main program": ("x = [Foo()]\nx.append(Foo())\nx.append(Foo())\n", "program.py:3", 1),
    "of a function": (
        "def main():\n    x = [Foo(), Foo()]\n    x.clear()\n    return 1\nmain()\n",
        "program.py:4",
        2,
    ),
    "the first time": ("x = []\nfor i in range(5):\n    x.append(Foo())\n", "./program.py:4", 0),
    "in a thread": (
        "import threading\ndef main():\n    x = [Foo(), Foo(), Foo()]\n    del x\n"
        "t = threading.Thread(target=main); t.start(); t.join()\n",
        "program.py:5",
        3,
    ),
    "of a module": (
        "import sys, pathlib\nx = [Foo()]\npathlib.Path('lib.py').write_text('def f(y):\\n    y.clear()\\n')\n"
        "import lib\nlib.f(x)\n",
        "lib.py:2",
        1,
    ),
    "behind a loop that runs at speed": (
        "def g(i):\n    return i\nfor i in range(100_000): g(i)\nx = Foo()\ndel x\n",
        "program.py:6",
        1,
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_before_a_line(name: str, tmp_path: Path) -> None:
    source, place, expected = LINES[name]
    done = run(tmp_path, source, "--when", f"line:{place}", "-o", "types.json")
    assert (done.returncode, foos(tmp_path / "types.json")) == (0, expected), done.stderr


def test_a_line_shows_the_locals_of_its_frame(tmp_path: Path) -> None:
    source = "def main():\n    local = Foo()\n    return local\nmain()\n"
    done = run(tmp_path, source, "--when", "line:program.py:4", "--why", "Foo")
    assert done.returncode == 0 and "local" in done.stdout and "main" in done.stdout


def test_a_line_that_never_runs(tmp_path: Path) -> None:
    done = run(tmp_path, "if 0:\n    print(1)\n", "--when", "line:program.py:3")
    words = "refroots: line 3 of program.py never ran (a line without code never does), so there was nothing to look at\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", words)


def test_after_the_line_nothing_watches(tmp_path: Path) -> None:
    source = "x = 1\nimport sys, threading\nprint(sys.gettrace(), sys.getprofile())\n"
    source += "if hasattr(sys, 'monitoring'): print([sys.monitoring.get_tool(i) for i in range(6)])"
    done = run(tmp_path, source, "--when", "line:program.py:2", "-o", "t.txt")
    plain = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, plain.stdout)


WAITS = """
import time
x = []
for i in range(1000):
    x.append(Foo())
    print(i, flush=True)
    time.sleep(0.02)
    if i == 5: import pathlib
    if i > 5 and pathlib.Path("stop").exists(): break
"""


def test_each_signal_has_a_file(tmp_path: Path) -> None:
    # More than what the import makes grow in the interpreter's table of strings.
    leaks = WAITS.replace("x.append(Foo())", "x.extend(Foo() for _ in range(500))")
    (tmp_path / "program.py").write_text("class Foo: pass\n" + leaks)
    process = subprocess.Popen(
        [*REFROOTS, "capture", "-o", "heap.refroots", "--when", "signal:USR1", "program.py"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "0\n"
    for number in [1, 2, 3]:
        process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + 30
        while not (tmp_path / f"heap-{number}.refroots").exists():
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        time.sleep(0.1)
    (tmp_path / "stop").touch()
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert [line.split(":")[0] for line in stderr.splitlines()] == [f"heap-{n}.refroots" for n in [1, 2, 3]]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["heap-1.refroots", "heap-2.refroots", "heap-3.refroots", "program.py", "stop"]
    found = subprocess.run(
        [*REFROOTS, "diff", "--json", *names[:3]], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "another process" not in found.stderr
    assert json.loads(found.stdout)["grew"][0]["path"] == "__main__.x[*]"


def test_a_signal_that_never_comes(tmp_path: Path) -> None:
    done = run(tmp_path, "print(1)", "--when", "signal:USR2")
    words = "refroots: no SIGUSR2 came, so there was nothing to look at\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "1\n", words)


def test_the_table_of_each_signal_goes_to_the_output(tmp_path: Path) -> None:
    source = "import os, signal\nfor i in range(2): os.kill(os.getpid(), signal.SIGUSR1)\nprint('end')\n"
    done = run(tmp_path, source, "--when", "signal:SIGUSR1", "--limit", "1")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.count("objects") == 2 and done.stdout.endswith("end\n")


def test_each_period_has_a_file(tmp_path: Path) -> None:
    source = "import time\nend = time.monotonic() + 2\nx = []\nwhile time.monotonic() < end: x.append(Foo()); time.sleep(0.01)\n"
    done = run(tmp_path, source, "--when", "every:200ms", "-o", "types.json")
    assert done.returncode == 0, done.stderr
    files = sorted(tmp_path.glob("types-*.json"), key=lambda path: int(path.stem.split("-")[1]))
    assert 2 <= len(files) <= 10 and files[0].name == "types-1.json"
    counts = [foos(path) for path in files]
    assert counts == sorted(counts) and counts[0] < counts[-1]


@pytest.mark.parametrize("end", ["", "1 / 0", "import os; os._exit(4)", "raise SystemExit(7)"])
def test_the_end_of_a_program_that_is_watched_by_the_clock(end: str, tmp_path: Path) -> None:
    source = "x = [[i] for i in range(300_000)]\nimport time; time.sleep(0.3)\n" + end
    done = run(tmp_path, source, "--when", "every:10ms", "-o", "t.txt")
    assert done.returncode == {"": 0, "1 / 0": 1, "import os; os._exit(4)": 4}.get(end, 7), done.stderr
    assert (tmp_path / "t-1.txt").exists() and "panicked" not in done.stderr


def test_a_period_that_is_never_over(tmp_path: Path) -> None:
    done = run(tmp_path, "print(1)", "--when", "every:1h")
    words = "refroots: the program ended before 3600 s were over, so there was nothing to look at\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "1\n", words)


def test_children_are_not_looked_at(tmp_path: Path) -> None:
    source = "import os, signal, time\npid = os.fork()\nif not pid:\n    os.kill(os.getpid(), signal.SIGUSR1); time.sleep(0.3); os._exit(0)\n"
    source += "os.waitpid(pid, 0)\n"
    for when in ["every:1h", "signal:USR1"]:
        done = run(tmp_path, source, "--when", when, "-o", "t.txt")
        assert done.returncode == 1 and not (tmp_path / "t-1.txt").exists(), done.stderr


def test_when_the_process_takes_so_much(tmp_path: Path) -> None:
    source = "import time\nx = []\nfor i in range(40):\n    x.append((Foo(), bytearray(b'x' * 10_000_000)))\n    time.sleep(0.06)\n"
    done = run(tmp_path, source, "--when", "rss:150MB", "-o", "types.json")
    assert done.returncode == 0, done.stderr
    assert 5 <= foos(tmp_path / "types.json") <= 25
    done = run(tmp_path, "print(1)", "--when", "rss:500GB")
    words = "refroots: the process never took 466 GiB, so there was nothing to look at\n"
    assert (done.returncode, done.stderr) == (1, words)


@pytest.mark.parametrize("when", ["line:program.py:99", "signal:USR2", "every:1h", "rss:500GB"])
def test_the_program_sees_no_more_of_it(when: str, tmp_path: Path) -> None:
    source = "import sys, os, threading\nprint(sorted(sys.modules), threading.enumerate(), sys.path, sys.argv, sys.getprofile())\n"
    done = run(tmp_path, source, "--when", when)
    other = run(tmp_path, source, "--when", "exception")
    assert (done.returncode, other.returncode) == (1, 1)
    assert re.sub("0x[0-9a-f]+|started [0-9]+", "", done.stdout) == re.sub(
        "0x[0-9a-f]+|started [0-9]+", "", other.stdout
    )
