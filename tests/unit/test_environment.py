"""The environment, changed in one thread while it is copied in another."""

from __future__ import annotations

import os
import threading
from collections import UserDict

from fingerpost.devices.cards import playing_on
from fingerpost.environment import changed_environment, copy_environment


class SlowEnvironment(UserDict):
    """Variables that take so long to list that another thread could take one away meanwhile."""

    def __init__(self, variables):
        super().__init__(variables)
        self.listed, self.changed = threading.Event(), threading.Event()

    def keys(self):
        names = list(self.data)
        self.listed.set()
        self.changed.wait(0.3)
        return names


def test_no_variable_vanishes_while_the_environment_is_copied(monkeypatch):
    slow, copies = SlowEnvironment({"HOME": "/", "SDL_AUDIODRIVER": "alsa"}), []
    monkeypatch.setattr(os, "environ", slow)
    entered, leave = threading.Event(), threading.Event()

    def play():
        with playing_on("plughw:CARD=Device,DEV=0"):
            entered.set()
            assert leave.wait(20)
        slow.changed.set()

    player = threading.Thread(target=play)
    player.start()
    assert entered.wait(20)
    copier = threading.Thread(target=lambda: copies.append(copy_environment(LC_ALL="C")))
    copier.start()
    assert slow.listed.wait(20)
    leave.set()
    player.join(20)
    copier.join(20)
    assert copies == [{"HOME": "/", "SDL_AUDIODRIVER": "alsa", "AUDIODEV": "plughw:CARD=Device,DEV=0", "LC_ALL": "C"}]
    assert "AUDIODEV" not in slow


def test_a_driver_that_hangs_holds_up_nobody_who_starts_a_process():
    with changed_environment(AUDIODEV="plughw:0"):
        copies = []
        copier = threading.Thread(target=lambda: copies.append(copy_environment()), daemon=True)
        copier.start()
        copier.join(20)
        assert copies[0]["AUDIODEV"] == "plughw:0"
