"""Names for what the wearer has taught: a few embeddings a thing, learned in milliseconds, in numpy alone.

Two questions are asked of a new embedding and answered apart. Is it any taught thing? The cosine to the nearest class
mean tells, by a curve that simulated teaching has fitted. And which one? Linear discriminant analysis tells, which
measures better than the nearest mean: docs/decisions/010-i-do-not-know.md.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Tuple

import numpy as np

SHRINKAGE = 0.5
"""Share of the covariance that is taken from a sphere: 5 samples a thing say little about 512 dimensions. From 0.1 to
0.8 it measures alike."""
LOOSE = 0.5
"""Variance of the samples of a thing, all dimensions together, where no thing has two of them to tell it."""
TIGHT = 0.1
"""Least such variance: four pictures taken from one spot are more alike than the thing is on another day. With five
photos a thing, one simulated lesson in twenty stays below it."""
FEW = 4.0
"""Things of so many samples each are told apart with half the confidence that many samples would give."""


class Curve(NamedTuple):
    """From likeness to probability; fitted by `fingerpost calibrate objects` and kept in the manifest."""

    middle: float
    """The cosine to a class mean at which a view is as likely as not to show a taught thing."""
    width: float
    """So much more likeness makes the odds e times better."""
    sharpness: float
    """So much more score than a rival makes a taught thing e times likelier than it."""


class TaughtHead:
    """What the wearer has taught, as far as it can be told from embeddings."""

    def __init__(self, middle: float = 0.5, width: float = 0.1, sharpness: float = 25.0) -> None:
        """The numbers of a Curve, as the manifest lists them; a head that is never fitted needs none."""
        self._curve = Curve(middle, width, sharpness)
        self._ids: List[str] = []
        self._means = self._weights = np.zeros((0, 1), dtype=np.float32)
        self._offsets = np.zeros(0, dtype=np.float32)

    def fit(self, embeddings: Mapping[str, np.ndarray]) -> None:
        """Take over the taught things; `embeddings` maps object ids to float32 (samples, d), at least one each."""
        self._ids = sorted(embeddings)
        if self._ids:
            groups = [to_unit(embeddings[key]) for key in self._ids]
            self._means = to_unit(np.stack([group.mean(axis=0) for group in groups]))
            self._weights, self._offsets = fit_discriminant(groups)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is taught."""
        return not self._ids

    def likeness(self, embedding: np.ndarray) -> Dict[str, float]:
        """Per taught thing the cosine in [-1, 1] between its mean and the embedding (d,)."""
        return dict(zip(self._ids, (self._means @ to_unit(embedding)).tolist())) if self._ids else {}

    def probabilities(self, embedding: np.ndarray) -> Dict[str, float]:
        """Per taught thing the probability that the embedding (d,) shows it; what is left to 1 is none of them."""
        if not self._ids:
            return {}
        return dict(zip(self._ids, believe(*self.compare(embedding), self._curve).tolist()))

    def compare(self, embeddings: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Cosines to the class means, and discriminant scores, of embeddings (..., d): both (..., things), by id."""
        unit = to_unit(embeddings)
        return unit @ self._means.T, unit @ self._weights + self._offsets


def fit_discriminant(groups: List[np.ndarray]) -> Tuple[np.ndarray, np.ndarray]:
    """Weights (d, things) and offsets (things,) of a score by which things, unit samples (n, d) each, are told apart.

    Linear discriminant analysis: the log-likelihood under a Gaussian around each thing's mean, with one covariance for
    all of them, shrunk towards a sphere (Friedman, 1989). Every thing is as likely beforehand, however many samples it
    has. 50 things of 10 samples take about 20 ms.
    """
    means = np.stack([group.mean(axis=0) for group in groups])
    centre = means.mean(axis=0)
    spread = np.concatenate([group - mean for group, mean in zip(groups, means)])
    dimensions, freedom = spread.shape[1], len(spread) - len(groups)
    covariance = spread.T @ spread / max(1, freedom)
    variance = float(np.trace(covariance)) if freedom else LOOSE
    covariance *= 1.0 - SHRINKAGE
    covariance.flat[::dimensions + 1] += (SHRINKAGE * variance + max(0.0, TIGHT - variance)) / dimensions
    weights = np.linalg.solve(covariance, (means - centre).T) / (1.0 + FEW * len(groups) / len(spread))
    return weights, -0.5 * ((means + centre).T * weights).sum(axis=0)


def believe(likeness: np.ndarray, scores: np.ndarray, curve: Curve) -> np.ndarray:
    """Probabilities (..., things) from the cosines to the class means and the scores, both (..., things).

    The chance that it is any of them, by the best likeness, is divided among them by their scores. So two things that
    look the same share the belief in either, and something unlike them all is believed to be none.
    """
    chance = 1.0 / (1.0 + np.exp(-(likeness.max(axis=-1, keepdims=True) - curve.middle) / curve.width))
    shares = np.exp((scores - scores.max(axis=-1, keepdims=True)) / curve.sharpness)
    return chance * shares / shares.sum(axis=-1, keepdims=True)


def to_unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1 along the last axis."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
