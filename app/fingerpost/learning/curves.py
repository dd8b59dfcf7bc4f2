"""How a training went, as a picture."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from .charts import load_pyplot, save_chart

COLUMNS = 4
MANY = 20
"""From so many epochs on the first tenth of them no longer sets the scale, and a running mean lies over each curve."""


def draw_curves(history: list[dict[str, float]], path: Path, shipped: dict[str, float]) -> None:
    """One chart per kind of figure over the epochs (px0 and px1 share one); dashed: the epoch that ships."""
    groups = group_names([name for name in history[-1] if name not in ("epoch", "seconds")])
    width = min(COLUMNS, len(groups))
    height = math.ceil(len(groups) / width)
    figure, axes = load_pyplot().subplots(height, width, figsize=(3.4 * width, 2.6 * height), squeeze=False)
    for axis in axes.flat[len(groups):]:
        axis.axis("off")
    for axis, title in zip(axes.flat, groups, strict=False):
        draw_chart(axis, history, groups[title])
        axis.axvline(shipped["epoch"], color="grey", linestyle="--", linewidth=0.8)
        axis.set(title=title if len(groups[title]) > 1 else groups[title][0], xlabel="epoch")
    save_chart(figure, path)


def group_names(names: list[str]) -> dict[str, list[str]]:
    """The names that differ only in a number at their end, together."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.rstrip("0123456789"), []).append(name)
    return groups


def draw_chart(axis: Any, history: list[dict[str, float]], names: list[str]) -> None:
    """The curves of some figures in one chart."""
    epochs = np.array([entry["epoch"] for entry in history])
    curves = {name: np.array([entry.get(name, math.nan) for entry in history]) for name in names}
    for name, values in curves.items():
        (line,) = axis.plot(epochs, values, linewidth=1.2, label=name, alpha=0.35 if len(epochs) >= MANY else 1.0)
        if len(epochs) >= MANY:
            axis.plot(epochs, running_mean(values), linewidth=1.6, color=line.get_color())
    if len(names) > 1:
        axis.legend(fontsize="x-small")
    if len(epochs) >= MANY:
        axis.set_ylim(*padded_range(np.concatenate([values[len(epochs) // 10:] for values in curves.values()])))
    axis.grid(alpha=0.3)


def running_mean(values: np.ndarray) -> np.ndarray:
    """The mean over a tenth of the epochs up to each one."""
    reach = len(values) // 10
    return np.array([values[max(0, end - reach):end + 1].mean() for end in range(len(values))])


def padded_range(values: np.ndarray) -> tuple[float, float]:
    """Least and largest value with a margin; figures that older epochs lack do not count."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    margin = 0.05 * (high - low) or 0.01
    return low - margin, high + margin
