"""What can be said about an answer beyond it: the runner-up of a name, or why there is none."""

from __future__ import annotations

from ..state import Answer
from ..types import Guess, Utterance

RUNNER_UP = 0.02
"""A runner-up less likely than this is not worth a word."""
RESEMBLES = 0.2
"""Something that is less likely than this to be what it resembles most resembles nothing known."""
RIVALS = 0.5
"""Two names are rivals when the second is at least so many times as likely as the first."""
NOBODY = Guess("", 0.0)
NO_RUNNER_UP = Utterance("no_runner_up")


def explain(answer: Answer) -> Utterance:
    """The runner-up of a name, or the reason why there is none."""
    if answer.phrase == "nothing":
        return Utterance("why_nothing")
    best, second = (answer.guesses + (NOBODY, NOBODY))[:2]
    if answer.phrase != "unsure":
        rivalled = second.confidence >= RUNNER_UP
        return Utterance("runner_up", (("thing", second.object_id),)) if rivalled else NO_RUNNER_UP
    if best.confidence < RESEMBLES:
        return Utterance("why_unknown")
    if second.confidence >= RIVALS * best.confidence:
        return Utterance("why_between", (("thing", best.object_id), ("other", second.object_id)))
    return Utterance("why_resembles", (("thing", best.object_id),))
