"""How alike is alike enough? The curve from the cosine between embeddings to a probability, for taught things.

Simulated teaching: a thing is one picture, its samples are views of it as a pointing camera might cut them, and the
question is whether a further view shows the taught thing or another. Logistic regression of the answer on the cosine
between the view and the mean of the samples gives the curve (Platt, 1999).
"""

from __future__ import annotations

from typing import Callable, NamedTuple

import numpy as np

from ..views import Random, make_view

Embed = Callable[[np.ndarray], np.ndarray]
"""Views, RGB uint8 (N, S, S, 3), to embeddings (N, D)."""

SAMPLES, QUESTIONS = 4, 2
"""Views per thing that teach, and that ask."""
STRANGERS_PER_THING = 20
"""Other things compared with each taught one: on a walk most of what is pointed at was never taught."""


class Likeness(NamedTuple):
    """P(same thing | cosine) = 1 / (1 + exp(-(cosine - middle) / width)), for embeddings less `centre` (D,)."""

    centre: np.ndarray
    middle: float
    width: float


def fit_likeness(embed: Embed, pictures: list[np.ndarray], side: int, rng: Random, things: int = 400) -> Likeness:
    """Fit the curve on as many simulated things, drawn from pictures that the network may have learned from."""
    from sklearn.linear_model import LogisticRegression

    chosen = rng.choice(len(pictures), min(things, len(pictures)), replace=False)
    views = np.stack([make_view(pictures[index], pictures, side, rng) for index in chosen
                      for _ in range(SAMPLES + QUESTIONS)])
    embeddings = np.concatenate([embed(views[start:start + 64]) for start in range(0, len(views), 64)])
    centre = embeddings.mean(axis=0)
    groups = unit(embeddings - centre).reshape(len(chosen), SAMPLES + QUESTIONS, -1)
    cosines, same = compare(groups, rng)
    fitted = LogisticRegression(C=1e4).fit(cosines[:, None], same)
    slope, offset = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return Likeness(centre, -offset / slope, 1.0 / slope)


def compare(groups: np.ndarray, rng: Random) -> tuple[np.ndarray, np.ndarray]:
    """Cosines between questions and class means of unit embeddings (things, views, D), and whether they match."""
    means = unit(groups[:, :SAMPLES].mean(axis=1))
    questions = groups[:, SAMPLES:]
    own = np.einsum("td,tqd->tq", means, questions).ravel()
    others = []
    for thing in range(len(groups)):
        strangers = rng.choice(np.delete(np.arange(len(groups)), thing), STRANGERS_PER_THING)
        others.append(questions[strangers, 0] @ means[thing])
    other = np.concatenate(others)
    return np.concatenate([own, other]), np.concatenate([np.ones(len(own)), np.zeros(len(other))])


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1 along the last axis."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
