"""The wiring: settings reach the parts that they are for."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest

from fingerpost import networks, runtimes, wiring
from fingerpost.core.actions import ChangeWay
from fingerpost.core.errors import ModelError
from fingerpost.core.steps import STEPS
from fingerpost.core.types import Utterance
from fingerpost.devices import sources
from fingerpost.devices.cameras import LiveCamera
from fingerpost.home import asset_home, list_languages
from fingerpost.installed import InstalledModels
from fingerpost.memory.objects import TaughtObject
from fingerpost.sayings import sayable_texts
from fingerpost.settings import CameraSettings, Settings, SpeechSettings
from fingerpost.sounding import read_phrases
from fingerpost.vision.detect import Detector
from fingerpost.vision.eyes import WAY_MISSING
from tests.desk import ColourRecogniser, DotFinder
from tests.parts import TonguelessVoice, english
from tests.shelf import INFO, ColourNet


def test_the_camera_is_asked_for_the_size_in_the_settings(monkeypatch):
    asked = []
    monkeypatch.setattr(sources, "Webcam", lambda *details: asked.append(details))
    settings = replace(Settings(), camera=CameraSettings("1", width=800, height=600))
    assert isinstance(wiring.open_camera(settings), LiveCamera)
    assert asked == [("/dev/video1", 800, 600)]


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
    installed = InstalledModels().install(file, {**entry, "name": networks.WIDER})
    installed.path.write_bytes(b"a spoilt model")
    with ExitStack() as stack:
        assert networks.open_recogniser(stack, Settings()).names
    assert "imagenet" in caplog.text


@pytest.fixture
def wake(monkeypatch, tmp_path):
    """Starts the eyes of a device that keeps its state in a folder, with a detector or without."""
    def wake(recogniser="crop", installed=True):
        def open_detector(stack, settings):
            if not installed:
                raise ModelError("there is no detector: fetch one")
            return Detector(ColourNet(), INFO)

        monkeypatch.setattr(wiring, "open_finder", lambda stack, settings: DotFinder())
        monkeypatch.setattr(wiring, "open_detector", open_detector)
        settings = replace(Settings(), recognition=replace(Settings().recognition, recogniser=recogniser))
        return wiring.wake_eyes(ExitStack(), settings, ColourRecogniser(), None, tmp_path / "way.json")
    return wake


def find_way(eyes):
    """The way that the eyes look in, by what a change leads to."""
    return {"crop": "detector", "detector": "crop"}[eyes.do(ChangeWay(), 0.0).way]


@pytest.mark.parametrize("way", ["crop", "detector"])
def test_the_way_to_look_is_that_of_the_settings_until_another_is_chosen_which_is_kept(wake, way):
    other = wake(way).do(ChangeWay(), 0.0).way
    assert other != way
    assert find_way(wake(way)) == other
    assert find_way(wake(other)) == way, "it was changed once more just now"


def test_a_note_that_cannot_be_read_is_done_without(wake, tmp_path):
    (tmp_path / "way.json").write_text('["crop"')
    assert find_way(wake("detector")) == "detector"
    (tmp_path / "way.json").write_text('["crop"]')
    assert find_way(wake("detector")) == "detector"


def test_who_wants_a_detector_and_has_none_is_told_and_the_wish_stays(wake, caplog):
    wake("crop").do(ChangeWay(), 0.0)
    eyes = wake("crop", installed=False)
    assert eyes.news == WAY_MISSING
    assert len(caplog.messages) == 1
    assert "fetch one" in caplog.text
    assert eyes.do(ChangeWay(), 0.0).way == ""
    again = wake("crop")
    assert (again.news, find_way(again)) == ("", "detector")


def test_whoever_waits_for_another_way_to_look_hears_that_its_network_is_loaded_or_compiled(wake, monkeypatch):
    monkeypatch.setattr(runtimes, "find_tensorrt", lambda: None)
    eyes, told, loaded = wake(), [], wiring.open_detector

    def compile_first(stack, settings):
        runtimes.ONNX_BUILDS.tell("compiling")
        return loaded(stack, settings)

    monkeypatch.setattr(wiring, "open_detector", compile_first)
    eyes.preparing = told.append
    eyes.do(ChangeWay(), 0.0)
    assert told == [False, True]
    for _ in range(2):
        eyes.do(ChangeWay(), 0.0)
    runtimes.ONNX_BUILDS.tell("what nobody waits for")
    assert told == [False, True], "it is there by now"


def test_what_measures_the_device_does_not_go_on_without_a_detector(monkeypatch):
    def open_detector(stack, settings):
        raise ModelError("there is no detector: fetch one")

    monkeypatch.setattr(wiring, "open_finder", lambda stack, settings: DotFinder())
    monkeypatch.setattr(wiring, "open_detector", open_detector)
    settings = replace(Settings(), recognition=replace(Settings().recognition, recogniser="detector"))
    with pytest.raises(ModelError, match="fetch one"):
        wiring.open_eyes(ExitStack(), settings, ColourRecogniser(), None)


def test_built_in_and_taught_names_are_rendered_ahead():
    recogniser = SimpleNamespace(names=("Kiwi",), wider_names=("tench",))
    texts = sayable_texts(english(), recogniser, [TaughtObject("Lime", "lime", 4)])
    assert {"kiwi", "Maybe kiwi.", "Learned lime.", "Ready.", "Turn your head left."} <= set(texts)
    assert [text for text in texts if "tench" in text] == ["tench", "Maybe tench."]


def test_the_voice_of_the_settings_is_the_one_that_speaks(monkeypatch, tmp_path):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    low, high = (wiring.open_voice(Settings(speech=SpeechSettings(timbre=timbre))) for timbre in ("low", "high"))
    assert low.style != high.style
    low.set_style("en", 170, "high")
    assert low.style == high.style


@pytest.mark.parametrize("language", list_languages())
def test_what_a_first_start_says_is_rendered_before_all_else(language):
    book = read_phrases(language)
    texts = sayable_texts(book, SimpleNamespace(names=("Kiwi",), wider_names=()), ())
    last = max(texts.index(book.text(Utterance("lesson_" + step))) for step in STEPS if step != "buttons")
    assert last < texts.index(book.text(Utterance("turn_left"))) < texts.index(book.name("Kiwi"))


def test_what_is_said_at_press_after_press_is_rendered_ahead():
    texts = sayable_texts(english(), SimpleNamespace(names=(), wider_names=()), ())
    assert {f"Volume {number}." for number in range(11)} <= set(texts)
    assert {"Looks so far: 3. Turn it a little, and press action again."} <= set(texts)


@pytest.mark.parametrize("live", [False, True])
def test_names_are_rendered_at_once_in_a_replay_and_in_a_thread_on_the_device(live):
    threads, done, voice = [], threading.Event(), TonguelessVoice()

    def render(texts):
        threads.append(threading.current_thread())
        done.set()

    voice.render = render
    with ExitStack() as stack:
        render, _ = wiring.open_rendering(stack, voice, live)
        render(["tea"])
        assert done.wait(10 if live else 0)
    assert (threads[0] is not threading.current_thread()) == live
    assert threads[0].is_alive() != live, "the thread ends with the device"
