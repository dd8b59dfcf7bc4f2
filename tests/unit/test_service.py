"""What systemd is told, over real sockets, and when a loop counts as hung."""

from __future__ import annotations

import os
import socket
import time

import pytest

from fingerpost.core.actions import PowerOff, Restart
from fingerpost.core.events import Fault, Seen, Tick
from fingerpost.core.heartbeat import Heartbeat
from fingerpost.core.state import POINTING, State
from fingerpost.devices.clocks import SimulatedClock
from fingerpost.upkeep.preparation import EXTENSION_SECONDS, REPEAT_SECONDS, Preparation
from fingerpost.upkeep.service import Manager, Service
from tests.listener import Listener


@pytest.fixture(params=["path", "abstract"])
def listener(request, tmp_path):
    address = tmp_path / "notify" if request.param == "path" else f"@fingerpost-test-{os.getpid()}-{tmp_path.name}"
    with Listener(address) as listener:
        yield listener


def test_a_message_is_lines_of_a_datagram(listener):
    manager = Manager(listener.address)
    manager.tell("READY=1", "STATUS=Works.")
    manager.close()
    manager.tell("STATUS=nobody hears this")
    assert listener.catch_up() == ["READY=1", "STATUS=Works."]


def test_what_the_environment_says_is_heeded(listener):
    def find(**more):
        return Manager.find({"NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": "15000000", **more})

    find().tell("READY=1")
    assert listener.catch_up() == ["READY=1"]
    assert find().watchdog_seconds == 15.0
    assert find(WATCHDOG_PID=str(os.getpid())).watchdog_seconds == 15.0
    assert find(WATCHDOG_PID="1").watchdog_seconds == 0.0, "it is another process that is watched"
    assert find(WATCHDOG_USEC="soon").watchdog_seconds == 0.0


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "/no/such/socket"])
def test_where_nobody_listens_nothing_happens(address):
    manager = Manager.find({"NOTIFY_SOCKET": address})
    manager.tell("READY=1")
    manager.close()


def test_a_start_that_takes_minutes_is_said_at_once_and_every_minute_and_gets_more_time(listener):
    manager, clock, said = Manager(listener.address), SimulatedClock(), []
    preparation = Preparation(lambda: said.append(clock.now()), manager, clock)
    begin = clock.now()
    for _ in range(1000):
        preparation.go_on("compiling")
        clock.sleep(0.2)
    assert [round(at - begin) for at in said] == [0, 60, 120, 180]
    assert listener.catch_up() == ["EXTEND_TIMEOUT_USEC=300000000"] * 4
    assert EXTENSION_SECONDS > 2 * REPEAT_SECONDS, "one that is late must not cost the start"
    manager.close()


def test_a_note_that_the_wearer_has_switched_it_off_is_left_where_one_is_asked_for(tmp_path, caplog):
    Manager.find({}).leave_off_note()
    Manager.find({"FINGERPOST_OFF_NOTE": str(tmp_path / "off")}).leave_off_note()
    assert [path.name for path in tmp_path.iterdir()] == ["off"]
    Manager.find({"FINGERPOST_OFF_NOTE": str(tmp_path / "no" / "folder")}).leave_off_note()
    assert "the machine stays on" in caplog.text


def test_the_note_is_left_before_the_last_words(tmp_path):
    service = Service(Manager.find({"FINGERPOST_OFF_NOTE": str(tmp_path / "off")}))
    service.on_action(Restart(), 1.0)
    assert not list(tmp_path.iterdir())
    service.on_action(PowerOff(), 1.0)
    assert (tmp_path / "off").exists()


def test_one_who_does_not_read_holds_up_nobody(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "notify"))
        manager = Manager(str(tmp_path / "notify"))
        for _ in range(5000):
            manager.tell("WATCHDOG=1")
        assert deaf.recv(100) == b"WATCHDOG=1"


def test_it_is_ready_at_the_first_tick_and_alive_at_every_few(listener):
    service = Service(Manager(listener.address, watchdog_seconds=1.5))
    service.on_event(Seen(0, 0.0, None, None), State())
    assert listener.catch_up() == []
    for tenth in range(11):
        service.on_event(Tick(tenth / 10), State(mode=POINTING))
    service.stop()
    assert listener.catch_up() == ["READY=1", "WATCHDOG=1", "STATUS=Works.", "WATCHDOG=1", "WATCHDOG=1",
                                   "STOPPING=1", "STATUS=Stopping."]


def test_without_a_watchdog_it_is_only_told_how_the_device_is(listener):
    service = Service(Manager(listener.address))
    service.on_event(Tick(0.0), State())
    service.on_event(Tick(9.0), State(mode=POINTING, faults=frozenset({"eyes", "camera"})))
    service.on_event(Fault("camera", 9.1), State())
    assert listener.catch_up() == ["READY=1", "STATUS=Starting.", "STATUS=Does not work: camera, eyes."]


def test_a_loop_that_hangs_stops_the_signs_of_life_until_it_turns_again(listener):
    heart = Heartbeat("speech", patience_seconds=-1.0)  # every turn takes too long
    service = Service(Manager(listener.address, watchdog_seconds=0.1), [heart])
    service.on_event(Tick(1.0), State())
    assert listener.catch_up() == ["STATUS=Hangs: speech."], "it is not ready either"
    heart = Heartbeat("speech", patience_seconds=100.0)
    service = Service(Manager(listener.address, watchdog_seconds=0.1), [heart])
    heart.beat()
    service.on_event(Tick(2.0), State())
    assert "WATCHDOG=1" in listener.catch_up()


def test_a_loop_may_take_its_time_and_rest_for_ever():
    heart = Heartbeat("rendering", patience_seconds=0.05)
    time.sleep(0.1)
    assert not heart.is_lost, "it has not begun"
    heart.beat()
    assert not heart.is_lost
    time.sleep(0.1)
    assert heart.is_lost
    heart.beat(100.0)
    time.sleep(0.1)
    assert not heart.is_lost, "this turn may take longer"
    heart.beat()
    time.sleep(0.1)
    assert heart.is_lost, "the next one may not"
    heart.rest()
    assert not heart.is_lost
    assert heart.silent_seconds == 0.0
