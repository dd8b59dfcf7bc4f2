"""From settings to networks that run: which model is live, and what it is wrapped in."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import Optional, Sequence

import numpy as np

from .core.errors import ModelError
from .core.timing import Stopwatch
from .home import state_home
from .installed import InstalledModels
from .memory.learner import Learner
from .models import ModelInfo
from .runtimes import open_backend
from .settings import Settings
from .upkeep.succession import Succession
from .vision.detect import DETECTOR, Detector
from .vision.eyes import Eyes
from .vision.fingertip import FingertipFinder
from .vision.recognise import Recogniser, TaughtHead
from .vision.wider import WiderNames

log = logging.getLogger(__name__)

OBJECTS, FINGERTIP = "objects", "fingertip"
WIDER = "imagenet"
"""The model that names what the object network does not, once it was fetched."""


def open_detector(stack: ExitStack, settings: Settings, info: Optional[ModelInfo] = None,
                  stopwatch: Optional[Stopwatch] = None) -> Detector:
    """The detector of `info`, by default the live one, ready to run. Raises ModelError."""
    if info is None:
        models = InstalledModels()
        if DETECTOR not in models.names():
            raise ModelError("there is no detector on this machine: run `fingerpost models fetch coco`, or make one "
                             "with `fingerpost train detector` and `fingerpost export`")
        info = models.load(DETECTOR)
    detector = Detector(stack.enter_context(open_backend(info, settings)), info, stopwatch)
    stack.callback(detector.close)  # by then its network may be another one
    return detector


def open_finder(stack: ExitStack, settings: Settings, info: Optional[ModelInfo] = None) -> FingertipFinder:
    """The fingertip network of `info`, by default the live one, ready to run. Raises ModelError."""
    if info is None:
        info = InstalledModels().load(FINGERTIP)
    finder = FingertipFinder(stack.enter_context(open_backend(info, settings)), info)
    stack.callback(finder.close)  # by then its network may be another one
    return finder


def open_recogniser(stack: ExitStack, settings: Settings) -> Recogniser:
    """The object network with an empty head for taught things, and the wider one where it was fetched."""
    models = InstalledModels()
    info = models.load(OBJECTS)
    recogniser = make_recogniser(info, settings, open_wider(stack, settings, models))
    stack.callback(recogniser.close)
    return recogniser


def make_recogniser(info: ModelInfo, settings: Settings, wider: Optional[WiderNames] = None) -> Recogniser:
    """An object network, open, with an empty head for taught things. Raises ModelError."""
    if info.likeness is None:
        raise ModelError(f"the model '{info.name}' has no likeness curve in the manifest: {info.rebuild}")
    backend = open_backend(info, settings)
    backend.open()
    return Recogniser(backend, info, TaughtHead(*info.likeness), wider)


def open_wider(stack: ExitStack, settings: Settings, models: InstalledModels) -> Optional[WiderNames]:
    """The network with a thousand names where `fingerpost models fetch imagenet` has brought it.

    A spoilt one is said in the log: the device goes on without, rather than not at all.
    """
    if WIDER not in models.names():
        return None
    try:
        info = models.load(WIDER)
        return WiderNames(stack.enter_context(open_backend(info, settings)), info)
    except ModelError as error:
        log.warning("%s. Until then its names are missing.", error)
        return None


def plan_successions(settings: Settings, eyes: Eyes, learner: Learner) -> Sequence[Succession]:
    """How a running device goes over to other networks. Each is tried on a black picture first: what opens but cannot
    run must not take over."""
    black = np.zeros((8, 8, 3), np.uint8)

    def renew_objects(info: ModelInfo) -> None:
        with ExitStack() as stack:
            heir = make_recogniser(info, settings)
            stack.callback(heir.close)
            heir.embed(black)
            stack.pop_all()
        learner.hand_over(heir)

    def renew_finder(info: ModelInfo) -> None:
        with ExitStack() as stack:
            heir = open_finder(stack, settings, info)
            heir.guess(black)
            stack.pop_all()
        eyes.finder.hand_over(heir)

    def renew_detector(info: ModelInfo) -> None:
        with ExitStack() as stack:
            heir = open_detector(stack, settings, info)  # which tries itself
            stack.pop_all()
        assert eyes.detector is not None, "it has found its place"
        eyes.detector.hand_over(heir)

    return (Succession(OBJECTS, lambda: learner, renew_objects, state_home() / "lineage.json",
                       is_felt=lambda: bool(learner.taught)),
            Succession(FINGERTIP, lambda: eyes.finder, renew_finder, state_home() / "lineage-fingertip.json"),
            Succession(DETECTOR, lambda: eyes.detector, renew_detector, state_home() / "lineage-detector.json"))
