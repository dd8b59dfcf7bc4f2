"""Settings: what a person may write, and the one line for what they may not."""

from __future__ import annotations

import pytest

from fingerpost.core.errors import SettingsError
from fingerpost.settings import Settings, load_settings


def write(tmp_path, text):
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold():
    assert load_settings(None) == Settings()


def test_what_is_written_is_read_and_the_rest_stays(tmp_path):
    settings = load_settings(write(tmp_path, '[speech]\nlanguage = "de"\nvolume = 1\n[teaching]\nnames = ["cup"]\n'
                                             "[decision]\ndwell_seconds = 0.8\n"))
    assert settings.speech.language == "de"
    assert settings.speech.volume == 1.0
    assert settings.teaching.names == ("cup",)
    assert settings.decision.dwell_seconds == 0.8
    assert settings.camera == Settings().camera


@pytest.mark.parametrize(("text", "parts"), [
    ("[speach]\n", (":1:", "speach", "speech")),
    ("[speech]\n\nlanguag = 'de'\n", (":3:", "languag", "language")),
    ("[speech]\nvolume = 'loud'\n", (":2:", "volume", "a number")),
    ("[camera]\nwidth = true\n", (":2:", "width", "a whole number")),
    ("[recognition]\nrecogniser = 'nose'\n", (":2:", "recogniser", "crop, detector")),
    ("[buttons]\nsource = 'nose'\n", (":2:", "source", "auto, gpio, keyboard")),
    ("[teaching]\nnaming = 'song'\n", (":2:", "naming", "voice, list, next")),
    ("[decision]\naccepted_wrong = 0\n", (":2:", "accepted_wrong", "above 0 and at most 0.1")),
    ("[teaching]\nretrain_idle_minutes = -1\n", (":2:", "retrain_idle_minutes", "0 or more")),
    ("[decision]\naccepted_wrong = 0.3\n", (":2:", "accepted_wrong", "above 0 and at most 0.1")),
    ("[speech]\nwords_per_minute = 451\n", (":2:", "words_per_minute", "above 0 and at most 450")),
    ("[companion]\nport = 0\n", (":2:", "port", "above 0 and at most 65535")),
    ("[companion]\nnetwork_port = 65536\n", (":2:", "network_port", "above 0 and at most 65535")),
    ("[companion]\nserve = 1\n", (":2:", "serve", "true or false")),
    ("[camera\n", ("line 1", "mend")),
])
def test_a_mistake_gets_one_line_with_its_place_and_remedy(tmp_path, text, parts):
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tmp_path, text))
    message = str(caught.value)
    assert "\n" not in message
    assert all(part in message for part in parts), message


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="none.toml"):
        load_settings(tmp_path / "none.toml")
