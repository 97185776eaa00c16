"""`refroots run`: the program is what it is under `python`, whatever it does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

RUN = [sys.executable, "-m", "refroots", "run", "-o", "types.txt"]

SHOW = """
import os, sys
main = sys.modules["__main__"]
print(__name__, sys.argv, sys.orig_argv, sys.executable, sys.flags, sys.warnoptions, sys._xoptions)
print(sys.path)
print(sorted(sys.path_importer_cache))
print(list(main.__dict__), main.__doc__, main.__spec__, main.__package__)
print(main.__file__, type(main.__loader__), getattr(main, "__cached__", 0))
print([(k, v) for k, v in os.environ.items() if k != "_"])
sys.stdout.flush()
os.system("env | grep -v ^_= | sort")
print("sitecustomize" in sys.modules, "json" in sys.modules, "subprocess" in sys.modules)
print(sys.getprofile(), sys.gettrace(), os.getcwd(), sys.stdin.isatty(), sys.getfilesystemencoding())
"""

# Each is one program, given twice: to `python`, and to `refroots run`.
SCRIPTS = {
    "what it sees": SHOW,
    "nothing": "",
    "stdin": "import sys; print(sys.stdin.read().upper()); print(sys.stdin.read(), file=sys.stderr)",
    "input": "print(input('? ') + input())",
    "exception": "def f(x): return 1 / x\n\nf(0)",
    "chained": "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('b') from e",
    "context": "try:\n    {}['a']\nexcept KeyError:\n    int('x')",
    "exception group or none": "import builtins\nraise getattr(builtins, 'ExceptionGroup', lambda a, b: ValueError(a))('g', [ValueError(1)])",
    "notes and long tracebacks": "def f(n):\n    return f(n - 1) if n else 1 / 0\nf(300)",
    "recursion": "def f(): f()\nf()",
    "syntax error": "x = (\nprint(1)",
    "indentation error": "def f():\nreturn 1",
    "null byte": "x = 1\n\0",
    "exit str": "import sys; sys.exit('words')",
    "exit int": "import sys; sys.exit(7)",
    "exit none": "import sys; sys.exit()",
    "exit zero": "raise SystemExit(0)",
    "exit large": "import sys; sys.exit(256 + 3)",
    "exit negative": "import sys; sys.exit(-1)",
    "exit object": "import sys; sys.exit([1, 2])",
    "exit in finally": "try:\n    1/0\nfinally:\n    raise SystemExit(4)",
    "keyboard interrupt": "raise KeyboardInterrupt('now')",
    "sigint": "import os, signal; os.kill(os.getpid(), signal.SIGINT)\nfor i in range(10**8): pass",
    "sigterm": "import os, signal; print('x', flush=True); os.kill(os.getpid(), signal.SIGTERM)",
    "sigkill": "import os, signal; print('x', flush=True); os.kill(os.getpid(), signal.SIGKILL)",
    "abort": "import os; os.abort()",
    "os._exit": "import os; print('lost'); os._exit(5)",
    "atexit order": """
import atexit, threading, sys
atexit.register(print, "first registered")
atexit.register(print, "second registered")
def thread():
    import time; time.sleep(0.05); print("thread ended")
threading.Thread(target=thread).start()
print("main ended")
""",
    "atexit raises": "import atexit\n@atexit.register\ndef f(): 1/0",
    "atexit exits": "import atexit, sys\n@atexit.register\ndef f(): sys.exit(3)",
    "threads": """
import threading, time
print(threading.current_thread() is threading.main_thread(), threading.active_count(), threading.getprofile() if hasattr(threading, "getprofile") else None)
print(threading.main_thread().name, threading.get_ident() == threading.main_thread().ident)
threading.Thread(target=lambda: time.sleep(100), daemon=True).start()
def work():
    time.sleep(0.02); print("worked")
for _ in range(3): threading.Thread(target=work).start(); time.sleep(0.05)
""",
    "thread raises": "import threading\nt = threading.Thread(target=lambda: 1/0, name='t'); t.start(); t.join()",
    "del at end": "class A:\n    def __del__(self): print('deleted')\na = A()",
    "del raises": "class A:\n    def __del__(self): 1/0\na = A()",
    "fork": """
import os, sys
pid = os.fork()
if not pid:
    print("child"); sys.stdout.flush(); sys.exit(0)
print(os.waitpid(pid, 0)[1], "parent")
""",
    "fork, child raises": "import os\npid = os.fork()\nif not pid: 1/0\nprint(os.waitpid(pid, 0)[1])",
    "fork, parent goes first": "import os, time, sys\nif os.fork(): os._exit(6)\n",
    "multiprocessing": """
import multiprocessing, sys
def f(x):
    print("f", x, flush=True); return x * x
if __name__ == "__main__":
    for method in ["fork", "spawn", "forkserver"]:
        context = multiprocessing.get_context(method)
        with context.Pool(1) as pool: print(pool.map(f, [1, 2]))
        process = context.Process(target=f, args=(3,)); process.start(); process.join(); print(process.exitcode)
""",
    "executor": """
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
if __name__ == "__main__":
    with ThreadPoolExecutor(2) as pool: print(list(pool.map(abs, [-1, -2])))
    with ProcessPoolExecutor(1) as pool: print(list(pool.map(abs, [-1, -2])))
""",
    "python again": """
import subprocess, sys
code = "import sys, os; print(sys.path, sorted(os.environ), 'refroots' in sys.modules)"
print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
""",
    "exec itself": """
import os, sys
if len(sys.argv) < 4:
    print("again", flush=True)
    os.execv(sys.executable, [sys.executable, *sys.argv, "more", "more"])
print(sys.argv[1:])
""",
    "own excepthook": "import sys\nsys.excepthook = lambda *a: print('mine', a[0].__name__, a[2].tb_lineno)\n1/0",
    "excepthook raises": "import sys\ndef hook(*a): 2/0\nsys.excepthook = hook\n1/0",
    "no excepthook": "import sys\ndel sys.excepthook\n1/0",
    "own profile": """
import sys
seen = []
sys.setprofile(lambda frame, event, arg: seen.append((event, frame.f_code.co_name)))
def f(): return 1
f(); sys.setprofile(None)
print(seen, sys.getprofile())
""",
    "own trace": """
import sys
def trace(frame, event, arg):
    print(event, frame.f_code.co_name, frame.f_lineno); return trace
sys.settrace(trace)
def f():
    return 1
f()
sys.settrace(None)
""",
    "own monitoring": """
import sys
if hasattr(sys, "monitoring"):
    m = sys.monitoring
    print([m.get_tool(i) for i in range(6)])
    m.use_tool_id(2, "mine"); seen = []
    m.register_callback(2, m.events.PY_RETURN, lambda code, at, value: seen.append(code.co_name))
    m.set_events(2, m.events.PY_RETURN)
    def f(): return 1
    f(); m.set_events(2, 0); print(seen)
""",
    "stdout closed by itself": "import sys; print('x'); sys.stdout.close()",
    "stdout replaced": "import sys, io; sys.stdout = io.StringIO(); print('x'); sys.__stdout__.write('y\\n')",
    "warnings": "import warnings; warnings.warn('w', DeprecationWarning); warnings.warn('w')",
    "chdir": "import os; os.chdir('/'); print(os.getcwd())",
    "shutdown interrupted": "import threading, time, _thread\nthreading.Thread(target=lambda: (time.sleep(0.1), _thread.interrupt_main(), time.sleep(0.1))).start()",
    "asyncio": "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 1\nprint(asyncio.run(f()))",
    "pickle of main": "import pickle\nclass A: pass\nprint(pickle.loads(pickle.dumps(A())).__class__)",
    "inspect own source": "import inspect\ndef f(): pass\nprint(inspect.getsource(f), inspect.stack()[-1].filename)",
}

Result = tuple[int, str, str]


def outcome(command: list[str], folder: Path, **options) -> Result:
    options = {"input": "some\ninput\n", **options}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, **options)
    words = [line for line in done.stderr.splitlines() if not line.startswith("types.txt: ")]
    # Addresses differ from run to run.
    return done.returncode, *(re.sub("0x[0-9a-f]+", "0x", text) for text in (done.stdout, "\n".join(words)))


def assert_same(
    folder: Path, *program: str, options: tuple[str, ...] = (), look: tuple[str, ...] = (), **kwargs
) -> Result:
    plain = outcome([sys.executable, *options, *program], folder, **kwargs)
    ours = outcome([sys.executable, *options, *RUN[1:], *look, *program], folder, **kwargs)
    assert ours == plain
    return plain


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ["pkg", "app"]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__main__.py").write_text(SHOW)
    (tmp_path / "pkg" / "__init__.py").write_text("print('package')")
    (tmp_path / "pkg" / "mod.py").write_text(SHOW + "1 / 0")
    (tmp_path / "show.py").write_text(SHOW)
    return tmp_path


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_do_what_they_do_under_python(name: str, folder: Path) -> None:
    (folder / "program.py").write_text(SCRIPTS[name])
    assert_same(folder, "program.py", "-x", "--types")


@pytest.mark.parametrize(
    "name",
    [
        "nothing",
        "exception",
        "atexit order",
        "threads",
        "fork",
        "multiprocessing",
        "own excepthook",
        "asyncio",
    ],
)
@pytest.mark.parametrize(
    "when", ["exception", "return:f", "return:os.path:join", "line:nowhere.py:1", "signal:USR2"]
)
def test_other_moments_change_as_little(name: str, when: str, folder: Path) -> None:
    (folder / "program.py").write_text(SCRIPTS[name])
    plain = outcome([sys.executable, "program.py"], folder)
    code, stdout, stderr = outcome([*RUN, "--when", when, "program.py"], folder)
    words = [line for line in stderr.splitlines() if not line.startswith("refroots: ")]
    assert (stdout, "\n".join(words)) == plain[1:]
    assert code == (plain[0] or (1 if "refroots: " in stderr else 0))


@pytest.mark.parametrize(
    "program",
    [["-m", "pkg"], ["-m", "pkg.mod"], ["-m", "show", "-m", "-o"], ["app"], ["-m", "json.tool"], ["-"]],
)
def test_modules_folders_and_stdin(program: list[str], folder: Path) -> None:
    assert_same(folder, *program, "-h", input=SHOW if program == ["-"] else "{}")


def test_a_zip_with_a_main(folder: Path) -> None:
    import zipapp

    zipapp.create_archive(folder / "app", folder / "app.pyz")
    assert_same(folder, "app.pyz", "x")


@pytest.mark.parametrize("program", [["-m", "gone"], ["-m", "app.gone"], ["-m", "email"]])
def test_modules_that_python_refuses(program: list[str], folder: Path) -> None:
    assert_same(folder, *program)
    assert not (folder / "types.txt").exists()


@pytest.mark.parametrize(
    "options",
    [["-B"], ["-OO"], ["-W", "error"], ["-X", "dev"], ["-bb", "-s"], ["-u"], ["-X", "utf8=0"], ["-q"]],
)
def test_options_of_the_interpreter(options: list[str], folder: Path) -> None:
    assert_same(folder, "show.py", "x", options=tuple(options))


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONPATH": ""},
        {"PYTHONPATH": "pkg"},
        {"PYTHONPATH": "pkg::/nowhere:", "PYTHONWARNINGS": "ignore"},
        {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "3", "PYTHONDEVMODE": "1"},
        {"LC_ALL": "C"},
        {"LANG": "C", "LC_CTYPE": ""},
        {"PYTHONSAFEPATH": "1"},
        {"ODD": "a\udcffb", "UMLAUT": "ä"},
    ],
    ids=str,
)
def test_environments(variables: dict[str, str], folder: Path) -> None:
    assert_same(folder, "show.py", env={**os.environ, **variables}, errors="surrogateescape")


@pytest.mark.parametrize(
    "body", ["import sys; sys.warnoptions.append('x')", "raise ValueError('mine')", "import gone"]
)
def test_the_users_own_sitecustomize(body: str, folder: Path) -> None:
    (folder / "site").mkdir()
    # refroots itself runs under Python too, before the program does: only the second time counts.
    first = "import os\nif 'REFROOTS_TEST' in os.environ and os.system('test -e first'): open('first', 'w').close()\nelse:\n  "
    (folder / "site" / "sitecustomize.py").write_text(first + body + "\n")
    environment = {**os.environ, "PYTHONPATH": "site"}
    plain = outcome([sys.executable, "show.py"], folder, env=environment)
    ours = outcome([*RUN, "show.py"], folder, env={**environment, "REFROOTS_TEST": "1"})
    assert (
        ours[0],
        ours[1].replace(", ('REFROOTS_TEST', '1')", "").replace("REFROOTS_TEST=1\n", ""),
        ours[2],
    ) == plain
    assert (folder / "types.txt").exists()


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_reader_that_goes_away(lines: int, folder: Path) -> None:
    (folder / "program.py").write_text(f"for i in range({lines}): print('line', i)")

    def closed_early(command: list[str]) -> tuple[int, str]:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        process.stdout.close()
        words = [line for line in process.stderr.read().splitlines() if not line.startswith("types.txt: ")]
        return process.wait(), "\n".join(words)

    assert closed_early([*RUN, "program.py"]) == closed_early([sys.executable, "program.py"])


def test_an_interrupt_from_the_terminal(folder: Path) -> None:
    (folder / "program.py").write_text("import time\nprint('READY', flush=True)\ntime.sleep(60)")

    def interrupted(command: list[str]) -> tuple[int, str]:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout.readline() == "READY\n"
        process.send_signal(signal.SIGINT)
        # Which line it meets is a matter of luck.
        words = [
            line for line in process.stderr.read().splitlines() if not line.startswith(("types.txt: ", " "))
        ]
        return process.wait(), "\n".join(words)

    assert interrupted([*RUN, "program.py"]) == interrupted([sys.executable, "program.py"])


@pytest.mark.parametrize("option", ["-I", "-E", "-S"])
def test_interpreters_that_cannot_be_reached(option: str, folder: Path) -> None:
    if option == "-S":
        pytest.skip("without site the package itself is not found here")
    done = outcome([sys.executable, option, *RUN[1:], "show.py"], folder)
    assert done == (
        2,
        "",
        "refroots: run cannot reach a program under python -E or -I; start refroots without it",
    )


@pytest.mark.parametrize("options", [[], ["-B", "-W", "ignore"], ["-Bs"]])
def test_the_command_that_pip_makes(options: list[str], folder: Path) -> None:
    command = Path(sys.executable).with_name("refroots")
    ours = outcome([sys.executable, *options, str(command), *RUN[3:], "show.py", "run"], folder)
    assert ours == outcome([sys.executable, *options, "show.py", "run"], folder)


def test_letters_of_options_stay_where_the_module_goes(folder: Path) -> None:
    ours = outcome([sys.executable, "-sBm", "refroots", *RUN[3:], "show.py"], folder)
    plain = outcome([sys.executable, "-sB", "show.py"], folder)
    assert ours == plain
