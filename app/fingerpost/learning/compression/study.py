"""`fingerpost compress study`: how few values the weights of one layer may share, and what that costs.

For every number of clusters the weights of each output are clustered by themselves and replaced by their centres; with
--zero-smallest a second time, with the centre nearest zero removed. The table sets the fingertip's error beside that
of the untouched network; the pictures show the weights and their centres. The network is one that `train fingertip` has
left, or a model as `export` writes it, such as the one that ships.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from ...core.errors import DataError, ModelError
from ...models import load_given
from ...packed import SUFFIX
from ...progress import Progress
from ...wholefile import write_whole
from ..checkpoints import load_checkpoint
from ..datasets import Hands
from ..evaluation.common import print_figures, rounded
from ..evaluation.sights import HEIGHT, WIDTH
from ..export import find_checkpoint, finish, fold_batch_norm
from ..nets import FingertipMaps, FingertipPoints
from ..pointing.sources import read_source, split_hands
from ..pointing.validation import measure_errors, predict
from .clusters import MOST_CENTRES, share_rows
from .rebuild import rebuild
from .release import MANIFEST
from .stems import draw_stems

FC = "fc"
"""The fully connected layer that gives the coordinates, by the name that it has in most networks."""
UNTOUCHED = "untouched"
TITLES = {"weight_error": "error of the weights", "rmse": "RMSE", "mean_px": "mean px", "median_px": "median px",
          "p95_px": "95 % px", "moved_px": "moved px"}
"""The figures by their names, with their titles in the report."""
REPORT = """# Few values for the weights of {layer}

{outputs} outputs of {weights} weights, each clustered by itself. Measured on {n} labelled hands; pixels are those of a
640x480 frame. The error of the weights is a share of their own root mean square; moved: how far the point lies on
average from where the untouched network sees it.

{table}

{pictures}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.description, parser.formatter_class = __doc__, argparse.RawDescriptionHelpFormatter
    parser.add_argument("source", type=Path, metavar="MODEL", help="what `train fingertip --head fc` left: its --out "
                        "folder, or the .pt file in it; or a model with its manifest.json, or their folder")
    parser.add_argument("--layer", default=FC, help="whose weights are shared: fc, or any layer's name in the network "
                        "(default %(default)s)")
    parser.add_argument("--clusters", type=parse_counts, default="2,3,8,16", metavar="N,N,...",
                        help="how many values each output may have (default %(default)s)")
    parser.add_argument("--zero-smallest", action="store_true",
                        help="measure also with the centre nearest zero removed")
    parser.add_argument("--data", action="append", metavar="PATH[:tip|:pad]", help="labelled frames, as for `train "
                        "fingertip`; may repeat; default: those that its training held out (a model has none)")
    parser.add_argument("--out", type=Path, required=True, help="folder for table.md and the pictures")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def parse_counts(text: str) -> list[int]:
    """Numbers of clusters, separated by commas."""
    counts = [int(word) if word.strip().isdecimal() else 0 for word in text.split(",")]
    if not all(1 <= count <= MOST_CENTRES for count in counts):
        raise argparse.ArgumentTypeError(f"{text!r}: give numbers from 1 to {MOST_CENTRES}, such as 2,3,8,16")
    return counts


def main(args: argparse.Namespace) -> int:
    """Share, measure, print and draw."""
    torch.set_num_threads(args.threads)
    net, size, settings = load_network(args.source)
    layer = find_layer(net, args.layer)
    frames = load_frames(args.data, settings, size)
    weight = layer.weight.detach().flatten(1).numpy().copy()
    versions = share_all(weight, args.clusters, args.zero_smallest)
    figures = {"layer": args.layer, "outputs": len(weight), "weights": weight.shape[1],
               "n": sum(int(is_labelled(hands).any(axis=1).sum()) for hands in frames),
               "table": measure_all(net, layer, versions, frames, size)}
    print_figures(figures, args.json)
    write_whole(args.out / "table.md", write_report(figures).encode())
    outputs = name_outputs(net, layer)
    for name, shared in Progress(versions.items(), "pictures", len(versions)):
        draw_stems(weight, shared, outputs, f"{args.layer}: {name}", args.out / name_picture(name))
    return 0


class Network(NamedTuple):
    """A fingertip network, width and height of its input, and the settings of its training (empty: unknown)."""

    net: nn.Module
    size: tuple[int, int]
    settings: Mapping[str, Any]


def load_network(source: Path) -> Network:
    """The network of a checkpoint, or of a model. Raises ModelError for one that finds no fingertips."""
    if source.suffix in (".onnx", SUFFIX) or (source / MANIFEST).is_file() and not any(source.glob("*.pt")):
        info = load_given("fingertip", source)
        return Network(fold_batch_norm(rebuild(info)), (info.input[3], info.input[2]), {})
    path = find_checkpoint(source)
    finished = finish(path)
    if finished.name != "fingertip":
        raise ModelError(f"{path} finds no fingertips: give what `train fingertip --head fc` left")
    return Network(finished.net, (finished.shape[3], finished.shape[2]), load_checkpoint(path)["settings"])


def find_layer(net: nn.Module, name: str) -> nn.Module:
    """The convolution or fully connected layer of that name. Raises ModelError with the nearest names."""
    layers = {key: layer for key, layer in net.named_modules() if isinstance(layer, (nn.Conv2d, nn.Linear))}
    if isinstance(net, FingertipPoints):
        layers[FC] = net.points
    if name not in layers:
        heads = [key for key in layers if not key.startswith("body.")]
        nearest = difflib.get_close_matches(name, layers, 4) or heads
        raise ModelError(f"the network has no layer {name!r}; nearest are: {', '.join(nearest)} "
                         f"(`{FC}` is there after `train fingertip --head fc`)")
    return layers[name]


def name_outputs(net: nn.Module, layer: nn.Module) -> list[str]:
    """What each output of the layer stands for, as far as that can be said."""
    points = ["tip", "pad", "knuckle"]
    if isinstance(net, FingertipPoints) and layer is net.points:
        return [f"{point} {axis}" for point in points for axis in "xy"]
    if isinstance(net, FingertipMaps) and layer is net.maps:
        return points
    return [f"output {number}" for number in range(len(layer.weight))]


def load_frames(texts: Sequence[str] | None, settings: Mapping[str, Any], size: tuple[int, int]) -> list[Hands]:
    """The frames of each PATH[:tip|:pad]; where none is given, those that the training held out.

    `settings` are the training's, empty where it is not known; frames come in `size` (width, height). Raises DataError
    where no hand is labelled.
    """
    if texts:
        found = [read_source(text, "tip", size) for text in texts]
    elif not settings:
        raise DataError("what a model was trained on is not known: give --data, a CSV with the columns image,x,y")
    else:
        point = settings["point"]
        found = [split_hands(read_source(text, point, size), settings["hold_out"])[1] for text in settings["data"]]
        found += [read_source(text, point, size) for text in settings["validate"]]
    labelled = [hands for hands in found if is_labelled(hands).any()]
    if not labelled:
        raise DataError("no labelled hand is there to measure on: give --data, a CSV with the columns image,x,y")
    return labelled


def is_labelled(hands: Hands) -> np.ndarray:
    """Whether tip, pad and knuckle of each frame have labels, bool (N, 3)."""
    return ~np.isnan(hands.points).any(axis=2)


def share_all(weight: np.ndarray, clusters: Sequence[int], zero_smallest: bool) -> dict[str, np.ndarray]:
    """What becomes of the weights (outputs, columns), by the names of the combinations."""
    versions = {}
    for count in Progress(clusters, "clusters", len(clusters)):
        versions[f"{count} clusters"] = share_rows(weight, count)
        if zero_smallest:
            versions[f"{count}, smallest zero"] = share_rows(weight, count, zero_smallest=True)
    return versions


@torch.no_grad()
def measure_all(net: nn.Module, layer: nn.Module, versions: Mapping[str, np.ndarray], frames: Sequence[Hands],
                size: tuple[int, int]) -> dict[str, dict[str, float]]:
    """The figures of the untouched network, and of it with each version (outputs, columns) of the layer's weights."""
    weight = layer.weight.clone()
    untouched = [predict(net, hands, size, "cpu")[0] for hands in frames]
    table = {UNTOUCHED: describe(frames, untouched, untouched, weight, weight)}
    for name, values in Progress(versions.items(), "study", len(versions)):
        shared = torch.from_numpy(values).view_as(weight)
        layer.weight.copy_(shared)
        seen = [predict(net, hands, size, "cpu")[0] for hands in frames]
        table[name] = describe(frames, seen, untouched, shared, weight)
    layer.weight.copy_(weight)
    return table


def describe(frames: Sequence[Hands], seen: Sequence[np.ndarray], untouched: Sequence[np.ndarray],
             shared: torch.Tensor, weight: torch.Tensor) -> dict[str, float]:
    """The figures of a network that sees those points (N, 3, 2), shares, where the untouched one sees others.

    `weight_error`: root mean square of what the weights changed by, as a share of their own. `rmse`: of all labelled
    coordinates on [-1, 1]. Pixels of 640x480: how far the tip (else the pad) is from its label on every labelled hand,
    whether the network believes in it or not; and `moved_px`, how far the labelled points are on average from where
    the untouched network sees them.
    """
    known = np.concatenate([is_labelled(hands) for hands in frames])
    points, labels, before = (np.concatenate(parts)[known] for parts in (
        seen, [hands.points for hands in frames], untouched))
    errors = np.concatenate([measure_errors(hands, part) for hands, part in zip(frames, seen, strict=True)])
    errors = errors[~np.isnan(errors)]
    moves = np.linalg.norm((points - before) * (WIDTH, HEIGHT), axis=1)
    return {"weight_error": rounded((shared - weight).norm() / weight.norm(), 4),
            "rmse": rounded(np.sqrt(np.mean((2 * (points - labels)) ** 2)), 4), "mean_px": rounded(errors.mean()),
            "median_px": rounded(np.median(errors)), "p95_px": rounded(np.percentile(errors, 95)),
            "moved_px": rounded(moves.mean())}


def name_picture(name: str) -> str:
    """The name of a combination's picture, without a suffix."""
    return name.replace(",", "").replace(" ", "-")


def write_report(figures: Mapping[str, Any]) -> str:
    """The table and the pictures as Markdown."""
    rows = ["| " + " | ".join(("", *TITLES.values())) + " |", "| --- " + "| ---: " * len(TITLES) + "|"]
    rows += [f"| {name} | " + " | ".join(f"{row[key]:g}" for key in TITLES) + " |"
             for name, row in figures["table"].items()]
    pictures = [f"![{name}]({name_picture(name)}.png)\n" for name in figures["table"] if name != UNTOUCHED]
    return REPORT.format(**{**figures, "table": "\n".join(rows), "pictures": "\n".join(pictures)})
