"""Sound that is pulled, plugged in again, plugged in late, or never there."""

from __future__ import annotations

import threading
import time
import wave

import numpy
import pytest

from fingerpost.core.types import Clip
from fingerpost.devices import pluggable
from fingerpost.devices.clips import RATE
from fingerpost.devices.clocks import RealClock
from fingerpost.devices.pluggable import PluggableSpeaker
from fingerpost.devices.replay import SimulatedClock
from tests.sockets import HEADSET, PulledSpeaker, Sockets


def clip(level: int, seconds: float = 0.05) -> Clip:
    """A clip that is known by its level."""
    return Clip(numpy.full(round(seconds * RATE), level, numpy.int16), RATE)


GREETING = clip(9)


@pytest.fixture
def sockets(monkeypatch):
    monkeypatch.setattr(PluggableSpeaker, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(PulledSpeaker, "played", [])
    return Sockets()


@pytest.fixture
def speaker(sockets, tmp_path):
    """Not open yet."""
    speaker = PluggableSpeaker(sockets, tmp_path / "out.wav", RealClock(), GREETING)
    yield speaker
    speaker.close()


def heard(card=HEADSET):
    """The levels of what was heard on a card, one after the other."""
    found = []
    for played_on, played in PulledSpeaker.played:
        levels = played.samples.tolist() if played_on == card else []
        found += [level for level, before in zip(levels, [None] + levels) if level != before]
    return found


def wait_until(condition):
    deadline = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def say(speaker, *levels):
    """What the mouth does: each clip after the one before."""
    for level in levels:
        speaker.play(clip(level))
        wait_until(lambda: not speaker.busy())


def test_a_volume_holds_for_the_card_in_use_and_for_the_one_that_comes_next(sockets, speaker):
    speaker.open()
    assert sockets.volumes == []
    speaker.set_volume(0.5)
    assert sockets.volumes == [(HEADSET, 0.5)]
    sockets.card = None
    wait_until(lambda: speaker._lost)
    speaker.set_volume(0.3)
    other = HEADSET._replace(number=5, made=2)
    sockets.card = other
    wait_until(lambda: heard(other))
    assert sockets.volumes[-1] == (other, 0.3)


def test_words_that_nobody_heard_are_said_when_the_card_is_back_with_another_number(sockets, speaker, caplog):
    speaker.open()
    speaker.play(clip(1))
    speaker.hush()
    sockets.card = None
    wait_until(lambda: "it was pulled" in caplog.text)
    say(speaker, 2, 3)
    back = HEADSET._replace(number=1, made=5)
    sockets.card = back
    wait_until(lambda: heard(back))
    assert heard(back) == [9, 2, 3]
    assert heard() == [1]
    speaker.play(clip(4))
    assert heard(back) == [9, 2, 3, 4]
    assert "out.wav" in caplog.text


def test_what_was_cut_off_by_the_pull_is_said_again(sockets, speaker, caplog):
    speaker.open()
    speaker.play(clip(1))
    sockets.card = None
    wait_until(lambda: "it was pulled" in caplog.text)
    sockets.card = HEADSET
    wait_until(lambda: len(heard()) > 1)
    assert heard() == [1, 9, 1]


def test_a_card_that_was_pulled_and_is_back_between_two_looks_is_opened_anew(sockets, speaker):
    speaker.open()
    back = HEADSET._replace(made=HEADSET.made + 1)
    sockets.card = back
    wait_until(lambda: heard(back))
    assert heard(back) == [9]


def test_what_was_hushed_or_replaced_is_not_said_later(sockets, speaker, caplog):
    speaker.open()
    sockets.card = None
    wait_until(lambda: "it was pulled" in caplog.text)
    speaker.play(clip(2))
    speaker.hush()
    speaker.play(clip(3, seconds=600.0))
    speaker.play(clip(4))
    sockets.card = HEADSET
    wait_until(heard)
    assert heard() == [9, 4]


def test_only_the_last_words_are_kept(sockets, speaker, caplog, monkeypatch):
    monkeypatch.setattr(PluggableSpeaker, "KEPT_SECONDS", 0.12)
    speaker.open()
    sockets.card = None
    wait_until(lambda: "it was pulled" in caplog.text)
    say(speaker, 1, 2, 3, 4)
    sockets.card = HEADSET
    wait_until(heard)
    assert heard() == [9, 3, 4]


def test_a_pulled_card_is_waited_for_for_the_systems_choice_may_be_mute(sockets, speaker, caplog):
    speaker.open()
    sockets.card, sockets.default_works = None, True
    wait_until(lambda: "it was pulled" in caplog.text)
    opens = sockets.opens
    say(speaker, 2, 3)
    assert heard(None) == []
    assert sockets.opens == opens


def test_a_card_that_is_plugged_in_late_takes_over_from_the_systems_choice(sockets, speaker):
    sockets.card, sockets.default_works = None, True
    speaker.open()
    say_on_system = clip(1)
    speaker.play(say_on_system)
    speaker.hush()
    sockets.card = HEADSET
    wait_until(heard)
    assert (heard(None), heard()) == ([1], [9])


def test_a_card_that_could_not_be_opened_at_the_start_takes_over_once_it_can(sockets, speaker, monkeypatch):
    sockets.card_works, sockets.default_works = False, True
    monkeypatch.setattr(PluggableSpeaker, "LOOK_SECONDS", 0.3)
    speaker.open()
    speaker.play(clip(1))
    monkeypatch.setattr(PluggableSpeaker, "LOOK_SECONDS", 0.01)
    time.sleep(0.4)
    assert sockets.opens == 2, "what is being said is not cut off for an attempt"
    speaker.hush()
    wait_until(lambda: sockets.opens > 6)
    assert heard(None) == [1], "the makeshift is back after each attempt, and greets nobody"
    sockets.card_works = True
    wait_until(heard)
    assert heard() == [9]
    speaker.play(clip(2))
    assert (heard(None), heard()) == ([1], [9, 2])


def test_words_that_fall_into_an_attempt_are_said_on_the_makeshift(sockets, speaker, monkeypatch):
    sockets.card_works, sockets.default_works = False, True
    speaker.open()
    tried, go_on = threading.Event(), threading.Event()

    def hold_up(card, make=sockets.make):
        tried.set()
        assert go_on.wait(20.0)
        return make(card)

    monkeypatch.setattr(sockets, "make", hold_up)
    assert tried.wait(20.0)
    speaker.play(clip(3))
    assert heard(None) == []
    go_on.set()
    wait_until(lambda: heard(None))
    assert heard(None) == [3]


def test_where_the_card_that_never_played_is_pulled_the_systems_choice_plays_on(sockets, speaker, caplog):
    sockets.card_works, sockets.default_works = False, True
    speaker.open()
    sockets.card = None
    wait_until(lambda: "it was pulled" in caplog.text)
    wait_until(lambda: heard(None))
    assert heard(None) == [9]
    speaker.play(clip(1))
    assert heard(None) == [9, 1]


def test_without_any_output_the_words_go_to_the_file_until_there_is_one(sockets, speaker, tmp_path, caplog):
    sockets.card = None
    speaker.open()
    say(speaker, 1)
    assert "goes to" in caplog.text
    sockets.default_works = True
    wait_until(lambda: heard(None))
    assert heard(None) == [9, 1]
    wait_until((tmp_path / "out.wav").is_file)


def test_attempts_become_rarer_while_there_is_nothing(sockets, speaker, monkeypatch):
    sockets.card = None
    speaker.open()
    looks = []
    monkeypatch.setattr(sockets, "find_card", lambda: looks.append(0))
    first = sockets.opens
    wait_until(lambda: len(looks) > 60)
    assert sockets.opens - first < 12


def test_a_card_that_plays_no_more_but_is_still_listed_is_opened_anew(sockets, speaker):
    speaker.open()
    broken = speaker._speaker
    broken._sockets = Sockets()
    broken._sockets.card = None
    speaker.play(clip(2))
    wait_until(heard)
    assert heard() == [9, 2]


def test_an_error_while_cards_are_looked_for_is_survived_and_logged_once(sockets, speaker, monkeypatch, caplog):
    speaker.open()
    looks = []

    def vanish():
        looks.append(1)
        raise FileNotFoundError("card2 has gone in the middle of it")

    monkeypatch.setattr(sockets, "find_card", vanish)
    wait_until(lambda: len(looks) > 5)
    assert caplog.text.count("FileNotFoundError: card2 has gone") == 1
    monkeypatch.undo()
    monkeypatch.setattr(PluggableSpeaker, "LOOK_SECONDS", 0.01)
    sockets.card = HEADSET._replace(made=8)
    wait_until(lambda: heard(sockets.card))


def test_an_error_while_an_output_is_given_up_is_no_reason_to_forget_that_it_has_gone(sockets, speaker, monkeypatch):
    speaker.open()
    speaker.play(clip(1))
    failures = [RuntimeError("the driver is upset")]

    def busy():
        if failures:
            raise failures.pop()
        return False

    speaker._speaker.busy = busy
    sockets.card = HEADSET._replace(made=8)
    wait_until(lambda: heard(sockets.card))
    assert not failures


def test_an_output_that_hangs_while_it_is_closed_shows_in_the_heartbeat(sockets, tmp_path, monkeypatch):
    monkeypatch.setattr(pluggable, "CARDS_PATIENCE_SECONDS", 0.3)
    with PluggableSpeaker(sockets, tmp_path / "out.wav", RealClock()) as speaker:
        driver = threading.Event()
        speaker._speaker.close = driver.wait
        assert not speaker.heartbeat.is_lost
        sockets.card = HEADSET._replace(made=8)
        wait_until(lambda: speaker.heartbeat.is_lost)
        driver.set()
        wait_until(lambda: not speaker.heartbeat.is_lost)
    assert speaker.heartbeat.silent_seconds == 0.0, "it has ended in order"


def test_a_device_that_is_mute_for_a_day_leaves_a_short_file(sockets, tmp_path):
    clock = SimulatedClock()
    sockets.card = None
    speaker = PluggableSpeaker(sockets, tmp_path / "out.wav", clock)
    with speaker:
        for _ in range(24):
            speaker.play(clip(1))
            clock.sleep(3600.0)
    with wave.open(str(tmp_path / "out.wav"), "rb") as file:
        assert file.getnframes() == speaker.FILE_SECONDS * RATE


def test_a_closed_speaker_looks_for_nothing(sockets, speaker):
    speaker.open()
    speaker.close()
    opens, sockets.card = sockets.opens, HEADSET._replace(made=7)
    time.sleep(0.1)
    assert sockets.opens == opens
