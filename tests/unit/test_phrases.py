"""The phrase files: complete, without leftovers, the same slots in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fingerpost
from fingerpost.core.errors import SettingsError
from fingerpost.core.phrases import NAMING_PHRASES, PhraseBook, slots_of
from fingerpost.core.types import Utterance
from fingerpost.home import asset_home
from fingerpost.tomlfile import read_toml

FOLDER = asset_home() / "assets" / "phrases"
ENGLISH = read_toml(FOLDER / "en.toml")
LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.toml"))
PARTS = ("camera", "eyes", "buttons", "memory")


def spoken_phrases():
    """Every phrase that the decision can ask for, read from its source."""
    core = Path(fingerpost.__file__).parent / "core"
    names = set()
    for file in ("decide.py", "controls.py", "teaching.py", "pointing.py", "guidance.py"):
        names |= set(re.findall(r'"([a-z]+(?:_[a-z]+)*)"', (core / file).read_text()))
    names |= {prefix + part for prefix in ("fault_", "recovered_") for part in PARTS}
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
def test_every_language_names_the_same_things(language):
    assert set(read_toml(FOLDER / f"{language}.toml")["names"]) == set(ENGLISH["names"])


def test_no_phrase_is_left_over():
    assert set(ENGLISH["phrases"]) <= spoken_phrases() | {"menu_known", "menu_help"}


def test_names_prefer_the_wearers_own():
    book = PhraseBook({"named": "{thing}", "known_list": "You taught me {things}."}, {"Kiwi": "kiwi fruit"})
    book.taught_name = lambda object_id: {"taught:1": "my mug"}.get(object_id, "")
    assert book.text(Utterance("named", (("thing", "taught:1"),))) == "my mug"
    assert book.text(Utterance("named", (("thing", "Kiwi"),))) == "kiwi fruit"
    assert book.text(Utterance("named", (("thing", "Green-Tea"),))) == "Green Tea"
    assert book.text(Utterance("known_list", (("things", "taught:1, Kiwi"),))) == "You taught me my mug, kiwi fruit."


def test_a_gap_in_a_language_is_named():
    with pytest.raises(SettingsError, match="'unsure' is missing"):
        PhraseBook({}, {}, "xx.toml").text(Utterance("unsure"))
    with pytest.raises(SettingsError, match="slot"):
        PhraseBook({"named": "{stuff}"}, {}).text(Utterance("named", (("thing", "Kiwi"),)))


def test_naming_phrases_exist():
    assert set(NAMING_PHRASES) <= set(ENGLISH["phrases"])
