"""A report in a real browser: its policy lets its own style through and nothing else in, light and dark."""

import subprocess
import sys

import pytest

PROGRAM = "class Foo: pass\nONE, OTHER = Foo(), [Foo()]\n"


@pytest.mark.parametrize("scheme, paper", [("light", "rgb(255, 255, 255)"), ("dark", "rgb(13, 17, 23)")])
def test_a_report_is_light_or_dark_and_asks_for_nothing(browser, tmp_path, scheme, paper):
    (tmp_path / "app.py").write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, "-m", "refroots", "run", "--report", "Foo", "-o", "report.html", "app.py"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    said, asked = [], []
    context = browser.new_context(color_scheme=scheme, java_script_enabled=False)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    assert page.locator("h1").inner_text() == "Why 2 __main__.Foo are alive"
    assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == paper
    assert page.locator("svg .background").evaluate("rect => getComputedStyle(rect).fill") == paper
    assert not page.locator("details table").is_visible()
    page.locator("summary").click()
    assert page.locator("details table").is_visible()
    context.close()
    assert said == [] and asked == [(tmp_path / "report.html").as_uri()]
