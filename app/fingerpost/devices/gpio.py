"""The two buttons on the header of a Jetson, through NVIDIA's library Jetson.GPIO.

The levels are polled: the library's own edge callbacks lose presses, and stop for good when one raises an error.
"""

from __future__ import annotations

import importlib
import logging
import os
import queue
import threading
from typing import Any, Dict, FrozenSet, List, Optional, Tuple, Union

from ..core.errors import ButtonsError
from ..core.events import Fault, Recovered
from ..core.ports import Buttons, Clock
from ..core.types import Press
from .buttons import ButtonTimer
from .clocks import RealClock
from .pins import Pins

log = logging.getLogger(__name__)

CHIP = "/dev/gpiochip0"
POLL_SECONDS = 0.01
RETRY_SECONDS = 0.5
STUCK_SECONDS = 20.0
"""Nobody holds a button for so long: it is jammed, or its wire lies on ground."""
STALL_SECONDS = 3.0
"""A poll that takes so long hangs in the driver."""
KEYBOARD_REMEDY = 'or use the keyboard: [buttons] source = "keyboard"'


class GpioButtons(Buttons):
    """Buttons between their pin and ground, each with 1 kOhm from the pin to 3.3 V (see hardware/pins.toml).

    A chip that cannot be read any more is a fault, and is tried again until it can; a button that is held for 20 s is
    a fault until it is let go.
    """

    def __init__(self, pins: Pins, clock: Optional[Clock] = None, patient: bool = False) -> None:
        """If `patient`, pins that cannot be taken at the start are a fault like any other, and so is a library that
        cannot be loaded yet; else they are an error of `open`."""
        self.pins = pins
        """Where they are wired to."""
        self._patient = patient
        self._clock = clock or RealClock()
        self._gpio: Any = None
        self._thread: Optional[threading.Thread] = None
        self._stopping = threading.Event()
        self._presses: queue.SimpleQueue[Press] = queue.SimpleQueue()
        self._faults: queue.SimpleQueue[Union[Fault, Recovered]] = queue.SimpleQueue()
        self._timer: Optional[ButtonTimer] = None
        self._stuck: FrozenSet[str] = frozenset()
        self._broken = self._stalled = self._touched = False
        self._polled_at = 0.0

    def open(self) -> None:
        """Take the pins and begin to poll; raises ButtonsError."""
        if self._thread is not None:
            return
        self._polled_at = self._clock.now()
        try:
            self._take_pins()
        except ButtonsError as error:
            self._release_pins()
            if not self._patient:
                raise
            self._report_broken(error)
        self._stopping.clear()
        self._thread = threading.Thread(target=self._poll_until_stopped, name="buttons", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Give the pins back; a poll that hangs in the driver is left behind."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping.set()
        thread.join(1.0)
        if not thread.is_alive():
            self._release_pins()

    def presses(self) -> List[Press]:
        """See `Buttons.presses`."""
        return _drain(self._presses)

    def touched(self) -> bool:
        """See `Buttons.touched`."""
        if not self._touched:
            return False
        self._touched = False
        return True

    def faults(self) -> List[Union[Fault, Recovered]]:
        """See `Buttons.faults`."""
        found = _drain(self._faults)
        now = self._clock.now()
        stalled = self._thread is not None and now - self._polled_at > STALL_SECONDS
        if stalled and not self._stalled:
            found.append(Fault("buttons", now, "the GPIO driver hangs"))
        if self._stalled and not stalled and not self._broken:
            found.append(Recovered("buttons", now))
        self._stalled = stalled
        return found

    def held(self) -> Dict[str, float]:
        """The buttons that are down, and for how many seconds they have been."""
        timer = self._timer
        return timer.held(self._polled_at) if timer else {}

    def _poll_until_stopped(self) -> None:
        """Poll, whatever happens. An unexpected error becomes an announced fault, never a silent death."""
        while not self._stopping.is_set():
            self._polled_at = self._clock.now()
            try:
                if self._broken:
                    self._take_pins()
                self._poll(self._polled_at)
                pause = POLL_SECONDS
            except Exception as error:
                self._report_broken(error)
                pause = RETRY_SECONDS
            self._clock.sleep(pause)

    def _poll(self, at: float) -> None:
        levels = self._read_levels()
        if self._broken:
            self._broken = False
            self._faults.put(Recovered("buttons", at))
        if self._timer is None:
            self._timer = ButtonTimer(*levels, at=at)
        held = self._timer.held(at)
        for press in self._timer.update(*levels, at=at):
            self._presses.put(press)
        before, held = held, self._timer.held(at)
        if held.keys() - before.keys():
            self._touched = True
        self._find_stuck(held, at)

    def _find_stuck(self, held: Dict[str, float], at: float) -> None:
        stuck = frozenset(button for button, seconds in held.items()
                          if seconds >= STUCK_SECONDS or button in self._stuck)
        for button in sorted(stuck - self._stuck):
            self._faults.put(Fault(f"{button}_button", at, f"held for {STUCK_SECONDS:.0f} s: free it or mend its wire"))
        for button in sorted(self._stuck - stuck):
            self._faults.put(Recovered(f"{button}_button", at))
        self._stuck = stuck

    def _report_broken(self, error: Exception) -> None:
        if self._broken:
            return
        log.error("the buttons cannot be read: %s", error)
        self._broken, self._timer = True, None  # what was held before may be let go by now
        self._faults.put(Fault("buttons", self._polled_at, str(error)))

    def _take_pins(self) -> None:
        """Make both pins inputs; pins that are taken already are taken anew. Raises ButtonsError."""
        if self._gpio is None:
            self._gpio = load_gpio()
        try:
            self._gpio.setwarnings(False)
            self._gpio.setmode(self._gpio.BOARD)
            self._gpio.setup([self.pins.mode, self.pins.action], self._gpio.IN)
        except Exception as error:  # the library raises whatever comes
            raise ButtonsError(f"the pins {self.pins.mode} and {self.pins.action} cannot be read ({error}): end what "
                               f"else uses them or choose others, {KEYBOARD_REMEDY}") from error

    def _release_pins(self) -> None:
        if self._gpio is None:
            return
        try:
            self._gpio.cleanup()
        except Exception as error:  # of a chip that has gone there is nothing left to give back
            log.info("the pins could not be given back: %s", error)

    def _read_levels(self) -> Tuple[bool, bool]:
        """Whether the mode and the action button are down: a pressed button joins its pin to ground."""
        return (self._gpio.input(self.pins.mode) == self._gpio.LOW,
                self._gpio.input(self.pins.action) == self._gpio.LOW)


def load_gpio() -> Any:
    """Jetson.GPIO, loaded when first needed, for it raises an error at import off the board; raises ButtonsError."""
    try:
        return importlib.import_module("Jetson.GPIO")
    except ImportError as error:
        raise ButtonsError(f"Jetson.GPIO is not installed: run `pip install Jetson.GPIO`, {KEYBOARD_REMEDY}") from error
    except Exception as error:  # bare ones among them
        if os.path.exists(CHIP) and not os.access(CHIP, os.R_OK | os.W_OK):
            raise ButtonsError("no permission to read the buttons: run `sudo usermod -aG gpio $USER`, then log in "
                               "again") from error
        reason = " ".join(str(error).split())
        raise ButtonsError(f"the pins of this board cannot be used ({reason}): wire the buttons to a Jetson, "
                           f"{KEYBOARD_REMEDY}") from error


def _drain(waiting: queue.SimpleQueue) -> List[Any]:
    """All that waits now."""
    return [waiting.get_nowait() for _ in range(waiting.qsize())]
