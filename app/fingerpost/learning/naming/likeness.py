"""How alike is alike enough? The curve from likeness to the probability that the name of a taught thing is right.

It is fitted on many simulated lessons: things are taught from a few samples each, further views of them and as many
of strangers are shown, and what the curve then believes should come true as often as it says. `calibrate` does so on
photos, a class being a thing, which is what a wearer's lesson is like. At the end of a training there are hardly any
photos left that the network has not seen; there, things are single pictures and samples are hard views of them, which
gives a curve that withholds too much rather than too little.
"""

from __future__ import annotations

from typing import Callable, NamedTuple

import numpy as np

from ...vision.heads import Curve, TaughtHead, believe
from ..views import Random, make_view

Embed = Callable[[np.ndarray], np.ndarray]
"""Views, RGB uint8 (N, S, S, 3), to embeddings (N, D)."""

LESSONS = 60
"""Simulated lessons; twice as many move the curve by less than two of them differ."""
MOST_THINGS, SAMPLES = 15, (3, 4, 5, 8)
"""A lesson teaches 1 to so many things, each from one of these numbers of samples (or all there are)."""
NEAR = 0.75
"""Share of the strangers that lie where things were taught, as most things do that a wearer points at."""
SAMPLE_VIEWS, QUESTION_VIEWS = 5, 3
"""Of a thing that is a single picture: views that teach, and that ask."""


class Things(NamedTuple):
    """Embeddings to simulate lessons with. Per thing (n, D) that may teach, and (m, D) that may ask; strangers (k, D),
    none where things that a lesson has not taught serve as strangers."""

    samples: list[np.ndarray]
    questions: list[np.ndarray]
    strangers: np.ndarray | None = None
    beside: list[dict[int, np.ndarray]] | None = None
    """Per thing other things, by their index, seen where it was taught (D,): they look like it for what lies around."""


class Answers(NamedTuple):
    """What came of the questions of one lesson: cosines and scores (questions, taught), and whether the highest score
    belongs to the thing that was shown."""

    likeness: np.ndarray
    scores: np.ndarray
    right: np.ndarray


class Likeness(NamedTuple):
    """The curve, for embeddings less `centre` (D,)."""

    centre: np.ndarray
    curve: Curve


def fit_likeness(embed: Embed, pictures: list[np.ndarray], side: int, rng: Random, most: int = 400) -> Likeness:
    """Centre and curve from hard views of pictures that the network has not learned from."""
    chosen = rng.choice(len(pictures), min(most, len(pictures)), replace=False)
    views = np.stack([make_view(pictures[index], pictures, side, rng) for index in chosen
                      for _ in range(SAMPLE_VIEWS + QUESTION_VIEWS)])
    embeddings = np.concatenate([embed(views[start:start + 64]) for start in range(0, len(views), 64)])
    centre = embeddings.mean(axis=0)
    groups = (embeddings - centre).reshape(len(chosen), SAMPLE_VIEWS + QUESTION_VIEWS, -1)
    return Likeness(centre, fit_curve(Things(list(groups[:, :SAMPLE_VIEWS]), list(groups[:, SAMPLE_VIEWS:])), rng))


def fit_curve(things: Things, rng: Random) -> Curve:
    """The curve under which what happened in the lessons is likeliest (binary cross-entropy, by Nelder and Mead)."""
    from scipy.optimize import minimize

    lessons = [simulate_lesson(things, rng) for _ in range(LESSONS)]

    def surprise(numbers: np.ndarray) -> float:
        curve = make_curve(numbers)
        return float(np.mean([measure_surprise(answers, curve) for answers in lessons]))

    found = minimize(surprise, [0.5, np.log(0.1), np.log(25.0)], method="Nelder-Mead",
                     options={"xatol": 1e-3, "fatol": 1e-5, "maxiter": 250})
    return Curve(*(round(number, 4) for number in make_curve(found.x)))


def make_curve(numbers: np.ndarray) -> Curve:
    """The curve of a middle and the logarithms of width and sharpness, which so stay positive."""
    return Curve(float(numbers[0]), float(np.exp(numbers[1])), float(np.exp(numbers[2])))


def measure_surprise(answers: Answers, curve: Curve) -> float:
    """Mean negative log-likelihood of what happened, when the curve says how likely the best name is right."""
    belief = believe(answers.likeness, answers.scores, curve).max(axis=1)
    return float(-np.log(np.clip(np.where(answers.right, belief, 1 - belief), 1e-6, None)).mean())


def simulate_lesson(things: Things, rng: Random) -> Answers:
    """Teach some things, then ask about them and about as many strangers."""
    order = rng.permutation(len(things.samples))
    count = int(rng.integers(1, min(MOST_THINGS, len(order) // 2) + 1))
    taught, untaught = order[:count], order[count:]
    head = TaughtHead()
    head.fit({f"{place:03}": pick(things.samples[thing], int(rng.choice(SAMPLES)), rng)
              for place, thing in enumerate(taught)})
    known = np.concatenate([things.questions[thing] for thing in taught])
    owners = np.repeat(np.arange(count), [len(things.questions[thing]) for thing in taught])
    others = things.strangers if things.strangers is not None else \
        np.concatenate([things.questions[thing] for thing in untaught])
    near = [embedding for thing in taught for other, embedding in things.beside[thing].items()
            if other not in taught] if things.beside else []
    neighbours = pick(np.stack(near), round(NEAR * len(known)), rng) if near else others[:0]
    strangers = np.concatenate([neighbours, pick(others, len(known) - len(neighbours), rng)])
    likeness, scores = head.compare(np.concatenate([known, strangers]))
    wanted = np.concatenate([owners, np.full(len(strangers), -1)])
    return Answers(likeness, scores, scores.argmax(axis=1) == wanted)


def pick(rows: np.ndarray, most: int, rng: Random) -> np.ndarray:
    """So many rows at random, or all there are."""
    return rows[rng.permutation(len(rows))[:most]]
