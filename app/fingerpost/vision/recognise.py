"""What the finger points at: the object network, its own names, and what the wearer has taught."""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional, Tuple

import numpy as np

from ..core.ports import Backend
from ..core.types import TAUGHT, Guess
from ..models import ModelInfo
from .classify import classify
from .heads import TaughtHead, to_unit
from .wider import OTHER, WiderNames, share_wider

_GUESSES = 5
_WORTH_ASKING = 0.1
"""With less belief than this to share out, the wider network is spared the work: it could not change what is said."""
_MIDDLE = 0.75
"""Side of the closer view, as a share of the crop's."""


class Recogniser:
    """Names what a crop shows."""

    def __init__(self, backend: Backend, info: ModelInfo, head: TaughtHead,
                 wider: Optional[WiderNames] = None) -> None:
        """`wider` names what the network of `info` calls other, where such names were fetched."""
        self._backend, self._info, self.head, self._wider = backend, info, head, wider

    def become(self, heir: Recogniser) -> None:
        """Go over to the network and the head of another recogniser; the old network is let go of."""
        self.close()
        self._backend, self._info, self.head = heir._backend, heir._info, heir.head

    def close(self) -> None:
        """Let go of the network of today; harmless when that is done. The wider one is not ours."""
        self._backend.close()

    @property
    def backbone(self) -> str:
        """The sha256 of the network: embeddings of another one cannot be compared."""
        return self._info.sha256

    @property
    def names(self) -> Tuple[str, ...]:
        """The object ids that the network knows without being taught."""
        return tuple(label for label in self._info.labels or () if label != OTHER and not label.startswith(TAUGHT))

    @property
    def wider_names(self) -> Tuple[str, ...]:
        """The names of the wider network; empty where there is none."""
        return self._wider.names if self._wider else ()

    def embed(self, crop: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Class probabilities (n,) and the embedding (d,) of an RGB uint8 crop.

        Both are means over four views, the crop and its middle, each of them mirrored too. A thing that is learned and
        asked about so is known better (docs/decisions/010-i-do-not-know.md), for four runs of the network.
        """
        runs = [classify(self._backend, self._info, view) for view in make_views(crop)]
        probabilities, embeddings = zip(*runs)
        return np.mean(probabilities, axis=0), to_unit(np.stack(embeddings)).mean(axis=0)

    def guess(self, crop: np.ndarray) -> Tuple[Guess, ...]:
        """The likeliest names, best first, each with the probability that it is right.

        Taught things come first: only the belief that they leave is shared among the built-in names. So a taught thing
        wins over the built-in name of what it looks like, and where it is in doubt the built-in name is, too.
        """
        chances, own = self._believe(crop)
        left = 1.0 - sum(chances.values())
        if self._wider is not None and left * own.get(OTHER, 0.0) >= _WORTH_ASKING:
            own = share_wider(own, self._wider.probabilities(crop))
        for label, chance in own.items():
            # A retrained network knows taught things too; one that was forgotten since stays unnamed.
            if label in chances or not (label == OTHER or label.startswith(TAUGHT)):
                chances[label] = chances.get(label, 0.0) + left * chance
        return rank(Guess(object_id, chance) for object_id, chance in chances.items())

    def guess_taught(self, crop: np.ndarray) -> Tuple[Guess, ...]:
        """The taught things with the probabilities that the crop shows them; where nothing is taught, that is free."""
        if self.head.is_empty:
            return ()
        chances, own = self._believe(crop)
        left = 1.0 - sum(chances.values())
        return tuple(Guess(object_id, chance + left * own.get(object_id, 0.0)) for object_id, chance in chances.items())

    def _believe(self, crop: np.ndarray) -> Tuple[Dict[str, float], Dict[str, float]]:
        """What the head says of taught things, and what the network says of its own labels."""
        probabilities, embedding = self.embed(crop)
        return self.head.probabilities(embedding), dict(zip(self._info.labels or (), probabilities.tolist()))


def rank(guesses: Iterable[Guess]) -> Tuple[Guess, ...]:
    """The likeliest few guesses, best first."""
    return tuple(sorted(guesses, key=lambda guess: -guess.confidence)[:_GUESSES])


def make_views(crop: np.ndarray) -> List[np.ndarray]:
    """The crop (H, W, 3) and its middle, each as it is and mirrored."""
    height, width = crop.shape[:2]
    top, left = round(height * (1 - _MIDDLE) / 2), round(width * (1 - _MIDDLE) / 2)
    middle = crop[top:height - top, left:width - left]
    return [crop, crop[:, ::-1], middle, middle[:, ::-1]]
