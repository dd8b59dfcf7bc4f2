"""What the finger points at: the object network, its own names, and what the wearer has taught."""

from __future__ import annotations

from typing import Dict, List, Mapping, Tuple

import numpy as np

from ..core.ports import Backend
from ..core.types import Guess
from ..models import ModelInfo
from .preprocess import to_input

OTHER = "other"
"""The label of everything that the network was shown as none of its classes; never spoken."""
_GUESSES = 5


class TaughtHead:
    """Names by the likeness to class means of taught embeddings (nearest class mean, on the unit sphere)."""

    def __init__(self, middle: float = 0.5, width: float = 0.1) -> None:
        """`middle` is the cosine at which a likeness is as likely as not to be right, `width` its softness.

        The model's own curve is `ModelInfo.likeness`; a head that is never fitted needs none.
        """
        self._middle, self._width = middle, width
        self._ids: List[str] = []
        self._means = np.zeros((0, 1), dtype=np.float32)

    def fit(self, embeddings: Mapping[str, np.ndarray]) -> None:
        """Take over the taught things; `embeddings` maps object ids to float32 (samples, d)."""
        self._ids = sorted(embeddings)
        if self._ids:
            self._means = np.stack([_unit(_unit(embeddings[key]).mean(axis=0)) for key in self._ids])

    def probabilities(self, embedding: np.ndarray) -> Dict[str, float]:
        """Per taught thing the probability that the embedding (d,) shows it."""
        if not self._ids:
            return {}
        likeness = self._means @ _unit(embedding)
        chance = 1.0 / (1.0 + np.exp(-(likeness - self._middle) / self._width))
        # Two things that are both alike share the belief in the likelier of them.
        share = np.exp(likeness / self._width - (likeness / self._width).max())
        return dict(zip(self._ids, (chance.max() * share / share.sum()).tolist()))


class Recogniser:
    """Names what a crop shows."""

    def __init__(self, backend: Backend, info: ModelInfo, head: TaughtHead) -> None:
        self._backend, self._info, self.head = backend, info, head

    @property
    def backbone(self) -> str:
        """The sha256 of the network: embeddings of another one cannot be compared."""
        return self._info.sha256

    @property
    def names(self) -> Tuple[str, ...]:
        """The object ids that the network knows without being taught."""
        return tuple(label for label in self._info.labels or () if label != OTHER)

    def embed(self, crop: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Class probabilities (n,) and the embedding (d,) of an RGB uint8 crop."""
        height, width = self._info.input[2:]
        logits, embedding = self._backend.run(to_input(crop, (width, height), self._info.mean, self._info.std))
        exponentials = np.exp(logits[0].astype(np.float64) - logits.max())
        return exponentials / exponentials.sum(), embedding[0]

    def guess(self, crop: np.ndarray) -> Tuple[Guess, ...]:
        """The likeliest names, best first. A taught thing takes its share of belief before the built-in names."""
        probabilities, embedding = self.embed(crop)
        taught = self.head.probabilities(embedding)
        left = 1.0 - sum(taught.values())
        chances = dict(taught)
        for label, chance in zip(self._info.labels or (), probabilities):
            if label != OTHER:
                chances[label] = left * float(chance)
        ranked = sorted(chances.items(), key=lambda item: -item[1])[:_GUESSES]
        return tuple(Guess(object_id, chance) for object_id, chance in ranked)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
