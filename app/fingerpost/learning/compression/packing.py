"""From a network in torch, some of its weights coded, to the packed file."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...models import ModelInfo
from ...packed import CodedWeight, Packed, write_packed
from ..export import Finished, export


def pack(net: nn.Module, coded: Mapping[str, CodedWeight], info: ModelInfo, metadata: Mapping[str, Any],
         target: Path) -> None:
    """Export the network with the weights as they will be unpacked, check it, and write the packed file.

    The network keeps those weights. "plain" in the metadata names those that the file holds as floats. Raises
    ModelError; OSError.
    """
    parameters = dict(net.named_parameters())
    with torch.no_grad():
        for name, weight in coded.items():
            parameters[name].copy_(torch.from_numpy(weight.decode()))
    with tempfile.TemporaryDirectory() as folder:
        content = write_whole_network(net, info, Path(folder)).read_bytes()
    ordered = put_in_order(coded, content)
    plain = sorted(name for name, weight in coded.items() if not any(weight is each for each in ordered))
    write_packed(target, Packed(info.name, info.labels, {**metadata, "plain": plain}, content), ordered)


def write_whole_network(net: nn.Module, info: ModelInfo, folder: Path) -> Path:
    """The network as float ONNX in a folder; returns the file."""
    batch, channels, height, width = info.input
    path = folder / "whole.onnx"
    export(Finished(info.name, net.eval(), (batch, channels, height, width), list(info.outputs), None, None), path)
    return path


def put_in_order(coded: Mapping[str, CodedWeight], content: bytes) -> list[CodedWeight]:
    """The weights in the order in which an ONNX file has them; those that it has in another layout are left out."""
    places = {name: content.find(weight.decode().tobytes()) for name, weight in coded.items()}
    return [coded[name] for name in sorted(places, key=places.__getitem__) if places[name] >= 0]
