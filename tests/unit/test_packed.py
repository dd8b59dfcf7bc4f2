"""Packed models: what comes out is what went in, to the last bit, and they are as small as they should be."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fingerpost import packed as packed_module
from fingerpost.cli import main
from fingerpost.core.errors import ModelError
from fingerpost.packed import CodedWeight, Packed, is_packed, read_onnx, read_packed, write_packed
from tests.generations import ENTRY, open_models
from tests.packs import GRAPH, build_content, make_weight, write_pack

WORDS = some.text(max_size=12)


@some.composite
def weights(draw):
    """A weight of one to four axes, in blocks of 1, 4 or 9."""
    block = draw(some.sampled_from([1, 4, 9]))
    shape = draw(some.lists(some.integers(1, 5), max_size=3))
    shape.insert(draw(some.integers(0, len(shape))), block * draw(some.integers(1, 3)))
    return make_weight(shape, block, draw(some.sampled_from([1, 2, 16, 256])), draw(some.sampled_from([0.0, 0.6, 1.0])),
                       draw(some.booleans()), draw(some.booleans()), draw(some.integers(0, 99)))


@settings(deadline=None, max_examples=150)
@given(some.lists(weights(), max_size=4), some.binary(max_size=40), WORDS, some.none() | some.lists(WORDS, max_size=3),
       some.dictionaries(WORDS, some.none() | some.integers(-2**60, 2**60) | WORDS, max_size=3))
def test_a_packed_network_comes_back_to_the_last_bit(coded, between, name, labels, metadata):
    labels = None if labels is None else tuple(labels)
    wanted = Packed(name, labels, metadata, b"onnx" + build_content(coded, between))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.fpk"
        write_packed(path, wanted, coded)
        assert is_packed(path)
        assert read_packed(path) == wanted
        assert read_onnx(path) == wanted.content


@pytest.mark.parametrize(("shape", "block"), [((6,), 1), ((4, 9), 4), ((4, 9), 9), ((8, 3, 3), 4), ((4, 3, 3, 3), 9)])
def test_a_weight_is_its_centres_times_the_scale_of_its_channel(shape, block):
    codes = np.arange(math.prod(shape) // block, dtype=np.uint8) % 3
    codebook = np.arange(3 * block, dtype=np.float32).reshape(3, block)
    scales = np.arange(1, shape[0] + 1, dtype=np.float32)
    wanted = np.concatenate([codebook[code] for code in codes]).reshape(shape)
    decoded = CodedWeight(shape, codes, codebook).decode()
    assert decoded.dtype == np.float32
    np.testing.assert_array_equal(decoded, wanted)
    for channel, values in enumerate(CodedWeight(shape, codes, codebook, scales).decode()):
        np.testing.assert_array_equal(values, wanted[channel] * (channel + 1))


def test_more_weights_than_are_decoded_at_once_come_out_alike(monkeypatch):
    weight = make_weight((10, 10))
    whole = weight.decode()
    monkeypatch.setattr(packed_module, "_DECODED_AT_ONCE", 7)
    np.testing.assert_array_equal(weight.decode(), whole)


def entropy_bytes(weight):
    """What the best code for each block by itself would take (Shannon)."""
    shares = np.bincount(weight.codes) / len(weight.codes)
    shares = shares[shares > 0]
    return -(shares * np.log2(shares)).sum() * len(weight.codes) / 8


@pytest.mark.parametrize(("centres", "zeros", "share"),
                         [(16, 0.0, 1.02), (16, 0.4, 1.03), (8, 0.6, 1.04), (8, 0.9, 1.06), (2, 0.8, 1.06)])
def test_the_file_is_close_to_the_entropy_of_its_codes(tmp_path, centres, zeros, share):
    weight = make_weight((400, 500), centres=centres, zeros=zeros)
    write_pack(tmp_path / "net.fpk", [weight], b"")
    assert (tmp_path / "net.fpk").stat().st_size < share * entropy_bytes(weight) + 600


def test_a_codebook_is_stored_in_half_precision_only_where_that_loses_nothing(tmp_path):
    sizes = []
    for half in (True, False):
        wanted = write_pack(tmp_path / "net.fpk", [make_weight((16, 16), 4, 64, half=half)])
        assert read_onnx(tmp_path / "net.fpk") == wanted.content
        sizes.append((tmp_path / "net.fpk").stat().st_size)
    assert sizes[1] - sizes[0] > 200


def test_centres_that_no_half_can_hold_come_back(tmp_path):
    weight = CodedWeight((2,), np.uint8([0, 1]), np.float32([[1e30], [-1e-30]]))
    assert read_onnx_of(tmp_path, weight) == build_content([weight])


def read_onnx_of(folder, *coded):
    write_pack(folder / "net.fpk", coded)
    return read_onnx(folder / "net.fpk")


def test_equal_weights_are_each_found_in_their_place(tmp_path):
    weight = make_weight((8, 8))
    assert read_onnx_of(tmp_path, weight, weight) == build_content([weight, weight])


def test_a_weight_that_the_network_does_not_hold_is_refused(tmp_path):
    first, second = make_weight((8, 8), seed=1), make_weight((8, 9), seed=2)
    network = Packed("things", None, {}, build_content([first, second]))
    for others in ([make_weight((8, 8), seed=3)], [second, first]):
        with pytest.raises(ModelError, match=r"shape \(8, \d\).*in the order of the file"):
            write_packed(tmp_path / "net.fpk", network, others)
    assert not list(tmp_path.iterdir())


def test_a_network_that_could_not_be_read_back_is_not_packed(tmp_path, monkeypatch):
    with pytest.raises(ModelError, match="too large"):
        write_pack(tmp_path / "net.fpk", [], story="x" * 300000)
    monkeypatch.setattr(packed_module, "MOST_BYTES", 100)
    with pytest.raises(ModelError, match="too large"):
        write_pack(tmp_path / "net.fpk", [])
    assert not list(tmp_path.iterdir())


def test_the_last_bytes_are_the_checksum_of_those_before(tmp_path):
    write_pack(tmp_path / "net.fpk", [make_weight((8, 8))])
    data = (tmp_path / "net.fpk").read_bytes()
    assert data[-32:] == hashlib.sha256(data[:-32]).digest()


def test_a_later_format_asks_for_an_update(tmp_path, monkeypatch):
    monkeypatch.setattr(packed_module, "FORMAT", 2)
    write_pack(tmp_path / "net.fpk", [])
    monkeypatch.undo()
    with pytest.raises(ModelError, match="not known here: update Fingerpost"):
        read_packed(tmp_path / "net.fpk")


def test_what_is_not_packed_is_given_as_it_is(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(GRAPH)
    assert not is_packed(path)
    assert read_onnx(path) == GRAPH
    with pytest.raises(ModelError, match="net.onnx is damaged .*: fetch or install it again"):
        read_packed(path)
    with pytest.raises(ModelError, match=r"none\.onnx cannot be read \(No such file"):
        read_onnx(tmp_path / "none.onnx")


def test_a_training_starts_from_the_weights_in_a_packed_file(tmp_path):
    onnx = pytest.importorskip("onnx", reason="the package onnx, which learning needs, is not installed")
    from fingerpost.learning.shipped import read_weights

    weight = make_weight((4, 3, 3, 3), zeros=0.6, scaled=True)
    tensor = onnx.numpy_helper.from_array(weight.decode(), "body.conv1.weight")
    content = onnx.helper.make_model(onnx.helper.make_graph([], "tiny", [], [], [tensor])).SerializeToString()
    write_packed(tmp_path / "net.fpk", Packed("tiny", None, {}, content), [weight])
    np.testing.assert_array_equal(read_weights(tmp_path / "net.fpk")["body.conv1.weight"], weight.decode())


def test_the_store_keeps_packed_models_beside_plain_ones(tmp_path, monkeypatch):
    models = open_models(tmp_path, monkeypatch)
    wanted = []
    for seed in range(3):
        wanted.append(write_pack(tmp_path / "new.fpk", [make_weight((8, 8), seed=seed)]).content)
        assert models.install(tmp_path / "new.fpk", ENTRY).path.suffix == ".fpk"
    assert len(list(models._folder.glob("*.fpk"))) == 2  # the oldest has gone
    assert [problem for _, problem in models.verify()] == [None] * 3
    assert read_onnx(models.load("objects").path) == wanted[2]
    assert read_onnx(models.rollback("objects").path) == wanted[1]
    assert models.rollback("objects").path.name == "objects.onnx"


def test_unpacking_writes_the_live_model_as_plain_onnx(tmp_path, monkeypatch, capsys):
    models = open_models(tmp_path, monkeypatch)
    out = tmp_path / "out" / "objects.onnx"
    assert main(["models", "unpack", "objects", "--out", str(out)]) == 0
    assert out.read_bytes() == b"shipped"
    packed = write_pack(tmp_path / "new.fpk", [make_weight((8, 8))])
    models.install(tmp_path / "new.fpk", ENTRY)
    assert main(["models", "unpack", "objects", "--out", str(out)]) == 0
    assert out.read_bytes() == packed.content
    assert main(["models", "unpack", "objects", "--out", str(out / "below-a-file")]) == 1
    assert "below-a-file cannot be written" in capsys.readouterr().err
    for spoilt, reason in ((tmp_path, "is a folder"), (models.load("objects").path, "is the model itself")):
        assert main(["models", "unpack", "objects", "--out", str(spoilt)]) == 1
        assert f"{reason}: give a new file" in capsys.readouterr().err


def test_a_packed_file_that_ships_is_loaded_like_any_other(tmp_path, monkeypatch):
    models = open_models(tmp_path, monkeypatch)
    folder = tmp_path / "home" / "models"
    packed = write_pack(folder / "objects.fpk", [make_weight((8, 8))])
    data = (folder / "objects.fpk").read_bytes()
    entry = {**ENTRY, "file": "objects.fpk", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({"models": [entry]}))
    models = type(models)()
    assert read_onnx(models.load("objects").path) == packed.content
