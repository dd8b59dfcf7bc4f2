"""What compression costs the wearer, measured on the job; a model that costs more than the user allows stays out."""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ...core.errors import DataError, ModelError

LESS_IS_BETTER = frozenset({"median_px", "p95_px", "mean_px", "rmse", "false_hands", "wrong_spoken", "ms_per_image"})
"""Of all other figures more is better."""


class Bound(NamedTuple):
    """How much worse a figure may become, as a share of what it was."""

    figure: str
    loss: float


class Verdict(NamedTuple):
    """A figure before and after, the share by which it became worse (negative: better), and whether that is allowed."""

    figure: str
    before: float
    after: float
    loss: float
    allowed: bool


def parse_bound(text: str) -> Bound:
    """FIGURE=SHARE, such as top1=0.05. Raises argparse's error for anything else."""
    figure, _, share = text.partition("=")
    try:
        return Bound(figure, float(share))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no bound: write it as top1=0.05") from None


def measure(name: str, words: str, model: Path) -> dict[str, float]:
    """The plain figures that `fingerpost evaluate NAME WORDS` gives a model, in a process of its own.

    Raises DataError with the last line of what it says where it fails.
    """
    command = [sys.executable, "-m", "fingerpost", "evaluate", name, *shlex.split(words), "--model", str(model),
               "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it says nothing"]
        raise DataError(f"evaluate {name} {words} fails: {said[-1].removeprefix('fingerpost: ')}")
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    return {key: float(value) for key, value in figures.items() if isinstance(value, (int, float))}


def judge(before: Mapping[str, float], after: Mapping[str, float], bounds: Sequence[Bound]) -> list[Verdict]:
    """Every bound with what became of its figure. Raises DataError for a figure that was not measured."""
    verdicts = []
    for figure, most in bounds:
        if figure not in before or figure not in after:
            raise DataError(f"{figure!r} was not measured: bound one of {', '.join(sorted(set(before) & set(after)))}")
        was, now = before[figure], after[figure]
        worse = now - was if figure in LESS_IS_BETTER else was - now
        loss = worse / was if was else float(worse > 0)
        verdicts.append(Verdict(figure, was, now, loss, loss <= most))
    return verdicts


def report(verdicts: Sequence[Verdict]) -> str:
    """A line for each figure."""
    return "\n".join(f"{each.figure:>16}  {each.before:>9.4g} -> {each.after:>9.4g}  {100 * each.loss:+6.1f} % worse"
                     f"{'' if each.allowed else '  TOO MUCH'}" for each in verdicts)


def enforce(verdicts: Sequence[Verdict]) -> None:
    """Raises ModelError where a bound is broken."""
    broken = [each.figure for each in verdicts if not each.allowed]
    if broken:
        raise ModelError(f"{' and '.join(broken)} became worse than allowed, so nothing is replaced (the packed file "
                         "is in trial/): give a larger --budget, more --minutes or a looser --bound")
