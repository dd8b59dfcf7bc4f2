"""Engines: how networks are made ready for each generation of TensorRT, in which precision, what is kept."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fingerpost.core.errors import ModelError
from fingerpost.inference.engines import Source, choose_precision, find_source, make_key, prepare
from fingerpost.inference.onnx import OnnxBackend
from fingerpost.inference.process import INTERPRETER, SCRIPT, Platform, find_interpreter
from fingerpost.inference.protobuf import Message
from fingerpost.models import ModelStore
from fingerpost.packed import Packed, write_packed
from tests.fakes.tensorrt_desk import OLD_PYTHON, write_scaler

NANO = Platform("8.2.1.8", "NVIDIA Tegra X1", "5.3", ("fp16", "fp32"), False)
ORIN = Platform("10.0.1", "Orin", "8.7", ("int8", "fp16", "fp32"), False)
THOR = Platform("11.4.0", "NVIDIA Thor", "11.0", ("int8", "fp16", "fp32"), True)
OLD = Platform("8.2.1.8", "GeForce GTX 960", "5.2", ("fp32",), False)


@pytest.fixture(scope="module", params=[info.name for info in ModelStore().infos()])
def shipped(request):
    """A model that ships, an input for it, and what it gives."""
    info = ModelStore().load(request.param)
    array = np.random.default_rng(0).uniform(-1.0, 1.0, info.input).astype(np.float32)
    with OnnxBackend(info.path, 1) as backend:
        return find_source(info), array, backend.run(array)


def run(content, array):
    """What ONNX Runtime makes of a network in memory."""
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    name, kind = session.get_inputs()[0].name, session.get_inputs()[0].type
    kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
    return session.run(None, {name: array.astype(kinds[kind])})


def differ(outputs, wanted):
    """By how much of their greatest value the outputs differ at most."""
    return max(np.abs(one.astype(np.float32) - two).max() / np.abs(two).max() for one, two in zip(outputs, wanted))


@pytest.mark.parametrize("platform", [NANO, THOR])
def test_weights_in_bytes_become_floats_and_nothing_changes(shipped, platform):
    source, array, wanted = shipped
    content = prepare(source, platform, "fp32").dump()
    assert b"DequantizeLinear" not in content
    assert differ(run(content, array), wanted) < 1e-5


def test_all_becomes_half_where_types_come_from_the_file(shipped):
    source, array, wanted = shipped
    outputs = run(prepare(source, THOR, "fp16").dump(), array)
    assert all(output.dtype == np.float16 for output in outputs)
    assert differ(outputs, wanted) < 0.01


def test_bytes_are_said_in_the_file_where_types_come_from_it(shipped):
    source, array, wanted = shipped
    content = prepare(replace(source, bounds=source.bounds or measure(source, array)), THOR, "int8").dump()
    assert content.count(b"QuantizeLinear") >= 10
    assert differ(run(content, array), wanted) < 0.5


def test_floats_are_rounded_where_bytes_are_to_be_said(shipped, tmp_path):
    source, array, wanted = shipped
    floats = tmp_path / "floats.onnx"
    floats.write_bytes(prepare(source, NANO, "fp32").dump())
    source = replace(source, bounds=source.bounds or measure(source, array))
    content = prepare(replace(source, path=floats), THOR, "int8").dump()
    assert differ(run(content, array), run(prepare(source, THOR, "int8").dump(), array)) < 0.1
    assert len(content) < 0.4 * floats.stat().st_size


def measure(source, array):
    """The ranges of all tensors on one input."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(prepare(source, NANO, "fp32").dump())
    names = [name for node in model.graph.node if node.op_type in ("Conv", "Relu", "Add", "Clip", "MaxPool")
             for name in node.output]
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_tensor_value_info(name, 1, None) for name in names)
    bounds = {name: (float(values.min()), float(values.max()))
              for name, values in zip(names, run(model.SerializeToString(), array))}
    return {**bounds, "input": (-1.0, 1.0)}


def test_the_same_is_read_where_flags_say_the_precision(shipped):
    source = shipped[0]
    contents = [prepare(source, ORIN, precision).dump() for precision in ("fp16", "fp32", "int8")]
    assert contents[0] == contents[1] == contents[2]


def test_a_packed_network_is_unpacked(tmp_path):
    pytest.importorskip("onnx")
    plain = Source("scaler", write_scaler(tmp_path / "scaler.onnx", 2.0), (1, 3, 4, 6))
    packed = replace(plain, path=tmp_path / "scaler.fpk")
    write_packed(packed.path, Packed("scaler", None, {}, plain.path.read_bytes()), [])
    assert prepare(packed, NANO, "fp16").dump() == prepare(plain, NANO, "fp16").dump()


def test_too_large_a_weight_for_half_precision_names_the_remedy(tmp_path):
    pytest.importorskip("onnx")
    source = Source("scaler", write_scaler(tmp_path / "scaler.onnx", 1e6), (1, 3, 4, 6))
    with pytest.raises(ModelError, match="--precision fp32"):
        prepare(source, THOR, "fp16")
    assert prepare(source, ORIN, "fp16")


def test_no_weights_in_bytes_no_bytes(tmp_path):
    pytest.importorskip("onnx")
    source = Source("scaler", write_scaler(tmp_path / "scaler.onnx", 2.0), (1, 3, 4, 6), {"image": (0.0, 1.0)})
    with pytest.raises(ModelError, match="--precision fp16"):
        prepare(source, THOR, "int8")


def test_a_network_that_computes_in_bytes_on_a_processor_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    path = write_scaler(tmp_path / "scaler.onnx", 2.0)
    model = onnx.load(str(path))
    model.graph.node.insert(0, onnx.helper.make_node("QuantizeLinear", ["image", "factor"], ["bytes"]))
    onnx.save(model, str(path))
    with pytest.raises(ModelError, match="without `--calibrate`"):
        prepare(Source("scaler", path, (1, 3, 4, 6)), ORIN, "fp16")


@pytest.mark.parametrize(("platform", "bounds", "wanted", "precision", "reason"), [
    (NANO, {}, None, "fp16", ""),
    (OLD, {}, None, "fp32", ""),
    (NANO, {}, "fp32", "fp32", ""),
    (NANO, {}, "int8", "fp16", "NVIDIA Tegra X1 is not fast at int8"),
    (OLD, {}, "fp16", "fp32", "GeForce GTX 960 is not fast at fp16"),
    (ORIN, {}, "int8", "int8", ""),
    (ORIN, None, "int8", "fp16", "its activation ranges were not measured"),
])
def test_the_precision_is_one_that_the_gpu_is_fast_at(platform, bounds, wanted, precision, reason):
    assert choose_precision(Source("", Path(), (), bounds), platform, wanted) == (precision, reason)


def test_ranges_matter_to_engines_in_8_bits_alone(tmp_path):
    (tmp_path / "network").write_bytes(b"network")
    one = Source("network", tmp_path / "network", (1, 2), {"input": (0.0, 1.0)})
    two = replace(one, bounds={"input": (0.0, 2.0)})
    assert make_key(one, ORIN, "fp16") == make_key(two, ORIN, "fp16")
    assert make_key(one, ORIN, "int8") != make_key(two, ORIN, "int8")
    for other in (ORIN._replace(gpu="other"), ORIN._replace(capability="8.6"), ORIN._replace(tensorrt="10.1")):
        assert make_key(one, ORIN, "fp16") != make_key(one, other, "fp16")
    assert make_key(one, ORIN, "fp16") != make_key(replace(one, shape=(1, 3)), ORIN, "fp16")


def test_messages_come_out_as_they_went_in():
    content = (b"\x08\x96\x01" + b"\x12\x03abc" + b"\x1d\0\0\x80\x3f" + b"\x21" + b"\x01" * 8
               + b"\x28" + b"\xff" * 9 + b"\x01")
    message = Message(content)
    assert message.dump() == content
    assert (message.integer(1), message.text(2), message.integer(5)) == (150, "abc", -1)


@pytest.mark.parametrize("content", [b"\x08", b"\x08\xff", b"\x12\x05abc", b"\x1d\0\0", b"\x0b", b"\x02\x00",
                                     b"\x08" + b"\xff" * 10])
def test_what_is_no_message_is_refused(content):
    with pytest.raises(ValueError):
        Message(content)


def test_the_python_for_tensorrt_can_be_chosen(monkeypatch):
    monkeypatch.setenv(INTERPRETER, "/opt/python")
    assert find_interpreter() == "/opt/python"


def test_the_python_for_tensorrt_is_looked_for(monkeypatch, tmp_path):
    monkeypatch.delenv(INTERPRETER, raising=False)
    monkeypatch.setattr("fingerpost.inference.process.SYSTEM_PYTHON", str(tmp_path / "python"))
    assert find_interpreter() is None
    (tmp_path / "tensorrt.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_interpreter() == sys.executable


def test_the_real_cuda_runtime_has_all_that_is_called():
    spec = importlib.util.spec_from_file_location("worker_cuda", SCRIPT / "cuda.py")
    cuda = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cuda)
    try:
        library = cuda.load_library()
    except cuda.CudaError:
        pytest.skip("there is no CUDA runtime here")
    called = set(re.findall(r'"(cuda[A-Z]\w+)"', (SCRIPT / "cuda.py").read_text()))
    assert len(called) >= 9
    assert all(hasattr(library, name) for name in called)


@pytest.mark.skipif(not OLD_PYTHON, reason="there is no Python 3.6 here; with pyenv: pyenv install 3.6.15")
def test_the_worker_is_written_for_the_python_of_the_first_nano():
    files = sorted(str(path) for path in SCRIPT.glob("*.py"))
    code = "import sys; [compile(open(path).read(), path, 'exec') for path in sys.argv[1:]]"
    subprocess.run([OLD_PYTHON, "-c", code, *files], check=True, env={**os.environ, "PYTHONPATH": ""})
