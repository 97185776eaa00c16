"""A browser for the interactive page: Debian's Chromium, driven by Playwright; skipped where either is missing."""

import os
import shutil

import pytest

CHROMIUM = os.environ.get("REFROOTS_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


# Not for the whole session: Playwright has an event loop that runs until it is closed, and other tests run their own.
@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: make test-browser")
    if CHROMIUM is None:
        pytest.skip("needs chromium: apt-get install chromium")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def open_page(browser):
    """Opens a file; after the test, nothing may stand in the console and nothing may have been asked for."""
    contexts, said, asked = [], [], []

    def open_file(path, waits_for=".box", **options):
        context = browser.new_context(
            viewport={"width": 1200, "height": 800}, accept_downloads=True, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector(waits_for)
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
