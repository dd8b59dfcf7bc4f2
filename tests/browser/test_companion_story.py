"""A helper's day on the companion page: with the mouse, and once more with the keyboard alone."""

from __future__ import annotations

import importlib.util
import re

import pytest

from tests.browsing import examine
from tests.hands import Keyboard, Mouse, expect

HAS_TORCH = importlib.util.find_spec("torch") is not None
LABELS = 4
TRAINING_MS = 240_000


@pytest.mark.parametrize("hand", [Mouse, Keyboard])
def test_a_helper_labels_records_trains_goes_live_rolls_back_and_deletes(device, stranger, hand):
    helper = hand(stranger)
    pair(helper, device)
    label_fingertips(helper)
    record_thing(helper, device)
    see_it_named(helper)
    if HAS_TORCH:
        train_head(helper)
        let_it_go_live_and_take_it_back(helper)
    delete_all(helper)
    leave(helper, device)


def pair(helper, device):
    page = helper.page
    page.goto(device.address)
    if isinstance(helper, Mouse):
        helper.write("Code of six digits", "000 001" if device.code != "000 001" else "000 002")
        helper.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("not good")
    since = len(device.printed)
    helper.write("Code of six digits", device.code)
    helper.press("Enter")
    page.wait_for_url(f"{device.address}/")
    device.waits_for("[watched]", since)
    expect(page.locator("#description")).to_contain_text("Finger at the left, pointing up.", timeout=20_000)


def look_at(helper, name):
    """Once is enough: both helpers see the same."""
    if isinstance(helper, Mouse):
        examine(helper.page, name)


def visit(helper, title):
    helper.press(title, role="link")
    expect(helper.page.get_by_role("heading", level=1)).to_have_text(title)


def label_fingertips(helper):
    page = helper.page
    visit(helper, "Fingertips")
    expect(page.locator("#kinds")).to_contain_text("with a tip")
    before = page.locator("#list li").count()
    for done in range(LABELS):
        helper.label_tip()
        expect(page.locator("#list li")).to_have_count(before + done + 1)
    helper.label_no_hand()
    expect(page.locator("#list li")).to_have_count(before + LABELS + 1)
    expect(page.locator("#list li").first).to_contain_text("No hand")
    expect(page.locator("#list li").nth(1)).to_contain_text("Tip at 18")


def record_thing(helper, device):
    page, since = helper.page, len(device.printed)
    visit(helper, "Objects")
    expect(page.locator("#record")).to_be_enabled()
    helper.hold("Hold to record", re.compile("[4-9] pictures"))
    expect(page.locator("#notice")).to_contain_text("Recorded")
    shots = page.locator("#shots li")
    count = shots.count()
    helper.press("Drop picture 1")
    expect(shots).to_have_count(count - 1)
    look_at(helper, "objects-review")
    helper.write("Name of the recorded thing", "my mug")
    helper.press("Keep")
    expect(page.locator("#list h3")).to_have_text("my mug", timeout=30_000)
    device.waits_for("my mug", since)  # "Learned my mug.", unless the finger has it named before that is said


def see_it_named(helper):
    page = helper.page
    visit(helper, "Live view")
    expect(page.locator("#guesses")).to_contain_text("my mug", timeout=30_000)
    expect(page.locator("#log")).to_contain_text("my mug", timeout=30_000)
    expect(page.locator("#heard")).to_contain_text("The device says")


def train_head(helper):
    """One round; the second story shows what the first one has trained."""
    page = helper.page
    visit(helper, "Train")
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    if page.locator("#jobs li", has_text="done").count():
        helper.press(page.locator("#jobs li", has_text="done").get_by_role("button").first.get_attribute("aria-label"))
    else:
        helper.write("Rounds over all pictures", "1")
        helper.press("Start")
    expect(page.locator("#job")).to_contain_text("Before and after", timeout=TRAINING_MS)
    expect(page.get_by_role("img", name="Loss. loss from").first).to_be_visible()
    look_at(helper, "train-result")


def let_it_go_live_and_take_it_back(helper):
    page = helper.page
    networks = page.locator("#models li", has_text="Finger network")
    expect(networks).to_contain_text("as it came")
    helper.press("Let the new network go live")
    expect(networks).to_contain_text("trained here", timeout=30_000)
    helper.press("Roll back Finger network")
    helper.press("Really roll back? Roll back Finger network: press again")
    expect(networks).to_contain_text("as it came", timeout=30_000)


def delete_all(helper):
    page = helper.page
    visit(helper, "Objects")
    helper.press("Rename my mug")
    helper.write("New name of my mug", "red mug")
    helper.press("Save the name")
    expect(page.locator("#list h3")).to_have_text("red mug")
    delete_mug(helper)
    helper.press("Undo the last change")
    expect(page.locator("#list h3")).to_have_text("red mug")
    delete_mug(helper)
    visit(helper, "Live view")
    expect(page.locator("#log")).to_contain_text("Not sure.", timeout=30_000)


def delete_mug(helper):
    helper.press("Delete red mug")
    helper.press("Really delete? Delete red mug: press again")
    expect(helper.page.locator("#none")).to_be_visible()


def leave(helper, device):
    helper.press("Sign out")
    helper.page.wait_for_url(f"{device.address}/pair")
    helper.page.goto(f"{device.address}/objects")
    assert helper.page.url == f"{device.address}/pair"
