"""What was said today and yesterday, and the last lines of the log."""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from datetime import datetime

import pytest

from fingerpost.companion.device.diaries import read_days
from fingerpost.core.events import Tick
from fingerpost.core.preferences import Preferences
from fingerpost.core.state import POINTING, State
from fingerpost.upkeep import diary as diaries
from fingerpost.upkeep.diary import MOST_WAITING, Diary
from fingerpost.upkeep.journal import KEPT_RECORDS, LONGEST_TEXT, MOST_AT_ONCE, Journal
from tests.disk import little_room
from tests.room import wait_until

EVENING = datetime(2026, 3, 1, 23, 59, 58).timestamp()
DAY = 86400.0


class Evening:
    """A diary, and its clock."""

    def __init__(self, folder):
        self.folder, self.now = folder, EVENING
        self.diary = Diary(folder, lambda: self.now)

    def say(self, text, phrase="named"):
        self.diary.on_heard(0.0, text, phrase)

    def read(self):
        """The texts by file."""
        return {path.stem: [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
                for path in sorted(self.folder.glob("*"))}


@pytest.fixture
def evening(tmp_path):
    return Evening(tmp_path / "state" / "diary")


def test_each_thing_said_is_a_line_but_no_earcon_and_no_code(evening):
    evening.say("Müsli.")
    evening.say("[finger]", "finger")
    evening.say("The code is 1 2 3 4 5 6.", "companion_open")
    evening.diary.write()
    evening.diary.write()
    path, = evening.folder.iterdir()
    assert path.name == "2026-03-01.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600
    line, = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {"at": EVENING, "text": "Müsli.", "phrase": "named"}


def test_only_today_and_yesterday_are_kept(evening):
    evening.folder.mkdir(parents=True)
    (evening.folder / "notes.txt").write_text("mine")
    for number in range(4):
        evening.say(f"before {number}")
        evening.now += 4.0
        evening.say(f"after {number}")
        evening.diary.write()
        evening.now += DAY - 4.0
    (evening.folder / "notes.txt").unlink()
    assert evening.read() == {"2026-03-04": ["after 2", "before 3"], "2026-03-05": ["after 3"]}


def test_old_days_go_although_nothing_is_said(evening):
    evening.say("something")
    evening.diary.write()
    evening.now += 2 * DAY
    evening.diary.write()
    assert evening.read() == {}


def test_a_clock_that_begins_in_1970_loses_nothing(evening):
    evening.say("today")
    evening.diary.write()
    today, evening.now = evening.now, 3 * DAY
    evening.say("when?")
    evening.diary.write()
    assert "today" in evening.read()["2026-03-01"]
    evening.now = today
    evening.diary.write()
    assert evening.read() == {"2026-03-01": ["today"]}


def test_who_wants_no_diary_has_none(evening):
    for wanted in (False, True):
        evening.diary.on_event(Tick(1.0), State(mode=POINTING, preferences=Preferences(diary=wanted)))
        evening.say(f"wanted {wanted}")
        evening.diary.write()
    assert evening.read() == {"2026-03-01": ["wanted True"]}


def test_deleting_it_is_deleting_the_folder(evening):
    evening.say("one")
    evening.diary.write()
    evening.say("two")
    shutil.rmtree(str(evening.folder))
    evening.diary.write()
    assert not evening.folder.exists()
    evening.say("three")
    evening.diary.write()
    assert evening.read() == {"2026-03-01": ["three"]}


def test_a_full_disk_is_logged_once_and_the_lines_wait_until_there_is_room(evening, caplog):
    evening.say("before")
    evening.diary.write()
    with little_room(100):
        for number in range(3):
            evening.say(f"{number}" * 100)
            evening.diary.write()
            evening.diary.write()
            assert evening.read() == {"2026-03-01": ["before"]}, "and no half line"
    assert len(caplog.records) == 1
    assert "cannot be written" in caplog.text
    evening.now += 4.0
    evening.say("again")
    evening.diary.write()
    evening.diary.write()
    assert evening.read() == {"2026-03-01": ["before", *(f"{number}" * 100 for number in range(3))],
                              "2026-03-02": ["again"]}
    with little_room(10):
        evening.say("x" * 200)
        evening.diary.write()
    assert len(caplog.records) == 2, "it is another time"


def test_a_line_that_a_power_cut_has_torn_off_costs_no_other(evening):
    evening.say("before")
    evening.diary.write()
    path = evening.folder / "2026-03-01.jsonl"
    path.write_bytes(path.read_bytes() + b'{"at": 1772409598, "text": "M\xc3')
    assert [line["text"] for line in read_days(evening.folder)[0]["lines"]] == ["before"]
    evening.say("after")
    evening.diary.write()
    assert [line["text"] for line in read_days(evening.folder)[0]["lines"]] == ["before", "after"]


def test_a_folder_that_cannot_be_made_is_logged(evening, caplog):
    evening.folder.parent.parent.joinpath("state").write_text("a file")
    evening.say("one")
    evening.diary.write()
    assert "cannot be written" in caplog.text


def test_what_a_hung_disk_keeps_waiting_is_limited(evening):
    for number in range(MOST_WAITING + 5):
        evening.say(str(number))
    evening.diary.write()
    assert len(evening.read()["2026-03-01"]) == MOST_WAITING


def test_the_thread_writes_by_itself_and_once_more_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(diaries, "WRITE_SECONDS", 0.01)
    with Diary(tmp_path / "diary") as diary:
        diary.on_heard(0.0, "one", "named")
        wait_until(lambda: list(tmp_path.glob("diary/*.jsonl")))
        monkeypatch.setattr(diaries, "WRITE_SECONDS", 1000.0)
        time.sleep(0.05)
        diary.on_heard(0.0, "two", "named")
    texts = "".join(path.read_text() for path in tmp_path.glob("diary/*.jsonl"))
    assert "one" in texts
    assert "two" in texts


# The log

def log_to(journal, *texts):
    logger = logging.getLogger("test_journal")
    logger.addHandler(journal)
    try:
        for text in texts:
            logger.warning("%s", text)
    finally:
        logger.removeHandler(journal)


def test_records_are_numbered_and_read_on_from_any_number():
    journal = Journal()
    log_to(journal, "one", "two", "x" * 5000)
    one, two, long = journal.read()
    assert (one["number"], one["level"], one["text"]) == (1, "warning", "one")
    assert one["at"] == pytest.approx(time.time(), abs=60)
    assert len(long["text"]) == LONGEST_TEXT
    assert journal.read(after=1) == [two, long]
    assert journal.read(after=3) == []


def test_the_last_ones_are_kept_and_read_a_hundred_at_a_time():
    journal, found, after = Journal(), [], 0
    log_to(journal, *range(KEPT_RECORDS + 50))
    while True:
        part = journal.read(after)
        if not part:
            break
        assert len(part) <= MOST_AT_ONCE
        found += part
        after = part[-1]["number"]
    assert [record["number"] for record in found] == list(range(51, KEPT_RECORDS + 51))


def test_a_record_that_cannot_be_formatted_ends_nobody(monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)
    journal = Journal()
    journal.handle(logging.LogRecord("x", logging.WARNING, "x", 1, "%d", ("seven",), None))
    assert journal.read() == []


def test_it_is_read_while_others_write():
    journal, record = Journal(), logging.LogRecord("x", logging.WARNING, "x", 1, "line", (), None)
    threads = [threading.Thread(target=lambda: [journal.handle(record) for _ in range(200)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        journal.read()
    assert journal.read(599)[-1]["number"] == 600
