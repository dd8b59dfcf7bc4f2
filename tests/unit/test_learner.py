"""Learning by button: names, looks that resemble each other, and changes that can be taken back."""

from __future__ import annotations

import numpy as np
import pytest

from fingerpost.core.errors import StoreError
from fingerpost.core.types import Clip, Quality
from fingerpost.memory.learner import Learner
from fingerpost.memory.objects import ObjectStore
from tests.desk import BLUE, GREEN, RED, ColourRecogniser, draw

VOICE = Clip(np.arange(100, dtype=np.int16), 16000)


class Bench:
    """A learner over a store in a file, with what it hands on to be rendered, and the recording it is given."""

    def __init__(self, store, names=("tea", "salt")):
        self.store, self.recogniser, self.prepared, self.clip = store, ColourRecogniser(), [], VOICE
        self.learner = Learner(store, self.recogniser, names, self.prepare, lambda: self.clip)

    def prepare(self, object_id):
        self.prepared.append((object_id, self.learner.spoken_name(object_id)))

    def learn(self, *colours, **how):
        for colour in colours:
            self.learner.keep(draw(colour), Quality(320, 240, 0.5, 100.0))
        return self.learner.learn(**how)


@pytest.fixture
def bench(tmp_path):
    with ObjectStore(tmp_path / "objects.sqlite") as store:
        yield Bench(store)


def test_names_are_given_out_in_order_and_then_numbered(bench):
    assert bench.learner.free_names() == ("tea", "salt")
    things = [bench.learn(RED) for _ in range(4)]
    assert [thing.name for thing in things] == ["tea", "salt", "thing 3", "thing 4"]


def test_new_names_are_handed_on_to_be_rendered(bench):
    things = [bench.learn(RED), bench.learn(BLUE)]
    bench.learner.rename(things[0].object_id, "sugar")
    assert bench.prepared == [(things[0].object_id, "tea"), (things[1].object_id, "salt"),
                              (things[0].object_id, "sugar")]


def test_how_a_thing_was_named_is_kept(bench):
    assert bench.learn(RED, voice=True).named_by == "voice"
    assert bench.learn(BLUE, name="sugar").named_by == "list"
    assert bench.learn(GREEN).named_by == "text"
    assert [thing.name for thing in bench.learner.taught] == ["tea", "sugar", "salt"]


def test_a_voice_label_is_given_back_byte_for_byte(bench):
    thing = bench.learn(RED, voice=True)
    label = bench.learner.spoken_label(thing.object_id)
    assert (label.samples.tobytes(), label.rate) == (VOICE.samples.tobytes(), VOICE.rate)
    assert bench.learner.spoken_label("Kiwi") is None
    assert bench.learner.spoken_name("Kiwi") == ""


def test_more_looks_go_to_the_thing_and_leave_its_name_alone(bench):
    thing = bench.learn(RED, RED, voice=True)
    more = bench.learn(RED, object_id=thing.object_id)
    assert (more.object_id, more.samples, more.named_by) == (thing.object_id, 3, "voice")
    assert bench.learner.spoken_label(thing.object_id) is not None


def test_a_sample_tells_which_thing_it_looks_like(bench):
    thing = bench.learn(RED)
    assert bench.learner.keep(draw(RED)) == (1, thing.object_id)
    assert bench.learner.keep(draw(BLUE)) == (2, "")
    assert bench.learner.waiting() == 2
    assert bench.learner.undo_sample() == 1


def test_looks_that_differ_are_less_alike_than_looks_that_do_not(bench):
    alike, mixed, one = bench.learn(RED, RED, RED), bench.learn(RED, BLUE, GREEN), bench.learn(BLUE)
    likeness = [bench.learner.likeness(thing.object_id) for thing in (alike, mixed, one)]
    assert likeness[0] == pytest.approx(1.0)
    assert likeness[1] < 0.8
    assert likeness[2] == pytest.approx(1.0)


def test_what_is_forgotten_can_still_be_spoken_of_and_comes_back(bench):
    thing = bench.learn(RED, voice=True)
    bench.learner.forget(thing.object_id)
    assert bench.learner.taught == ()
    assert bench.learner.spoken_name(thing.object_id) == "tea"
    assert bench.learner.undo() == ("returned", thing.object_id)
    assert bench.learner.taught == (thing,)
    assert bench.learner.spoken_label(thing.object_id).samples.tobytes() == VOICE.samples.tobytes()


def test_every_change_can_be_undone_and_tells_what_it_was(bench):
    thing = bench.learn(RED, voice=True)
    bench.clip = Clip(VOICE.samples[::-1].copy(), VOICE.rate)
    bench.learn(RED, object_id=thing.object_id)
    bench.learner.rename(thing.object_id, "green tea")
    bench.learner.rename(thing.object_id)
    assert bench.learner.spoken_label(thing.object_id).samples[0] == 99
    undone = [bench.learner.undo() for _ in range(5)]
    assert undone == [("undone", thing.object_id)] * 3 + [("unlearned", thing.object_id), ("nothing", "")]
    assert bench.learner.waiting() == 2


def test_samples_of_another_network_are_embedded_anew_one_by_one(bench, tmp_path):
    for colour, name in ((RED, "tea"), (BLUE, "salt")):
        bench.store.add(name, [(draw(colour), np.ones(4, np.float32))], "an older network")
    bench = Bench(bench.store)
    assert bench.recogniser.head.means == {}
    assert [bench.learner.renew() for _ in range(4)] == [True, True, False, False]
    assert bench.learner.keep(draw(BLUE)) == (1, bench.learner.taught[1].object_id)


def test_what_cannot_be_forgotten_is_an_error_of_the_store(bench):
    with pytest.raises(StoreError):
        bench.learner.forget("taught:9")


def test_a_thing_that_another_program_has_renamed_is_found_by_its_id(bench):
    thing = bench.learn(RED)
    bench.store.rename("tea", "salt")
    assert bench.learn(RED, object_id=thing.object_id).samples == 2
    bench.store.rename("salt", "sugar")
    bench.learner.rename(thing.object_id, "pepper")
    assert bench.learner.spoken_name(thing.object_id) == "pepper"
    bench.store.rename("pepper", "tea")
    bench.learner.forget(thing.object_id)
    assert bench.learner.taught == ()


def test_a_thing_that_another_program_has_forgotten_gets_no_more_looks(bench):
    thing = bench.learn(RED)
    bench.store.forget("tea")
    with pytest.raises(StoreError, match="'tea' is not known any more: teach it again"):
        bench.learn(RED, object_id=thing.object_id)


def test_what_another_program_has_changed_is_known_once_it_is_read_again(bench, tmp_path):
    old = bench.learn(RED)
    bench.prepared.clear()
    with ObjectStore(tmp_path / "objects.sqlite") as other:
        Learner(other, ColourRecogniser(), ()).teach("mug", [draw(BLUE)])
        other.rename("tea", "sugar")
    bench.learner.reread()
    assert [thing.name for thing in bench.learner.taught] == ["sugar", "mug"]
    assert bench.prepared == [(thing.object_id, thing.name) for thing in bench.learner.taught]
    assert bench.recogniser.guess(draw(BLUE))[0].object_id != old.object_id
    bench.learner.reread()
    assert len(bench.prepared) == 2, "nothing is new"
