"""8-bit TFLite networks: read, and rebuilt as the teachers and as the body of a detector."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tflite")

from fingerpost.core.errors import ModelError  # noqa: E402
from fingerpost.learning import tflite  # noqa: E402
from fingerpost.learning.detection.ssd import build_detector  # noqa: E402
from fingerpost.learning.detection.starts import initialise  # noqa: E402
from fingerpost.learning.naming.teachers import load_teacher  # noqa: E402
from tests import tflite_files  # noqa: E402


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A file of width 0.25."""
    torch.set_num_threads(1)
    return tflite_files.write_mobilenet(tmp_path_factory.mktemp("net") / "small.tflite")


def test_the_layers_come_in_their_order_with_their_strides(small):
    network = tflite.read_network(small)
    assert [step.stride for step in network.steps].count(2) == 5
    assert [step.code for step in network.steps[:3]] == [tflite.CONV, tflite.DEPTHWISE, tflite.CONV]
    assert all(step.low == 0.0 and step.high == pytest.approx(6.0) for step in network.steps)
    kernel, bias = network.weights[network.steps[1].inputs[1]]
    assert kernel.shape == (8, 1, 3, 3)
    assert bias.shape == (8,)


def test_bytes_become_the_numbers_that_they_stand_for(tmp_path):
    writer = tflite_files.Writer()
    image = writer.add_tensor((1, 4, 4, 2), tflite_files.tflite.TensorType.UINT8, 0.5, 128)
    output = writer.add_convolution(image, 2, 3, 1, 1, False)
    pooled = writer.add_tensor((1, 1, 1, 3), tflite_files.tflite.TensorType.UINT8, 0.5, 0)
    writer.add_operator(tflite_files.tflite.BuiltinOperator.AVERAGE_POOL_2D, [output], pooled)
    (tmp_path / "net.tflite").write_bytes(writer.finish(image, pooled))
    network = tflite.read_network(tmp_path / "net.tflite")
    (kernel, bias), = network.weights.values()
    steps = kernel.numpy() / tflite_files.WEIGHT_SCALE
    np.testing.assert_allclose(steps, steps.round(), atol=1e-4)
    assert np.abs(kernel.numpy()).max() <= 1.0
    assert kernel.shape == (3, 2, 1, 1)
    assert network.source == image
    assert bias.dtype == torch.float32


@pytest.mark.parametrize("content", [b"", b"no network at all", b"1234TFL2"])
def test_foreign_files_are_one_clear_line(tmp_path, content):
    (tmp_path / "net.tflite").write_bytes(content)
    with pytest.raises(ModelError, match="no TFLite file"):
        tflite.read_network(tmp_path / "net.tflite")
    with pytest.raises(ModelError, match="give the path"):
        tflite.read_network(tmp_path / "none.tflite")


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.3, 0.6, 0.9])
def test_a_file_that_is_cut_short_is_one_clear_line(small, tmp_path, share):
    content = small.read_bytes()
    (tmp_path / "net.tflite").write_bytes(content[:8 + int(share * len(content))])
    with pytest.raises(ModelError, match="net.tflite is cut short.*fetch") as caught:
        tflite.read_network(tmp_path / "net.tflite")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kinds", [{"kernel": "FLOAT32"}, {"kernel": "INT8"}, {"output": "FLOAT32"},
                                   {"bias": "FLOAT32"}])
def test_a_network_of_other_numbers_is_one_clear_line(tmp_path, kinds):
    (tmp_path / "net.tflite").write_bytes(make_odd(**kinds))
    with pytest.raises(ModelError, match="net.tflite is no 8-bit network: give") as caught:
        tflite.read_network(tmp_path / "net.tflite")
    assert "\n" not in str(caught.value)


def make_odd(kernel="UINT8", bias="INT32", output="UINT8"):
    """A network with one convolution whose tensors hold numbers of those types."""
    writer, schema = tflite_files.Writer(), tflite_files.tflite

    def add(shape, kind):
        width = 1 if kind.endswith("8") else 4
        return writer.add_tensor(shape, getattr(schema.TensorType, kind), 0.5, 0, bytes(width * math.prod(shape)))

    image, result = add((1, 4, 4, 2), "UINT8"), add((1, 4, 4, 3), output)
    inputs = [image, add((3, 1, 1, 2), kernel), add((3,), bias)]
    schema.Conv2DOptionsStart(writer.builder)
    options = schema.Conv2DOptionsEnd(writer.builder)
    writer.add_operator(schema.BuiltinOperator.CONV_2D, inputs, result, schema.BuiltinOptions.Conv2DOptions, options)
    writer.add_operator(schema.BuiltinOperator.AVERAGE_POOL_2D, [result], image)
    return writer.finish(image, result)


def test_a_network_without_a_pool_is_one_clear_line(tmp_path):
    writer = tflite_files.Writer()
    image = writer.add_tensor((1, 4, 4, 2), tflite_files.tflite.TensorType.UINT8, 0.5, 128)
    output = writer.add_convolution(image, 2, 3, 1, 1, False)
    (tmp_path / "net.tflite").write_bytes(writer.finish(image, output))
    with pytest.raises(ModelError, match="no global average pool"):
        tflite.read_network(tmp_path / "net.tflite")


def compare_features(path, width, side):
    """The largest difference between the file's own features and those of a detector that starts from it."""
    detector = build_detector("ssd-mobilenet-v1", 2, width, 64)
    assert initialise(detector, str(path)) is True
    picture = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        theirs = load_teacher(path)(picture)
        ours = detector.eval().body(picture * 2 - 1)[1]
    assert theirs.std() > 0.01
    return float((ours - theirs).abs().max())


def test_a_detector_starts_with_the_features_of_the_file(small):
    assert compare_features(small, 0.25, 97) < 1e-3  # at 97 TensorFlow pads alike on all sides, as we do at any size


def test_the_wrong_width_or_net_is_one_clear_line(small):
    for detector in (build_detector("ssd-mobilenet-v1", 2, 0.5, 64), build_detector("ssdlite320", 2, side=64)):
        with pytest.raises(ModelError, match="--width"):
            initialise(detector, str(small))


def test_a_detector_starts_with_the_features_of_the_real_file():
    folder = Path(os.environ.get("FINGERPOST_TFLITE", "teachers"))
    path = folder / "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite"
    if not path.is_file():
        pytest.skip("set FINGERPOST_TFLITE to the folder with the teachers' .tflite files")
    assert compare_features(path, 1.0, 225) < 1e-2
