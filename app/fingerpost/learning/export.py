"""`fingerpost export`: from a checkpoint to the packed ONNX file that ships, and its entry in the manifest."""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models import ResNet

from ..core.errors import ModelError
from ..wholefile import write_whole
from .calibration import Samples, measure_bounds
from .checkpoints import load_checkpoint
from .detection import ssd
from .nets import FINGERTIP_NETS, MEAN, STD, ObjectNet
from .quantisation import compute_in_bytes, pack

OPSET = 13
TOLERANCE = 1e-4
"""How far torch and ONNX Runtime may differ, as a share of the largest output."""


class Finished(NamedTuple):
    """A network ready to leave torch, and what the manifest says of it."""

    name: str
    net: nn.Module
    shape: tuple[int, int, int, int]
    outputs: list[str]
    labels: list[str] | None
    threshold: float | None
    likeness: list[float] | None = None
    anchors: dict[str, Any] | None = None
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("source", type=Path, help="what `train` left: its --out folder, or the .pt file in it")
    parser.add_argument("--out", type=Path, required=True, help="folder for the ONNX file and manifest.json")
    parser.add_argument("--calibrate", type=Path, metavar="PICTURES", help="compute in 8 bits throughout, in ranges "
                        "that are measured on this folder of pictures: quicker, if the processor multiplies bytes; "
                        "made for ssd-mobilenet-v1")
    parser.add_argument("--figures", type=Path, help="JSON that `evaluate ... --json` printed, kept in the manifest")
    parser.add_argument("--data", default="", help="what it was trained on, in words")
    parser.add_argument("--rebuild", default="", help="the command that makes it again")


def main(args: argparse.Namespace) -> int:
    """Export, check, pack, and write the manifest entry."""
    finished = finish(find_checkpoint(args.source))
    args.out.mkdir(parents=True, exist_ok=True)
    target = args.out / f"{finished.name}.onnx"
    figures = json.loads(args.figures.read_text()) if args.figures else {}
    samples = Samples([args.calibrate], finished.shape, finished.mean, finished.std) if args.calibrate else None
    entry = build(finished, target, samples, licence="Apache-2.0", data=args.data, figures=figures,
                  rebuild=args.rebuild)
    write_entry(args.out / "manifest.json", entry)
    print(f"{target}: {entry['bytes'] / 1e6:.1f} MB, {entry['parameters']:,} parameters, "
          f"{entry['multiply_adds']:,} multiply-adds")
    return 0


def build(finished: Finished, target: Path, samples: Samples | None = None, **words: Any) -> dict[str, Any]:
    """Export, check and pack a network to `target`; returns its manifest entry, `words` (licence, ...) among it.

    With samples to measure its ranges on, it computes in 8 bits too.
    """
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        export(finished, whole)
        if samples is None:
            pack(whole, target)
        else:
            compute_in_bytes(whole, target, measure_bounds(whole, samples))
    parameters, multiply_adds = count_cost(finished.net, finished.shape)
    entry = {"name": finished.name, "file": target.name,
             "sha256": hashlib.sha256(target.read_bytes()).hexdigest(), "bytes": target.stat().st_size,
             "input": list(finished.shape), "mean": list(finished.mean), "std": list(finished.std),
             "outputs": finished.outputs, "labels": finished.labels, "threshold": finished.threshold,
             "parameters": parameters, "multiply_adds": multiply_adds, **words}
    some = {"likeness": finished.likeness, "anchors": finished.anchors}
    return {**entry, **{key: value for key, value in some.items() if value}}


def find_checkpoint(source: Path) -> Path:
    """The one .pt file of a training folder. Raises ModelError."""
    if source.is_file():
        return source
    found = sorted(source.glob("*.pt")) if source.is_dir() else []
    if len(found) != 1:
        raise ModelError(f"{len(found)} checkpoints in {source}: give the .pt file that `train` wrote")
    return found[0]


def finish(path: Path) -> Finished:
    """The network of a checkpoint, with batch norm, temperature and centre folded into its weights."""
    state = load_checkpoint(path)
    settings = state["settings"]
    finished = _choose_builder(settings)(settings)
    finished.net.load_state_dict(state["model"])
    net = fold_batch_norm(finished.net)
    if isinstance(net, ObjectNet):
        temperature = settings.get("temperature", 1.0)
        net.head.weight.data /= temperature
        net.head.bias.data /= temperature
        net.centre = torch.tensor(settings.get("centre", [0.0] * len(net.centre)))
    return finished._replace(net=net)


def _choose_builder(settings: dict[str, Any]) -> Callable[[dict[str, Any]], Finished]:
    if settings.get("kind") == "detector":
        return _build_detector
    return _build_objects if "labels" in settings else _build_fingertip


def _build_detector(settings: dict[str, Any]) -> Finished:
    labels = settings["labels"]
    return finish_detector(ssd.build_detector(settings["net"], len(labels), settings["width"], settings["image_size"]),
                           labels)


def finish_detector(net: ssd.Detector, labels: list[str]) -> Finished:
    """A detector as it leaves torch; its batch norms are not folded yet."""
    return Finished("detector", net, (1, 3, net.side, net.side), ["boxes", "scores"], labels, None,
                    anchors=net.anchors, mean=ssd.MEAN, std=ssd.STD)


def _build_objects(settings: dict[str, Any]) -> Finished:
    side = settings["image_size"]
    labels = settings["labels"]
    return Finished("objects", ObjectNet(len(labels)), (1, 3, side, side), ["logits", "embedding"], labels, None,
                    settings.get("likeness"))


def _build_fingertip(settings: dict[str, Any]) -> Finished:
    width, height = settings["image_size"]
    head = settings["head"]
    return Finished("fingertip", FINGERTIP_NETS[head](), (1, 3, height, width),
                    ["heatmaps" if head == "maps" else "points", "presence"], None, round(settings["threshold"], 4))


def fold_batch_norm(net: nn.Module) -> nn.Module:
    """A copy for inference, each batch norm merged into the convolution before it."""
    folded = copy.deepcopy(net).cpu().float().eval()
    for module in list(folded.modules()):
        if isinstance(module, nn.Sequential):
            for index in range(len(module) - 1):
                if isinstance(module[index], nn.Conv2d) and isinstance(module[index + 1], nn.BatchNorm2d):
                    module[index] = fuse_conv_bn_eval(module[index], module[index + 1])
                    module[index + 1] = nn.Identity()
        for number in (1, 2) if hasattr(module, "bn2") else (1,) if isinstance(module, ResNet) else ():
            convolution, norm = getattr(module, f"conv{number}"), getattr(module, f"bn{number}")
            setattr(module, f"conv{number}", fuse_conv_bn_eval(convolution, norm))
            setattr(module, f"bn{number}", nn.Identity())
    return folded


def export(finished: Finished, path: Path) -> None:
    """Write float ONNX (opset 13, batch of 1). Raises ModelError when ONNX Runtime computes something else."""
    picture = torch.randn(finished.shape, generator=torch.Generator().manual_seed(0))
    with warnings.catch_warnings():
        # The sizes in the graph are meant to be constants: the input has one size.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        torch.onnx.export(finished.net, (picture,), str(path), dynamo=False, opset_version=OPSET,
                          input_names=["input"], output_names=finished.outputs)
    with torch.no_grad():
        wanted = [output.numpy() for output in finished.net(picture)]
    worst = max(float(np.abs(mine - theirs).max() / max(1.0, np.abs(mine).max()))
                for mine, theirs in zip(wanted, run_onnx(path, picture.numpy()), strict=True))
    if worst > TOLERANCE:
        raise ModelError(f"the exported network differs from torch by {worst:.1e}: try another torch or onnx version")


def run_onnx(path: Path, array: np.ndarray) -> list[np.ndarray]:
    """The outputs of an ONNX file for one input."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: array})


def count_cost(net: nn.Module, shape: tuple[int, int, int, int]) -> tuple[int, int]:
    """Parameters, and multiply-adds of one forward pass, counted while it runs."""
    total = 0

    def count(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output.numel() * layer.weight[0].numel()

    hooks = [layer.register_forward_hook(count) for layer in net.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        net(torch.zeros(shape))
    for hook in hooks:
        hook.remove()
    return sum(parameter.numel() for parameter in net.parameters()), total


def write_entry(path: Path, entry: dict[str, Any]) -> None:
    """Put the entry into the manifest in place of an older one of the same name."""
    models = json.loads(path.read_text(encoding="utf-8"))["models"] if path.is_file() else []
    models = sorted([old for old in models if old["name"] != entry["name"]] + [entry], key=lambda one: one["name"])
    write_whole(path, (json.dumps({"models": models}, indent=2) + "\n").encode())
