"""A day on which the board gets hot and the battery empty: words that the wearer hears. All is put together as by
`fingerpost run`, over files like the kernel's."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest

from fingerpost import life, sayings, wiring
from fingerpost.body import Body
from fingerpost.core.actions import Pace
from fingerpost.core.events import Vitals
from fingerpost.core.live import PerceptionThread
from fingerpost.core.loop import Loop, Observer
from fingerpost.core.playback import Playback
from fingerpost.core.speech import Mouth
from fingerpost.core.state import State
from fingerpost.core.types import Clip, Frame
from fingerpost.devices import sensors
from fingerpost.devices.clocks import RealClock, SimulatedClock
from fingerpost.settings import Settings
from fingerpost.upkeep import keeper, vitals
from fingerpost.upkeep.laststop import RUNNING
from tests.machines import NANO
from tests.parts import (
    BLANK,
    EARCONS,
    RATE,
    PressedButtons,
    ScriptedCamera,
    ScriptedEyes,
    SilentSpeaker,
    TonguelessVoice,
    english,
    status,
)

ZONE = "sys/class/thermal/thermal_zone0/temp"
BATTERY = {"sys/class/power_supply/BAT0/capacity": "60\n", "sys/class/power_supply/BAT0/status": "Discharging\n"}
PATIENCE_SECONDS = 20.0


class RestedEyes(ScriptedEyes):
    """They note how often they may rest."""

    rests, news, way = 0, "", "crop"

    def rest(self, at):
        self.rests += 1


class SlowVoice(TonguelessVoice):
    """Takes half a second for whatever it says."""

    def render(self, texts):
        self.rendered.update({text: Clip(EARCONS["ready"].samples.repeat(10), RATE) for text in texts})


class Day:
    """A whole device, but for its networks, its sound and its buttons; the files of its kernel lie below `root`."""

    def __init__(self, root, monkeypatch):
        self.root, self.clock, self.stop = root, RealClock(), threading.Event()
        self.eyes, self.speaker, self.buttons = RestedEyes((300.0, 200.0)), SilentSpeaker(self.clock), PressedButtons()
        self.words, self.ends = [], []
        mouth = Mouth(self.speaker, SlowVoice(), english(), EARCONS, self.clock,
                      lambda at, text, phrase: self.words.append(text))
        self.settings = replace(Settings(), decision=replace(Settings().decision, eased_seconds=0.0))
        body = Body(self.eyes, mouth, english(), None, None,
                    SimpleNamespace(waiting=lambda: 0, free_names=tuple, taught=(), is_relearning=False),
                    self.settings, None, [mouth.heartbeat])
        self._build(body, monkeypatch)
        monkeypatch.setattr(vitals, "READ_SECONDS", 0.0)
        monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.02)
        self.write(**NANO, **BATTERY)
        files = sensors.Files(root)
        monkeypatch.setattr(life, "Files", lambda: files)
        self._thread = threading.Thread(target=self._run)

    def _build(self, body, monkeypatch):
        attendant = Observer()
        attendant.go_to_door = None
        camera = ScriptedCamera(self.clock)
        camera.heartbeat = self.speaker.heartbeat = body.mouth.heartbeat

        def assemble(stack, *given, **options):
            stack.callback(lambda: self.ends.append("the store is closed"))
            return body

        def open_keeper(settings, body, clock, tell, attendant, duties):
            return keeper.Keeper((), None, clock, tell, duties=duties)

        parts = {"assemble": assemble, "open_keeper": open_keeper, "open_microphone": lambda *given: None,
                 "open_camera": lambda *given: camera, "open_buttons": lambda *given: self.buttons,
                 "open_window": lambda *given: (Observer(), attendant)}
        for name, part in parts.items():
            monkeypatch.setattr(wiring, name, part)
        monkeypatch.setattr(sayings, "render_ahead", lambda body: None)

    def write(self, **files):
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def _run(self):
        with ExitStack() as stack:
            start = life.Start(self.settings, self.clock, self.speaker, with_lesson=False)
            life.Life(stack, start).run(self.stop)
            self.ends.append("still talking" if self.speaker.busy() else "all is said")
        self.ends.append("the note is gone" if not (self.root / "state" / RUNNING).exists() else "the note lies there")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *details):
        self.stop.set()
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()

    def wait_for_its_end(self):
        self._thread.join(PATIENCE_SECONDS)

    def hears(self, words):
        """Wait until the words have been said."""
        wait_for(lambda: words in self.words, lambda: f"never heard {words!r}, but {self.words}")
        self.words.remove(words)


def wait_for(is_so, complain, seconds=PATIENCE_SECONDS):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            pytest.fail(complain())
        time.sleep(0.01)


@pytest.fixture
def day(tmp_path, monkeypatch):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("FINGERPOST_OFF_NOTE", str(tmp_path / "off"))
    return Day(tmp_path, monkeypatch)


def test_a_hot_day(day):
    with day:
        day.hears("kiwi")
        day.write(**{ZONE: "88000\n"})
        day.hears("The board is getting hot. I look less often.")
        day.write(**{ZONE: "99000\n"})
        day.hears("Too hot. I rest until it is cooler.")
        wait_for(lambda: day.eyes.rests, lambda: "the eyes are never let rest")
        seen = len(day.eyes.seen)
        day.eyes.rests = 0
        wait_for(lambda: day.eyes.rests > 20, lambda: "the eyes do not rest on")
        assert len(day.eyes.seen) == seen
        day.buttons.press("action", at=day.clock.now())
        day.hears("Too hot. I rest until it is cooler.")
        day.write(**{ZONE: "85500\n"})
        day.hears("Cool again. I look again.")
        day.hears("kiwi")
        day.write(**{ZONE: "60000\n"})
        day.hears("I look as often as before.")
    assert day.ends[1:] == ["the store is closed", "the note is gone"]


def test_an_empty_battery_switches_the_device_off_once_all_is_said_and_kept(day, tmp_path):
    with day:
        day.hears("kiwi")
        day.write(**{"sys/class/power_supply/BAT0/capacity": "9\n"})
        day.hears("The battery is at 9 percent. Charge it soon.")
        day.write(**{"sys/class/power_supply/BAT0/capacity": "3\n"})
        day.hears("The battery is empty. I switch off.")
        day.wait_for_its_end()
    assert day.ends == ["all is said", "the store is closed", "the note is gone"]
    assert (tmp_path / "off").exists(), "the board goes off now"


def test_a_farewell_by_button_is_heard_to_its_end(day, tmp_path):
    with day:
        day.hears("kiwi")
        for _ in range(3):
            day.buttons.press("both", "long")
        day.hears("Goodbye.")
        day.wait_for_its_end()
    assert day.ends == ["all is said", "the store is closed", "the note is gone"]
    assert (tmp_path / "off").exists()


@pytest.mark.parametrize(("per_second", "most"), [(5.0, 51), (0.0, 0)])
def test_a_spared_board_looks_at_so_many_pictures_a_second(per_second, most):
    clock = SimulatedClock()
    eyes = RestedEyes()
    perception = PerceptionThread(eyes, ScriptedCamera(clock), clock)
    perception.submit(Pace(per_second))
    while clock.now() < 10.0:
        perception._turn()
    assert 0.8 * most <= len(eyes.seen) <= most
    perception.submit(Pace(None))
    while clock.now() < 11.0:
        perception._turn()
    assert len(eyes.seen) > most + 90, "it works as hard as before"


def test_a_recording_is_played_to_its_end_whatever_the_board():
    clock, words = SimulatedClock(), []
    eyes = ScriptedEyes((300.0, 200.0))
    mouth = Mouth(SilentSpeaker(clock), TonguelessVoice(), english(), EARCONS, clock,
                  lambda at, text, phrase: words.append(text))
    playback = Playback(eyes, PressedButtons(), clock)
    loop = Loop(State(announced=True), mouth, playback.submit, status)

    def play(**vitals):
        """Two seconds of the recording; returns what is heard."""
        loop.feed(Vitals(clock.now(), **vitals))
        words.clear()
        begin = clock.now()
        playback.run(loop, mouth, [Frame(number, begin + number / 10, BLANK) for number in range(1, 21)])
        return [text for text in words if not text.startswith("[")]

    assert play(celsius=50.0) == ["Ready.", "kiwi"]
    assert play(celsius=99.0) == ["Too hot. I rest until it is cooler."]
    assert play(celsius=86.0) == ["Cool again. I look again.", "kiwi"]
    assert len(eyes.seen) == 60
