"""Days at the desk on which things are taught, named, recognised, undone, renamed and forgotten, by button alone."""

from __future__ import annotations

import numpy as np
import pytest

from fingerpost.commands.replay import replay
from fingerpost.core.errors import DataError
from fingerpost.devices.buttons import KEYS
from fingerpost.devices.clips import RATE
from fingerpost.devices.replay import Recording
from fingerpost.memory.objects import ObjectStore
from fingerpost.settings import Settings
from tests.desk import BLUE, GREEN, RED, Desk, draw, speak

AWAY = draw(None, pointing=False)
TEACH = "Teaching. Point at the thing and press action."
MENU = "Menu. Action: next. Hold action: choose. Mode: up, then out. Hold both: switch off."
FORGET_ONE = "Forget which thing? Action for the next, hold it to choose."


def teach(start, samples=4):
    """The presses that lead from pointing through so many samples to "done", half a second apart."""
    presses = [(start, "mode", "short")]
    presses += [(start + 1.0 + 0.5 * number, "action", "short") for number in range(samples)]
    return presses + [(start + 1.0 + 0.5 * samples, "action", "long")]


def go(start, keys):
    """The presses of these keys, as on a keyboard, 0.4 seconds apart."""
    return [(start + 0.4 * number, *KEYS[key]) for number, key in enumerate(keys)]


def test_teach_recognise_undo_and_forget(tmp_path):
    presses = teach(1.0) + [
        (5.0, "mode", "short"),  # pointing: the tea is named
        *go(8.0, "bAAAAmm"),  # forget it; pointing: not known
        *go(13.0, "bAAMAmm"),  # undo: it is back, and named again
        *go(18.0, "bAAMAmm"),  # undo once more: it was never learned
    ]
    words = Desk(tmp_path).spend(23.0, {1.2: draw(RED)}, presses)
    assert words == [
        "Ready.", TEACH, "Learned tea.", "Pointing.", "tea",
        MENU, "Your things: 1.", "Change a thing.", "Forget a thing. I know 1.", FORGET_ONE, "tea",
        "Forgotten: tea.", "Forget a thing. I know 0.", "Your things: 0.", "Pointing.", "Not sure.",
        MENU, "Your things: 0.", "Change a thing.", "Forget a thing. I know 0.", "Undo the last change.",
        "Undone. I know tea again.", "Undo the last change.", "Your things: 1.", "Pointing.", "tea",
        MENU, "Your things: 1.", "Change a thing.", "Forget a thing. I know 1.", "Undo the last change.",
        "Undone. I no longer know tea.", "Undo the last change.", "Your things: 0.", "Pointing.", "Not sure."]


def test_a_thing_that_was_never_taught_gets_not_sure(tmp_path):
    presses = teach(1.0) + [(5.0, "mode", "short")]
    script = {1.2: draw(RED), 5.2: AWAY, 6.5: draw(GREEN), 8.0: AWAY, 9.5: draw(RED)}
    words = Desk(tmp_path).spend(11.0, script, presses)
    assert words == ["Ready.", TEACH, "Learned tea.", "Pointing.", "Not sure.", "tea"]


def test_named_by_voice_the_wearer_hears_their_own_voice_byte_for_byte(tmp_path):
    desk = Desk(tmp_path, "voice", sayings=[speak(tmp_path / "name.wav", 0.5)])
    words = desk.spend(11.0, {1.2: draw(RED)}, [*teach(1.0), (8.0, "mode", "short")])
    assert words == ["Ready.", TEACH, "Say its name.", "Learned tea.", "Pointing.", "tea"]
    with ObjectStore(tmp_path / "objects.sqlite") as store:
        thing = store.objects()[0]
        label = store.voice_label(thing.object_id)
    assert (thing.named_by, thing.samples) == ("voice", 4)
    assert label.rate == RATE
    assert 0.5 <= label.seconds <= 0.8
    said = [number for number, played in enumerate(desk.played) if played == label.samples.tobytes()]
    assert len(said) == 2, "once after 'Learned', once when it was recognised"
    assert said[-1] == len(desk.played) - 1


def test_the_label_survives_a_restart(tmp_path):
    desk = Desk(tmp_path, "voice", sayings=[speak(tmp_path / "name.wav", 0.5)])
    desk.spend(9.0, {1.2: draw(RED)}, teach(1.0))
    with ObjectStore(tmp_path / "objects.sqlite") as store:
        label = store.voice_label(store.objects()[0].object_id).samples.tobytes()
    again = Desk(tmp_path, "voice")
    assert again.spend(3.0, {1.0: draw(RED)}) == ["Ready.", "tea"]
    assert again.played[-1] == label


def test_say_more_names_the_runner_up_in_the_wearers_own_voice(tmp_path):
    desk = Desk(tmp_path, "voice", sayings=[speak(tmp_path / "names.wav", 0.4, 0.8)])
    presses = teach(1.0) + [(at + 6.0, button, kind) for at, button, kind in teach(1.0)[1:]]
    presses += [(14.0, "mode", "short"), (16.5, "action", "short"), (18.0, "action", "short")]
    words = desk.spend(20.0, {1.2: draw(RED), 7.0: draw(BLUE)}, presses)
    assert words[-4:] == ["Pointing.", "salt", "salt", "It could also be tea."]
    labels = [len(played) // 2 / RATE for played in (desk.played[-1], desk.played[-3])]
    assert labels[0] < 0.7 < labels[1], "first the longer name, then, after the words, the shorter one"


def test_nothing_heard_twice_leads_to_the_list(tmp_path):
    presses = [*teach(1.0), (14.0, "action", "short"), (15.0, "action", "long"), (16.0, "mode", "short")]
    words = Desk(tmp_path, "voice", sayings=[speak(tmp_path / "silence.wav")]).spend(18.0, {1.2: draw(RED)}, presses)
    assert words == ["Ready.", TEACH, "Say its name.", "I heard nothing. Say it again.",
                     "Choose a name: action for the next, hold it to choose.", "tea", "salt", "Learned salt.",
                     "Pointing.", "salt"]


def test_without_a_microphone_the_name_is_chosen_from_the_list(tmp_path):
    presses = [*teach(1.0), (5.0, "action", "long"), (6.0, "mode", "short")]
    words = Desk(tmp_path, "voice").spend(8.0, {1.2: draw(RED)}, presses)
    assert words[2:] == ["Choose a name: action for the next, hold it to choose.", "tea", "Learned tea.", "Pointing.",
                         "tea"]


@pytest.mark.parametrize("button", ["mode", "action", "both"])
def test_a_press_cancels_the_recording_and_the_samples_stay(tmp_path, button):
    desk = Desk(tmp_path, "voice", sayings=[speak(tmp_path / "name.wav", 0.5)])
    words = desk.spend(9.0, {1.2: draw(RED)}, [*teach(1.0), (4.6, button, "short"), (5.5, "action", "long")])
    assert words[2:] == ["Say its name.", "Cancelled.", "Say its name.", "Learned tea."]


def test_leaving_the_list_keeps_the_samples_and_they_are_told_of_later(tmp_path):
    presses = [*teach(1.0), (5.0, "mode", "short"), (6.0, "mode", "short"), (7.0, "mode", "short")]
    words = Desk(tmp_path, "list").spend(9.0, {1.2: draw(RED)}, presses)
    assert words[4:] == ["Cancelled.", "Pointing.", "Not sure.", TEACH, "Samples that wait for a name: 4."]


def test_the_samples_of_a_device_that_was_switched_off_are_told_of(tmp_path):
    Desk(tmp_path).spend(4.0, {1.2: draw(RED)}, teach(1.0)[:-1])
    words = Desk(tmp_path).spend(6.0, {}, [(1.0, "mode", "short"), (3.0, "action", "long")])
    assert words == ["Ready.", TEACH, "Samples that wait for a name: 4.", "Learned tea."]


def test_a_sample_that_looks_like_a_known_thing_is_told_once(tmp_path):
    presses = teach(1.0) + [(5.0, "action", "short"), (6.0, "action", "short"), (7.0, "action", "short")]
    words = Desk(tmp_path).spend(8.5, {1.2: draw(RED), 6.5: draw(BLUE)}, presses)
    assert words[3:] == ["Looks just like tea."]


def test_a_thing_too_far_away_is_not_sampled(tmp_path):
    desk = Desk(tmp_path)
    words = desk.spend(4.0, {1.2: draw(RED, size=20)}, [(1.0, "mode", "short"), (2.5, "action", "short")])
    assert words[2:] == ["Too far. Come closer and press again."]
    assert "[recorded]" not in [text for _, text in desk.heard]


def test_one_more_look_needs_no_name(tmp_path):
    presses = [*teach(1.0, samples=3), (5.0, "action", "short"), (6.0, "action", "long")]
    desk = Desk(tmp_path, "voice", sayings=[speak(tmp_path / "name.wav", 0.5)])
    words = desk.spend(12.0, {1.2: draw(RED)}, [(at + 3.0 * (at > 4.0), button, kind) for at, button, kind in presses])
    assert words[3:] == ["Learned tea. One more look from another side would help.", "Another look at tea.",
                         "Learned tea."]


def test_a_thing_is_renamed_by_voice(tmp_path):
    desk = Desk(tmp_path, "voice", sayings=[speak(tmp_path / "names.wav", 0.5, 0.8)])
    presses = [*teach(1.0), *go(8.0, "bAAaAA"), *go(14.0, "mm")]
    words = desk.spend(17.0, {1.2: draw(RED)}, presses)
    assert words[-8:] == ["Rename which thing? Action for the next, hold it to choose.", "tea", "Say its name.",
                          "Now called tea.", "Rename a thing. I know 1.", "Your things: 1.", "Pointing.", "tea"]
    assert len(np.frombuffer(desk.played[-1], np.int16)) > 0.8 * RATE


def test_a_thing_is_renamed_from_the_list(tmp_path):
    presses = [*teach(1.0), *go(5.0, "bAAaAAA"), *go(9.0, "mm")]
    words = Desk(tmp_path).spend(12.0, {1.2: draw(RED)}, presses)
    assert words[-6:] == ["salt", "Now called salt.", "Rename a thing. I know 1.", "Your things: 1.", "Pointing.",
                          "salt"]


def test_a_voice_that_cannot_be_read_stops_a_replay_with_one_line(tmp_path):
    with pytest.raises(DataError, match=r"none\.wav cannot be heard"):
        replay(Recording(tmp_path), Settings(), [], voice=[tmp_path / "none.wav"])
