"""What the commands of a job have left, as the page shows it: lines, curve, figures, pictures."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, Dict, List, Optional

from ...models import ModelInfo, ModelStore
from .kinds import MODEL, OUT

LOG = "log.txt"
RESULTS = ("before", "after", "figures", "table")
"""What a job may bring, each in a file of that name."""
STAGED = "figures.json"
"""What `fingerpost train taught --stage` leaves beside the network: before and after."""
LINES = 200
PICTURES = (".png", ".jpg")
_MOST_BYTES = 1 << 20
_EPOCH = "epoch "


def read_lines(folder: Path) -> List[str]:
    """What the commands have said, as far as it fits into a megabyte; the first line may be cut then."""
    try:
        with (folder / LOG).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _MOST_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def read_curve(lines: List[str]) -> List[Dict[str, Optional[float]]]:
    """An entry per epoch that was reported, as learning's record does it: `epoch 1  loss 0.5  px0 4.2`."""
    return [entry for entry in (read_epoch(line) for line in lines if line.startswith(_EPOCH)) if entry]


def read_epoch(line: str) -> Dict[str, Optional[float]]:
    """One entry; empty for a line that is none. What is no finite number is None."""
    entry = {}
    for pair in line.split("  "):
        name, _, value = pair.rpartition(" ")
        try:
            entry[name] = finite(float(value))
        except ValueError:
            return {}
    return entry


def finite(value: float) -> Optional[float]:
    """JSON has no other numbers."""
    return value if math.isfinite(value) else None


def read_results(folder: Path) -> Dict[str, Any]:
    """Every result of RESULTS that there is."""
    staged = read_object(folder / MODEL / STAGED)
    found = {name: read_object(folder / f"{name}.json") or staged.get(name) for name in RESULTS}
    return {name: result for name, result in found.items() if result}


def read_object(path: Path) -> Dict[str, Any]:
    """The JSON object in the last line of a file; empty where there is none. What JSON does not know is None."""
    try:
        lines = path.read_text(encoding="utf-8").strip().splitlines()
        found = json.loads(lines[-1], parse_constant=lambda word: None) if lines else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def list_pictures(folder: Path) -> List[str]:
    """The names of the pictures that the commands have left, 8-clusters before 16-clusters."""
    try:
        names = [path.name for path in (folder / OUT).iterdir() if path.suffix in PICTURES and path.is_file()]
    except OSError:
        return []
    return sorted(names, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])


def find_network(folder: Path) -> Optional[ModelInfo]:
    """The network that the commands have left, if there is one and it is whole. Raises ModelError for a broken one."""
    if not (folder / MODEL / "manifest.json").is_file():
        return None
    store = ModelStore(folder / MODEL)
    return store.load(store.infos()[0].name)
