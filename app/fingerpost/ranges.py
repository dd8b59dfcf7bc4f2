"""The ranges that the activations of a network cover, which is what computing in 8 bits needs to know of it.

They are measured once (`fingerpost calibrate ranges`) and kept as JSON in `calibration/`, so that no pictures are
needed where a network is built: not for ONNX Runtime, which is given a graph with QuantizeLinear and DequantizeLinear
nodes, nor for TensorRT, which is told the range of each tensor.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Mapping, Tuple

from .core.errors import ModelError
from .home import asset_home
from .models import ModelInfo
from .wholefile import write_whole

Bounds = Mapping[str, Tuple[float, float]]
"""The least and the greatest value of each tensor, by its name in the ONNX graph."""


@dataclass(frozen=True)
class Ranges:
    """Between which values each tensor of a network lay on some pictures."""

    model: str
    sha256: str
    """Of the model's file: the ranges are those of this very network."""
    pictures: int
    """So many were looked at."""
    bounds: Bounds


def find_ranges(model: str) -> Path:
    """Where the ranges of a model that ships are kept. Raises DataError where nothing ships."""
    return asset_home() / "calibration" / f"{model}-ranges.json"


def read_ranges(info: ModelInfo) -> Ranges:
    """The ranges of a model. Raises ModelError where there are none, or only those of another network of that name."""
    remedy = f"measure them with `fingerpost calibrate ranges {info.name} --pictures DIR`"
    path = find_ranges(info.name)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        bounds = {name: (float(low), float(high)) for name, (low, high) in content["bounds"].items()}
        ranges = Ranges(content["model"], content["sha256"], int(content["pictures"]), bounds)
    except FileNotFoundError:
        raise ModelError(f"{path} is missing: {remedy}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} holds no ranges: {remedy}") from error
    if (ranges.model, ranges.sha256) != (info.name, info.sha256):
        raise ModelError(f"{path} holds the ranges of another network than {info.path}: {remedy}")
    return ranges


def write_ranges(ranges: Ranges, path: Path) -> None:
    """Keep them, a tensor a line. Raises OSError."""
    bounds = ",\n".join(f"  {json.dumps(name)}: [{low:.6g}, {high:.6g}]" for name, (low, high) in ranges.bounds.items())
    head = json.dumps({**asdict(ranges), "bounds": None}, indent=1)
    write_whole(path, head.replace("null", f"{{\n{bounds}\n }}").encode() + b"\n")
