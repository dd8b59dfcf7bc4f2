"""`fingerpost calibrate camera`: how the lens bends the picture, from pictures of a printed board.

Print the board (`fingerpost calibrate page camera --out board.svg`), fix it to something flat and stiff, and show it to
the camera: near, at the rim of the picture and in its corners, and tilted. From then on `fingerpost run` straightens
what it looks at. Delete the file that is written to undo that.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Iterable, List, Optional, Tuple

import cv2

from ..calibrating.boards import BoardView, Size, find_board, fit_lens, is_useful
from ..calibrating.frames import is_recording, read_frames
from ..core.errors import DataError
from ..core.types import Frame
from ..home import state_home
from ..progress import Progress
from ..settings import load_settings
from ..upkeep.belongings import CAMERA_RECORD
from ..vision.lens import write_lens

SECONDS = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.description, parser.formatter_class = __doc__, argparse.RawDescriptionHelpFormatter
    parser.add_argument("source", help="a video, a folder of pictures, or a camera as in `fingerpost run --camera`")
    parser.add_argument("--settings", type=Path, help="a settings file")
    parser.add_argument("--seconds", type=float, default=SECONDS,
                        help="watch a camera for so long (default %(default)g)")


def main(args: argparse.Namespace) -> int:
    """Fit the lens and keep it; where the views do not tell it, what was kept before stays."""
    if not is_recording(args.source):
        print(f"Show the board to the camera for {args.seconds:g} s: near, everywhere in the picture, and tilted.")
    with ExitStack() as stack:
        views, size, camera = collect(read_frames(stack, args.source, load_settings(args.settings), args.seconds))
    fitted = fit_lens(views, size)
    path = state_home() / CAMERA_RECORD
    write_lens(path, replace(fitted.lens, camera=camera))
    print(f"{path}: {fitted.views} views of {size[0]} x {size[1]} pixels, {fitted.dropped} others dropped; they miss "
          f"the board by {fitted.lens.error_px:.2f} pixels")
    return 0


def collect(frames: Iterable[Frame]) -> Tuple[List[BoardView], Size, str]:
    """The views that tell something new, the size of the frames, and the name of their camera. Raises DataError where
    one of these two changes."""
    kept: List[BoardView] = []
    first: Optional[Frame] = None
    for frame in Progress(frames, "looking for the board"):
        first = first or frame
        if (frame.pixels.shape, frame.camera) != (first.pixels.shape, first.camera):
            raise DataError(f"there are pictures of {describe(first)} and of {describe(frame)}: give those of one "
                            "camera in one size")
        view = find_board(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY))
        if is_useful(view, kept, frame.pixels.shape[1]):
            kept.append(view)
    if first is None:
        raise DataError("there are no pictures: give a video, a folder of pictures, or a camera")
    return kept, (first.pixels.shape[1], first.pixels.shape[0]), first.camera


def describe(frame: Frame) -> str:
    """The size of a frame, and its camera if that is known."""
    height, width = frame.pixels.shape[:2]
    return f"{width} x {height} pixels" + (f" from {frame.camera}" if frame.camera else "")
