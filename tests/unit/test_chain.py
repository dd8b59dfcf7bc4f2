"""The evaluation of the chain: what counts as what, and that the figures add up."""

from __future__ import annotations

from pathlib import Path

import pytest

from fingerpost.commands.chain import Result, Row, judge, read_rows, show, summarise
from fingerpost.core.errors import DataError
from fingerpost.core.types import Frame, Utterance
from fingerpost.settings import Settings
from tests.parts import BLANK, ScriptedEyes


@pytest.mark.parametrize(("phrase", "thing", "name", "outcome"), [
    ("named", "Kiwi", "Kiwi", "right"),
    ("maybe", "Kiwi", "Kiwi", "hedged_right"),
    ("named", "Lime", "Kiwi", "wrong"),
    ("maybe", "Lime", "Kiwi", "wrong"),
    ("named", "Lime", "", "wrong"),
    ("unsure", "", "Kiwi", "silent"),
    ("unsure", "", "", "silent"),
    ("turn_left", "", "Kiwi", "silent"),
    ("hand_covers_right", "", "", "silent"),
])
def test_what_is_said_is_judged_against_the_table(phrase, thing, name, outcome):
    assert judge(Utterance(phrase), thing, name) == outcome


def test_no_word_at_all_is_silence():
    assert judge(None, "", "Kiwi") == "silent"


def test_a_held_picture_is_answered():
    utterance, tip = show(ScriptedEyes((300.0, 200.0)), Frame(0, 0.0, BLANK), Settings())
    assert (utterance.phrase, dict(utterance.slots)["thing"], tip.x) == ("named", "Kiwi", 300.0)
    assert show(ScriptedEyes(None), Frame(0, 0.0, BLANK), Settings()) == (None, None)


def test_the_outcomes_add_up():
    row = Row(Path("a.jpg"), 0.0, 0.0, "Kiwi")
    results = [Result(row, outcome, "", 4.0, 0.1) for outcome in ("right", "right", "wrong", "silent")]
    figures = summarise(results)
    assert figures["n"] == 4 == sum(figures[key] for key in ("right", "hedged_right", "wrong", "silent"))
    assert figures["fingertip_median_px"] == 4.0


def test_a_broken_table_names_the_line(tmp_path):
    table = tmp_path / "chain.csv"
    table.write_text("image,x,y,name\na.jpg,1,2,Kiwi\nb.jpg,one,2,\n")
    with pytest.raises(DataError, match="chain.csv:3"):
        read_rows(table)
    table.write_text("image,x,y,name\n")
    with pytest.raises(DataError, match="data compose"):
        read_rows(table)
