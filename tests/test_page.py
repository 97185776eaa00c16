"""The interactive page as a file: its policy, what it says of values, and who writes it."""

import base64
import hashlib
import html.parser
import json
import pathlib
import subprocess
import sys

import pytest
import refroots


class Page(html.parser.HTMLParser):
    """What a strict reader finds in a page."""

    def __init__(self, text):
        super().__init__()
        self.policy, self.inside, self.data = "", None, ""
        self.inline = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]
        if tag in ("script", "style"):
            self.inside = "data" if attributes.get("type") == "application/json" else tag

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.inside = None

    def handle_data(self, data):
        if self.inside == "data":
            self.data += data
        elif self.inside:
            self.inline.append((self.inside, data))


SECRET = "a-secret-that-nobody-may-read"


class Keeper:
    def __init__(self):
        self.held = {SECRET: [SECRET + "-value"]}


KEEPER = Keeper()


@pytest.fixture
def pages(tmp_path):
    """Each way in which Python writes a page, with its default values."""
    held = KEEPER.held[SECRET]
    files = [
        tmp_path / f"{name}.html"
        for name in ("backrefs", "refs", "why", "chain", "picture", "tree", "reasons")
    ]
    refroots.show_backrefs(held, filename=files[0])
    picture = refroots.show_refs(KEEPER, filename=files[1])
    chain = refroots.why(held, filename=files[2])
    chain.save(files[3])
    picture.save(files[4])
    heap = refroots.capture()
    heap.dominator_tree().save(files[5])
    heap.find("Keeper").why().save(files[6])
    return files


def test_the_policy_lets_what_is_inline_run_and_nothing_else(pages):
    page = Page(pages[0].read_text(encoding="utf-8"))
    hashes = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for _, text in page.inline}
    assert len(hashes) == 3
    missing = [one for one in hashes if f"'sha256-{one}'" not in page.policy]
    assert missing == [], "HASHES of crates/render/src/page/mod.rs are stale"
    assert page.policy.startswith("default-src 'none'; ")
    assert "unsafe" not in page.policy


def test_pages_say_no_values_unless_these_are_asked_for(pages, tmp_path):
    for path in pages:
        assert SECRET not in path.read_text(encoding="utf-8"), path.name
    asked = tmp_path / "asked.html"
    refroots.show_backrefs(KEEPER.held[SECRET], filename=asked, values="short")
    assert SECRET in asked.read_text(encoding="utf-8")


def test_a_page_has_more_than_the_picture(pages):
    data = json.loads(Page(pages[0].read_text(encoding="utf-8")).data)
    picture = refroots.show_backrefs(KEEPER.held[SECRET], depth=1)
    assert len(data["nodes"]) > len(picture.view["nodes"])
    assert data["question"] == "referrers"


@pytest.mark.parametrize(
    "question",
    [["--backrefs", "Foo"], ["--refs", "Foo"], ["--why", "Foo"], ["--largest"]],
    ids=lambda q: q[0],
)
def test_the_command_writes_pages_too(tmp_path, question):
    program = tmp_path / "program.py"
    program.write_text(f"class Foo: pass\nKEPT = {{'{SECRET}': [Foo(), Foo()]}}\n", encoding="utf-8")
    answer = tmp_path / "x.html"
    command = [sys.executable, "-m", "refroots", "run", *question, "-o", str(answer)]
    for values, is_said in ([], False), (["--values", "short"], question != ["--largest"]):
        done = subprocess.run([*command, *values, str(program)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        text = pathlib.Path(answer).read_text(encoding="utf-8")
        assert (SECRET in text) is is_said or question == ["--largest"]
