"""`fingerpost calibrate fingertip`: by how much the tip of your own finger is found beside where it is.

Print the page (`fingerpost calibrate page fingertip --out page.svg`), cut it out along its line, and lay it flat before
you. The device tells, by voice, where to put the finger; press action each time. Touch its corners and the middles of
its edges, five of the eight at least, in any order. Keep all of the page in view.

With a video or a folder of pictures instead of the camera it does the same from those, without a word. Delete the file
that is written to undo that.
"""

from __future__ import annotations

import argparse
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Callable, Iterable, List, Optional
from typing import Counter as Counts

import numpy as np

from ..calibrating.frames import choose_camera, is_recording
from ..calibrating.offsetfit import FEWEST_TARGETS, FittedOffset, fit_offset
from ..calibrating.session import Session, converse
from ..calibrating.touches import Touch, Unseen, find_touch
from ..core.errors import DataError
from ..core.speech import Mouth, finish
from ..core.types import Frame, Utterance
from ..devices.clocks import RealClock
from ..devices.replay import Recording
from ..home import state_home
from ..networks import open_finder
from ..progress import Progress
from ..settings import Settings
from ..sounding import load_earcons, open_phrases, open_speaker
from ..upkeep.preferences import load_preferred
from ..vision.lens import read_lens
from ..vision.offset import write_offset
from ..wiring import CAMERA_RECORD, FINGERTIP_RECORD, open_buttons, open_camera, open_voice

STILL = 0.02
"""Frame widths by which the tip may move from one frame of a video to the next while the finger is put somewhere."""
Finder = Callable[[Frame], Touch]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.description, parser.formatter_class = __doc__, argparse.RawDescriptionHelpFormatter
    parser.add_argument("source", nargs="?", help="a video or a folder of pictures, or a camera as in `fingerpost run "
                        "--camera`; default: the camera of the settings")
    parser.add_argument("--settings", type=Path, help="a settings file")


def main(args: argparse.Namespace) -> int:
    """Fit the offset and keep it; what was kept before stays where the touches do not tell it."""
    settings = load_preferred(args.settings)
    with ExitStack() as stack:
        # The finder comes without an offset that was kept before, for that is measured anew.
        find = partial(find_touch, finder=open_finder(stack, settings), lens=read_lens(state_home() / CAMERA_RECORD))
        if args.source is not None and is_recording(args.source):
            recording = Recording(args.source)
            print(describe(keep(gather(recording, find, apart=recording.path.is_dir()))))
            return 0
        if args.source is not None:
            settings = choose_camera(settings, args.source)
        return calibrate_live(stack, settings, find)


def calibrate_live(stack: ExitStack, settings: Settings, find: Finder) -> int:
    """Talk with the wearer, fit, keep, and say what came of it."""
    clock, book = RealClock(), open_phrases(settings)
    mouth = Mouth(open_speaker(settings, stack), stack.enter_context(open_voice(settings)), book, load_earcons(), clock,
                  lambda at, text, phrase: print(text))
    session = Session(find, book)
    camera, buttons = stack.enter_context(open_camera(settings)), open_buttons(settings, stack)
    try:
        if not converse(session, camera, buttons, mouth, clock):
            return 1
        fitted = keep(session.touches)
        numbers = (("before", f"{fitted.before_px:.0f}"), ("after", f"{fitted.after_px:.0f}"))
        mouth.say(Utterance("calibrate_done", numbers))
        print(describe(fitted))
    except DataError:
        mouth.say(Utterance("calibrate_refused"))
        raise
    finally:
        finish(mouth, clock)
    return 0


def gather(frames: Iterable[Frame], find: Finder, apart: bool) -> List[Touch]:
    """The touches of a recording; `apart`: each frame is a picture of its own. In a video a touch counts where the
    finger rests, and not where it passes by. Raises DataError where there are too few."""
    touches: List[Touch] = []
    troubles: Counts[str] = Counter()
    last: Optional[Touch] = None
    count = 0
    for frame in Progress(frames, "looking for the page"):
        count += 1
        try:
            touch = find(frame)
        except Unseen as error:
            troubles[str(error)] += 1
            last = None
            continue
        if apart or rests(touch, last):
            touches.append(touch)
        last = touch
    if len({touch.target for touch in touches}) < FEWEST_TARGETS and troubles:
        reason, often = troubles.most_common(1)[0]
        raise DataError(f"of {count} frames {often} are of no use: {reason}")
    return touches


def rests(touch: Touch, last: Optional[Touch]) -> bool:
    """Whether the finger is where it was in the frame before."""
    if last is None or last.target != touch.target:
        return False
    return bool(np.hypot(touch.tip.x - last.tip.x, touch.tip.y - last.tip.y) <= STILL * touch.width)


def keep(touches: List[Touch]) -> FittedOffset:
    """Fit the offset and write it. Raises DataError, and leaves the old one, where it would not help."""
    fitted = fit_offset(touches)
    write_offset(state_home() / FINGERTIP_RECORD, fitted.offset, fitted.before_px, fitted.after_px)
    return fitted


def describe(fitted: FittedOffset) -> str:
    """What came of it, for people."""
    return (f"{state_home() / FINGERTIP_RECORD}: on {fitted.targets} targets the tip was off by {fitted.before_px:.1f} "
            f"pixels of 640, and is by {fitted.after_px:.1f} (each target by what the others tell)")
