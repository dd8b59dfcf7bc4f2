"""What the last changes replaced, so that `undo` can put it back. Every function runs inside a transaction."""

from __future__ import annotations

from typing import Optional

from .schema import Query

KEPT_CHANGES = 20
"""How many changes can be undone; what was forgotten before them is erased."""
DROP = "drop"
"""The kind of change that takes one sample from its object."""


def begin_change(write: Query, kind: str, what: str) -> int:
    """Note that something is about to change, in words that `undo` will repeat; returns the change's number."""
    write("INSERT INTO changes (kind, what) VALUES (?, ?)", kind, what)
    change = last_row(write)
    write("DELETE FROM changes WHERE id NOT IN (SELECT id FROM changes ORDER BY id DESC LIMIT ?)", KEPT_CHANGES)
    write("DELETE FROM objects WHERE forgotten AND id NOT IN (SELECT object FROM history)")
    _drop_labels(write)
    return change


def remember(write: Query, change: int, key: int) -> None:
    """Note what an object is like before the change touches it."""
    write("INSERT INTO history (change, object, name, named_by, label, forgotten) "
          "SELECT ?, id, name, named_by, label, forgotten FROM objects WHERE id = ?", change, key)


def remember_absence(write: Query, change: int, key: int) -> None:
    """Note that an object is new in this change."""
    write("INSERT INTO history (change, object) VALUES (?, ?)", change, key)


def set_aside(write: Query, change: int, key: int, sample_id: int) -> None:
    """Take a sample from its object. Until this change can be undone no more, a forgotten object of its own holds it.
    """
    remember(write, change, key)
    write("INSERT INTO objects (name, named_by, forgotten) SELECT name, named_by, 1 FROM objects WHERE id = ?", key)
    holder = last_row(write)
    remember_absence(write, change, holder)
    write("UPDATE samples SET object = ? WHERE id = ?", holder, sample_id)


def undo_change(write: Query) -> Optional[str]:
    """Put everything back as it was before the newest change; says which one, None when there is none."""
    newest = write("SELECT id, kind, what FROM changes ORDER BY id DESC LIMIT 1")
    if not newest:
        return None
    change, kind, what = newest[0]
    if kind == "learn":
        write("UPDATE samples SET object = NULL, learned = NULL WHERE learned = ?", change)
    elif kind == DROP:
        _take_back(write, change)
    write("DELETE FROM samples WHERE learned = ?", change)
    _restore_objects(write, change)
    write("DELETE FROM changes WHERE id = ?", change)
    _drop_labels(write)
    return f"{kind} {what}"


def _take_back(write: Query, change: int) -> None:
    """Give the sample that was set aside back to its object."""
    write("UPDATE samples SET object = (SELECT object FROM history WHERE change = ? AND name IS NOT NULL) "
          "WHERE object = (SELECT object FROM history WHERE change = ? AND name IS NULL)", change, change)


def _restore_objects(write: Query, change: int) -> None:
    rows = write("SELECT object, name, named_by, label, forgotten FROM history WHERE change = ?", change)
    for key, name, *rest in rows:
        if name is None:
            write("DELETE FROM objects WHERE id = ?", key)
        else:
            write("UPDATE objects SET name = ?, named_by = ?, label = ?, forgotten = ? WHERE id = ?", name, *rest, key)


def _drop_labels(write: Query) -> None:
    """Erase the recordings that nothing can come back to."""
    write("DELETE FROM labels WHERE id NOT IN (SELECT label FROM objects WHERE label IS NOT NULL "
          "UNION SELECT label FROM history WHERE label IS NOT NULL)")


def last_row(write: Query) -> int:
    """The id of the row that was inserted last."""
    return int(write("SELECT last_insert_rowid()")[0][0])
