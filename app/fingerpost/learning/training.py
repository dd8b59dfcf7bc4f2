"""What every training here shares: schedule, moving average, checkpoints, curves, prefetching."""

from __future__ import annotations

import argparse
import copy
import ctypes
import math
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ..core.errors import ModelError
from .nets import MEAN, STD

T = TypeVar("T")
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


def keep_freed_memory() -> None:
    """Ask glibc to keep what is freed for the next step instead of handing it back to the system.

    Every step frees and takes gigabytes in large pieces; without this, half of the time on a CPU can go into the
    kernel's clearing of pages (85 to 112 views/s on two cores). Does nothing under another C library.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    for option in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD):
        mallopt(option, 2**31 - 1)


class Average:
    """An exponential moving average of a network: steadier than the last step, and what is exported."""

    def __init__(self, net: nn.Module, decay: float = 0.996):
        self.net = copy.deepcopy(net).eval()
        self._decay = decay
        self._steps = 0

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        """Move a little towards `net`; in the first steps more, so that the random start is soon forgotten."""
        self._steps += 1
        decay = min(self._decay, self._steps / (self._steps + 10))
        for ours, theirs in zip(self.net.state_dict().values(), net.state_dict().values(), strict=True):
            if ours.dtype.is_floating_point:
                ours.lerp_(theirs, 1 - decay)
            else:
                ours.copy_(theirs)


class Course:
    """How far the training has come, by epochs or, where `minutes` is given, by the clock.

    By the clock a run ends when it should on a machine whose speed is not known, at the price that two runs
    are not alike.
    """

    def __init__(self, epochs: int, minutes: float | None, history: list[dict[str, float]]):
        self._epochs = epochs
        self._seconds = minutes * 60 if minutes else None
        self._began = time.monotonic() - sum(entry["seconds"] for entry in history)

    def progress(self, epoch: float) -> float:
        """The share in [0, 1] that is done when `epoch` epochs are."""
        if self._seconds is None:
            return min(1.0, epoch / self._epochs)
        return min(1.0, (time.monotonic() - self._began) / self._seconds)


def learning_rate(progress: float, peak: float, warmup: float = 0.04) -> float:
    """Linear warm-up over the first share `warmup` of the training, then half a cosine down to 1 % of the peak."""
    if progress < warmup:
        return peak * (0.02 + 0.98 * progress / warmup)
    rest = (progress - warmup) / (1 - warmup)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * rest)))


def make_optimizer(parameters: list[nn.Parameter], decay: float) -> torch.optim.AdamW:
    """AdamW; biases and the scales of batch norms are not decayed."""
    groups = [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
              {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))


def describe(args: argparse.Namespace) -> dict[str, Any]:
    """The settings of a run as plain values that a checkpoint may hold, and the device that it runs on."""
    settings: dict[str, Any] = {}
    for key, value in vars(args).items():
        if isinstance(value, (list, tuple)):
            settings[key] = [item if isinstance(item, (int, float)) else str(item) for item in value]
        else:
            settings[key] = str(value) if isinstance(value, Path) else value
    settings["device"] = "cuda" if torch.cuda.is_available() else "cpu"
    return settings


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Use this learning rate from the next step on."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def take_step(loss: Tensor, net: nn.Module, optimizer: torch.optim.Optimizer, longest_gradient: float) -> None:
    """One step down the gradient of the loss, clipped to that length."""
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), longest_gradient)
    optimizer.step()


def normalise(pictures: Tensor) -> Tensor:
    """RGB in [0, 1] (N, 3, H, W) to what the networks take."""
    mean = torch.tensor(MEAN, device=pictures.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=pictures.device).view(1, 3, 1, 1)
    return (pictures - mean) / std


def to_tensor(pictures: Any, device: str) -> Tensor:
    """uint8 pictures (N, H, W, 3) to float RGB in [0, 1] (N, 3, H, W), laid out as convolutions like it."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float().div_(255.0)


def prefetch(make: Callable[[int], T], count: int) -> Iterator[T]:
    """make(0), make(1), ... make(count - 1), each prepared by a thread while the last one is learned from."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(make, 0)
        for index in range(count):
            ready = waiting.result()
            if index + 1 < count:
                waiting = pool.submit(make, index + 1)
            yield ready


def progress(items: Iterator[T], total: int, label: str) -> Iterator[T]:
    """The items behind a progress bar, when the output is a terminal."""
    from tqdm import tqdm

    return iter(tqdm(items, total=total, desc=label, leave=False, disable=not sys.stdout.isatty()))


def save_checkpoint(path: Path, average: Average, net: nn.Module, optimizer: torch.optim.Optimizer,
                    settings: dict[str, Any], history: list[dict[str, float]]) -> None:
    """Write everything that `--resume` needs; `model` is the moving average, which is what ships."""
    state = {"model": average.net.state_dict(), "raw": net.state_dict(), "optimizer": optimizer.state_dict(),
             "settings": settings, "history": history}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    torch.save(state, unfinished)
    unfinished.replace(path)  # a run that is cut off leaves the last whole checkpoint


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote. Raises ModelError when there is none."""
    if not path.is_file():
        raise ModelError(f"no checkpoint at {path}: train first, or drop --resume")
    return torch.load(path, map_location="cpu", weights_only=True)


def resume(path: Path, average: Average, net: nn.Module,
           optimizer: torch.optim.Optimizer) -> list[dict[str, float]]:
    """Continue where the checkpoint stopped; returns the history of its epochs."""
    state = load_checkpoint(path)
    average.net.load_state_dict(state["model"])
    net.load_state_dict(state["raw"])
    optimizer.load_state_dict(state["optimizer"])
    return list(state["history"])


def report(entry: dict[str, float]) -> None:
    """One line per epoch, for people and for logs."""
    print("  ".join(f"{key} {value:.4g}" for key, value in entry.items()), flush=True)


def draw_curves(history: list[dict[str, float]], path: Path) -> None:
    """One small chart per recorded quantity, over the epochs."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [name for name in history[-1] if name not in ("epoch", "rate", "seconds")]
    figure, axes = pyplot.subplots(1, len(names), figsize=(3.2 * len(names), 2.6), squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        axis.plot([entry["epoch"] for entry in history], [entry.get(name, math.nan) for entry in history])
        axis.set_title(name)
        axis.set_xlabel("epoch")
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
