"""What was taught is embedded anew when another network takes over, and until then the old one goes on knowing it."""

from __future__ import annotations

import queue
from typing import Dict, List, Optional

import numpy as np

from ..vision.recognise import Recogniser
from .objects import ObjectStore

BATCH = 20
"""A network that runs already, as after an update of a device that was off, has its embeddings stored in so many: what
was made is not lost when it is switched off again, and in many short outings it gets there."""


class Renewal:
    """Embeds samples one by one. With the last one the store and the recogniser go over to another network at once."""

    def __init__(self, store: ObjectStore, recogniser: Recogniser) -> None:
        """Raises StoreError."""
        self._store, self._recogniser = store, recogniser
        self._heirs: queue.SimpleQueue[Recogniser] = queue.SimpleQueue()
        self._begin(recogniser)
        self._stale: Optional[List[int]] = store.stale(recogniser.backbone)
        self._behind = bool(self._stale)

    def hand_over(self, heir: Recogniser) -> None:
        """Let another network take over once it knows everything; from any thread."""
        self._heirs.put(heir)

    @property
    def is_due(self) -> bool:
        """Whether anything is left to do."""
        return not self._done or not self._heirs.empty()

    @property
    def is_behind(self) -> bool:
        """Whether some of what was taught is not known meanwhile, because no network that embedded it runs."""
        return self._behind

    def step(self) -> bool:
        """Embed one sample, or go over when none is left; whether there was one.

        Raises StoreError or ModelError, and then all stays as it is for another attempt.
        """
        while not self._heirs.empty():
            self._drop_heir()
            self._begin(self._heirs.get())
        if self._stale is None:
            self._stale = self._store.stale(self._heir.backbone)
        if not self._stale:
            self._go_over()
            return False
        self._embed(self._stale[0])
        del self._stale[0]
        return True

    def _begin(self, heir: Recogniser) -> None:
        self._heir, self._done = heir, False
        self._stale = None
        self._embeddings: Dict[int, np.ndarray] = {}

    def _embed(self, sample_id: int) -> None:
        """Embed a sample; one that is gone by now, or spoilt, is left to the check of the store."""
        crop = self._store.crop(sample_id)
        if crop is not None:
            self._embeddings[sample_id] = self._heir.embed(crop)[1]
        if self._heir is self._recogniser and len(self._embeddings) >= BATCH:
            self._store_embeddings()

    def _store_embeddings(self) -> None:
        if self._embeddings:
            self._store.replace_embeddings(self._embeddings, self._heir.backbone)
            self._embeddings = {}

    def _go_over(self) -> None:
        self._store_embeddings()
        self._behind = False
        if self._heir is self._recogniser:
            self._done = True
            return
        self._recogniser.become(self._heir)
        self._begin(self._recogniser)  # once more, for samples that were taken meanwhile

    def _drop_heir(self) -> None:
        """Let go of a network that another one has overtaken."""
        if self._heir is not self._recogniser:
            self._heir.close()
