"""Snapshots at a signal: one file each time, never two at once, and the program goes on whatever happens."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import refroots


class Kept:
    """Something to find in a file."""


@pytest.fixture
def saver(tmp_path):
    made = refroots.on_signal(signal.SIGUSR2, tmp_path / "heap-{pid}-{n}.refroots", keep=2)
    yield made
    made.wait()
    made.cancel()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_signal_saves_a_file_that_loads(saver, tmp_path, capfd):
    kept = [Kept(), Kept()]
    os.kill(os.getpid(), signal.SIGUSR2)
    assert saver.wait(60) and not saver.is_saving
    name = f"heap-{os.getpid()}-1.refroots"
    assert names(tmp_path) == [name] and saver.saved == [tmp_path / name]
    assert len(refroots.load(tmp_path / name).find("Kept")) == len(kept)
    said = capfd.readouterr().err
    assert re.fullmatch(
        rf"refroots: saved \S+{name} \([\d.]+ \w+\) in [\d.]+ s; the process stood still for [\d.]+ ms\n",
        said,
    )


def test_the_last_files_stay(saver, tmp_path):
    other = tmp_path / f"heap-{os.getpid()}-99.refroots"
    other.write_bytes(b"somebody's")
    for _ in range(4):
        os.kill(os.getpid(), signal.SIGUSR2)
        assert saver.wait(60)
    ours = [tmp_path / f"heap-{os.getpid()}-{n}.refroots" for n in (3, 4)]
    assert saver.saved == ours
    assert set(tmp_path.iterdir()) == {*ours, other}


def test_two_are_never_saved_at_once(saver, tmp_path, capfd):
    saver()
    # The thread that saves cannot begin before this one lets it.
    assert saver.is_saving
    saver()
    assert "a snapshot is being saved; this signal adds none" in capfd.readouterr().err
    assert saver.wait(60)
    assert len(names(tmp_path)) == 1


def test_the_program_goes_on_meanwhile(saver):
    ballast = [[] for _ in range(300_000)]
    turns = 0
    saver()
    while saver.is_saving:
        turns += 1
        time.sleep(0.001)
    assert turns > 5 and len(ballast) == 300_000


def test_a_forked_child_has_its_own_files(saver, tmp_path):
    saver()
    saver.wait()
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGUSR2)
        is_done = saver.wait(60)
        os._exit(0 if is_done and len(saver.saved) == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert names(tmp_path) == sorted(f"heap-{pid}-1.refroots" for pid in (os.getpid(), child))


def test_what_fails_is_said_and_nothing_is_left(saver, tmp_path, capfd):
    ballast = [[] for _ in range(500_000)]
    saver()
    children = pathlib.Path("/proc/self/task")
    deadline = time.monotonic() + 30
    while saver.is_saving and time.monotonic() < deadline:
        found = "".join((task / "children").read_text() for task in children.iterdir()).split()
        if found:
            os.kill(int(found[0]), signal.SIGKILL)
            break
    assert saver.wait(60)
    said = capfd.readouterr().err
    assert "refroots: no snapshot: the child that captured was killed by signal 9" in said, said
    assert names(tmp_path) == [] and saver.saved == [] and ballast
    saver()
    assert saver.wait(60) and len(names(tmp_path)) == 1


def test_a_folder_that_went_is_said(tmp_path, capfd):
    folder = tmp_path / "gone"
    folder.mkdir()
    saver = refroots.on_signal("usr2", folder / "heap.refroots")
    try:
        folder.rmdir()
        os.kill(os.getpid(), signal.SIGUSR2)
        assert saver.wait(60)
        assert "refroots: no snapshot: " in capfd.readouterr().err
    finally:
        saver.cancel()


def test_wrong_words_are_refused(tmp_path):
    before = signal.getsignal(signal.SIGUSR2)
    with pytest.raises(ValueError, match="found 0"):
        refroots.on_signal(signal.SIGUSR2, tmp_path / "x", keep=0)
    with pytest.raises(ValueError, match=r"\{pid\} and \{n\}"):
        refroots.on_signal(signal.SIGUSR2, tmp_path / "{name}.refroots")
    with pytest.raises(ValueError, match="USR1"):
        refroots.on_signal("nonsense", tmp_path / "x")
    with pytest.raises(ValueError):
        refroots.on_signal(signal.SIGUSR2, tmp_path / "x", values="all")
    with pytest.raises(FileNotFoundError):
        refroots.on_signal(signal.SIGUSR2, tmp_path / "none" / "x")
    with pytest.raises(OSError):
        refroots.on_signal(signal.SIGKILL, tmp_path / "x")
    raised = []
    thread = threading.Thread(
        target=lambda: raised.append(pytest.raises(ValueError, refroots.on_signal, "USR2", tmp_path / "x"))
    )
    thread.start()
    thread.join()
    assert raised and signal.getsignal(signal.SIGUSR2) is before
    assert names(tmp_path) == []


def test_cancel_puts_the_handler_back(tmp_path):
    def mine(*_):
        pass

    before = signal.signal(signal.SIGUSR2, mine)
    try:
        saver = refroots.on_signal(signal.SIGUSR2, tmp_path / "x")
        assert signal.getsignal(signal.SIGUSR2) is saver
        saver.cancel()
        assert signal.getsignal(signal.SIGUSR2) is mine
        saver.cancel()
    finally:
        signal.signal(signal.SIGUSR2, before)


PROGRAM = """
import os, signal, sys
class Kept: pass
kept = [Kept()] * 1
print("ready", flush=True)
for line in sys.stdin:
    os.kill(os.getpid(), signal.SIGUSR1)
    if line == "last\\n":
        break
print("done")
"""


def program(tmp_path, order, lines):
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(PROGRAM))
    environment = os.environ | {"REFROOTS_ON_SIGNAL": order}
    return subprocess.run(
        [sys.executable, str(script)],
        input=lines,
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=False,
    )


def test_by_environment_without_a_word_in_the_program(tmp_path):
    # The program ends while the file is written, which is waited for.
    done = program(tmp_path, "USR1,keep=1,path=kept-{n}.refroots", "last\n")
    assert (done.returncode, done.stdout) == (0, "ready\ndone\n"), done.stderr
    assert "saved" in done.stderr
    (file,) = tmp_path.glob("*.refroots")
    assert file.name == "kept-1.refroots"
    assert len(refroots.load(file).find("Kept")) == 1
    assert sorted(names(tmp_path)) == ["kept-1.refroots", "program.py"]


@pytest.mark.parametrize("order", ["NOTHING", "USR1,keep=many", "USR1,what", "USR1,path=/nowhere/at/all"])
def test_a_wrong_order_is_said_and_the_program_runs(tmp_path, order):
    done = program(tmp_path, order, "")
    assert (done.returncode, done.stdout) == (0, "ready\ndone\n")
    assert done.stderr.startswith(f"refroots: REFROOTS_ON_SIGNAL={order}: ") and done.stderr.count("\n") == 1


def test_without_the_variable_nothing_is_loaded(tmp_path):
    code = "import sys; print(any(name.startswith('refroots') for name in sys.modules))"
    environment = {name: value for name, value in os.environ.items() if name != "REFROOTS_ON_SIGNAL"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == "False\n"


CHURN = """
import sys, threading
stopped = False
def churn():
    while not stopped:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
threads = [threading.Thread(target=churn) for _ in range(3)]
for thread in threads:
    thread.start()
print("ready", flush=True)
sys.stdin.read()
stopped = True
"""


def test_each_signal_counts_while_threads_come_and_go_and_the_main_thread_waits(tmp_path):
    environment = os.environ | {"REFROOTS_ON_SIGNAL": "USR1,keep=30,path=heap-{n}.refroots"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    program = subprocess.Popen(
        [sys.executable, "-c", CHURN], text=True, env=environment, cwd=tmp_path, **pipes
    )
    try:
        assert program.stdout.readline() == "ready\n"
        for number in range(1, 31):
            program.send_signal(signal.SIGUSR1)
            # The line about it comes when everything is done.
            assert f"heap-{number}.refroots" in program.stderr.readline()
    finally:
        program.stdin.close()
        program.wait(60)
    assert len(names(tmp_path)) == 30
