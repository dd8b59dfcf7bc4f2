"""The code that lets a browser in: six digits, good once and not for long, and not to be guessed."""

from __future__ import annotations

import secrets
from collections import deque
from typing import Callable, Deque, NamedTuple

DIGITS = 6
LIFE_SECONDS = 600.0
MOST_WRONG = 5
"""So many wrong ones, and the code is void."""
ATTEMPTS, WINDOW_SECONDS = 5, 60.0
"""How many may be tried within how long, by all visitors together. More are not even looked at."""


class Attempt(NamedTuple):
    """What came of a code that was entered."""

    is_right: bool
    retry_seconds: int = 0
    """After how long to try again, where too many were tried; the code was not looked at then."""


class Pairing:
    """One way in: the code that is good there now, if any, and what was tried."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` tells monotonic seconds."""
        self._now = now
        self._code, self._made_at, self._wrong = "", 0.0, 0
        self._attempts: Deque[float] = deque(maxlen=ATTEMPTS)
        self.was_guessed = False
        """Whether the last code was voided by wrong ones."""

    @property
    def code(self) -> str:
        """The code that is good now; empty where there is none."""
        if self._code and self._now() - self._made_at >= LIFE_SECONDS:
            self._code = ""
        return self._code

    def issue(self) -> str:
        """A new code, in place of the last one."""
        self._code = f"{secrets.randbelow(10 ** DIGITS):0{DIGITS}d}"
        self._made_at, self._wrong, self.was_guessed = self._now(), 0, False
        return self._code

    def void(self) -> None:
        """From now on no code is good."""
        self._code = ""

    def attempt(self, text: str) -> Attempt:
        """Try a code. The right one is used up by it."""
        now = self._now()
        if len(self._attempts) == ATTEMPTS and now - self._attempts[0] < WINDOW_SECONDS:
            return Attempt(False, int(self._attempts[0] + WINDOW_SECONDS - now) + 1)
        self._attempts.append(now)
        # Compared even where there is none, so that the time it takes does not tell.
        is_right = secrets.compare_digest(text.encode(), (self.code or "-" * DIGITS).encode()) and bool(self._code)
        if is_right:
            self._code = ""
        elif self._code:
            self._wrong += 1
            if self._wrong >= MOST_WRONG:
                self._code, self.was_guessed = "", True
        return Attempt(is_right)
