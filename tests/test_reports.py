"""Reports for bug reports, as GitHub's own reader of Markdown and a reader of HTML find them."""

from __future__ import annotations

import html.parser
import json
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import refroots

cmarkgfm = pytest.importorskip("cmarkgfm")

ROOT = Path(__file__).parent.parent
REFROOTS = [sys.executable, "-m", "refroots"]
LISTENER = str(ROOT / "fixtures" / "leaks" / "listener.py")
SECTIONS = [
    "The shortest chain",
    "Picture",
    "What may be a leak",
    "Objects and bytes by type",
    "Where this is from",
    "How to make it again",
]
# What GitHub or HTML would take for its own, wherever a program's names and values stand.
HOSTILE = [
    "a|b", "\\|", "| - |", "back`tick", "``` ````", "~~~", "</details>", "</code></pre></table>", "<script>alert(1)</script>",
    "<!-- ", "<img src=//x.example/y>", "@octocat", "#1", "octo/repo#1", "GH-1", "www.example.org", "https://x.example",
    "a@b.example", "[x](//x.example)", "![](//x.example)", "**x** _y_ ~~z~~", ":tada:", "&lt;", "# x", "- x",
]  # fmt: skip
PROGRAM = """
import json, sys
import refroots

class Held: pass

texts = json.load(open("texts.json"))
for number, text in enumerate(texts):
    globals()[f"V{number}"] = {text: [Held() for _ in range(100 - number)]}
    of_type = type("T" + text, (), {})
    globals()[f"T{number}"] = one = of_type()
    one.payload = bytes(1_000_000 - number * 1000)
LEAK = {"``` </details> @octocat #1": [type(one)() for _ in range(300)]}
for one in LEAK["``` </details> @octocat #1"]:
    one.payload = bytes(30_000)
refroots.save("heap.refroots", values="short")
"""


class Reading(html.parser.HTMLParser):
    """The elements of a page, and its text by whether it is code; every end must be that of what was begun last."""

    VOID = ("meta", "br", "hr", "path", "rect")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.seen, self.policy = [], [], None
        self.code, self.prose, self.headings = [], "", []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.seen.append(tag)
        attributes = dict(attrs)
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "href")]
        if attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]
        if tag in ("h2", "h3", "summary"):
            self.headings.append("")
        if tag in ("code", "pre") and not {"code", "pre"} & {*self.open}:
            self.code.append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        if {"code", "pre"} & {*self.open}:
            self.code[-1] += text
        elif "svg" not in self.open and "style" not in self.open:
            self.prose += text
        if {"h2", "h3", "summary"} & {*self.open}:
            self.headings[-1] += text


def github(markdown: str) -> Reading:
    return Reading(cmarkgfm.github_flavored_markdown_to_html(markdown, cmarkgfm.Options.CMARK_OPT_UNSAFE))


def answer(folder: Path, *args: str) -> str:
    done = subprocess.run([*REFROOTS, *args], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """A folder with a snapshot, which has values, of a program whose names and values are hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "texts.json").write_text(json.dumps(HOSTILE), encoding="utf-8")
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    subprocess.run([sys.executable, "program.py"], cwd=folder, check=True, timeout=120)
    return folder


def test_github_reads_what_was_meant(hostile: Path) -> None:
    text = answer(hostile, "report", "heap.refroots", "Held", "--values", "short")
    assert len(text) < 60_000
    read = github(text)
    words = ["Ways in which they are held", "The shortest chain of the most frequent way", *SECTIONS[1:]]
    assert read.headings == ["Why 2,200 __main__.Held are alive", *words]
    assert [read.seen.count(tag) for tag in ("table", "details", "a", "img", "script")] == [2, 1, 0, 0, 0]
    # A row has as many cells as its table has columns, four for types and three for ways.
    body = cmarkgfm.github_flavored_markdown_to_html(text, cmarkgfm.Options.CMARK_OPT_UNSAFE)
    cells = [row.count("<t") - row.count("<tr>") for row in re.findall(r"<tr>.*?</tr>", body, re.DOTALL)]
    assert {*cells} == {3, 4} and len(cells) > 40
    # Nothing of the program is in the prose, where GitHub would link it.
    assert not re.search(r"@|#\d|GH-|www|http|octo|tada|<|`|\|", read.prose), read.prose
    ways = [code for code in read.code if code.endswith("][*]")]
    assert {*ways} == {f"__main__.V{number}[{text!r}][*]" for number, text in enumerate(HOSTILE)}
    # Types beyond are cut.
    assert {f"__main__.T{text}" for text in HOSTILE[:19]} <= {*read.code}


def test_html_is_one_page_that_asks_for_nothing(hostile: Path) -> None:
    answer(hostile, "report", "heap.refroots", "Held", "--values", "short", "-o", "report.html")
    page = (hostile / "report.html").read_text(encoding="utf-8")
    read = Reading(page)
    assert read.policy.startswith("default-src 'none'; ") and "script-src" not in read.policy
    assert [read.seen.count(tag) for tag in ("svg", "table", "details", "a", "img", "script", "link")] == [
        1, 2, 1, 0, 0, 0, 0,
    ]  # fmt: skip
    assert not re.search(r"url\(|@import", page)
    assert all(f"V{number}" in page for number in range(len(HOSTILE)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A leak, captured without values: `heap.refroots`."""
    folder = tmp_path_factory.mktemp("reports")
    answer(folder, "capture", "-o", "heap.refroots", LISTENER)
    return folder


def test_a_report_says_all_that_the_questions_say(folder: Path) -> None:
    answer(folder, "report", "heap.refroots", "Panel", "-o", "report.md")
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert text == answer(folder, "report", "heap.refroots", "Panel")
    assert github(text).headings == ["Why 1,000 __main__.Panel are alive", *SECTIONS]
    for fact in [
        "- objects: `1,000, ",
        f"- python: `CPython {platform.python_version()}`\n",
        "- refroots: `",
    ]:
        assert fact in text
    assert "they keep 1,000 __main__.Panel) accumulate in list" in text and "- held in: `1 way`" in text
    assert "\nrefroots report heap.refroots Panel -o report.md\n" in text
    assert "```mermaid\n---\ntitle: " in text
    retained = {
        row["type"]: row["retained"]
        for row in json.loads(answer(folder, "retained", "heap.refroots", "--json"))
    }
    kept = retained["__main__.Panel"] / 2**20
    assert f"- retained: `{kept:.1f} MiB, " in text
    # Neither who wrote it nor when is in it, unless that is asked for.
    assert "captured" not in text and "- captured: `20" in answer(
        folder, "report", "heap.refroots", "Panel", "--stamp"
    )


def test_a_report_of_a_run_an_object_and_from_python(folder: Path, tmp_path: Path) -> None:
    answer(tmp_path, "run", "--report", "Panel", "-o", "run.html", LISTENER)
    read = Reading((tmp_path / "run.html").read_text(encoding="utf-8"))
    assert read.headings == SECTIONS
    assert "refroots run --report Panel -o report.html app.py\n" in read.code
    said = answer(tmp_path, "run", "--report", "Panel", LISTENER)
    assert "## Why 1,000 `__main__.Panel` are alive\n" in said and "listener.py" not in said
    heap = refroots.load(folder / "heap.refroots")
    ordinal = re.search(r"list (#\d+), __main__", answer(folder, "suspects", "heap.refroots"))[1]
    heap.report(ordinal, tmp_path / "list.md")
    text = (tmp_path / "list.md").read_text(encoding="utf-8")
    assert text.startswith(f"## Why `list {ordinal}` is alive\n")
    assert f"heap.report('{ordinal}', \"report.md\")\n" in text
    with pytest.raises(ValueError, match=r"x\.txt: a report wants a name that ends in \.md or \.html"):
        heap.report("Panel", "x.txt")
    with pytest.raises(LookupError, match="did you mean __main__.Panel"):
        heap.report("Panell", tmp_path / "x.md")
    assert not (tmp_path / "x.md").exists()


def test_wrong_use_is_one_line(folder: Path) -> None:
    for words, status in [
        (["report", "heap.refroots", "Panel", "-o", "x.svg"], 2),
        (["report", "heap.refroots", "Panell", "-o", "x.md"], 1),
        (["run", "--report", "Panel", "--json", LISTENER], 2),
    ]:
        done = subprocess.run([*REFROOTS, *words], cwd=folder, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (status, "", 1), done.stderr
    assert {path.name for path in folder.iterdir()} <= {"heap.refroots", "report.md"}


def test_the_example_of_the_docs_is_a_report(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    example = re.search(r"`````markdown\n(.*?)`````", text, re.DOTALL)[1]
    shutil.copy(LISTENER, tmp_path / "app.py")
    now = answer(tmp_path, "run", "--report", "Panel", "app.py")
    assert github(example).headings == github(now[now.index("## Why") :]).headings
