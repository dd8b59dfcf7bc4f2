"""One tree of errors. Every message is one line that says what happened and what to do about it."""

from __future__ import annotations


class FingerpostError(Exception):
    """Base of all errors that Fingerpost raises on purpose; the commands print it as one line."""


class SettingsError(FingerpostError):
    """A settings file cannot be used; the message names file, key and remedy."""


class PreferenceError(FingerpostError):
    """There is nothing of that name to prefer, or it cannot have that value; the message says what it can."""


class ModelError(FingerpostError):
    """A model is missing, damaged, or not the kind that was asked for."""


class DataError(FingerpostError):
    """An image, a table or a folder of data cannot be read as what it should be."""


class StoreError(FingerpostError):
    """The store of taught objects cannot be opened or written."""


class InstallError(FingerpostError):
    """Fingerpost cannot be installed as a service, or taken off again."""


class DeviceError(FingerpostError):
    """A part of the device (camera, buttons, sound) does not work."""


class CameraError(DeviceError):
    """The camera cannot be opened or has gone."""


class StaleFrame(CameraError):
    """The newest frame is older than the caller accepts: an old frame is never an answer."""


class ButtonsError(DeviceError):
    """The buttons cannot be read."""


class SoundError(DeviceError):
    """No sound can be played or written."""


class MicrophoneError(DeviceError):
    """The wearer cannot be heard."""


class VoiceError(DeviceError):
    """Text cannot be rendered to speech."""


class WindowError(FingerpostError):
    """There is no running device to look into, or what came through its window makes no sense."""


class UpdateError(FingerpostError):
    """An update cannot be made, or is not taken in; `outcome` is the word for the ear (core/deciding/errands.py)."""

    def __init__(self, message: str, outcome: str = "failed") -> None:
        super().__init__(message)
        self.outcome = outcome
