"""The two ways in which a helper works on the companion page: with the mouse, and with the keyboard alone."""

from __future__ import annotations

from typing import Any, Pattern

import pytest

from tests.browsing import TIP

expect = pytest.importorskip("playwright.sync_api", reason="pip install 'fingerpost[test]'").expect
FOCUSED = """() => { const one = document.activeElement, label = one.labels && one.labels[0];
  return one.getAttribute("aria-label") || (label || one).textContent.trim(); }"""
"""The name of what has the focus."""
MOST_STEPS = 120


class Mouse:
    """Clicks; only what is written is typed."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def press(self, name: str, role: str = "button") -> None:
        """Press the button (or what else) of that accessible name."""
        self.page.get_by_role(role, name=name, exact=True).click()

    def write(self, label: str, text: str) -> None:
        """Write into the field of that label, over what stands there."""
        self.page.get_by_label(label, exact=True).click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def hold(self, name: str, shown: Pattern[str]) -> None:
        """Hold a button until it shows such a text."""
        button = self.page.get_by_role("button", name=name, exact=True)
        button.scroll_into_view_if_needed()
        box = button.bounding_box()
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        expect(self.page.locator("#record")).to_contain_text(shown, timeout=20_000)
        self.page.mouse.up()

    def label_tip(self) -> None:
        """Save the picture that is shown, with its tip."""
        expect(self.page.locator("#cross")).to_contain_text("a tip", timeout=20_000)
        box = self.page.locator("#view canvas").bounding_box()
        self.page.mouse.click(box["x"] + TIP[0] / 640 * box["width"], box["y"] + TIP[1] / 480 * box["height"])

    def label_no_hand(self) -> None:
        """Save the picture that is shown as one without a hand."""
        expect(self.page.locator("#cross")).to_contain_text("no hand", timeout=20_000)
        self.press("Save as no hand")


class Keyboard:
    """Never touches the mouse: it goes from one thing to the next with the Tab key."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def reach(self, name: str) -> None:
        """Go on with Tab to what is called so."""
        passed = []
        for _ in range(MOST_STEPS):
            passed.append(self.page.evaluate(FOCUSED))
            if passed[-1] == name:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never comes to {name!r}, but to {passed}")

    def press(self, name: str, role: str = "button") -> None:
        """Go to it, and press Enter."""
        self.reach(name)
        self.page.keyboard.press("Enter")

    def write(self, label: str, text: str) -> None:
        """Write into the field of that label, over what stands there."""
        self.reach(label)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def hold(self, name: str, shown: Pattern[str]) -> None:
        """Hold the space bar on a button until it shows such a text."""
        self.reach(name)
        self.page.keyboard.down(" ")
        expect(self.page.locator("#record")).to_contain_text(shown, timeout=20_000)
        self.page.keyboard.up(" ")

    def label_tip(self) -> None:
        """Hold the picture, bring the cross-hair to the tip, and save."""
        self.reach("Picture to label")
        expect(self.page.locator("#cross")).to_contain_text("a tip", timeout=20_000)
        for key in ("ArrowRight", "ArrowLeft", "Shift+ArrowUp", "Shift+ArrowDown", "Enter"):
            self.page.keyboard.press(key)

    def label_no_hand(self) -> None:
        """Save the picture that is shown as one without a hand."""
        self.reach("Picture to label")
        expect(self.page.locator("#cross")).to_contain_text("no hand", timeout=20_000)
        self.page.keyboard.press("n")
