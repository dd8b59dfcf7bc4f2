"""A device that runs goes over to another fingertip network or detector between two frames, and closes the old one."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fingerpost import networks
from fingerpost.core.actions import ChangeWay
from fingerpost.core.errors import ModelError
from fingerpost.core.events import ModelChanged
from fingerpost.core.ports import Backend
from fingerpost.core.types import Frame
from fingerpost.settings import Settings
from fingerpost.vision.detect import Detector
from fingerpost.vision.eyes import Eyes
from fingerpost.vision.fingertip import FingertipFinder
from fingerpost.vision.look import BoxLooker
from fingerpost.vision.offset import TipOffset
from tests.desk import ColourRecogniser
from tests.generations import install, open_models
from tests.shelf import INFO, ColourNet

BLACK = np.zeros((240, 320, 3), np.uint8)


class Network(Backend):
    """Says of every picture how sure it is of a finger; fails once it is closed."""

    def __init__(self, logit=0.0):
        self.logit, self.is_open = logit, False

    def open(self):
        self.is_open = True

    def close(self):
        self.is_open = False

    def run(self, array):
        if not self.is_open or self.logit is None:
            raise ModelError("the network fails on its input")
        return np.zeros((1, 6), np.float32), np.array([[self.logit]], np.float32)


class Shelf(ColourNet):
    """A detector's network that knows whether it was let go of."""

    is_open = True

    def close(self):
        self.is_open = False


def make_finder(info):
    """A finder that is the surer, the longer its file; one that is "broken" opens, but cannot run."""
    content = info.path.read_bytes()
    network = Network(None if content == b"broken" else len(content) / 3)
    network.open()
    return FingertipFinder(network, info)


def open_finder(stack, settings, info):
    """The same, until the stack ends."""
    finder = make_finder(info)
    stack.callback(finder.close)
    opened.append(finder)
    return finder


opened = []
"""Every one that was opened so."""


class Device:
    """Eyes, and what keeps their networks at those that are live."""

    def __init__(self, models):
        self.finder = make_finder(models.load("fingertip"))
        self.eyes = Eyes(self.finder, ColourRecogniser(), SimpleNamespace(renew=lambda: None), 0.35,
                         open_whole=lambda past: BoxLooker(self.open_detector(), ColourRecogniser(), past))
        self.models, self.index = models, 0
        learner = SimpleNamespace(backbone=models.load("objects").sha256, is_renewing=False, taught=())
        self.successions = networks.plan_successions(Settings(), self.eyes, learner)

    def open_detector(self):
        return networks.open_detector(ExitStack(), Settings(), self.models.load("detector"))

    def look_after(self):
        """What is told, and remembered as told."""
        told = []
        for succession in self.successions:
            event = succession.step(1.0)
            if event is not None:
                told.append(event)
                succession.remember()
        return told

    def see(self):
        self.index += 1
        return self.eyes.see(Frame(self.index, self.index / 10, BLACK)).fingertip


@pytest.fixture
def models(tmp_path, monkeypatch):
    models = open_models(tmp_path, monkeypatch)
    for name in ("fingertip", "detector"):
        install(models, name.encode(), name)
    opened.clear()
    monkeypatch.setattr(networks, "open_finder", open_finder)
    monkeypatch.setattr(networks, "open_backend", lambda info, settings: Shelf())
    load = type(models).load
    monkeypatch.setattr(type(models), "load", lambda self, name: replace(
        INFO, sha256=load(self, name).sha256, path=load(self, name).path) if name == "detector" else load(self, name))
    return models


def test_a_running_device_goes_over_to_another_fingertip_network_and_back_and_says_so(models):
    device = Device(models)
    assert device.look_after() == []
    device.see()
    before = device.finder._backend
    device.finder.offset = TipOffset(0.1, 0.0)
    install(models, b"a network that is much surer", "fingertip")
    assert device.look_after() == [], "it waits for the next frame"
    assert before.is_open
    device.see()
    after = device.finder._backend
    assert (before.is_open, after.is_open) == (False, True)
    assert after.logit > before.logit
    assert device.finder.offset == TipOffset(0.1, 0.0), "the wearer's finger is the same"
    assert device.look_after() == [ModelChanged(1.0, newer=True, name="fingertip")]
    assert device.look_after() == []
    assert Device(models).look_after() == [], "nor at a restart"
    models.rollback("fingertip")
    device.look_after()
    device.see()
    assert device.look_after() == [ModelChanged(1.0, newer=False, name="fingertip")]
    assert not after.is_open


def test_one_that_cannot_run_stays_out_and_is_logged_once(models, caplog):
    device = Device(models)
    install(models, b"broken", "fingertip")
    for _ in range(3):
        assert device.look_after() == []
        device.see()
    assert len(caplog.records) == 1
    assert [finder._backend.is_open for finder in opened] == [False]
    assert "the model that runs stays" in caplog.text


def test_of_two_that_wait_the_newest_takes_over_and_the_other_is_let_go_of(models):
    device = Device(models)
    waiting = []
    for content in (b"first of all", b"second to none"):
        waiting.append(make_finder(install(models, content, "fingertip")))
        device.finder.hand_over(waiting[-1])
    device.see()
    assert [heir._backend.is_open for heir in waiting] == [False, True]
    assert device.finder.backbone == models.load("fingertip").sha256
    assert not device.finder.is_renewing


def test_its_own_threshold_counts_from_then_on(models):
    device = Device(models)
    info = models.load("fingertip")
    assert [device.see() is not None for _ in range(4)][-1]
    device.finder.hand_over(make_finder(replace(info, threshold=0.999999)))
    assert [device.see() is not None for _ in range(4)] == [False] * 4


def test_a_sleeping_device_goes_over_too(models):
    device = Device(models)
    heir = make_finder(models.load("fingertip"))
    device.finder.hand_over(heir)
    device.eyes.rest(1.0)
    assert device.finder._backend is heir._backend


def test_a_detector_is_followed_once_it_is_wanted(models):
    device = Device(models)
    install(models, b"before it was wanted", "detector")
    assert (device.look_after(), device.eyes.detector) == ([], None)
    device.eyes.do(ChangeWay(), 1.0)
    detector = device.eyes.detector
    assert isinstance(detector, Detector)
    assert device.look_after() == []
    before = detector._backend
    info = install(models, b"while it is used", "detector")
    device.look_after()
    device.see()
    assert (detector.backbone, before.is_open, detector._backend.is_open) == (info.sha256, False, True)
    assert device.look_after() == [ModelChanged(1.0, newer=True, name="detector")]
    assert Device(models).look_after() == []
