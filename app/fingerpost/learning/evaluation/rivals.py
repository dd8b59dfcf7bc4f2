"""Heads to measure the wearable's own beside: all learn the same few embeddings and answer the same questions."""

from __future__ import annotations

from typing import Callable, Dict

import numpy as np

from ...vision.heads import TaughtHead, to_unit

Lessons = Dict[str, np.ndarray]  # evaluated at import, also under Python 3.8
"""Embeddings (n, D) of what was taught, by name."""
Head = Callable[[Lessons, np.ndarray], np.ndarray]
"""Learns the lessons and gives scores (questions, things), things sorted by name, for embeddings (questions, D)."""

RIDGE = 0.2
"""Strength of the ridge per sample of a thing, for unit embeddings; from 0.05 to 1 it measures alike."""


def score_means(lessons: Lessons, questions: np.ndarray) -> np.ndarray:
    """Nearest class mean: the cosine between embeddings less the centre of what was taught."""
    groups, asked = remove_centre(lessons, questions)
    return asked @ to_unit(np.stack([group.mean(axis=0) for group in groups])).T


def score_ridge(lessons: Lessons, questions: np.ndarray) -> np.ndarray:
    """Ridge regression on which thing it is, every thing of the same weight, solved among the samples."""
    groups, asked = remove_centre(lessons, questions)
    samples = np.concatenate(groups)
    sizes = np.array([len(group) for group in groups])
    owners = np.repeat(np.arange(len(groups)), sizes)
    wanted = np.eye(len(groups))[owners] - 1.0 / len(groups)
    return asked @ samples.T @ np.linalg.solve(samples @ samples.T + np.diag(RIDGE * sizes[owners]), wanted)


def score_discriminant(lessons: Lessons, questions: np.ndarray) -> np.ndarray:
    """The head that ships: linear discriminant analysis with a shrunk covariance."""
    head = TaughtHead()
    head.fit(lessons)
    return head.compare(questions)[1]


def remove_centre(lessons: Lessons, questions: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Unit embeddings of the things, sorted by name, and of the questions, less the mean of the things."""
    groups = [to_unit(lessons[name]) for name in sorted(lessons)]
    centre = np.mean([group.mean(axis=0) for group in groups], axis=0)
    return [group - centre for group in groups], to_unit(questions) - centre


HEADS: dict[str, Head] = {"class means": score_means, "ridge": score_ridge, "discriminant": score_discriminant}
