"""The page on what number formats cost: a table, a chart, and what others have published beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

from ...wholefile import write_whole
from ..charts import load_pyplot, save_chart
from ..evaluation.common import rounded
from .gate import LESS_IS_BETTER
from .trials import IN_A_ROW, ROUNDS, THREADS, Trial

CHART = "tradeoff.png"
MARKERS = "osv^DPX*<>hp"
PAGE = """# What each number format costs: {title}

{source}

{table}

{problems}![figures over the size of the file]({chart})

- MB (10^6 bytes) and bits a weight count the whole file: codes, codebooks, biases, graph.
- worse by: {figure} against {first}; below zero it is better.
- load: from the file to a network that is ready, checksum and unpacking with it. run: one forward pass, {threads}
  threads, the quickest of {in_a_row}. Both are the median of {rounds} rounds, in which each format has its turn: on
  another machine only the ratios may hold.
- compute-int8 and compute-fp16 compute in bytes and half floats, the latter by rounding floats after every layer, which
  a processor is not quicker at. All others are floats once they are loaded, so they take about as long.
"""


class Published(NamedTuple):
    """What a paper says of ImageNet's ResNet-18: top-1 in percent, of its own float network too; MB of 2^20 bytes."""

    name: str
    top1: float
    untouched: float
    megabytes: float


PUBLISHED = (
    Published("fp32, as HAWQ starts", 71.5, 71.5, 44.6), Published("fp32, torchvision", 69.8, 69.8, 44.6),
    Published("HAWQ, 8 bits (Yao et al., HAWQ-V3, 2021)", 71.6, 71.5, 11.1),
    Published("HAWQ, 4 bits (the same)", 68.5, 71.5, 5.8),
    Published("PQF (Martinez et al., Permute, Quantize, and Fine-tune, 2021)", 66.7, 69.8, 1.54),
    Published("kill the bits (Stock et al., And the Bit Goes Down, 2020)", 65.8, 69.8, 1.54))
RESNET18_PARAMETERS = 11_689_512
BESIDE = """
## Published figures: ImageNet, NOT measured here

From the papers, on ImageNet's 50,000 validation photos; those that are pressed learned on its training photos
afterwards. The first table is of other pictures: compare bits a weight and how much worse, not top-1.

{table}
"""


def write_page(out: Path, title: str, source: str, trials: Sequence[Trial], table: Mapping[str, Mapping[str, Any]],
               figures: Sequence[str], is_resnet: bool) -> None:
    """Write report.md and its chart to a folder; for a ResNet-18 with what is published of others."""
    out.mkdir(parents=True, exist_ok=True)
    draw_tradeoff(table, figures, out / CHART)
    problems = "".join(f"- **{trial.name}** could not be measured: {trial.problem}\n"
                       for trial in trials if trial.problem)
    page = PAGE.format(title=title, source=source, table=write_table("format", table), chart=CHART, figure=figures[0],
                       problems=problems and problems + "\n", first=trials[0].name, threads=THREADS, rounds=ROUNDS,
                       in_a_row=IN_A_ROW)
    if is_resnet:
        page += BESIDE.format(table=write_table("published", describe_published()))
    write_whole(out / "report.md", page.encode())


def describe_published() -> dict[str, dict[str, float]]:
    """A row of cells by their titles for every published network."""
    return {each.name: {"MB (2^20)": each.megabytes,
                        "bits a weight": rounded(8 * each.megabytes * 2 ** 20 / RESNET18_PARAMETERS, 1),
                        "top-1 %": each.top1,
                        "worse by %": rounded(100 * (each.untouched - each.top1) / each.untouched, 1)}
            for each in PUBLISHED}


def write_table(title: str, table: Mapping[str, Mapping[str, Any]]) -> str:
    """Rows of cells as Markdown; `title` stands above their names."""
    titles = next(iter(table.values()))
    rows = [" | ".join((title, *titles)), "--- " + "| ---: " * len(titles)]
    rows += [" | ".join((name, *("-" if cell is None else f"{cell:g}" for cell in cells.values())))
             for name, cells in table.items()]
    return "\n".join(f"| {row.strip()} |" for row in rows)


def draw_tradeoff(table: Mapping[str, Mapping[str, Any]], figures: Sequence[str], path: Path) -> None:
    """Each figure over the size of the file, which is on a log axis."""
    pyplot = load_pyplot()
    chart, axes = pyplot.subplots(1, len(figures), squeeze=False, figsize=(1.8 + 4.4 * len(figures), 4))
    for axis, figure in zip(axes[0], figures):
        for (name, cells), marker in zip(table.items(), cycle(MARKERS)):
            if cells[figure] is not None:
                axis.plot(cells["MB"], cells[figure], marker, markersize=8, alpha=0.8, label=name)
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(pyplot.matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_locator(pyplot.matplotlib.ticker.NullLocator())
        better = "less is better" if figure in LESS_IS_BETTER else "more is better"
        axis.set(xlabel="MB of the file", ylabel=f"{figure} ({better})")
        axis.grid(alpha=0.3)
    axes[0, -1].legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), fontsize=8)
    save_chart(chart, path)
