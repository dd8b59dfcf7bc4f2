"""What every runtime for networks does."""

from __future__ import annotations

import subprocess
import sys

import numpy
import pytest

from fingerpost.core.errors import ModelError
from fingerpost.inference.engines import Engines, Source
from fingerpost.inference.fallback import FallbackBackend
from fingerpost.inference.onnx import OnnxBackend
from fingerpost.inference.tensorrt import SharedWorker, TensorRTBackend
from fingerpost.packed import CodedWeight, Packed, write_packed
from tests.fakes import tensorrt_desk

onnx = pytest.importorskip("onnx", reason="the package onnx, which makes the tiny networks, is not installed")
FLOAT = onnx.TensorProto.FLOAT
OPENED = (2, 3, 5, 6)
"""What open dimensions are compiled for."""


def write_network(path, shape=(1, 3, 4, 6), inputs=1, kind=FLOAT):
    """A network that gives the sum of its input's channels, and the input itself doubled."""
    helper = onnx.helper
    names = [f"image{index}" for index in range(inputs)]
    axes = helper.make_tensor("axes", onnx.TensorProto.INT64, [1], [1])
    graph = helper.make_graph(
        [helper.make_node("ReduceSum", [names[0], "axes"], ["sum"]),
         helper.make_node("Add", [names[0], names[-1]], ["double"])],
        "tiny", [helper.make_tensor_value_info(name, kind, shape) for name in names],
        [helper.make_tensor_value_info("sum", kind, None), helper.make_tensor_value_info("double", kind, None)],
        [axes])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


def from_packed(path, threads):
    """The backend for the same network in a packed file."""
    packed = path.with_suffix(".fpk")
    if path.exists():
        write_packed(packed, Packed("tiny", None, {}, path.read_bytes()), [])
    return OnnxBackend(packed, threads)


def falling_back(path, threads):
    """The backend behind one that cannot be opened."""
    missing = OnnxBackend(path.with_name("missing.onnx"), threads)
    return FallbackBackend(missing, OnnxBackend(path, threads), lambda reason: None)


@pytest.fixture(scope="module")
def workers():
    """The process that runs TensorRT, for each generation that was asked for."""
    started = {}
    yield started
    for shared in started.values():
        shared.close()


@pytest.fixture(params=[OnnxBackend, from_packed, falling_back, *tensorrt_desk.GENERATIONS])
def over(request, monkeypatch, tmp_path, workers):
    """Makes the backend for a file, with that many threads; for a generation of TensorRT, over its fake."""
    if request.param not in tensorrt_desk.GENERATIONS:
        return request.param
    tensorrt_desk.set_up(monkeypatch, request.param, tmp_path / "fault")
    shared = workers.setdefault(request.param, SharedWorker(sys.executable))
    return lambda path, threads: TensorRTBackend(Source("tiny", path, OPENED), shared, Engines(tmp_path))


@pytest.fixture
def make(over, tmp_path):
    """Makes the backend for a tiny network."""
    return lambda threads=1, **options: over(write_network(tmp_path / "tiny.onnx", **options), threads)


def image(*shape, dtype=numpy.float32):
    return numpy.arange(numpy.prod(shape)).reshape(shape).astype(dtype)


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_gives_the_outputs_in_order(make, threads):
    given = image(1, 3, 4, 6)
    with make(threads) as backend:
        total, double = backend.run(given)
    numpy.testing.assert_allclose(total, given.sum(axis=1, keepdims=True))
    numpy.testing.assert_allclose(double, 2 * given)


def test_takes_arrays_that_are_views(make):
    given = image(1, 4, 6, 3).transpose(0, 3, 1, 2)
    with make() as backend:
        numpy.testing.assert_allclose(backend.run(given)[1], 2 * given)


def test_wrong_shape_names_both(make):
    with make() as backend, pytest.raises(ModelError, match="takes 1x3x4x6, not 1x3x6x4") as raised:
        backend.run(image(1, 3, 6, 4))
    assert "\n" not in str(raised.value)


def test_wrong_type_is_an_error(make):
    with make() as backend, pytest.raises(ModelError, match="float32, not uint8"):
        backend.run(image(1, 3, 4, 6, dtype=numpy.uint8))


def test_open_dimensions_take_any_size_or_that_which_was_compiled_for(make):
    given = image(*OPENED)
    with make(shape=("batch", 3, None, 6)) as backend:
        numpy.testing.assert_allclose(backend.run(given)[0], given.sum(axis=1, keepdims=True))
        with pytest.raises(ModelError, match=r"takes (batchx3x\?x6|2x3x5x6), not 2x4x5x6"):
            backend.run(image(2, 4, 5, 6))


def test_runs_only_while_open(make):
    backend = make()
    with pytest.raises(ModelError, match="not open"):
        backend.run(image(1, 3, 4, 6))
    for _ in range(2):
        with backend:
            backend.run(image(1, 3, 4, 6))
    backend.close()
    with pytest.raises(ModelError, match="not open"):
        backend.run(image(1, 3, 4, 6))


@pytest.mark.parametrize("options", [{"inputs": 2}, {"kind": onnx.TensorProto.DOUBLE}])
def test_other_inputs_are_refused(make, options):
    with pytest.raises(ModelError, match="does not take one float32 array"):
        make(**options).open()


@pytest.mark.parametrize("content", [b"", b"not a network", None])
def test_damaged_files_are_refused(tmp_path, over, content):
    path = write_network(tmp_path / "tiny.onnx")
    path.write_bytes(path.read_bytes()[:-40] if content is None else content)
    with pytest.raises(ModelError, match="damaged") as raised:
        over(path, 1).open()
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_refused(tmp_path, over):
    with pytest.raises(ModelError, match="there is no model at"):
        over(tmp_path / "none.onnx", 1).open()


def test_an_array_that_was_given_stays_when_another_is_run(make):
    with make() as backend:
        first = backend.run(image(1, 3, 4, 6))
        second = backend.run(numpy.zeros((1, 3, 4, 6), numpy.float32))
    assert first[1].any()
    assert not second[1].any()


def test_without_the_runtime_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match="pip install onnxruntime"):
        OnnxBackend(write_network(tmp_path / "tiny.onnx"), 1).open()


def test_importing_the_backend_loads_no_runtime():
    code = "import sys, fingerpost.inference.onnx, fingerpost.inference.tensorrt\n" \
           "sys.exit(bool({'onnxruntime', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_weights_in_bytes_are_unpacked_to_what_they_stand_for(tmp_path):
    helper = onnx.helper
    packed = [onnx.numpy_helper.from_array(numpy.array(values), name)
              for name, values in (("bytes", numpy.int8([[4, -8]])), ("scale", numpy.float32(0.5)))]
    nodes = [helper.make_node("DequantizeLinear", ["bytes", "scale"], ["weights"]),
             helper.make_node("Mul", ["image0", "weights"], ["scaled"])]
    with OnnxBackend(write_graph(tmp_path / "packed.onnx", nodes, packed, "scaled"), 1) as backend:
        numpy.testing.assert_allclose(backend.run(image(1, 2))[0], [[0, -4]])


def test_a_network_that_computes_in_bytes_goes_on_doing_so(tmp_path):
    helper = onnx.helper
    scales = [onnx.numpy_helper.from_array(numpy.array(values), name)
              for name, values in (("scale", numpy.float32(2.0)), ("zero", numpy.uint8(0)))]
    nodes = [helper.make_node("QuantizeLinear", ["image0", "scale", "zero"], ["bytes"]),
             helper.make_node("DequantizeLinear", ["bytes", "scale", "zero"], ["rounded"]),
             helper.make_node("Add", ["rounded", "rounded"], ["twice"])]
    with OnnxBackend(write_graph(tmp_path / "bytes.onnx", nodes, scales, "twice"), 1) as backend:
        numpy.testing.assert_allclose(backend.run(numpy.float32([[3.1, 600.0]]))[0], [[8, 1020]])


def test_a_packed_network_computes_what_it_stands_for(tmp_path):
    weight = CodedWeight((2, 2), numpy.uint8([1, 0]), numpy.float32([[0.5, -1], [3, 0]]), numpy.float32([1, 0.25]))
    path = write_graph(tmp_path / "plain.onnx", [onnx.helper.make_node("MatMul", ["image0", "weight"], ["product"])],
                       [onnx.numpy_helper.from_array(weight.decode(), "weight")], "product")
    write_packed(tmp_path / "packed.fpk", Packed("tiny", None, {}, path.read_bytes()), [weight])
    with OnnxBackend(path, 1) as plain, OnnxBackend(tmp_path / "packed.fpk", 1) as packed:
        numpy.testing.assert_array_equal(packed.run(numpy.float32([[1, 2]]))[0], [[3.25, -0.5]])
        numpy.testing.assert_array_equal(packed.run(image(1, 2))[0], plain.run(image(1, 2))[0])


@pytest.mark.parametrize("spoil", [lambda data: data[:-40], lambda data: data[:60] + b"X" + data[61:]])
def test_damaged_packed_files_are_refused(tmp_path, spoil):
    from_packed(write_network(tmp_path / "tiny.onnx"), 1)
    path = tmp_path / "tiny.fpk"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ModelError, match=r"tiny\.fpk is damaged .*: fetch or install it again") as raised:
        OnnxBackend(path, 1).open()
    assert "\n" not in str(raised.value)


def write_graph(path, nodes, constants, output):
    """A network of these nodes, from image0 (1, 2) to one output."""
    helper = onnx.helper
    graph = helper.make_graph(nodes, "tiny", [helper.make_tensor_value_info("image0", FLOAT, (1, 2))],
                              [helper.make_tensor_value_info(output, FLOAT, (1, 2))], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path
