"""Programs that use objgraph run unchanged with refroots.objgraph under its name; each also with objgraph itself."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import textwrap

import pytest

# `install` puts what is to be judged under objgraph's name, before anybody else imports it.
MODULES = {
    "objgraph": "import objgraph",
    "drop-in": "import sys, refroots.objgraph; sys.modules['objgraph'] = refroots.objgraph",
    "exact": "import sys, refroots.objgraph as o; o.exact = True; sys.modules['objgraph'] = o",
}
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz's dot on PATH")


@pytest.fixture(params=MODULES)
def swap(request):
    """The statement that puts a module under objgraph's name."""
    pytest.importorskip("objgraph", reason="pip install -r tests/requirements.txt")
    return MODULES[request.param]


@pytest.fixture
def run_user(run_python, swap):
    """Runs a program that needs a package, after the swap."""

    def run(package, source, *arguments):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install -r tests/requirements-objgraph.txt")
        return run_python(swap + "\n" + textwrap.dedent(source), *arguments, env={"PYTHONWARNINGS": "ignore"})

    return run


LEAKS = """
    import unittest

    KEPT = []

    class Kept:
        pass

    class Tests(unittest.TestCase):
        def clean(self):
            [Kept() for _ in range(3)]

        def leaking(self):
            KEPT.append([Kept(), Kept()])

    def checked(method):
        wrapper = leakcheck.wrap_refcount(method)
        test = Tests("clean")
        wrapper(test)
"""
CAUGHT = """
    checked(Tests.clean)
    try:
        checked(Tests.leaking)
    except AssertionError as error:
        print(error)
    else:
        raise SystemExit("the leak was not found")
"""


def test_greenlets_leak_checker(run_user):
    said = run_user("greenlet", "    from greenlet.tests import leakcheck" + LEAKS + CAUGHT)
    assert "refcount increased by" in said
    rows = dict(line.split(maxsplit=1) for line in said.splitlines()[1:])
    assert rows["Kept"].split()[1] == "+2"
    assert rows["list"].split()[1] == "+1"


def test_greenlets_leak_checker_replaces_the_collector(run_user):
    """As on a build with sys.getobjects: what the collector does not track is counted as well."""
    program = """
    import gc, sys
    texts = []
    sys.getobjects = lambda limit: gc.get_objects() + texts
    from greenlet.tests import leakcheck
    import objgraph
    assert objgraph.gc is not gc
    texts.extend(["a text"] * 7)
    assert objgraph.count("str") == 7, objgraph.count("str")
    assert objgraph.typestats()["str"] == 7
    assert objgraph.by_type("str") == texts
    assert dict(objgraph.most_common_types(limit=None))["str"] == 7
    assert objgraph.at(id(texts[0])) is texts[0]
    assert objgraph.at_addrs({id(texts[0])}) == texts
    assert len(objgraph.get_new_ids(limit=0)["str"]) == 1
    """
    growing = """
    def grows(self):
        texts.append("another")

    try:
        checked(grows)
    except AssertionError as error:
        print(error)
    """
    assert "str" in run_user("greenlet", program + LEAKS + growing)


def test_greenlets_own_tests(run_user):
    """Three of its files, every test of which runs under the checker until its counts settle."""
    said = run_user(
        "greenlet",
        """
        import unittest
        from greenlet.tests import test_gc, test_generator, test_weakref

        suite = unittest.TestSuite(
            unittest.defaultTestLoader.loadTestsFromModule(module) for module in (test_gc, test_generator, test_weakref)
        )
        result = unittest.TextTestRunner(stream=open("log", "w")).run(suite)
        assert result.wasSuccessful(), open("log").read()
        print(result.testsRun, len(result.skipped))
        """,
    )
    run, skipped = map(int, said.split())
    assert run > 5
    assert skipped < run


def test_gevents_leak_checker(run_user):
    spawning = """
    import gevent

    def spawns(self):
        gevent.joinall([gevent.spawn(lambda: None) for _ in range(3)])

    checked(spawns)
    """
    said = run_user("gevent", "    from gevent.testing import leakcheck" + LEAKS + spawning + CAUGHT)
    assert "refcount increased by" in said
    rows = dict(line.split(maxsplit=1) for line in said.splitlines()[1:])
    assert rows["Kept"].split()[1] == "+2"


@needs_dot
def test_celerys_inspect_objgraph(run_user):
    said = run_user(
        "celery",
        """
        import os
        from celery import Celery
        from celery.worker.control import Panel, objgraph
        from celery.worker.request import Request

        app = Celery("app")

        @app.task
        def add(x, y):
            return x + y

        from unittest.mock import Mock
        message = Mock(name="message")
        held = [Request.__new__(Request) for _ in range(3)]
        reply = Panel.data["objgraph"](None, num=2, max_depth=4)
        assert Panel.data["objgraph"] is objgraph
        with open(reply["filename"], "rb") as file:
            assert file.read(8) == b"\\x89PNG\\r\\n\\x1a\\n"
        os.remove(reply["filename"])
        """,
    )
    assert said.startswith("Graph written to ")
    assert "\nImage generated as " in said


CONFTEST = """
import gc
import pathlib
import weakref

import pytest


class Viewer:
    alive = weakref.WeakSet()

    def __init__(self):
        self.alive.add(self)
        self.callbacks = {"closed": [self.close]}

    def close(self):
        pass


def pytest_addoption(parser):
    parser.addoption("--save-leaked-object-graph", action="store_true")


def fail_with_graph(kind):
    import objgraph

    gc.collect()
    path = pathlib.Path(f"{kind.__name__}-leak-1.pdf").absolute()
    objgraph.show_backrefs(list(kind.alive), max_depth=20, filename=str(path))
    count = len(kind.alive)
    kind.alive.clear()
    assert path.exists()
    pytest.fail(f"{count} of {kind.__name__} leaked; the graph is in {path.name}")


@pytest.fixture
def make_viewer(request):
    yield Viewer
    gc.collect()
    if len(Viewer.alive) and request.config.getoption("--save-leaked-object-graph"):
        fail_with_graph(Viewer)
"""
TESTED = """
LEAKED = []


def test_leaks(make_viewer):
    LEAKED.append(make_viewer())


def test_does_not(make_viewer):
    make_viewer()
"""


@needs_dot
def test_naparis_fixture(tmp_path, swap):
    """A fixture that fails on instances of a class that are left, and saves what refers to them."""
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_viewer.py").write_text(TESTED, encoding="utf-8")
    (tmp_path / "swapped.py").write_text(swap, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "swapped",
        "-p",
        "no:cacheprovider",
        "--save-leaked-object-graph",
    ]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert "1 of Viewer leaked; the graph is in Viewer-leak-1.pdf" in done.stdout
    assert "2 passed, 1 error" in done.stdout, done.stdout[-3000:]
    assert (tmp_path / "Viewer-leak-1.pdf").read_bytes().startswith(b"%PDF")


@needs_dot
def test_the_articles_program(run_python, swap, tmp_path):
    said = run_python(
        swap
        + textwrap.dedent(
            """
            import random

            import objgraph


            class Foo(object):
                def __init__(self):
                    self.val = None

                def __str__(self):
                    return "foo - val: {0}".format(self.val)


            def f():
                l = []
                for i in range(3):
                    foo = Foo()
                    l.append(foo)
                return l


            def main():
                d = {}
                l = f()
                d["k"] = l
                print("list l has {0} objects of type Foo()".format(len(l)))
                objgraph.show_most_common_types(limit=3)
                objgraph.show_growth(limit=3)
                objgraph.show_backrefs(random.choice(objgraph.by_type("Foo")), filename="foo_refs.png")
                objgraph.show_refs(d, filename="sample-graph.png")
                objgraph.show_backrefs(random.choice(objgraph.by_type("Foo")), filename="foo_refs.dot")


            if __name__ == "__main__":
                main()
            """
        )
    )
    graph = r"Graph written to \S+\.dot \(\d+ nodes\)\n"
    pictures = rf"{graph}Image generated as foo_refs\.png\n{graph}Image generated as sample-graph\.png\n"
    types, grown = r"(\w+ +\d+\n){3}", r"(\w+ +\d+ +\+\d+\n){3}"
    last = r"Graph written to foo_refs\.dot \(\d+ nodes\)\n"
    assert re.fullmatch(rf"list l has 3 objects of type Foo\(\)\n{types}{grown}{pictures}{last}", said), said
    for name in ("foo_refs.png", "sample-graph.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    dot = (tmp_path / "foo_refs.dot").read_text(encoding="utf-8")
    assert '[label="Foo\\n<__main__.Foo object at ' in dot
    assert '[label="k",weight=2]' in dot
