"""What the companion page asks of the eyes: to learn from pictures, and to read again what it has changed."""

from __future__ import annotations

import numpy as np
import pytest

from fingerpost.core.actions import ChangeWay, Keep
from fingerpost.core.errors import StoreError
from fingerpost.core.events import Changed, Fault, WayChanged
from fingerpost.core.live import PerceptionThread
from fingerpost.core.types import Frame
from fingerpost.devices.clocks import RealClock
from fingerpost.memory.learner import Learner
from fingerpost.memory.objects import ObjectStore
from fingerpost.vision.eyes import Eyes
from fingerpost.vision.requests import Reread, TeachThing
from tests.desk import BLUE, RED, ColourRecogniser, DotFinder, draw
from tests.parts import ScriptedCamera, ScriptedEyes
from tests.room import wait_until


class Sight:
    """Eyes at the desk, with what they know."""

    def __init__(self, store):
        self.recogniser, self.prepared = ColourRecogniser(), []
        self.learner = Learner(store, self.recogniser, ("tea",), self.prepared.append)
        self.eyes = Eyes(DotFinder(), self.recogniser, self.learner, 0.35)


@pytest.fixture
def sight(tmp_path):
    with ObjectStore(tmp_path / "objects.sqlite") as store:
        yield Sight(store)


def test_what_is_taught_is_known_at_once_and_can_be_undone(sight):
    sight.learner.keep(draw(BLUE))
    done = sight.eyes.do(TeachThing("mug", (draw(RED), draw(RED, size=60))), 7.0)
    thing, = sight.learner.taught
    assert done == Changed(7.0, "taught", thing.object_id, waiting=1)
    assert (thing.name, thing.samples) == ("mug", 2)
    assert sight.recogniser.guess(draw(RED))[0].object_id == thing.object_id
    assert sight.prepared == [thing.object_id]
    sight.learner.undo()
    assert not sight.learner.taught


def test_many_pictures_are_announced_for_they_take_their_time(sight):
    announced = []
    sight.eyes.preparing = announced.append
    for count in (1, 20):
        sight.eyes.do(TeachThing("mug", count * (draw(RED),)), 1.0)
    assert announced == [False]


@pytest.mark.parametrize(("first", "done"), [
    (TeachThing("mug", 20 * (draw(RED),)), [TeachThing, ChangeWay]), (ChangeWay(), [ChangeWay])])
def test_another_way_to_look_waits_for_what_is_learned_but_is_not_changed_twice(first, done):
    eyes, clock, requests = ScriptedEyes(), RealClock(), []
    perception = PerceptionThread(eyes, ScriptedCamera(clock), clock)

    def do(request, at):
        requests.append(type(request))
        eyes.preparing(False)
        if request is first:
            perception.submit(ChangeWay())
        return WayChanged(at, "detector")

    eyes.do = do
    perception.submit(first)
    perception.start()
    wait_until(lambda: eyes.seen)  # nothing waits any more
    perception.stop()
    assert requests == done


def test_what_was_changed_elsewhere_is_read_again(sight, tmp_path):
    with ObjectStore(tmp_path / "objects.sqlite") as other:
        Learner(other, ColourRecogniser(), ()).teach("mug", [draw(RED)])
    assert not sight.learner.taught
    assert sight.eyes.do(Reread(), 7.0) == Changed(7.0, "elsewhere")
    assert [thing.name for thing in sight.learner.taught] == ["mug"]


def test_a_store_that_cannot_be_written_is_a_fault_of_the_memory(sight, monkeypatch):
    def fail(*given):
        raise StoreError("the disk is full: make room")

    monkeypatch.setattr(sight.learner, "teach", fail)
    assert sight.eyes.do(TeachThing("mug", (draw(RED),)), 7.0) == Fault("memory", 7.0, "the disk is full: make room")


def test_the_newest_frame_and_what_was_found_are_there_for_others(sight):
    assert sight.eyes.newest is None
    for index, pointing in enumerate((True, False)):
        frame = Frame(index, float(index), draw(RED, pointing))
        seen = sight.eyes.see(frame)
        assert sight.eyes.newest == (frame, seen)
        assert (seen.fingertip is not None) == pointing


def test_what_is_shown_is_the_picture_that_a_sample_would_hold(sight):
    frame = Frame(1, 1.0, draw(RED))
    tip = sight.eyes.see(frame).fingertip
    box, picture = sight.eyes.show(frame, tip)
    assert np.array_equal(picture, frame.pixels[box.top:box.bottom, box.left:box.right])
    kept = []
    sight.learner.keep = lambda crop, quality: kept.append(crop) or (1, "")
    sight.eyes.do(Keep(1), 1.0)
    assert np.array_equal(kept[0], picture)
