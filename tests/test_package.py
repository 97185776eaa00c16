"""The package itself: stubs that agree with the module, examples that run, a light import."""

import doctest
import inspect
import pathlib
import re
import subprocess
import sys

import pytest
import refroots

ROOT = pathlib.Path(__file__).resolve().parent.parent


def test_stubs_agree_with_the_module(tmp_path):
    (tmp_path / "mypy.ini").write_text("[mypy]\nignore_missing_imports = True\n", encoding="utf-8")
    # The folder of the program that is about to start is no module that could be imported.
    (tmp_path / "allowed").write_text("refroots\\._startup.*\n", encoding="utf-8")
    command = [sys.executable, "-m", "mypy.stubtest", "refroots", "--mypy-config-file", "mypy.ini"]
    command += ["--allowlist", "allowed", "--ignore-unused-allowlist"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_public_name_is_in_the_stub():
    stub = (pathlib.Path(refroots.__file__).parent / "_native.pyi").read_text(encoding="utf-8")
    declared = set(re.findall(r"^(?:def|class) (\w+)|^(\w+):", stub, re.MULTILINE))
    declared = {name for pair in declared for name in pair if name}
    assert set(refroots.__all__) <= declared


def documented():
    yield "refroots", refroots.__doc__
    for name in refroots.__all__:
        member = getattr(refroots, name)
        if name.startswith("__"):
            continue
        assert member.__doc__, f"{name} has no docstring"
        yield name, member.__doc__
        if inspect.isclass(member):
            for inner, value in vars(member).items():
                if not inner.startswith("_"):
                    assert value.__doc__, f"{name}.{inner} has no docstring"
                    yield f"{name}.{inner}", value.__doc__


def test_examples_in_docstrings_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    parser = doctest.DocTestParser()
    for name, text in documented():
        runner.run(parser.get_doctest(text, {"refroots": refroots, "__name__": "example"}, name, None, None))
    assert runner.tries > 8
    assert runner.failures == 0


@pytest.mark.parametrize("page", ["README.md", "docs/analysis.md", "docs/reports.md"])
def test_python_examples_of_the_pages_run(tmp_path, page):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        subprocess.run([sys.executable, "-c", block], check=True, cwd=tmp_path, capture_output=True)


def test_import_brings_little_along():
    before = (
        "import sys; before = set(sys.modules); import refroots; print(sorted(set(sys.modules) - before))"
    )
    out = subprocess.run([sys.executable, "-c", before], check=True, capture_output=True, text=True).stdout
    added = [name for name in eval(out) if not name.startswith("refroots")]
    assert added in ([], ["gc"])  # built in
