"""A machine with a fake TensorRT on a fake GPU, for a test: what the process that runs TensorRT finds there."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import pytest

from fingerpost.inference.process import INTERPRETER, SCRIPT

FAKES = Path(__file__).parent
OLD_PYTHON = (sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.6.*/bin/python"))) or [""])[-1]
"""The Python of JetPack 4, where there is one."""


class Generation(NamedTuple):
    """One of the fakes, with a GPU that it is found with."""

    folder: str
    gpu: str
    capability: str


GENERATIONS = {"8.2": Generation("tensorrt_8_2", "NVIDIA Tegra X1", "5.3"),
               "8.5": Generation("tensorrt_8_5", "Xavier", "7.2"),
               "10": Generation("tensorrt_10", "Orin", "8.7"),
               "11": Generation("tensorrt_11", "NVIDIA Thor", "11.0")}


@lru_cache(maxsize=None)
def compile_library() -> Path:
    """The folder of the fake libcudart.so."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc, which compiles the fake CUDA library, is not installed")
    folder = Path(tempfile.mkdtemp(prefix="fingerpost-cudart-"))
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", str(folder / "libcudart.so"),
                    str(FAKES / "tensorrt_cudart.c")], check=True)
    return folder


def set_up(monkeypatch: pytest.MonkeyPatch, generation: str, fault: Path, python: str = sys.executable) -> None:
    """Have TensorRT of that generation, for that Python; the file `fault`, once it is there, makes it fail."""
    pytest.importorskip("onnx", reason="the package onnx, which reads networks for the fake, is not installed")
    fake = GENERATIONS[generation]
    paths = [str(FAKES / fake.folder), str(FAKES / "tensorrt_parts"), os.environ.get("PYTHONPATH", "")]
    values = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "LD_LIBRARY_PATH": str(compile_library()),
              "FAKE_CUDA_NAME": fake.gpu, "FAKE_CUDA_CAPABILITY": fake.capability,
              "FAKE_TENSORRT_PYTHON": sys.executable, "FAKE_TENSORRT_COMPUTE": str(FAKES / "tensorrt_compute.py"),
              "FAKE_TENSORRT_FAULT": str(fault), INTERPRETER: python}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    # A fake computes on the processor, which may be busy with something else.
    monkeypatch.setattr("fingerpost.inference.tensorrt.RUN_SECONDS", 60.0)


def write_scaler(path: Path, factor: float) -> Path:
    """A network that multiplies its input, 1x3x4x6, as an ONNX file."""
    import onnx

    shape = (1, 3, 4, 6)
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name in ("image", "scaled")]
    scale = onnx.helper.make_tensor("factor", onnx.TensorProto.FLOAT, [1], [factor])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Mul", ["image", "factor"], ["scaled"])], "scaler",
                                   values[:1], values[1:], [scale])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


def read_plan(engine: Path) -> Dict[str, Any]:
    """What the fake builder was told of an engine that is kept."""
    plan = engine.read_bytes().partition(b"\n")[2]
    facts = json.loads(plan[len(b"fake engine\n") + 32:].partition(b"\n")[0])
    return dict(facts)


def find_workers(parent: int) -> List[int]:
    """The processes that run TensorRT for another one, by number."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            above = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue  # it has just ended
        if str(SCRIPT).encode() in command and above == parent:
            found.append(int(folder.name))
    return found
