"""What the Python tests share: a fresh interpreter for what must not see pytest's own heap."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import sysconfig
import textwrap

import pytest


def pytest_configure():
    """A shell that runs the tests in the background makes them, and so their children, ignore SIGINT."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def run_python(tmp_path):
    """Runs a program in a fresh interpreter and gives its standard output; it can import `oracles`."""

    def run(source: str, *args: str, timeout: float = 300, env: dict[str, str] | None = None) -> str:
        script = tmp_path / "program.py"
        script.write_text(textwrap.dedent(source), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(script), *args],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=tmp_path,
            env=os.environ
            | {"PYTHONPATH": str(pathlib.Path(__file__).parent), "PYTHONFAULTHANDLER": "1"}
            | (env or {}),
        )
        assert done.returncode == 0, f"status {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-5000:]}"
        return done.stdout

    return run


@pytest.fixture(scope="session")
def build_extension(tmp_path_factory):
    """Builds an extension of this folder against this Python's headers and gives the folder that has it."""

    def build(name: str) -> pathlib.Path:
        compiler = shutil.which("cc") or shutil.which("gcc")
        includes = [pathlib.Path(sysconfig.get_path(path)) for path in ("include", "platinclude")]
        if compiler is None or not (includes[0] / "Python.h").exists():
            pytest.skip(f"needs cc and {includes[0] / 'Python.h'}")
        folder = tmp_path_factory.mktemp(name)
        source = pathlib.Path(__file__).with_name(f"{name}.c")
        # Debian's pyconfig.h is found from the folder above, which may have headers of another C library too.
        flags = [*(f"-I{include}" for include in includes), "-idirafter", str(includes[0].parent)]
        command = [compiler, "-shared", "-fPIC", "-w", *flags, "-o", str(folder / f"{name}.so"), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return folder

    return build
