"""Another network takes over while the device runs: nothing that was taught is lost, not even for a moment."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fingerpost.core.errors import ModelError, StoreError
from fingerpost.core.ports import Backend
from fingerpost.memory import renewal
from fingerpost.memory.learner import Learner
from fingerpost.memory.objects import ObjectStore
from fingerpost.models import ModelInfo
from fingerpost.vision import eyes
from fingerpost.vision.recognise import Recogniser, TaughtHead

RED, BLUE, GREEN = (np.full((20, 20, 3), colour, np.uint8) for colour in ((220, 40, 40), (40, 60, 220), (30, 200, 60)))


class Colours(Backend):
    """A network whose embedding is the mean colour, its channels in an order of its own."""

    def __init__(self, order):
        self.order, self.is_closed = list(order), False

    def run(self, array):
        assert not self.is_closed
        return np.zeros((1, 1), np.float32), array.mean(axis=(2, 3))[:, self.order]

    def close(self):
        self.is_closed = True


def make_recogniser(name, order):
    """A recogniser whose network has that name for its checksum, with its backend."""
    info = ModelInfo("objects", Path("objects.onnx"), name, 1, (1, 3, 16, 16), (0.5,) * 3, (0.25,) * 3,
                     ("logits", "embedding"), ("other",), None, 1, 1, "", "", {}, "")
    backend = Colours(order)
    return Recogniser(backend, info, TaughtHead(0.6, 0.06)), backend


class Device:
    """A learner that knows two things by an old network, which a new one is to take over from."""

    def __init__(self, path):
        self.store = ObjectStore(path)
        self.recogniser, self.old = make_recogniser("old", (0, 1, 2))
        self.heir, self.new = make_recogniser("new", (2, 0, 1))

    def __enter__(self):
        self.store.open()
        self.learner = Learner(self.store, self.recogniser, ("jam",))
        self.learner.teach("tea", [RED, RED])
        self.learner.teach("salt", [BLUE])
        while self.learner.renew():
            pass
        return self

    def __exit__(self, *details):
        self.store.close()

    def name(self, crop):
        """What the crop is called, now."""
        return self.learner.spoken_name(self.recogniser.guess(crop)[0].object_id)


@pytest.fixture
def device(tmp_path):
    with Device(tmp_path / "objects.sqlite") as device:
        yield device


def test_the_old_network_knows_everything_until_the_new_one_does(device):
    device.learner.hand_over(device.heir)
    steps = 0
    while device.learner.renew():
        steps += 1
        assert (device.learner.backbone, device.name(RED), device.name(BLUE)) == ("old", "tea", "salt")
    assert steps == 3
    assert (device.learner.backbone, device.name(RED), device.name(BLUE)) == ("new", "tea", "salt")
    assert device.old.is_closed
    assert not device.new.is_closed
    assert device.store.stale("new") == []
    assert device.store.verify() == []


def test_what_is_taught_meanwhile_is_known_at_once_and_taken_along(device):
    device.learner.hand_over(device.heir)
    device.learner.renew()
    device.learner.keep(GREEN)
    device.learner.learn()
    assert [device.name(crop) for crop in (RED, BLUE, GREEN)] == ["tea", "salt", "jam"]
    device.learner.keep(GREEN)
    while device.learner.is_renewing:
        device.learner.renew()
    assert [device.name(crop) for crop in (RED, BLUE, GREEN)] == ["tea", "salt", "jam"]
    assert device.learner.waiting() == 1
    assert device.store.stale("new") == []


def test_a_device_that_is_switched_off_before_the_end_has_lost_nothing(device):
    device.learner.hand_over(device.heir)
    device.learner.renew()
    restarted = Learner(device.store, device.recogniser, ())
    assert not restarted.renew()
    assert device.name(RED) == "tea"


def test_a_network_that_is_overtaken_is_let_go_of(device):
    newest, backend = make_recogniser("newest", (1, 2, 0))
    device.learner.hand_over(device.heir)
    device.learner.renew()
    device.learner.hand_over(newest)
    while device.learner.is_renewing:
        device.learner.renew()
    assert device.learner.backbone == "newest"
    assert device.new.is_closed
    assert not backend.is_closed
    assert device.name(BLUE) == "salt"


def test_when_the_store_cannot_be_written_the_old_network_stays_until_it_can(device, monkeypatch):
    device.learner.hand_over(device.heir)
    with monkeypatch.context() as patch:
        patch.setattr(device.store, "replace_embeddings", refuse)
        for _ in range(3):
            device.learner.renew()
        for _ in range(2):
            with pytest.raises(StoreError):
                device.learner.renew()
        assert (device.learner.backbone, device.name(RED)) == ("old", "tea")
        assert device.learner.is_renewing
    device.learner.renew()
    assert (device.learner.backbone, device.name(RED)) == ("new", "tea")


def refuse(*details):
    raise StoreError("the card is full")


@pytest.mark.parametrize("part", ["list", "picture", "network"])
def test_an_error_on_the_way_costs_no_sample_and_lets_no_half_known_network_take_over(device, monkeypatch, part):
    """The second attempt fails, of however many it takes."""
    def fail_once(owner, name, error):
        real, calls = getattr(owner, name), []

        def attempt(*given):
            calls.append(given)
            if len(calls) == 2 or part == "list" and len(calls) == 1:
                raise error
            return real(*given)
        monkeypatch.setattr(owner, name, attempt)

    fail_once(*{"list": (device.store, "stale", StoreError("a disk error")),
                "picture": (device.store, "crop", StoreError("a disk error")),
                "network": (device.heir, "embed", ModelError("the network fails"))}[part])
    device.learner.hand_over(device.heir)
    errors = 0
    while device.learner.is_renewing:
        try:
            device.learner.renew()
        except (StoreError, ModelError):
            errors += 1
        assert (device.name(RED), device.name(BLUE)) == ("tea", "salt")
    assert errors
    assert device.learner.backbone == "new"
    assert device.store.stale("new") == []


def test_a_spoilt_sample_holds_nothing_up(device):
    with device.store._database.transaction() as write:
        write("UPDATE samples SET crop = 'spoilt' WHERE id = 1")
    device.learner.hand_over(device.heir)
    while device.learner.is_renewing:
        device.learner.renew()
    assert (device.learner.backbone, device.name(RED), device.name(BLUE)) == ("new", "tea", "salt")
    assert device.store.stale("new") == [1]


# A device that was off while its network was exchanged

def test_it_says_that_it_knows_them_only_once_it_does(device):
    assert not device.learner.is_relearning
    restarted = Learner(device.store, device.heir, ())
    while restarted.renew():
        assert restarted.is_relearning
    assert not restarted.is_relearning
    device.recogniser = device.heir
    assert device.name(BLUE) == "salt"


def test_many_short_outings_get_there(device, monkeypatch):
    monkeypatch.setattr(renewal, "BATCH", 2)
    left = []
    for _ in range(2):
        restarted = Learner(device.store, device.heir, ())
        assert restarted.is_relearning
        restarted.renew()
        restarted.renew()
        left.append(len(device.store.stale("new")))
    assert left == [1, 0]


def test_a_network_that_is_to_take_over_does_not_store_what_the_one_that_runs_would_miss(device, monkeypatch):
    monkeypatch.setattr(renewal, "BATCH", 1)
    device.learner.hand_over(device.heir)
    device.learner.renew()
    device.learner.renew()
    assert not device.learner.is_relearning
    assert len(device.store.stale("new")) == 3


def test_embeddings_are_replaced_all_or_none(device):
    keys = device.store.stale("new")
    with pytest.raises(ValueError):
        device.store.replace_embeddings({keys[0]: np.ones(3), keys[1]: "nonsense"}, "new")
    assert len(device.store.stale("new")) == 3
    device.store.replace_embeddings({keys[0]: np.ones(3), 99: np.ones(3)}, "new")
    assert len(device.store.stale("new")) == 2


@pytest.mark.parametrize("error", [StoreError("the card is full"), ModelError("the network fails")])
def test_eyes_that_cannot_renew_try_again_only_later(error):
    tries = []

    def renew():
        tries.append(1)
        raise error

    sight = eyes.Eyes(SimpleNamespace(threshold=0.5, go_over=lambda: False), None, SimpleNamespace(renew=renew), 0.35)
    for at in (0.0, 1.0, 59.0, 60.0, 61.0):
        sight.rest(at)
    assert len(tries) == 2
