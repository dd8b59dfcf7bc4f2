"""How far a pointing network is off: places by soft-argmax, maps by cross-entropy, presence."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

BLOB_CELLS = 0.8
"""Standard deviation, in cells of the map, of the blob that the maps are drawn towards."""
MAP_WEIGHT, PRESENCE_WEIGHT = 0.3, 1.0


def soft_argmax(maps: Tensor) -> Tensor:
    """The mean place (N, 3, 2), as shares, under the softmax of maps (N, 3, h, w)."""
    height, width = maps.shape[2:]
    weights = maps.flatten(2).softmax(2).unflatten(2, (height, width))
    x = weights.sum(2) @ ((torch.arange(width, device=maps.device) + 0.5) / width)
    y = weights.sum(3) @ ((torch.arange(height, device=maps.device) + 0.5) / height)
    return torch.stack([x, y], dim=-1)


def draw_blobs(points: Tensor, height: int, width: int) -> Tensor:
    """A Gaussian around each point (N, 3, 2), as probabilities over the cells: (N, 3, h * w)."""
    x = (torch.arange(width, device=points.device) + 0.5 - points[..., 0:1] * width) / BLOB_CELLS
    y = (torch.arange(height, device=points.device) + 0.5 - points[..., 1:2] * height) / BLOB_CELLS
    return (-0.5 * (y[..., :, None] ** 2 + x[..., None, :] ** 2)).flatten(2).softmax(2)


def measure_loss(output: Tensor, presence: Tensor, points: Tensor, present: Tensor) -> Tensor:
    """Smooth L1 on the places in units of 1/20 of the frame, cross-entropy on the maps, and presence.

    `output` is maps (N, 3, h, w) or coordinates (N, 6) in [-1, 1].
    """
    known = ~torch.isnan(points[..., 0])
    wanted = torch.nan_to_num(points, nan=0.5)
    count = known.sum().clamp(min=1)
    places = soft_argmax(output) if output.ndim == 4 else (output.unflatten(1, (3, 2)) + 1) / 2
    error = F.smooth_l1_loss(places * 20, wanted * 20, reduction="none", beta=0.5).sum(2)
    loss = (error * known).sum() / count
    if output.ndim == 4:
        logs = output.flatten(2).log_softmax(2)
        crossed = -(draw_blobs(wanted, *output.shape[2:]) * logs).sum(2)
        loss = loss + MAP_WEIGHT * (crossed * known).sum() / count
    return loss + PRESENCE_WEIGHT * F.binary_cross_entropy_with_logits(presence[:, 0], present.float())
