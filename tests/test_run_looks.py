"""`refroots run`: what is looked at, when, and the status that comes of it."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent.parent / "fixtures" / "leaks"


def run(folder: Path, *args: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "refroots", "run", *args]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, **options)


def foos(folder: Path, source: str, *look: str) -> tuple[int, int, str]:
    """The status, how many Foo there were (-1: nothing was looked at), and the words."""
    (folder / "program.py").write_text("class Foo: pass\n" + source)
    done = run(folder, *look, "-o", "types.json", "program.py")
    try:
        rows = json.loads((folder / "types.json").read_text())
    except FileNotFoundError:
        return done.returncode, -1, done.stderr
    return done.returncode, sum(row["count"] for row in rows if row["type"] == "__main__.Foo"), done.stderr


HOLD = """
def main():
    local = [Foo(), Foo()]
    return len(local)
"""

WHEN_RETURN = {
    "a function": (HOLD + "main()", "main", 2),
    "a function in another thread": (
        HOLD + "import threading\nt = threading.Thread(target=main); t.start(); t.join()",
        "main",
        2,
    ),
    "the first return": ("def main(n):\n    x = [Foo() for _ in range(n)]\nmain(3); main(5)", "main", 3),
    "a return after an exception": (
        "def main(n):\n    x = [Foo() for _ in range(n)]\n    return 1 / n\ntry: main(0)\nexcept ZeroDivisionError: pass\nmain(4)",
        "main",
        4,
    ),
    "recursion": ("def main(n):\n    x = Foo()\n    if n: main(n - 1)\nmain(3)", "main", 4),
    "a generator": (
        "def main():\n    x = [Foo()]\n    yield 1\n    x.append(Foo())\n    yield 2\n    x.append(Foo())\nlist(main())",
        "main",
        3,
    ),
    "a coroutine": (
        "import asyncio\nasync def main():\n    x = [Foo()]\n    await asyncio.sleep(0)\n    x.append(Foo())\nasyncio.run(main())",
        "main",
        2,
    ),
    "a method": (
        "class A:\n    def go(self):\n        x = [Foo()]\n\ndef go(): pass\ngo(); A().go()",
        "A.go",
        1,
    ),
    "a nested function": (
        "def f():\n    def g():\n        x = Foo()\n    g()\n\ndef g(): pass\ng(); f()",
        "f.<locals>.g",
        1,
    ),
    "a decorated function": (
        "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def wrapper(): return f()\n    return wrapper\n\n@deco"
        + HOLD
        + "main()",
        "main",
        2,
    ),
    "a function of a module": (
        "import sys, pathlib\nx = Foo()\npathlib.Path('lib.py').write_text('def f(y): pass\\n')\nsys.path[0] = '.'\nimport lib\nlib.f(Foo())",
        "lib:f",
        2,
    ),
    "a loop that runs at speed": (
        "def g(i): return i\nfor i in range(300_000): g(i)\n" + HOLD + "main()",
        "main",
        2,
    ),
}


@pytest.mark.parametrize("name", WHEN_RETURN)
def test_the_first_return_of(name: str, tmp_path: Path) -> None:
    source, function, count = WHEN_RETURN[name]
    code, found, words = foos(tmp_path, source, "--when", f"return:{function}")
    assert (code, found) == (0, count), words


def test_a_function_that_never_returns(tmp_path: Path) -> None:
    words = (
        "refroots: __main__:main never returned (a function of another module is MODULE:QUALNAME),"
        " so there was nothing to look at\n"
    )
    assert foos(tmp_path, "def main(): pass", "--when", "return:main") == (1, -1, words)
    code, found, said = foos(tmp_path, "def main(): 1 / 0\nmain()", "--when", "return:main")
    assert (code, found, said.splitlines()[-1] + "\n") == (1, -1, words)
    assert foos(tmp_path, "import sys; sys.exit(9)", "--when", "return:main") == (9, -1, words)


def test_after_the_return_nothing_watches(tmp_path: Path) -> None:
    source = HOLD + "main()\nimport sys, threading\nprint(sys.getprofile(), threading._start_new_thread)\n"
    source += "if hasattr(sys, 'monitoring'): print([sys.monitoring.get_tool(i) for i in range(6)])"
    (tmp_path / "program.py").write_text("class Foo: pass\n" + source)
    done = run(tmp_path, "--when", "return:main", "-o", "t.txt", "program.py")
    plain = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == plain.stdout


def test_an_exception_while_its_frames_are_there(tmp_path: Path) -> None:
    code, found, words = foos(
        tmp_path, "def f():\n    x = [Foo(), Foo()]\n    1 / 0\nf()", "--when", "exception"
    )
    assert (code, found) == (1, 2)
    assert words.index("types.json: ") < words.index("Traceback")
    assert foos(tmp_path, "x = Foo()\nraise KeyboardInterrupt", "--when", "exception")[:2] == (-2, 1)


@pytest.mark.parametrize(
    "source",
    [
        "x = Foo()",
        "import sys; sys.exit(0)",
        "try: 1/0\nexcept ZeroDivisionError: pass",
        "import threading\nt = threading.Thread(target=lambda: 1/0); t.start(); t.join()",
    ],
)
def test_no_exception_escapes(source: str, tmp_path: Path) -> None:
    code, found, words = foos(tmp_path, source, "--when", "exception")
    assert (code, found) == (1, -1)
    assert (
        words.splitlines()[-1]
        == "refroots: no exception escaped the program, so there was nothing to look at"
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = [Foo(), Foo()]", (0, 2)),
        ("x = Foo()\nimport sys; sys.exit(5)", (5, 1)),
        ("x = Foo()\n1 / 0", (1, 1)),
        ("import atexit\nx = Foo()\natexit.register(lambda: globals().pop('x'))", (0, 1)),
        (
            "x = []\nimport threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), x.append(Foo()))).start()",
            (0, 1),
        ),
        ("import os\nx = Foo()\npid = os.fork()\nif pid: x = [x, Foo()]; os.waitpid(pid, 0)", (0, 2)),
        ("def f():\n    x = Foo()\n    raise SystemExit(0)\nf()", (0, 0)),
        ("import os; os._exit(0)", (0, -1)),
    ],
)
def test_at_exit(source: str, expected: tuple[int, int], tmp_path: Path) -> None:
    assert foos(tmp_path, source)[:2] == expected


def test_the_files_are_ordinary_and_alone(tmp_path: Path) -> None:
    assert foos(tmp_path, "import os; os.chdir('/')")[0] == 0
    os.umask(umask := os.umask(0o022))
    assert stat.S_IMODE((tmp_path / "types.json").stat().st_mode) == 0o666 & ~umask
    assert sorted(path.name for path in tmp_path.iterdir()) == ["program.py", "types.json"]


def test_answers_on_stdout_follow_what_the_program_printed(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("print('first')\nclass Foo: pass\nx = Foo()")
    done = run(tmp_path, "--limit", "1", "program.py")
    assert done.returncode == 0 and done.stderr == ""
    first, header, *_, total = done.stdout.splitlines()
    assert first == "first" and header.split() == ["objects", "bytes", "type"] and "total of" in total
    assert run(tmp_path, "--why", "Foo", "program.py").stdout.startswith("first\n")


def test_nothing_to_find(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("class Foo: pass\nx = Foo()")
    done = run(tmp_path, "--why", "Fooo", "program.py")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("refroots: no type named") and "__main__.Foo" in done.stderr
    (tmp_path / "program.py").write_text("class Foo: pass\nx = Foo()\nraise SystemExit(7)")
    assert run(tmp_path, "--why", "Fooo", "program.py").returncode == 7


def test_several_types_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "class A:\n    class Foo: pass\nclass B:\n    class Foo: pass\nx = A.Foo(), B.Foo()"
    )
    done = run(tmp_path, "--why", "Foo", "program.py")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "__main__.A.Foo, __main__.B.Foo" in done.stderr
    assert run(tmp_path, "--why", "__main__.A.Foo", "program.py").returncode == 0


def test_an_answer_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "program.py").write_text("import os; os.rmdir('out')")
    done = run(tmp_path, "-o", "out/t.txt", "program.py")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("refroots: cannot write ")


@pytest.mark.parametrize("ending", ["png", "svg", "dot", "txt"])
def test_pictures(ending: str, tmp_path: Path) -> None:
    picture = tmp_path / f"refs.{ending}"
    done = run(
        tmp_path,
        "--when",
        "return:main",
        "--backrefs",
        "Foo",
        "-o",
        picture.name,
        str(FIXTURES / "foo_plain.py"),
    )
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        rf"refs.{ending}: what refers to __main__.Foo #\d+ \(the first of 3\), \d+ objects?, \d+ references?",
        done.stderr.splitlines()[0],
    )
    assert picture.read_bytes()


FOLDED = """\
class Session:
    def __init__(self, foo):
        self.foo = foo
foo = Foo()
CACHE = {"k": [Session(foo) for _ in range(9998)]}
LISTS = [[foo] for _ in range(12)]
"""


def test_objects_alike_are_one_box(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("class Foo: pass\n" + FOLDED)
    done = run(tmp_path, "--backrefs", "Foo", "program.py")
    assert done.returncode == 0, done.stderr
    told = re.sub(r" #\d+", "", done.stdout).splitlines()[1:]
    assert told == [
        "Foo   ◀ this object",
        "├─ held by module __main__, as .foo",
        "├─ held by 9,998 × Session, as .foo × 9,998",
        "│  └─ held by list, 9,998 items, as [*] × 9,998",
        "│     └─ held by dict, 1 item, as ['k']",
        "│        └─ held by module __main__, as .CACHE (shown above)",
        "└─ held by 12 × list, 1 item, as [0] × 12",
        "   └─ held by list, 12 items, as [*] × 12",
        "      └─ held by module __main__, as .LISTS (shown above)",
    ]


def test_examples_of_the_help(tmp_path: Path) -> None:
    program = "class Foo: pass\ncache = [Foo()]\ndef main():\n    return {1: 2}\nmain()"
    (tmp_path / "app.py").write_text(program)
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__main__.py").write_text(program)
    tried = 0
    for command in ["--help", "run --help"]:
        text = subprocess.run(
            [sys.executable, "-m", "refroots", *command.split()], capture_output=True, text=True
        ).stdout
        for line in text.split("Examples:\n")[1].splitlines():
            words = shlex.split(line)
            if words[0] != "refroots":
                continue
            done = subprocess.run(
                [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True
            )
            assert done.returncode == 0, (line, done.stderr)
            tried += 1
    assert tried >= 6


def test_the_count_of_objects_does_not_depend_on_the_look(tmp_path: Path) -> None:
    counts = {
        foos(tmp_path, "x = [Foo() for _ in range(10_000)]", "--limit", str(limit))[1] for limit in [1, 10]
    }
    assert counts == {10_000}
