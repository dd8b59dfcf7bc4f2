"""`fingerpost calibrate ranges`: between which values the activations of a network lie, measured on pictures.

Give it pictures like those that the network will see. What it writes is all that computing in 8 bits needs to know.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader
from onnxruntime.quantization.calibrate import create_calibrator

from ..models import ModelInfo
from ..packed import read_onnx
from ..progress import Progress
from ..ranges import Bounds, Ranges, find_ranges, write_ranges
from ..vision.preprocess import to_input
from .datasets import list_pictures, read_picture
from .evaluation.common import NAMES, find_model

PICTURES = 64
"""So many are looked at."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.description, parser.formatter_class = __doc__, argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", choices=NAMES, help="which network")
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, metavar="DIR",
                        help=f"folders of pictures, of which {PICTURES} are looked at, evenly chosen")
    parser.add_argument("--model", type=Path, help="an ONNX or packed file with manifest.json beside it, or their "
                        "folder; default: what ships")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: where the ranges of what ships are kept")


def main(args: argparse.Namespace) -> int:
    """Measure, and write the file."""
    info = find_model(args.name, args.model)
    ranges = measure_model(info, args.pictures)
    path = args.out or find_ranges(info.name)
    write_ranges(ranges, path)
    print(f"{path}: {len(ranges.bounds)} tensors on {ranges.pictures} pictures")
    return 0


def measure_model(info: ModelInfo, folders: Sequence[Path]) -> Ranges:
    """The ranges of a model's tensors on pictures of folders. Raises DataError without pictures, ModelError."""
    samples = Samples(folders, info.input, info.mean, info.std)
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.onnx"
        whole.write_bytes(read_onnx(info.path))
        return Ranges(info.name, info.sha256, samples.count, measure_bounds(whole, samples))


def measure_bounds(network: Path, samples: Samples) -> Bounds:
    """The least and the greatest value of each tensor of an ONNX network that is computed from its input."""
    with tempfile.TemporaryDirectory() as scratch:
        calibrator = create_calibrator(network, None, str(Path(scratch) / "augmented.onnx"))
        calibrator.collect_data(samples)
        found = calibrator.compute_data()
    constants = {node.output[0] for node in onnx.load(str(network)).graph.node if node.op_type == "Constant"}
    return {name: (float(np.min(data.lowest)), float(np.max(data.highest)))
            for name, data in sorted(found.items()) if name not in constants}


class Samples(CalibrationDataReader):
    """Pictures of folders, evenly chosen, as a network takes them. Raises DataError where there are none."""

    def __init__(self, folders: Iterable[Path], shape: Sequence[int], mean: Sequence[float], std: Sequence[float]):
        """`shape` is that of the network's input (1, channels, height, width), the rest as in ModelInfo."""
        height, width = shape[2:]
        paths = [path for folder in folders for path in list_pictures(folder)]
        chosen = np.linspace(0, len(paths) - 1, min(PICTURES, len(paths))).astype(int)
        self.count = len(chosen)
        self._arrays = (to_input(read_picture(paths[index]), (width, height), mean, std)
                        for index in Progress(chosen, "calibrate", len(chosen)))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next one by the name of the network's input; None when all have been seen."""
        array = next(self._arrays, None)
        return None if array is None else {"input": array}
