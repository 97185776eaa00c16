"""Runs objgraph's own suite against refroots.objgraph: fetched from PyPI, once as imported and once exact.

    python tools/objgraph_suite.py [--exact | --original] [--sdist FILE]

Prints one line, `57 passed, 2 skipped, 0 failed`, and what failed before it. Nothing of objgraph is kept.
"""

import argparse
import importlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest

VERSION = "3.7.0"
MODULE = "refroots.objgraph"


def fetched(folder):
    """Downloads the sdist; the index that pip is set up for is asked."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        f"objgraph=={VERSION}",
        "--no-deps",
        "--no-binary",
        ":all:",
    ]
    done = subprocess.run(
        [*command, "--quiet", "--disable-pip-version-check", "--dest", folder],
        capture_output=True,
        text=True,
    )
    path = os.path.join(folder, f"objgraph-{VERSION}.tar.gz")
    if not os.path.exists(path):
        sys.exit(f"objgraph's own suite could not be fetched from PyPI; is there a network?\n{done.stderr}")
    return path


def suite_of(path, folder):
    """Unpacks the sdist; gives the folder with tests.py."""
    with tarfile.open(path) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(folder, filter="data")
        else:
            archive.extractall(folder)
    return os.path.join(folder, f"objgraph-{VERSION}")


class Counted(unittest.TextTestResult):
    """A result that counts what passed: whether `testsRun` has the skipped ones differs between releases."""

    passed = 0

    def addSuccess(self, test):
        """Counts one."""
        super().addSuccess(test)
        self.passed += 1


def run(suite, is_exact, is_original):
    """Runs the suite in this process; gives unittest's result."""
    os.chdir(suite)
    sys.path.insert(0, suite)
    if not is_original:
        module = importlib.import_module(MODULE)
        module.exact = is_exact
        sys.modules["objgraph"] = module
    tests = importlib.import_module("tests")
    said = io.StringIO()
    result = unittest.TextTestRunner(stream=said, resultclass=Counted).run(tests.test_suite())
    if not result.wasSuccessful():
        print(said.getvalue())
    return result


def main():
    """Does what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exact", action="store_true", help="with objgraph.exact = True")
    parser.add_argument("--original", action="store_true", help="objgraph itself, for comparison")
    parser.add_argument("--sdist", help="a copy that was fetched before")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.sdist or fetched(folder)
        result = run(suite_of(os.path.abspath(path), folder), options.exact, options.original)
        os.chdir("/")
    failed = len(result.failures) + len(result.errors)
    print(f"{result.passed} passed, {len(result.skipped)} skipped, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
