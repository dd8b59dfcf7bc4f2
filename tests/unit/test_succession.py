"""Which object network ran before, which is live now, and what is said of the difference."""

from __future__ import annotations

import pytest

from fingerpost.core.errors import ModelError
from fingerpost.core.events import ModelChanged
from fingerpost.home import state_home
from fingerpost.upkeep.succession import Succession
from tests.generations import install, open_models


class Learner:
    """Goes over to whatever it is handed when it is told to."""

    def __init__(self, backbone):
        self.backbone, self.heirs, self.is_renewing, self.taught = backbone, [], False, ("tea",)

    def hand_over(self, heir):
        self.heirs.append(heir)
        self.is_renewing = True

    def go_over(self):
        self.backbone, self.is_renewing = self.heirs[-1].sha256, False


class Device:
    """A succession over the models of a home, with the learner that it keeps up to date. Models are their own heirs."""

    def __init__(self, models):
        self.learner = Learner(models.load("objects").sha256)
        self.refused, self.is_deaf = "", False
        self.succession = Succession("objects", lambda: self.learner, self.hand_over, state_home() / "lineage.json",
                                     lambda: bool(self.learner.taught))

    def hand_over(self, info):
        if info.sha256 == self.refused:
            raise ModelError(f"{info.path} cannot be opened")
        self.learner.hand_over(info)

    def notice(self):
        """Look, go over, look again; whether something newer is told, None where nothing is."""
        events = [self.succession.step(1.0)]
        if self.learner.is_renewing:
            self.learner.go_over()
            events.append(self.succession.step(1.0))
        told = [event.newer for event in events if isinstance(event, ModelChanged)]
        assert len(told) <= 1
        if told and not self.is_deaf:
            self.succession.remember()
        return told[0] if told else None


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A home where one model ships, and nothing is installed."""
    return open_models(tmp_path, monkeypatch)


def test_the_first_start_and_one_with_the_same_model_say_nothing(models):
    device = Device(models)
    assert [device.notice(), device.notice(), Device(models).notice()] == [None] * 3


def test_a_running_device_follows_what_is_installed_and_rolled_back(models):
    device = Device(models)
    told = [device.notice()]
    for step in (b"first", b"second", None, None):
        install(models, step) if step else models.rollback("objects")
        told += [device.notice(), device.notice()]
        assert device.learner.backbone == models.load("objects").sha256
    assert told == [None, True, None, True, None, False, None, False, None]


def test_nothing_is_told_before_the_things_are_known_to_the_new_model(models):
    device = Device(models)
    device.notice()
    install(models, b"first")
    assert [device.succession.step(1.0) for _ in range(3)] == [None] * 3
    assert len(device.learner.heirs) == 1
    device.learner.go_over()
    assert device.succession.step(2.0) == ModelChanged(2.0, newer=True)


def test_a_model_that_comes_and_goes_before_it_was_used_is_not_spoken_of(models):
    device = Device(models)
    device.notice()
    install(models, b"first")
    device.succession.step(1.0)
    models.rollback("objects")
    assert device.notice() is None
    assert device.learner.backbone == models.load("objects").sha256


def test_what_happened_while_the_device_was_off_is_told_at_the_next_start(models):
    Device(models).notice()
    install(models, b"first")
    install(models, b"second")
    install(models, b"third")  # which leaves no trace of the first
    assert [Device(models).notice() for _ in range(2)] == [True, None]
    models.rollback("objects")
    assert [Device(models).notice() for _ in range(2)] == [False, None]


def test_what_was_not_told_before_the_device_was_switched_off_is_told_at_the_next_start(models):
    device = Device(models)
    device.notice()
    device.is_deaf = True
    install(models, b"first")
    assert [device.notice(), device.notice()] == [True, None]
    assert [Device(models).notice() for _ in range(2)] == [True, None]


def test_where_nothing_was_taught_nothing_is_told_of_a_newer_model_also_later(models):
    device = Device(models)
    device.learner.taught = ()
    device.notice()
    install(models, b"first")
    assert device.notice() is None
    assert Device(models).notice() is None
    device.learner.taught = ("tea",)
    install(models, b"second")
    assert device.notice() is True


def test_a_model_older_than_todays_but_newer_than_the_last_that_ran_is_new(models):
    install(models, b"first")
    Device(models).notice()
    install(models, b"second")
    install(models, b"third")
    models.rollback("objects")
    assert Device(models).notice() is True


def test_a_model_that_cannot_be_opened_leaves_the_old_one_running_and_is_logged_once(models, caplog):
    device = Device(models)
    device.notice()
    device.refused = install(models, b"broken").sha256
    running = device.learner.backbone
    assert [device.notice() for _ in range(3)] == [None] * 3
    assert (device.learner.backbone, device.learner.heirs) == (running, [])
    assert len(caplog.records) == 1
    assert "the model that runs stays" in caplog.text
    install(models, b"sound")
    assert device.notice() is True


@pytest.mark.parametrize("content", ["", "{}", "[", "7"])
def test_a_spoilt_note_of_what_ran_before_is_as_good_as_none(models, content):
    Device(models).notice()
    install(models, b"first")
    (state_home() / "lineage.json").write_text(content)
    assert [Device(models).notice() for _ in range(2)] == [None] * 2


def test_a_note_that_cannot_be_written_mutes_nothing(models, caplog):
    device = Device(models)
    device.notice()
    (state_home() / "lineage.json").unlink()
    (state_home() / "lineage.json").mkdir()
    install(models, b"first")
    assert [device.notice() for _ in range(2)] == [True, None]
    assert "said again at the next start" in caplog.text


def test_a_network_that_is_not_wanted_yet_is_left_alone_until_it_is(models):
    install(models, b"shipped before", "detector")
    place, heirs = [], []

    def open_device():
        return Succession("detector", lambda: place[0] if place else None, heirs.append,
                          state_home() / "lineage-detector.json")

    device = open_device()
    info = install(models, b"first", "detector")
    assert (device.step(1.0), heirs) == (None, [])
    place.append(Learner(info.sha256))  # opened as it is live by now
    assert [device.step(1.0) for _ in range(2)] == [None, None]
    info = install(models, b"second", "detector")
    device.step(1.0)
    assert heirs == [info]
    place[0].backbone = info.sha256
    assert device.step(2.0) == ModelChanged(2.0, newer=True, name="detector")
    device.remember()
    assert open_device().step(3.0) is None


def test_what_must_wait_is_told_later_and_the_device_goes_over_all_the_same(models):
    device = Device(models)
    device.notice()
    install(models, b"first")
    device.succession.step(1.0, may_tell=False)
    device.learner.go_over()
    assert device.succession.step(1.0, may_tell=False) is None
    assert device.succession.step(2.0) == ModelChanged(2.0, newer=True)
