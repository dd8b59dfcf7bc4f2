"""What was taught is embedded anew when another network takes over, and until then the old one goes on knowing it."""

from __future__ import annotations

import queue
from typing import Dict, Iterator, Optional, Tuple

import numpy as np

from ..vision.recognise import Recogniser
from .objects import ObjectStore


class Renewal:
    """Embeds samples one by one; with the last one, the store and the recogniser go over to the network at once."""

    def __init__(self, store: ObjectStore, recogniser: Recogniser) -> None:
        self._store, self._recogniser = store, recogniser
        self._heirs: queue.SimpleQueue[Recogniser] = queue.SimpleQueue()
        self._begin(recogniser)

    def hand_over(self, heir: Recogniser) -> None:
        """Let another network take over once it knows everything; from any thread."""
        self._heirs.put(heir)

    @property
    def is_due(self) -> bool:
        """Whether anything is left to do."""
        return self._stale is not None or not self._heirs.empty()

    def step(self) -> bool:
        """Embed one sample, or go over when none is left; whether there was one. Raises StoreError, and then all
        stays as it is for another attempt."""
        while not self._heirs.empty():
            self._drop_heir()
            self._begin(self._heirs.get())
        sample = next(self._stale, None) if self._stale is not None else None
        if sample is None:
            self._go_over()
            return False
        key, crop = sample
        self._embeddings[key] = self._heir.embed(crop)[1]
        return True

    def _begin(self, heir: Recogniser) -> None:
        self._heir = heir
        self._stale: Optional[Iterator[Tuple[int, np.ndarray]]] = self._store.stale(heir.backbone)
        self._embeddings: Dict[int, np.ndarray] = {}

    def _go_over(self) -> None:
        if self._embeddings:
            self._store.replace_embeddings(self._embeddings, self._heir.backbone)
        if self._heir is self._recogniser:
            self._stale = None
            return
        self._recogniser.become(self._heir)
        self._begin(self._recogniser)  # once more, for samples that were taken meanwhile

    def _drop_heir(self) -> None:
        """Let go of a network that another one has overtaken."""
        if self._heir is not self._recogniser:
            self._heir.close()
