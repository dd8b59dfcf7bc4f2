"""Checks of the parts of the device: each is opened as `fingerpost run` opens it, used once, and closed.

A part that cannot be used raises an error of the tree, which says what happened and what to do about it.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Optional

from ..core.errors import MicrophoneError, ModelError, SoundError, StaleFrame, VoiceError
from ..core.ports import Buttons, Camera, Clock, Microphone, Voice
from ..core.state import BY_VOICE
from ..devices.clocks import RealClock
from ..devices.gpio import GpioButtons
from ..devices.microphone import AlsaMicrophone
from ..devices.pluggable import Outputs
from ..devices.voices import CachedVoice
from ..inference.process import Worker, find_interpreter
from ..installed import InstalledModels
from ..models import find_problem, name_remedy
from ..ranges import read_ranges
from ..settings import Settings
from ..wiring import choose_buttons, open_camera
from .finding import ABSENT, FAIL, OK, WARN, Finding, fail_for
from .machine import Machine

PICTURE_SECONDS = 20.0
"""A CSI camera may take fifteen to its first picture."""
SETTLING_SECONDS = 0.3
BLACK = 4.0
"""Mean brightness, of 255, of a lens with its cap on."""
NEEDED = ("fingertip", "objects")
"""The models without which nothing is named."""
GPU_NODES = ("/dev/nvhost-gpu", "/dev/nvgpu/igpu0", "/proc/driver/nvidia/version")
"""By which a Jetson, a newer one, and a desktop's driver show that there is a GPU of NVIDIA's."""


def check_camera(settings: Settings) -> Finding:
    """The first picture of the camera in the settings."""
    return look_through(open_camera(settings), RealClock())


def look_through(camera: Camera, clock: Clock) -> Finding:
    """Wait for the first picture of a camera that is not open yet. Raises CameraError."""
    begun_at = clock.now()
    with camera:
        while clock.now() - begun_at < PICTURE_SECONDS:
            try:
                pixels = camera.latest(1.0).pixels
            except StaleFrame:
                clock.sleep(0.05)
                continue
            text = f"{pixels.shape[1]} x {pixels.shape[0]}, first picture after {clock.now() - begun_at:.1f} s"
            if pixels.mean() < BLACK:
                return Finding(WARN, f"{text}, black", "take the cap off the lens, or make light")
            return Finding(OK, text)
    return Finding(FAIL, f"no picture within {PICTURE_SECONDS:.0f} s", "unplug the camera and plug it in again")


def check_buttons(settings: Settings) -> Finding:
    """Whether the buttons can be read."""
    return feel(choose_buttons(settings.buttons), RealClock())


def feel(buttons: Buttons, clock: Clock) -> Finding:
    """Open the buttons and see that neither is down. Raises ButtonsError."""
    if not isinstance(buttons, GpioButtons):
        return Finding(ABSENT, "no header with pins: the keys m, M, a, A and b stand in")
    with buttons:
        clock.sleep(SETTLING_SECONDS)
        held = sorted(buttons.held())
    if held:
        return Finding(FAIL, f"held down all the time: {', '.join(held)}",
                       "check the resistors to 3.3 V and the wires (hardware/wiring.md)")
    return Finding(OK, "both can be read, neither is down; press them in `fingerpost buttons test`")


def check_sound(settings: Settings) -> Finding:
    """Whether something can sound; it stays silent."""
    return find_output(Outputs(settings.speech.device, settings.speech.volume))


def find_output(outputs: Outputs) -> Finding:
    """Open the wanted output, else what the system chooses. Raises SoundError."""
    card = outputs.find_card()
    wanted, *others = outputs.make(card)
    try:
        with wanted:
            return Finding(OK, f"{card.name} ({card.id})" if card else "what the system or the settings choose")
    except SoundError as error:
        for other in others:
            with other:
                return fail_for(error)._replace(state=WARN)
        raise


def check_microphone(settings: Settings) -> Finding:
    """Whether the wearer can be heard, without which names are chosen from a list."""
    if settings.teaching.naming != BY_VOICE:
        return Finding(ABSENT, "things are not named by voice")
    return listen(AlsaMicrophone(settings.teaching.microphone))


def listen(microphone: Microphone) -> Finding:
    """Open a microphone."""
    try:
        with microphone:
            return Finding(OK, "there is one")
    except MicrophoneError as error:
        return fail_for(error)._replace(state=WARN)


def check_speech(settings: Settings) -> Finding:
    """Whether espeak-ng renders a word; a clip kept from before does not count."""
    with TemporaryDirectory(prefix="fingerpost-doctor-") as folder:
        speech = settings.speech
        return render("one", CachedVoice(speech.language, speech.words_per_minute, Path(folder)))


def render(word: str, voice: Voice) -> Finding:
    """Have a voice render a word."""
    try:
        voice.render([word])
    except VoiceError as error:
        return Finding(FAIL, str(error).split(": run ")[0], "run `sudo apt install espeak-ng`")
    clip = voice.cached(word)
    assert clip is not None
    return Finding(OK, f"espeak-ng renders a word of {clip.seconds:.1f} s")


def check_models(settings: Settings) -> Finding:
    """The files of the models against their checksums, and the ranges for computing in 8 bits."""
    models = InstalledModels()
    for name in models.names():
        generations = models.generations(name)
        damaged = next((info for info in generations if find_problem(info) is not None), None)
        if damaged is not None:
            fatal = name in NEEDED and all(find_problem(info) is not None for info in generations)
            return Finding(FAIL if fatal else WARN, f"{name} is {find_problem(damaged)} ({damaged.path.name})",
                           name_remedy(damaged))
    for name in NEEDED:
        info = models.load(name)
        try:
            read_ranges(info)
        except ModelError as error:
            if not info.installed:  # one that was learned here has none, and computes in 16 bits
                return fail_for(error)._replace(state=WARN)
    return Finding(OK, f"{', '.join(models.names())} are whole; ranges for 8 bits are there")


def check_tensorrt(settings: Settings) -> Finding:
    """Whether TensorRT runs in a process of its own; without it ONNX Runtime computes, more slowly."""
    return probe(find_interpreter(), Machine())


def probe(python: Optional[str], machine: Machine) -> Finding:
    """Start TensorRT by that interpreter."""
    if not any(machine.find(node) for node in GPU_NODES):
        return Finding(ABSENT, "no GPU of NVIDIA's: ONNX Runtime computes")
    if python is None:
        return Finding(WARN, "there is a GPU, but no TensorRT: ONNX Runtime computes",
                       "run `sudo apt install nvidia-jetpack`" if machine.is_jetson else "run `pip install tensorrt`")
    try:
        worker = Worker(python)
    except ModelError as error:
        return fail_for(error)._replace(state=WARN)
    worker.close()
    return Finding(OK, f"{worker.platform.tensorrt} on {worker.platform.gpu}, by {python}")
