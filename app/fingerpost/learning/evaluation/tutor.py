"""A teacher, fine-tuned on the same pictures: what the network that was distilled from it is measured beside.

The MobileNets come without the statistics of their batch norms, which are folded into their weights: all weights learn,
gently, on the same views as the student's, at the size that the teachers were trained on.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...core.errors import DataError
from .. import training
from ..datasets import list_classes, list_labelled, list_pictures, read_picture, shrink
from ..naming.pools import Pool
from ..naming.teachers import SIZE, Teacher, load_teacher
from ..views import make_view
from .common import rounded
from .teaching import read_square

EPOCHS, BATCH, RATE, DECAY = 8, 32, 3e-4, 0.02
"""As the field fine-tunes small networks; not searched for, and never on the pictures that are asked about."""
KEPT_SIDE = 256
"""Shorter side in pixels of the pictures in memory."""


class Tutor(nn.Module):
    """A teacher with a head for our classes: RGB in [0, 1] (N, 3, S, S) to logits (N, classes)."""

    def __init__(self, teacher: Teacher, classes: int):
        super().__init__()
        self.teacher = learnable(teacher)
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(teacher.features, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        return self.head(self.drop(self.teacher(pictures).mean((2, 3))))


def learnable(teacher: Teacher) -> Teacher:
    """The teacher with its weights as parameters."""
    for name, weight in list(teacher.named_buffers()):
        delattr(teacher, name)
        teacher.register_parameter(name, nn.Parameter(weight))
    return teacher


def measure_tutor(args: argparse.Namespace) -> dict[str, Any]:
    """Fine-tune the teacher; its top-1 and top-5 on the middle squares of `args.data`."""
    if args.learn_from is None:
        raise DataError("--teacher has nothing to learn from: give the training pictures with --learn-from")
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    training.keep_freed_memory()
    names = list_classes(args.learn_from)
    tutor = Tutor(load_teacher(args.teacher), len(names))
    fine_tune(tutor, read_pool(args.learn_from, names))
    asked = list_labelled(args.data, names)
    ranks = rank([read_square(path) for path, _ in asked], np.array([label for _, label in asked]), tutor.eval())
    return {"file": args.teacher.name, "top1": rounded((ranks < 1).mean(), 4), "top5": rounded((ranks < 5).mean(), 4)}


def read_pool(folder: Path, names: list[str]) -> Pool:
    """All pictures of the classes."""
    labelled = [(path, label) for label, name in enumerate(names) for path in list_pictures(folder / name)]
    return Pool([shrink(read_picture(path), KEPT_SIDE) for path, _ in labelled],
                np.array([label for _, label in labelled], dtype=np.int64))


def fine_tune(tutor: Tutor, pool: Pool) -> None:
    """Every picture once an epoch, as a view of its own each time."""
    optimizer = training.make_optimizer(list(tutor.parameters()), DECAY)
    steps = max(1, len(pool.pictures) // BATCH)
    course = training.Course(EPOCHS, None, [])
    dice = np.random.default_rng(0)
    tutor.train()
    for epoch in range(EPOCHS):
        order = np.resize(dice.permutation(len(pool.pictures)), steps * BATCH).reshape(steps, BATCH)

        def draw(step: int, order: np.ndarray = order) -> tuple[np.ndarray, np.ndarray]:
            views = [make_view(pool.pictures[index], pool.pictures, SIZE, dice) for index in order[step]]
            return np.stack(views), pool.labels[order[step]]

        for views, labels in training.pace(training.prefetch(draw, steps), steps, epoch, course, optimizer, RATE):
            logits = forward(tutor, views)
            loss = F.cross_entropy(logits, torch.from_numpy(labels), label_smoothing=0.05)
            training.take_step(loss, tutor, optimizer, longest_gradient=1.0)


def forward(tutor: Tutor, views: np.ndarray) -> Tensor:
    """Logits (N, classes) of views, RGB uint8 (N, S, S, 3)."""
    pictures = training.to_tensor(views, "cpu")
    with torch.autocast("cpu", torch.bfloat16):
        return tutor(pictures).float()


@torch.no_grad()
def rank(squares: list[np.ndarray], labels: np.ndarray, tutor: Tutor) -> np.ndarray:
    """How many classes are thought likelier than the right one (N,), 0 where the answer is right."""
    places = []
    for square, label in zip(squares, labels, strict=True):
        view = cv2.resize(square, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
        logits = forward(tutor, view[None])[0]
        places.append(int((logits > logits[label]).sum()))
    return np.array(places)
