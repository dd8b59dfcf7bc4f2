"""The detectors: single-shot networks (SSD; Liu et al., 2016) on torchvision's machinery.

Anchors, matching, loss and suppression are torchvision's. What is ours is the light network of `ssd-mobilenet-v1`, and
that both networks have one shape: raw deltas and scores come out, so that an exported graph needs nothing else.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection import ssdlite320_mobilenet_v3_large
from torchvision.models.detection.anchor_utils import DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.ssd import SSD, SSDScoringHead
from torchvision.ops import box_iou

from .mobilenet import RELU6, MobileNetV1, scale_channels

MEAN = STD = (0.5, 0.5, 0.5)
"""Per channel on the [0, 1] scale: pictures come in [-1, 1], as all weights that can be had for these networks ask."""
SCALES = (0.15, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)
"""Sides of the anchors of each level as shares of the picture; the last number only closes the last level. Those of
TensorFlow's ssd_mobilenet_v1 (0.2 to 0.95), but for the first: with only two more shapes there, its squares of 0.15
and 0.23 stand for TensorFlow's 0.1 and 0.2."""
RATIOS = ((2,), (2, 3), (2, 3), (2, 3), (2, 3), (2, 3))
"""Beside the two squares each level has anchors so many times as wide as high, and the other way round."""


class Detector(nn.Module):
    """Finds things and their boxes: (N, 3, S, S) in [-1, 1] to deltas (N, A, 4) and logits (N, A, classes + 1).

    A delta is what torchvision's BoxCoder (weights 10, 10, 5, 5) says of a box against its anchor; logit 0 is the
    background's. `body` gives features at strides 16 and 32, each block of `extra` halves them once more, and `head`
    says what each place of each level sees.
    """

    def __init__(self, body: nn.Module, extra: nn.ModuleList, head: nn.Module, anchors: DefaultBoxGenerator,
                 classes: int, side: int):
        super().__init__()
        self.body, self.extra, self.head, self.side = body, extra, head, side
        # Without a network of its own: it matches, judges and suppresses, and has nothing to learn.
        self._machinery = SSD(nn.Identity(), anchors, (side, side), classes + 1, head=nn.Identity())
        with torch.no_grad():
            blank = torch.zeros(1, 3, side, side)
            levels = self.eval().look(blank)
        boxes = anchors(ImageList(blank, [(side, side)]), levels)[0]
        self.register_buffer("boxes", boxes, persistent=False)
        self.anchors: dict[str, Any] = {"grids": [level.shape[-1] for level in levels],
                                        "scales": list(anchors.scales),
                                        "ratios": [list(ratios) for ratios in anchors.aspect_ratios]}
        """What the anchors can be made from again, as plain values: the cells in a row of each level, and what
        torchvision's DefaultBoxGenerator calls scales and aspect ratios."""
        self.train()

    @property
    def in_half(self) -> bool:
        """Whether it may learn in bfloat16: not with inputs so small that two levels have a single place. Halving one
        gives oneDNN (torch 2.15, AVX-512) a gradient that now and then is read from memory which nobody wrote."""
        return bool(self.anchors["grids"][-2] > 1)

    def look(self, pictures: Tensor) -> list[Tensor]:
        """The features of all levels, from fine to coarse."""
        levels = list(self.body(pictures))
        for block in self.extra:
            levels.append(block(levels[-1]))
        return levels

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        said = self.head(self.look(pictures))
        return said["bbox_regression"], said["cls_logits"]

    def loss(self, deltas: Tensor, logits: Tensor, targets: list[dict[str, Tensor]]) -> Tensor:
        """Smooth L1 of the boxes plus cross-entropy of the names, with three hard negatives per matched anchor.

        A target has `boxes` (n, 4) as left, top, right, bottom in pixels of the input, and `labels` (n,) from 1 on.
        """
        losses = self._machinery.compute_loss(targets, _name(deltas.float(), logits.float()),
                                              [self.boxes] * len(targets),
                                              [self.match(target["boxes"]) for target in targets])
        return losses["bbox_regression"] + losses["classification"]

    def detect(self, deltas: Tensor, logits: Tensor) -> list[dict[str, Tensor]]:
        """Per picture `boxes` (n, 4) in pixels of the input, `scores` (n,) and `labels` (n,) from 1 on, best first."""
        count = len(deltas)
        return self._machinery.postprocess_detections(_name(deltas.float(), logits.float()), [self.boxes] * count,
                                                      [(self.side, self.side)] * count)

    def match(self, boxes: Tensor) -> Tensor:
        """For each anchor the number of the box that it is to find, negative for none (A,)."""
        if not len(boxes):
            return torch.full((len(self.boxes),), -1, device=self.boxes.device)
        return self._machinery.proposal_matcher(box_iou(boxes, self.boxes))


class LightHead(nn.Module):
    """One 1x1 convolution per level for boxes and one for names, as in TensorFlow's ssd_mobilenet_v1."""

    def __init__(self, channels: list[int], anchors: list[int], classes: int):
        super().__init__()
        self.classification_head = SSDScoringHead(_predict(channels, anchors, classes + 1), classes + 1)
        self.regression_head = SSDScoringHead(_predict(channels, anchors, 4), 4)

    def forward(self, levels: list[Tensor]) -> dict[str, Tensor]:
        return _name(self.regression_head(levels), self.classification_head(levels))


class _Stages(nn.Module):
    """torchvision's MobileNet-V3 in the shape of the other body, its halves named after what they end."""

    def __init__(self, halves: nn.Sequential):
        super().__init__()
        self.layer3, self.layer4 = halves

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        middle = self.layer3(pictures)
        return middle, self.layer4(middle)


def build_detector(net: str, classes: int, width: float = 1.0, side: int | None = None) -> Detector:
    """A detector of that many classes (background not counted) with weights drawn at random.

    `net` is a key of NETS, `width` thins ssd-mobilenet-v1, `side` is the input's in pixels (default: the net's own).
    """
    return NETS[net](classes, width, side)


def build_mobilenet_v1(classes: int, width: float = 1.0, side: int | None = None) -> Detector:
    """SSD-MobileNet-V1, 300 pixels wide unless told."""
    body = MobileNetV1(width)
    outputs = [scale_channels(channels, width) for channels in (512, 256, 256, 128)]
    inputs = [body.channels[1], *outputs[:-1]]
    extra = nn.ModuleList(_shrink(before, after) for before, after in zip(inputs, outputs, strict=True))
    for layer in extra.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")  # where norms are frozen, none mends the scale
    anchors = DefaultBoxGenerator([list(ratios) for ratios in RATIOS], scales=list(SCALES))
    head = LightHead([*body.channels, *outputs], anchors.num_anchors_per_location(), classes)
    return Detector(body, extra, head, anchors, classes, side or 300)


def build_ssdlite(classes: int, width: float = 1.0, side: int | None = None) -> Detector:
    """torchvision's ssdlite320_mobilenet_v3_large, 320 pixels wide unless told; it has one width."""
    whole = ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=classes + 1)
    backbone = whole.backbone
    return Detector(_Stages(backbone.features), backbone.extra, whole.head, whole.anchor_generator, classes,
                    side or 320)


NETS = {"ssd-mobilenet-v1": build_mobilenet_v1, "ssdlite320": build_ssdlite}
"""The detectors by their names on the command line."""


def _shrink(inputs: int, outputs: int) -> nn.Sequential:
    """Half the width, then half the size."""
    return nn.Sequential(RELU6(inputs, outputs // 2, 1), RELU6(outputs // 2, outputs, 3, 2))


def _predict(channels: list[int], anchors: list[int], numbers: int) -> nn.ModuleList:
    """So many numbers for each anchor of each level."""
    layers = nn.ModuleList(nn.Conv2d(depth, count * numbers, 1)
                           for depth, count in zip(channels, anchors, strict=True))
    for layer in layers:
        nn.init.normal_(layer.weight, std=0.03)
        nn.init.zeros_(layer.bias)
    return layers


def _name(deltas: Tensor, logits: Tensor) -> dict[str, Tensor]:
    """Under the names that torchvision gives them."""
    return {"bbox_regression": deltas, "cls_logits": logits}
