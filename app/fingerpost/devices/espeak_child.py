"""Renders texts through pyttsx3 and espeak-ng, in a process of its own that lives for one batch.

espeak-ng holds global state, cannot be started twice in a process and ends the process on some errors: none
of that may happen to the device. Standard input holds one JSON object a line, {"text": ..., "path": ...};
each text becomes a WAV file at its path, which appears only when it is whole. On failure the exit code is
`FAILED` and the last line of standard error says why and what to do.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, List, Optional

from ..core.errors import VoiceError

SYSTEM_LIBRARIES = ("libespeak-ng.so.1", "libespeak.so.1")
IDLE_SECONDS = 20.0
"""How long espeak-ng may take to become idle after a text; it takes a few milliseconds."""
FAILED = 3
REMEDY = "run `sudo apt install espeak-ng`"


def main() -> None:
    """Render what standard input asks for."""
    parser = argparse.ArgumentParser(description="render texts to WAV files with espeak-ng")
    parser.add_argument("--voice", required=True, help="an espeak-ng voice, such as en or de+f3")
    parser.add_argument("--rate", type=int, required=True, help="words per minute")
    parser.add_argument("--pitch", type=int, required=True, help="0 to 99")
    options = parser.parse_args()
    orders = [json.loads(line) for line in sys.stdin]
    try:
        with tempfile.TemporaryDirectory(prefix="fingerpost-espeak-") as folder:
            library = load_espeak(Path(folder))
            narrator = Narrator(library, options.voice, options.rate, options.pitch)
            for order in orders:
                narrator.save(order["text"], Path(order["path"]))
    except VoiceError as error:
        print(error, file=sys.stderr)
        sys.exit(FAILED)


def load_espeak(folder: Path) -> ctypes.CDLL:
    """Load espeak-ng, the system's or else the one in the espeakng-loader wheel, for pyttsx3 to find.

    pyttsx3 asks for the library by its plain name, and is given the one already loaded under that name. The
    voices of the wheel are linked into `folder`: espeak-ng cuts paths longer than 160 characters. Raises
    VoiceError.
    """
    for name in SYSTEM_LIBRARIES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    try:
        import espeakng_loader
        library = ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)
        (folder / "espeak-ng-data").symlink_to(espeakng_loader.get_data_path())
    except (ImportError, OSError, RuntimeError) as error:
        raise VoiceError(f"there is no voice, espeak-ng is not installed ({error}): {REMEDY}") from error
    os.environ["ESPEAK_DATA_PATH"] = str(folder)
    return library


class Narrator:
    """pyttsx3's espeak engine, one file at a time.

    pyttsx3 keeps only the last of several files that are queued, and whatever it finds espeak-ng still doing when
    a run begins it cancels, be it the setting of the rate or the end of the text before. So each text has a run
    of its own, and espeak-ng (`library`) is waited for before the next.
    """

    def __init__(self, library: ctypes.CDLL, voice: str, rate_wpm: int, pitch: int) -> None:
        self._library = library
        self._errors: List[Exception] = []
        self._completed = False
        self._engine = self._start()
        self._engine.connect("error", lambda name, exception: self._errors.append(exception))
        self._engine.connect("finished-utterance", self._finish)
        self._engine.proxy.setBusy(False)  # or else the settings wait for the first text
        for name, value in (("voice", voice), ("rate", rate_wpm), ("pitch", pitch)):
            self._engine.setProperty(name, value)
        self._settle("its settings")

    def save(self, text: str, path: Path) -> None:
        """Render one text to a WAV file at `path`; raises VoiceError."""
        part = path.with_suffix(".part")
        self._completed = False
        self._engine.save_to_file(text, str(part))
        self._engine.runAndWait()
        self._settle(repr(text))
        if not self._completed or not part.exists():
            raise VoiceError(f"espeak-ng did not finish {text!r}: try again")
        part.replace(path)

    @staticmethod
    def _start() -> Any:
        try:
            import pyttsx3
        except ImportError as error:
            raise VoiceError("pyttsx3 is not installed: run `pip install pyttsx3`") from error
        try:
            return pyttsx3.init("espeak")
        except (RuntimeError, OSError) as error:
            raise VoiceError(f"espeak-ng does not start ({error}): {REMEDY}") from error

    def _finish(self, name: Optional[str], completed: bool) -> None:
        self._completed = completed

    def _settle(self, task: str) -> None:
        """Wait until espeak-ng is idle; raises VoiceError when it complains or never is."""
        deadline = time.monotonic() + IDLE_SECONDS
        while self._library.espeak_IsPlaying():
            if time.monotonic() > deadline:
                raise VoiceError(f"espeak-ng does not come to an end with {task}: try again")
            time.sleep(0.001)
        if self._errors:
            raise VoiceError(f"espeak-ng refuses {task} ({self._errors[0]}): "
                             "check language, rate and pitch in the settings")


if __name__ == "__main__":
    main()
