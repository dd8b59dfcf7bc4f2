"""`fingerpost voices fill`: render what may be said, so that it need not be rendered in use."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from ..core.speech import BATCH_TEXTS
from ..devices.clipcache import ClipCache
from ..devices.onlinevoice import fill_online
from ..home import state_home
from ..memory.learner import Learner
from ..networks import open_recogniser
from ..progress import Progress
from ..sayings import sayable_texts
from ..sounding import open_phrases
from ..upkeep.preferences import load_preferred
from ..wiring import open_voice
from .objects import open_store


def add_arguments_fill(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost voices fill`."""
    parser.add_argument("--online", action="store_true",
                        help="fetch the clips from Google Translate's voice through gTTS (sends the texts there)")
    parser.add_argument("--settings", type=Path, help="a settings file")


def main_fill(args: argparse.Namespace) -> int:
    """Render all phrases, the built-in names, those of the wider network and the taught ones into the cache."""
    settings = load_preferred(args.settings)
    book = open_phrases(settings)
    with ExitStack() as stack:
        recogniser = open_recogniser(stack, settings)
        learner = Learner(stack.enter_context(open_store()), recogniser, ())
        book.taught_name = learner.spoken_name
        texts = sayable_texts(book, recogniser, learner.taught)
        if args.online:
            fill_online(Progress(texts, "fetching", len(texts)), settings.speech.language,
                        ClipCache(state_home() / "clips"))
        else:
            voice = stack.enter_context(open_voice(settings))
            batches = [texts[start:start + BATCH_TEXTS] for start in range(0, len(texts), BATCH_TEXTS)]
            for batch in Progress(batches, "rendering", len(batches)):
                voice.render(batch)
    print(f"{len(texts)} clips are ready in {state_home() / 'clips'}.")
    return 0
