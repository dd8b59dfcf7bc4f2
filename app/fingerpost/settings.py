"""Settings: one TOML file written by people, read once into frozen values.

What the wearer changes by button is not here: that is state, kept in the store.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Dict, Optional, Tuple, Type, TypeVar

from .core.errors import SettingsError
from .core.preferences import LOW, VOICES
from .core.rules import Rules
from .core.state import BY_LIST, BY_NEXT, BY_VOICE, PAST_FINGER, WAYS
from .tomlfile import read_toml

RUNTIMES = AUTO, ONNX, TENSORRT, CUDA, TENSORRT_ONNX = ("auto", "onnx", "tensorrt", "cuda", "tensorrt-onnx")
"""What networks may be run with."""


@dataclass(frozen=True)
class CameraSettings:
    """[camera]"""

    source: str = "auto"
    """A webcam's number or device path, csi, gst:PIPELINE, jetcam, or a video file or folder of frames; "auto": the
    first that is found of the webcams and the CSI cameras."""
    fallback: Tuple[str, ...] = ()
    """Other sources, for as long as the one above gives no pictures, in the order in which they are tried."""
    width: int = 640
    """Pixels asked of the camera."""
    height: int = 480
    """Pixels asked of the camera."""
    rate: int = 30
    """Pictures a second asked of a CSI camera."""
    sensor_mode: int = -1
    """The mode of a CSI camera's sensor, by number; -1: the camera element chooses."""
    turn: int = 0
    """Degrees clockwise by which a CSI camera's pictures are turned: 0, 90, 180 or 270."""


@dataclass(frozen=True)
class RecognitionSettings:
    """[recognition]"""

    recogniser: str = PAST_FINGER
    """What is looked at: "crop" (the square past the finger), or "detector" (the whole thing that the finger means,
    of those that the detector knows)."""
    crop_share: float = 0.35
    """Side of the square past the finger, as a share of the frame's width."""
    threads: int = 2
    """CPU threads of each network."""
    runtime: str = AUTO
    """What computes: "auto" (TensorRT where it and a GPU are found, else ONNX Runtime on the processor), "onnx",
    "tensorrt", or ONNX Runtime's own ways to a GPU, "cuda" and "tensorrt-onnx"."""


@dataclass(frozen=True)
class SpeechSettings:
    """[speech]"""

    language: str = "en"
    """A phrase file of assets/phrases, without its ending."""
    words_per_minute: int = 170
    """Speech rate."""
    voice: str = "espeak"
    """espeak, or gtts for clips that `voices fill --online` has fetched."""
    timbre: str = LOW
    """espeak's voice: low or high."""
    device: str = ""
    """The sound card, by its ALSA id, or the name of an output (`fingerpost sound test` tells both); empty for the
    first USB card, or the system's own choice where there is none."""
    volume: float = 1.0
    """0 to 1."""


@dataclass(frozen=True)
class ButtonsSettings:
    """[buttons]"""

    source: str = "auto"
    """gpio (on the board's header), keyboard, or auto: the header on a Jetson, the keyboard elsewhere."""
    profile: str = "auto"
    """Which pins: a board of hardware/pins.toml, or auto for this one."""
    mode_pin: int = 0
    """The mode button's pin, as printed on the board, where it is not that of the profile; 0: it is."""
    action_pin: int = 0
    """The action button's."""


@dataclass(frozen=True)
class TeachingSettings:
    """[teaching]"""

    names: Tuple[str, ...] = ()
    """The names that things taught by button may get, in this order; none: "thing one" to "thing five", in the language
    that is spoken."""
    naming: str = BY_VOICE
    """How they get them: "voice" (the wearer says it; without a microphone as "list"), "list" (chosen from a spoken
    list of the names), or "next" (the next free name)."""
    microphone: str = ""
    """A name that `arecord -L` lists; empty for the first USB microphone, or ALSA's own choice where there is none."""
    retrain_data: str = ""
    """Pictures of the built-in names, a folder for each: with them, and torch, the device retrains by itself on what
    was taught, on mains. Empty: it does not."""
    retrain_other: str = ""
    """A folder of photos of nameless things, from which the retrained network learns what it does not know."""
    retrain_idle_minutes: float = 10.0
    """After so long without a press or a finger, or as soon as it sleeps."""


@dataclass(frozen=True)
class CompanionSettings:
    """[companion]"""

    serve: bool = False
    """Whether the companion page is there whenever the device runs; else only once it was opened at the menu."""
    port: int = 8137
    """Where it is on this machine."""
    network_port: int = 8138
    """Where it is on a network, while the wearer has it opened to one."""


@dataclass(frozen=True)
class Settings:
    """All settings; every section may be left out."""

    camera: CameraSettings = field(default_factory=CameraSettings)
    recognition: RecognitionSettings = field(default_factory=RecognitionSettings)
    speech: SpeechSettings = field(default_factory=SpeechSettings)
    buttons: ButtonsSettings = field(default_factory=ButtonsSettings)
    teaching: TeachingSettings = field(default_factory=TeachingSettings)
    companion: CompanionSettings = field(default_factory=CompanionSettings)
    decision: Rules = field(default_factory=Rules)


SectionT = TypeVar("SectionT")
_CHOICES = {("camera", "turn"): (0, 90, 180, 270), ("teaching", "naming"): (BY_VOICE, BY_LIST, BY_NEXT),
            ("recognition", "recogniser"): WAYS, ("recognition", "runtime"): RUNTIMES,
            ("speech", "timbre"): VOICES, ("buttons", "source"): ("auto", "gpio", "keyboard")}
_LIMITS = {"accepted_wrong": 0.1, "port": 65535, "network_port": 65535, "words_per_minute": 450}
"""What is above 0 and at most this. For more accepted errors than a tenth the thresholds were not measured."""
_NOT_NEGATIVE = ("retrain_idle_minutes",)


def load_settings(path: Optional[Path]) -> Settings:
    """The settings of a file, or the defaults for None. Raises SettingsError naming file, line and remedy."""
    if path is None:
        return Settings()
    tables = read_toml(path)
    settings = Settings()
    sections = {part.name: type(getattr(settings, part.name)) for part in fields(Settings)}
    for name, table in tables.items():
        if name not in sections or not isinstance(table, dict):
            raise SettingsError(f"{path}:{_line_of(path, name)}: there is no section '{name}'; "
                                f"the sections are {', '.join(sections)}")
        settings = replace(settings, **{name: _read_section(path, name, table, sections[name])})
    return settings


def _read_section(path: Path, name: str, table: Dict[str, Any], kind: Type[SectionT]) -> SectionT:
    defaults = kind()
    known = [part.name for part in fields(kind)]  # type: ignore[arg-type]
    values: Dict[str, Any] = {}
    for key, value in table.items():
        where = f"{path}:{_line_of(path, key)}: [{name}] {key}"
        if key not in known:
            raise SettingsError(f"{where} is not a setting; this section knows {', '.join(known)}")
        values[key] = _convert(where, value, getattr(defaults, key))
        choices = _CHOICES.get((name, key), ())
        if choices and value not in choices:
            raise SettingsError(f"{where} must be one of {', '.join(map(str, choices))}, not {value!r}")
        if key in _LIMITS and not 0.0 < values[key] <= _LIMITS[key]:
            raise SettingsError(f"{where} must be above 0 and at most {_LIMITS[key]}, not {value!r}")
        if key in _NOT_NEGATIVE and not values[key] >= 0.0:
            raise SettingsError(f"{where} must be 0 or more, not {value!r}")
    return kind(**values)


def _convert(where: str, value: Any, default: Any) -> Any:
    """The value in the type of its default."""
    if isinstance(default, float) and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if type(value) is type(default):
        return value
    wanted = {int: "a whole number", float: "a number", str: "text in quotes", bool: "true or false",
              tuple: "a list of texts"}
    raise SettingsError(f"{where} must be {wanted[type(default)]}, not {value!r}")


def _line_of(path: Path, key: str) -> int:
    """The line on which a key or a section is first named."""
    pattern = re.compile(r"\s*\[?\s*\"?" + re.escape(key) + r"\b")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if pattern.match(line):
            return number
    return 1
