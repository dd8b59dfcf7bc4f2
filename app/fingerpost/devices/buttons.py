"""The two buttons: from bouncing contact levels to presses, and a keyboard that stands in for them."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import tty
from typing import IO, Any, Dict, List, Optional, Union

from ..core.events import Fault, Recovered
from ..core.ports import Buttons, Clock
from ..core.types import ACTION, BOTH, LONG, MODE, SHORT, Press
from .clocks import RealClock

DEBOUNCE_SECONDS = 0.03
LONG_SECONDS = 0.6
BOTH_SECONDS = 0.15  # two buttons pressed within this time are pressed together
ROUNDING_SECONDS = 1e-6  # so that 0.03 s of 10 ms samples, summed in floating point, count as 0.03 s

KEYS = {
    "m": (MODE, SHORT), "M": (MODE, LONG),
    "a": (ACTION, SHORT), "A": (ACTION, LONG),
    "h": (BOTH, SHORT), "b": (BOTH, LONG),
}
ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)?")  # arrow and function keys, ECMA-48, 5.4


class ButtonTimer:
    """Turns the levels of both buttons, sampled at about 100 Hz, into presses; time comes with the samples.

    A level counts once it has lasted 30 ms, and then from its first sample. A press is short when it is
    released before 0.6 s, and long as soon as it has lasted 0.6 s. Buttons pressed within 150 ms of each
    other, and down at the same time, make one press of both: long when both have lasted 0.6 s, short when
    one is released before. A button that is down at the start, `at` seconds, makes no press until it was
    let go.
    """

    def __init__(self, level_mode: bool = False, level_action: bool = False, at: float = 0.0) -> None:
        self._mode = _Contact(level_mode, at)
        self._action = _Contact(level_action, at)
        self._together_since: Optional[float] = None

    def update(self, level_mode: bool, level_action: bool, at: float) -> List[Press]:
        """The presses that this sample completes. Levels are true while pressed, `at` monotonic seconds."""
        mode, action = self._mode, self._action
        mode.update(level_mode, at)
        action.update(level_action, at)
        apart = abs(mode.pressed_at - action.pressed_at)
        if mode.waits and action.waits and apart <= BOTH_SECONDS + ROUNDING_SECONDS:
            self._together_since = max(mode.pressed_at, action.pressed_at)
        if self._together_since is not None:
            return self._press_both(at, self._together_since)
        presses = []
        for button, contact in ((MODE, mode), (ACTION, action)):
            kind = contact.kind(at, contact.pressed_at)
            if kind is not None:
                contact.spent = True
                presses.append(Press(button, kind, at))
        return presses

    def held(self, at: float) -> Dict[str, float]:
        """The buttons that are down, and for how many seconds they have been."""
        return {button: at - contact.pressed_at for button, contact in ((MODE, self._mode), (ACTION, self._action))
                if contact.down}

    def _press_both(self, at: float, since: float) -> List[Press]:
        kinds = [contact.kind(at, since) for contact in (self._mode, self._action)]
        if SHORT not in kinds and kinds != [LONG, LONG]:
            return []
        self._mode.spent = self._action.spent = True
        self._together_since = None
        return [Press(BOTH, SHORT if SHORT in kinds else LONG, at)]


class _Contact:
    """One button's contact, debounced."""

    def __init__(self, level: bool, at: float) -> None:
        self.pressed_at = at
        self.spent = True  # whether the latest hold has become a press already
        self.down = level
        self._released_at = at
        self._raw = level
        self._raw_since = at

    @property
    def waits(self) -> bool:
        """Whether it is down and has not become a press yet."""
        return self.down and not self.spent

    def update(self, level: bool, at: float) -> None:
        if level != self._raw:
            self._raw, self._raw_since = level, at
        if self._raw == self.down or at - self._raw_since < DEBOUNCE_SECONDS - ROUNDING_SECONDS:
            return
        self.down = self._raw
        if self.down:
            self.pressed_at, self.spent = self._raw_since, False
        else:
            self._released_at = self._raw_since

    def kind(self, at: float, since: float) -> Optional[str]:
        """What the hold, counted from `since`, is by now: SHORT, LONG, or None while open (or spent)."""
        flickers = self._raw != self.down
        if self.spent or (self.down and flickers):
            return None
        until = at if self.down else self._released_at
        if until - since >= LONG_SECONDS - ROUNDING_SECONDS:
            return LONG
        return None if self.down else SHORT


class KeyboardButtons(Buttons):
    """The buttons on a terminal's keyboard: m and M are mode short and long, a and A action, h and b both.

    Without a terminal, or in the background of one, it gives no presses. `fault` is why it has to stand in for
    buttons that should be there; the wearer hears of it.
    """

    def __init__(self, clock: Optional[Clock] = None, stream: Optional[IO[Any]] = None, fault: str = "") -> None:
        self._clock = clock or RealClock()
        self._fault = fault
        self._stream = sys.stdin if stream is None else stream
        self._terminal: Optional[int] = None
        self._saved: List[Any] = []

    def open(self) -> None:
        """Let the terminal hand over each key at once; Ctrl-C keeps its meaning."""
        terminal = _terminal_of(self._stream)
        if terminal is None or self._terminal is not None:
            return
        self._saved = termios.tcgetattr(terminal)
        tty.setcbreak(terminal, termios.TCSANOW)
        self._terminal = terminal

    def close(self) -> None:
        """Give the terminal back as it was."""
        if self._terminal is None:
            return
        try:
            termios.tcsetattr(self._terminal, termios.TCSANOW, self._saved)
        except termios.error:
            pass  # the terminal has gone, and its settings with it
        self._terminal = None

    def presses(self) -> List[Press]:
        """The presses typed since the last call; keys without a meaning are passed over."""
        now = self._clock.now()
        typed = ESCAPE_SEQUENCE.sub("", self._read())
        return [Press(*KEYS[key], at=now) for key in typed if key in KEYS]

    def faults(self) -> List[Union[Fault, Recovered]]:
        """See `Buttons.faults`: that it has to stand in."""
        fault, self._fault = self._fault, ""
        return [Fault("buttons", self._clock.now(), fault)] if fault else []

    def _read(self) -> str:
        if self._terminal is None or not select.select([self._terminal], [], [], 0)[0]:
            return ""
        try:
            return os.read(self._terminal, 1024).decode("utf-8", "ignore")
        except OSError:
            return ""  # the terminal window was closed; the wearer's own buttons go on


def has_keyboard() -> bool:
    """Whether somebody could type the presses into a terminal."""
    return _terminal_of(sys.stdin) is not None


def _terminal_of(stream: Optional[IO[Any]]) -> Optional[int]:
    """The stream's file descriptor when it is a terminal that this process may use, else None."""
    try:
        descriptor = stream.fileno() if stream is not None else -1
    except (OSError, ValueError):  # closed, or no real file
        return None
    if descriptor < 0 or not os.isatty(descriptor):
        return None
    try:
        foreground = os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return descriptor  # another session's terminal, which cannot stop this process
    # Changing the terminal from the background would stop the whole program.
    return descriptor if foreground else None
