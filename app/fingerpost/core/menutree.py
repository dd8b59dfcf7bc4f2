"""What stands where in the menu: groups of items, rings of values, and lists. The words: deciding/menu/words.py."""

from __future__ import annotations

from typing import Dict, Tuple

TOP = "top"
GROUPS: Dict[str, Tuple[str, ...]] = {
    TOP: ("things", "speaking", "language", "lesson", "reset", "companion", "stick"),
    "things": ("change", "known", "way", "share"),
    "change": ("forget", "rename", "undo"),
    "speaking": ("volume", "words_per_minute", "verbosity"),
    "companion": ("close", "code"),
    "stick": ("backup", "restore", "update"),
}
"""The items of each group, in the order of their ring: from the first it is one step back to the last. A group is an
item of the one that it stands in."""
RINGS: Dict[str, str] = {"volume": "", "words_per_minute": "", "verbosity": "tick", "language": "voice"}
"""The items that open a ring of values, and the switch that the ring ends with, if any."""
LISTS = ("forget", "rename", "name")
"""Spoken lists: taught things to forget or to rename, and names that a thing may be given."""


def find_path(item: str) -> Tuple[str, ...]:
    """The groups that lead to the item, the outermost first; none for an item of the top."""
    if item in GROUPS[TOP]:
        return ()
    group = next(group for group, items in GROUPS.items() if item in items)
    return find_path(group) + (group,)
