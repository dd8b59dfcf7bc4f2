"""What every evaluation shares: its options, the model it measures, how it prints."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ...core.errors import DataError
from ...models import ModelInfo, ModelStore, load_given
from ..datasets import list_classes, list_pictures, read_names, split_photos

NAMES = ("fingertip", "objects", "detector")
"""The networks of the wearable."""


def add_common(parser: argparse.ArgumentParser, strangers: str = "") -> None:
    """The options that every evaluation has; `strangers` is the option that names what has no label, if any."""
    parser.add_argument("--model", type=Path, help="an ONNX file with manifest.json beside it, or their folder; "
                        "default: what ships")
    if strangers:
        parser.add_argument("--held-back", action="store_true",
                            help=f"of --{strangers} take only every fifth by name, which training never sees")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def find_model(kind: str, given: Path | None) -> ModelInfo:
    """The shipped model, or the given one: an ONNX file beside its manifest, or their folder. Raises ModelError."""
    return ModelStore().load(kind) if given is None else load_given(kind, given)


def list_unlabelled(folder: Path | None, held_back: bool) -> list[Path]:
    """All pictures of a folder, or only those that training holds back; none without a folder."""
    if folder is None:
        return []
    return split_photos(folder)[1] if held_back else list_pictures(folder)


def list_wanted(folder: Path, names: Path | None) -> list[str]:
    """The class folders that a text file names, or all of them. Raises DataError for one that is not there."""
    known = list_classes(folder)
    wanted = known if names is None else read_names(names)
    strange = sorted(set(wanted) - set(known))
    if strange:
        raise DataError(f"{names} lists {strange[0]!r}, which is no class of {folder}: mend the line")
    return sorted(wanted)


def print_figures(figures: dict[str, Any], as_json: bool) -> None:
    """One JSON object, or a line per figure; figures of several groups become a table, a row per group."""
    print(json.dumps(figures) if as_json else "\n".join(line for item in figures.items() for line in _write(*item)))


def _write(key: str, value: Any) -> list[str]:
    if not isinstance(value, dict):
        return [f"{key:>22}  {_plain(value)}"]
    groups = [(name, group) for name, group in value.items() if isinstance(group, dict)]
    if not groups:
        return [f"{key:>22}:", *[line for item in value.items() for line in _write(*item)]]
    titles = "".join(f"{title:>14}" for title in groups[0][1])
    return [f"{key + ':':>23}{titles[1:]}",
            *[f"{name:>22}" + "".join(f"{_plain(cell):>14}" for cell in group.values()) for name, group in groups]]


def _plain(value: Any) -> str:
    return "-" if value is None else str(value)


def rounded(value: Any, digits: int = 2) -> float:
    """A plain number of so many digits, fit for JSON."""
    return round(float(value), digits)
