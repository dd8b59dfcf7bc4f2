"""The build guide: its links lead somewhere, its commands exist, its drawings agree with the pins."""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from fingerpost.cli import COMMANDS, KEEPING, find_command
from fingerpost.doctor import board, parts, software
from fingerpost.home import asset_home
from fingerpost.tomlfile import read_toml

GUIDE = asset_home() / "hardware"
PAGES = sorted(GUIDE.glob("*.md"))
DRAWINGS = sorted(GUIDE.glob("*.svg"))
PINS = read_toml(GUIDE / "pins.toml")
SVG = "{http://www.w3.org/2000/svg}"


def anchors(page):
    """The anchors of a page's headings, as Git hosts make them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        other = page.parent / name if name else page
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), target


def test_every_page_is_reached_from_the_first():
    first = (GUIDE / "README.md").read_text(encoding="utf-8")
    assert not [page.name for page in PAGES if page.name != "README.md" and f"({page.name})" not in first]


def commands():
    """Every call of fingerpost in the guide: in backquotes, or on a line of its own."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for call in re.findall(r"`([^`\n]+)`", text) + re.findall(r"^ {4,}(\S.*)$", text, re.MULTILINE):
            found = re.match(r"(?:sudo (?:-u fingerpost )?)?fingerpost ([a-z].*)", call)
            if found:
                yield found.group(1)


@pytest.mark.parametrize("call", sorted(set(commands())))
def test_commands_of_the_guide_exist(call):
    assert find_command(shlex.split(call))[0] in COMMANDS


@pytest.mark.parametrize("name", ["software.md", "mounting.md"])
def test_what_is_kept_on_the_device_is_made_by_the_services_user(name):
    """As another user it lands where the service does not look, and compiling takes its minutes twice."""
    text = (GUIDE / name).read_text(encoding="utf-8")
    calls = re.findall(r"((?:sudo (?:-u \w+ )?)?)fingerpost ([a-z]\w+(?: [a-z]\w+)?)", text)
    keeping = [(user, words) for user, words in calls if words.startswith(KEEPING)]
    assert keeping
    assert {user for user, _ in keeping} == {"sudo -u fingerpost "}, keeping


def test_the_networks_are_compiled_before_the_first_run():
    text = (GUIDE / "software.md").read_text(encoding="utf-8")
    assert text.index("fingerpost engine build") < text.index("fingerpost run")


def test_commands_are_found_at_all():
    assert {"doctor", "install", "buttons test", "sound test"} <= set(commands())


@pytest.mark.parametrize("profile", sorted(PINS))
def test_the_wiring_diagram_shows_the_pins_of_the_profiles(profile):
    groups = ElementTree.parse(str(GUIDE / "wiring.svg")).getroot().iter(SVG + "g")
    drawn = {group.get("data-use"): int(group.get("data-pin")) for group in groups if group.get("data-use")}
    assert (drawn["mode"], drawn["action"]) == (PINS[profile]["mode"], PINS[profile]["action"])
    assert (drawn["3.3V"], drawn["ground"]) == (17, 34)


def test_the_words_beside_the_diagram_name_the_same_pins():
    words = (GUIDE / "wiring.md").read_text(encoding="utf-8")
    profile = PINS["jetson-nano"]
    assert re.search(rf"^\| {profile['mode']} \| .*MODE", words, re.MULTILINE)
    assert re.search(rf"^\| {profile['action']} \| .*ACTION", words, re.MULTILINE)
    description = ElementTree.parse(str(GUIDE / "wiring.svg")).getroot().find(SVG + "desc").text
    assert f"mode button and pin {profile['mode']} " in description
    assert f"action button and pin {profile['action']} " in description


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.name)
def test_drawings_are_described_for_those_who_do_not_see_them(drawing):
    root = ElementTree.parse(str(drawing)).getroot()
    assert root.find(SVG + "title").text
    assert len(root.find(SVG + "desc").text) > 100
    assert list(root.iter(SVG + "text")), "letters drawn as shapes can neither be searched nor read aloud"


def test_pages_that_the_doctor_sends_to_exist():
    for module in (board, parts, software):
        for name in re.findall(r"hardware/([a-z]+\.md)", Path(module.__file__).read_text(encoding="utf-8")):
            assert (GUIDE / name).is_file(), name
