"""MobileNet-V1 (Howard et al., 2017): depthwise separable convolutions, thinner by one number, smaller by another."""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

RELU6 = partial(Conv2dNormActivation, activation_layer=nn.ReLU6)
"""Convolution, batch norm and ReLU6: the brick of the whole network. It pads alike on all sides.

TensorFlow pads an even side only right and below at stride 2. This is not imitated: it costs a step of its own on
every runtime, and moves what a place sees by less than half of its stride. At sides that leave the remainder 1 when
divided by 32 the two are the same.
"""


class MobileNetV1(nn.Module):
    """Features at strides 16 and 32: (N, 3, H, W) to (N, 512 width, H/16, W/16) and (N, 1024 width, H/32, W/32).

    The stages bear the names, and have the strides, of ResNet's. `width` thins every layer alike; the other number of
    the paper, the resolution, is the size of the pictures that come in.
    """

    def __init__(self, width: float = 1.0):
        super().__init__()
        first, *stages = (scale_channels(channels, width) for channels in (32, 64, 128, 256, 512, 1024))
        self.stem = nn.Sequential(RELU6(3, first, 3, 2), _separable(first, stages[0], 1))
        self.layer1 = _stage(stages[0], stages[1], 2)
        self.layer2 = _stage(stages[1], stages[2], 2)
        self.layer3 = _stage(stages[2], stages[3], 6)
        self.layer4 = _stage(stages[3], stages[4], 2)
        self.channels = stages[3:]

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        middle = self.layer3(self.layer2(self.layer1(self.stem(pictures))))
        return middle, self.layer4(middle)


class MobileNetV1Classifier(nn.Module):
    """The whole network of the paper, which names a picture: (N, 3, H, W) to logits (N, classes)."""

    def __init__(self, classes: int = 1000, width: float = 1.0):
        super().__init__()
        self.body = MobileNetV1(width)
        self.head = nn.Linear(self.body.channels[1], classes)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.head(self.body(pictures)[1].mean((2, 3)))


def scale_channels(channels: int, width: float) -> int:
    """So many of the channels as the width says, but 8 at the least."""
    return max(8, int(channels * width))


def _stage(inputs: int, outputs: int, count: int) -> nn.Sequential:
    """So many separable convolutions, the first of which halves the picture."""
    return nn.Sequential(_separable(inputs, outputs, 2), *(_separable(outputs, outputs, 1) for _ in range(count - 1)))


def _separable(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Each channel is filtered by itself, then the channels are mixed place by place."""
    return nn.Sequential(RELU6(inputs, inputs, 3, stride, groups=inputs), RELU6(inputs, outputs, 1))
