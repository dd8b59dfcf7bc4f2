"""A network learns to do with less: first without most of its weights, then with few values for the others.

Both times the network as it was is the teacher (see `match`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ...core.errors import ModelError
from .. import training
from ..nets import set_training
from .match import Watched, measure_distance
from .plan import Choice
from .prune import Pruning
from .shared import SharedWeight

RATE, GENTLE_RATE, CENTRE_RATE = 1e-3, 3e-5, 1e-3
"""Peak learning rates while weights are pruned, after they were, and of centres, scales and biases. Behind norms that
follow the batch only the direction of a weight counts; behind held ones its size does, and it is small."""
GROWTH = 0.5
"""Share of the pruning's time in which more and more weights become zero; in the rest the others make up for it."""
TIGHTEN_STEPS = 25
LONGEST_GRADIENT = 5.0

Draw = Callable[[int], Tensor]
"""The normalised pictures (N, 3, H, W) of a step."""


class Budget(NamedTuple):
    """Minutes and steps of a stage; the first that runs out ends it."""

    minutes: float | None
    steps: int


def prune(net: nn.Module, teacher: nn.Module, plan: Mapping[str, Choice], draw: Draw, budget: Budget,
          is_pruned: bool = False) -> None:
    """Bring `net` to the shares of zeros that the plan says, in place.

    One that is pruned already keeps its zeros. It learns more gently then, and with the statistics of its norms held:
    those of a batch shake the points that it sees by more than is left to learn.
    """
    pruning = Pruning(net, {name: choice.share for name, choice in plan.items()})
    optimizer = training.make_optimizer(list(net.parameters()), decay=0.0)
    student, taught = Watched(net), Watched(teacher.eval())
    set_training(net, freeze_norms=is_pruned)
    diary = Diary()
    for step, progress, pictures in pace(draw, budget, optimizer, GENTLE_RATE if is_pruned else RATE):
        if step % TIGHTEN_STEPS == 0 and (progress < GROWTH + 0.1 or step == 0):
            pruning.tighten(1.0 if is_pruned else progress / GROWTH)
        loss = measure_loss(student, taught, pictures)
        training.take_step(loss, net, optimizer, LONGEST_GRADIENT)
        pruning.hold()
        diary.add("pruning", progress, loss)
    pruning.tighten(1.0)


def share(net: nn.Module, plan: Mapping[str, Choice]) -> dict[str, SharedWeight]:
    """The weights of the plan, each with its centres, by their names."""
    parameters = dict(net.named_parameters())
    return {name: SharedWeight(parameters[name], choice.centres, zero=choice.share > 0)
            for name, choice in plan.items()}


def settle(net: nn.Module, shared: Mapping[str, SharedWeight], teacher: nn.Module, draw: Draw, budget: Budget) -> None:
    """Let centres, scales and what is not shared learn; `net` has no batch norms any more. In place."""
    others = [parameter for name, parameter in net.named_parameters() if name not in shared]
    learning = nn.ModuleList(shared.values())
    optimizer = training.make_optimizer([*learning.parameters(), *others], decay=0.0)
    student, taught = Watched(net.eval()), Watched(teacher.eval())
    diary = Diary()
    for _, progress, pictures in pace(draw, budget, optimizer, CENTRE_RATE):
        weights = {name: weight() for name, weight in shared.items()}
        loss = measure_loss(student, taught, pictures, weights)
        # Only what is not shared is clipped: the gradient of a centre is the sum over all its weights, and always long.
        training.take_step(loss, net, optimizer, LONGEST_GRADIENT)
        diary.add("centres", progress, loss)


class Diary:
    """Says ten times in a stage how far it is and what its loss was since the last time."""

    def __init__(self) -> None:
        self._losses: list[float] = []
        self._told = 0

    def add(self, stage: str, progress: float, loss: Tensor) -> None:
        """After a step. Raises ModelError for a loss that is no number."""
        self._losses.append(float(loss.detach()))
        if not math.isfinite(self._losses[-1]):
            raise ModelError(f"the {stage} has lost its way, its loss is {self._losses[-1]}: give a larger --batch or "
                             "--budget, or another --seed")
        if int(10 * progress) > self._told:
            self._told = int(10 * progress)
            print(f"{stage} {10 * self._told} %  loss {np.mean(self._losses):.4f}", flush=True)
            self._losses = []


def measure_loss(student: Watched, taught: Watched, pictures: Tensor,
                 weights: Mapping[str, Tensor] | None = None) -> Tensor:
    """How far the student's view of the pictures is from the teacher's."""
    with torch.autocast(pictures.device.type, torch.bfloat16, enabled=student.in_half):
        with torch.no_grad():
            theirs = taught.look(pictures)
        ours = student.look(pictures, weights)
    return measure_distance(ours, theirs)


def pace(draw: Draw, budget: Budget, optimizer: torch.optim.Optimizer,
         peak: float) -> Iterator[tuple[int, float, Tensor]]:
    """Steps with how far the stage has come, in [0, 1], and their pictures; each with the learning rate that is due."""
    course = training.Course(1, budget.minutes, [])
    batches = training.prefetch(draw, budget.steps)
    for step, pictures in enumerate(training.progress(batches, budget.steps, "step")):
        progress = max(course.progress(0.0), step / budget.steps)
        if progress >= 1:
            return
        training.set_rate(optimizer, training.learning_rate(progress, peak))
        yield step, progress, pictures
