"""Days before a shelf of things side by side: the finger moves from one to the next, and the names follow it."""

from __future__ import annotations

import pytest

from fingerpost.vision import aim
from tests.shelf import SHELF, Shelf, draw_shelf

AWAY = draw_shelf()
UNKNOWN = (20, 20, 120)
"""A colour that the detector does not know."""
ASK_MORE = [(4.0, "action", "short"), (5.5, "action", "short")]


def point(*tips, places=SHELF, seconds=2.0, start=1.0):
    """A script in which the finger rests at one place after the other."""
    return {round(start + seconds * number, 1): draw_shelf(places, tip) for number, tip in enumerate(tips)}


def test_the_names_follow_the_finger_along_the_shelf(tmp_path):
    words = Shelf(tmp_path).spend(9.0, point((55, 190), (150, 190), (250, 190), (150, 190)))
    assert words == ["Ready.", "Maybe tea.", "Maybe soap.", "Maybe salt.", "Maybe soap."]


@pytest.mark.parametrize(("steady", "names"), [(aim.STEADY, 1), (1.0, 2)])
def test_where_one_thing_stands_half_before_another_the_name_does_not_flicker(tmp_path, monkeypatch, steady, names):
    monkeypatch.setattr(aim, "STEADY", steady)
    places = (("tea", 10, 20, 150, 90), ("soap", 104, 95, 190, 150))
    swaying = point(*[(96, 185), (112, 185)] * 8, places=places, seconds=1.2)
    assert len(set(Shelf(tmp_path).spend(20.0, swaying)[1:])) == names


def test_right_between_two_things_it_is_not_sure_and_says_which(tmp_path):
    places = (("tea", 10, 60, 100, 150), ("soap", 110, 60, 200, 150))
    words = Shelf(tmp_path).spend(7.0, point((105, 190), places=places), ASK_MORE)
    assert words[1:3] == ["Not sure.", "Not sure."]
    assert words[3] in ("I cannot decide between tea and soap.", "I cannot decide between soap and tea.")


@pytest.mark.parametrize(("x", "more"), [(110, "It could also be tea."), (150, "Nothing else comes close.")])
def test_asked_for_more_it_tells_of_the_thing_beside(tmp_path, x, more):
    assert Shelf(tmp_path).spend(7.0, point((x, 190)), ASK_MORE)[1:] == ["Maybe soap.", "Maybe soap.", more]


@pytest.mark.parametrize(("x", "words"), [(185, "Maybe soap."), (198, "Not sure."), (216, "Nothing there.")])
def test_what_the_finger_misses_is_named_the_less_the_further_it_is_off(tmp_path, x, words):
    assert Shelf(tmp_path).spend(4.0, point((x, 200), places=SHELF[1:2]))[1:] == [words]


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
    shelf = Shelf(tmp_path)
    assert shelf.spend(5.0, point((85, 200), (175, 200), places=nested))[1:] == ["Maybe tea.", "Maybe label."]
    moved, named = 3.0, shelf.heard[-1][0]
    assert named - moved < 1.2


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


def test_what_was_taught_is_known_on_a_large_thing_that_the_detector_finds_and_beside_it_is_not(tmp_path):
    def draw_table(tip):
        picture = draw_shelf((("tea", 0, 30, 320, 160),), tip)
        picture[70:150, 120:200] = UNKNOWN
        return picture

    presses = [(0.5, "mode", "short"), *[(2.0 + 0.5 * number, "action", "short") for number in range(4)],
               (4.0, "action", "long"), (5.0, "mode", "short")]
    words = Shelf(tmp_path).spend(9.0, {1.0: draw_table((160, 190)), 7.0: draw_table((40, 190))}, presses)
    assert words[-4:] == ["Learned tea.", "Pointing.", "tea", "Maybe tea."]


@pytest.mark.parametrize(("known", "words"), [(True, []), (False, ["Too far. Come closer and press again."])])
def test_a_small_thing_is_near_enough_to_be_taught_where_it_is_boxed(tmp_path, known, words):
    picture = draw_shelf((("soap", 150, 120, 170, 140),), tip=(160, 170))
    if not known:
        picture[120:140, 150:170] = UNKNOWN
    shelf = Shelf(tmp_path)
    assert shelf.spend(4.0, {1.2: picture}, [(1.0, "mode", "short"), (2.5, "action", "short")])[2:] == words
    assert ("[recorded]" in [text for _, text in shelf.heard]) == known


def test_the_way_to_look_is_changed_in_the_menu_while_it_runs(tmp_path):
    to_the_way = [(2.2, "action", "long"), (2.4, "action", "short"), (2.6, "action", "short")]
    presses = [(2.0, "both", "long"), *to_the_way, (3.2, "action", "long"), (6.0, "action", "long"),
               (9.0, "action", "long"), (12.0, "mode", "short"), (12.6, "mode", "short")]
    words = Shelf(tmp_path, way="crop").spend(16.0, point((150, 190)), presses)
    assert words[1] == "Not sure."
    assert words[-7:] == ["How I look: at what is past the finger.", "I look at whole things.",
                          "I look at what is past the finger.", "I look at whole things.", "Your things: 0.",
                          "Pointing.", "Maybe soap."]


def test_without_a_detector_the_menu_says_so_and_nothing_changes(tmp_path):
    presses = [(0.5, "both", "long"), (1.0, "action", "long"), (1.2, "action", "short"), (1.4, "action", "short"),
               (2.5, "action", "long"), (5.0, "mode", "short"), (5.6, "mode", "short")]
    words = Shelf(tmp_path, way="crop", installed=False).spend(9.0, point((150, 190)), presses)
    assert words[-4:] == ["I know only one way to look at things.", "Your things: 0.", "Pointing.", "Not sure."]


def test_who_wants_it_from_the_start_and_has_none_is_told_once_and_looks_past_the_finger(tmp_path, caplog):
    told = "I cannot look at whole things now. I look at what is past the finger."
    words = Shelf(tmp_path, installed=False).spend(9.0, {4.0: draw_shelf(tip=(150, 190))})
    assert words == ["Ready.", told, "Not sure."]
    (line,) = caplog.messages
    assert "fetch one" in line
