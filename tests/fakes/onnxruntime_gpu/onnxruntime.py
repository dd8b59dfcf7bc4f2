"""ONNX Runtime with its TensorRT, as far as compiled engines go. Networks are not computed: a run gives the engine.

What it imitates: https://onnxruntime.ai/docs/execution-providers/TensorRT-ExecutionProvider.html, and of how engines
are compiled and found again, onnxruntime/core/providers/tensorrt/ in https://github.com/microsoft/onnxruntime: a
network of fixed shape is compiled while its session is made, unless the folder has an engine of that name; the name
comes of the graph's form and of the file's name, where there is one, and not of the weights.
"""

import hashlib
import json
import os
from pathlib import Path
from types import SimpleNamespace

__version__ = "1.22.0"


def get_available_providers():
    return ["TensorrtExecutionProvider", "CPUExecutionProvider"]


class SessionOptions:
    def add_session_config_entry(self, key, value):
        """Any entry is taken."""


class InferenceSession:
    """`path_or_bytes`, options, names of providers, and their options by place."""

    def __init__(self, path_or_bytes, sess_options=None, providers=None, provider_options=None):
        self._providers, options = providers, provider_options[0]
        named = isinstance(path_or_bytes, str)
        content = Path(path_or_bytes).read_bytes() if named else path_or_bytes
        form = hashlib.sha256(os.path.basename(path_or_bytes).encode() if named else b"").hexdigest()[:16]
        if options.get("trt_engine_cache_enable") != "True":
            self._engine = compile_engine(content)
            return
        name = f"TensorrtExecutionProvider_TRTKernel_graph_{form}_0_fp16.engine"
        path = Path(options["trt_engine_cache_path"]) / name
        if not path.exists():
            path.write_text(compile_engine(content))
        self._engine = path.read_text()

    def get_inputs(self):
        return [SimpleNamespace(name="image", shape=[1, 3, 4, 6], type="tensor(float)")]

    def get_providers(self):
        return self._providers

    def run(self, output_names, input_feed):
        return [json.loads(self._engine)]


def compile_engine(content):
    """The network that it was made of, and the process that made it."""
    if os.environ.get("FAKE_TENSORRT_REFUSES"):
        raise RuntimeError("TensorRT EP failed to create engine from network")
    return json.dumps({"network": hashlib.sha256(content).hexdigest(), "process": os.getpid()})
