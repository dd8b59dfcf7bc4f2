"""The ranges of activations: measured on pictures, kept, found again, and refused for another network."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from fingerpost.core.errors import ModelError
from fingerpost.models import ModelStore
from fingerpost.ranges import Ranges, find_ranges, read_ranges, write_ranges

HALF = float(np.finfo(np.float16).max)


@pytest.fixture
def info():
    """A model that ships."""
    return ModelStore().load("detector")


@pytest.fixture
def kept(tmp_path, monkeypatch, info):
    """Ranges of that model, in a home of their own."""
    (tmp_path / "models").mkdir()
    monkeypatch.setenv("FINGERPOST_HOME", str(tmp_path))
    write_ranges(Ranges("detector", info.sha256, 3, {"input": (-1.0, 1.0)}), find_ranges("detector"))
    return find_ranges("detector")


def test_what_was_kept_is_found(kept, info):
    assert read_ranges(info) == Ranges("detector", info.sha256, 3, {"input": (-1.0, 1.0)})


def test_missing_ranges_say_how_to_measure_them(kept, info):
    kept.unlink()
    with pytest.raises(ModelError, match="missing: measure them with `fingerpost calibrate ranges detector"):
        read_ranges(info)


def test_another_networks_ranges_are_refused(kept, info):
    with pytest.raises(ModelError, match="another network"):
        read_ranges(dataclasses.replace(info, sha256="0" * 64))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"bounds": []}', '{"bounds": {"a": [1]}}', "\xff",
                                     '{"model": "detector", "sha256": "", "pictures": "x", "bounds": {}}'])
def test_a_broken_file_is_named(kept, info, content):
    kept.write_text(content, encoding="latin-1")
    with pytest.raises(ModelError, match="holds no ranges"):
        read_ranges(info)


def test_all_that_ships_has_its_ranges():
    for name in ("fingertip", "objects", "detector"):
        bounds = read_ranges(ModelStore().load(name)).bounds
        assert "input" in bounds
        # None is beyond what half floats hold, in which a GPU computes.
        assert all(-HALF <= low <= high <= HALF for low, high in bounds.values())


def test_they_are_measured_by_command(tmp_path, capsys, squares):
    pytest.importorskip("onnx")
    from fingerpost.cli import main

    out = tmp_path / "ranges.json"
    assert main(["calibrate", "ranges", "detector", "--pictures", str(squares), "--out", str(out)]) == 0
    bounds = json.loads(out.read_text())["bounds"]
    assert bounds["input"] == [-1.0, 1.0]  # black and white
    assert "on 2 pictures" in capsys.readouterr().out
    assert main(["calibrate", "ranges", "detector", "--pictures", str(tmp_path / "none"), "--out", str(out)]) == 1
    assert "none" in capsys.readouterr().err


def test_samples_have_the_shape_of_the_networks_input(squares):
    pytest.importorskip("onnx")
    from fingerpost.learning.calibration import Samples

    samples = Samples([squares], (1, 3, 4, 6), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert [array["input"].shape for array in iter(samples.get_next, None)] == 2 * [(1, 3, 4, 6)]


@pytest.fixture
def squares(tmp_path):
    """A folder of two pictures, one black, one white."""
    cv2 = pytest.importorskip("cv2")
    folder = tmp_path / "squares"
    folder.mkdir()
    for name, value in (("black", 0), ("white", 255)):
        assert cv2.imwrite(str(folder / f"{name}.png"), np.full((8, 8, 3), value, np.uint8))
    return folder
