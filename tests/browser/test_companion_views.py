"""Every page of the companion, wide and narrow, light and dark: accessible, whole, and calm."""

from __future__ import annotations

import importlib.util
from datetime import datetime

import pytest

from tests.browsing import examine
from tests.hands import expect

SHOWN = {"/": "#description:has-text('Finger at')", "/fingertips": "#kinds:has-text('with a tip')",
         "/objects": "#view .absent[hidden]", "/train": "#models h3", "/compress": "#start button, #start .notice",
         "/settings": "#language option", "/health": "#timings svg"}
"""What each page shows once it is all there."""

needs_learning = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="pip install 'fingerpost[train]'")


@pytest.mark.parametrize("path", SHOWN)
def test_a_page_is_accessible_fits_and_can_be_hit(device, page, path):
    page.goto(f"{device.address}{path}")
    page.wait_for_selector(SHOWN[path], state="attached")
    examine(page, path.strip("/") or "live")


def test_the_page_for_the_code_is_too_with_and_without_a_problem(device, stranger):
    stranger.goto(f"{device.address}/pair")
    examine(stranger, "pair")
    stranger.get_by_label("Code of six digits").fill("12")
    stranger.keyboard.press("Enter")
    expect(stranger.get_by_role("alert")).to_have_text("The code has six digits.")
    examine(stranger, "pair-problem")


def test_the_checks_stand_in_a_table_with_their_remedies(device, page):
    page.goto(f"{device.address}/health")
    page.get_by_role("button", name="Check now").click()
    camera = page.get_by_role("row", name="camera")
    expect(camera).to_be_visible(timeout=120_000)
    expect(page.locator("#checks-notice")).to_contain_text("checks made")
    examine(page, "health-checks")


def test_a_setting_is_said_by_the_device_and_stays(device, page):
    page.goto(f"{device.address}/settings")
    expect(page.get_by_role("radio", name="Normal")).to_be_checked()
    since = len(device.printed)
    page.get_by_role("radio", name="Full").check()
    expect(page.locator("#notice")).to_have_text("Speech: full.")
    device.waits_for("I say more.", since)
    page.reload()
    expect(page.get_by_role("radio", name="Full")).to_be_checked()
    page.get_by_role("radio", name="Normal").check()
    expect(page.locator("#notice")).to_have_text("Speech: normal.")


@pytest.mark.parametrize(("name", "other", "usual"), [("Voice", "High", "Low"), ("Hand", "Left", "Right")])
def test_voice_and_hand_are_chosen_and_stay(device, page, name, other, usual):
    page.goto(f"{device.address}/settings")
    expect(page.get_by_role("radio", name=usual)).to_be_checked()
    for chosen in (other, usual):
        page.get_by_role("radio", name=chosen).check()
        expect(page.locator("#notice")).to_have_text(f"{name}: {chosen.lower()}.")
        page.reload()
        expect(page.get_by_role("radio", name=chosen)).to_be_checked()


def test_the_tick_is_switched_on_and_stays(device, page):
    page.goto(f"{device.address}/settings")
    for on in (True, False):
        page.get_by_role("checkbox", name="tick").set_checked(on)
        expect(page.locator("#notice")).to_contain_text("ticks" if on else "does not tick")
        page.reload()
        expect(page.get_by_role("checkbox", name="tick")).to_be_checked(checked=on)


def test_the_devices_button_is_pressed_from_the_page(device, page):
    page.goto(f"{device.address}/settings")
    for mode in ("teaching", "pointing"):
        page.get_by_role("button", name="Mode", exact=True).click()
        expect(page.locator("#mode")).to_have_text(mode)


def test_the_diary_is_shown_and_deleted_on_the_second_press(device, page):
    page.goto(f"{device.address}/health")
    expect(page.locator("#diary li").first).to_be_visible(timeout=20_000)
    delete = page.locator("#diary-actions button")
    delete.click()
    expect(delete).to_have_text("Really delete?")
    page.get_by_role("button", name="Check now").focus()
    expect(delete).to_have_text("Delete")
    delete.click()
    delete.click()
    expect(page.locator("#diary-notice")).to_have_text("What was said is deleted.")


def test_pictures_of_ones_own_teach_a_thing(device, page):
    page.goto(f"{device.address}/objects")
    page.get_by_label("Name of the thing in your pictures").fill("my table")
    page.get_by_label("Pictures that show little else").set_input_files(sorted(device.frames.iterdir())[:3])
    page.get_by_role("button", name="Teach").click()
    expect(page.locator("#upload-notice")).to_have_text("Taught my table from your pictures.", timeout=30_000)
    page.get_by_text("Pictures", exact=False).filter(has=page.locator("span", has_text="of my table")).click()
    expect(page.get_by_role("img", name="my table, picture 3")).to_be_visible()
    examine(page, "objects-taught")
    page.get_by_role("button", name="Delete picture 3 of my table").click()
    page.get_by_role("button", name="Really delete?").click()
    expect(page.locator("#list-notice")).to_have_text("Deleted picture 3 of my table. Undo brings it back.")
    expect(page.get_by_role("img", name="my table, picture 2")).to_be_visible()
    expect(page.get_by_role("img", name="my table, picture 3")).to_have_count(0)
    page.get_by_role("button", name="Delete my table").click()
    page.get_by_role("button", name="Really delete?").click()
    expect(page.get_by_role("heading", name="my table")).to_have_count(0)


@needs_learning
def test_stem_plots_stand_beside_the_table_of_sizes_and_errors(device, page):
    label_one(device, page)
    page.goto(f"{device.address}/compress")
    for count in (2, 3, 8):
        page.get_by_role("checkbox", name=str(count), exact=True).uncheck()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("row", name="16 clusters")).to_be_visible(timeout=120_000)
    plots = page.get_by_role("img", name="Stem plot of layer maps, 16 clusters")
    plots.first.scroll_into_view_if_needed()
    expect(plots).to_have_count(1)
    examine(page, "compress-result")


@needs_learning
def test_a_job_is_cancelled_and_deleted(device, page):
    label_one(device, page)
    page.goto(f"{device.address}/train")
    page.get_by_role("radio", name="Measure a network in use").check()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#job")).to_contain_text("cancelled", timeout=30_000)
    entry = page.locator("#jobs li", has_text="cancelled").first
    entry.get_by_role("button", name="Delete").click()
    entry.get_by_role("button", name="Really delete?").click()
    expect(page.locator("#job")).to_be_hidden()


@pytest.mark.parametrize(("before", "after", "words"), [
    ({"median_px": 4.8, "found": 1}, {"median_px": 9.9, "found": 1}, "worse: median error, pixels 4.8 before, 9.9 now"),
    ({"median_px": 4.8}, {"median_px": 3.1, "ms_per_image": 90}, ""),
    ({"built-in names": {"right": 391, "of": 498}}, {"built-in names": {"right": 5, "of": 498}}, "391 before, 5 now"),
    ({"top1": 0.66, "per_class": {"kiwi": 0.5}}, {"top1": 0.66, "per_class": {"kiwi": 0.4}}, ""),
    ({}, {"top1": 0.1}, ""),
])
def test_a_network_that_is_worse_is_called_so(device, page, before, after, words):
    page.goto(f"{device.address}/train")
    complaint, rows = page.evaluate("""async ([before, after]) => {
        const { comparison, complaint } = await import("/static/figures.js");
        return [complaint(before, after), comparison(before, after).querySelectorAll("tbody tr").length]; }""",
                                    [before, after])
    assert (words in complaint) if words else complaint == ""
    assert rows == sum(2 if name == "built-in names" else name != "per_class" for name in after)


def test_what_is_read_out_comes_at_most_every_two_seconds(device, page):
    page.clock.install(time=datetime(2026, 1, 1, 8))
    page.goto(f"{device.address}/train")
    page.clock.pause_at(datetime(2026, 1, 1, 9))
    spoken = page.locator("#spoken")
    page.evaluate("""import("/static/announcer.js").then(({ say }) => {
        for (const word of ["one", "two", "three", "four", "five", "six"]) say(word); })""")
    expect(spoken).to_have_text("one")
    page.clock.run_for(1900)
    expect(spoken).to_have_text("one")
    page.clock.run_for(200)
    expect(spoken).to_have_text("threefourfivesix")


def label_one(device, page):
    """See that at least one fingertip is labelled."""
    page.goto(f"{device.address}/fingertips")
    expect(page.locator("#cross")).to_contain_text("a tip", timeout=20_000)
    page.get_by_role("button", name="Hold the picture").click()
    page.get_by_role("button", name="Save the tip here").click()
    expect(page.locator("#notice")).to_contain_text("Saved the tip")
