"""The power cut: what the card had not yet been told to keep may be there, in part, or not at all.

A recording VFS notes every write, truncation, deletion and sync of the store's files. For many instants the files
are then made anew: all that was synced, and of the rest nothing, everything, or any sectors of it. The store that
opens must be the one of the last acknowledged operation, or of the one that was under way.

It proves that the store asks for the right syncs in the right order. That a card heeds them, it cannot prove.
FINGERPOST_POWER_CUTS sets how many instants are tried.
"""

from __future__ import annotations

import os
import random
from typing import NamedTuple

import pytest

from fingerpost.memory.objects import ObjectStore
from tests.teaching_day import plan_day, read_state, states_of

apsw = pytest.importorskip("apsw", reason="the recording VFS needs the package apsw, of fingerpost[test]")

CUTS = int(os.environ.get("FINGERPOST_POWER_CUTS", "120"))
STEPS = 50
SECTOR_BYTES = 512
ACKNOWLEDGED, FOLDER_SYNCED = "acknowledged", "folder synced"


class Event(NamedTuple):
    """What happened to a file, or `ACKNOWLEDGED` and `FOLDER_SYNCED`, which have none."""

    file: str
    kind: str
    offset: int = 0
    data: bytes = b""


class RecordingVFS(apsw.VFS):
    """SQLite's own way to the disk, with a note of everything that changes it."""

    def __init__(self, events):
        self.events = events
        super().__init__("recording", "")

    def xOpen(self, name, flags):
        return RecordingFile(self.events, name, flags)

    def xDelete(self, name, sync_folder):
        super().xDelete(name, sync_folder)
        self.events.append(Event(os.path.basename(name), "delete"))


class RecordingFile(apsw.VFSFile):
    def __init__(self, events, name, flags):
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.events, self.name = events, os.path.basename(path or "temporary")
        super().__init__("", name, flags)

    def xWrite(self, data, offset):
        super().xWrite(data, offset)
        self.events += [Event(self.name, "write", offset + start, bytes(data[start:start + SECTOR_BYTES]))
                        for start in range(0, len(data), SECTOR_BYTES)]

    def xTruncate(self, size):
        super().xTruncate(size)
        self.events.append(Event(self.name, "truncate", size))

    def xSync(self, flags):
        super().xSync(flags)
        self.events.append(Event(self.name, "sync"))


@pytest.fixture(scope="module")
def day():
    return plan_day(7, STEPS)


@pytest.fixture(scope="module")
def states(day):
    return states_of(day)


@pytest.fixture(scope="module")
def events(day, tmp_path_factory):
    """The whole day as the card saw it: with checkpoints in between, and the device switched off and on at noon."""
    events = []
    vfs = RecordingVFS(events)

    def connect(path):
        connection = apsw.Connection(path, vfs="recording")
        connection.execute("PRAGMA wal_autocheckpoint=40")
        return connection

    path = tmp_path_factory.mktemp("recorded") / "objects.sqlite"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fingerpost.memory.database.sync_folder", lambda _: events.append(Event("", FOLDER_SYNCED)))
        for half in (day[:STEPS // 2], day[STEPS // 2:]):
            with ObjectStore(path, connect) as store:
                for step in half:
                    step(store)
                    events.append(Event("", ACKNOWLEDGED))
    vfs.unregister()
    return events


def test_a_power_cut_loses_nothing_that_was_acknowledged(events, states, tmp_path):
    assert sum(event.kind == "sync" and not event.file.endswith("-wal") for event in events) > 3, "no checkpoints"
    for number, (acknowledged, state, broken) in enumerate(cut_power(events, tmp_path)):
        assert state in states[acknowledged:acknowledged + 2], f"cut {number}, after step {acknowledged}"
        assert broken == []


def test_the_loss_would_show_if_the_log_were_not_synced(events, states, tmp_path):
    careless = [event for event in events if not (event.kind == "sync" and event.file.endswith("-wal"))]
    assert any(state not in states[acknowledged:acknowledged + 2]
               for acknowledged, state, _ in cut_power(careless, tmp_path))


def cut_power(events, folder):
    """Per cut the number of operations acknowledged before it, and the state of the store that opens after it."""
    dice = random.Random(0)
    instants = sorted(dice.randrange(len(events)) for _ in range(CUTS))
    kept, pending, acknowledged = {}, {}, 0
    for index, event in enumerate(events):
        while instants and instants[0] == index:
            instants.pop(0)
            path = folder / f"{index}-{len(instants)}" / "objects.sqlite"
            rebuild(path, kept, pending, dice)
            with ObjectStore(path) as store:
                yield acknowledged, read_state(store), store.verify()
        acknowledged += event.kind == ACKNOWLEDGED
        if event.kind in ("write", "truncate", "delete"):
            pending.setdefault(event.file, []).append(event)
        keep_synced(event, kept, pending)


def keep_synced(event, kept, pending):
    """A sync of a file keeps all that was done to it; one of the folder keeps its deletion."""
    for name, waiting in pending.items():
        last = len(waiting) if event.kind == "sync" and event.file == name else 0
        if event.kind == FOLDER_SYNCED:
            last = max([number for number, done in enumerate(waiting, start=1) if done.kind == "delete"], default=0)
        for done in waiting[:last]:
            apply(kept, done)
        del waiting[:last]


def rebuild(path, kept, pending, dice):
    """The files as the card has them: of what was not synced nothing, everything, or some sectors, in this order."""
    share = dice.choice([0, 0.5, 1, 0.9])
    files = {name: bytearray(data) for name, data in kept.items()}
    for unsynced in pending.values():
        for event in unsynced:
            if dice.random() < share:
                apply(files, event)
    path.parent.mkdir()
    for name, data in files.items():
        if data:
            (path.parent / name).write_bytes(bytes(data))


def apply(files, event):
    data = files.setdefault(event.file, bytearray())
    if event.kind != "write":
        del data[event.offset:]
        return
    data.extend(bytes(max(0, event.offset + len(event.data) - len(data))))
    data[event.offset:event.offset + len(event.data)] = event.data
