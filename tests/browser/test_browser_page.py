"""The interactive page in a real browser: clicks, keys, what is read out, what is saved."""

import io
import os
import xml.etree.ElementTree as ElementTree

import pytest

Image = pytest.importorskip("PIL.Image")

PROGRAM = """
import sys
import refroots

class Hub: pass
class Session:
    def __init__(self, hub, number):
        self.hub = hub
        self.number = number

HUB = Hub()
CACHE = {"k": [Session(HUB, 10_000 + number) for number in range(int(sys.argv[1]))]}
refroots.show_backrefs(HUB, filename=sys.argv[2], values="short")
"""


@pytest.fixture
def hub_page(run_python, tmp_path):
    """A page about an object that many objects refer to, all alike."""

    def write(count):
        path = tmp_path / f"hub-{count}.html"
        run_python(PROGRAM, str(count), str(path))
        return path

    return write


def names(page):
    return page.eval_on_selector_all(".box", "boxes => boxes.map(box => box.getAttribute('aria-label'))")


def status(page):
    return page.text_content("#status")


def box(page, words):
    return page.locator(f'.box[aria-label*="{words}"]').first


def test_the_first_view_has_the_object_a_folded_group_and_the_path_to_its_root(open_page, hub_page):
    page = open_page(hub_page(5000))
    shown = names(page)
    assert any("Hub #" in name and "asked about" in name and "on the path" in name for name in shown)
    assert any(name.startswith(("5,000 × Session", "4,999 × Session")) for name in shown), shown
    assert any("module" in name and "on the path" in name for name in shown), shown
    assert page.locator(".arrow.path").count() >= 1
    assert "boxes shown" in status(page)


def test_clicks_expand_collapse_and_unfold(open_page, hub_page):
    page = open_page(hub_page(300))
    group = box(page, "× Session")
    before = len(names(page))
    group.locator("text.heading").click()
    page.click('[data-act="unfold"]')
    assert "unfolded" in status(page)
    assert len(names(page)) == before + 20
    session = page.locator('.box[aria-label^="Session #"]').first
    session.locator("text.heading").click()
    page.click('[data-act="down"]')
    assert "shown" in status(page)
    opened = len(names(page))
    page.click('[data-act="down"]')
    assert "hidden" in status(page)
    assert len(names(page)) < opened
    page.click('[data-act="fold"]')
    assert "folded" in status(page)
    assert page.locator('.box[aria-label^="Session #"]').count() == 0


def test_keys_walk_search_expand_and_paint_a_path(open_page, hub_page):
    page = open_page(hub_page(300))
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("10123")
    assert "found" in status(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert "10123" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("p")
    assert status(page).startswith("Path to int"), status(page)
    assert page.locator(".box.path").count() >= 4
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Session #")
    page.keyboard.press("f")
    page.keyboard.press("Escape")
    assert "asked for" in status(page)
    page.keyboard.press("?")
    assert page.is_visible("#keys")
    page.keyboard.press("Home")
    assert "objects in this file" in status(page)


def test_an_address_is_found_where_the_file_says_addresses(open_page, run_python, tmp_path):
    program = PROGRAM.replace('"short")', '"short", addresses=True); print(id(CACHE["k"][7]))')
    path = tmp_path / "placed.html"
    address = int(run_python(program, "300", str(path)))
    page = open_page(path)
    for wanted in (hex(address), str(address)):
        page.fill("#search", wanted)
        assert status(page) == "1 object found"
        page.keyboard.press("Enter")
        assert hex(address) in page.text_content("#panel")


def test_a_file_without_addresses_says_how_to_get_them(open_page, hub_page):
    page = open_page(hub_page(300))
    page.fill("#search", "0x7f0012345678")
    assert "addresses=True" in status(page)
    assert "0x" not in page.text_content("#panel")


def test_the_panel_says_the_facts_and_leads_on(open_page, hub_page):
    page = open_page(hub_page(300))
    panel = page.text_content("#panel")
    assert "Hub #" in panel
    assert "302 references, from 202 objects here" in panel
    assert "retained" in panel
    page.locator("#panel [data-reveal]").first.click()
    assert "shown" in status(page)


def test_it_pans_zooms_and_saves(open_page, hub_page, tmp_path):
    page = open_page(hub_page(300))
    place = "document.getElementById('world').getAttribute('transform')"
    first = page.evaluate(place)
    page.mouse.move(600, 700)
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"{place} !== {first!r}")
    second = page.evaluate(place)
    page.mouse.move(20, 700)
    page.mouse.down()
    page.mouse.move(120, 650)
    page.mouse.up()
    assert page.evaluate(place) != second
    saved = {}
    for ending in ("svg", "png", "dot"):
        with page.expect_download() as waiting:
            page.click(f"#save-{ending}")
        saved[ending] = tmp_path / f"saved.{ending}"
        waiting.value.save_as(saved[ending])
    drawn = ElementTree.parse(saved["svg"]).getroot()
    assert "Hub" in "".join(drawn.itertext())
    assert "var(" not in saved["svg"].read_text(encoding="utf-8")
    assert saved["png"].read_bytes().startswith(b"\x89PNG")
    assert saved["dot"].read_text(encoding="utf-8").startswith("digraph refroots {")


def test_in_a_frame_of_a_notebook_it_walks_and_saves_and_sees_nothing_else(open_page, run_python, tmp_path):
    path = tmp_path / "notebook.html"
    run_python(
        """
        import sys
        import refroots

        class Hub: pass

        HUB = Hub()
        CACHE = {"k": [[HUB] for _ in range(300)]}
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            file.write("<!DOCTYPE html><meta charset='utf-8'>")
            file.write(refroots.show_backrefs(HUB).interactive(height=700)._repr_html_())
        """,
        str(path),
    )
    page = open_page(path, waits_for="iframe")
    assert page.locator("iframe").bounding_box()["height"] == pytest.approx(702, abs=2)
    frame = page.frame_locator("iframe")
    frame.locator(".box").first.wait_for()
    assert frame.locator("body").evaluate("() => window.origin") == "null"
    # Chromium may hold drawing back in frames of another origin, and a mouse waits for it.
    frame.locator('.box[aria-label*="× list"] text.heading').first.dispatch_event("click")
    frame.locator('[data-act="unfold"]').dispatch_event("click")
    assert "unfolded" in frame.locator("#status").text_content()
    for ending, begin in (("svg", b"<svg"), ("png", b"\x89PNG"), ("dot", b"digraph refroots {")):
        with page.expect_download() as waiting:
            frame.locator(f"#save-{ending}").dispatch_event("click")
        waiting.value.save_as(tmp_path / f"saved.{ending}")
        assert (tmp_path / f"saved.{ending}").read_bytes().startswith(begin)


def test_dark_and_light_differ_and_nothing_hostile_runs(open_page, run_python, tmp_path):
    path = tmp_path / "hostile.html"
    run_python(
        """
        import sys
        import refroots

        held = ["</script><script>document.title = 'ran'</script>", "\\0\\u202e<b>", "a'b\\"c"]
        CACHE = {word: [word] for word in held}
        refroots.show_refs(CACHE, filename=sys.argv[1], values="short")
        """,
        str(path),
    )
    light, dark = open_page(path), open_page(path, color_scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert light.evaluate(colour) == "rgb(255, 255, 255)"
    assert dark.evaluate(colour) != light.evaluate(colour)
    assert light.title() != "ran"
    assert light.locator("b").count() == 0


@pytest.mark.parametrize("count", [1_000, 20_000])
def test_large_files_open_with_a_small_view(open_page, run_python, tmp_path, count):
    path = tmp_path / "large.html"
    run_python(
        """
        import sys
        import refroots

        count = int(sys.argv[1])
        kinds = [type(f"Kind{number}", (), {}) for number in range(20)]
        top = []
        level = [top]
        made = 0
        while made < count:
            following = []
            for holder in level:
                for kind in kinds[:12]:
                    one = kind()
                    one.items = []
                    holder.append(one)
                    following.append(one.items)
                    made += 3
            level = following
        refroots.show_refs(top, filename=sys.argv[2])
        """,
        str(count),
        str(path),
    )
    page = open_page(path)
    objects = page.evaluate("JSON.parse(document.getElementById('data').textContent).nodes.length")
    assert objects >= count * 0.6
    assert page.locator(".box").count() <= 240
    page.keyboard.press("f")
    assert page.locator(".box").count() <= 240
    if "REFROOTS_FIRST_VIEW" in os.environ:
        print(
            count, objects, page.evaluate("performance.getEntriesByName('refroots first view')[0].startTime")
        )


def colours(page, clip=None):
    """How many pixels of each colour the screen has there."""
    image = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
    return {colour: count for count, colour in image.getcolors(image.width * image.height)}


@pytest.mark.parametrize(
    ("scheme", "start", "path"),
    [("light", (255, 224, 138), (161, 29, 74)), ("dark", (87, 67, 10), (255, 122, 168))],
)
def test_the_screen_shows_the_object_and_its_path(open_page, hub_page, scheme, start, path):
    page = open_page(hub_page(300), color_scheme=scheme)
    whole = colours(page)
    paper = max(whole, key=whole.get)
    assert whole.get(path, 0) > 100 and whole[paper] > 300_000
    of_box = colours(page, box(page, "asked about").bounding_box())
    assert max(of_box, key=of_box.get) == start
    # Its words, and no empty box.
    assert len(of_box) > 20
