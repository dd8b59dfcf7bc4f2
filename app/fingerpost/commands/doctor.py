"""`fingerpost doctor`: is this machine ready, and what is to be done if not?"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, List, Sequence, Tuple

from ..doctor.finding import FAIL, OK, WARN, Finding
from ..doctor.machine import Machine
from ..doctor.rounds import go_round, plan_checks
from ..settings import Settings
from ..upkeep.preferences import load_preferred

if TYPE_CHECKING:  # libraries that may be broken are not loaded before they were checked
    from ..core.ports import Clock
    from ..core.speech import Mouth

Named = Tuple[str, Finding]
ALL_WELL = "doctor_well"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost doctor`."""
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--speak", action="store_true", help="also say what is wrong")
    parser.add_argument("--settings", type=Path, help="a settings file")


def main(args: argparse.Namespace) -> int:
    """Run the command; 0 only when nothing fails."""
    settings = load_preferred(args.settings)
    found: List[Named] = []
    for name, finding in go_round(plan_checks(Machine(), settings)):
        found.append((name, finding))
        if not args.json:
            print(format_finding(name, finding), flush=True)
    if args.json:
        print(json.dumps(summarise(found)))
    if args.speak:
        speak(found, settings)
    return 1 if any(finding.state == FAIL for _, finding in found) else 0


def format_finding(name: str, finding: Finding) -> str:
    """One line for a person, and below it what to do, where something is to be done."""
    line = f"{finding.state:>8}  {name:<12} {finding.text}"
    return line if not finding.remedy else f"{line}\n{'':23}> {finding.remedy}"


def summarise(found: Sequence[Named]) -> dict:
    """The findings for a program."""
    checks = [{"name": name, **finding._asdict()} for name, finding in found]
    return {"ok": all(finding.state != FAIL for _, finding in found), "checks": checks}


def choose_phrases(found: Sequence[Named]) -> List[str]:
    """The phrases that tell what is wrong, what is worst first; one alone when all is well."""
    wrong = [f"doctor_{name}" for state in (FAIL, WARN) for name, finding in found if finding.state == state]
    return wrong or [ALL_WELL]


def speak(found: Sequence[Named], settings: Settings) -> None:
    """Say what is wrong in the wearer's language. Without libraries there is no voice."""
    if dict(found).get("libraries", Finding(OK, "")).state == FAIL:
        return
    from ..core.speech import Mouth
    from ..devices.clocks import RealClock
    from ..sounding import load_earcons, open_phrases, open_speaker
    from ..wiring import open_voice

    with ExitStack() as stack:
        clock = RealClock()
        speaker = open_speaker(settings, stack)
        voice = stack.enter_context(open_voice(settings))
        say_all(choose_phrases(found), Mouth(speaker, voice, open_phrases(settings), load_earcons(), clock), clock)


def say_all(phrases: Sequence[str], mouth: Mouth, clock: Clock) -> None:
    """Say one phrase after the other, and return when all was said, or cannot be."""
    from ..core.speech import finish
    from ..core.types import Utterance

    for phrase in phrases:
        mouth.say(Utterance(phrase))
        if not finish(mouth, clock):
            return
