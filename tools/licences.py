"""Checks the licences of everything that is compiled into refroots, and writes the notices that go with it.

python tools/licences.py --check    exit 1 where a licence is not allowed or the notices are stale
python tools/licences.py --write    write THIRD-PARTY-NOTICES.md anew
"""

import json
import pathlib
import subprocess
import sys

from license_expression import get_spdx_licensing

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTICES = ROOT / "THIRD-PARTY-NOTICES.md"
ALLOWED = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
    "CC0-1.0", "ISC", "MIT", "MIT-0", "Unicode-3.0", "Unlicense", "Zlib",
}  # fmt: skip
# Weak copyleft: allowed by name, its text and the place of its source go with every wheel.
ALLOWED_BY_NAME = {"EPL-2.0": "graphviz-pure"}
# What is compiled in and comes from no crate.
FONT = ROOT / "tools" / "font-notice.md"
LAYOUT = ROOT / "tools" / "dagre-notice.md"


def shipped_packages():
    """The packages that `cargo tree` says are linked into the extension, by name and version."""
    tree = subprocess.run(
        ["cargo", "tree", "--locked", "-p", "refroots-embed", "-e", "normal", "--prefix", "none", "-f", "{p}"]
        + ["--target", "x86_64-unknown-linux-gnu"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    linked = {tuple(line.split()[:2]) for line in tree.splitlines() if line}
    metadata = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    packages = json.loads(metadata)["packages"]
    shipped = [p for p in packages if (p["name"], f"v{p['version']}") in linked and p["source"] is not None]
    return sorted(shipped, key=lambda package: (package["name"], package["version"]))


def licence_of(package):
    """The licence expression; where the package names a file instead, what that file begins with says."""
    if package["license"]:
        return package["license"].replace("/", " OR ")
    return "MIT" if any(text.startswith("MIT License") for text in licence_texts(package)) else "unknown"


def is_allowed(package):
    """Whether some choice that the licence expression leaves is one that refroots accepts."""
    expression = get_spdx_licensing().parse(licence_of(package), validate=False)

    def holds(term):
        if hasattr(term, "args") and term.args and not hasattr(term, "exception_symbol"):
            results = [holds(arg) for arg in term.args]
            return any(results) if term.operator.strip() == "OR" else all(results)
        key = str(term)
        by_name = ALLOWED_BY_NAME.get(key)
        return key in ALLOWED or (by_name is not None and package["name"].startswith(by_name))

    return expression is not None and holds(expression)


def licence_texts(package):
    """The texts that the package ships, longest first so that shared ones group."""
    folder = pathlib.Path(package["manifest_path"]).parent
    names = ("license", "licence", "copying", "notice", "unlicense", "copyright")
    files = sorted(
        path for path in folder.iterdir() if path.is_file() and path.name.lower().startswith(names)
    )
    return [path.read_text(encoding="utf-8", errors="replace").strip() for path in files]


def notices(packages):
    """The whole document: who is in the wheel, then each distinct text with those that it covers."""
    lines = [
        "# Third-party notices",
        "",
        "What the refroots wheel and binary contain besides refroots itself.",
        "",
    ]
    covered = {}
    for package in packages:
        source = package["repository"] or f"https://crates.io/crates/{package['name']}"
        lines.append(f"- {package['name']} {package['version']}: {licence_of(package)}, source: {source}")
        for text in licence_texts(package):
            covered.setdefault(text, []).append(f"{package['name']} {package['version']}")
    lines += ["", FONT.read_text(encoding="utf-8"), LAYOUT.read_text(encoding="utf-8")]
    for text, names in sorted(covered.items(), key=lambda item: item[1]):
        lines += ["### " + ", ".join(names), "", "```text", text.replace("```", "'''"), "```", ""]
    return "\n".join(line.rstrip() for line in "\n".join(lines).splitlines()) + "\n"


def main():
    """Does what the only argument says."""
    packages = shipped_packages()
    refused = [f"{p['name']} {p['version']}: {licence_of(p)}" for p in packages if not is_allowed(p)]
    if refused:
        sys.exit("licences that are not allowed:\n  " + "\n  ".join(refused))
    if sys.argv[1:] == ["--write"]:
        NOTICES.write_text(notices(packages), encoding="utf-8")
    elif sys.argv[1:] != ["--check"]:
        sys.exit(__doc__)
    elif NOTICES.read_text(encoding="utf-8") != notices(packages):
        sys.exit("THIRD-PARTY-NOTICES.md is stale: run `make notices`")
    print(f"licences: {len(packages)} packages, all allowed")


if __name__ == "__main__":
    main()
