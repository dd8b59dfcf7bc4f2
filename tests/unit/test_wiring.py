"""The wiring: settings reach the parts that they are for."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest

from fingerpost import wiring
from fingerpost.devices.cameras import LiveCamera
from fingerpost.home import asset_home
from fingerpost.installed import InstalledModels
from fingerpost.memory.objects import TaughtObject
from fingerpost.sayings import sayable_texts
from fingerpost.settings import CameraSettings, Settings
from tests.parts import TonguelessVoice, english


def test_the_camera_is_asked_for_the_size_in_the_settings(monkeypatch):
    asked = []
    monkeypatch.setattr(wiring, "Webcam", lambda *details: asked.append(details))
    settings = replace(Settings(), camera=CameraSettings("1", 800, 600))
    assert isinstance(wiring.open_camera(settings), LiveCamera)
    assert asked == [(1, 800, 600)]


def test_without_a_microphone_names_are_chosen_from_a_list_and_that_is_said(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))
    with ExitStack() as stack:
        assert wiring.open_microphone(Settings(), stack) is None
    assert "apt install alsa-utils" in caplog.text
    assert "chosen from a list" in caplog.text


def test_a_microphone_is_opened_only_where_names_are_spoken(monkeypatch):
    monkeypatch.setattr(wiring, "AlsaMicrophone", None)
    settings = replace(Settings(), teaching=replace(Settings().teaching, naming="list"))
    assert wiring.open_microphone(settings, ExitStack()) is None


def test_a_spoilt_model_of_more_names_is_done_without(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    shipped = json.loads((asset_home() / "models" / "manifest.json").read_text())["models"]
    file, entry = tmp_path / "wide.onnx", shipped[1]
    file.write_bytes(b"a model")
    installed = InstalledModels().install(file, {**entry, "name": wiring.WIDER})
    installed.path.write_bytes(b"a spoilt model")
    with ExitStack() as stack:
        assert wiring.open_recogniser(stack, Settings()).names
    assert "imagenet" in caplog.text


def test_built_in_and_taught_names_are_rendered_ahead():
    recogniser = SimpleNamespace(names=("Kiwi",), wider_names=("tench",))
    texts = sayable_texts(english(), recogniser, [TaughtObject("Lime", "lime", 4)])
    assert {"kiwi", "Maybe kiwi.", "Learned lime.", "Ready.", "Turn your head left."} <= set(texts)
    assert [text for text in texts if "tench" in text] == ["tench", "Maybe tench."]


@pytest.mark.parametrize("live", [False, True])
def test_names_are_rendered_at_once_in_a_replay_and_in_a_thread_on_the_device(live):
    threads, done, voice = [], threading.Event(), TonguelessVoice()

    def render(texts):
        threads.append(threading.current_thread())
        done.set()

    voice.render = render
    with ExitStack() as stack:
        wiring.open_rendering(stack, voice, live)(["tea"])
        assert done.wait(10 if live else 0)
    assert (threads[0] is not threading.current_thread()) == live
    assert threads[0].is_alive() != live, "the thread ends with the device"
