"""What every training here shares: options, schedule, moving average, prefetching."""

from __future__ import annotations

import argparse
import copy
import ctypes
import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ..core.errors import DataError
from . import parallel
from .nets import MEAN, SCOPES, STD, initialise

T = TypeVar("T")
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


def begin(args: argparse.Namespace) -> None:
    """Prepare the process as the common options say. Raises DataError for a training that would have no length."""
    if args.epochs < 1 or args.batch < 1 or (args.minutes is not None and args.minutes <= 0):
        raise DataError("--epochs, --batch and --minutes must be above 0: give a larger number, or leave them out")
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    keep_freed_memory()


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


@contextmanager
def fitting_memory() -> Iterator[None]:
    """Raises DataError in place of the many errors by which torch and numpy say that the memory is too small."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # On a CPU torch raises a plain RuntimeError.
        if not isinstance(error, (MemoryError, torch.OutOfMemoryError)) and "allocate memory" not in str(error):
            raise
        raise DataError("the memory is too small for such steps: give a smaller --batch or --image-size") from error


class Average:
    """An exponential moving average of a network: steadier than the last step, and what is exported."""

    def __init__(self, net: nn.Module, decay: float = 0.996):
        self.net = copy.deepcopy(net).eval()
        self.steps = 0
        """Updates so far; a checkpoint keeps them, or a resumed average would soon forget what it holds."""
        self._decay = decay

    @torch.no_grad()
    def update(self, net: nn.Module) -> None:
        """Move a little towards `net`; in the first steps more, so that the random start is soon forgotten."""
        self.steps += 1
        decay = min(self._decay, self.steps / (self.steps + 10))
        for ours, theirs in zip(self.net.state_dict().values(), net.state_dict().values(), strict=True):
            if ours.dtype.is_floating_point:
                ours.lerp_(theirs, 1 - decay)
            else:
                ours.copy_(theirs)


class Course:
    """How far the training has come, by epochs or, where `minutes` is given, by the clock.

    By the clock a run ends when it should on a machine whose speed is not known, at the price that two runs
    are not alike. Of several processes the first one's clock counts.
    """

    def __init__(self, epochs: int, minutes: float | None, history: list[dict[str, float]]):
        self._epochs = epochs
        self._seconds = minutes * 60 if minutes else None
        self._began = time.monotonic() - sum(entry["seconds"] for entry in history)

    def progress(self, epoch: float) -> float:
        """The share in [0, 1] that is done when `epoch` epochs are."""
        if self._seconds is None:
            return min(1.0, epoch / self._epochs)
        return parallel.agree(min(1.0, (time.monotonic() - self._began) / self._seconds))


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


def add_common(parser: argparse.ArgumentParser) -> None:
    """The options that every training has."""
    parser.add_argument("--init", default="torchvision",
                        help="where to start: torchvision (default), shipped, scratch, or a checkpoint")
    parser.add_argument("--scope", choices=tuple(SCOPES), default="all", help="what learns beside the heads: nothing "
                        "(head, the default of `train fingertip --init shipped` without --negatives), layer 4 (last), "
                        "layers 2 to 4 (deep), or everything (all, else the default)")
    add_running(parser, "always so from the shipped weights")


def add_running(parser: argparse.ArgumentParser, norms: str) -> None:
    """The options that every training has, whatever it starts from; `norms` says what becomes of folded norms."""
    parser.add_argument("--freeze-norms", action="store_true",
                        help=f"keep the statistics of the batch norms; {norms}")
    parser.add_argument("--minutes", type=float, help="train for this time instead of for --epochs")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="CPU threads (default: as many "
                        "as cores, here %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn at random (default 0)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")


def fill(net: nn.Module, args: argparse.Namespace, checkpoint: Path) -> bool:
    """Fill the network as --init says, or to resume from the checkpoint; returns whether its norms stay frozen."""
    return initialise(net, str(checkpoint) if args.resume else args.init) or args.freeze_norms


def describe(args: argparse.Namespace) -> dict[str, Any]:
    """The settings of a run as plain values that a checkpoint may hold, and the device that it runs on."""
    settings: dict[str, Any] = {}
    for key, value in vars(args).items():
        if isinstance(value, (list, tuple)):
            settings[key] = [item if isinstance(item, (int, float)) else str(item) for item in value]
        else:
            settings[key] = str(value) if isinstance(value, Path) else value
    settings["device"] = find_device()
    return settings


def find_device() -> str:
    """Where to train."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Use this learning rate from the next step on."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def pace(batches: Iterator[T], steps: int, epoch: int, course: Course, optimizer: torch.optim.Optimizer,
         peak: float) -> Iterator[T]:
    """The batches of one epoch behind a progress bar, each with the learning rate that is due; at least one, and no
    more once the clock has run out."""
    for step, batch in enumerate(progress(batches, steps, f"epoch {epoch + 1}")):
        done = course.progress(epoch + step / steps)
        if done >= 1 and step:
            return
        set_rate(optimizer, learning_rate(done, peak))
        yield batch


def take_step(loss: Tensor, net: nn.Module, optimizer: torch.optim.Optimizer, longest_gradient: float) -> None:
    """One step down the gradient of the loss, clipped to that length."""
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), longest_gradient)
    optimizer.step()


def normalise(pictures: Tensor, mean: Sequence[float] = MEAN, std: Sequence[float] = STD) -> Tensor:
    """RGB in [0, 1] (N, 3, H, W) to what the networks take."""
    shift, scale = (torch.tensor(each, device=pictures.device).view(1, 3, 1, 1) for each in (mean, std))
    return (pictures - shift) / scale


def to_tensor(pictures: Any, device: str) -> Tensor:
    """uint8 pictures (N, H, W, 3) to float RGB in [0, 1] (N, 3, H, W), laid out as convolutions like it."""
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float().div_(255.0)


def prefetch(make: Callable[[int], T], count: int, threads: int = 1) -> Iterator[T]:
    """make(0), make(1), ... make(count - 1) in this order, prepared by threads while earlier ones are learned from."""
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque(pool.submit(make, index) for index in range(min(threads, count)))
        for index in range(count):
            ready = waiting.popleft().result()
            if index + threads < count:
                waiting.append(pool.submit(make, index + threads))
            yield ready


def progress(items: Iterator[T], total: int, label: str) -> Iterator[T]:
    """The items behind a progress bar, when the output is a terminal; only one where processes share the work."""
    from tqdm import tqdm

    hidden = not (sys.stdout.isatty() and parallel.is_first())
    return iter(tqdm(items, total=total, desc=label, leave=False, disable=hidden))
