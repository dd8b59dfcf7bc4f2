"""The seams: what the loop needs from the world. Real and simulated parts fulfil the same contract tests.

Parts open their resources in `__enter__`, never in `__init__`; `close()` may be called twice.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING, Callable, List, Optional, Sequence, Tuple, Type, TypeVar, Union

from .actions import Action
from .events import Event, Fault, Recovered
from .preferences import LOW
from .types import Clip, Frame, Press

if TYPE_CHECKING:
    import numpy

PartT = TypeVar("PartT", bound="Part")


class Part(ABC):  # noqa: B024 - parts without resources are opened and closed too
    """Something that is opened by `with` and closed once or twice."""

    def __enter__(self: PartT) -> PartT:
        self.open()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def open(self) -> None:  # noqa: B027 - parts without resources need not override it
        """Acquire what the part needs; raises an error of the tree with its remedy."""

    def close(self) -> None:  # noqa: B027
        """Release everything; harmless when nothing is open."""


class Camera(Part):
    """A source of frames. Newest frame wins."""

    @abstractmethod
    def latest(self, max_age: float) -> Frame:
        """The newest frame, at most `max_age` seconds old.

        Raises StaleFrame when there is none that young (yet), CameraError when the camera has gone.
        """


class Buttons(Part):
    """The two buttons."""

    @abstractmethod
    def presses(self) -> List[Press]:
        """The presses since the last call, oldest first; never blocks."""

    def touched(self) -> bool:
        """Whether a button has gone down since the last call, though it may not have become a press yet; False for
        buttons that tell of whole presses alone. Never blocks."""
        return False

    def faults(self) -> List[Union[Fault, Recovered]]:
        """What has broken and what works again since the last call, oldest first; never blocks."""
        return []


class Speaker(Part):
    """Where sound goes: one voice channel, and a second one on which earcons are mixed in."""

    @abstractmethod
    def play(self, clip: Clip, mix: bool = False) -> None:
        """Start the clip at once and return; replaces the voice channel's sound unless `mix`. Raises SoundError."""

    @abstractmethod
    def hush(self) -> None:
        """Silence the voice channel at once; earcons run out."""

    @abstractmethod
    def busy(self) -> bool:
        """Whether the voice channel is sounding."""

    def set_volume(self, volume: float) -> None:  # noqa: B027 - in a file all is as loud as it is
        """How loud everything is from now on, in [0, 1]; kept when the speaker is closed and opened again."""


class Microphone(Part):
    """What the wearer says. Nothing is heard outside a recording."""

    @abstractmethod
    def start(self) -> None:
        """Begin a recording. Raises MicrophoneError."""

    @abstractmethod
    def read(self) -> Clip:
        """What was heard since the start or the last call, perhaps nothing; never blocks. Raises MicrophoneError."""

    @abstractmethod
    def stop(self) -> None:
        """End the recording; harmless when there is none."""


class Voice(Part):
    """Text to speech through a cache of clips."""

    @abstractmethod
    def cached(self, text: str) -> Optional[Clip]:
        """The clip for this text if it is at hand now, else None; never renders."""

    @abstractmethod
    def render(self, texts: Sequence[str]) -> None:
        """Render the texts that are not cached yet; may take seconds. Raises VoiceError.

        Several threads may do so at once, also the same texts.
        """

    @property
    def style(self) -> str:
        """Tells the present way of speaking from others; empty where there is one alone."""
        return ""

    def set_style(self, language: str, words_per_minute: int,  # noqa: B027 - some voices have one style alone
                  voice: str = LOW) -> None:
        """Speak that language from now on, so fast, and in that voice: one of the preferences' VOICES."""


class Backend(Part):
    """A runtime that holds one network."""

    @abstractmethod
    def run(self, array: numpy.ndarray) -> Tuple[numpy.ndarray, ...]:
        """One forward pass: float32 NCHW in, the network's outputs in their declared order. Raises ModelError."""


class Clock(ABC):
    """Monotonic time; simulated in replays."""

    @abstractmethod
    def now(self) -> float:
        """Seconds since an arbitrary start."""

    @abstractmethod
    def sleep(self, seconds: float) -> None:
        """Wait (or advance simulated time) for that long."""


class Sight(ABC):
    """What the loop needs of the eyes."""

    preparing: Callable[[bool], None] = staticmethod(lambda minutes: None)
    """Hears, while a request is carried out, that a network is loaded for it: False as that begins; True, again and
    again, while one is compiled, which takes minutes."""

    @abstractmethod
    def see(self, frame: Frame) -> Event:
        """Search a frame for the fingertip: a Seen event."""

    def rest(self, at: float) -> None:  # noqa: B027 - sight that puts nothing off has nothing to catch up with
        """Use a moment in which nothing is to be seen for what can wait."""

    @abstractmethod
    def do(self, request: Action, at: float) -> Event:
        """Carry out what is asked of pixels or memory, such as Recognise or Learn; the event that reports it."""


class Hearing(ABC):
    """What the loop needs of the ear."""

    @abstractmethod
    def listen(self) -> None:
        """Record the wearer's voice as soon as the device is silent."""

    @abstractmethod
    def stop(self) -> None:
        """Break off; no event follows."""

    @abstractmethod
    def step(self) -> Optional[Event]:
        """Move the recording along, without waiting; the event that ends it, Listened or a Fault, when it is over."""
