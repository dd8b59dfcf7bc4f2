"""Learning by button: samples go to the store, the head is refitted, and the new name is made ready to be said."""

from __future__ import annotations

from typing import Callable, Sequence, Tuple

import numpy as np

from ..vision.recognise import Recogniser
from .objects import ObjectStore, TaughtObject


class Learner:
    """Keeps samples and turns them into objects that the recogniser knows."""

    def __init__(self, store: ObjectStore, recogniser: Recogniser, names: Sequence[str],
                 prepare: Callable[[str], None] = lambda object_id: None) -> None:
        """`names` are given out in order to what is taught by button; `prepare` renders an object's phrases."""
        self._store, self._recogniser = store, recogniser
        self._names, self._prepare = tuple(names), prepare
        self._taught: Tuple[TaughtObject, ...] = ()
        self.refit()

    @property
    def taught(self) -> Tuple[TaughtObject, ...]:
        """All taught things, oldest first."""
        return self._taught

    def spoken_name(self, object_id: str) -> str:
        """The wearer's name of a taught thing; empty for any other id."""
        return next((thing.name for thing in self._taught if thing.object_id == object_id), "")

    def keep(self, crop: np.ndarray) -> int:
        """Store an RGB uint8 crop as a sample; returns how many wait for a name. Raises StoreError."""
        _, embedding = self._recogniser.embed(crop)
        return self._store.keep(crop, embedding, self._recogniser.backbone)

    def undo(self) -> int:
        """Remove the newest waiting sample; returns how many are left."""
        return self._store.undo()

    def learn(self) -> TaughtObject:
        """Make the waiting samples an object by the next free name, and know it from now on."""
        return self._know(self._store.learn(self.next_name()))

    def teach(self, name: str, crops: Sequence[np.ndarray]) -> TaughtObject:
        """Learn a named thing from pictures (RGB uint8), apart from any samples that wait. All or nothing."""
        samples = [(crop, self._recogniser.embed(crop)[1]) for crop in crops]
        return self._know(self._store.add(name, samples, self._recogniser.backbone))

    def next_name(self) -> str:
        """The first name of the list that is not taken; numbered names once the list is used up."""
        taken = {thing.name for thing in self._taught}
        free = [name for name in self._names if name not in taken]
        number = 1
        while not free:
            candidate = f"thing {number}"
            free = [] if candidate in taken else [candidate]
            number += 1
        return free[0]

    def _know(self, thing: TaughtObject) -> TaughtObject:
        self.refit()
        self._prepare(thing.object_id)
        return thing

    def refit(self) -> None:
        """Read the store again and fit the head to it."""
        self._taught = tuple(self._store.objects())
        self._recogniser.head.fit(self._store.embeddings(self._recogniser.backbone))
