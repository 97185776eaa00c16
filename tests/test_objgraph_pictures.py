"""refroots.objgraph: its pictures, what users of objgraph wish for, and how it is imported, replaced and documented."""

import ast
import collections
import gc
import io
import os
import pathlib
import re
import subprocess
import sys
import warnings

import pytest
from refroots import objgraph


@pytest.fixture(autouse=True)
def as_imported():
    yield
    objgraph.exact = False


class Held:
    pass


def dot(show, *args, **kwargs):
    output = io.StringIO()
    show(*args, output=output, **kwargs)
    return output.getvalue()


# Pictures.


def test_paths_are_file_names(tmp_path, capsys):
    objgraph.show_refs([[1]], filename=pathlib.Path(tmp_path / "refs.dot"))
    assert (tmp_path / "refs.dot").read_text().startswith("digraph ObjectGraph {")
    assert capsys.readouterr().out == f"Graph written to {tmp_path / 'refs.dot'} (2 nodes)\n"


def test_pictures_need_no_graphviz(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    held = Held()
    held.attribute = {"key": [1]}
    objgraph.show_refs([held], filename=str(tmp_path / "refs.png"))
    assert (tmp_path / "refs.png").read_bytes()[:4] == b"\x89PNG"
    assert capsys.readouterr().out.splitlines()[-1] == f"Image generated as {tmp_path / 'refs.png'}"
    objgraph.exact = True
    objgraph.show_refs([held], filename=str(tmp_path / "exact.png"))
    assert (
        capsys.readouterr().out.splitlines()[-1] == "Image renderer (dot) not found, not doing anything else"
    )


def test_where_programs_are_replaced_messages_are_objgraphs(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(objgraph, "_program_in_path", lambda program: False)
    objgraph.show_refs([[1]], filename=str(tmp_path / "refs.png"))
    assert (
        capsys.readouterr().out.splitlines()[-1] == "Image renderer (dot) not found, not doing anything else"
    )


def test_nothing_is_left_in_the_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(objgraph.tempfile, "tempdir", str(tmp_path))
    objgraph.show_refs([[1]], filename=str(tmp_path / "refs.png"))
    with pytest.raises(ZeroDivisionError):
        objgraph.show_refs([[1]], filename=str(tmp_path / "refs.png"), extra_info=lambda obj: 1 / 0)
    assert os.listdir(tmp_path) == ["refs.png"]


def test_notebooks_get_pictures(tmp_path, monkeypatch):
    assert objgraph.show_refs([[1]], filename=str(tmp_path / "refs.dot")) is None
    monkeypatch.setattr(objgraph, "IS_INTERACTIVE", True)
    monkeypatch.delattr(objgraph, "graphviz", raising=False)
    for drawn in (
        objgraph.show_refs([[1]]),
        objgraph.show_refs([[1]], filename=str(tmp_path / "refs.dot")),
        objgraph.show_chain([[1], 1], backrefs=False),
    ):
        assert "image/svg+xml" in drawn._repr_mimebundle_()
    monkeypatch.setattr(objgraph, "graphviz", type("Graphviz", (), {"Source": str}), raising=False)
    assert objgraph.show_refs([[1]]).startswith("digraph")


# Wishes.


def test_collections_are_not_forced(monkeypatch):
    collected = []
    monkeypatch.setattr(
        objgraph, "gc", type("Collector", (), {**vars(gc), "collect": lambda *args: collected.append(1)})
    )
    one = [[]]
    asks = (
        lambda **kw: objgraph.growth(peak_stats={}, **kw),
        lambda **kw: objgraph.show_growth(peak_stats=collections.Counter(), file=io.StringIO(), **kw),
        lambda **kw: objgraph.get_new_ids(limit=0, _state={}, **kw),
        lambda **kw: objgraph.get_leaking_objects(one, **kw),
        lambda **kw: objgraph.find_ref_chain(one, lambda obj: False, **kw),
        lambda **kw: objgraph.find_backref_chain(one, lambda obj: True, **kw),
        lambda **kw: objgraph.show_refs(one, output=io.StringIO(), **kw),
        lambda **kw: objgraph.show_backrefs(one, max_depth=0, output=io.StringIO(), **kw),
        lambda **kw: objgraph.show_chain(one, output=io.StringIO(), **kw),
    )
    for ask in asks:
        ask(collect=False)
        assert not collected
        ask()
        assert collected.pop() and not collected


def test_sizes_are_shown(capsys):
    objgraph.show_most_common_types(limit=5, sizes=True)
    assert all(re.fullmatch(r"\S+ +\d+ +\d+ bytes", line) for line in capsys.readouterr().out.splitlines())


def test_output_goes_to_a_printer(monkeypatch, capsys, tmp_path):
    said = []
    objgraph.show_most_common_types(objects=[1, 2, "a"], printer=said.append)
    objgraph.show_growth(peak_stats={}, printer=said.append, limit=1)
    objgraph.show_refs([[1]], filename=str(tmp_path / "refs.dot"), printer=said.append)
    monkeypatch.setattr(objgraph, "printer", said.append)
    objgraph.show_most_common_types(objects=[1])
    assert said[0] == "int 2" and said[-1] == "int 1" and said[-2].startswith("Graph written to")
    assert capsys.readouterr().out == ""


def test_where_to_stop_can_be_said():
    inner = [[]]
    outer = [inner, [1]]
    text = dot(objgraph.show_refs, outer, cull_func=lambda obj: obj is inner)
    assert f"o{id(inner)} ->" not in text and f"o{id(outer[1])} ->" in text


def test_not_found_can_be_told():
    one = [[]]
    assert objgraph.find_ref_chain(one, lambda obj: False) == [one]
    assert objgraph.find_ref_chain(one, lambda obj: False, missing=None) is None
    assert objgraph.find_backref_chain(one, lambda obj: False, max_depth=2, missing=()) == ()
    assert objgraph.find_ref_chain(one, lambda obj: obj is one, missing=None) == [one]


def test_main_says_how_to_switch():
    said = subprocess.run(
        [sys.executable, "-m", "refroots.objgraph"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "from refroots import objgraph" in said.stdout and "refroots.objgraph.install()" in said.stdout


def test_install_takes_objgraphs_place(monkeypatch):
    monkeypatch.delitem(sys.modules, "objgraph", raising=False)
    objgraph.install()
    import objgraph as installed

    assert installed is objgraph
    monkeypatch.delitem(sys.modules, "objgraph")


def test_another_collector_is_asked():
    class Collector:
        def __getattr__(self, name):
            return getattr(gc, name)

        def get_objects(self):
            return [Held(), Held()]

    objgraph.gc = Collector()
    try:
        assert objgraph.typestats() == {"Held": 2} and objgraph.count("Held") == 2
        assert objgraph.growth(peak_stats={}) == [("Held", 2, 2)]
        assert [type(obj) for obj in objgraph.by_type("Held")] == [Held, Held]
    finally:
        objgraph.gc = gc


def test_nothing_is_left_of_a_search():
    held = Held()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_referrers(held)), sys.getrefcount(held)
        dot(objgraph.show_backrefs, held, collect=False)
        objgraph.find_backref_chain(held, objgraph.is_proper_module, collect=False)
        objgraph.by_type("Held")
        assert (len(gc.get_referrers(held)), sys.getrefcount(held)) == before
    finally:
        gc.enable()


def test_warnings_are_not_made_where_nothing_is_wrong():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        objgraph.growth(peak_stats={}, filter=lambda obj: True)
        dot(objgraph.show_backrefs, [Held()], highlight=lambda obj: False, extra_info=lambda obj: "")


def test_stubs_have_the_shape_of_types_objgraph():
    stubs = pytest.importorskip("importlib.util").find_spec("objgraph-stubs")
    if stubs is None:
        pytest.skip("types-objgraph is not installed")
    theirs = shapes(pathlib.Path(stubs.submodule_search_locations[0]) / "__init__.pyi")
    ours = shapes(pathlib.Path(objgraph.__file__).with_name("__init__.pyi"))
    theirs.pop("show_chain")  # says the arguments of another function
    assert {name: ours.get(name) for name in theirs} == theirs


def shapes(path):
    """Arguments by position and name, with their annotations and defaults, of each function of a stub."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            node.args.kwonlyargs, node.args.kw_defaults = [], []
            found[node.name] = re.sub(r"\s+", "", ast.unparse(node.args))
    return found
