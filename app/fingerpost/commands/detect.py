"""`fingerpost detect`: the things on images or video, with their boxes, printed and drawn."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Union

import cv2
import numpy as np

from ..core.errors import DataError
from ..core.timing import Stopwatch
from ..core.types import Detection, Frame
from ..devices.replay import IMAGE_SUFFIXES, Recording, list_images
from ..models import load_given
from ..networks import open_detector
from ..overlay import VideoFile, draw_box, write_text
from ..settings import Settings
from ..vision.detect import DETECTOR, Detector

STAGES = ("pre-process", "network", "post-process", "visualise")
COLUMNS = ("class", "confidence", "left", "top", "right", "bottom", "width", "height", "area", "centre")


class Picture(NamedTuple):
    """An image, or one frame of a video."""

    source: Path
    frame: Frame

    @property
    def is_image(self) -> bool:
        """Whether it is an image of its own."""
        return self.source.suffix.lower() in IMAGE_SUFFIXES

    @property
    def title(self) -> str:
        """What it is called in print."""
        return self.source.name if self.is_image else f"{self.source.name}, {self.frame.at:.2f} s"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost detect`."""
    parser.add_argument("source", type=Path, help="an image, a folder of images, or a video")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the pictures with their boxes drawn in")
    parser.add_argument("--timing", action="store_true", help="how long each stage takes on average, in ms")
    parser.add_argument("--json", action="store_true", help="one line of JSON per picture")
    parser.add_argument("--least", type=_parse_score, default=0.4, metavar="SCORE",
                        help="leave out what scores less (default %(default)s)")
    parser.add_argument("--model", type=Path, help="an ONNX file with manifest.json beside it, or their folder; "
                        "default: the detector of this machine")


def main(args: argparse.Namespace) -> int:
    """Run the command."""
    folder = args.source if args.source.is_dir() else args.source.parent
    if args.out is not None and args.out.resolve() == folder.resolve():
        raise DataError(f"{args.out} holds the pictures themselves, which would be overwritten: choose another --out")
    stopwatch = Stopwatch()
    with ExitStack() as stack:
        info = load_given(DETECTOR, args.model) if args.model is not None else None
        detector = open_detector(stack, Settings(), info, stopwatch)
        album = Album(stack, args.out) if args.out is not None else None
        for picture in read_pictures(args.source):
            detections = examine(picture, detector, args.least, stopwatch, album, args.timing)
            print(write_json(picture, detections) if args.json else write_table(picture, detections))
    if args.timing:
        timing = summarise(stopwatch)
        print(json.dumps({"timing_ms": timing}) if args.json else write_timing(timing))
    return 0


def read_pictures(source: Path) -> Iterator[Picture]:
    """All pictures of an image, a folder or a video; images of a folder that cannot be read are said and left out.

    Raises DataError where there is nothing to see.
    """
    if not source.is_dir():
        yield from (Picture(source, frame) for frame in Recording(source))
        return
    empty = True
    for path in list_images(source):
        try:
            for frame in Recording(path):
                yield Picture(path, frame)
                empty = False
        except DataError as error:
            print(f"fingerpost: {error}", file=sys.stderr)
    if empty:
        raise DataError(f"{source} holds no image that can be read: give jpg or png files")


def examine(picture: Picture, detector: Detector, least: float, stopwatch: Stopwatch, album: Optional[Album],
            timing: bool) -> List[Detection]:
    """The things in one picture; with an album they are drawn, and kept there."""
    pixels = picture.frame.pixels
    detections = detector.detect(pixels, least)
    if album is not None or timing:
        with stopwatch.time("visualise"):
            drawn = draw(pixels, detections)
        if album is not None:
            album.add(picture, drawn)
    return detections


def draw(pixels: np.ndarray, detections: Sequence[Detection]) -> np.ndarray:
    """A BGR copy of the RGB picture with every box, its class and its score."""
    drawn = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    for detection in detections:
        draw_box(drawn, detection.box)
        place = (detection.box.left + 4, detection.box.top + 18)
        write_text(drawn, f"{detection.name} {detection.confidence:.0%}", place, 0.5)
    return drawn


class Album:
    """The folder that drawn pictures go to: images under their names, the frames of a video as one video."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        """`stack` finishes the video at its end."""
        self._stack, self._folder = stack, folder
        self._video: Optional[VideoFile] = None

    def add(self, picture: Picture, drawn: np.ndarray) -> None:
        """Keep a drawn BGR picture. Raises DataError where it cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if picture.is_image:
                encoded = cv2.imencode(picture.source.suffix, drawn)[1]
                (self._folder / picture.source.name).write_bytes(encoded.tobytes())
                return
        except OSError as error:
            raise DataError(f"{self._folder} cannot be written ({error.strerror}): choose another --out") from error
        if self._video is None:
            path = self._folder / f"{picture.source.stem}.mp4"
            self._video = self._stack.enter_context(VideoFile(path))
        self._video.add(drawn, picture.frame.at)


def describe(detection: Detection) -> Dict[str, Union[str, float, List[float]]]:
    """A detection by COLUMNS: pixels, square pixels, and the middle of the box."""
    box = detection.box
    width, height = box.right - box.left, box.bottom - box.top
    values = (detection.name, round(detection.confidence, 4), box.left, box.top, box.right, box.bottom, width, height,
              width * height, [box.left + width / 2, box.top + height / 2])
    return dict(zip(COLUMNS, values))


def write_json(picture: Picture, detections: Sequence[Detection]) -> str:
    """One picture as a line of JSON."""
    return json.dumps({"image": picture.source.name, "at": round(picture.frame.at, 3),
                       "detections": [describe(detection) for detection in detections]})


def write_table(picture: Picture, detections: Sequence[Detection]) -> str:
    """One picture as a table for people."""
    if not detections:
        return f"{picture.title}: nothing found"
    rows = [list(COLUMNS)]
    for detection in detections:
        rows.append([", ".join(f"{part:g}" for part in cell) if isinstance(cell, list) else str(cell)
                     for cell in describe(detection).values()])
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    lines = ["  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows]
    return "\n".join([f"{picture.title}: {len(detections)} found", *lines])


def summarise(stopwatch: Stopwatch) -> Dict[str, float]:
    """The mean of each stage in milliseconds, and their sum."""
    summary = stopwatch.summary()
    means = {stage: summary[stage]["mean_ms"] for stage in STAGES if stage in summary}
    return {**means, "total": round(sum(means.values()), 3)}


def write_timing(timing: Dict[str, float]) -> str:
    """The stages as a table."""
    return "\n".join(f"{stage:>14}  {mean_ms:8.2f} ms" for stage, mean_ms in timing.items())


def _parse_score(text: str) -> float:
    score = float(text)
    if not 0.0 < score < 1.0:
        raise argparse.ArgumentTypeError(f"{text} is no score: give a number between 0 and 1, as in 0.4")
    return score
