"""Charts of what was taught: how much more photos help, and what a name is worth against how many are given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..charts import load_pyplot, save_chart
from .answers import Answer, trace_doubt


def draw_heads(tables: Mapping[int, Mapping[str, Mapping[str, Any]]], path: Path) -> None:
    """Top-1 with its interval over the number of photos that teach, a line for each head."""
    figure, axis = load_pyplot().subplots(figsize=(6, 3.8))
    shots = sorted(tables)
    for head in tables[shots[0]]:
        rows = [tables[count][head] for count in shots]
        axis.plot(shots, [row["mean"] for row in rows], marker="o", markersize=3, label=head)
        axis.fill_between(shots, [row["low"] for row in rows], [row["high"] for row in rows], alpha=0.15)
    axis.set(xlabel="photos a thing is taught from", ylabel="top-1 (95 % over draws)", xticks=shots)
    axis.legend(loc="lower right")
    axis.grid(alpha=0.3)
    save_chart(figure, path)


def draw_doubt(known: list[Answer], strangers: Mapping[str, list[Answer]], accepted: float, least: float,
               path: Path) -> None:
    """Known things that get a name against wrong ones among the names spoken, a line for each kind of strangers;
    a dot where the shipped threshold stands, dashed what it is meant to keep to."""
    figure, axis = load_pyplot().subplots(figsize=(6, 3.8))
    for title, unknown in strangers.items():
        confidence, answered, wrong = trace_doubt(known, unknown)
        (line,) = axis.plot(100 * answered, 100 * wrong, label=f"strangers: {title}")
        stands = (confidence >= least).sum() - 1
        if stands >= 0:
            axis.plot(100 * answered[stands], 100 * wrong[stands], "o", color=line.get_color())
    axis.axhline(100 * accepted, color="grey", linestyle="--", linewidth=0.8)
    axis.set(xlim=(0, 100), ylim=(0, 20), xlabel="known things that get a name, %",
             ylabel="wrong among the names spoken, %")
    axis.legend(loc="upper left")
    axis.grid(alpha=0.3)
    save_chart(figure, path)
