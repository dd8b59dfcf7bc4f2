"""`fingerpost buttons test`: does each button do what it should?"""

from __future__ import annotations

import argparse
import logging
from contextlib import ExitStack
from pathlib import Path
from typing import Dict, Optional

from ..core.errors import SoundError
from ..core.events import Fault
from ..core.ports import Buttons, Clock, Speaker
from ..core.types import BOTH, LONG, Clip, Press
from ..devices.clocks import RealClock
from ..devices.gpio import GpioButtons
from ..devices.pluggable import Outputs
from ..settings import Settings, load_settings
from ..sounding import load_earcons
from ..wiring import choose_buttons

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.02


def add_arguments_test(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost buttons test`."""
    parser.add_argument("--settings", type=Path, help="a settings file")
    parser.add_argument("--seconds", type=float, help="stop after so long (default: until Ctrl-C)")


def main_test(args: argparse.Namespace) -> int:
    """Print every press, and beep: once for a short one, another sound for a long one, a third for both buttons."""
    settings = load_settings(args.settings)
    clock = RealClock()
    with ExitStack() as stack:
        buttons = stack.enter_context(choose_buttons(settings.buttons))
        print(describe(buttons), flush=True)
        speaker = open_beeper(settings, stack)
        watch = Watch(buttons, speaker, load_earcons())
        end = clock.now() + args.seconds if args.seconds else float("inf")
        try:
            watch_until(end, watch, clock)
        except KeyboardInterrupt:
            pass  # that is how it ends
    print(f"{watch.presses} presses." if watch.presses != 1 else "1 press.")
    return 0


def watch_until(end: float, watch: Watch, clock: Clock) -> None:
    """Look at the buttons again and again until `end`, seconds of the clock."""
    while clock.now() < end:
        watch.look()
        clock.sleep(LOOK_SECONDS)
    watch.look()


def describe(buttons: Buttons) -> str:
    """Where the buttons are, for whoever tests them."""
    if isinstance(buttons, GpioButtons):
        mode, action, profile = buttons.pins
        return f"Buttons on the board's header ({profile}): mode on pin {mode}, action on pin {action}. Ctrl-C ends it."
    return ("Buttons on the keyboard: m and M are mode short and long, a and A action short and long, h and b both "
            "short and long. Ctrl-C ends it.")


def open_beeper(settings: Settings, stack: ExitStack) -> Optional[Speaker]:
    """The best output there is; None, which is said, where there is none."""
    outputs = Outputs(settings.speech.device, settings.speech.volume)
    for speaker in outputs.make(outputs.find_card()):
        try:
            return stack.enter_context(speaker)
        except SoundError as error:
            log.warning("%s", error)
    return None


class Watch:
    """Prints what the buttons do."""

    def __init__(self, buttons: Buttons, speaker: Optional[Speaker], earcons: Dict[str, Clip]) -> None:
        self._buttons, self._speaker, self._earcons = buttons, speaker, earcons
        self._held: Dict[str, float] = {}
        self.presses = 0

    def look(self) -> None:
        """Print what has happened since the last look."""
        for fault in self._buttons.faults():
            what = f"fault: {fault.reason}" if isinstance(fault, Fault) else "works again"
            print(f"{fault.part.replace('_', ' ')}: {what}", flush=True)
        for press in self._buttons.presses():
            self.presses += 1
            print(f"{press.button} {press.kind}", flush=True)
            self._beep(press)
        held = self._buttons.held() if isinstance(self._buttons, GpioButtons) else {}
        for button in sorted(self._held.keys() - held.keys()):
            print(f"  {button} was held for {self._held[button]:.1f} s", flush=True)
        self._held = held

    def _beep(self, press: Press) -> None:
        name = "ready" if press.button == BOTH else "recorded" if press.kind == LONG else "finger"
        if self._speaker is not None:
            try:
                self._speaker.play(self._earcons[name], mix=True)
            except SoundError as error:
                log.warning("%s", error)
