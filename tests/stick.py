"""A wearer's state folder with all that a back-up carries, and a folder that stands for the stick."""

from __future__ import annotations

import json
from datetime import datetime

from fingerpost.memory.objects import ObjectStore
from fingerpost.upkeep.stick.backup import SETTINGS
from fingerpost.upkeep.stick.files import BACKUPS, list_files
from fingerpost.upkeep.stick.jobs import back_up
from fingerpost.vision.lens import make_lens, write_lens
from fingerpost.vision.offset import TipOffset, write_offset
from tests.teaching_day import clip, crop, read_state, vector

NOON = datetime(2026, 11, 22, 12, 0)
MATRIX = [[640.0, 0.0, 320.0], [0.0, 640.0, 240.0], [0.0, 0.0, 1.0]]


def measure(lessons):
    """No network is here whose embeddings could be measured."""
    return {}


def fill(home, volume=4):
    """Everything of a wearer's own: two things, one of them in their own voice, a sample that waits, and settings."""
    import numpy as np

    home.mkdir(parents=True, exist_ok=True)
    with ObjectStore(home / "objects.sqlite") as store:
        store.add("tea", [(crop(1), vector(1)), (crop(2), vector(2))], "net", clip(1), "voice")
        store.add("cup", [(crop(3), vector(3))], "net")
        store.keep(crop(9), vector(9), "net")
    (home / "preferences.json").write_text(json.dumps({"volume": volume, "language": "de"}))
    (home / "way.json").write_text('"detector"')
    write_lens(home / "camera.json", make_lens((640, 480), np.array(MATRIX), np.zeros(4), 0.3))
    write_offset(home / "fingertip.json", TipOffset(0.05, -0.02), 12.0, 4.0)


def have_other(home):
    """A device of somebody else's own, or of an earlier day."""
    home.mkdir(parents=True, exist_ok=True)
    with ObjectStore(home / "objects.sqlite") as store:
        store.add("salt", [(crop(8), vector(8))], "net", clip(8), "voice")
    (home / "preferences.json").write_text('{"volume": 9}')
    (home / "way.json").write_text('"crop"')


def read_home(home):
    """All that a back-up carries of a state folder, as a value that can be compared."""
    with ObjectStore(home / "objects.sqlite") as store:
        taught = read_state(store)
    return taught, read_settings(home)


def read_settings(home):
    """The small files by their names; None for one that is not there."""
    return {name: (home / name).read_bytes() if (home / name).exists() else None for name in SETTINGS}


def names_in(home):
    """What the things there are called."""
    with ObjectStore(home / "objects.sqlite") as store:
        return [thing.name for thing in store.objects()]


def make_backup(stick, home, now=NOON):
    """A back-up on the stick; its path."""
    stick.mkdir(exist_ok=True)
    assert back_up(stick, home, now).outcome == "done"
    return newest(stick)


def newest(stick):
    """The newest back-up there."""
    return list_files(stick, BACKUPS)[0].path


def paths(stick, pattern=BACKUPS):
    """The back-ups there, newest first."""
    return [file.path for file in list_files(stick, pattern)]
