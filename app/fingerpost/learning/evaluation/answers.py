"""What was answered, and the figures that this gives: names right and wrong, and strangers that got one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .common import rounded


class Answer(NamedTuple):
    """One picture: its name (empty for a stranger), the names guessed, the first one's confidence, seconds taken."""

    name: str
    guesses: tuple[str, ...]
    confidence: float
    seconds: float


def measure_objects(known: list[Answer], unknown: list[Answer], least: float) -> dict[str, Any]:
    """The figures of the fixed format; a name counts as spoken, hedged or not, from confidence `least`.

    Strangers are weighted as if there were as many as known things.
    """
    right = np.array([answer.guesses[0] == answer.name for answer in known])
    spoken = np.array([answer.confidence >= least for answer in known])
    named = np.mean([answer.confidence >= least for answer in unknown]) * len(known) if unknown else 0.0
    names = sorted({answer.name for answer in known})
    said = spoken.sum() + named
    return {"n": len(known), "top1": rounded(right.mean(), 4),
            "top5": rounded(np.mean([answer.name in answer.guesses[:5] for answer in known]), 4),
            "unknown_auroc": measure_auroc(known, unknown) if unknown else None,
            "wrong_spoken": rounded(((spoken & ~right).sum() + named) / said, 4) if unknown and said else None,
            "answered": rounded(spoken.mean(), 4),
            "per_class": {key: rounded(right[[a.name == key for a in known]].mean(), 4) for key in names},
            "ms_per_image": rounded(1000 * np.median([answer.seconds for answer in known]))}


def measure_auroc(known: list[Answer], unknown: list[Answer]) -> float:
    """How often a known thing is named with more confidence than a stranger (Mann-Whitney; ties count half)."""
    ours = np.array([answer.confidence for answer in known])[:, None]
    theirs = np.sort([answer.confidence for answer in unknown])
    below = np.searchsorted(theirs, ours, "left") + np.searchsorted(theirs, ours, "right")
    return rounded(below.mean() / (2 * len(theirs)), 4)


def trace_doubt(known: list[Answer], unknown: list[Answer]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every threshold from strict to lax: the confidence, the share of known things that get a name, and the share
    of wrong ones among the names spoken, with strangers weighted as if there were as many as known things."""
    answers = known + unknown
    confidence = np.array([answer.confidence for answer in answers])
    order = np.argsort(-confidence)
    right = np.array([answer.guesses[0] == answer.name for answer in answers])[order]
    familiar = (np.arange(len(answers)) < len(known))[order]
    weight = np.where(familiar, 1.0, len(known) / max(1, len(unknown)))
    return (confidence[order], np.cumsum(familiar) / len(known),
            np.cumsum(weight * ~right) / np.cumsum(weight))
