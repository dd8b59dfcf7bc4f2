"""Stem plots: the weights of a layer's outputs with their centres, before and after they share values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..charts import load_pyplot, save_chart

MOST_OUTPUTS = 6
"""Of a layer with more outputs the first are drawn."""
_WEIGHTS, _CENTRES = "tab:blue", "tab:orange"


def draw_stems(weight: np.ndarray, shared: np.ndarray, outputs: Sequence[str], title: str, path: Path) -> None:
    """One line per output of weights (outputs, columns): left as they were, right what they share; PNG and SVG.

    `path` has no suffix. The centres are dashed lines across both.
    """
    shown = min(len(outputs), MOST_OUTPUTS)
    figure, axes = load_pyplot().subplots(shown, 2, sharex=True, sharey="row", squeeze=False,
                                          figsize=(11, 1 + 1.5 * shown))
    for pair, name, before, after in zip(axes, outputs, weight, shared):
        for axis, values in zip(pair, (before, after), strict=True):
            draw_row(axis, values, np.unique(after))
        pair[0].set_ylabel(name)
    more = f", {shown} of {len(outputs)} outputs" if shown < len(outputs) else ""
    figure.suptitle(title + more)
    axes[0, 0].set_title("before", fontsize=10)
    axes[0, 1].set_title("after", fontsize=10)
    for axis in axes[-1]:
        axis.set_xlabel("weight")
    for suffix in (".png", ".svg"):
        save_chart(figure, path.with_name(path.name + suffix))


def draw_row(axis: Any, values: np.ndarray, centres: np.ndarray) -> None:
    """A stem per value. All stems are one line with gaps: one by one they would make a picture of megabytes."""
    places = np.repeat(np.arange(len(values)), 3)
    heights = np.stack([np.zeros(len(values)), values, np.full(len(values), np.nan)], axis=1)
    axis.hlines(centres, 0, len(values), colors=_CENTRES, linewidth=0.7, linestyles="dashed")
    axis.plot(places, heights.ravel(), color=_WEIGHTS, linewidth=0.6)
    axis.margins(x=0.01)
