"""Trials of one network in several forms: what each does on the job, how large it is, how soon ready and how quick."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...core.errors import DataError, FingerpostError
from ...inference.onnx import OnnxBackend
from ...models import ModelInfo, check_anew, find_problem
from ...progress import Progress
from ..evaluation.common import rounded
from .gate import Bound, judge

THREADS = 2
ROUNDS, IN_A_ROW = 9, 10
"""In each round each form is loaded and run so often in a row, of which the quickest run counts; of the rounds the
median. Each is let go of before the next: with all of them loaded at once, equal ones differed by half."""


class Trial(NamedTuple):
    """One form of a network, its figures on the job, or the problem that kept it from having any."""

    name: str
    info: ModelInfo | None
    figures: Mapping[str, float]
    problem: str = ""


class Speed(NamedTuple):
    """Milliseconds from the file to a network that is ready, and of one forward pass."""

    load_ms: float
    run_ms: float


def try_all(makers: Mapping[str, Callable[[], ModelInfo]], measure: Callable[[ModelInfo], Mapping[str, float]],
            figures: Sequence[str]) -> list[Trial]:
    """Make and measure each form by its name. One that fails says why in its trial.

    The first one, which the others are compared with, must not fail, and must have these figures: raises its
    FingerpostError.
    """
    trials: list[Trial] = []
    for name, make in Progress(makers.items(), "formats", len(makers)):
        info = None
        try:
            info = make()
            trials.append(Trial(name, info, measure(info)))
        except FingerpostError as error:
            if not trials:
                raise
            trials.append(Trial(name, info, {}, str(error)))
        check_figures(trials[0], figures)
    return trials


def check_figures(trial: Trial, figures: Sequence[str]) -> None:
    """Raises DataError where a figure was not measured."""
    for figure in figures:
        if figure not in trial.figures:
            raise DataError(f"{figure!r} was not measured: give --figures some of {', '.join(sorted(trial.figures))}")


def measure_speed(trials: Sequence[Trial]) -> dict[str, Speed]:
    """The speed of every trial without a problem, by its name. All have their turn in each round, so that a machine
    that slows down slows all."""
    sound = {trial.name: trial.info for trial in trials if trial.info and not trial.problem}
    rounds = [[time_once(info) for info in sound.values()] for _ in range(ROUNDS)]
    return {name: Speed(*both) for name, both in zip(sound, np.median(rounds, axis=0).tolist(), strict=True)}


def time_once(info: ModelInfo) -> Speed:
    """Load a model, its checksum with it as `fingerpost bench` does, and run it a few times."""
    array = np.zeros(info.input, np.float32)
    check_anew()
    start = time.perf_counter()
    find_problem(info)
    with OnnxBackend(info.path, THREADS) as backend:
        load_ms = _since(start)
        run_ms = []
        for _ in range(IN_A_ROW):
            start = time.perf_counter()
            backend.run(array)
            run_ms.append(_since(start))
    return Speed(load_ms, min(run_ms))


def _since(start: float) -> float:
    return 1000.0 * (time.perf_counter() - start)


def tabulate(trials: Sequence[Trial], speeds: Mapping[str, Speed],
             figures: Sequence[str]) -> dict[str, dict[str, Any]]:
    """A row of cells by their titles for every trial, by its name; None where nothing is known.

    How much worse is said of the first figure, against the first trial.
    """
    return {trial.name: {**_describe_size(trial), **{figure: trial.figures.get(figure) for figure in figures},
                         "worse by %": _measure_loss(trials[0], trial, figures[0]),
                         **_describe_speed(speeds.get(trial.name))} for trial in trials}


def _describe_size(trial: Trial) -> dict[str, float | None]:
    info = trial.info
    return {"MB": rounded(info.bytes / 1e6) if info else None,
            "bits a weight": rounded(8 * info.bytes / info.parameters) if info else None}


def _measure_loss(first: Trial, trial: Trial, figure: str) -> float | None:
    if figure not in trial.figures:
        return None
    return rounded(100 * judge(first.figures, trial.figures, [Bound(figure, np.inf)])[0].loss, 1)


def _describe_speed(speed: Speed | None) -> dict[str, float | None]:
    return {"load ms": rounded(speed.load_ms, 1) if speed else None,
            "run ms": rounded(speed.run_ms, 1) if speed else None}
