"""The talk of `fingerpost calibrate fingertip`: put the finger on the page, press, hear what is next.

Nothing has to be seen: the targets are the corners of the page and the middles of its edges, and may be touched in any
order. Whichever lies nearest to the finger was meant.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import Callable, Dict, Iterable, List
from typing import Counter as Counts

from ..core.errors import CameraError, StaleFrame
from ..core.phrases import PhraseBook
from ..core.ports import Buttons, Camera, Clock
from ..core.speech import Mouth
from ..core.types import ACTION, LONG, MODE, Frame, Utterance
from .frames import watch
from .offsetfit import FEWEST_TARGETS
from .touches import PLACES, Touch, Unseen

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""From a press on the camera is looked through for so long."""
FEWEST_FRAMES = 3
"""In which a touch has to be seen."""
_STEP_SECONDS = 0.02


class Session:
    """What was touched so far, and what the wearer hears of it."""

    def __init__(self, find: Callable[[Frame], Touch], book: PhraseBook) -> None:
        """`find` gives the touch in a frame, or raises Unseen."""
        self._find, self._book = find, book
        self._touches: Dict[int, List[Touch]] = {}

    @property
    def touches(self) -> List[Touch]:
        """All that were taken."""
        return [touch for taken in self._touches.values() for touch in taken]

    def is_enough(self) -> bool:
        """Whether an offset can be fitted."""
        return len(self._touches) >= FEWEST_TARGETS

    def is_complete(self) -> bool:
        """Whether each target was touched."""
        return len(self._touches) == len(PLACES)

    def take(self, frames: Iterable[Frame]) -> Utterance:
        """Take the target that the frames show touched, in place of an earlier touch of it; what there is to say."""
        found: List[Touch] = []
        troubles: Counts[str] = Counter()
        try:
            for frame in frames:
                try:
                    found.append(self._find(frame))
                except Unseen as error:
                    troubles[error.phrase] += 1
                    log.info("%s", error)
        except CameraError as error:
            log.warning("%s", error)
            late = isinstance(error, StaleFrame)
            troubles["sample_no_picture" if late else "fault_camera"] += len(found) + 1
        target, seen = Counter(touch.target for touch in found).most_common(1)[0] if found else (0, 0)
        if seen < FEWEST_FRAMES:
            return Utterance(troubles.most_common(1)[0][0] if troubles else "calibrate_off", interrupts=True)
        self._touches[target] = [touch for touch in found if touch.target == target]
        return self._confirm(self._touches[target][-1])

    def _confirm(self, touch: Touch) -> Utterance:
        """How many are done, and the next one around the page."""
        count = ("count", str(len(self._touches)))
        around = [(touch.target + step) % len(PLACES) for step in range(1, len(PLACES))]
        missing = [step for step, target in enumerate(around, start=1) if target not in self._touches]
        if not missing:
            return Utterance("calibrate_all", interrupts=True)
        place = PLACES[(PLACES.index(touch.place) + missing[0]) % len(PLACES)]
        name = self._book.text(Utterance("page_" + place))
        return Utterance("calibrate_next", (count, ("place", name)), interrupts=True)


def converse(session: Session, camera: Camera, buttons: Buttons, mouth: Mouth, clock: Clock) -> bool:
    """Let the wearer touch target after target; returns whether there is something to fit.

    Action takes the target under the finger; held, it ends the talk once enough were touched. Mode breaks it off.
    """
    mouth.say(Utterance("calibrate_start"))
    while not session.is_complete():
        mouth.step()
        clock.sleep(_STEP_SECONDS)
        for press in buttons.presses():
            mouth.hush()
            if press.button == MODE:
                mouth.say(Utterance("calibrate_left"))
                return False
            if (press.button, press.kind) == (ACTION, LONG):
                if session.is_enough():
                    return True
                mouth.say(Utterance("calibrate_few", (("count", str(FEWEST_TARGETS)),)))
            elif press.button == ACTION:
                mouth.say(session.take(watch(camera, LOOK_SECONDS, clock, first_seconds=LOOK_SECONDS)))
    return True
