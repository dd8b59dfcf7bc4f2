"""One training shared by several processes, as `torchrun` starts them; without torchrun there is just one.

Every process learns from its slice of the same batch, and DistributedDataParallel averages their gradients, so that
all hold the same network. The first one also validates, prints and writes, while the others wait.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from ..core.errors import DataError

PATIENCE = timedelta(hours=1)
"""How long the others wait while the first one validates."""


@contextmanager
def joined() -> Iterator[None]:
    """Join the other processes, found through the environment that torchrun sets (RANK, WORLD_SIZE, ...)."""
    if expected() == 1:
        yield
        return
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if cuda else "gloo", timeout=PATIENCE)
    try:
        yield
    finally:
        dist.destroy_process_group()


def expected() -> int:
    """How many processes torchrun has started."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def count() -> int:
    """How many processes learn together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first() -> bool:
    """Whether this process is the one that validates, prints and writes."""
    return not dist.is_initialized() or dist.get_rank() == 0


def own_slice(batch: int) -> range:
    """Which views of a batch this process learns from. Raises DataError when the slices would differ in size."""
    if batch % count():
        raise DataError(f"{count()} processes cannot share batches of {batch}: give a multiple of {count()} as --batch")
    return range(dist.get_rank() if count() > 1 else 0, batch, count())


def wrap(net: nn.Module) -> nn.Module:
    """The network as it is to be called in training; norms that are not frozen see only their process's slice."""
    return DistributedDataParallel(net) if count() > 1 else net


def agree(value: float) -> float:
    """What the first process says. A clock or a validation score of one's own would part the processes."""
    if count() == 1:
        return value
    shared = _share(value)
    dist.broadcast(shared, 0)
    return float(shared)


def average(value: float) -> float:
    """The mean over the processes."""
    if count() == 1:
        return value
    shared = _share(value)
    dist.all_reduce(shared)
    return float(shared) / count()


def _share(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64, device="cuda" if torch.cuda.is_available() else "cpu")
