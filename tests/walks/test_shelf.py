"""Days before a shelf of things side by side: the finger moves from one to the next, and the names follow it."""

from __future__ import annotations

import pytest

from fingerpost.core.errors import ModelError
from fingerpost.vision import aim
from tests.shelf import SHELF, Shelf, draw_shelf

AWAY = draw_shelf()


def point(*tips, places=SHELF, seconds=2.0, start=1.0):
    """A script in which the finger rests at one place after the other."""
    return {round(start + seconds * number, 1): draw_shelf(places, tip) for number, tip in enumerate(tips)}


def test_the_names_follow_the_finger_along_the_shelf(tmp_path):
    words = Shelf(tmp_path).spend(9.0, point((55, 190), (150, 190), (250, 190), (150, 190)))
    assert words == ["Ready.", "Maybe tea.", "Maybe soap.", "Maybe salt.", "Maybe soap."]


@pytest.mark.parametrize(("steady", "names"), [(aim.STEADY, 1), (1.0, 2)])
def test_between_two_things_the_name_does_not_flicker(tmp_path, monkeypatch, steady, names):
    monkeypatch.setattr(aim, "STEADY", steady)
    swaying = point(*[(100, 165), (104, 185)] * 8, seconds=1.2)
    assert len(set(Shelf(tmp_path).spend(20.0, swaying)[1:])) == names


def test_where_there_is_no_thing_that_is_said_and_explained(tmp_path):
    presses = [(3.0, "action", "short"), (4.5, "action", "short")]
    words = Shelf(tmp_path).spend(7.0, point((250, 60)), presses)
    assert words == ["Ready.", "Nothing there.", "Nothing there.", "None of the things I know lies where you point."]


def test_an_empty_shelf_is_not_called_not_sure(tmp_path):
    assert Shelf(tmp_path).spend(4.0, point((150, 190), places=()))[1:] == ["Nothing there."]


def test_a_label_is_named_where_the_finger_points_at_it_and_the_thing_it_is_on_elsewhere(tmp_path):
    nested = (("tea", 60, 40, 240, 180), ("label", 140, 80, 210, 150))
    words = Shelf(tmp_path).spend(5.0, point((175, 200), (85, 200), places=nested))
    assert words[1:] == ["Maybe label.", "Maybe tea."]


def test_a_low_score_is_not_sure_and_none_is_ever_named_plainly(tmp_path):
    shelf = Shelf(tmp_path)
    shelf.net.score = 0.45
    assert shelf.spend(4.0, point((150, 190)))[1:] == ["Not sure."]
    certain = Shelf(tmp_path)
    certain.net.score = 0.999
    assert certain.spend(4.0, point((150, 190)))[1:] == ["Maybe soap."]


def test_what_was_taught_in_its_box_wins_over_the_detectors_name(tmp_path):
    presses = [(0.5, "mode", "short"), *[(2.0 + 0.5 * number, "action", "short") for number in range(4)],
               (4.0, "action", "long"), (5.0, "mode", "short")]
    words = Shelf(tmp_path).spend(9.0, {1.0: draw_shelf(tip=(150, 190)), 7.0: draw_shelf(tip=(250, 190))}, presses)
    assert words[-4:] == ["Learned tea.", "Pointing.", "tea", "Maybe salt."]


def test_the_way_to_look_is_changed_in_the_menu_while_it_runs(tmp_path):
    to_the_way = [(at, "action", "short") for at in (2.2, 2.4, 2.6, 2.8)]
    presses = [(2.0, "both", "long"), *to_the_way, (3.2, "action", "long"), (6.0, "action", "long"),
               (9.0, "action", "long"), (12.0, "mode", "short")]
    words = Shelf(tmp_path, way="crop").spend(16.0, point((150, 190)), presses)
    assert words[1] == "Not sure."
    assert words[7:] == ["Change how I look at things.", "I look at whole things.",
                         "I look at what is past the finger.", "I look at whole things.", "Pointing.", "Maybe soap."]


def test_without_a_detector_the_menu_says_so_and_nothing_changes(tmp_path):
    presses = [(0.5, "both", "long"), *[(1.0 + 0.2 * number, "action", "short") for number in range(4)],
               (2.5, "action", "long"), (5.0, "mode", "short")]
    words = Shelf(tmp_path, way="crop", installed=False).spend(9.0, point((150, 190)), presses)
    assert words[-3:] == ["I know only one way to look at things.", "Pointing.", "Not sure."]


def test_who_wants_it_from_the_start_and_has_none_is_told(tmp_path):
    with pytest.raises(ModelError, match="no detector"):
        Shelf(tmp_path, installed=False).spend(1.0, {})
