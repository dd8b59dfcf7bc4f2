"""What was taught, as the page looks at it and changes it: the same store that the device uses, beside the device."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, List, Optional, TypeVar

from aiohttp import web

from ...core.errors import StoreError
from ...core.types import TAUGHT
from ...memory.objects import ObjectStore, TaughtObject

AnswerT = TypeVar("AnswerT")
LINGER_SECONDS = 3.0
"""The store stays open so long after it was asked for something. Opening it checks the whole file, which a page of
thumbnails should not have done for each; but who has it open keeps others from mending it."""


class PageStore(ObjectStore):
    """The store, with what only a page asks of it."""

    def find(self, name: str = "", object_id: str = "") -> Optional[TaughtObject]:
        """The thing of that name, or of that id; None where there is none."""
        return next((thing for thing in self.objects() if thing.name == name or thing.object_id == object_id), None)

    def samples_of(self, object_id: str) -> List[int]:
        """The ids of a thing's samples, oldest first."""
        rows = self._database.read("SELECT s.id FROM samples s JOIN objects o ON o.id = s.object "
                                   "WHERE NOT o.forgotten AND ? || o.id = ? ORDER BY s.id", TAUGHT, object_id)
        return [key for (key,) in rows]

    def can_undo(self) -> bool:
        """Whether there is a change that `undo` would undo."""
        return bool(self._database.read("SELECT 1 FROM changes LIMIT 1"))


class Shelf:
    """Lets coroutines use the store, one after the other, in the one thread that it has."""

    def __init__(self, path: Path, linger_seconds: float = LINGER_SECONDS) -> None:
        self._path, self._linger_seconds = path, linger_seconds
        self._thread = ThreadPoolExecutor(1, "shelf")
        self._store: Optional[PageStore] = None  # only that thread touches it
        self._closing: Optional[asyncio.TimerHandle] = None

    async def ask(self, work: Callable[[PageStore], AnswerT]) -> AnswerT:
        """What `work` gives for the open store. Raises StoreError."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._work, work)
        finally:
            self._forget_closing()
            self._closing = loop.call_later(self._linger_seconds, self._thread.submit, self._let_go)

    async def close(self) -> None:
        """Close the store, and end the thread."""
        self._forget_closing()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._let_go)
        self._thread.shutdown()

    def _work(self, work: Callable[[PageStore], AnswerT]) -> AnswerT:
        try:
            if self._store is None:
                store = PageStore(self._path)
                store.open()
                self._store = store
            return work(self._store)
        except StoreError:
            self._let_go()  # a damaged file is mended as it is opened
            raise

    def _let_go(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def _forget_closing(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None


SHELF: web.AppKey[Shelf] = web.AppKey("shelf", Shelf)
