"""Exports: what other people's tools read out of them, and what must never be in one."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import textwrap

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENDINGS = ("heapsnapshot", "parquet", "graphml", "json", "folded")
MEMLAB = "@memlab/core@2.0.5"

HEAP = """
    import gc, threading
    import refroots

    class Cache: pass

    class Foo:
        def __init__(self, number):
            self.number = number
            self.token = f"hunter2-{number}"
            self.raw = b"hunter2-bytes"
            self.items = [1, 2, "<&>;\\x00\\n]]>"]
            self.by_key = {"hunter2-key": self.items, ("hunter2-part", 1): 3, 987654321987: 4}
            self.twice = self.also = self.items
            self.__dict__["hunter2 is no name"] = 5

    class Slotted:
        __slots__ = ("held",)

    CACHE = Cache()
    CACHE.entries = [Foo(number) for number in range(300)]
    CACHE.odd = type("a;b<c>", (), {})()
    slotted = Slotted()
    slotted.held = {CACHE}
    ready, done = threading.Event(), threading.Event()

    def hold(value):
        ready.set()
        done.wait()

    thread = threading.Thread(target=hold, args=("hunter2-argument",), name="hunter2-thread")
    thread.start()
    ready.wait()
    gc.collect()
    heap = refroots.capture()
    for values in ("none", "short"):
        for ending in ("heapsnapshot", "parquet", "graphml", "json", "folded"):
            heap.export(f"{values}.{ending}", values=values)
            if values == "none":
                heap.export(f"again.{ending}")
    done.set()
"""
ASK = """
    import json
    foos = heap.find("__main__.Foo")
    rows = heap.by_type(retained=True)
    print(json.dumps({
        "foo": foos[0].retained,
        "type": rows["__main__.Foo"].retained,
        "types": [[row.type, row.count, row.size, row.retained] for row in rows],
        "roots": sum(row.retained for row in heap.by_root()),
        "garbage": sum(row.retained for row in heap.by_root() if row.name == "unreachable garbage"),
    }))
"""


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """A folder with every export of one heap, and what refroots itself says of that heap."""
    folder = tmp_path_factory.mktemp("exports")
    program = folder / "hunter2-program.py"
    program.write_text(textwrap.dedent(HEAP) + textwrap.dedent(ASK), encoding="utf-8")
    command = [sys.executable, program.name]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=120)
    return folder, json.loads(done.stdout)


def parts(path):
    """A path's bytes by name: those of one file, or of each in a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return {file.name: file.read_bytes() for file in files}


def texts_of_tables(folder):
    duckdb = pytest.importorskip("duckdb")
    words = []
    for table in sorted(folder.iterdir()):
        words += [str(row) for row in duckdb.connect().sql(f"FROM '{table}'").fetchall()]
    return "\n".join(words)


@pytest.mark.parametrize("ending", ENDINGS)
def test_secrets_stay_where_they_are(exports, ending):
    folder, _ = exports
    path = folder / f"none.{ending}"
    words = texts_of_tables(path) if path.is_dir() else path.read_text(encoding="utf-8")
    for secret in ("hunter2", "987654321987", "is no name", "]]>"):
        assert secret not in words
        assert not any(secret.encode() in content for content in parts(path).values())
    assert str(folder) not in words
    assert "__main__.Foo" in words


@pytest.mark.parametrize("ending", ENDINGS)
def test_short_values_are_said_on_demand(exports, ending):
    folder, _ = exports
    path = folder / f"short.{ending}"
    words = texts_of_tables(path) if path.is_dir() else path.read_text(encoding="utf-8")
    assert "hunter2-thread" in words
    if ending != "folded":
        assert "hunter2-17" in words
        assert "hunter2-key" in words


@pytest.mark.parametrize("ending", ENDINGS)
def test_same_heap_same_bytes(exports, ending):
    folder, _ = exports
    first, again = parts(folder / f"none.{ending}"), parts(folder / f"again.{ending}")
    assert list(first.values()) == list(again.values())


@pytest.fixture(scope="session")
def memlab():
    """The folder where memlab is installed, which npm puts beside the packages of this Python."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs npm and node (apt-get install npm)")
    folder = pathlib.Path(sys.prefix) / "memlab"
    if not (folder / "node_modules" / "@memlab" / "core").is_dir():
        folder.mkdir(exist_ok=True)
        command = [
            npm,
            "install",
            "--prefix",
            str(folder),
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            MEMLAB,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("values", ["none", "short"])
def test_memlab_reads_the_heap_snapshot(exports, memlab, values):
    folder, asked = exports
    script = pathlib.Path(__file__).with_name("memlab_reads.js")
    command = ["node", str(script), str(memlab), str(folder / f"{values}.heapsnapshot"), "__main__.Foo"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)
    assert told["count"] == 300
    assert told["retained"] == asked["foo"]
    assert told["bytes"] == asked["roots"]
    # Heap order is the collector's, which on 3.13 has the last of them first.
    first = "299" if sys.version_info[:2] == (3, 13) else "0"
    assert told["referrers"] == [["element", first]]
    steps = [step for _, step in told["trace"]]
    assert steps[:2] == [first, "entries"]
    assert told["reached"] == told["nodes"]
    assert any("hunter2-17" in word for word in told["strings"]) == (values == "short")


def test_the_heap_snapshot_is_as_readers_want_it(exports):
    folder, _ = exports
    for values in ("none", "short"):
        snapshot = json.loads((folder / f"{values}.heapsnapshot").read_text(encoding="utf-8"))
        assert list(snapshot)[-1] == "strings"
        nodes, edges, strings = snapshot["nodes"], snapshot["edges"], snapshot["strings"]
        assert len(nodes) == 7 * snapshot["snapshot"]["node_count"]
        assert len(edges) == 3 * snapshot["snapshot"]["edge_count"] == 3 * sum(nodes[4::7])
        assert all(0 <= number < 1 << 32 for number in nodes + edges)
        assert all(to % 7 == 0 and to < len(nodes) for to in edges[2::3])
        assert max(nodes[1::7]) < len(strings)
        assert len(set(strings)) == len(strings)
        assert len(set(nodes[2::7])) == len(nodes) // 7
        types = snapshot["snapshot"]["meta"]["node_types"][0]
        assert not {types[kind] for kind in nodes[0::7]} & {"array", "hidden"}
        assert "Object" not in {strings[name] for name in nodes[1::7]}
        kinds = snapshot["snapshot"]["meta"]["edge_types"][0]
        assert {kinds[kind] for kind in edges[0 : 3 * nodes[4] : 3]} == {"property"}
        for kind, name in zip(edges[0::3], edges[1::3], strict=True):
            assert kinds[kind] == "element" or name < len(strings)


def test_ids_go_on_from_heap_to_heap(run_python):
    told = run_python("""
        import gc, json
        import refroots
        class Foo:
            __slots__ = ("x",)
        def taken(since=None):
            gc.collect()
            heap = refroots.capture()
            heap.export("heap.heapsnapshot", since=since)
            with open("heap.heapsnapshot", encoding="utf-8") as file:
                snapshot = json.load(file)
            nodes, strings = snapshot["nodes"], snapshot["strings"]
            assert len(set(nodes[2::7])) == len(nodes) // 7
            pairs = zip(nodes[1::7], nodes[2::7])
            return heap, [id for name, id in pairs if strings[name] == "__main__.Foo"]
        foos = [Foo() for _ in range(10)]
        first, one = taken()
        del foos[3]
        foos += [Foo() for _ in range(4)]
        second, two = taken(first)
        del foos[-1]
        foos.append(Foo())
        third, three = taken(second)
        print(len(set(one) & set(two)), len(set(two) - set(one)), len(set(two) & set(three)))
        try:
            third.export("heap.json", since=second)
        except ValueError as error:
            print(error)
    """)
    counts, refusal = told.splitlines()
    same, new, still = map(int, counts.split())
    # One object may stand where one was before; the counts say so then.
    assert same in (9, 10)
    assert new == 13 - same
    assert still in (12, 13)
    assert "for .heapsnapshot alone" in refusal


def test_python_examples_of_the_page_run(tmp_path):
    pytest.importorskip("networkx")
    page = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        subprocess.run([sys.executable, "-c", block], check=True, cwd=tmp_path, capture_output=True)


def statements():
    page = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    return re.findall(r"```sql\n(.*?)```", page, re.DOTALL)


def test_duckdb_answers_what_the_page_asks(exports, monkeypatch):
    duckdb = pytest.importorskip("duckdb")
    folder, asked = exports
    (folder / "heap.parquet").exists() or (folder / "heap.parquet").symlink_to("none.parquet")
    monkeypatch.chdir(folder)
    base = duckdb.connect()
    views, most, referrers, chain, alone = statements()
    base.execute(views)
    # refroots adds types of one name up, where the table has a row for each.
    expected = sorted(asked["types"], key=lambda row: (-row[3], row[0]))[:10]
    names = [row[0] for row in asked["types"]]
    if (
        len(set(names))
        == len(names)
        == base.execute("SELECT count(DISTINCT name) FROM types").fetchall()[0][0]
    ):
        unique = base.execute("SELECT count(*) = count(DISTINCT name) FROM types").fetchall()[0][0]
        if unique:
            assert [list(row) for row in base.execute(most).fetchall()] == expected
    row = base.execute("SELECT objects, retained FROM types WHERE name = '__main__.Foo'").fetchall()
    assert row == [(300, asked["type"])]
    assert base.execute(referrers).fetchall() == [("list", "index", None, 300)]
    said = [said for _, said in base.execute(chain).fetchall()]
    assert said[-2:] == [".entries list", "[0] __main__.Foo"]
    assert said[-3].endswith(" __main__.Cache")
    assert said[0].startswith(("module ", "running frame "))
    held = base.execute(alone).fetchall()
    assert held[0][1:] == ("__main__.Foo", asked["foo"])
    assert [kind for _, kind, _ in held[1:3]] == ["list", "__main__.Cache"]
    assert base.execute("SELECT sum(size) FROM nodes").fetchall() == [(asked["roots"],)]
    broken = "SELECT count(*) FROM refs ANTI JOIN nodes ON nodes.id = refs.{}"
    assert [base.execute(broken.format(end)).fetchall() for end in ("source", "target")] == [[(0,)], [(0,)]]


def test_networkx_reads_both_back(exports):
    networkx = pytest.importorskip("networkx")
    folder, asked = exports
    for values in ("none", "short"):
        with open(folder / f"{values}.json", encoding="utf-8") as file:
            linked = networkx.node_link_graph(json.load(file), edges="edges")
        drawn = networkx.read_graphml(folder / f"{values}.graphml", node_type=int, force_multigraph=True)
        assert linked.is_directed()
        assert linked.is_multigraph()
        assert drawn.is_multigraph()

        def cleaned(attributes):
            forbidden = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
            return {
                key: forbidden.sub("\ufffd", value) if isinstance(value, str) else value
                for key, value in attributes.items()
            }

        nodes = {node: cleaned(attributes) for node, attributes in linked.nodes(data=True)}
        assert nodes == dict(drawn.nodes(data=True))

        def edges(graph):
            return [(*pair, cleaned(attributes)) for *pair, attributes in graph.edges(data=True)]

        assert edges(linked) == edges(drawn)
        foos = [node for node, attributes in nodes.items() if attributes["type"] == "__main__.Foo"]
        assert len(foos) == 300
        assert nodes[foos[0]]["retained"] == asked["foo"]
        assert sum(attributes["size"] for attributes in nodes.values()) == asked["roots"]
        (holder, _, how) = next(iter(linked.in_edges(foos[0], data=True)))
        assert (nodes[holder]["type"], how) == ("list", {"kind": "index", "name": "[0]"})
        parallel = [linked.number_of_edges(node, other) for node, other in linked.out_edges(foos[0])]
        parallel += [
            linked.number_of_edges(node, other)
            for _, node in linked.out_edges(foos[0])
            for other in linked[node]
        ]
        assert max(parallel) >= 3, "items, twice and also are the same list"


def stacks(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(line.rpartition(" ")[0].split(";"), int(line.rpartition(" ")[2])) for line in lines]


def test_collapsed_stacks_add_up_to_the_heap(exports):
    folder, asked = exports
    all_stacks = stacks(folder / "none.folded")
    assert sum(size for _, size in all_stacks) == asked["roots"]
    garbage = sum(size for frames, size in all_stacks if frames[0] == "unreachable garbage")
    assert garbage == asked["garbage"]
    assert len({tuple(frames) for frames, _ in all_stacks}) == len(all_stacks), "what is the same is one"
    (foos,) = [frames for frames, _ in all_stacks if frames[-1] == "[*]: __main__.Foo"]
    assert foos[-2] == ".entries: list"
    below = sum(size for frames, size in all_stacks if frames[: len(foos)] == foos)
    assert below == asked["type"]
    assert any("a；b<c>" in frames[-1] for frames, _ in all_stacks)


def test_deep_and_wide_heaps_stay_small(run_python, tmp_path):
    run_python("""
        import refroots
        class Link:
            __slots__ = ("after",)
        head = None
        for _ in range(300_000):
            link = Link()
            link.after, head = head, link
        kinds = [type(f"Kind{number}", (), {})() for number in range(2000)]
        refroots.capture().export("heap.folded")
        refroots.capture().export("heap.collapsed")
    """)
    assert (tmp_path / "heap.folded").stat().st_size < 20_000_000
    frames = [frames for frames, _ in stacks(tmp_path / "heap.collapsed")]
    assert max(map(len, frames)) == 129
    assert any(one[-1] == "(deeper)" for one in frames)


def test_ctrl_c_ends_an_export_soon_and_leaves_nothing(run_python, tmp_path):
    told = run_python("""
        import os, signal, threading, time
        import refroots
        class Foo:
            def __init__(self, number): self.number, self.text, self.options = number, str(number), {"k": number}
        held = [Foo(number) for number in range(300_000)]
        heap = refroots.capture()
        for ending in ("heapsnapshot", "parquet", "graphml", "json", "folded"):
            heap = refroots.capture()
            asked = []
            def interrupt():
                asked.append(time.perf_counter())
                os.kill(os.getpid(), signal.SIGINT)
            timer = threading.Timer(0.05, interrupt)
            timer.start()
            try:
                heap.export("heap." + ending)
                timer.join()
                time.sleep(0.1)
                print("was done before", ending)
            except KeyboardInterrupt:
                print("stopped", time.perf_counter() - asked[0])
        time.sleep(1)
    """)
    assert sum("stopped" in line for line in told.splitlines()) >= 3, told
    assert all(float(line.split()[1]) < 0.4 for line in told.splitlines() if "stopped" in line), told
    left = {path.name for path in tmp_path.iterdir()} - {"program.py"}
    assert not [name for name in left if name.startswith(".refroots")], left
    assert len(left) <= 2


def test_other_threads_run_meanwhile(run_python):
    told = run_python("""
        import threading, time
        import refroots
        held = [{"k": [number]} for number in range(200_000)]
        heap = refroots.capture()
        beats, over = [], False
        def beat():
            while not over:
                beats.append(time.perf_counter())
                time.sleep(0.005)
        thread = threading.Thread(target=beat)
        thread.start()
        start = time.perf_counter()
        heap.export("heap.graphml")
        end = time.perf_counter()
        over = True
        thread.join()
        meanwhile = [beat for beat in beats if start < beat < end]
        print(len(meanwhile) >= 5)
    """)
    assert told == "True\n"


def test_a_target_that_is_none_is_refused_with_words(tmp_path):
    import refroots

    heap = refroots.capture()
    with pytest.raises(ValueError, match=r"expected one of \.heapsnapshot, .*found \.xlsx"):
        heap.export(tmp_path / "heap.xlsx")
    with pytest.raises(ValueError, match="values must be"):
        heap.export(tmp_path / "heap.json", values="all")
    for ending in ("json", "parquet"):
        with pytest.raises(OSError, match="missing"):
            heap.export(tmp_path / "missing" / f"heap.{ending}")
    mine = tmp_path / "mine.parquet"
    mine.mkdir()
    (mine / "letters.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(ValueError, match="no folder of tables"):
        heap.export(mine)
    mine.with_suffix(".json").mkdir()
    with pytest.raises(OSError, match="directory"):
        heap.export(mine.with_suffix(".json"))
    assert sorted(os.listdir(tmp_path)) == ["mine.json", "mine.parquet"]
    assert os.listdir(mine) == ["letters.txt"]


def test_a_full_disk_leaves_nothing(run_python, tmp_path):
    told = run_python("""
        import os, resource
        import refroots
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        heap = refroots.capture()
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        for ending in ("heapsnapshot", "parquet", "graphml", "json", "folded"):
            try:
                heap.export("heap." + ending)
                print("no error for", ending)
            except OSError as error:
                print(type(error).__name__, error.errno)
    """)
    assert told.splitlines() == ["OSError 27"] * 5, told
    assert {path.name for path in tmp_path.iterdir()} == {"program.py"}
