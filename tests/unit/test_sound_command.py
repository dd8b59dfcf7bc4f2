"""`fingerpost sound test` and `fingerpost buttons test`, and the speaker on real ALSA: who hears what."""

from __future__ import annotations

import threading
import wave

import numpy
import pytest

from fingerpost import cli
from fingerpost.commands import buttons as buttons_command
from fingerpost.core.types import ACTION, LONG, MODE, SHORT
from fingerpost.devices.clips import RATE
from fingerpost.devices.pins import is_jetson
from tests.alsa import LIBRARY, read_card, run_with_cards
from tests.board import Board, have_library
from tests.parts import PressedButtons
from tests.sockets import plug

needs_alsa = pytest.mark.skipif(LIBRARY is None, reason="there is no ALSA library: apt install libasound2")

SOUND_TEST = """
import sys
from pathlib import Path
from fingerpost import cli
from fingerpost.commands import sound
from fingerpost.devices.cards import list_cards
from fingerpost.devices.sound import PygameSpeaker
sound.list_cards = lambda: list_cards(Path(sys.argv[1]))
sound.LOOK_SECONDS, PygameSpeaker.BUFFERED_SECONDS = 0.002, 0.0  # these cards are fast, and fill the disk
sys.exit(cli.main(["sound", "test"]))
"""

TALK = """
import sys, time
from pathlib import Path
import numpy
from fingerpost.core.types import Clip
from fingerpost.devices.pluggable import Outputs, PluggableSpeaker
from fingerpost.devices.clocks import RealClock
from tests.sockets import plug

def say(level):
    speaker.play(Clip(numpy.full(2205, level, numpy.int16), 22050))
    while speaker.busy():
        time.sleep(0.01)

def wait_for(condition):
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)

asound = Path(sys.argv[1])
"""

UNPLUG = TALK + """
PluggableSpeaker.LOOK_SECONDS = 0.05
with PluggableSpeaker(Outputs(asound=asound), Path("out.wav"), RealClock()) as speaker:
    say(1000)
    plug(asound, "hdmi")
    wait_for(lambda: speaker._lost)
    Path("Device-0.raw").rename("before.raw")
    say(2000)
    plug(asound, "mute Camera", "hdmi", "Device")
    wait_for(lambda: not speaker._lost)
    time.sleep(0.1)
    say(3000)
"""

CLOSED = TALK + """
from fingerpost.devices.cards import list_cards
from fingerpost.devices.sound import PygameSpeaker

class WithScreen(Outputs):
    def make(self, card):
        return [PygameSpeaker(pcm=wanted or card.pcm), PygameSpeaker(pcm=list_cards(asound)[0].pcm)]

wanted = "plughw-that-cannot-be-opened"
PluggableSpeaker.LOOK_SECONDS = 1.0
with PluggableSpeaker(WithScreen(asound=asound), Path("out.wav"), RealClock()) as speaker:
    say(1000)
    Path("tegrahda-3.raw").rename("before.raw")
    PluggableSpeaker.LOOK_SECONDS = 0.05
    wait_for(Path("tegrahda-3.raw").exists)  # it was tried again, and the screen is back
    wanted = ""
    wait_for(lambda: speaker._had_best and not speaker._lost)
    time.sleep(0.1)
    say(2000)
"""


def spoken_clips(folder):
    """Every clip that was rendered, as samples."""
    clips = []
    for path in (folder / "state" / "clips").rglob("*.wav"):
        with wave.open(str(path), "rb") as file:
            assert file.getframerate() == RATE
            clips.append(numpy.trim_zeros(numpy.frombuffer(file.readframes(file.getnframes()), "<i2")))
    return clips


@needs_alsa
def test_each_card_says_itself_which_one_it_is(tmp_path):
    done = run_with_cards(SOUND_TEST, tmp_path, [str(plug(tmp_path / "asound", "hdmi", "mute Camera", "Device"))])
    printed = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert 'card 0, tegra-hda: device = "tegrahda" ... played' in printed
    assert 'card 2, USB Audio Device (USB): device = "Device" ... played' in printed
    assert "Camera" not in printed
    assert "These settings use card 2, USB Audio Device." in printed
    first, second = read_card(tmp_path, "tegrahda-3"), read_card(tmp_path, "Device-0")
    assert len(first) > RATE // 2
    assert len(second) > RATE // 2
    assert not numpy.array_equal(first, second)
    if "voice" not in done.stderr.decode():
        clips = [clip.tolist() for clip in spoken_clips(tmp_path)]
        assert first.tolist() in clips
        assert second.tolist() in clips


@needs_alsa
def test_a_card_that_is_pulled_and_comes_back_with_another_number_says_what_was_missed(tmp_path):
    done = run_with_cards(UNPLUG, tmp_path, [str(plug(tmp_path / "asound", "hdmi", "Device"))])
    assert done.returncode == 0, done.stderr.decode()
    before, after = read_card(tmp_path, "before"), read_card(tmp_path, "Device-0")
    assert set(before.tolist()) == {1000}
    assert len(before) == 2205
    assert [level for level in (1000, 2000, 3000) if numpy.any(after == level)] == [2000, 3000]
    assert numpy.count_nonzero(after == 2000) == 2205
    assert read_card(tmp_path, "tegrahda-3").size == 0


@needs_alsa
def test_a_card_that_cannot_be_opened_at_first_is_played_on_once_it_can(tmp_path):
    done = run_with_cards(CLOSED, tmp_path, [str(plug(tmp_path / "asound", "hdmi", "Device"))])
    assert done.returncode == 0, done.stderr.decode()
    assert set(read_card(tmp_path, "before").tolist()) == {1000}
    assert numpy.count_nonzero(read_card(tmp_path, "Device-0") == 2000) == 2205
    assert read_card(tmp_path, "tegrahda-3").size == 0


def test_without_any_sound_the_remedy_is_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SDL_AUDIODRIVER", "none-such")
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    assert cli.main(["sound", "test"]) == 1
    printed = capsys.readouterr()
    assert "cannot be played on" in printed.out
    assert printed.err.strip().splitlines()[-1].startswith("fingerpost: nothing can be heard: plug in")


def test_each_press_is_printed_with_its_kind(monkeypatch, capsys):
    monkeypatch.setenv("SDL_AUDIODRIVER", "none-such")
    pressed = PressedButtons()
    pressed.press(MODE, SHORT)
    pressed.press(ACTION, LONG)
    monkeypatch.setattr(buttons_command, "choose_buttons", lambda settings: pressed)
    assert cli.main(["buttons", "test", "--seconds", "0.05"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("Buttons on the keyboard")
    assert printed[1:] == ["mode short", "action long", "2 presses."]


@pytest.mark.skipif(bool(have_library()), reason=str(have_library()))
def test_on_the_header_the_pins_and_the_length_of_a_hold_are_printed(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SDL_AUDIODRIVER", "none-such")
    board = Board()
    board.install(monkeypatch)
    settings = tmp_path / "settings.toml"
    settings.write_text('[buttons]\nsource = "gpio"\nprofile = "jetson-nano"\n')
    presses = []
    look = buttons_command.Watch.look

    def look_and_press(watch):
        look(watch)
        printed = capsys.readouterr().out
        presses.append(printed)
        if len(presses) == 10:
            board.low.add(31)
        if "action long" in printed:
            board.low.discard(31)
        if "was held" in printed:
            raise KeyboardInterrupt

    monkeypatch.setattr(buttons_command.Watch, "look", look_and_press)
    assert cli.main(["buttons", "test", "--settings", str(settings), "--seconds", "60"]) == 0
    printed = "".join(presses)
    assert "mode on pin 29, action on pin 31" in printed
    assert printed.index("action long") < printed.index("action was held for 0.")
    assert capsys.readouterr().out.endswith("1 press.\n")
    assert not any(thread.name == "buttons" for thread in threading.enumerate())


@pytest.mark.skipif(is_jetson(), reason="this machine has a header")
def test_buttons_that_are_not_there_are_one_line(tmp_path, capsys):
    settings = tmp_path / "settings.toml"
    settings.write_text('[buttons]\nsource = "gpio"\nmode_pin = 29\naction_pin = 31\n')
    assert cli.main(["buttons", "test", "--settings", str(settings)]) == 1
    error = capsys.readouterr().err.strip()
    assert "\n" not in error
    assert 'source = "keyboard"' in error or "usermod" in error
