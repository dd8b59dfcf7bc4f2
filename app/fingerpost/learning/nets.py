"""The two networks: ResNet-18 in torchvision's layout, with heads for naming and for pointing."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import ResNet, ResNet18_Weights, resnet18

from ..core.errors import ModelError
from ..models import ModelStore
from .checkpoints import load_checkpoint
from .shipped import read_weights

MEAN = (0.485, 0.456, 0.406)
"""Per channel on the [0, 1] scale, as torchvision's ImageNet weights expect it."""
STD = (0.229, 0.224, 0.225)
SCOPES = {"head": (), "last": ("body.layer4",), "deep": ("body.layer2", "body.layer3", "body.layer4"),
          "all": ("body.",)}
"""What learns beside the heads, by the start of its name. `deep` leaves the stem and layer 1 as they are: they see
edges and colours, which every task needs alike, and half of a step's time goes into them (85 to 120 views/s)."""
POINTS = 3
"""Tip, pad and knuckle of the index finger, in this order."""


class ObjectNet(nn.Module):
    """Names what a square picture shows: (N, 3, S, S) to logits (N, classes) and embedding (N, 512).

    The embedding is the pooled features less `centre`, their mean over many things, which the calibration sets:
    pooled features are all positive, so that without it any two of them look alike.
    """

    def __init__(self, classes: int):
        super().__init__()
        self.body = resnet18(num_classes=1)
        self.body.fc = nn.Identity()
        self.head = nn.Linear(512, classes)
        self.register_buffer("centre", torch.zeros(512), persistent=False)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(pictures)
        return self.head(features), features - self.centre


class FingertipMaps(nn.Module):
    """Finds the finger as heat maps: (N, 3, H, W) to raw maps (N, 3, H/8, W/8) and a presence logit (N, 1).

    Layer 2 gives the resolution (stride 8), layers 3 and 4 give the context; they are brought to a common
    width by 1x1 convolutions, enlarged to layer 2's size and added, as in a feature pyramid
    (Lin et al., 2017). The position is the soft-argmax of a map, taken outside of the network.

    Whether a hand points is judged twice and the verdicts are added: from the whole picture, and from the features
    where the tip is believed to be, since a small hand is lost in an average over everything.
    """

    def __init__(self, width: int = 128):
        super().__init__()
        self.body = resnet18(num_classes=1)
        self.body.fc = nn.Identity()
        self.laterals = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in (128, 256, 512))
        self.mix = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width),
                                 nn.ReLU(inplace=True))
        self.maps = nn.Conv2d(width, POINTS, 1)
        self.presence = nn.Linear(512, 1)
        self.presence_at_tip = nn.Linear(width, 1, bias=False)
        nn.init.zeros_(self.presence_at_tip.weight)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        fine, middle, coarse = walk(self.body, pictures)
        size = [int(side) for side in fine.shape[2:]]  # plain numbers, so that the export knows them
        merged = self.laterals[0](fine)
        for lateral, level in ((self.laterals[1], middle), (self.laterals[2], coarse)):
            merged = merged + F.interpolate(lateral(level), size=size, mode="nearest")
        mixed = self.mix(merged)
        maps = self.maps(mixed)
        belief = maps[:, :1].detach().flatten(2).softmax(2)  # where to look is learned from positions alone
        at_tip = (belief @ mixed.flatten(2).transpose(1, 2)).flatten(1)
        return maps, self.presence(coarse.mean((2, 3))) + self.presence_at_tip(at_tip)


class FingertipPoints(nn.Module):
    """The textbook form: global pool, then one layer for 6 coordinates in [-1, 1] and a presence logit."""

    def __init__(self) -> None:
        super().__init__()
        self.body = resnet18(num_classes=1)
        self.body.fc = nn.Identity()
        self.points = nn.Linear(512, 2 * POINTS)
        self.presence = nn.Linear(512, 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        embedding = self.body(pictures)
        return self.points(embedding), self.presence(embedding)


FINGERTIP_NETS: dict[str, type[nn.Module]] = {"maps": FingertipMaps, "fc": FingertipPoints}
"""The fingertip networks by their heads."""


def walk(body: ResNet, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The outputs of layers 2, 3 and 4, at strides 8, 16 and 32."""
    stem = body.maxpool(body.relu(body.bn1(body.conv1(pictures))))
    fine = body.layer2(body.layer1(stem))
    middle = body.layer3(fine)
    return fine, middle, body.layer4(middle)


def initialise(net: nn.Module, source: str) -> bool:
    """Fill the network from `torchvision`, `shipped`, `scratch` (nothing to do), or a checkpoint file.

    torchvision fills `net.body`; a checkpoint or a shipped model of the same kind of network fills the heads too, one
    of the other kind only the body. Returns whether a training must keep the norms frozen: those of a shipped network
    are folded into its weights and have no statistics of their own, and a checkpoint remembers whether its were frozen.
    Raises ModelError with the remedy when the source cannot be had.
    """
    if source == "scratch":
        return False
    if source == "torchvision":
        net.body.load_state_dict(_torchvision_weights(), strict=False)
        return False
    if source == "shipped":
        kind = "objects" if isinstance(net, ObjectNet) else "fingertip"
        fill_folded(net, read_weights(ModelStore().load(kind).path))
        return True
    state = load_checkpoint(Path(source))
    _fill(net, state["model"], source)
    return bool(state["settings"].get("freeze_norms"))


def fill_folded(net: nn.Module, weights: dict[str, np.ndarray]) -> None:
    """Fill the network with weights into which its batch norms were folded.

    The norms become the identity and take over the biases of the convolutions before them, which have none here.
    """
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()
                module.running_var.fill_(1 - module.eps)  # what the norm divides by is then exactly 1
    own = net.state_dict()
    renamed = {key if key in own else _norm_behind(key): torch.from_numpy(value.copy())
               for key, value in weights.items()}
    _fill(net, renamed, "the shipped model")
    if isinstance(net, ObjectNet) and "centre" in renamed:
        net.centre.copy_(renamed["centre"].flatten())


def _norm_behind(key: str) -> str:
    """The bias of the norm that follows a convolution without bias: conv1 has bn1, layer 0 of a sequence layer 1."""
    return re.sub(r"\.0\.bias$", ".1.bias", re.sub(r"conv(\d)\.bias$", r"bn\1.bias", key))


def _fill(net: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Take over whatever fits by name and shape. Raises ModelError when no body is among it."""
    own = net.state_dict()
    fitting = {key: value for key, value in state.items() if key in own and own[key].shape == value.shape}
    if not any(key.startswith("body.") for key in fitting):
        raise ModelError(f"{source} holds no network of this kind: give a checkpoint that `train` wrote")
    net.load_state_dict(fitting, strict=False)


def _torchvision_weights() -> dict[str, Tensor]:
    """torchvision's ImageNet weights without their last layer; the hash is checked on download."""
    try:
        state = ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise ModelError(f"the torchvision weights could not be downloaded ({error}): connect to the network "
                         "once, or use --init scratch") from error
    return {key: value for key, value in state.items() if not key.startswith("fc.")}


def limit_scope(net: nn.Module, scope: str) -> list[nn.Parameter]:
    """Freeze what lies outside of `scope` and return what still learns.

    `scope` is a key of SCOPES. Batch norm of frozen parts keeps its statistics: see `set_training`.
    """
    learning = SCOPES[scope]
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(not name.startswith("body.") or name.startswith(learning))
    return [parameter for parameter in net.parameters() if parameter.requires_grad]


def set_training(net: nn.Module, freeze_norms: bool = False) -> None:
    """Training mode, except for batch norms that are frozen: their running statistics must not drift.

    These are the norms outside of the scope, or all of them; their scales and biases learn as the scope says.
    """
    net.train()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d) and (freeze_norms or not module.weight.requires_grad):
            module.eval()
