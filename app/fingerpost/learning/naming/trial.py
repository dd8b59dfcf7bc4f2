"""The trial of a retrained network: what it would say, beside the live one, to pictures that were kept from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...core.rules import Rules
from ...core.types import TAUGHT
from ...inference.onnx import OnnxBackend
from ...models import ModelInfo
from ...progress import Progress
from ...vision.recognise import Recogniser, TaughtHead
from ..datasets import read_picture
from ..evaluation.objects import name
from ..views import centre_square
from .taught import Labelled

LESSONS, BUILT_IN, STRANGERS = "taught things", "built-in names", "strangers"


class Exam(NamedTuple):
    """What both networks are taught the way the wearer taught it, and what they are then asked."""

    lessons: Labelled
    questions: Labelled


class Score(NamedTuple):
    """Of so many pictures, how many get a right name and how many a wrong one, hedged or not; silence is neither."""

    right: int
    wrong: int
    of: int


Scores = dict[str, Score]
"""By the group of pictures: LESSONS, BUILT_IN, STRANGERS."""


def examine(info: ModelInfo, exam: Exam, threads: int) -> Scores:
    """What a network would say, with what was taught in its head, as on the device."""
    with OnnxBackend(info.path, threads) as backend:
        recogniser = Recogniser(backend, info, TaughtHead(*(info.likeness or ())))
        teach(recogniser, exam.lessons)
        answers = [name(recogniser, path, label) for path, label in Progress(exam.questions, "trial")]
    scores = {group: Score(0, 0, 0) for group in (LESSONS, BUILT_IN, STRANGERS)}
    for answer in answers:
        right, wrong, of = scores[group_of(answer.name)]
        said = answer.confidence >= Rules().maybe
        is_right = answer.guesses[0] == answer.name
        scores[group_of(answer.name)] = Score(right + (said and is_right), wrong + (said and not is_right), of + 1)
    return {group: score for group, score in scores.items() if score.of}


def teach(recogniser: Recogniser, lessons: Labelled) -> None:
    """Fit the head to pictures of taught things."""
    looks: dict[str, list[np.ndarray]] = {}
    for path, label in lessons:
        looks.setdefault(label, []).append(recogniser.embed(centre_square(read_picture(path)))[1])
    recogniser.head.fit({label: np.stack(embeddings) for label, embeddings in looks.items()})


def group_of(label: str) -> str:
    """The group that a picture of this label belongs to."""
    if not label:
        return STRANGERS
    return LESSONS if label.startswith(TAUGHT) else BUILT_IN


def is_no_worse(new: Scores, live: Scores) -> bool:
    """Whether the new network says no fewer right names and no more wrong ones, in every group."""
    return all(new[group].right >= score.right and new[group].wrong <= score.wrong for group, score in live.items())


def describe(live: Scores, new: Scores) -> str:
    """Both side by side, a line per group."""
    lines = [f"{'':<16}{'pictures':>10}{'right, live':>14}{'new':>6}{'wrong, live':>14}{'new':>6}"]
    lines += [f"{group:<16}{was.of:>10}{was.right:>14}{new[group].right:>6}{was.wrong:>14}{new[group].wrong:>6}"
              for group, was in live.items()]
    return "\n".join(lines)
