"""The offline command: a leak that `refroots capture` saved is named by each question to the file."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LEAKS = ROOT / "fixtures" / "leaks"
REFROOTS = [sys.executable, "-m", "refroots"]

SECRETS = """
import threading
class Foo: pass
PASSWORDS = {"hunter2": "correct horse", "k9": b"battery staple", 47114711: 271828182}
foo = Foo()
foo.token = "s3cr3t-token"
setattr(foo, "no identifier", 1)
CACHE = [Foo() for _ in range(5000)]
for number, one in enumerate(CACHE):
    one.label = f"label of {number}" + "x" * 100
stop = threading.Event()
thread = threading.Thread(target=stop.wait, name="thread-s3cr3t", daemon=True)
thread.start()
"""
WORDS = [
    "hunter2",
    "correct horse",
    "battery",
    "47114711",
    "271828182",
    "s3cr3t",
    "no identifier",
    "label of",
]


def refroots(folder: Path, *args: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*REFROOTS, *args], cwd=folder, capture_output=True, text=True, timeout=120, **options
    )


def answer(folder: Path, *args: str, **options) -> str:
    done = refroots(folder, *args, **options)
    assert done.returncode == 0, (args, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A leak, captured twice: `leak.refroots` without values, `said.refroots` with them."""
    folder = tmp_path_factory.mktemp("command")
    for name, values in [("leak", "none"), ("said", "short")]:
        done = refroots(
            folder, "capture", "-o", f"{name}.refroots", "--values", values, str(LEAKS / "listener.py")
        )
        assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stderr
        policy = "without values" if values == "none" else "with short values"
        assert re.fullmatch(
            rf"{name}\.refroots: [\d,]+ objects, [\d,]+ references, {policy}, .*B\n", done.stderr
        )
    return folder


PANEL = "__main__.Panel"
NAMES_THE_LEAK = {
    "types": PANEL,
    "types --sort bytes": PANEL,
    "suspects": "they keep 1,000 __main__.Panel) accumulate in list",
    "retained": PANEL,
    "largest": "module #",
    "modules": "__main__",
    "threads": "frames  thread",
    "roots": "module __main__",
    "duplicates": "[*] of list",
    "waste": "list",
    "why": "└─ .BUS ── Bus",
    "refs": "Panel #",
    "backrefs": "method",
}


@pytest.mark.parametrize("command", NAMES_THE_LEAK)
def test_each_question_names_the_leak(command: str, folder: Path) -> None:
    name, *options = command.split()
    subject = [PANEL] if name in ("why", "refs", "backrefs") else []
    assert NAMES_THE_LEAK[command] in answer(folder, name, "leak.refroots", *subject, *options)


def test_cycles_of_a_file(tmp_path: Path) -> None:
    program = "class Foo: pass\nfoos = [Foo() for _ in range(7)]\nfor foo in foos: foo.me = foo\n"
    (tmp_path / "program.py").write_text(program)
    answer(tmp_path, "capture", "-o", "x.refroots", "program.py")
    rows = json.loads(answer(tmp_path, "cycles", "x.refroots", "--json"))
    assert [row["count"] for row in rows if "__main__.Foo" in row["types"]] == [7]


TABLES = ["types", "suspects", "retained", "largest", "modules", "roots", "duplicates", "waste"]


@pytest.mark.parametrize("command", TABLES)
def test_a_file_answers_as_the_live_program(command: str, folder: Path) -> None:
    script = str(LEAKS / "listener.py")
    live = json.loads(
        answer(folder, "run", f"--{command}", "-o", "live.json", script)
        and (folder / "live.json").read_text()
    )
    saved = json.loads(answer(folder, command, "said.refroots", "--json"))
    assert saved and [row.keys() for row in saved[:1]] == [row.keys() for row in live[:1]]
    if command == "types":
        count = {row["type"]: row["count"] for row in saved}
        assert count[PANEL] == 1000 == {row["type"]: row["count"] for row in live}[PANEL]


def test_tables_are_sorted_and_cut(folder: Path) -> None:
    rows = json.loads(answer(folder, "types", "leak.refroots", "--json", "--sort", "size", "--limit", "5"))
    sizes = [row["size"] for row in rows]
    assert (
        len(rows) == 5
        and sizes == sorted(sizes, reverse=True)
        and rows[0].keys() == {"count", "size", "type"}
    )
    names = [
        row["type"]
        for row in json.loads(answer(folder, "types", "leak.refroots", "--json", "--sort", "type"))
    ]
    assert names == sorted(names)
    done = refroots(folder, "types", "leak.refroots", "--sort", "colour")
    assert (done.returncode, done.stderr) == (
        2,
        "refroots: --sort colour: there is no such column; this table has count, size, type\n",
    )


@pytest.mark.parametrize(
    "command", ["types", "waste", "duplicates", "largest", "modules", "roots", "retained"]
)
@pytest.mark.parametrize("columns", [None, "60"])
def test_a_terminal_gets_lines_that_fit(command: str, columns: str | None, folder: Path) -> None:
    environment = {"NO_COLOR": "1"} | ({"COLUMNS": columns} if columns else {})
    text = on_a_terminal([command, "said.refroots"], folder, environment)
    assert "\x1b" not in text
    table = text.split("\r\n\r\n")[0].splitlines()
    assert len(table) > 2 and max(map(len, table)) <= int(columns or 75), text


def test_on_a_terminal_the_head_of_a_table_is_bold(folder: Path) -> None:
    styled = on_a_terminal(["types", "said.refroots"], folder, {"TERM": "xterm"})
    plain = on_a_terminal(["types", "said.refroots"], folder, {"TERM": "dumb"})
    head, *rows = plain.splitlines()
    assert styled.splitlines() == [f"\x1b[1m{head}\x1b[0m", *rows]
    assert "\x1b" not in answer(folder, "types", "said.refroots")


def on_a_terminal(arguments: list[str], folder: Path, more: dict[str, str]) -> str:
    """What the command prints on a terminal of 75 columns."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 75, 0, 0))
    environment = {
        name: value for name, value in os.environ.items() if name not in ("CI", "COLUMNS", "NO_COLOR")
    }
    process = subprocess.Popen([*REFROOTS, *arguments], cwd=folder, stdout=child, env=environment | more)
    os.close(child)
    text = b""
    try:
        while part := os.read(parent, 65536):
            text += part
    except OSError:  # how Linux says that the other end is closed
        pass
    assert process.wait() == 0
    return text.decode()


@pytest.mark.parametrize("command", [*TABLES, "cycles"])
def test_json_is_as_documented(command: str, folder: Path) -> None:
    file = "said.refroots"
    if command == "cycles":
        # What is loaded at Python's start has cycles or not.
        (folder / "cycle.py").write_text("class Ring: pass\nring = Ring()\nring.own = ring\n")
        answer(folder, "capture", "-o", "cycle.refroots", "cycle.py")
        file = "cycle.refroots"
    rows = json.loads(answer(folder, command, file, "--json"))
    lines = (ROOT / "docs" / "json.md").read_text(encoding="utf-8").splitlines()
    keys = next(line for line in lines if line.startswith(f"| `{command}` |")).split("|")[3]
    documented = [key for key in re.findall("`([a-z_]+)`", re.sub(r"\([^)]*\)", "", keys))]
    assert rows and list(rows[0]) == documented
    for row in rows:
        if "ordinal" in row:
            assert f"#{row['ordinal']} " in answer(folder, "why", file, f"#{row['ordinal']}")
            break


def test_ordinals_of_tables_are_taken_everywhere(folder: Path) -> None:
    listeners = re.search(r"list (#\d+), __main__", answer(folder, "suspects", "leak.refroots"))[1]
    assert f"list {listeners}, 1,000 items" in answer(folder, "why", "leak.refroots", listeners)
    assert "method" in answer(folder, "refs", "leak.refroots", listeners, "--depth", "1")
    assert "defaultdict" in answer(folder, "backrefs", "leak.refroots", listeners)
    chain = json.loads(answer(folder, "why", "leak.refroots", listeners, "--json"))
    assert chain[0]["target"] == {"type": "list", "ordinal": int(listeners[1:])}
    done = refroots(folder, "backrefs", "leak.refroots", listeners, "-o", "list.svg")
    assert (folder / "list.svg").read_text().startswith("<?xml") or "<svg" in (
        folder / "list.svg"
    ).read_text()
    assert done.stderr.startswith(f"list.svg: what refers to list {listeners}, ")
    done = refroots(folder, "why", "leak.refroots", "#99999999")
    assert (done.returncode, done.stdout) == (1, "") and "no object #99999999" in done.stderr
    assert refroots(folder, "why", "leak.refroots", "#x").returncode == 2


@pytest.mark.parametrize("ending", ["png", "svg", "pdf", "dot", "mmd", "json", "txt"])
def test_pictures_of_a_file(ending: str, folder: Path) -> None:
    for command in ["why", "refs", "backrefs"]:
        answer(folder, command, "leak.refroots", PANEL, "-o", f"{command}.{ending}")
        assert (folder / f"{command}.{ending}").stat().st_size > 100
    answer(folder, "largest", "leak.refroots", "-o", f"largest.{ending}")
    assert (folder / f"largest.{ending}").stat().st_size > 100
    assert refroots(folder, "types", "leak.refroots", "-o", "types.svg").returncode == 2


def test_a_picture_of_the_largest_says_what_others_say(folder: Path) -> None:
    answer(folder, "largest", "leak.refroots", "-o", "plain.svg")
    answer(folder, "largest", "leak.refroots", "--no-legend", "--stamp", "-o", "other.svg")
    plain, other = ((folder / name).read_text() for name in ("plain.svg", "other.svg"))
    assert 'class="legend"' in plain and "process" not in plain
    assert 'class="legend"' not in other and re.search(r"process \d+, CPython 3\.", other)
    assert re.search(r">[\d.]+ \w+, keeps [\d.]+ MiB<", plain)
    assert "tick" not in plain, "the file has no values"


def test_what_a_file_is(folder: Path) -> None:
    facts = json.loads(answer(folder, "info", "leak.refroots", "--json"))
    version = ".".join(map(str, sys.version_info[:3]))
    assert facts["file_size"] == (folder / "leak.refroots").stat().st_size
    assert facts["values"] == "none" and facts["python"] == f"CPython {version}" and facts["format"] == "1.1"
    assert abs(facts["captured_at"] - time.time()) < 3600 and facts["objects"] > 50_000
    assert facts["objects"] == sum(
        row["count"] for row in json.loads(answer(folder, "types", "leak.refroots", "--json"))
    )
    text = answer(folder, "info", "said.refroots")
    assert "values      short: up to 40 characters" in text


def test_the_difference_of_three_names_the_leak_first(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        """
import refroots
class Request:
    def __init__(self, number): self.number, self.body = number, "x" * 1000
LEAK, WORKING = [], {}
for round in range(4):
    for number in range(500):
        LEAK.append(Request(number))
        WORKING[number % 50] = Request(number)
    refroots.save(f"heap-{round}.refroots", fork=True)
"""
    )
    subprocess.run([sys.executable, "app.py"], cwd=tmp_path, check=True, timeout=120)
    files = [f"heap-{round}.refroots" for round in range(1, 4)]
    text = answer(tmp_path, "diff", *files)
    first = text.split("than the one before:\n")[1].splitlines()[1]
    assert first.endswith("__main__.LEAK[*]") and "1,000 → 1,500 → 2,000" in first, text
    found = json.loads(answer(tmp_path, "diff", *files, "--json"))
    assert list(found) == ["new", "gone", "unsure", "survivors", "grew", "types", "held_by"]
    assert found["grew"][0]["path"] == "__main__.LEAK[*]" and found["grew"][0]["counts"] == [1000, 1500, 2000]
    assert found["types"][0]["type"] in ("str", "dict", "__main__.Request")
    requests = next(row for row in found["types"] if row["type"] == "__main__.Request")
    assert requests["count"] == 1000 and requests["new"] - requests["gone"] == 1000
    assert "LEAK" in found["held_by"][0]["signature"]
    two = answer(tmp_path, "diff", *files[:2], "--limit", "3", "--sort", "new")
    assert two.index("by type") < two.index("What holds the new objects")
    assert refroots(tmp_path, "diff", files[0]).returncode == 2


def test_files_of_two_processes_are_said_to_be(folder: Path) -> None:
    done = refroots(folder, "diff", "leak.refroots", "said.refroots")
    assert done.returncode == 0
    assert "said.refroots is of another process than the first file" in done.stderr


QUESTIONS = [
    "types", "suspects", "retained", "largest --limit 1000", "roots --limit 1000", "modules", "threads", "cycles", "duplicates --limit 1000",
    "waste", "why Foo", "refs Foo --depth 5 --too-many 50", "backrefs Foo", "refs dict", "info",
]  # fmt: skip


def test_a_file_without_values_has_no_secret_to_say(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(SECRETS)
    answer(tmp_path, "capture", "-o", "none.refroots", "program.py")
    answer(tmp_path, "capture", "-o", "short.refroots", "--values", "short", "program.py")
    said = ""
    for question in [*QUESTIONS, *(f"{one} --json" for one in QUESTIONS if "refs" not in one)]:
        name, *options = question.split()
        none = refroots(tmp_path, name, "none.refroots", *options)
        assert none.returncode == 0, (question, none.stderr)
        assert not [word for word in WORDS if word in none.stdout], question
        is_said = "saved without values" in none.stderr
        assert is_said == (name not in ("types", "retained", "modules", "cycles", "info")), (
            question,
            none.stderr,
        )
        asked_for_none = [] if name == "info" else ["--values", "none"]
        short = refroots(tmp_path, name, "short.refroots", *options, *asked_for_none)
        assert short.returncode == 0 and short.stderr == "", (question, short.stderr)
        assert not [word for word in WORDS if word in short.stdout], question
        said += answer(tmp_path, name, "short.refroots", *options)
    assert [word for word in WORDS if word in said]


BROKEN = {
    "gone.refroots": (None, "cannot read gone.refroots: "),
    "empty.refroots": (b"", "cannot open empty.refroots: this is no refroots snapshot"),
    "text.refroots": (b"hello, world, this is text", "it begins with hello, w, expected"),
}


@pytest.mark.parametrize("name", [*BROKEN, "cut.refroots", "flipped.refroots", "folder"])
def test_broken_files_are_one_line(name: str, folder: Path) -> None:
    whole = (folder / "leak.refroots").read_bytes()
    content, words = BROKEN.get(name, (whole[:-100], "damaged at byte"))
    if name == "flipped.refroots":
        content = bytearray(whole)
        content[len(content) // 2] ^= 1
    if name == "folder":
        (folder / name).mkdir()
        words = "cannot read folder: "
    elif content is not None:
        (folder / name).write_bytes(content)
    for command in ["types", "why", "info", "diff"]:
        more = {"why": ["Foo"], "diff": ["leak.refroots"]}.get(command, [])
        done = refroots(folder, command, name, *more)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
        assert done.stderr.startswith("refroots: ") and words in done.stderr


def test_a_pipe_closed_early_is_no_error(folder: Path) -> None:
    for command in [
        ["duplicates", "said.refroots", "--json"],
        ["completions", "bash"],
        ["diff", "leak.refroots", "leak.refroots"],
    ]:
        process = subprocess.Popen(
            [*REFROOTS, *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        process.stdout.close()
        words = [line for line in process.stderr.read().splitlines() if ": note: " not in line]
        assert (process.wait(), words) == (0, [])


def test_nothing_found_and_wrong_use(folder: Path) -> None:
    done = refroots(folder, "why", "leak.refroots", "Panell")
    assert (done.returncode, done.stdout) == (1, "") and "did you mean __main__.Panel" in done.stderr
    assert refroots(folder, "types").returncode == 2
    assert refroots(folder, "why", "leak.refroots", PANEL, "-o", "x.gif").returncode == 2
    assert not (folder / "x.gif").exists()


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    program = "import gc\ngc.disable()\nclass Foo: pass\nX = [(Foo(), [i], {i: i}) for i in range(700_000)]\n"
    (folder / "program.py").write_text(program)
    answer(folder, "capture", "-o", "x.refroots", "program.py")
    return folder


@pytest.mark.parametrize("delay", [0.1, 0.2, 0.4])
@pytest.mark.parametrize("command", ["retained", "suspects", "largest -o largest.svg"])
def test_ctrl_c_ends_at_once(command: str, delay: float, large: Path) -> None:
    before = sorted(large.iterdir())
    name, *options = command.split()
    process = subprocess.Popen(
        [*REFROOTS, name, "x.refroots", *options], cwd=large, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    time.sleep(delay)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    took = time.monotonic() - sent
    # It may have been done, or not have begun, at that moment.
    assert process.returncode in (-signal.SIGINT, 0, 1, 130)
    # A process with a gigabyte takes a moment to be cleared away.
    assert took < 0.3, took
    if process.returncode:
        assert sorted(large.iterdir()) == before
    (large / "largest.svg").unlink(missing_ok=True)


def test_capture_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import os; os.rmdir('out')")
    (tmp_path / "out").mkdir()
    done = refroots(tmp_path, "capture", "-o", "out/x.refroots", "program.py")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "cannot write" in done.stderr
    assert refroots(tmp_path, "capture", "-o", "none/x.refroots", "program.py").returncode == 2
    assert refroots(tmp_path, "capture", "-o", "x.png", "program.py").returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["program.py"]


def test_ctrl_c_while_a_heap_is_saved(tmp_path: Path) -> None:
    source = "x = [[i, {i: str(i)}] for i in range(300_000)]\nprint('READY', flush=True)\n"
    (tmp_path / "program.py").write_text(source)
    process = subprocess.Popen(
        [*REFROOTS, "capture", "-o", "x.refroots", "program.py"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "READY\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    names = {path.name for path in tmp_path.iterdir()}
    # Whole, or not at all.
    assert names == {"program.py"} or ("x.refroots" in names and answer(tmp_path, "info", "x.refroots")), (
        stderr
    )
    assert not [name for name in names if name.startswith(".refroots")]


def test_capture_when_and_the_status_of_the_program(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "class Foo: pass\ndef main():\n    x = [Foo(), Foo()]\n    return 3\nimport sys\nsys.exit(main())"
    )
    done = refroots(tmp_path, "capture", "-o", "x.refroots", "--when", "return:main", "program.py")
    assert done.returncode == 3
    assert json.loads(answer(tmp_path, "types", "x.refroots", "--json"))
    assert "running frame __main__.main" in answer(tmp_path, "backrefs", "x.refroots", "Foo", "--depth", "3")


def test_pages_and_completions(tmp_path: Path) -> None:
    done = refroots(tmp_path, "man", "pages")
    assert done.returncode == 0 and done.stderr.endswith(" pages; read one with man -l\n")
    assert {"refroots.1", "refroots-why.1", "refroots-capture.1"} <= {
        path.name for path in (tmp_path / "pages").iterdir()
    }
    for shell in ["bash", "zsh", "fish"]:
        script = answer(tmp_path, "completions", shell)
        assert "suspects" in script
        if shutil.which(shell):
            subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_examples_of_each_help(tmp_path: Path) -> None:
    program = "class Foo: pass\ncache = [Foo()]\ndef main():\n    return {1: 2}\nmain()\n"
    (tmp_path / "app.py").write_text(program)
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__main__.py").write_text(program)
    (tmp_path / "save.py").write_text(
        program + "import refroots\nfor name in ['heap', 'before', 'after', 'later']:\n"
        "    cache.append(Foo()); refroots.save(f'{name}.refroots')\n"
    )
    subprocess.run([sys.executable, "save.py"], cwd=tmp_path, check=True)
    overview = answer(tmp_path, "--help")
    commands = re.findall(r"^  (\w+)  ", overview.split("Commands:\n")[1].split("Options:")[0], re.MULTILINE)
    assert len(commands) >= 17
    for command in [name for name in commands if name != "help"]:
        text = answer(tmp_path, command, "--help")
        tried = 0
        for line in text.split("Examples:\n")[1].splitlines():
            if not line.strip().startswith("refroots "):
                continue
            words = line.strip()
            shown = words.replace("refroots", shlex.join(REFROOTS), 1)
            done = subprocess.run(shown, shell=True, cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0, (line, done.stderr)
            tried += 1
        assert tried, command


@pytest.mark.skipif(not (ROOT / "target/debug/refroots").exists(), reason="the binary is not built here")
def test_the_binary_needs_no_python(folder: Path) -> None:
    done = subprocess.run(
        [ROOT / "target/debug/refroots", "suspects", "leak.refroots"],
        cwd=folder, env={"PATH": "/nowhere"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout == answer(folder, "suspects", "leak.refroots")
