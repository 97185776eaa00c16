"""Bars of the offline command: drawn on a terminal while a stage takes long, and gone at the end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
import refroots


class Counted:
    pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("progress")
    foos = [Counted() for _ in range(200_000)]
    for number, foo in enumerate(foos):
        foo.label, foo.near = f"label {number}", foos[number // 2]
    refroots.capture().save(folder / "heap.refroots", values="short")
    return folder


def slowly(command: list[str], folder: Path, stderr: int) -> str:
    """Run a command whose analysis takes long: it is stopped for over a second, then most of the time."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=stderr, text=True)

    def hold() -> None:
        pause = 1.1
        while process.poll() is None:
            if draws(process.pid):
                process.send_signal(signal.SIGSTOP)
                time.sleep(pause)
                process.send_signal(signal.SIGCONT)
                pause = 0.15
            time.sleep(0.005)

    holder = threading.Thread(target=hold)
    holder.start()
    output = process.communicate(timeout=120)[0]
    holder.join()
    assert process.returncode == 0
    return output


def draws(process: int) -> bool:
    """Whether a process has a thread that draws the bars of an analysis."""
    for thread in Path(f"/proc/{process}/task").glob("*/comm"):
        with contextlib.suppress(OSError):  # it has ended
            if thread.read_text() == "refroots-bar\n":
                return True
    return False


def on_a_terminal(command: list[str], folder: Path) -> tuple[str, str]:
    """What a command writes to its output, and what to the terminal that is its standard error."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    drawn = b""

    def read() -> None:
        nonlocal drawn
        with contextlib.suppress(OSError):  # how Linux says that the other end is closed
            while part := os.read(parent, 65536):
                drawn += part

    reader = threading.Thread(target=read)
    reader.start()
    try:
        output = slowly(command, folder, child)
    finally:
        os.close(child)
        reader.join()
        os.close(parent)
    return output, drawn.decode()


@pytest.mark.parametrize(
    ("question", "stages"),
    [
        (["suspects"], ["finding dominators", "finding shortest chains"]),
        (["cycles"], ["finding cycles"]),
        (["duplicates"], ["comparing values"]),
        (["diff", "heap.refroots"], ["comparing heaps", "finding shortest chains"]),
    ],
)
def test_long_analyses_say_how_far_they_are(question: list[str], stages: list[str], folder: Path) -> None:
    command = [sys.executable, "-m", "refroots", question[0], "heap.refroots", *question[1:]]
    quick = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    output, drawn = on_a_terminal(command, folder)
    assert output == quick.stdout
    for stage in stages:
        assert re.search(rf"{stage} \[[=> ]+\] +\d+ %, ", drawn), drawn
    assert re.search(r"\d+ %, \d+ seconds? left", drawn), drawn
    # The last that is drawn is an empty line.
    assert drawn.endswith("\r\x1b[2K"), drawn[-80:]
