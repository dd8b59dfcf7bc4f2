"""Where a detector starts from: nothing, a network that has seen the world, or one of our own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models.detection import SSDLite320_MobileNet_V3_Large_Weights

from ...core.errors import ModelError
from ...models import ModelStore
from .. import nets
from ..shipped import read_weights
from ..tflite import read_network
from .mobilenet import MobileNetV1
from .ssd import Detector

COCO = SSDLite320_MobileNet_V3_Large_Weights.COCO_V1
TIMM = "mobilenetv1_100.ra4_e3600_r224_in1k"
"""timm's MobileNet-V1 for ImageNet (Apache-2.0), which takes pictures in [-1, 1] as ours does."""
Layer = tuple[Tensor, ...]
"""The kernel of a convolution, and scale, bias, mean and variance of the norm behind it."""
_PLACES = (("backbone.features.0.", "body.layer3."), ("backbone.features.1.", "body.layer4."),
           ("backbone.extra.", "extra."))
"""Where the parts of torchvision's ssdlite lie in ours."""


def initialise(net: Detector, source: str) -> bool:
    """Fill the detector from `scratch` (nothing to do), `shipped`, `torchvision` (ssdlite320: COCO), `timm` or a
    .tflite file (ssd-mobilenet-v1: ImageNet), or a checkpoint.

    What does not fit, as the heads for other classes, keeps its random start. Returns whether a training must keep the
    norms frozen: those of 8-bit files and of shipped networks are folded into their weights and have no statistics of
    their own, and a checkpoint remembers whether its were frozen. Raises ModelError when the source cannot be had.
    """
    if source == "shipped":
        nets.fill_folded(net, read_weights(ModelStore().load("detector").path))
        return True
    if source == "torchvision":
        fill_torchvision(net, _download_coco())
    elif source == "timm":
        fill_body(net, _download_timm(), source)
    elif source.endswith(".tflite"):
        fill_body(net, [_unfold(*weights) for weights in read_network(Path(source)).weights.values()], source)
        return True
    else:
        return nets.initialise(net, source)
    return False


def fill_torchvision(net: Detector, state: dict[str, Tensor]) -> None:
    """Take over what fits of torchvision's ssdlite320_mobilenet_v3_large. Raises ModelError where the body does not."""
    own = net.state_dict()
    renamed = {rename(key): value for key, value in state.items()}
    fitting = {key: value for key, value in renamed.items() if key in own and own[key].shape == value.shape}
    if not {key for key in own if key.startswith("body.")} <= fitting.keys():
        raise ModelError("these weights are not those of torchvision's ssdlite320_mobilenet_v3_large: "
                         "use them with the net ssdlite320, and give others, or scratch, to ssd-mobilenet-v1")
    net.load_state_dict(fitting, strict=False)


def rename(key: str) -> str:
    """A name in torchvision's ssdlite as the detector has it."""
    for theirs, ours in _PLACES:
        if key.startswith(theirs):
            return ours + key[len(theirs):]
    return key


def fill_body(net: Detector, layers: list[Layer], source: str) -> None:
    """Give a MobileNet-V1 under a detector the layers of another one. Raises ModelError where they do not fit."""
    own = list(list_layers(net.body)) if isinstance(net.body, MobileNetV1) else []
    if [layer[0].shape for layer in own] != [layer[0].shape for layer in layers]:
        raise ModelError(f"{source} does not fit this detector: a MobileNet-V1 starts ssd-mobilenet-v1 of the same "
                         "--width and nothing else; give another --init, or scratch")
    with torch.no_grad():
        for mine, theirs in zip(own, layers, strict=True):
            for tensor, value in zip(mine, theirs, strict=True):
                tensor.copy_(value)


def list_layers(net: nn.Module) -> Iterator[Layer]:
    """All convolutions with the norms behind them, in their order."""
    kernels = [module.weight for module in net.modules() if isinstance(module, nn.Conv2d)]
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    for kernel, norm in zip(kernels, norms, strict=True):
        yield kernel, norm.weight, norm.bias, norm.running_mean, norm.running_var


def _unfold(kernel: Tensor, bias: Tensor) -> Layer:
    """A layer into which its norm was folded: the norm does nothing now, except to add the bias."""
    one = torch.ones_like(bias)
    return kernel, one, bias, torch.zeros_like(bias), one - nn.BatchNorm2d(1).eps  # it divides by exactly 1


def _download_coco() -> dict[str, Tensor]:
    """torchvision's COCO weights; the hash is checked on download."""
    try:
        return COCO.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise _offline("torchvision", error) from error


def _download_timm() -> list[Layer]:
    """timm's ImageNet weights."""
    try:
        import timm
    except ImportError:
        raise ModelError("--init timm needs the package timm: pip install timm") from None
    try:
        return [tuple(tensor.detach() for tensor in layer)
                for layer in list_layers(timm.create_model(TIMM, pretrained=True))]
    except (OSError, RuntimeError) as error:
        raise _offline("timm", error) from error


def _offline(whose: str, error: Exception) -> ModelError:
    return ModelError(f"the {whose} weights could not be downloaded ({error}): connect to the network once, "
                      "or use --init scratch")
