"""One device, one browser, and a helper who has paired, for all tests of a module.

The browser goes with the module: while it is there, nobody else in this thread can run a loop of asyncio.
"""

from __future__ import annotations

import pytest

from tests.browsing import Device, find_chromium


@pytest.fixture(scope="module")
def chromium():
    """A real browser, without a window."""
    pytest.importorskip("aiohttp", reason="pip install 'fingerpost[companion]'")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install 'fingerpost[test]'")
    path = find_chromium()
    if path is None:
        pytest.skip("there is no Chromium here: sudo apt install chromium")
    with playwright.sync_playwright() as driver:
        # In containers its sandbox cannot be set up; it sees nothing but the page under test.
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def device(tmp_path_factory, chromium):
    """A device that replays a finger before a red mug, with its companion page."""
    with Device(tmp_path_factory.mktemp("device")) as device:
        yield device


@pytest.fixture
def stranger(chromium):
    """A new browser that has not paired; whatever its pages complain about fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    complaints = []
    context.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context.new_page()
    context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def ticket(device, chromium):
    """What a browser keeps that has paired."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(device.address)
    page.get_by_label("Code of six digits").fill(device.code)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{device.address}/")
    yield context.storage_state()
    context.close()


@pytest.fixture
def page(device, ticket, stranger):
    """A page of a browser that has paired."""
    stranger.context.add_cookies(ticket["cookies"])
    return stranger


def is_complaint(message) -> bool:
    """Whether the browser says that something is wrong; a wrong code and a session that has ended are nothing wrong."""
    return message.type == "error" and not any(status in message.text for status in ("401", "403", "HTTP Auth"))
