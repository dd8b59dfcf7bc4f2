"""Learning by button: samples go to the store, the head is refitted, and the new name is handed on to be rendered."""

from __future__ import annotations

from typing import Callable, Dict, Optional, Sequence, Tuple

import numpy as np

from ..core.errors import StoreError
from ..core.types import Clip, Quality
from ..vision.heads import to_unit
from ..vision.recognise import Recogniser
from .objects import ObjectStore, TaughtObject
from .renewal import Renewal

LOOK_ALIKE = 0.85
"""So like a taught thing (cosine), a sample could be taken for it. Of 48 photos of 24 kinds of groceries, each kind
taught from four others, none is so like another kind (0.83 at most), and more than half are so like their own."""


class Learner:
    """Keeps samples and turns them into objects that the recogniser knows."""

    def __init__(self, store: ObjectStore, recogniser: Recogniser, names: Sequence[str],
                 prepare: Callable[[str], None] = lambda object_id: None,
                 recorded: Callable[[], Optional[Clip]] = lambda: None,
                 number: Callable[[int], str] = "thing {}".format) -> None:
        """`names` are there for what is taught by button, and those that `number` makes once all are taken; `prepare`
        is told of each object with a new name, to have its phrases rendered without keeping us waiting; `recorded`
        gives the wearer's voice in the last recording."""
        self._store, self._recogniser = store, recogniser
        self._names, self._prepare, self._recorded, self._number = tuple(names), prepare, recorded, number
        self._taught: Tuple[TaughtObject, ...] = ()
        # What has been forgotten keeps its name here: it is spoken of once more.
        self._spoken: Dict[str, Tuple[str, Optional[Clip]]] = {}
        self._renewal = Renewal(store, recogniser)
        self.refit()

    @property
    def taught(self) -> Tuple[TaughtObject, ...]:
        """All taught things, oldest first."""
        return self._taught

    @property
    def backbone(self) -> str:
        """The sha256 of the network by which things are known now."""
        return self._recogniser.backbone

    @property
    def is_renewing(self) -> bool:
        """Whether things are still to be embedded by the network of today, or by one that takes over."""
        return self._renewal.is_due

    @property
    def is_relearning(self) -> bool:
        """Whether some of what was taught is not known yet, because the network of today has not seen all of it."""
        return self._renewal.is_behind

    def hand_over(self, heir: Recogniser) -> None:
        """Let another network take over; from any thread. `renew` does it, and the old one is let go of."""
        self._renewal.hand_over(heir)

    def count_samples(self) -> Dict[str, int]:
        """How many samples each taught thing has, by its id."""
        return {thing.object_id: thing.samples for thing in self._taught}

    def spoken_name(self, object_id: str) -> str:
        """The wearer's name of a taught thing; empty for any other id."""
        return self._spoken.get(object_id, ("", None))[0]

    def spoken_label(self, object_id: str) -> Optional[Clip]:
        """The wearer's own voice saying the name of a taught thing; None where there is none."""
        return self._spoken.get(object_id, ("", None))[1]

    def free_names(self) -> Tuple[str, ...]:
        """The names of the list that are not taken; a numbered one once the list is used up.

        Numbers go on where the list ends: after "thing one" to "thing five" comes "thing 6", not a second first.
        """
        taken = {thing.name for thing in self._taught}
        numbered = map(self._number, range(len(self._names) + 1, len(self._names) + len(taken) + 2))
        return tuple(name for name in self._names if name not in taken) or (
            next(name for name in numbered if name not in taken),)

    def waiting(self) -> int:
        """How many samples wait for a name."""
        return self._store.waiting()

    def keep(self, crop: np.ndarray, quality: Optional[Quality] = None) -> Tuple[int, str]:
        """Store an RGB uint8 crop, of that quality, as a sample; how many wait for a name, and which taught thing it
        looks just like, empty for none. Raises StoreError."""
        embedding = self._recogniser.embed(crop)[1]
        likeness = self._recogniser.head.likeness(embedding)
        nearest = max(likeness, key=lambda object_id: likeness[object_id], default="")
        count = self._store.keep(crop, embedding, self._recogniser.backbone, quality)
        return count, nearest if nearest and likeness[nearest] >= LOOK_ALIKE else ""

    def undo_sample(self) -> int:
        """Remove the newest waiting sample; returns how many are left."""
        return self._store.undo_sample()

    def learn(self, name: str = "", voice: bool = False, object_id: str = "") -> TaughtObject:
        """Make the waiting samples an object, or part of the object of that id, and know it from now on.

        It is called `name`, or by the next free one; with `voice`, the last recording says it.
        """
        if object_id:
            return self._know(self._store.learn(self._name_now(object_id)))
        label = self._recorded() if voice else None
        named_by = "voice" if label else "list" if name else "text"
        return self._know(self._store.learn(name or self.free_names()[0], label, named_by))

    def teach(self, name: str, crops: Sequence[np.ndarray]) -> TaughtObject:
        """Learn a named thing from pictures (RGB uint8), apart from any samples that wait. All or nothing."""
        samples = [(crop, self._recogniser.embed(crop)[1]) for crop in crops]
        return self._know(self._store.add(name, samples, self._recogniser.backbone))

    def likeness(self, object_id: str) -> float:
        """How alike the looks at a thing are: the mean over them of the cosine to the look most like each.

        Looks that have none like them leave gaps between them, in which the thing is not recognised. 1 for one look.
        """
        looks = to_unit(self._store.embeddings(self._recogniser.backbone).get(object_id, np.ones((1, 1))))
        cosines = looks @ looks.T
        if len(looks) > 1:
            np.fill_diagonal(cosines, -1.0)
        return float(cosines.max(axis=1).mean())

    def rename(self, object_id: str, name: str = "") -> None:
        """Call a thing by another name or, where that is empty, by the last recording."""
        label = self._recorded()
        if name:
            self._store.rename(self._name_now(object_id), name)
        elif label is not None:
            self._store.set_voice_label(object_id, label)
        self.refit()
        self._prepare(object_id)

    def forget(self, object_id: str) -> None:
        """Forget a thing; `undo` brings it back."""
        self._store.forget(self._name_now(object_id))
        self.refit()

    def undo(self) -> Tuple[str, str]:
        """Undo the last change: what that did (see `core.events.Changed`), and to which thing."""
        before = self._knowledge()
        if self._store.undo() is None:
            return "nothing", ""
        self.refit()
        return compare(before, self._knowledge())

    def renew(self) -> bool:
        """Embed one sample anew that another network has embedded; whether one was left.

        After a change of the network this is called again and again while there is nothing else to do, for all of
        them would take too long at once. With the last one the things are known again. Raises StoreError or ModelError,
        and then can be called again later.
        """
        if not self._renewal.is_due:
            return False
        if self._renewal.step():
            return True
        self.refit()
        return False

    def reread(self) -> None:
        """Know what another process has changed in the store, and have new names rendered. Raises StoreError."""
        names = {thing.object_id: thing.name for thing in self._taught}
        self.refit()
        for thing in self._taught:
            if names.get(thing.object_id) != thing.name:
                self._prepare(thing.object_id)

    def refit(self) -> None:
        """Read the store again and fit the head to it."""
        self._taught = tuple(self._store.objects())
        for thing in self._taught:
            label = self._store.voice_label(thing.object_id) if thing.has_voice else None
            self._spoken[thing.object_id] = (thing.name, label)
        self._recogniser.head.fit(self._store.embeddings(self._recogniser.backbone))

    def _name_now(self, object_id: str) -> str:
        """The name of a thing in the store, which others may have changed since the last refit. Raises StoreError."""
        for thing in self._store.objects():
            if thing.object_id == object_id:
                return thing.name
        raise StoreError(f"'{self.spoken_name(object_id) or object_id}' is not known any more: teach it again")

    def _know(self, thing: TaughtObject) -> TaughtObject:
        self.refit()
        self._prepare(thing.object_id)
        return thing

    def _knowledge(self) -> Dict[str, Tuple[TaughtObject, bytes]]:
        """All things with their voice labels, comparable."""
        labels = [self.spoken_label(thing.object_id) for thing in self._taught]
        return {thing.object_id: (thing, b"" if label is None else label.samples.tobytes())
                for thing, label in zip(self._taught, labels)}


def compare(before: Dict[str, Tuple[TaughtObject, bytes]],
            after: Dict[str, Tuple[TaughtObject, bytes]]) -> Tuple[str, str]:
    """What became of the first thing that is not as it was before: returned, unlearned or undone; or nothing."""
    for object_id in after:
        if object_id not in before:
            return "returned", object_id
    for object_id in before:
        if object_id not in after:
            return "unlearned", object_id
        if before[object_id] != after[object_id]:
            return "undone", object_id
    return "nothing", ""
