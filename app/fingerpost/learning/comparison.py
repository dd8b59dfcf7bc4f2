"""`fingerpost models info --compare`: what MobileNet-V1 costs beside GoogLeNet and VGG-16, counted on the networks."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Callable, NamedTuple

import torch
from torch import nn
from torchvision.models import googlenet, vgg16

from .detection.mobilenet import MobileNetV1Classifier
from .export import count_cost


class Net(NamedTuple):
    """A network, the side of its pictures, and what the paper says: millions of parameters and of multiply-adds."""

    name: str
    make: Callable[[], nn.Module]
    side: int
    paper: tuple[float, float]


NETS = (Net("MobileNet-V1", MobileNetV1Classifier, 224, (4.2, 569)),
        Net("GoogLeNet", partial(googlenet, weights=None, aux_logits=False, init_weights=False), 224, (6.8, 1550)),
        Net("VGG-16", partial(vgg16, weights=None, init_weights=False), 224, (138, 15300)),
        Net("MobileNet-V1 0.5", partial(MobileNetV1Classifier, width=0.5), 160, (1.32, 76)))
"""What tables 8 and 9 of Howard et al., 2017, compare, for 1,000 classes."""
NOTE = """
GoogLeNet is torchvision's, without its two auxiliary heads: where the paper has 5x5 convolutions it has 3x3 ones,
which brings 84 M multiply-adds less."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command: none."""


def main(args: argparse.Namespace) -> int:
    """Print one line per network: counted, as the paper has it, and how far the two lie apart."""
    print(f"{'NETWORK':<18}{'INPUT':>9}{'PARAMETERS':>13}{'MULTIPLY-ADDS':>17}   IN THE PAPER (DIFFERENCE)")
    for net in NETS:
        print(describe(net))
    print(NOTE)
    return 0


def describe(net: Net) -> str:
    """One line of the table."""
    counted = count(net)
    paper = [f"{theirs:,} M ({ours / 1e6 / theirs - 1:+.1%})" for ours, theirs in zip(counted, net.paper, strict=True)]
    return (f"{net.name:<18}{f'{net.side}x{net.side}':>9}{counted[0]:>13,}{counted[1]:>17,}   "
            + " and ".join(paper))


def count(net: Net) -> tuple[int, int]:
    """Parameters and multiply-adds, without weights: on torch's device for shapes alone."""
    with torch.device("meta"):
        return count_cost(net.make().eval(), (1, 3, net.side, net.side))
