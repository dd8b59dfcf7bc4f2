"""What all buttons do, recorded or on a keyboard, and how contact levels become presses."""

from __future__ import annotations

import io
import json
import os
import pty
import termios
import threading
from typing import Callable, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerpost.core.errors import DataError
from fingerpost.core.ports import Buttons
from fingerpost.core.types import ACTION, BOTH, LONG, MODE, SHORT, Press
from fingerpost.devices.buttons import ButtonTimer, KeyboardButtons
from fingerpost.devices.gpio import GpioButtons
from fingerpost.devices.pins import Pins
from fingerpost.devices.replay import RecordedButtons, SimulatedClock
from tests.board import Board, Fingers, have_library

THREE = [(MODE, SHORT), (ACTION, LONG), (BOTH, LONG)]


class Rig(NamedTuple):
    """Buttons, and a way to have the three presses above happen at 1, 2 and 3 seconds."""

    buttons: Buttons
    reach: Callable[[float], None]


@pytest.fixture
def terminal():
    """Both ends of a terminal: the one a person types into, and the one a program reads."""
    person, program = pty.openpty()
    yield person, os.fdopen(program, "rb", buffering=0)
    os.close(person)


def wire_pins(monkeypatch):
    """Buttons on the header of a simulated board, which are read by the real library."""
    if have_library():
        pytest.skip(have_library())
    board = Board()
    board.install(monkeypatch)
    fingers = Fingers(board, [(0.8, 29, True), (0.97, 29, False), (1.4, 31, True), (2.1, 31, False),
                              (2.4, 29, True), (2.4, 31, True), (3.1, 29, False), (3.1, 31, False)])

    def reach(at):
        if any(thread.name == "buttons" for thread in threading.enumerate()):
            fingers.reach(at + 0.005)
    return Rig(GpioButtons(Pins(29, 31, "jetson-nano"), fingers), reach)


@pytest.fixture(params=["recorded", "keyboard", "gpio"])
def rig(request, tmp_path, terminal, monkeypatch):
    if request.param == "gpio":
        return wire_pins(monkeypatch)
    clock = SimulatedClock()
    if request.param == "recorded":
        path = write_presses(tmp_path, *[{"at": at, "button": button, "kind": kind}
                                         for at, (button, kind) in enumerate(THREE, 1)])
        return Rig(RecordedButtons(path, clock), clock.advance_to)
    person, program = terminal

    def reach(at):
        os.write(person, "mAb"[int(clock.now()):int(at)].encode())
        clock.advance_to(at)
    return Rig(KeyboardButtons(clock, program), reach)


def write_presses(folder, *lines):
    """A file of presses; a line is an object or raw text."""
    path = folder / "presses.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def kinds(presses):
    return [(press.button, press.kind) for press in presses]


def test_presses_come_once_and_in_order(rig):
    with rig.buttons:
        assert rig.buttons.presses() == []
        rig.reach(1.0)
        first, = rig.buttons.presses()
        assert (first.button, first.kind, first.at) == (MODE, SHORT, pytest.approx(1.0, abs=0.011))
        rig.reach(3.0)
        assert kinds(rig.buttons.presses()) == THREE[1:]
        assert rig.buttons.presses() == []


def test_that_a_button_went_down_is_told_once_if_at_all(rig):
    with rig.buttons:
        assert not rig.buttons.touched()
        rig.reach(3.0)
        assert rig.buttons.touched() == isinstance(rig.buttons, GpioButtons)
        assert not rig.buttons.touched()


def test_buttons_that_work_report_no_fault(rig):
    with rig.buttons:
        rig.reach(3.0)
        assert rig.buttons.faults() == []


def test_closed_buttons_are_silent(rig):
    assert rig.buttons.presses() == []
    with rig.buttons:
        pass
    rig.buttons.close()
    rig.reach(3.0)
    assert rig.buttons.presses() == []


def test_recorded_presses_are_sorted_by_time(tmp_path):
    path = write_presses(tmp_path, {"at": 2, "button": "mode", "kind": "long"}, "",
                         {"at": 0.5, "button": "action", "kind": "short", "note": "take a sample"})
    clock = SimulatedClock()
    with RecordedButtons(path, clock) as buttons:
        assert buttons.next_at() == 0.5
        clock.advance_to(9)
        assert buttons.presses() == [Press(ACTION, SHORT, 0.5), Press(MODE, LONG, 2.0)]
        assert buttons.next_at() is None


@pytest.mark.parametrize(("line", "remedy"), [
    ("{", "write a line like"),
    ("[1]", "write a line like"),
    ({"at": 1, "button": "mode"}, "write a line like"),
    ({"at": "soon", "button": "mode", "kind": "short"}, "give seconds"),
    ({"at": -1, "button": "mode", "kind": "short"}, "give seconds"),
    ({"at": float("nan"), "button": "mode", "kind": "short"}, "give seconds"),
    ({"at": True, "button": "mode", "kind": "short"}, "give seconds"),
    ({"at": 1, "button": "left", "kind": "short"}, "use one of mode, action, both"),
    ({"at": 1, "button": "mode", "kind": []}, "use one of short, long"),
])
def test_bad_presses_name_file_line_and_remedy(tmp_path, line, remedy):
    path = write_presses(tmp_path, {"at": 1, "button": "mode", "kind": "short"}, line)
    with pytest.raises(DataError, match=r"presses\.jsonl, line 2: .*" + remedy) as raised:
        RecordedButtons(path, SimulatedClock()).open()
    assert "\n" not in str(raised.value)


def test_missing_presses_are_an_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        RecordedButtons(tmp_path / "none.jsonl", SimulatedClock()).open()


def test_keyboard_gives_the_terminal_back(terminal):
    _, program = terminal
    before = termios.tcgetattr(program)
    buttons = KeyboardButtons(SimulatedClock(), program)
    with buttons:
        assert not termios.tcgetattr(program)[3] & termios.ICANON
    buttons.close()
    assert termios.tcgetattr(program)[3] == before[3]


def test_keyboard_passes_over_other_keys(terminal):
    person, program = terminal
    with KeyboardButtons(SimulatedClock(), program) as buttons:
        os.write(person, "x\x1b[A\x1b[1;5A\x1bOA\x1b a\u00e4?".encode())  # arrow up, three ways
        assert kinds(buttons.presses()) == [(ACTION, SHORT)]


def test_keyboard_survives_a_closed_terminal(terminal):
    person, program = terminal
    with KeyboardButtons(SimulatedClock(), program) as buttons:
        os.dup2(os.open(os.devnull, os.O_RDWR), person)
        assert buttons.presses() == []
        assert buttons.presses() == []


def test_without_a_terminal_there_are_no_presses(tmp_path):
    closed = (tmp_path / "closed").open("w")
    closed.close()
    with (tmp_path / "closed").open() as file:
        for stream in (io.StringIO("m"), file, closed):
            with KeyboardButtons(SimulatedClock(), stream) as buttons:
                assert buttons.presses() == []


def press(timer, mode, action, start, end):
    """What the timer makes of levels that stay as they are from `start` to `end` seconds, at 100 Hz."""
    samples = range(round(start * 100), round(end * 100))
    return [found for sample in samples for found in timer.update(mode, action, sample / 100)]


def test_short_comes_on_release():
    timer = ButtonTimer()
    assert press(timer, True, False, 0.0, 0.59) == []
    assert press(timer, False, False, 0.59, 1.0) == [Press(MODE, SHORT, 0.62)]


def test_long_comes_once_and_while_held():
    timer = ButtonTimer()
    assert press(timer, False, True, 0.0, 3.0) == [Press(ACTION, LONG, 0.6)]
    assert press(timer, False, False, 3.0, 4.0) == []


def test_both_long_comes_alone():
    timer = ButtonTimer()
    assert press(timer, True, False, 0.0, 0.15) == []
    assert press(timer, True, True, 0.15, 2.0) == [Press(BOTH, LONG, 0.75)]
    assert press(timer, False, True, 2.0, 3.0) == []
    assert press(timer, False, False, 3.0, 4.0) == []


def test_both_short_comes_with_the_first_release():
    timer = ButtonTimer()
    assert press(timer, True, True, 0.0, 0.3) == []
    assert press(timer, False, True, 0.3, 2.0) == [Press(BOTH, SHORT, 0.33)]
    assert press(timer, False, False, 2.0, 3.0) == []


def test_buttons_pressed_apart_are_two_presses():
    timer = ButtonTimer()
    assert press(timer, True, False, 0.0, 0.2) == []
    assert kinds(press(timer, True, True, 0.2, 1.0)) == [(MODE, LONG), (ACTION, LONG)]


def test_a_press_during_a_spent_hold_counts():
    timer = ButtonTimer()
    assert kinds(press(timer, True, False, 0.0, 1.0)) == [(MODE, LONG)]
    assert press(timer, True, True, 1.0, 1.2) == []
    assert kinds(press(timer, True, False, 1.2, 2.0)) == [(ACTION, SHORT)]


def test_a_button_that_is_down_from_the_start_counts_from_its_next_press():
    timer = ButtonTimer(level_mode=True, at=5.0)
    assert press(timer, True, False, 5.0, 7.0) == []
    assert timer.held(7.0) == {MODE: 2.0}
    assert press(timer, False, False, 7.0, 8.0) == []
    assert kinds(press(timer, True, False, 8.0, 8.1) + press(timer, False, False, 8.1, 8.3)) == [(MODE, SHORT)]


def test_a_stalled_sampler_still_tells_long_from_short():
    timer = ButtonTimer()
    assert press(timer, True, False, 0.0, 0.1) == []
    assert kinds(press(timer, False, False, 1.0, 1.2)) == [(MODE, LONG)]


GESTURES = st.lists(max_size=8, elements=st.tuples(
    st.sampled_from([MODE, ACTION, BOTH]),
    st.one_of(st.integers(8, 42), st.integers(80, 120)),  # samples held, by both at once if both are meant
    st.integers(-10, 10),  # samples by which mode is pressed before action
    st.integers(-10, 10),  # samples by which mode is released after action
    st.integers(8, 40),  # samples until the next gesture
))


def draw_levels(gestures):
    """Per sample the ideal levels of mode and action, and the presses that they mean."""
    levels, meant = [], []
    for button, held, before, after, pause in gestures:
        ahead, behind = (before, after) if button == BOTH else (0, 0)
        start = len(levels) + 10
        spans = [(name, start - max(0, sign * ahead), start + held + max(0, sign * behind))
                 for name, sign in ((MODE, 1), (ACTION, -1))]
        for sample in range(len(levels), max(end for _, _, end in spans) + pause):
            levels.append([button in (name, BOTH) and begin <= sample < end for name, begin, end in spans])
        meant.append((button, LONG if held >= 80 else SHORT))
    return levels + [[False, False]] * 10, meant


@settings(max_examples=200, deadline=None)
@given(gestures=GESTURES, noise=st.randoms(use_true_random=False))
def test_bounces_never_lose_or_double_a_press(gestures, noise):
    levels, meant = draw_levels(gestures)
    timer, found, at = ButtonTimer(), [], 100.0
    ideal, bouncing = [False, False], [0, 0]
    for sample in levels:
        for index in (0, 1):
            if sample[index] != ideal[index]:
                ideal[index], bouncing[index] = sample[index], noise.randint(0, 2)
        seen = [noise.random() < 0.5 if bouncing[index] else ideal[index] for index in (0, 1)]
        bouncing = [max(0, left - 1) for left in bouncing]
        at += noise.uniform(0.008, 0.012)
        found += timer.update(*seen, at)
    assert kinds(found) == meant


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_glitches_are_no_presses(glitches):
    timer, at = ButtonTimer(), 0.0
    for mode, action in glitches:
        for levels in ((mode, action), (False, False)):
            at += 0.01
            assert timer.update(*levels, at) == []
