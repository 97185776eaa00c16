"""Objects of compiled extensions: types as they should not be, built here, and those that mypyc makes."""

import pathlib
import shutil
import subprocess
import sysconfig

import pytest


@pytest.fixture(scope="module")
def hostile_types(tmp_path_factory):
    """The folder of the extension `hostile_types`, built against this Python's headers."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    includes = [pathlib.Path(sysconfig.get_path(name)) for name in ("include", "platinclude")]
    if compiler is None or not (includes[0] / "Python.h").exists():
        pytest.skip(f"needs cc and {includes[0] / 'Python.h'}")
    folder = tmp_path_factory.mktemp("hostile")
    source = pathlib.Path(__file__).with_name("hostile_types.c")
    # Debian's pyconfig.h is found from the folder above, which may have headers of another C library too.
    flags = [*(f"-I{include}" for include in includes), "-idirafter", str(includes[0].parent)]
    command = [
        compiler,
        "-shared",
        "-fPIC",
        "-w",
        *flags,
        "-o",
        str(folder / "hostile_types.so"),
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


BEGIN = """
import gc, os, sys
gc.disable()  # the collector itself would not survive these objects
sys.path.insert(0, sys.argv[1])
import refroots, hostile_types
"""


def test_traverses_that_hand_out_what_is_no_object(run_python, hostile_types):
    out = run_python(
        BEGIN
        + """
class Sub(hostile_types.Visits):
    __slots__ = ("slot", "__dict__")
target = ["target"]
keep = [hostile_types.visits(target, how) for how in range(10)]
for _ in range(50):
    heap = refroots.capture()
def found(how):
    return [r.target.address for r in heap[keep[how]].referents if r.name != ".__class__"]
for how in (0, 2, 3, 4, 5, 6, 8, 9):
    assert found(how) == [], (how, found(how))
assert found(1) == [id(keep[1])]
assert found(7) == [id(target)] * 1000
heap.why(keep[7]), refroots.show_backrefs(target, filename="visits.svg"), heap.by_type()
assert heap[target].external == 0 or heap[target].external is None
print("captured", flush=True)
os._exit(0)
""",
        str(hostile_types),
    )
    assert out.strip() == "captured"


def test_objects_that_are_not_yet_filled(run_python, hostile_types):
    out = run_python(
        BEGIN
        + """
keep = [hostile_types.half(fill) for fill in (0, 0xFF, 0x01, 0x40, 0x20, 0x08, 0x7F)] + [hostile_types.empty()]
keep += [hostile_types.sometimes()]
for _ in range(50):
    heap = refroots.capture()
for one in keep:
    assert [r for r in heap[one].referents if r.name != ".__class__"] == []
print("captured", flush=True)
os._exit(0)
""",
        str(hostile_types),
    )
    assert out.strip() == "captured"


def test_items_of_odd_sizes_and_counts_that_are_none(run_python, hostile_types):
    out = run_python(
        BEGIN
        + """
class Sub(hostile_types.Odd):
    pass
keep = [hostile_types.odd(count) for count in (0, 1, 50, -1, -(2**63), 2**63 - 1, 2**62)]
for _ in range(50):
    heap = refroots.capture()
assert [heap[one].size for one in keep[:3]] == [29, 32, 179], [heap[one].size for one in keep]
heap.by_type(), str(heap.by_type()), refroots.show_refs(keep, filename="odd.svg")
print("captured", flush=True)
os._exit(0)
""",
        str(hostile_types),
    )
    assert out.strip() == "captured"


def test_types_that_nobody_made_ready(run_python, hostile_types):
    out = run_python(
        BEGIN
        + """
keep = [hostile_types.unready(), hostile_types.nameless()]
for _ in range(50):
    heap = refroots.capture()
heap.by_type(), str(heap.by_type()), refroots.show_refs(keep, filename="types.svg")
holder = heap[keep]
assert [r.name for r in holder.referents] == ["[0]", "[1]"], holder.referents
assert holder.referents[0].target.type == "hostile_types.Unready"
print("captured", flush=True)
os._exit(0)
""",
        str(hostile_types),
    )
    assert out.strip() == "captured"


def test_a_program_that_mypyc_compiled(run_python):
    nodes = pytest.importorskip("mypy.nodes", reason="mypy is not there for this Python")
    if nodes.__file__.endswith(".py"):
        pytest.skip("this mypy is not compiled")
    run_python(
        """
        import gc, refroots
        import mypy.build, mypy.nodes, mypy.options
        from oracles import lost_references, phantom_references

        options = mypy.options.Options()
        options.incremental, options.cache_dir = False, "cache"
        source = "class A:\\n    x: int = 1\\ndef f(a: A) -> int: return [a.x for _ in range(3)][0]\\n"
        built = mypy.build.build([mypy.build.BuildSource(None, "m", source)], options)
        keep = [built, mypy.nodes.NameExpr("x"), mypy.nodes.Block([]), mypy.nodes.IntExpr(3), mypy.nodes.SymbolTable()]
        class Visitor(mypy.nodes.Node): pass
        for _ in range(5):
            heap = refroots.capture()
        assert heap.find("mypy.nodes.NameExpr")[0].referents or True
        some = gc.get_objects()[-20_000:]
        lost_references(some)
        lost = lost_references(some)
        assert lost == {}, lost
        """
    )
