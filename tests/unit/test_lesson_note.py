"""How far the wearer is in the first lesson, as it is put down in the state folder."""

from __future__ import annotations

import json
import threading

import pytest

from fingerpost.core.events import Tick
from fingerpost.core.state import State
from fingerpost.core.steps import Lesson, Progress
from fingerpost.upkeep.lessonnote import LESSON, LessonNote
from fingerpost.upkeep.notes import write_note
from fingerpost.upkeep.preferences import PREFERENCES


def hand_in(note, lesson):
    """The loop tells of it, and the thread that looks after it has its turn."""
    note.on_event(Tick(1.0), State(lesson=lesson))
    note.step(1.0)


def test_a_device_that_nobody_has_used_begins_with_the_lesson(tmp_path):
    assert LessonNote(tmp_path, taught=False).lesson == Lesson("language")


def test_one_that_was_used_before_there_was_a_lesson_does_not(tmp_path):
    assert LessonNote(tmp_path, taught=True).lesson == Lesson()
    (tmp_path / PREFERENCES).write_text("{}")
    assert LessonNote(tmp_path, taught=False).lesson == Lesson()


@pytest.mark.parametrize("lesson", [
    Lesson("aim"), Lesson("hand", left=True), Lesson("find", thing="taught:3"), Lesson()])
def test_a_restart_finds_the_step_again(tmp_path, lesson):
    hand_in(LessonNote(tmp_path, taught=False), lesson)
    assert LessonNote(tmp_path, taught=True).lesson == lesson


def test_what_came_last_is_put_down_at_the_end(tmp_path):
    note = LessonNote(tmp_path, taught=False)
    note.on_event(Tick(1.0), State(lesson=Lesson("volume")))
    note.close()
    assert json.loads((tmp_path / LESSON).read_text()) == {"step": "volume", "left": False, "thing": ""}


def test_a_slow_card_does_not_put_down_last_what_came_before(tmp_path, monkeypatch):
    """The device ends while the thread that looks after the lesson still writes."""
    note = LessonNote(tmp_path, taught=False)
    closing = threading.Thread(target=note.close)

    def write_slowly(path, record, without_it):
        if threading.current_thread() is not closing:
            note.on_event(Tick(2.0), State(lesson=Lesson("volume")))
            closing.start()
            closing.join(0.2)  # it waits
        write_note(path, record, without_it)

    monkeypatch.setattr("fingerpost.upkeep.lessonnote.write_note", write_slowly)
    hand_in(note, Lesson("aim"))
    closing.join()
    assert LessonNote(tmp_path, taught=False).lesson == Lesson("volume")


def test_a_lesson_that_is_over_is_never_due_again(tmp_path):
    note = LessonNote(tmp_path, taught=False)
    hand_in(note, Lesson("language"))
    hand_in(note, Lesson())
    assert LessonNote(tmp_path, taught=False).lesson == Lesson()


def test_what_happens_within_a_step_is_not_written(tmp_path):
    note = LessonNote(tmp_path, taught=False)
    hand_in(note, Lesson("aim"))
    written = (tmp_path / LESSON).stat().st_mtime_ns
    hand_in(note, Lesson("aim", progress=Progress(prompts=2)))
    assert (tmp_path / LESSON).stat().st_mtime_ns == written


@pytest.mark.parametrize("text", ["", "[]", '{"step": "flying"}', '{"left": true}', '{"step": 3}'])
def test_a_note_that_makes_no_sense_is_none(tmp_path, text):
    (tmp_path / LESSON).write_text(text)
    assert LessonNote(tmp_path, taught=False).lesson == Lesson("language")
    assert LessonNote(tmp_path, taught=True).lesson == Lesson()


def test_on_a_desk_it_waits_in_the_menu_or_is_not_due_at_all(tmp_path):
    note = LessonNote(tmp_path, taught=False, wanted=False)
    assert note.lesson == Lesson()
    note.close()
    assert not (tmp_path / LESSON).exists()
    hand_in(note, Lesson("aim"))
    assert LessonNote(tmp_path, taught=False, wanted=False).lesson == Lesson("aim", left=True)
