"""The phrase files: complete, without leftovers, the same slots in every language."""

from __future__ import annotations

import ast
import re
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

import fingerpost
from fingerpost.calibrating.touches import PLACES
from fingerpost.core.actions import Say
from fingerpost.core.decide import decide
from fingerpost.core.deciding.controls import TABLE, find_buttons, help_with_buttons
from fingerpost.core.deciding.errands import CONFIRMED, ERRANDS
from fingerpost.core.deciding.lesson.prompting import prompt
from fingerpost.core.errors import SettingsError
from fingerpost.core.menutree import GROUPS, LISTS, RINGS
from fingerpost.core.phrases import CHANGING_PHRASES, LEARNING_PHRASES, NAMING_PHRASES, PhraseBook, slots_of
from fingerpost.core.preferences import HANDS, VOICES
from fingerpost.core.state import WAYS
from fingerpost.core.steps import STEPS
from fingerpost.core.types import ACTION, MODE, Clip, Utterance
from fingerpost.doctor.machine import Machine
from fingerpost.doctor.rounds import plan_checks
from fingerpost.home import asset_home
from fingerpost.settings import Settings
from fingerpost.tomlfile import read_toml
from tests.situations import EVENTS, RARE_EVENTS, STATES

FOLDER = asset_home() / "assets" / "phrases"
ENGLISH = read_toml(FOLDER / "en.toml")
LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.toml"))
PACKAGE = Path(fingerpost.__file__).parent
SPEAKERS = sorted(file for pattern in (
    "core/**/*.py", "calibrating/*.py", "upkeep/**/*.py", "announcements.py", "body.py",
    "commands/calibrate_fingertip.py", "commands/sound.py", "vision/eyes.py") for file in PACKAGE.glob(pattern))
"""The files that name phrases."""
SAYING = ("Utterance", "reply", "blame")
"""What is called with a phrase first."""
BUTTONS = ("buttons", "mode_button", "action_button")
PLUGGED = ("", "plugged")
STATED = {
    "way": ("", *WAYS), "lesson": ("", "waits"), "companion": ("", "open"),
    "verbosity": ("brief", "normal", "full"), "tick": ("on", "off"), "voice": VOICES,
    "share": PLUGGED, "stick": PLUGGED, "backup": PLUGGED, "restore": PLUGGED, "update": PLUGGED,
}
"""The items of the menu whose phrase hangs on how things stand."""
HELPED = {mode for (mode, *_), handle in TABLE.items() if handle is help_with_buttons}
"""The modes in which both buttons say what they do."""
STUCK = ("no_stick", "full", "gone", "readonly", "damaged", "failed", "missing")
"""How every errand with a stick may fail."""
COMPOSED = {
    "fault": ("camera", "eyes", "memory", "microphone", "gpu", "companion", "heat") + BUTTONS,
    "recovered": ("camera", "eyes", "companion", "heat") + BUTTONS,
    "strained": ("heat", "power"), "stopped_by": ("power", "fault"),
    "see": ("named", "maybe", "unsure", "nothing"), "hand_covers": HANDS,
    "doctor": [check.name for check in plan_checks(Machine(), Settings())] + ["well"],
    "menu": {item for item in chain(*GROUPS.values()) if item not in STATED} | {
        f"{item}_{state}" if state else item for item, states in STATED.items() for state in states},
    "values": RINGS, "help": {find_buttons(state) for state in STATES if state.mode in HELPED and not prompt(state)},
    "which": LISTS, "list": ("thing", "name"),
    "change": ("forgotten", "renamed", "returned", "unlearned", "undone", "nothing", "taught", "elsewhere"),
    "lesson": [step for step in STEPS if step != "buttons"],
    "lesson_was": (ACTION, MODE), "lesson_held": (ACTION, MODE),
    "lesson_answer": ("named", "maybe", "unsure", "nothing"),
    "begin": ERRANDS, "confirm": (*CONFIRMED, "power_off"),
    "share": ("done", "nothing", "too_much") + STUCK, "backup": ("done", "nothing", "too_much") + STUCK,
    "restore": ("ready", "ready_older", "ready_other", "known", "nothing", "newer") + STUCK,
    "reset": ("ready", "failed", "missing"),
    "update": ("ready", "nothing", "no_stick", "untrusted", "older", "unfit", "damaged", "gone", "full", "failed",
               "missing", "confirmed"),
    "page": PLACES,
    "objects": ("newer", "older"), "fingertip": ("newer", "older"), "detector": ("newer", "older"),
    "voice": VOICES, "hand": HANDS,
}
"""The phrases that are put together: how they begin, and how they may go on."""
MOST_WORDS = 20


def composed_phrases():
    """All of them."""
    return {f"{start}_{end}" for start, ends in COMPOSED.items() for end in ends}


def literals():
    """Every text in the sources that could be a phrase."""
    return {found for file in SPEAKERS for found in re.findall(r'"([a-z]+(?:_[a-z]+)*)"', file.read_text())}


def said_phrases():
    """What is said, as the sources have it: per expression, whether it is only how the phrase begins."""
    for file in SPEAKERS:
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            if getattr(call.func, "id", "") in SAYING and call.args:
                yield from beginnings(call.args[0])


def beginnings(node):
    """(text, whether something follows it) of an expression that gives a text, as far as it stands there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, False
    elif isinstance(node, ast.IfExp):
        yield from beginnings(node.body)
        yield from beginnings(node.orelse)
    elif isinstance(node, ast.BinOp):
        yield from ((text, True) for text, _ in beginnings(node.left))
    elif isinstance(node, ast.JoinedStr):
        yield from ((text, True) for text, _ in beginnings(node.values[0]))


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
    assert set(ENGLISH["phrases"]) - literals() - composed_phrases() == set()


def test_no_phrase_is_missing():
    whole = {text for text, goes_on in said_phrases() if not goes_on}
    assert (whole | composed_phrases()) - set(ENGLISH["phrases"]) == set()


def test_whatever_is_said_in_any_state_has_words_and_fills_their_slots():
    said = {action.utterance for state in STATES for event in EVENTS + RARE_EVENTS
            for action in decide(state, event)[1] if isinstance(action, Say)}
    texts = ENGLISH["phrases"]
    assert len(said) > 100
    assert {utterance for utterance in said if utterance.phrase not in texts
            or {slot for slot, _ in utterance.slots} != set(slots_of(texts[utterance.phrase]))} == set()


def test_every_beginning_of_a_phrase_is_known_here():
    starts = {text for text, goes_on in said_phrases() if goes_on}
    assert starts <= {start + "_" for start in COMPOSED}


@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_are_short(language):
    """Who listens cannot skim."""
    phrases = read_toml(FOLDER / f"{language}.toml")["phrases"]
    assert {key for key, text in phrases.items() if len(text.split()) > MOST_WORDS} == set()


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
        "Maybe", "It could also be", "It resembles", "but not enough",
        "I see a finger pointing at", "I see a finger pointing at something, maybe"]
