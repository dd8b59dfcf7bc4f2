"""What is said before there is a voice, and after: a clip in every language that has phrases."""

from __future__ import annotations

import pytest

from fingerpost.announcements import ANNOUNCED, STARTING, announcement_home, load_announcement, write_announcements
from fingerpost.core.errors import SoundError, VoiceError
from fingerpost.devices.clips import RATE
from fingerpost.devices.voices import SPEECH_RMS, speech_rms
from fingerpost.home import asset_home

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
