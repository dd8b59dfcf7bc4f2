"""Who has paired: kept in memory, so that the end of the companion is the end of every session."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Tuple

LIFE_SECONDS = 12 * 3600.0
IDLE_SECONDS = 2 * 3600.0
"""A session ends after so long without a request; an open live view counts as one."""
MOST_SESSIONS = 8
"""With one more, the one that was idle the longest ends, of those that watch nothing if there are any."""


@dataclass(eq=False)
class Session:
    """One browser that has entered the code."""

    network: bool
    """Whether it came over the network; it is good for that way alone."""
    began: float
    used: float
    """Monotonic seconds."""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    """What unsafe requests must bring in a header, which no other site can set (CSRF)."""
    views: List[Callable[[], None]] = field(default_factory=list)
    """What closes its open live views."""


class Sessions:
    """All sessions. The secret of each is known to its browser alone; here is only its hash."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` tells monotonic seconds."""
        self._now = now
        self._sessions: Dict[str, Session] = {}
        self.on_empty: Callable[[], None] = lambda: None
        """Called when the last one has ended."""

    def begin(self, network: bool) -> Tuple[str, Session]:
        """A new session, and the secret for its cookie."""
        self.end_expired()
        while len(self._sessions) >= MOST_SESSIONS:
            self.end(min(self._sessions.values(), key=lambda session: (bool(session.views), session.used)))
        secret, now = secrets.token_urlsafe(32), self._now()
        session = self._sessions[_hash(secret)] = Session(network, now, now)
        return secret, session

    def find(self, secret: str, network: bool) -> Optional[Session]:
        """The session of that cookie, which is now in use; None where there is none (any more)."""
        self.end_expired()
        session = self._sessions.get(_hash(secret))
        if session is None or session.network != network:
            return None
        session.used = self._now()
        return session

    def count(self, network: bool) -> int:
        """How many there are of one way."""
        return sum(session.network == network for session in self._sessions.values())

    def seconds_left(self, session: Session) -> float:
        """How long it lasts at most."""
        return session.began + LIFE_SECONDS - self._now()

    def end(self, session: Session) -> None:
        """End a session, and its live views with it."""
        self._sessions = {key: other for key, other in self._sessions.items() if other is not session}
        for close in list(session.views):
            close()
        if not self._sessions:
            self.on_empty()

    def end_network(self) -> None:
        """End all that came over the network."""
        for session in list(self._sessions.values()):
            if session.network:
                self.end(session)

    def end_expired(self) -> None:
        """End those whose time is over."""
        now = self._now()
        for session in list(self._sessions.values()):
            idle = not session.views and now - session.used >= IDLE_SECONDS
            if idle or now - session.began >= LIFE_SECONDS:
                self.end(session)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
