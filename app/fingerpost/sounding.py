"""What is needed to be heard at all. It stands apart from the wiring, for it is loaded in a third of the time: the
wearer hears that the device is starting before the rest is there."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Dict

from .core.errors import SettingsError
from .core.phrases import PhraseBook
from .core.types import Clip
from .devices.clocks import RealClock
from .devices.earcons import read_earcons
from .devices.pluggable import Outputs, PluggableSpeaker
from .home import asset_home, state_home
from .settings import Settings
from .tomlfile import read_toml


def open_speaker(settings: Settings, stack: ExitStack) -> PluggableSpeaker:
    """The sound card, or what the system plays on; without any, a WAV file in the state folder until there is one."""
    outputs = Outputs(settings.speech.device, settings.speech.volume)
    return stack.enter_context(PluggableSpeaker(outputs, state_home() / "narration.wav", RealClock(),
                                                load_earcons()["ready"]))


def open_phrases(settings: Settings) -> PhraseBook:
    """The phrase book of the chosen language. Raises SettingsError naming the languages there are."""
    folder = asset_home() / "assets" / "phrases"
    path = folder / f"{settings.speech.language}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.toml")))
        raise SettingsError(f"there are no phrases for '{settings.speech.language}'; the languages are {known}")
    tables = read_toml(path)
    return PhraseBook(tables.get("phrases", {}), tables.get("names", {}), str(path))


def load_earcons() -> Dict[str, Clip]:
    """The earcons by name."""
    return read_earcons(asset_home() / "assets" / "earcons")
