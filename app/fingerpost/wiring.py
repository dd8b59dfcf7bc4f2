"""From settings to parts: the only file that chooses real or simulated ones."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Callable, Dict, Optional, Sequence

import numpy as np

from .body import Body
from .core.errors import MicrophoneError, ModelError, SettingsError, SoundError
from .core.events import Event
from .core.loop import Observer
from .core.phrases import LEARNING_PHRASES, NAMING_PHRASES, PhraseBook
from .core.ports import Backend, Buttons, Camera, Clock, Microphone, Speaker, Voice
from .core.speech import Mouth, RenderingThread
from .core.state import BY_VOICE, WAYS
from .core.timing import Stopwatch
from .core.types import Clip
from .devices.buttons import KeyboardButtons
from .devices.cameras import LiveCamera, Playback, Webcam
from .devices.ear import Ear
from .devices.earcons import read_earcons
from .devices.microphone import AlsaMicrophone
from .devices.power import has_mains
from .devices.replay import RealClock, Recording
from .devices.sound import PygameSpeaker, WavSpeaker
from .devices.voices import CachedVoice
from .home import asset_home, state_home
from .inference.onnx import OnnxBackend
from .installed import InstalledModels
from .memory.learner import Learner
from .memory.objects import ObjectStore
from .models import ModelInfo
from .sayings import render_now
from .settings import Settings
from .tomlfile import read_toml
from .upkeep.keeper import Keeper
from .upkeep.notes import read_note, write_note
from .upkeep.retraining import plan_retraining
from .upkeep.succession import Succession
from .vision.detect import DETECTOR, Detector
from .vision.eyes import Eyes
from .vision.fingertip import FingertipFinder
from .vision.look import BoxLooker, CropLooker
from .vision.recognise import Recogniser, TaughtHead
from .vision.wider import WiderNames

log = logging.getLogger(__name__)

WIDER = "imagenet"
"""The model that names what the object network does not, once it was fetched."""


def assemble(stack: ExitStack, settings: Settings, clock: Clock, speaker: Speaker, store: Path,
             observers: Sequence[Observer] = (), microphone: Optional[Microphone] = None,
             live: bool = False) -> Body:
    """Open models, memory and voice; `stack` closes them. Raises an error of the tree when one is missing.

    Without a `microphone`, which is open, things taught by button are named from a list. `live` says whether time goes
    on while the parts work, which in a replay it does not.
    """
    recogniser = open_recogniser(stack, settings)
    memory = stack.enter_context(ObjectStore(store))
    voice = stack.enter_context(open_voice(settings))
    render = open_rendering(stack, voice, live)
    book = open_phrases(settings)

    def tell(at: float, text: str, phrase: str) -> None:
        for observer in observers:
            observer.on_heard(at, text, phrase)

    def prepare(object_id: str) -> None:
        render(book.naming_texts(object_id, NAMING_PHRASES + LEARNING_PHRASES))

    mouth = Mouth(speaker, voice, book, load_earcons(), clock, tell)
    ear = Ear(microphone, mouth, clock) if microphone is not None else None
    learner = Learner(memory, recogniser, settings.teaching.names, prepare,
                      lambda: ear.clip if ear is not None else None)
    book.taught_name, book.taught_label = learner.spoken_name, learner.spoken_label
    for observer in observers:
        observer.on_ready(book)
    eyes = wake_eyes(stack, settings, recogniser, learner, store.with_name("way.json"))
    return Body(eyes, mouth, book, recogniser, render, learner, settings, ear)


def open_eyes(stack: ExitStack, settings: Settings, recogniser: Recogniser, learner: Learner) -> Eyes:
    """The eyes, which look in the way of the settings. Raises ModelError where that cannot be."""
    eyes = make_eyes(stack, settings, recogniser, learner)
    eyes.look_by(settings.recognition.recogniser)
    return eyes


def wake_eyes(stack: ExitStack, settings: Settings, recogniser: Recogniser, learner: Learner, note: Path) -> Eyes:
    """The eyes of a wearer, who is told where the way to look cannot be had.

    It is the one that was last chosen by button, which the file `note` keeps, else that of the settings.
    """
    def remember(way: str) -> None:
        write_note(note, way, "the next start looks at things as this one did")

    eyes = make_eyes(stack, settings, recogniser, learner, remember)
    chosen = read_note(note)
    eyes.begin_by(str(chosen) if chosen in WAYS else settings.recognition.recogniser)
    return eyes


def make_eyes(stack: ExitStack, settings: Settings, recogniser: Recogniser, learner: Learner,
              remember_way: Callable[[str], None] = lambda way: None) -> Eyes:
    """The eyes, which look past the finger; the detector is opened once it is wanted."""
    def open_whole(past: CropLooker) -> BoxLooker:
        return BoxLooker(open_detector(stack, settings), recogniser, past)

    return Eyes(open_finder(stack, settings), recogniser, learner, settings.recognition.crop_share,
                open_whole=open_whole, remember_way=remember_way)


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


def open_keeper(settings: Settings, body: Body, clock: Clock, tell: Callable[[Event], None]) -> Keeper:
    """What lets the running device go over to another object network, and retrain; `tell` takes its events."""
    def open_heir(info: ModelInfo) -> Recogniser:
        heir = make_recogniser(info, settings)
        heir.embed(np.zeros((8, 8, 3), np.uint8))  # one that opens but cannot run must not take over
        return heir

    succession = Succession(body.learner, open_heir, state_home() / "lineage.json")
    retraining = plan_retraining(settings.teaching, body.learner.count_samples, state_home(), has_mains)
    return Keeper(succession, retraining, clock, tell)


def open_backend(info: ModelInfo, settings: Settings) -> Backend:
    """The runtime for a network."""
    return OnnxBackend(info.path, settings.recognition.threads)


def open_phrases(settings: Settings) -> PhraseBook:
    """The phrase book of the chosen language. Raises SettingsError naming the languages there are."""
    folder = asset_home() / "assets" / "phrases"
    path = folder / f"{settings.speech.language}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.toml")))
        raise SettingsError(f"there are no phrases for '{settings.speech.language}'; the languages are {known}")
    tables = read_toml(path)
    return PhraseBook(tables.get("phrases", {}), tables.get("names", {}), str(path))


def open_voice(settings: Settings) -> Voice:
    """The voice with its cache of clips."""
    speech = settings.speech
    return CachedVoice(speech.language, speech.words_per_minute, state_home() / "clips",
                       online=speech.voice == "gtts")


def open_rendering(stack: ExitStack, voice: Voice, live: bool) -> Callable[[Sequence[str]], None]:
    """A function that has texts rendered before they are said.

    Live, a thread does it, which `stack` ends; a replay waits for it, so that it is the same each time.
    """
    if not live:
        return partial(render_now, voice)
    thread = RenderingThread(voice)
    thread.start()
    stack.callback(thread.stop)
    return thread.submit


def open_camera(settings: Settings) -> Camera:
    """A webcam for a number or a /dev path, else a recording played at its own pace."""
    source = settings.camera.source
    if source.isdigit() or source.startswith("/dev/"):
        device = int(source) if source.isdigit() else source
        return LiveCamera(Webcam(device, settings.camera.width, settings.camera.height))
    recording = Recording(Path(source))
    next(iter(recording))  # a recording that cannot be played is an error now, not a lost camera later
    return LiveCamera(Playback(recording))


def open_speaker(settings: Settings, stack: ExitStack) -> Speaker:
    """The sound card; without one, a WAV file in the state folder, which is said once."""
    try:
        return stack.enter_context(PygameSpeaker(settings.speech.device or None, settings.speech.volume))
    except SoundError as error:
        path = state_home() / "narration.wav"
        log.warning("%s Until then, what is said goes to %s.", str(error).rstrip(".") + ".", path)
        return stack.enter_context(WavSpeaker(path, RealClock()))


def open_microphone(settings: Settings, stack: ExitStack) -> Optional[Microphone]:
    """The microphone where things are named by voice; None, which is said once, where there is none."""
    if settings.teaching.naming != BY_VOICE:
        return None
    try:
        return stack.enter_context(AlsaMicrophone(settings.teaching.microphone))
    except MicrophoneError as error:
        log.warning("%s. Until then, names are chosen from a list.", str(error).rstrip("."))
        return None


def open_buttons() -> Buttons:
    """The keyboard as buttons."""
    return KeyboardButtons()


def load_earcons() -> Dict[str, Clip]:
    """The earcons by name."""
    return read_earcons(asset_home() / "assets" / "earcons")
