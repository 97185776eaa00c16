"""Pictures in a notebook that a real kernel runs: what its outputs are, and what stands in them."""

import base64
import html.parser
import os
import xml.etree.ElementTree as ElementTree

import pytest
import refroots

nbclient = pytest.importorskip("nbclient", reason="needs nbclient and ipykernel: make .venv/real")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

CELLS = {
    "held": """
        import refroots
        from refroots import objgraph

        class Visit: pass

        CACHE = {"secret-key": [Visit()]}
        """,
    "why": 'refroots.why(CACHE["secret-key"][0])',
    "backrefs": 'refroots.show_backrefs(CACHE["secret-key"][0])',
    "grouped": 'refroots.capture().find("Visit").why()',
    "chain": 'objgraph.show_chain(objgraph.find_backref_chain(CACHE["secret-key"][0], objgraph.is_proper_module))',
    "drawn": "objgraph.show_refs([CACHE], filename='refs.svg')",
    "large": "refroots.show_refs([[[]] for _ in range(30_000)], fold=False, too_many=40_000)",
    "page": 'refroots.show_backrefs(CACHE["secret-key"][0]).interactive()',
    "page of a chain": 'refroots.why(CACHE["secret-key"][0], values="short").interactive(height=450)',
    "page of groups": 'refroots.capture().find("Visit").why().interactive()',
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each cell shows, by the cell's name and then by type."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook()
    for source in CELLS.values():
        lines = [line.removeprefix(" " * 8) for line in source.strip("\n").splitlines()]
        notebook.cells.append(nbformat.v4.new_code_cell("\n".join(lines)))
    settings = {"IPYTHONDIR": str(folder / "ipython"), "JUPYTER_CONFIG_DIR": str(folder / "jupyter")}
    client = nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", extra_arguments=[])
    client.execute(cwd=str(folder), env=os.environ | settings)
    nbformat.validate(notebook)
    shown = {}
    for name, cell in zip(CELLS, notebook.cells, strict=True):
        results = [output for output in cell.outputs if output.output_type == "execute_result"]
        shown[name] = results[0].data if results else None
    return shown


@pytest.mark.parametrize("name", ["why", "backrefs", "grouped"])
def test_a_picture_shows_itself_as_svg_png_and_text(outputs, name):
    shown = outputs[name]
    assert set(shown) == {"image/svg+xml", "image/png", "text/plain"}
    drawn = ElementTree.fromstring(shown["image/svg+xml"])
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    for words in ("".join(drawn.itertext()), shown["text/plain"]):
        assert "Visit" in words
        assert "CACHE" in words
        assert "['secret-key']" in words
    assert base64.b64decode(shown["image/png"]).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["chain", "drawn"])
def test_so_do_those_of_objgraph(outputs, name):
    assert set(outputs[name]) == {"image/svg+xml", "image/png", "text/plain"}
    assert "secret-key" in outputs[name]["image/svg+xml"]


def test_of_what_is_too_large_for_a_picture_there_is_the_text(outputs):
    assert set(outputs["large"]) == {"text/plain"}
    text = outputs["large"]["text/plain"]
    assert text.startswith("What list #")
    assert "too many for a picture" in text.splitlines()[-1]


class Frame(html.parser.HTMLParser):
    """The one element of a cell's HTML."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)
        [(self.tag, self.attributes)] = self.elements

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", ["page", "page of a chain", "page of groups"])
def test_a_page_is_framed_and_says_no_values_unasked(outputs, name):
    shown = outputs[name]
    assert set(shown) == {"text/html", "text/plain"}
    frame = Frame(shown["text/html"])
    assert frame.tag == "iframe"
    assert frame.attributes["sandbox"] == "allow-scripts allow-downloads"
    assert frame.attributes["height"] == ("450" if name == "page of a chain" else "600")
    page = frame.attributes["srcdoc"]
    assert page.startswith("<!DOCTYPE html>")
    assert "Content-Security-Policy" in page
    assert "Visit" in page
    assert ("secret-key" in page) is (name == "page of a chain")
    assert "CACHE" in shown["text/plain"], "the picture's text, for those who show no HTML"


def test_a_frame_has_the_page_as_its_file_has_it(tmp_path):
    held = {"it's \"&amp;'": ["<i>'&"]}
    picture = refroots.show_refs(held, values="short")
    picture.save(tmp_path / "page.html")
    frame = Frame(picture.interactive()._repr_html_())
    assert frame.attributes["srcdoc"] == (tmp_path / "page.html").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="height must be 1 or more, found 0"):
        picture.interactive(height=0)


def test_at_a_prompt_pictures_and_pages_are_text():
    picture = refroots.show_refs(["text"])
    assert repr(picture) == str(picture) == str(picture.interactive()) == repr(picture.interactive())
    assert "'text'" in repr(picture)
