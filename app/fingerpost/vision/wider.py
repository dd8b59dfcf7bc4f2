"""A thousand more names: what the object network calls `other` is asked of a wider one."""

from __future__ import annotations

from typing import Dict, Mapping, Tuple

import numpy as np

from ..core.ports import Backend
from ..models import ModelInfo
from .classify import classify

OTHER = "other"
"""What the object network calls everything that is none of its names; never spoken."""


class WiderNames:
    """A second network, which knows many names, each in its own spelling, and no `other`."""

    def __init__(self, backend: Backend, info: ModelInfo) -> None:
        self._backend, self._info = backend, info

    @property
    def names(self) -> Tuple[str, ...]:
        """All names, in the network's own spelling."""
        return tuple(self._info.labels or ())

    def probabilities(self, crop: np.ndarray) -> Dict[str, float]:
        """Per name the probability that an RGB uint8 crop shows it; they sum to 1."""
        chances, _ = classify(self._backend, self._info, crop)
        return dict(zip(self._info.labels or (), chances.tolist()))


def share_wider(own: Mapping[str, float], wider: Mapping[str, float]) -> Dict[str, float]:
    """The names' probabilities, once the wider network has shared out what the object network calls other.

    Both map labels to probabilities that sum to 1, `own` with `other` among them. The object network was trained on
    its few names and knows what is none of them, which the wider one, trained to choose one of its thousand whatever
    it sees, does not: so it is asked about nothing but `other`. A name that both know (Granny-Smith, Granny Smith)
    is one name, by the spelling of the object network. The result sums to 1 and has no `other`.
    """
    chances = {label: chance for label, chance in own.items() if label != OTHER}
    spelling = {_plain(label): label for label in chances}
    for label, chance in wider.items():
        name = spelling.get(_plain(label), label)
        chances[name] = chances.get(name, 0.0) + own.get(OTHER, 0.0) * chance
    return chances


def _plain(label: str) -> str:
    return label.lower().replace("-", " ")
