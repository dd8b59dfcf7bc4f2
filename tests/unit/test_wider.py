"""What the object network calls `other`, shared out by a wider one."""

from __future__ import annotations

import pytest

from fingerpost.vision.wider import share_wider

OWN = {"Granny-Smith": 0.3, "Kiwi": 0.1, "other": 0.6}


def test_only_what_is_other_is_shared_out():
    merged = share_wider(OWN, {"coffee mug": 0.75, "cup": 0.25})
    assert merged == pytest.approx({"Granny-Smith": 0.3, "Kiwi": 0.1, "coffee mug": 0.45, "cup": 0.15})


def test_a_name_that_both_know_is_one_name():
    merged = share_wider(OWN, {"Granny Smith": 0.5, "cup": 0.5})
    assert merged == pytest.approx({"Granny-Smith": 0.6, "Kiwi": 0.1, "cup": 0.3})


def test_what_is_known_well_leaves_the_wider_network_nothing_to_say():
    merged = share_wider({"Kiwi": 1.0, "other": 0.0}, {"cup": 1.0})
    assert max(merged, key=merged.get) == "Kiwi"
    assert merged["cup"] == 0.0


def test_probabilities_stay_probabilities():
    assert sum(share_wider(OWN, {"cup": 0.2, "bottle": 0.5, "kiwi": 0.3}).values()) == pytest.approx(1.0)
    assert share_wider({"Kiwi": 1.0}, {"cup": 1.0}) == {"Kiwi": 1.0, "cup": 0.0}
