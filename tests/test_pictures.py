"""Pictures, reports and exports in every format: what the files say and do not say, as other programs read them."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pypdf
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PICTURES = ("png", "svg", "pdf", "dot", "mmd", "json", "txt", "html")
REPORTS = ("md", "html")
# Parquet is read in test_export.py.
EXPORTS = ("heapsnapshot", "graphml", "json", "folded")
MERMAID = ("mermaid@11.17.2", "jsdom@26.1.0")

SECRETS = """
    import os, sys
    import refroots

    class Foo:
        def __init__(self):
            self.token = "hunter2-attribute"
            self.raw = b"hunter2-bytes"
            self.path = __file__
            self.number = 471147114711
            self.__dict__["hunter2 is no name"] = 1

        def __repr__(self):
            return "hunter2-repr"

    def main():
        foo = Foo()
        held = {"hunter2-key": [foo], ("hunter2-part", 1): foo, 271828182271: foo, b"hunter2-raw": foo}
        refroots.save("said.refroots", values="short")
        live, said = refroots.capture(), refroots.load("said.refroots")
        endings = [word.split(",") for word in sys.argv[1:]]
        for values in ("none", "short"):
            refroots.save("heap.refroots", values=values)
            pictures = {
                "backrefs": refroots.show_backrefs(foo, depth=4, values=values),
                "unfolded": refroots.show_backrefs(foo, depth=4, values=values, fold=False),
                "refs": refroots.show_refs(foo, held, depth=3, values=values, fold=False),
                "environment": refroots.show_refs(os.environ, os.environ._data, sys.argv, depth=2, values=values),
                "why": refroots.why(foo, values=values),
                "tree": refroots.load("heap.refroots").dominator_tree(most=100),
            }
            for name, picture in pictures.items():
                for ending in endings[0]:
                    picture.save(f"{values}-{name}.{ending}")
            for ending in endings[1]:
                live.report("Foo", f"{values}-report-live.{ending}", values=values)
                said.report("Foo", f"{values}-report-said.{ending}", values=values)
                said.report("os._Environ", f"{values}-report-environ.{ending}", values=values, stamp=True)
            for ending in endings[2]:
                said.export(f"{values}-export.{ending}", values=values)

    main()
"""
WORDS = ("hunter2", "471147114711", "271828182271", "program.py")


def said(path: pathlib.Path) -> str:
    """Everything that a file says, without white space, which a PDF does not keep."""
    text = path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".pdf":
        reader = pypdf.PdfReader(path)
        text += "".join(page.extract_text() for page in reader.pages) + str(reader.metadata)
    if path.suffix in (".mmd", ".md"):
        text = re.sub(r"#(\d+);", lambda number: chr(int(number[1])), text)
    return re.sub(r"\s", "", text)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory) -> pathlib.Path:
    """A folder of what is said of a program with secrets, each with and without values in each format."""
    folder = tmp_path_factory.mktemp("hunter2-folder")
    program = folder / "program.py"
    program.write_text("\n".join(line[4:] for line in SECRETS.splitlines()))
    environment = {"HUNTER2_NAME": "hunter2-value", "hunter2_name": "hunter2", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, str(program), *map(",".join, (PICTURES, REPORTS, EXPORTS))]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("ending", sorted({*PICTURES, *REPORTS, *EXPORTS}))
def test_no_format_says_values_unless_asked_to(ending: str, secrets: pathlib.Path) -> None:
    files = sorted(secrets.glob(f"none-*.{ending}"))
    assert len(files) == 6 * (ending in PICTURES) + 3 * (ending in REPORTS) + (ending in EXPORTS)
    for path in files:
        text = said(path).lower()
        assert [word for word in WORDS if word in text] == [], path.name
    # A PNG has no text, and stacks have no keys.
    if ending not in ("png", "folded"):
        text = "".join(said(path) for path in secrets.glob(f"short-*.{ending}"))
        words = (*WORDS, "hunter2-key", "hunter2-value") if ending in PICTURES else ("hunter2-key",)
        assert [word for word in words if word not in text] == []


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> pathlib.Path:
    """A folder of pictures of objects with hostile names, of many objects, and of a chain."""
    folder = tmp_path_factory.mktemp("drawn")
    program = folder / "program.py"
    program.write_text(HOSTILE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return folder


HOSTILE = r"""
import json
import refroots

TEXTS = [
    '"quoted" and \'single\'', "back\\slash \\n", "line\nbreak", "`code` **bold** __x__ ~~x~~", "$$x$$ #quot; #34; &lt;",
    "<b>x</b><script>alert(1)</script>", "</script>", "end", "%%{init: {'securityLevel': 'loose'}}%%", "%% comment",
    "]:::start", "n0 --> n1", "1. list", "- list", "    indented", "www.example.org http://x.example", "style x: #35;",
    "classDef a fill:#fff;", "---", "x@{ shape: circle }", "click n0 callback", "漢字 😀 عربي", "\x00\x1b\u202e", "ﬂ°°34¶ß",
]


def save(name, picture):
    for ending in ("mmd", "svg", "json", "pdf"):
        picture.save(f"{name}.{ending}")
        picture.save(f"again.{ending}")
        assert open(f"{name}.{ending}", "rb").read() == open(f"again.{ending}", "rb").read(), (name, ending)
    if hasattr(picture, "view"):
        assert json.load(open(f"{name}.json", encoding="utf-8")) == picture.view


hostile = {text: type("T" + text, (), {})() for text in TEXTS if "\x00" not in text}
hostile["\x00\x1b\u202e"] = [1]
many = [[number] for number in range(3000)]
save("hostile", refroots.show_refs(hostile, depth=1, too_many=100, fold=False, legend=False))
save("many", refroots.show_refs(many, depth=1, too_many=5000, fold=False, legend=False))
save("folded", refroots.show_refs(many, depth=1, legend=False))
save("why", refroots.why(many[7], legend=False))
"""


@pytest.fixture(scope="session")
def mermaid():
    """The folder where Mermaid is installed, which npm puts beside the packages of this Python."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs npm and node (apt-get install npm)")
    folder = pathlib.Path(sys.prefix) / "mermaid"
    if not (folder / "node_modules" / "mermaid").is_dir():
        folder.mkdir(exist_ok=True)
        command = [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run([*command, *MERMAID], capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
    return folder


def texts_of_svg(path: pathlib.Path) -> tuple[dict[str, str], list[str]]:
    """The words of each box, and of each arrow that has some."""
    boxes, names = {}, []
    for group in ElementTree.parse(path).getroot().iter("{http://www.w3.org/2000/svg}g"):
        lines = "\n".join(text.text or "" for text in group.findall("{http://www.w3.org/2000/svg}text"))
        lines = lines.replace("ﬂ", "fl")  # which Mermaid takes for a mark of its own
        if group.get("class") == "name":
            names.append(lines)
        elif not group.get("class", "").startswith("edge"):
            boxes[group.get("id")] = lines
    return boxes, names


def test_mermaid_reads_what_the_svg_says(drawn: pathlib.Path, mermaid: pathlib.Path) -> None:
    script = pathlib.Path(__file__).with_name("mermaid_reads.js")
    names = ["hostile", "folded", "why"]
    command = ["node", str(script), str(mermaid), *(str(drawn / f"{name}.mmd") for name in [*names, "many"])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    *read, many = json.loads(done.stdout)
    for name, flowchart in zip(names, read, strict=True):
        boxes, edges = texts_of_svg(drawn / f"{name}.svg")
        assert {node: text for node, text, _, _ in flowchart["nodes"]} == boxes, name
        assert [text for _, _, text, _ in flowchart["edges"] if text] == edges, name
        assert flowchart["links"] == 0
    assert "thick" in {stroke for *_, stroke in read[2]["edges"]}
    # Mermaid refuses what is beyond its limits.
    words = next(text for node, text, *_ in many["nodes"] if node == "left")
    assert len(many["edges"]) <= 500 and re.match(r"2,5\d\d more boxes and 2,5\d\d more references", words), (
        words
    )


def test_a_pdf_is_one_page_of_text_in_its_own_fonts(drawn: pathlib.Path) -> None:
    reader = pypdf.PdfReader(drawn / "why.pdf")
    (page,) = reader.pages
    text = re.sub(r"\s", "", page.extract_text())
    assert "Whylist#" in text and ".many" in text and "▶thisobject" in text
    assert reader.metadata.title.startswith("Why list #") and "/CreationDate" not in reader.metadata
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    descriptors = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object() for font in fonts]
    assert fonts and all("/FontFile2" in one or "/FontFile3" in one for one in descriptors)
    assert all(side <= 14_400 for side in pypdf.PdfReader(drawn / "many.pdf").pages[0].mediabox.upper_right)


def test_json_is_as_documented(drawn: pathlib.Path) -> None:
    lines = (ROOT / "docs" / "json.md").read_text(encoding="utf-8").splitlines()
    for name in ("hostile", "folded", "why"):
        view = json.loads((drawn / f"{name}.json").read_text(encoding="utf-8"))
        assert list(view) == ["title", "question", "nodes", "references"]
        for part in ("nodes", "references"):
            row = next(line for line in lines if line.startswith(f"| `{part}` |")).split("|")[2]
            documented = re.findall("`([a-z_]+)`", re.sub(r"\([^)]*\)", "", row))
            assert all(list(one) == documented for one in view[part]) and view[part], part
    assert any(
        node["count"] == 3000
        for node in json.loads((drawn / "folded.json").read_text(encoding="utf-8"))["nodes"]
    )
