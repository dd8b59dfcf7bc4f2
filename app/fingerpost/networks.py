"""From settings to networks that run: which model is live, and what it is wrapped in."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import Optional

from .core.errors import ModelError
from .core.timing import Stopwatch
from .installed import InstalledModels
from .models import ModelInfo
from .runtimes import open_backend
from .settings import Settings
from .vision.detect import DETECTOR, Detector
from .vision.fingertip import FingertipFinder
from .vision.recognise import Recogniser, TaughtHead
from .vision.wider import WiderNames

log = logging.getLogger(__name__)

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
    return Detector(stack.enter_context(open_backend(info, settings)), info, stopwatch)


def open_finder(stack: ExitStack, settings: Settings) -> FingertipFinder:
    """The fingertip network, ready to run."""
    info = InstalledModels().load("fingertip")
    return FingertipFinder(stack.enter_context(open_backend(info, settings)), info)


def open_recogniser(stack: ExitStack, settings: Settings) -> Recogniser:
    """The object network with an empty head for taught things, and the wider one where it was fetched."""
    models = InstalledModels()
    info = models.load("objects")
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
