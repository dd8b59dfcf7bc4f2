"""What is said before there is a voice, and after: a clip in every language that has phrases."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from types import SimpleNamespace

import pytest

from fingerpost import runtimes, wiring
from fingerpost.announcements import (
    ANNOUNCED,
    PREPARING,
    STARTING,
    announcement_home,
    load_announcement,
    write_announcements,
)
from fingerpost.commands.run import announce
from fingerpost.core.errors import ModelError, SoundError, VoiceError
from fingerpost.devices.clips import RATE
from fingerpost.devices.clocks import SimulatedClock
from fingerpost.devices.voices import SPEECH_RMS, speech_rms
from fingerpost.home import asset_home
from fingerpost.inference.tensorrt import SharedWorker
from fingerpost.life import Life, Start
from fingerpost.settings import Settings

LANGUAGES = sorted(path.stem for path in (asset_home() / "assets" / "phrases").glob("*.toml"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("phrase", ANNOUNCED)
def test_each_is_there_short_and_as_loud_as_speech(language, phrase):
    clip = load_announcement(language, phrase)
    assert clip.rate == RATE
    assert 0.5 < clip.seconds < 5.0
    assert speech_rms(clip.samples / 32768) == pytest.approx(SPEECH_RMS, rel=0.1)


def test_a_language_without_clips_is_an_error_with_its_remedy():
    with pytest.raises(SoundError, match="python -m fingerpost.announcements"):
        load_announcement("xx", STARTING)


def test_they_say_what_the_phrase_files_say(tmp_path):
    """Another release of espeak-ng speaks a little differently, so what is compared is how long it takes."""
    try:
        write_announcements(tmp_path)
    except VoiceError as error:
        pytest.skip(f"there is no voice here: {error}")
    for path in sorted(announcement_home().rglob("*.wav")):
        again = tmp_path / path.relative_to(announcement_home())
        assert again.stat().st_size == pytest.approx(path.stat().st_size, rel=0.15), path


def test_a_start_that_compiles_networks_says_so(monkeypatch):
    shared, played, heard = SharedWorker("python"), [], []

    def assemble(*parts, **options):
        shared.building.tell("compiling")
        raise ModelError("that is enough")

    monkeypatch.setattr(runtimes, "find_tensorrt", lambda: shared)
    monkeypatch.setattr(wiring, "open_microphone", lambda settings, stack: None)
    monkeypatch.setattr(wiring, "assemble", assemble)
    speaker = SimpleNamespace(play=played.append)
    observer = SimpleNamespace(on_heard=lambda at, text, phrase: heard.append((text, phrase)))
    settings, clock = Settings(), SimulatedClock()
    say_preparing = partial(announce, PREPARING, settings, speaker, clock, [observer])
    with ExitStack() as stack, pytest.raises(ModelError, match="enough"):
        Life(stack, Start(settings, clock, speaker, [observer], say_preparing=say_preparing))
    assert len(played) == 1
    assert heard == [("Preparing. This takes some minutes.", PREPARING)]
    shared.building.tell("compiling")
    assert len(played) == 1, "a build at night is not said"
