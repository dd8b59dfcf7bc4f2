"""What a check has found."""

from __future__ import annotations

from typing import NamedTuple

OK, WARN, FAIL, ABSENT = "ok", "warn", "fail", "not here"
"""It is as it should be; it goes, but not well; the device cannot do its work; this machine has no such thing."""


class Finding(NamedTuple):
    """The state of one thing, one of those above, in a few words, and what to do about it."""

    state: str
    text: str
    remedy: str = ""


def fail_for(error: Exception) -> Finding:
    """The failure that an error of the tree tells of: what happened, a colon, and what to do about it.

    A colon within parentheses belongs to the reason that stands there, one before a bracket to a setting.
    """
    message, depth, split = " ".join(str(error).split()), 0, -1
    for place, letter in enumerate(message):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and message.startswith(": ", place) and not message.startswith(": [", place):
            split = place
    return Finding(FAIL, message) if split < 0 else Finding(FAIL, message[:split], message[split + 2:])
