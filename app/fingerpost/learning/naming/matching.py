"""Distillation by function matching: student and teachers see the same view, and should feel the same about it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .. import training
from ..views import Random
from .pools import Batch, Pool, draw_batch
from .teachers import Teacher, load_teacher

TEACHERS = ("mobilenet_v1_1.0_224_quant_embedding_extractor.tflite", "mobilenet_v2_1.0_224_quant.tflite")


class Match(nn.Module):
    """The teachers, and the projection from the student's features to theirs, standardised.

    The student learns their features place by place, as well as their mean over the view: one view then teaches as
    much as many, since it tells what is where. Both come of one linear projection.
    """

    def __init__(self, teachers: list[Teacher]):
        super().__init__()
        self.teachers = nn.ModuleList(teachers).requires_grad_(False).to(torch.bfloat16)
        width = sum(teacher.features for teacher in teachers)
        self.project = nn.Linear(512, width)
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.register_buffer("spread", torch.ones(width))

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        """The teachers' features (N, H/32, W/32, D) of RGB in [0, 1] (N, 3, H, W), as they are."""
        half = pictures.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
        return torch.cat([teacher(half) for teacher in self.teachers], dim=1).permute(0, 2, 3, 1)

    def fit(self, batches: list[Tensor]) -> None:
        """Set mean and scales so that the features of these pictures have mean 0 and deviation 1."""
        raw = torch.cat([self.features(batch).float() for batch in batches])
        pooled = raw.mean((1, 2))
        self.mean.copy_(pooled.mean(0))
        self.scale.copy_(1 / (pooled.std(0) + 0.1 * pooled.std()))
        self.spread.copy_(1 / (raw.std((0, 1, 2)) + 0.1 * raw.std()))

    def loss(self, features: Tensor, wanted: Tensor) -> Tensor:
        """Mean squared error of the student's features (N, 512, h, w), place by place and pooled, at its resolution."""
        grid = features.shape[2:]
        if wanted.shape[1:3] != grid:
            wanted = F.adaptive_avg_pool2d(wanted.permute(0, 3, 1, 2), grid).permute(0, 2, 3, 1)
        with torch.autocast(features.device.type, torch.bfloat16):
            made = self.project(features.permute(0, 2, 3, 1))
        error = made.float() - (wanted.float() - self.mean)
        return (error.mean((1, 2)) * self.scale).square().mean() + (error * self.spread).square().mean()


def prepare_match(args: argparse.Namespace, known: Pool, nameless: Pool, device: str) -> Match:
    """Load the teachers and standardise their features on 512 views."""
    match = Match([load_teacher(args.teachers / name) for name in TEACHERS])
    match.to(device, memory_format=torch.channels_last)
    rng = np.random.default_rng(args.seed)
    match.fit([training.to_tensor(draw_batch(known, nameless, 64, args.image_size, rng).views, device)
               for _ in range(8)])
    return match


def repeat_batches(fresh: Iterator[Batch], match: Match, settings: dict[str, Any], rng: Random) -> Iterator[Batch]:
    """Show each batch to the teachers once and to the student `repeat` times, mirrored every other time.

    The teachers cost as much as the student; what they see of a mirrored view is nearly the same.
    """
    seen = []
    for batch in fresh:
        wanted = match.features(training.to_tensor(batch.views, settings["device"]))
        seen.append(batch._replace(wanted=wanted))
        yield seen[-1]
    for turn in range(1, settings["repeat"]):
        for index in rng.permutation(len(seen)):
            yield mirror(seen[index]) if turn % 2 else seen[index]


def mirror(batch: Batch) -> Batch:
    """The batch with its views, and what the teachers felt at each place of them, turned left to right."""
    assert batch.wanted is not None
    return batch._replace(views=np.ascontiguousarray(batch.views[:, :, ::-1]), wanted=batch.wanted.flip(2))
