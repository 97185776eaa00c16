"""The gallery: its page says what its programs say, and its pictures are whole, small and the same on each run."""

import importlib.util
import pathlib
import re
import xml.etree.ElementTree as ElementTree

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
specification = importlib.util.spec_from_file_location("gallery", ROOT / "tools" / "gallery.py")
gallery = importlib.util.module_from_spec(specification)
specification.loader.exec_module(gallery)
SCENES = [gallery.Scene.read(name) for name in gallery.SCENES]


def test_the_page_has_every_program_as_it_is():
    assert gallery.PAGE.read_text(encoding="utf-8") == gallery.page(SCENES), "make gallery"
    assert sorted(path.stem for path in gallery.PROGRAMS.glob("*.py")) == sorted(gallery.SCENES)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_its_pictures_are_whole_and_say_nothing_of_the_machine(scene):
    for path in scene.pictures():
        text = path.read_text(encoding="utf-8")
        assert len(text.encode()) <= gallery.LARGEST_PICTURE
        assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
        assert not re.search(r"0x[0-9a-f]|/(tmp|home|root|work|usr)/", text)


@pytest.mark.parametrize("name", ["foo_backrefs", "foo_refs", "panels"])
def test_a_program_still_draws_its_picture(name):
    pytest.importorskip("objgraph")
    scene = gallery.Scene.read(name)

    def words(svg):
        texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
        return sorted(re.sub(r"#\d+", "#", text.text) for text in texts)

    ours, theirs = scene.run()
    assert words(ours) == words(scene.pictures()[0].read_text(encoding="utf-8"))
    assert theirs.startswith("digraph ObjectGraph {")
