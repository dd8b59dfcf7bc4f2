"""Charts as files: matplotlib, loaded when the first one is drawn and never with a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load_pyplot() -> Any:
    """matplotlib.pyplot, set to draw into files."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def save_chart(figure: Any, path: Path) -> None:
    """Write a figure and let go of it."""
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    load_pyplot().close(figure)
