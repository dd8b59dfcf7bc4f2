"""The number formats in which a network may be stored, each made of the network as it is: nothing is learned for it.

In an ONNX file lie floats, half floats, bytes, or such halves and bytes as are computed with; in a packed one (see
packed.py) the numbers of centres that k-means found, of single weights or, in product quantisation, of short runs.
"""

from __future__ import annotations

import copy
import math
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from ...core.errors import ModelError
from ...downloads import hash_file
from ...models import ModelInfo
from ...packed import SUFFIX, CodedWeight
from ...progress import Progress
from ...ranges import Bounds, read_ranges
from .. import quantisation
from ..calibration import Samples, measure_bounds
from .clusters import MOST_CENTRES, share_blocks
from .packing import pack, write_whole_network
from .plan import list_layers
from .shared import SharedWeight, scale_rows, to_halves

SHORT_BLOCK = 4
"""So many inputs of one output share a code in product quantisation where there is no kernel to share one."""


def share_numbers(weight: Tensor, bits: int) -> CodedWeight:
    """One codebook of 2^bits numbers for the layer, times a scale per output channel."""
    return SharedWeight(weight, 2 ** bits).encode()


def share_vectors(weight: Tensor) -> CodedWeight:
    """Product quantisation: one codebook of 256 short vectors for the layer, times a scale per output channel.

    A vector is a whole 3x3 kernel, a row of a larger one, or four inputs (Stock et al., 2020, take 9 and 4, too).
    """
    rows, scales = scale_rows(weight)
    codes, codebook = share_blocks(rows.numpy(), MOST_CENTRES, choose_block(tuple(weight.shape)))
    return CodedWeight(tuple(weight.shape), codes, to_halves(codebook), to_halves(scales.numpy()))


def choose_block(shape: tuple[int, ...]) -> int:
    """How many consecutive numbers of a weight of that shape share a code."""
    side = shape[-1] if len(shape) == 4 else 1
    if side == 1:
        return math.gcd(SHORT_BLOCK, shape[1])
    return side * side if side == 3 else side


def store_floats(whole: Path, target: Path) -> None:
    """The float ONNX file as it is."""
    shutil.copyfile(whole, target)


def store_halves(whole: Path, target: Path) -> None:
    """Weights and biases as half floats, each behind a Cast: every runtime loads them, and computes in floats."""
    model = onnx.load(str(whole))
    graph = model.graph
    used = {name for node in graph.node if node.op_type in ("Conv", "Gemm", "MatMul") for name in node.input[1:]}
    nodes = []
    for weight in [each for each in graph.initializer if each.name in used]:
        half = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{weight.name}.fp16")
        graph.initializer.remove(weight)
        graph.initializer.append(half)
        nodes.append(helper.make_node("Cast", [half.name], [weight.name], name=f"{weight.name}.unpack",
                                      to=TensorProto.FLOAT))
    for node in reversed(nodes):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


CODERS: Mapping[str, Callable[[Tensor], CodedWeight]] = {
    **{f"kmeans{bits}": partial(share_numbers, bits=bits) for bits in (8, 5, 4, 3, 2)}, "pq": share_vectors}
"""What becomes of each large weight in a packed file."""
WRITERS: Mapping[str, Callable[[Path, Path], None]] = {
    "fp32": store_floats, "fp16": store_halves, "compute-fp16": quantisation.compute_in_halves,
    "int8": quantisation.pack}
"""How a float ONNX file becomes another one."""
COMPUTE_INT8 = "compute-int8"
FORMATS = (*WRITERS, COMPUTE_INT8, *CODERS)


def write_format(name: str, net: nn.Module, info: ModelInfo, folder: Path, pictures: Path | None = None) -> ModelInfo:
    """Store a network, its batch norms folded, in a format into a folder; returns the model that lies there.

    `pictures` is the folder on which compute-int8 measures its ranges; without, those that are kept of the model serve.
    Raises ModelError where there are none; DataError, OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if name in CODERS:
        target = folder / f"{info.name}{SUFFIX}"
        pack(copy.deepcopy(net), code_weights(net, name), info, {"format": name}, target)
    else:
        target = folder / f"{info.name}.onnx"
        with tempfile.TemporaryDirectory() as scratch:
            whole = write_whole_network(net, info, Path(scratch))
            if name in WRITERS:
                WRITERS[name](whole, target)
            else:
                quantisation.compute_in_bytes(whole, target, find_bounds(whole, info, pictures))
    return replace(info, path=target, bytes=target.stat().st_size, sha256=hash_file(target))


def find_bounds(whole: Path, info: ModelInfo, pictures: Path | None) -> Bounds:
    """The ranges of a float ONNX network: measured on a folder of pictures, else those that are kept of the model."""
    if pictures is None:
        try:
            return read_ranges(info).bounds
        except ModelError as error:
            raise ModelError(f"{error}, or give a folder of them with --calibrate") from None
    return measure_bounds(whole, Samples([pictures], info.input, info.mean, info.std))


def code_weights(net: nn.Module, name: str) -> dict[str, CodedWeight]:
    """Every large weight of the network, by its name, as a packed format stores it."""
    parameters = dict(net.named_parameters())
    layers = list_layers(net)
    return {layer: CODERS[name](parameters[layer].detach()) for layer in Progress(layers, name, len(layers))}
