"""From settings to parts: the only file that chooses real or simulated ones (networks: networks.py)."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Callable, Optional, Sequence, Tuple, TypeVar

from .body import Body
from .core.errors import ButtonsError, DataError, MicrophoneError, SettingsError
from .core.events import Event
from .core.heartbeat import Heartbeat
from .core.live import PerceptionThread
from .core.loop import Observer
from .core.phrases import LEARNING_PHRASES, NAMING_PHRASES
from .core.ports import Buttons, Clock, Microphone, Speaker, Voice
from .core.preferences import Preferences
from .core.speech import Mouth, RenderingThread
from .core.state import BY_VOICE, WAYS
from .devices.buttons import KeyboardButtons, has_keyboard
from .devices.cameras import LiveCamera
from .devices.ear import Ear
from .devices.gpio import GpioButtons
from .devices.microphone import AlsaMicrophone
from .devices.pins import BOARD, find_pins, is_jetson
from .devices.power import has_mains
from .devices.sources import check_sources, find_sources
from .devices.voices import CachedVoice
from .home import asset_home, state_home
from .memory.learner import Learner
from .memory.objects import ObjectStore
from .networks import open_detector, open_finder, open_recogniser, plan_successions
from .runtimes import hear_of_builds
from .sayings import render_ahead, render_now
from .settings import ButtonsSettings, Settings
from .sounding import Sound, load_earcons, open_phrases
from .upkeep.attendant import Attendant, plan_page
from .upkeep.belongings import CAMERA_RECORD, FINGERTIP_RECORD, WAY
from .upkeep.journal import Journal
from .upkeep.keeper import Duty, Keeper
from .upkeep.notes import read_note, write_note
from .upkeep.preferences import Wishes, default_preferences
from .upkeep.retraining import plan_retraining
from .upkeep.stick.place import find_stick
from .vision.eyes import Eyes
from .vision.lens import Optics, read_lens
from .vision.look import BoxLooker, CropLooker
from .vision.offset import read_offset
from .vision.recognise import Recogniser
from .window.glass import Glass
from .window.hands import Hands
from .window.place import find_window
from .window.view import View

log = logging.getLogger(__name__)
RecordT = TypeVar("RecordT")


def assemble(stack: ExitStack, settings: Settings, clock: Clock, speaker: Speaker, store: Path,
             observers: Sequence[Observer] = (), microphone: Optional[Microphone] = None,
             live: bool = False, preferences: Optional[Preferences] = None) -> Body:
    """Open models, memory and voice; `stack` closes them. Raises an error of the tree when one is missing.

    Without a `microphone`, which is open, things taught by button are named from a list. `live` says whether time goes
    on while the parts work, which in a replay it does not. The settings say already what is preferred, as far as they
    can; without `preferences`, there are none beyond them.
    """
    recogniser = open_recogniser(stack, settings)
    memory = stack.enter_context(ObjectStore(store))
    voice = stack.enter_context(open_voice(settings))
    render, heartbeats = open_rendering(stack, voice, live)
    book = open_phrases(settings)

    def tell(at: float, text: str, phrase: str) -> None:
        for observer in observers:
            observer.on_heard(at, text, phrase)

    def prepare(object_id: str) -> None:
        render(book.naming_texts(object_id, NAMING_PHRASES + LEARNING_PHRASES))

    mouth = Mouth(speaker, voice, book, load_earcons(), clock, tell)
    ear = Ear(microphone, mouth, clock) if microphone is not None else None
    learner = Learner(memory, recogniser, settings.teaching.names or book.free_names(), prepare,
                      lambda: ear.clip if ear is not None else None, book.numbered_name)
    book.taught_name, book.taught_label = learner.spoken_name, learner.spoken_label
    for observer in observers:
        observer.on_ready(book)
    eyes = wake_eyes(stack, settings, recogniser, learner, store.with_name(WAY), live)
    preferences = preferences or default_preferences(settings.speech)
    return Body(eyes, mouth, book, recogniser, render, learner, settings, ear, [mouth.heartbeat, *heartbeats],
                preferences, Sound(preferences, speaker, voice, book).become, memory.was_damaged, find_stick)


def open_eyes(stack: ExitStack, settings: Settings, recogniser: Recogniser, learner: Learner) -> Eyes:
    """The eyes, which look in the way of the settings. Raises ModelError where that cannot be."""
    eyes = make_eyes(stack, settings, recogniser, learner)
    eyes.look_by(settings.recognition.recogniser)
    return eyes


def wake_eyes(stack: ExitStack, settings: Settings, recogniser: Recogniser, learner: Learner, note: Path,
              own: bool = False) -> Eyes:
    """The eyes of a wearer, who is told where the way to look cannot be had.

    It is the one that was last chosen by button, which the file `note` keeps, else that of the settings. `own` eyes see
    through the camera that was calibrated on this machine; the camera of a recording may be another.
    """
    def remember(way: str) -> None:
        write_note(note, way, "the next start looks at things as this one did")

    eyes = make_eyes(stack, settings, recogniser, learner, remember, own)
    chosen = read_note(note)
    eyes.begin_by(str(chosen) if chosen in WAYS else settings.recognition.recogniser)
    return eyes


def make_eyes(stack: ExitStack, settings: Settings, recogniser: Recogniser, learner: Learner,
              remember_way: Callable[[str], None] = lambda way: None, own: bool = False) -> Eyes:
    """The eyes, which look past the finger; the detector is opened once it is wanted."""
    def open_whole(past: CropLooker) -> BoxLooker:
        with hear_of_builds(settings, lambda stage: eyes.preparing(True)):
            return BoxLooker(open_detector(stack, settings), recogniser, past)

    finder = open_finder(stack, settings)
    if own:
        finder.offset = find_record(read_offset, FINGERTIP_RECORD)
    optics = Optics(find_record(read_lens, CAMERA_RECORD) if own else None)
    eyes = Eyes(finder, recogniser, learner, settings.recognition.crop_share, open_whole=open_whole,
                remember_way=remember_way, optics=optics)
    return eyes


def find_record(read: Callable[[Path], Optional[RecordT]], name: str) -> Optional[RecordT]:
    """A calibration of this machine; without it, and with a spoilt one, which is said in the log, None."""
    try:
        return read(state_home() / name)
    except DataError as error:
        log.warning("%s. Until then the device does without.", error)
        return None


def open_window(stack: ExitStack, settings: Settings, body: Body, perception: PerceptionThread, clock: Clock,
                journal: Journal, options: Sequence[str] = ()) -> Tuple[View, Attendant]:
    """What lets a companion look at the device, and what starts one, with `options` of `fingerpost companion`: both
    watch the loop."""
    view, wanted = View(body.eyes, body.learner, body.book, journal, clock), settings.companion.serve
    page = plan_page(["--port", str(settings.companion.port), *options], wanted)
    hands = Hands(clock, perception.events.put, perception.submit)
    glass = stack.enter_context(Glass(find_window(), view, hands))
    attendant = Attendant(page, wanted, lambda: view.is_watched, clock, perception.events.put, lambda: hands.jobs > 0,
                          glass.send_away)
    return view, attendant


def open_keeper(settings: Settings, body: Body, clock: Clock, tell: Callable[[Event], None],
                attendant: Optional[Attendant] = None, duties: Sequence[Duty] = ()) -> Keeper:
    """What lets the running device go over to other networks, retrain, have a companion page, and do its other duties;
    `tell` takes its events."""
    retraining = plan_retraining(settings.teaching, body.learner.count_samples, state_home(), has_mains)
    return Keeper(plan_successions(settings, body.eyes, body.learner), retraining, clock, tell,
                  Wishes(body.preferences, state_home(), partial(render_ahead, body)), attendant, duties)


def open_voice(settings: Settings) -> Voice:
    """The voice with its cache of clips."""
    speech = settings.speech
    return CachedVoice(speech.language, speech.words_per_minute, state_home() / "clips",
                       online=speech.voice == "gtts", voice=speech.timbre)


def open_rendering(stack: ExitStack, voice: Voice, live: bool) -> Tuple[Callable[[Sequence[str]], None],
                                                                        Sequence[Heartbeat]]:
    """A function that has texts rendered before they are said, and the heartbeats of what does it.

    Live, a thread does it, which `stack` ends; a replay waits for it, so that it is the same each time.
    """
    if not live:
        return partial(render_now, voice), ()
    thread = RenderingThread(voice)
    thread.start()
    stack.callback(thread.stop)
    return thread.submit, (thread.heartbeat,)


def open_camera(settings: Settings) -> LiveCamera:
    """The first of the cameras in the settings that gives pictures. Raises SettingsError and DataError."""
    check_sources(settings.camera)
    return LiveCamera(partial(find_sources, settings.camera))


def open_microphone(settings: Settings, stack: ExitStack) -> Optional[Microphone]:
    """The microphone where things are named by voice; None, which is said once, where there is none."""
    if settings.teaching.naming != BY_VOICE:
        return None
    try:
        return stack.enter_context(AlsaMicrophone(settings.teaching.microphone))
    except MicrophoneError as error:
        log.warning("%s. Until then, names are chosen from a list.", str(error).rstrip("."))
        return None


def open_buttons(settings: Settings, stack: ExitStack) -> Buttons:
    """The wearer's buttons; where they cannot be read, which the wearer is told, the keyboard. A service has none:
    there pins that something else holds are waited for."""
    try:
        return stack.enter_context(choose_buttons(settings.buttons, patient=not has_keyboard()))
    except (ButtonsError, SettingsError) as error:
        log.warning("%s. Until then, the keyboard has the buttons.", str(error).rstrip("."))
        return stack.enter_context(KeyboardButtons(fault=str(error)))


def choose_buttons(settings: ButtonsSettings, board: Path = BOARD, patient: bool = False) -> Buttons:
    """The buttons of the settings, not open yet: on a Jetson those on its header, `patient` or not (see there). Raises
    SettingsError."""
    if settings.source == "keyboard" or (settings.source == "auto" and not is_jetson(board)):
        return KeyboardButtons()
    return GpioButtons(find_pins(asset_home() / "hardware" / "pins.toml", settings.profile, settings.mode_pin,
                                 settings.action_pin, board), patient=patient)
