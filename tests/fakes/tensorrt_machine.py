"""A machine with a fake TensorRT, and a network to run on it, for tests that spoil one or the other."""

from __future__ import annotations

import sys

import numpy as np

from fingerpost.inference.engines import SUFFIX, Engines, Source
from fingerpost.inference.fallback import FallbackBackend
from fingerpost.inference.onnx import OnnxBackend
from fingerpost.inference.tensorrt import SharedWorker, TensorRTBackend
from tests.fakes import tensorrt_desk
from tests.fakes.tensorrt_desk import write_scaler

IMAGE = np.arange(72, dtype=np.float32).reshape(1, 3, 4, 6)


class Machine:
    """A machine with TensorRT, and a network to run on it."""

    def __init__(self, monkeypatch, folder, generation="8.2", python=sys.executable):
        self.monkeypatch, self.folder, self.fault = monkeypatch, folder, folder / "fault"
        tensorrt_desk.set_up(monkeypatch, generation, self.fault, python)
        self.path = write_scaler(folder / "scaler.onnx", 2.0)
        self.engine = folder / "engines" / ("scaler" + SUFFIX)
        self.python = python
        self.bytes = IMAGE.nbytes if generation == "11" else 2 * IMAGE.nbytes  # input and output; in 11 both are halves
        self.workers = []
        self.told = []

    def backend(self):
        """The network, on a process of its own."""
        self.workers.append(SharedWorker(self.python))
        return self.another()

    def another(self):
        """The network, on the process that was started last."""
        source = Source("scaler", self.path, IMAGE.shape)
        return TensorRTBackend(source, self.workers[-1], Engines(self.folder / "engines"))

    def with_fallback(self):
        """The network, with ONNX Runtime in reserve."""
        return FallbackBackend(self.backend(), OnnxBackend(self.path, 1), self.told.append)

    def check(self, factor=2.0):
        """Run the network once on a fresh process."""
        with self.backend() as backend:
            np.testing.assert_array_equal(backend.run(IMAGE)[0], factor * IMAGE)

    def close(self):
        for worker in self.workers:
            worker.close()
