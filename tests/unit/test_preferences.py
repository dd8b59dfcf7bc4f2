"""What may be preferred, how it is kept, and how the device sounds then."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from fingerpost import sounding
from fingerpost.core.errors import PreferenceError
from fingerpost.core.events import Tick
from fingerpost.core.loop import Loop, Observer
from fingerpost.core.preferences import FULL, HIGH, Preferences, change, confirm
from fingerpost.core.state import POINTING, State
from fingerpost.core.visits import Preferred
from fingerpost.home import list_languages
from fingerpost.settings import Settings, SpeechSettings
from fingerpost.sounding import Sound, read_phrases
from fingerpost.upkeep.keeper import Keeper
from fingerpost.upkeep.preferences import (
    PREFERENCES,
    Wishes,
    default_preferences,
    keep_preferences,
    load_preferences,
    prefer,
)
from tests.parts import QuietMouth, SilentSpeaker, TonguelessVoice, status

USUAL = Preferences()
LANGUAGES = ("de", "en")


@pytest.mark.parametrize(("name", "value"), [
    ("volume", 0), ("volume", 10), ("words_per_minute", 80), ("words_per_minute", 450), ("language", "de"),
    ("verbosity", 1), ("verbosity", 3), ("diary", False),
])
def test_what_can_be_preferred(name, value):
    assert asdict(change(USUAL, name, value, LANGUAGES)) == {**asdict(USUAL), name: value}


@pytest.mark.parametrize(("name", "value", "choice"), [
    ("volume", -1, "from 0 to 10"), ("volume", 11, "from 0 to 10"), ("volume", "6", "whole number"),
    ("volume", 6.0, "whole number"), ("volume", True, "whole number"), ("volume", None, "whole number"),
    ("words_per_minute", 79, "from 80 to 450"), ("verbosity", 4, "from 1 to 3"), ("diary", 1, "true or false"),
    ("language", "xx", "de, en"), ("language", "../en", "de, en"), ("language", 3, "de, en"),
    ("language", ["de"], "de, en"), ("colour", 3, "volume"), ("__class__", 3, "volume"),
])
def test_anything_else_is_refused_in_one_line_that_says_what_can_be(name, value, choice):
    with pytest.raises(PreferenceError, match=choice) as refusal:
        change(USUAL, name, value, LANGUAGES)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("value", ["../en", "en/../../x", "", "e n", "en.toml", "ＡＢ", "en\n"])
def test_no_path_can_be_preferred_even_where_it_is_not_known_which_languages_there_are(value):
    with pytest.raises(PreferenceError, match="such as en"):
        change(USUAL, "language", value)
    assert change(USUAL, "language", "pt-br").language == "pt-br"


def test_the_faintest_volume_is_no_silence():
    assert replace(USUAL, volume=0).loudness > 0.0
    assert replace(USUAL, volume=6).loudness == pytest.approx(0.6)


@pytest.mark.parametrize("language", list_languages())
@pytest.mark.parametrize("name", asdict(USUAL))
def test_every_change_has_its_words_in_every_language(language, name):
    assert read_phrases(language).text(confirm(USUAL, name))


def test_the_words_are_short():
    book = read_phrases("en")
    said = [book.text(confirm(preferences, name)) for preferences, name in (
        (replace(USUAL, volume=6), "volume"), (replace(USUAL, words_per_minute=200), "words_per_minute"),
        (USUAL, "language"), (replace(USUAL, verbosity=1), "verbosity"), (replace(USUAL, verbosity=FULL), "verbosity"))]
    assert said == ["Volume 6.", "Speech rate 200.", "English.", "I say less.", "I say more."]


def test_the_settings_are_what_is_preferred_until_something_else_is(tmp_path):
    speech = SpeechSettings(language="de", words_per_minute=200, volume=0.5)
    assert load_preferences(speech, tmp_path) == default_preferences(speech) == Preferences(5, 200, "de")
    keep_preferences(Preferences(5, 200, "de"), Preferences(7, 200, "de", FULL), tmp_path)
    assert json.loads((tmp_path / PREFERENCES).read_text()) == {"volume": 7, "verbosity": FULL}
    assert load_preferences(SpeechSettings(), tmp_path) == Preferences(7, 170, "en", FULL)


def test_what_was_preferred_before_stays(tmp_path):
    keep_preferences(USUAL, replace(USUAL, volume=7), tmp_path)
    keep_preferences(replace(USUAL, volume=7), replace(USUAL, volume=7, diary=False), tmp_path)
    assert load_preferences(SpeechSettings(), tmp_path) == replace(USUAL, volume=7, diary=False)


@pytest.mark.parametrize("note", ["", "[]", "3", '{"volume": 99, "words_per_minute": "fast", "language": "../x"}'])
def test_a_spoilt_note_is_left_out(tmp_path, note):
    (tmp_path / PREFERENCES).write_text(note)
    assert load_preferences(SpeechSettings(), tmp_path) == USUAL


def test_a_spoilt_value_leaves_the_others(tmp_path, caplog):
    (tmp_path / PREFERENCES).write_text('{"volume": 99, "language": "de", "colour": 1}')
    assert load_preferences(SpeechSettings(), tmp_path) == replace(USUAL, language="de")
    assert "from 0 to 10" in caplog.text


def test_the_next_start_opens_everything_as_preferred():
    speech = prefer(Settings(), Preferences(6, 200, "de", voice=HIGH)).speech
    assert (speech.volume, speech.words_per_minute, speech.language, speech.timbre) == (0.6, 200, "de", "high")


class Listener(TonguelessVoice):
    """A voice and a speaker that note how they are asked to sound."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def set_style(self, language, words_per_minute, voice):
        self.asked.append((language, words_per_minute, voice))

    def set_volume(self, volume):
        self.asked.append(volume)


def test_the_device_sounds_as_preferred_at_once():
    listener, book = Listener(), read_phrases("en")
    sound = Sound(USUAL, listener, listener, book)
    sound.become(Preferences(6, 200, "de"))
    assert listener.asked == [0.6, ("de", 200, "low")]
    assert book.text(confirm(USUAL, "language")) == "Deutsch."


def test_another_voice_is_heard_at_once():
    listener = Listener()
    Sound(USUAL, listener, listener, read_phrases("en")).become(replace(USUAL, voice=HIGH))
    assert listener.asked == [("en", 170, "high")]


def test_without_phrases_the_language_stays(caplog):
    listener, book = Listener(), read_phrases("en")
    sound = Sound(USUAL, listener, listener, book)
    sound.become(Preferences(6, 200, "xx"))
    assert listener.asked == [0.6, ("en", 200, "low")]
    assert book.text(confirm(USUAL, "language")) == "English."
    assert "the languages are" in caplog.text


def test_a_speaker_and_a_voice_with_one_way_alone_do_not_mind():
    voice = TonguelessVoice()
    Sound(USUAL, SilentSpeaker(None), voice, read_phrases("en")).become(Preferences(6, 200, "de"))
    assert voice.style == ""


def test_what_does_not_change_is_left_alone(monkeypatch):
    listener, book = Listener(), read_phrases("en")
    monkeypatch.setattr(sounding, "read_phrases", None)
    sound = Sound(USUAL, listener, listener, book)
    sound.become(replace(USUAL, volume=6))
    sound.become(replace(USUAL, volume=6, verbosity=FULL))
    sound.become(replace(USUAL, volume=6, words_per_minute=200))
    assert listener.asked == [0.6, ("en", 200, "low")]


def test_who_hears_of_a_change_finds_the_device_changed_already():
    now = [USUAL]
    found = []

    class Watcher(Observer):
        def on_event(self, event, state):
            found.append((now[-1], state.preferences))

    loop = Loop(State(mode=POINTING), QuietMouth(), None, status, [Watcher()], prefer=now.append)
    loop.feed(Preferred(1.0, "words_per_minute", 200))
    faster = replace(USUAL, words_per_minute=200)
    assert now[1:] == [faster]
    assert found == [(faster, faster)]


def test_a_volume_of_the_settings_between_two_steps_stays_until_another_is_preferred():
    settings = Settings(speech=SpeechSettings(volume=0.55))
    usual = default_preferences(settings.speech)
    assert prefer(settings, replace(usual, language="de")).speech.volume == 0.55
    assert prefer(settings, replace(usual, volume=3)).speech.volume == 0.3
    silent = Settings(speech=SpeechSettings(volume=0.0))
    assert prefer(silent, default_preferences(silent.speech)).speech.volume > 0.0


class Home:
    """A state folder, wishes, and how often everything was rendered ahead."""

    def __init__(self, folder):
        self.folder, self.rendered = folder, 0
        self.wishes = Wishes(USUAL, folder, self.render)

    def render(self):
        self.rendered += 1

    @property
    def note(self):
        path = self.folder / PREFERENCES
        return json.loads(path.read_text()) if path.exists() else None


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def test_wishes_are_put_down_once_and_not_by_whoever_hands_them_in(home):
    assert not home.wishes.take(USUAL)
    home.wishes.step()
    assert home.note is None
    assert home.wishes.take(replace(USUAL, volume=3))
    assert home.wishes.take(replace(USUAL, volume=4))
    assert home.note is None
    home.wishes.step()
    assert home.note == {"volume": 4}
    assert not home.wishes.take(replace(USUAL, volume=4))
    assert home.rendered == 0


@pytest.mark.parametrize("name", ["words_per_minute", "language"])
def test_another_way_to_speak_has_everything_rendered_anew_once(home, name):
    wanted = replace(USUAL, **{name: {"words_per_minute": 200, "language": "de"}[name]})
    home.wishes.take(wanted)
    home.wishes.step()
    home.wishes.step()
    assert home.rendered == 1
    home.wishes.take(USUAL)
    home.wishes.step()
    assert home.rendered == 2


def test_the_device_keeps_what_it_is_told_while_it_runs_and_at_its_end(home):
    keeper = Keeper((), None, None, lambda event: None, home.wishes)
    keeper.on_event(Tick(1.0), State(preferences=replace(USUAL, volume=3)))
    keeper.step(1.0)
    assert home.note == {"volume": 3}
    keeper.on_event(Tick(2.0), State(preferences=replace(USUAL, volume=2, language="de")))
    keeper.close()
    assert home.note == {"volume": 2, "language": "de"}
    assert home.rendered == 0, "nothing is rendered for a device that stops"
