"""The phrase files: complete, without leftovers, the same slots in every language."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import fingerpost
from fingerpost.announcements import ANNOUNCED
from fingerpost.calibrating.touches import PLACES
from fingerpost.commands.doctor import ALL_WELL
from fingerpost.core.errors import SettingsError
from fingerpost.core.phrases import CHANGING_PHRASES, LEARNING_PHRASES, NAMING_PHRASES, PhraseBook, slots_of
from fingerpost.core.state import MENU_ITEMS, OPEN_DOOR_ITEMS
from fingerpost.core.types import Clip, Utterance
from fingerpost.doctor.machine import Machine
from fingerpost.doctor.rounds import plan_checks
from fingerpost.home import asset_home
from fingerpost.settings import Settings
from fingerpost.tomlfile import read_toml
from fingerpost.vision.eyes import WAY_MISSING

FOLDER = asset_home() / "assets" / "phrases"
ENGLISH = read_toml(FOLDER / "en.toml")
LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.toml"))
BUTTONS = ("buttons", "mode_button", "action_button")
MENDED, PARTS = ("camera", "eyes", "companion"), ("camera", "eyes", "memory", "microphone", "gpu", "companion")
CHANGES = ("forgotten", "renamed", "returned", "unlearned", "undone", "nothing", "taught", "elsewhere")
LISTS = ("name", "forget", "rename")
CALIBRATIONS = ("start", "next", "all", "few", "left", "done", "refused", "no_page", "covered", "wrong_page", "off")


def spoken_phrases():
    """Every phrase that the decision can ask for, read from its source."""
    core = Path(fingerpost.__file__).parent / "core"
    names = set()
    for file in ("decide.py", "controls.py", "menu.py", "naming.py", "replies.py", "teaching.py", "pointing.py",
                 "guidance.py", "company.py", "preferences.py", "reasons.py", "phrases.py"):
        names |= set(re.findall(r'"([a-z]+(?:_[a-z]+)*)"', (core / file).read_text()))
    names |= {"fault_" + part for part in PARTS + BUTTONS} | {"recovered_" + part for part in MENDED + BUTTONS}
    names |= {"doctor_" + check.name for check in plan_checks(Machine(), Settings())} | {ALL_WELL}
    names |= {"menu_" + item for item in MENU_ITEMS + OPEN_DOOR_ITEMS} | {"which_" + purpose for purpose in LISTS}
    names |= {"change_" + change for change in CHANGES} | {WAY_MISSING, "this_is_card", "this_is_system"}
    names |= set(ANNOUNCED) | {f"{name}_{age}" for name in ("objects", "fingertip", "detector")
                               for age in ("newer", "older")}
    names |= {"calibrate_" + news for news in CALIBRATIONS} | {"page_" + place for place in PLACES}
    return names


def test_there_is_more_than_one_language():
    assert len(LANGUAGES) >= 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_phrases_with_the_same_slots(language):
    phrases = read_toml(FOLDER / f"{language}.toml")["phrases"]
    assert {key: slots_of(text) for key, text in phrases.items()} == {
        key: slots_of(text) for key, text in ENGLISH["phrases"].items()}
    assert all(text.strip() for text in phrases.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_names_what_has_a_name_in_english(language):
    assert set(read_toml(FOLDER / f"{language}.toml")["names"]) >= set(ENGLISH["names"])


def foreign_names():
    """Per language the names that it gives to the words by which detectors call things, which are English."""
    return {language: read_toml(FOLDER / f"{language}.toml")["names"] for language in LANGUAGES if language != "en"}


def test_every_language_names_what_the_rendered_scenes_show():
    household = pytest.importorskip("fingerpost.learning.rendering.household", reason="it needs fingerpost[train]")
    for language, names in foreign_names().items():
        assert not set(household.NAMED) - set(names), language


def test_every_language_names_what_the_coco_detector_finds():
    coco = pytest.importorskip("fingerpost.learning.coco", reason="it needs fingerpost[train]")
    found = {coco.NAMES[number] for number in coco.KEPT[1:]}
    assert len(found) == 80
    for language, names in foreign_names().items():
        assert not found - set(names), language


def test_no_phrase_is_left_over():
    assert set(ENGLISH["phrases"]) <= spoken_phrases()


def test_names_prefer_the_wearers_own():
    book = PhraseBook({"named": "{thing}", "known_list": "You taught me {things}."}, {"Kiwi": "kiwi fruit"})
    book.taught_name = lambda object_id: {"taught:1": "my mug"}.get(object_id, "")
    assert book.text(Utterance("named", (("thing", "taught:1"),))) == "my mug"
    assert book.text(Utterance("named", (("thing", "Kiwi"),))) == "kiwi fruit"
    assert book.text(Utterance("named", (("thing", "Green-Tea"),))) == "Green Tea"
    assert book.text(Utterance("known_list", (("things", "taught:1, Kiwi"),))) == "You taught me my mug, kiwi fruit."


@pytest.mark.parametrize("language", LANGUAGES)
def test_free_names_are_in_the_language_that_is_spoken_and_go_on_by_number(language):
    tables = read_toml(FOLDER / f"{language}.toml")
    book = PhraseBook(tables["phrases"], tables["names"])
    names = book.free_names()
    assert len(set(names)) == 5
    first = {"en": "thing", "de": "Ding"}.get(language)
    assert first is None or {name.split()[0] for name in (*names, book.numbered_name(6))} == {first}
    assert not set(tables["phrases"]["free_names"].splitlines()) & set(book.fixed_texts())


def test_a_gap_in_a_language_is_named():
    with pytest.raises(SettingsError, match="'unsure' is missing"):
        PhraseBook({}, {}, "xx.toml").text(Utterance("unsure"))
    with pytest.raises(SettingsError, match="slot"):
        PhraseBook({"named": "{stuff}"}, {}).text(Utterance("named", (("thing", "Kiwi"),)))


def test_the_phrases_rendered_ahead_are_all_that_hold_one_name():
    assert set(NAMING_PHRASES + LEARNING_PHRASES + CHANGING_PHRASES) == {
        key for key, text in ENGLISH["phrases"].items() if slots_of(text) == ("thing",)}


def test_every_change_and_every_list_has_its_words():
    assert {"menu_" + item for item in MENU_ITEMS + OPEN_DOOR_ITEMS} | {"which_" + purpose for purpose in LISTS} | {
        "change_" + change for change in CHANGES} <= set(ENGLISH["phrases"])


LABEL = Clip(np.ones(10, np.int16), 22050)


@pytest.fixture
def book():
    """The English phrases, with a cup that the wearer's own voice names."""
    book = PhraseBook(ENGLISH["phrases"], ENGLISH["names"])
    book.taught_name = lambda object_id: {"taught:1": "thing one"}.get(object_id, "")
    book.taught_label = lambda object_id: {"taught:1": LABEL}.get(object_id)
    return book


@pytest.mark.parametrize(("phrase", "slots", "pieces"), [
    ("named", {"thing": "taught:1"}, [LABEL]),
    ("maybe", {"thing": "taught:1"}, ["Maybe", LABEL]),
    ("learned_more", {"thing": "taught:1"},
     ["Learned", LABEL, "One more look from another side would help"]),
    ("why_between", {"thing": "taught:1", "other": "Kiwi"}, ["I cannot decide between", LABEL, "and kiwi"]),
    ("known_list", {"things": "taught:1, Kiwi, taught:1"}, ["You taught me", LABEL, "kiwi", LABEL]),
    ("maybe", {"thing": "Kiwi"}, ["Maybe kiwi."]),
    ("unsure", {}, ["Not sure."]),
])
def test_a_phrase_is_cut_where_the_wearers_own_voice_says_the_name(book, phrase, slots, pieces):
    assert book.pieces(Utterance(phrase, tuple(slots.items()))) == pieces


def test_written_down_the_name_stands_as_text(book):
    assert book.text(Utterance("maybe", (("thing", "taught:1"),))) == "Maybe thing one."


WAY_IN = Utterance("companion_open", (("address", "https://192.168.55.1:8138"), ("code", "120456")))


def test_what_is_to_be_typed_is_spelled(book):
    assert book.text(WAY_IN) == (
        "The companion page is open. The address is https, colon, slash, slash, "
        "1 9 2, dot, 1 6 8, dot, 5 5, dot, 1, colon, 8 1 3 8. The code is 1 2 0 4 5 6.")


def test_a_host_is_spelled_by_its_words_and_a_fingerprint_letter_by_letter(book):
    address = Utterance("companion_code", (("address", "https://jetson-nano.local:8138"), ("code", "1")))
    assert "slash, jetson-nano, dot, local, colon" in book.text(address)
    assert book.text(Utterance("companion_fingerprint", (("fingerprint", "AB30F"),))).endswith("with A, B, 3 0, F.")


def test_a_book_that_becomes_another_keeps_what_the_wearer_has_named(book):
    german = read_toml(FOLDER / "de.toml")
    book.become(PhraseBook(german["phrases"], german["names"]))
    assert book.text(WAY_IN).startswith("Die Begleitseite ist offen. Die Adresse ist https, Doppelpunkt, ")
    assert book.text(Utterance("maybe", (("thing", "Lemon"),))) == "Vielleicht Zitrone."
    assert book.text(Utterance("maybe", (("thing", "taught:1"),))) == "Vielleicht thing one."


def test_only_what_the_voice_says_is_rendered(book):
    assert book.naming_texts("taught:1") == [
        "Maybe", "It could also be", "It resembles", "but not enough"]
