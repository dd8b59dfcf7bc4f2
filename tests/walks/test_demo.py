"""The demos as a person takes them: words as expected, sound where the transcript says, pictures with the overlay."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from contextlib import redirect_stdout
from itertools import islice

import cv2
import numpy as np
import pytest

from fingerpost.cli import main
from fingerpost.commands import demo
from fingerpost.devices.clips import decode_wav
from fingerpost.home import asset_home
from fingerpost.tomlfile import read_toml

WALKS = asset_home() / "assets" / "walks"
LINE = re.compile(r"\s*([\d.]+) s   device   (.+)")


@pytest.fixture(scope="module", params=demo.WALKS)
def walk(request):
    """The folder of a bundled walk."""
    return WALKS / request.param


@pytest.fixture(scope="module")
def played(tmp_path_factory, walk):
    """A demo, once: the folder it wrote and the lines of its transcript as (seconds, text)."""
    folder = tmp_path_factory.mktemp("demo")
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert main(["demo", "--walk", walk.name, "--out", str(folder)]) == 0
    matches = [LINE.match(line) for line in printed.getvalue().splitlines()]
    return folder, [(float(match.group(1)), match.group(2)) for match in matches if match]


def test_the_words_are_the_expected_ones(played, walk):
    expected = (walk / "expected.txt").read_text(encoding="utf-8").splitlines()
    assert [text for _, text in played[1] if not text.startswith("[")] == expected


def test_nothing_is_compiled_for_it_on_a_board_with_tensorrt(monkeypatch, tmp_path):
    runtimes = []
    monkeypatch.setattr(demo, "replay", lambda recording, settings, *parts, **files: runtimes.append(
        settings.recognition.runtime))
    main(["demo", "--out", str(tmp_path)])
    main(["demo", "--out", str(tmp_path), "--runtime", "auto"])
    assert runtimes == ["onnx", "auto"]


def test_sound_begins_within_0_3_s_of_each_line_and_nowhere_else(played):
    folder, heard = played
    onsets, level, rate = sound_of(folder / "narration.wav")
    for at, text in heard:
        window = level[int(at * rate):int((at + 0.3) * rate)]
        assert window.max() > 0.01, f"nothing is heard at {at} s, where the transcript says {text!r}"
    for onset in onsets:
        assert min(abs(onset - at) for at, _ in heard) < 0.3, f"a sound at {onset:.2f} s that no line explains"


def sound_of(path):
    """When sound begins after at least 0.6 s of silence (a pause inside a phrase is shorter), the level (full scale 1)
    of every hundredth of a second or so, and how many of these make a second."""
    clip = decode_wav(path.read_bytes())
    step = clip.rate // 100
    frames = clip.samples[:len(clip.samples) // step * step].reshape(-1, step) / 32768.0
    level = np.abs(frames).max(axis=1)
    rate, onsets, last = clip.rate / step, [], -1000
    for index in np.flatnonzero(level > 0.003):
        if index - last > 60:
            onsets.append(index / rate)
        last = index
    return onsets, np.concatenate([level, np.zeros(100)]), rate


def test_the_narration_does_not_clip(played):
    clip = decode_wav((played[0] / "narration.wav").read_bytes())
    assert np.abs(clip.samples.astype(int)).max() < 32767


def test_the_overlay_shows_what_the_device_saw(played, walk):
    overlay = cv2.VideoCapture(str(played[0] / "overlay.mp4"))
    seen = demo.open_walk(walk, read_toml(walk / "walk.toml"))
    count = sum(1 for _ in seen)
    assert int(overlay.get(cv2.CAP_PROP_FRAME_COUNT)) == count
    overlay.set(cv2.CAP_PROP_POS_FRAMES, count // 2)
    picture = cv2.cvtColor(next(islice(seen, count // 2, None)).pixels, cv2.COLOR_RGB2BGR)
    assert np.abs(overlay.read()[1].astype(int) - picture).max() > 60


def test_the_commands_never_load_torch():
    script = ("import sys; from fingerpost.cli import main; code = main(['replay', sys.argv[1], '--json']); "
              "assert not {'torch', 'onnx', 'numba'} & set(sys.modules); sys.exit(code)")
    command = [sys.executable, "-c", script, str(WALKS / "teaching" / "walk.mp4")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    says = [line for line in lines if line["action"] == "say"]
    assert says[0] == {"at": 0.0, "action": "say", "text": "Ready.", "key": "ready"}
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
