"""Who hears that a network is being compiled, which takes minutes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Callable, Iterator, List

Tell = Callable[[str], None]
"""Called again and again while a network is compiled, with the stage it has reached; empty if not known."""


class Builds:
    """Passes the stages on to all who listen just then, in the thread that waits for the network."""

    def __init__(self) -> None:
        self._listeners: List[Tell] = []

    def tell(self, stage: str) -> None:
        """A network is still being compiled."""
        for listener in list(self._listeners):
            listener(stage)

    @contextmanager
    def heard_by(self, listener: Tell) -> Iterator[None]:
        """Have `listener` hear of what is compiled during the block."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)
