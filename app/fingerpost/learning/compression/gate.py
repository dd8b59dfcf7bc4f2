"""What compression costs the wearer, measured on the job; a model that costs more than the user allows stays out."""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ...core.errors import DataError, ModelError
from ...upkeep.tether import tether

FOUND = "found"
"""The figure that says how many hands were found."""
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
        bound = Bound(figure.strip(), float(share))
    except ValueError:
        bound = Bound("", 0.0)
    if not bound.figure or not 0.0 <= bound.loss < 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no bound: write 5 % of top1 as top1=0.05")
    return bound


def measure(name: str, words: str, model: Path) -> dict[str, float]:
    """The plain figures that `fingerpost evaluate NAME WORDS` gives a model, in a process of its own that
    does not outlive this one.

    Raises DataError with the last line of what it says where it fails.
    """
    if sys.stderr.isatty():
        print(f"evaluate {name} {words} ...", file=sys.stderr, flush=True)
    try:
        command = [sys.executable, "-m", "fingerpost", "evaluate", name, *shlex.split(words), "--model", str(model),
                   "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              preexec_fn=partial(tether, os.getpid()))
        figures = json.loads(done.stdout.strip().splitlines()[-1]) if not done.returncode else {}
    except (ValueError, IndexError):  # a quotation mark too few, or an option that prints something else
        raise DataError(f"evaluate {name} {words} gives no figures: write --check as that command's options") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it says nothing"]
        raise DataError(f"evaluate {name} {words} fails: {said[-1].removeprefix('fingerpost: ')}")
    return {key: float(value) for key, value in figures.items() if isinstance(value, (int, float))}


def judge(before: Mapping[str, float], after: Mapping[str, float], bounds: Sequence[Bound]) -> list[Verdict]:
    """Every bound with what became of its figure. Raises DataError for a figure that was not measured.

    Pixels are those of the hands that are found. So a bound on them holds for the number of those hands as well.
    """
    named = {bound.figure for bound in bounds}
    hands = [Bound(FOUND, most) for figure, most in bounds if figure.endswith("_px") and FOUND in before]
    return [weigh(before, after, bound) for bound in [*bounds, *(hands[:1] if FOUND not in named else [])]]


def weigh(before: Mapping[str, float], after: Mapping[str, float], bound: Bound) -> Verdict:
    """What became of one figure; one that the packed network no longer has is a total loss."""
    figure, most = bound
    if figure not in before:
        raise DataError(f"{figure!r} was not measured: bound one of {', '.join(sorted(before))}")
    was, now = before[figure], after.get(figure, math.nan)
    worse = now - was if figure in LESS_IS_BETTER else was - now
    loss = worse / abs(was) if was else math.inf if worse > 0 else 0.0
    return Verdict(figure, was, now, math.inf if math.isnan(worse) else loss, loss <= most)


def report(before: Mapping[str, float], after: Mapping[str, float], verdicts: Sequence[Verdict]) -> str:
    """A line for each figure that was bound; without bounds, for all."""
    shown = verdicts or [weigh(before, after, Bound(figure, math.inf)) for figure in before]
    return "\n".join(f"{each.figure:>16}  {each.before:>9.4g} -> {each.after:>9.4g}  {100 * each.loss:+6.1f} % worse"
                     f"{'' if each.allowed else '  TOO MUCH'}" for each in shown)


def enforce(verdicts: Sequence[Verdict], trial: Path) -> None:
    """Raises ModelError where a bound is broken; the packed file stays in the folder `trial`."""
    broken = [each.figure for each in verdicts if not each.allowed]
    if broken:
        raise ModelError(f"{' and '.join(broken)} became worse than allowed, so nothing is replaced (the packed file "
                         f"is in {trial}): give a larger --budget, more --minutes or a looser --bound")
