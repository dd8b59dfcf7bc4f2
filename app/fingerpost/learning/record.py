"""The record of a training: what every epoch brought, and which of them ships."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from ..core.errors import ModelError
from .checkpoints import load_checkpoint, save_checkpoint
from .curves import draw_curves
from .training import Average

SETTLED = 10_000
"""Steps of an average whose checkpoint does not tell them: so many that it weighs every further one alike."""


class Record:
    """The checkpoint of a training, written after every epoch, and the choice of the epoch that ships.

    Without `patience` the last epoch ships. With it the one with the smallest `score` does, and the training is over
    when so many epochs in a row brought no smaller one. One file holds both what ships (`model`, of the epoch
    `ships`) and where the training stands (`average` and its `steps`, `raw`, `optimizer`), so that --resume goes on
    from the last epoch in either case.
    """

    def __init__(self, path: Path, settings: dict[str, Any], patience: int | None = None):
        self._path, self._settings, self._patience = path, settings, patience
        self.history: list[dict[str, float]] = []
        self.shipped: dict[str, float] = {}
        """The epoch that ships, of those so far."""
        self.model: dict[str, Tensor] = {}
        """Its weights."""

    def resume(self, average: Average, net: nn.Module, optimizer: Optimizer) -> None:
        """Continue where the checkpoint stopped. Raises ModelError where other parts of the network learned."""
        state = load_checkpoint(self._path)
        try:
            average.net.load_state_dict(state.get("average", state["model"]))
            net.load_state_dict(state["raw"])
            optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{self._path} fits another version, or other options, among them --scope "
                             f"{state['settings'].get('scope')}: give the same with --resume") from error
        average.steps = state.get("steps", SETTLED)
        self.history, self.model = list(state["history"]), state["model"]
        self.shipped = _find_shipped(state)

    def add(self, entry: dict[str, float], average: Average, net: nn.Module, optimizer: Optimizer) -> None:
        """Report an epoch, write the checkpoint and draw the curves."""
        report(entry)
        self.history.append(entry)
        weights = copy.deepcopy(average.net.state_dict())
        if not self._patience or _score(entry) <= _score(self.shipped):
            self.shipped, self.model = entry, weights
        if "threshold" in self.shipped:
            self._settings["threshold"] = self.shipped["threshold"]
        save_checkpoint(self._path, {"model": self.model, "ships": self.shipped["epoch"], "average": weights,
                                     "steps": average.steps, "raw": net.state_dict(),
                                     "optimizer": optimizer.state_dict(), "settings": self._settings,
                                     "history": self.history})
        draw_curves(self.history, self._path.with_name("curves.png"), self.shipped)

    @property
    def exhausted(self) -> bool:
        """Whether patience has run out."""
        if not self._patience or not self.history:
            return False
        return self.history[-1]["epoch"] - self.shipped["epoch"] >= self._patience


def _find_shipped(state: dict[str, Any]) -> dict[str, float]:
    """The epoch whose weights the checkpoint ships; what tells in an older one is whether it ran with patience."""
    newest_first = state["history"][::-1]
    if "ships" in state:
        return next(entry for entry in newest_first if entry["epoch"] == state["ships"])
    return min(newest_first, key=_score) if state["settings"].get("patience") else newest_first[0]


def _score(entry: dict[str, float]) -> float:
    """Lower is better; what is no number is worst."""
    score = entry.get("score", math.inf)
    return math.inf if math.isnan(score) else score


def report(entry: dict[str, float], label: str = "") -> None:
    """One line, for people and for logs."""
    print(label + "  ".join(f"{key} {value:.4g}" for key, value in entry.items()), flush=True)
