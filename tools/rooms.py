"""Checks what each room may contain (ARCHITECTURE.md): dependencies, unsafe code, first lines, sizes.

python tools/rooms.py    exit 1 and one line for each breach
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What a crate's tree of dependencies must not have.
ABSENT = {
    "refroots-core": ["pyo3", "graphviz", "resvg", "clap"],
    "refroots-render": ["pyo3", "clap"],
    "refroots-cli": ["pyo3"],
}
LONGEST_FILE = 500


def dependencies(crate):
    """Names of the packages in a crate's tree, without what only its tests use."""
    tree = subprocess.run(
        ["cargo", "tree", "--locked", "-p", crate, "-e", "normal,build", "--prefix", "none"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return {line.split()[0] for line in tree.splitlines() if line}


def breaches():
    """One line for each breach."""
    for crate, absent in ABSENT.items():
        for name in sorted(dependencies(crate)):
            if any(name.startswith(prefix) for prefix in absent):
                yield f"{crate} depends on {name}"
    for path in sorted((ROOT / "crates").rglob("*.rs")):
        text = path.read_text(encoding="utf-8")
        where = path.relative_to(ROOT)
        if not text.startswith("//!"):
            yield f"{where}: does not begin with a sentence of purpose"
        if len(text.splitlines()) > LONGEST_FILE:
            yield f"{where}: more than {LONGEST_FILE} lines"
        is_capture = "crates/embed/src/capture" in str(where)
        if not is_capture and re.search(r"allow\(unsafe_code\)|\bunsafe\s*(\{|fn|impl|extern)", text):
            yield f"{where}: unsafe code outside embed/src/capture"
    for path in sorted((ROOT / "crates/embed/python").rglob("*.py")) + sorted((ROOT / "tests").glob("*.py")):
        if not path.read_text(encoding="utf-8").startswith('"""'):
            yield f"{path.relative_to(ROOT)}: does not begin with a sentence of purpose"


if __name__ == "__main__":
    found = list(breaches())
    sys.exit("\n".join(found) if found else 0)
