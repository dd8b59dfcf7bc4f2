"""Models are swapped under a device that runs: it goes over to them by itself, and says so.

And kill -9 while they are installed and rolled back: the store of models always loads, and what is live is either what
was acknowledged last or what was under way.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from fingerpost import networks, wiring
from fingerpost.core import decide
from fingerpost.core.errors import ModelError
from fingerpost.core.live import PerceptionThread, run_live
from fingerpost.core.loop import Loop
from fingerpost.core.ports import Backend
from fingerpost.core.preferences import Preferences
from fingerpost.core.speech import Mouth
from fingerpost.core.state import State
from fingerpost.core.types import Fingertip, Frame
from fingerpost.devices.clocks import RealClock
from fingerpost.home import state_home
from fingerpost.installed import GENERATIONS, InstalledModels
from fingerpost.memory.learner import Learner
from fingerpost.memory.objects import ObjectStore
from fingerpost.settings import Settings
from fingerpost.upkeep import keeper, retraining
from fingerpost.upkeep.retraining import Retraining
from fingerpost.vision.crop import crop_past
from fingerpost.vision.eyes import Eyes
from fingerpost.vision.fingertip import FingertipFinder
from fingerpost.vision.preprocess import cut
from fingerpost.vision.recognise import Recogniser, TaughtHead
from tests.desk import BLUE, RED, TIP, DotFinder, draw
from tests.generations import SHIPPED, install, open_models, read_live
from tests.kills import KILLS, live_until_killed, patient
from tests.parts import EARCONS, PressedButtons, ScriptedCamera, SilentSpeaker, TonguelessVoice, english, status

BOOK = english()
ANEW, BACK = "I have learned your things anew.", "I know things as I did before."

STEPS = 12


@patient
def test_kill_9_leaves_a_model_that_loads(tmp_path, monkeypatch, caplog):
    models = open_models(tmp_path, monkeypatch)
    dice = random.Random(0)
    stack = [SHIPPED]
    for day in range(KILLS):
        plan = plan_steps(day, stack, dice)
        steps = [partial(take_step, models, content) for content, _ in plan]
        acknowledged = live_until_killed(steps, dice, STEPS, 0.005)
        possible = [stack, *(after for _, after in plan)][acknowledged:acknowledged + 2]
        found = [info.path.read_bytes() for info in reversed(models.generations("objects"))]
        assert found in possible
        assert read_live(models) == found[-1]
        assert all(problem is None for _, problem in models.verify())
        stack = found
    assert not caplog.text
    install(models, b"last")
    files = {path.name for path in models._folder.iterdir()} - {"manifest.json"}
    assert files == {info.path.name for info in models.generations("objects") if info.installed}


def plan_steps(day, stack, dice):
    """Steps (a content to install, or None to roll back), each with the generations after it, oldest first."""
    plan = []
    for number in range(STEPS):
        content = b"%d %d " % (day, number) * dice.randrange(1, 40_000) if dice.random() < 0.7 else None
        shipped, *installed = stack
        stack = [shipped, *(installed[:-1] if content is None else [*installed, content][-GENERATIONS:])]
        plan.append((content, stack))
    return plan


def take_step(models, content):
    """Install a content, or roll back to what was live before, where there is anything."""
    if content is not None:
        install(models, content)
    elif models.generations("objects")[0].installed:
        models.rollback("objects")


# A device that runs

class Desk(ScriptedCamera):
    """Shows a thing that is pointed at, or nothing and no hand."""

    def __init__(self, clock):
        super().__init__(clock)
        self.colour = None

    def latest(self, max_age):
        frame = super().latest(max_age)
        return Frame(frame.index, frame.at, draw(self.colour, pointing=self.colour is not None))


class Colours(Backend):
    """A network that tells things apart by their mean colour, its channels in an order of its own."""

    def __init__(self, order):
        self.order = list(order)

    def run(self, array):
        if not self.order:
            raise ModelError("the network fails on its input")
        return np.zeros((1, 2), np.float32), array.mean(axis=(2, 3))[:, self.order]


def make_colours(info, settings=None):
    """A recogniser by colour in the place of that model."""
    orders = {SHIPPED: (0, 1, 2), b"broken": ()}
    return Recogniser(Colours(orders.get(info.path.read_bytes(), (2, 0, 1))), info, TaughtHead(0.6, 0.06, 0.1))


class Wire(Backend):
    """A network that gives nothing, or fails."""

    def __init__(self, broken):
        self.broken = broken

    def run(self, array):
        if self.broken:
            raise ModelError("the network fails on its input")
        return ()


class Dots(FingertipFinder):
    """Finds the bright dot, as long as its network works."""

    def guess(self, pixels):
        self._backend.run(pixels)
        return DotFinder().guess(pixels)


def make_dots(info):
    """A finder in the place of that model."""
    return Dots(Wire(info.path.read_bytes() == b"broken"), info)


def open_dots():
    """That of the live model, if there is one."""
    try:
        return make_dots(InstalledModels().load("fingertip"))
    except ModelError:
        return DotFinder()


class Device:
    """A device that runs in its threads as on the glasses, over the models and the taught things of the home."""

    def __init__(self, open_recogniser):
        self._open_recogniser = open_recogniser
        self._stack, self._stop, self.heard = ExitStack(), threading.Event(), []
        self.buttons = PressedButtons()

    def __enter__(self):
        clock = RealClock()
        mouth = Mouth(SilentSpeaker(clock), TonguelessVoice(), BOOK, EARCONS, clock,
                      lambda at, text, phrase: self.heard.append(text))
        self.desk, recogniser = Desk(clock), self._open_recogniser(self._stack)
        store = self._stack.enter_context(ObjectStore(state_home() / "objects.sqlite"))
        self.learner = Learner(store, recogniser, ())
        BOOK.taught_name = self.learner.spoken_name
        self.eyes = Eyes(open_dots(), recogniser, self.learner, 0.35)
        perception = PerceptionThread(self.eyes, self.desk, clock)
        body = SimpleNamespace(eyes=self.eyes, learner=self.learner, preferences=Preferences())
        upkeep = self._stack.enter_context(wiring.open_keeper(Settings(), body, clock, perception.events.put))
        loop = self._loop = Loop(State(), mouth, perception.submit, status, [upkeep])
        self._thread = threading.Thread(target=run_live, daemon=True, args=(
            loop, mouth, perception, self.buttons, clock, self._stop))
        self._thread.start()
        self.hears("Ready.")
        return self

    def __exit__(self, *details):
        self._stop.set()
        self._thread.join(10)
        self._stack.close()

    def goes_over(self, info):
        """Wait until that network is the one by which everything is known."""
        while self.learner.backbone != info.sha256 or self.learner.is_renewing:
            time.sleep(0.01)

    def hears(self, words, seconds=60):
        """Wait for the words, which are told once, and forget them."""
        end = time.monotonic() + seconds
        while words not in self.heard:
            assert time.monotonic() < end, f"never heard {words!r}, but {self.heard}"
            time.sleep(0.01)
        self.heard.remove(words)

    def names(self, colour, name):
        """Point at the thing of that colour until it is named, then take the finger away."""
        self.desk.colour = colour
        self.hears(name)
        self.desk.colour = None
        self.heard.clear()

    def waits_until_the_news_is_told(self):
        while self._loop.state.news:
            time.sleep(0.01)

    def press(self, button, kind="short"):
        self.buttons.press(button, kind, time.monotonic())


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A home where one model ships and two things were taught, and devices that look often."""
    models = open_models(tmp_path, monkeypatch)
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(decide, "NEWS_SECONDS", 0.5)
    monkeypatch.setattr(networks, "make_recogniser", make_colours)
    monkeypatch.setattr(networks, "open_finder", lambda stack, settings, info: make_dots(info))
    install(models, b"dots", "fingertip")
    box = crop_past(Fingertip(*TIP, (0.0, -1.0), 0.99, length=60.0), 320, 240, 0.35)
    with ObjectStore(state_home() / "objects.sqlite") as store:
        learner = Learner(store, make_colours(models.load("objects")), ())
        for name, colour in (("tea", RED), ("salt", BLUE)):
            learner.teach(name, [cut(draw(colour), box)] * 3)
    return models


def by_colour(stack):
    return make_colours(InstalledModels().load("objects"))


def test_where_the_four_runs_of_a_look_take_longer_than_a_finger_may_be_lost_things_are_named(models, monkeypatch):
    run = Colours.run
    monkeypatch.setattr(Colours, "run", lambda network, array: time.sleep(0.12) or run(network, array))
    with Device(by_colour) as device:
        device.names(RED, "tea")


def test_a_running_device_goes_over_to_another_model_and_back_and_says_so(models):
    with Device(by_colour) as device:
        device.names(RED, "tea")
        install(models, b"first")
        device.hears(ANEW)
        device.names(BLUE, "salt")
        models.rollback("objects")
        device.hears(BACK)
        device.names(RED, "tea")
        assert not {ANEW, BACK} & set(device.heard)


def test_a_sleeping_device_goes_over_too_and_says_so_when_it_is_woken(models):
    with Device(by_colour) as device:
        device.press("mode", "long")
        device.hears("Sleeping.")
        info = install(models, b"first")
        device.goes_over(info)
        assert ANEW not in device.heard
        device.press("mode")
        device.hears("Awake.")
        device.hears(ANEW)
        device.names(RED, "tea")


def test_after_a_restart_it_says_so_once_the_things_are_known_again(models):
    with Device(by_colour):
        pass
    install(models, b"first")
    with Device(by_colour) as device:
        device.hears(ANEW)
        device.waits_until_the_news_is_told()
        device.names(BLUE, "salt")
    with Device(by_colour) as device:
        device.names(RED, "tea")
        assert ANEW not in device.heard


def test_what_happened_while_it_slept_is_told_after_a_restart(models):
    with Device(by_colour) as device:
        device.press("mode", "long")
        device.hears("Sleeping.")
        info = install(models, b"first")
        device.goes_over(info)
        time.sleep(0.2)
        assert ANEW not in device.heard
    with Device(by_colour) as device:
        device.hears(ANEW)


def test_a_model_that_cannot_run_does_not_take_over(models, caplog):
    with Device(by_colour) as device:
        install(models, b"broken")
        while "the model that runs stays" not in caplog.text:
            time.sleep(0.01)
        device.names(RED, "tea")
        install(models, b"sound")
        device.hears(ANEW)
    assert len(caplog.records) == 1


FOUND, FOUND_BACK = "I look for your finger in a new way.", "I look for your finger as I did before."


def test_a_running_device_goes_over_to_another_fingertip_network_and_back_and_says_so_once(models):
    with Device(by_colour) as device:
        device.names(RED, "tea")
        info = install(models, b"better dots", "fingertip")
        device.hears(FOUND)
        assert device.eyes.finder.backbone == info.sha256
        device.names(BLUE, "salt")
        device.waits_until_the_news_is_told()
    with Device(by_colour) as device:
        device.names(RED, "tea")
        assert FOUND not in device.heard
        models.rollback("fingertip")
        device.hears(FOUND_BACK)


def test_a_fingertip_network_that_cannot_run_does_not_take_over(models, caplog):
    with Device(by_colour) as device:
        install(models, b"broken", "fingertip")
        while "the model that runs stays" not in caplog.text:
            time.sleep(0.01)
        device.names(RED, "tea")
    assert len(caplog.records) == 1


def test_two_networks_at_once_are_told_of_one_after_the_other(models):
    with Device(by_colour) as device:
        device.press("mode", "long")
        device.hears("Sleeping.")
        install(models, b"better dots", "fingertip")
        device.goes_over(install(models, b"first"))
        device.press("mode")
        device.hears("Awake.")
        for words in (ANEW, FOUND):
            device.hears(words)


# `fingerpost train taught` with an examination that everything passes: how it judges is tested elsewhere.
TRAIN = """
import sys
from fingerpost.cli import main
from fingerpost.learning.naming import retrain
retrain.NICENESS, retrain.is_no_worse = 0, lambda new, live: True
sys.exit(main(["train", "taught", *sys.argv[1:]]))
"""


@pytest.mark.timeout(900)  # three processes load torch, one after the other, on a machine that may be busy
def test_the_swap_and_rollback_of_a_retrained_model_spoken(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from tests.retraining import settle, ship_network, teach_mug, write_data

    settle(ship_network(tmp_path / "network"), tmp_path, monkeypatch)
    write_data(tmp_path / "data")
    teach_mug()
    command = [sys.executable, "-c", TRAIN, "--data", tmp_path / "data", "--scope", "last", "--threads", "1",
               "--", "--epochs", "1", "--batch", "8", "--hold-out", "0.2"]
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(retraining, "NICENESS", 0)  # a test must not wait for whatever else runs here
    monkeypatch.setattr(wiring, "plan_retraining", lambda settings, taught, folder, powered: Retraining(
        [str(word) for word in command], 0.0, taught, folder))
    models = InstalledModels()
    shipped = models.load("objects")
    with Device(lambda stack: networks.open_recogniser(stack, Settings())) as device:
        device.hears(ANEW, 800)
        retrained = models.load("objects")
        assert retrained.labels == ("Blue", "Red", "taught:1", "other")
        assert device.learner.backbone == retrained.sha256
        models.rollback("objects")
        device.hears(BACK)
        assert device.learner.backbone == shipped.sha256
        assert device.learner.likeness("taught:1") > 0.9, "the thing is known again"
        while not (state_home() / "retrained.json").exists():
            time.sleep(0.1)  # the process that has retrained takes a while to end
    assert (state_home() / "retrained.json").read_text() == '{"taught:1": 5}'
