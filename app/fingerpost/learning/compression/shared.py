"""Weights that share values: each is one of a few centres of its layer, times the scale of its output channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...packed import CodedWeight
from .clusters import share_blocks


class SharedWeight(nn.Module):
    """A layer's weight as centres (K,), the number of the centre of each weight, and a scale per output channel.

    Centres and scales learn, the numbers stay. With `zero`, for weights that were pruned, one centre is and remains 0.
    """

    def __init__(self, weight: Tensor, centres: int, zero: bool = False):
        super().__init__()
        rows, scales = scale_rows(weight)
        codes, codebook = share_blocks(rows.numpy(), centres, zero=zero)
        self.shape = tuple(weight.shape)
        self.codebook = nn.Parameter(torch.from_numpy(codebook.flatten()))
        self.log_scales = nn.Parameter(scales.log())  # of very different sizes: so each moves by a share of itself
        self.register_buffer("codes", torch.from_numpy(codes.astype(np.int64)))
        self.register_buffer("moves", (self.codebook.detach() != 0).float() if zero else torch.ones(len(codebook)))

    @property
    def scales(self) -> Tensor:
        """Of the output channels (C,)."""
        return self.log_scales.exp()

    def forward(self) -> Tensor:
        """The weight in its own shape."""
        values = _Gather.apply(self.codebook * self.moves, self.codes)
        return (values.view(self.shape[0], -1) * self.scales[:, None]).view(self.shape)

    def encode(self) -> CodedWeight:
        """What is stored of it; centres and scales as half floats."""
        codebook, scales = (to_halves(values.detach().numpy())
                            for values in (self.codebook * self.moves, self.scales))
        return CodedWeight(self.shape, self.codes.numpy().astype(np.uint8), codebook[:, None], scales)


class _Gather(torch.autograd.Function):
    """codebook[codes], whose way back is one count over the codes: many times as fast as that of indexing."""

    @staticmethod
    def forward(ctx: Any, codebook: Tensor, codes: Tensor) -> Tensor:
        ctx.save_for_backward(codes)
        ctx.count = len(codebook)
        return codebook[codes]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (codes,) = ctx.saved_tensors
        return torch.bincount(codes, gradient, ctx.count).to(gradient.dtype), None


def scale_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """A weight's rows (outputs, columns), divided by the root mean square of those of their numbers that are not zero,
    and that scale (outputs,)."""
    rows = weight.detach().flatten(1)
    kept = (rows != 0).sum(1).clamp(min=1)
    scales = (rows.square().sum(1) / kept).sqrt().clamp(min=1e-6)
    return rows / scales[:, None], scales


def to_halves(values: np.ndarray) -> np.ndarray:
    """float32 numbers that half floats can tell as well."""
    return values.astype(np.float16).astype(np.float32)


def count_bytes(codes: np.ndarray, centres: int) -> float:
    """About how many bytes the codes will take: their entropy (Shannon), which the packed file comes close to."""
    shares = np.bincount(codes.ravel(), minlength=centres) / codes.size
    known = shares[shares > 0]
    return float(-(known * np.log2(known)).sum() * codes.size / 8)
