"""Buttons on the header: the real Jetson.GPIO over a simulated chip that bounces, jams, vanishes and refuses.

Most of it runs in simulated time: the polling thread is the real one, and gets 10 ms older at each poll.
"""

from __future__ import annotations

import errno
import random
import threading
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest

from fingerpost import wiring
from fingerpost.core import live
from fingerpost.core.errors import ButtonsError
from fingerpost.core.events import Fault, Recovered
from fingerpost.core.loop import Loop
from fingerpost.core.speech import Mouth
from fingerpost.core.state import State
from fingerpost.core.types import ACTION, BOTH, LONG, MODE, SHORT
from fingerpost.devices import gpio
from fingerpost.devices.buttons import KeyboardButtons
from fingerpost.devices.clocks import RealClock
from fingerpost.devices.gpio import STALL_SECONDS, GpioButtons
from fingerpost.devices.pins import Pins
from fingerpost.settings import ButtonsSettings, Settings
from tests.board import Board, Fingers, have_library
from tests.parts import EARCONS, ScriptedCamera, ScriptedEyes, SilentSpeaker, TonguelessVoice, english, status

pytestmark = pytest.mark.skipif(bool(have_library()), reason=str(have_library()))

PINS = Pins(29, 31, "jetson-nano")
PIN = {MODE: 29, ACTION: 31}


@pytest.fixture(params=["jetson-nano", "jetson-orin-nano"])
def board(request, monkeypatch):
    board = Board(request.param)
    board.install(monkeypatch)
    return board


def kinds(presses):
    return [(press.button, press.kind) for press in presses]


def parts(events):
    return [(type(event), event.part) for event in events]


def hold(button, start, seconds, noise=None):
    """The edges of one hold; with `noise` the contact chatters for some milliseconds at both ends."""
    edges = []
    for at, down in ((start, True), (start + seconds, False)):
        if noise is not None:
            chatter = sorted(noise.uniform(0.0, 0.008) for _ in range(2 * noise.randint(0, 4)))
            edges += [(at + delay, PIN[button], down == (not number % 2)) for number, delay in enumerate(chatter)]
        edges.append((at + (0.008 if noise else 0.0), PIN[button], down))
    return edges


def live_through(board, edges, jitter=lambda: 1.0):
    """The presses that a day with these edges makes."""
    edges = sorted(edges, key=lambda edge: edge[0])
    fingers = Fingers(board, edges, jitter)
    with GpioButtons(PINS, fingers) as buttons:
        fingers.reach(edges[-1][0] + 1.0)
        assert buttons.faults() == []
        presses = buttons.presses()
        assert buttons.touched() == bool(presses)
        return presses


def test_a_day_of_200_bouncing_presses_loses_and_doubles_none(board):
    noise = random.Random(7)
    edges, meant, at = [], [], 1.0
    for _ in range(200):
        button, kind = noise.choice([MODE, ACTION, BOTH]), noise.choice([SHORT, SHORT, LONG])
        seconds = noise.uniform(0.08, 0.5) if kind == SHORT else noise.uniform(0.75, 1.5)
        for one in (MODE, ACTION) if button == BOTH else (button,):
            lag = noise.uniform(0.0, 0.05) if button == BOTH else 0.0
            edges += hold(one, at + lag, seconds, noise)
        meant.append((button, kind))
        at += seconds + noise.uniform(0.15, 1.0)
    assert kinds(live_through(board, edges, lambda: noise.uniform(0.8, 1.2))) == meant


def test_a_long_press_comes_while_it_is_held_and_tells_for_how_long(board):
    fingers = Fingers(board, hold(ACTION, 1.0, 5.0))
    with GpioButtons(PINS, fingers) as buttons:
        fingers.reach(1.65)
        assert kinds(buttons.presses()) == [(ACTION, LONG)]
        assert buttons.held() == {ACTION: pytest.approx(0.65, abs=0.03)}
        fingers.reach(7.0)
        assert (buttons.presses(), buttons.held()) == ([], {})


def test_that_a_button_goes_down_is_told_long_before_the_press(board):
    fingers = Fingers(board, hold(MODE, 1.0, 0.4, random.Random(5)) + hold(ACTION, 3.0, 2.0))
    with GpioButtons(PINS, fingers) as buttons:
        for before, at, kind in ((0.99, 1.06, (MODE, SHORT)), (2.99, 3.05, (ACTION, LONG))):
            fingers.reach(before)
            assert not buttons.touched()
            fingers.reach(at)
            assert buttons.touched()
            assert (buttons.touched(), buttons.presses()) == (False, [])
            fingers.reach(at + 1.0)
            assert kinds(buttons.presses()) == [kind]
            assert not buttons.touched()


def test_noise_of_a_few_milliseconds_is_no_press(board):
    noise = random.Random(3)
    edges = [(1.0 + number * 0.05 + delay, 29, down) for number in range(40)
             for delay, down in ((0.0, True), (noise.uniform(0.001, 0.008), False))]
    assert live_through(board, edges) == []


def test_a_stuck_button_is_a_fault_until_it_is_let_go_and_the_other_one_works_on(board):
    fingers = Fingers(board, sorted(hold(MODE, 1.0, 40.0) + hold(ACTION, 25.0, 0.2), key=lambda edge: edge[0]))
    with GpioButtons(PINS, fingers) as buttons:
        fingers.reach(20.9)
        assert buttons.faults() == []
        fingers.reach(21.1)
        assert parts(buttons.faults()) == [(Fault, "mode_button")]
        fingers.reach(40.0)
        assert buttons.faults() == []
        assert kinds(buttons.presses()) == [(MODE, LONG), (ACTION, SHORT)]
        fingers.reach(42.0)
        assert parts(buttons.faults()) == [(Recovered, "mode_button")]


def test_a_button_that_is_jammed_at_the_start_is_told_and_presses_nothing(board):
    board.low.add(31)
    fingers = Fingers(board, [(30.0, 31, False)])
    with GpioButtons(PINS, fingers) as buttons:
        fingers.reach(31.0)
        assert buttons.presses() == []
        assert parts(buttons.faults()) == [(Fault, "action_button"), (Recovered, "action_button")]


@pytest.mark.parametrize("error", [errno.EIO, errno.ENODEV])
def test_a_chip_that_vanishes_is_one_fault_and_works_again_when_it_is_back(board, error):
    fingers = Fingers(board, hold(ACTION, 9.0, 0.2))
    with GpioButtons(PINS, fingers) as buttons:
        fingers.reach(1.0)
        board.error, board.present = error, False
        fingers.reach(5.0)
        fault, = buttons.faults()
        assert (type(fault), fault.part) == (Fault, "buttons")
        assert fault.reason
        board.error, board.present = 0, True
        fingers.reach(10.0)
        assert parts(buttons.faults()) == [(Recovered, "buttons")]
        assert kinds(buttons.presses()) == [(ACTION, SHORT)]
    assert board.taken == 0


def test_a_stuck_button_stays_stuck_while_the_chip_is_away(board):
    fingers = Fingers(board, hold(MODE, 1.0, 40.0))
    with GpioButtons(PINS, fingers) as buttons:
        fingers.reach(22.0)
        board.error = errno.EIO
        fingers.reach(25.0)
        board.error = 0
        fingers.reach(30.0)
        assert parts(buttons.faults()) == [(Fault, "mode_button"), (Fault, "buttons"), (Recovered, "buttons")]
        fingers.reach(43.0)
        assert parts(buttons.faults()) == [(Recovered, "mode_button")]


def test_a_press_that_was_begun_before_the_chip_vanished_is_forgotten(board):
    fingers = Fingers(board, hold(MODE, 1.0, 8.0))
    with GpioButtons(PINS, fingers) as buttons:
        fingers.reach(1.2)
        board.error = errno.EIO
        fingers.reach(5.0)
        board.error = 0
        fingers.reach(10.0)
        assert buttons.presses() == []


def test_a_poll_that_hangs_in_the_driver_is_a_fault_until_it_goes_on(board):
    fingers = Fingers(board, [])
    with GpioButtons(PINS, fingers) as buttons:
        fingers.reach(1.0)
        board.answers.clear()
        assert board.hangs.wait(20.0)
        fingers.skip(STALL_SECONDS + 1.0)
        assert parts(buttons.faults()) == [(Fault, "buttons")]
        assert buttons.faults() == []
        board.answers.set()
        fingers.reach(fingers.now() + 0.1)
        assert parts(buttons.faults()) == [(Recovered, "buttons")]


def wait_until(condition):
    deadline = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def test_the_wearer_hears_of_it_though_a_stuck_button_has_sent_the_device_to_sleep(board, monkeypatch):
    monkeypatch.setattr(gpio, "STUCK_SECONDS", 1.2)
    clock, heard, stop = RealClock(), [], threading.Event()
    mouth = Mouth(SilentSpeaker(clock), TonguelessVoice(), english(), EARCONS, clock,
                  lambda at, text, phrase: heard.append(text))
    perception = live.PerceptionThread(ScriptedEyes(), ScriptedCamera(clock), clock)
    loop = Loop(State(), mouth, perception.submit, status)
    with GpioButtons(PINS) as buttons:
        device = threading.Thread(target=live.run_live, args=(loop, mouth, perception, buttons, clock, stop))
        device.start()
        try:
            wait_until(lambda: "Ready." in heard)
            board.low.add(29)
            wait_until(lambda: "Sleeping." in heard)
            wait_until(lambda: "The mode button is stuck. When I sleep, action wakes me." in heard)
            board.low.add(31)
            time.sleep(0.2)
            board.low.discard(31)
            wait_until(lambda: "Awake." in heard)
            board.low.clear()
            wait_until(lambda: "The mode button works again." in heard)
            board.error = errno.EIO
            wait_until(lambda: "The buttons do not answer." in heard)
            board.error = 0
            wait_until(lambda: "The buttons work again." in heard)
        finally:
            stop.set()
            device.join(10)


def test_missing_permission_names_the_group(board):
    board.permitted = False
    with pytest.raises(ButtonsError, match="usermod -aG gpio"):
        GpioButtons(PINS).open()
    board.permitted = True
    with GpioButtons(PINS):
        pass


def test_off_the_board_the_remedy_is_the_keyboard(board):
    board.present = False
    with pytest.raises(ButtonsError, match='source = "keyboard"') as caught:
        GpioButtons(PINS).open()
    assert "\n" not in str(caught.value)


def test_pins_that_something_else_holds_are_an_error_and_later_they_can_be_taken(board):
    board.error = errno.EBUSY
    with pytest.raises(ButtonsError, match="pins 29 and 31 cannot be read"):
        GpioButtons(PINS).open()
    board.error = 0
    with GpioButtons(PINS):
        pass
    assert board.taken == 0


def test_a_device_whose_pins_are_held_at_the_start_says_so_and_takes_them_once_it_can(board, monkeypatch):
    fingers = Fingers(board, hold(ACTION, 9.0, 0.2))
    board.error = errno.EBUSY
    settings = replace(Settings(), buttons=ButtonsSettings("gpio", mode_pin=29, action_pin=31))
    monkeypatch.setattr(gpio, "RealClock", lambda: fingers)
    monkeypatch.setattr(wiring, "has_keyboard", lambda: False)
    with ExitStack() as stack:
        buttons = wiring.open_buttons(settings, stack)
        fingers.reach(3.0)
        fault, = buttons.faults()
        assert (type(fault), fault.part) == (Fault, "buttons")
        assert "pins 29 and 31 cannot be read" in fault.reason
        board.error = 0
        fingers.reach(10.0)
        assert parts(buttons.faults()) == [(Recovered, "buttons")]
        assert kinds(buttons.presses()) == [(ACTION, SHORT)]
    assert board.taken == 0


def test_a_device_that_may_not_read_the_buttons_yet_reads_them_once_it_may(board, monkeypatch):
    """As at a boot at which the rules of udev come late: the library itself cannot be loaded before."""
    fingers = Fingers(board, hold(ACTION, 9.0, 0.2))
    board.permitted = False
    with GpioButtons(PINS, fingers, patient=True) as buttons:
        fingers.reach(3.0)
        fault, = buttons.faults()
        assert (type(fault), fault.part) == (Fault, "buttons")
        assert "usermod -aG gpio" in fault.reason
        board.permitted = True
        fingers.reach(10.0)
        assert parts(buttons.faults()) == [(Recovered, "buttons")]
        assert kinds(buttons.presses()) == [(ACTION, SHORT)]
    assert board.taken == 0


def test_a_device_whose_library_never_loads_ends_in_order(board):
    board.present = False
    fingers = Fingers(board, [])
    with GpioButtons(PINS, fingers, patient=True) as buttons:
        fingers.reach(3.0)
        assert parts(buttons.faults()) == [(Fault, "buttons")]


def test_at_a_terminal_the_keyboard_stands_in_for_pins_that_are_held(board, monkeypatch):
    board.error = errno.EBUSY
    settings = replace(Settings(), buttons=ButtonsSettings("gpio", mode_pin=29, action_pin=31))
    monkeypatch.setattr(wiring, "has_keyboard", lambda: True)
    with ExitStack() as stack:
        buttons = wiring.open_buttons(settings, stack)
        assert isinstance(buttons, KeyboardButtons)
        assert parts(buttons.faults()) == [(Fault, "buttons")]


def test_a_pin_that_is_none_is_an_error(board):
    with pytest.raises(ButtonsError, match="Channel 30 is invalid"):
        GpioButtons(Pins(29, 30, "settings")).open()


def test_in_real_time_presses_arrive_too(board):
    with GpioButtons(PINS, RealClock()) as buttons:
        found = []
        for _ in range(3):
            time.sleep(0.1)
            board.low.add(29)
            time.sleep(0.2)
            board.low.discard(29)
            time.sleep(0.1)
            found += buttons.presses()
        deadline = time.monotonic() + 10.0
        while len(found) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
            found += buttons.presses()
        assert [press.button for press in found] == [MODE] * 3
    assert board.taken == 0
