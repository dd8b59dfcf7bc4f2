"""`fingerpost compress plain`: what number formats cost torchvision's ResNet-18, with no training at all.

Top-1 and top-5 on photos with ImageNet's names, each in the view that torchvision's weights are measured with: the
shorter side 256 pixels, of that the middle 224.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from ...core.errors import DataError, ModelError
from ...inference.onnx import OnnxBackend
from ...models import ModelInfo
from ...progress import Progress
from ...vision.classify import classify
from .. import imagenet
from ..datasets import read_picture, shrink
from ..evaluation.common import rounded
from ..export import count_cost, fold_batch_norm
from ..nets import MEAN, STD, ObjectNet
from ..views import centre_square
from .formats import write_format
from .report import add_formats, publish
from .trials import THREADS, try_all

FORMATS = ("fp32", "kmeans8", "kmeans5", "kmeans4")
SHORTER_SIDE = 256
SOURCE = """{file}, measured on the {n} photos of {labels}. Nothing was trained after its weights were read."""


class Photo(NamedTuple):
    """A view of a photo, RGB uint8, and what it shows: one of ImageNet's names, in small letters."""

    pixels: np.ndarray
    label: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.description, parser.formatter_class = __doc__, argparse.RawDescriptionHelpFormatter
    parser.add_argument("source", type=Path, metavar="FILE.pth", help="a state dictionary of torchvision's ResNet-18, "
                        "at whatever precision")
    parser.add_argument("--labels", type=Path, required=True, metavar="CSV", help="the columns image,label")
    add_formats(parser, FORMATS)


def main(args: argparse.Namespace) -> int:
    """Read, write in every format, measure, print and draw."""
    torch.set_num_threads(args.threads)
    net, info = read_plain(args.source)
    photos = read_photos(args.labels, info.labels or ())
    makers = {name: partial(write_format, name, net, info, args.out / "trials" / name, args.calibrate)
              for name in args.formats}
    trials = try_all(makers, partial(measure_names, photos=photos), ("top1", "top5"))
    source = SOURCE.format(file=args.source.name, n=len(photos), labels=args.labels.name)
    publish(args, "ImageNet's ResNet-18", source, trials, ("top1", "top5"), is_resnet=True)
    return 0


def read_plain(path: Path) -> tuple[nn.Module, ModelInfo]:
    """torchvision's ResNet-18, its batch norms folded, and what the runtime must know of it. Raises ModelError."""
    labels = tuple(imagenet.WEIGHTS.meta["categories"])
    net = ObjectNet(len(labels))
    try:
        imagenet.fill(net, imagenet.read_state(path))
    except ModelError as error:
        raise ModelError(f"{path} holds no ResNet-18 of torchvision with 1,000 names: give its state dictionary"
                         ) from error
    folded, shape = fold_batch_norm(net), (1, 3, imagenet.SIDE, imagenet.SIDE)
    return folded, ModelInfo(imagenet.NAME, path, "", 0, shape, MEAN, STD, ("logits", "embedding"), labels, None,
                             *count_cost(folded, shape), licence="", data="", figures={}, rebuild="")


def read_photos(path: Path, labels: Sequence[str]) -> list[Photo]:
    """The photos of a CSV image,label, where the case of letters does not matter. Raises DataError with line and
    remedy."""
    known = {label.lower() for label in labels}
    photos = []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, line in Progress(enumerate(csv.DictReader(file), 2), "photos"):
                label = (line.get("label") or "").lower()
                if not line.get("image") or label not in known:
                    raise DataError(f"{path}, line {number}: write image,label with one of ImageNet's names")
                photos.append(Photo(read_view(path.parent / line["image"]), label))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): give a CSV with the columns image,label") from error
    if not photos:
        raise DataError(f"{path} lists no photos: give a CSV with the columns image,label")
    return photos


def read_view(path: Path) -> np.ndarray:
    """The middle 224 pixels of a photo whose shorter side is 256; of a smaller one, the same share."""
    square = centre_square(shrink(read_picture(path), SHORTER_SIDE))
    edge = round(len(square) * (1 - imagenet.SIDE / SHORTER_SIDE) / 2)
    return square[edge:len(square) - edge, edge:len(square) - edge].copy()


def measure_names(info: ModelInfo, photos: Sequence[Photo]) -> dict[str, float]:
    """How often the right name comes first, and among the first five."""
    labels = np.array([label.lower() for label in info.labels or ()])
    with OnnxBackend(info.path, THREADS) as backend:
        best = np.array([np.argsort(-classify(backend, info, photo.pixels)[0])[:5]
                         for photo in Progress(photos, "photos", len(photos))])
    right = labels[best] == np.array([[photo.label] for photo in photos])
    return {"top1": rounded(right[:, 0].mean(), 4), "top5": rounded(right.any(axis=1).mean(), 4)}
