"""Where the finger points: the fingertip network and the decoding of its maps."""

from __future__ import annotations

from typing import Optional, Tuple

import cv2
import numpy as np

from ..core.ports import Backend
from ..core.types import Fingertip
from ..models import ModelInfo
from .heirs import Heritable
from .offset import TipOffset
from .preprocess import to_input

TIP, PAD, KNUCKLE = 0, 1, 2


def soft_argmax(logits: np.ndarray) -> Tuple[float, float]:
    """The peak of one map as (x, y) in [0, 1] of the picture.

    The peak cell is the argmax of the 3x3 average, so that a single hot cell does not win against a
    blob; the position is the mean of the 5x5 cells around it under the softmax of `logits` (height, width).
    """
    height, width = logits.shape
    smooth = cv2.blur(logits, (3, 3), borderType=cv2.BORDER_REPLICATE)
    row, column = divmod(int(smooth.argmax()), width)
    top, left = max(0, row - 2), max(0, column - 2)
    window = logits[top:row + 3, left:column + 3]
    weights = np.exp(window - window.max())
    weights /= weights.sum()
    y = top + float(weights.sum(axis=1) @ np.arange(window.shape[0]))
    x = left + float(weights.sum(axis=0) @ np.arange(window.shape[1]))
    return (x + 0.5) / width, (y + 0.5) / height


def decode_points(output: np.ndarray) -> np.ndarray:
    """The network's first output as points (3, 2) in [0, 1]: tip, pad, knuckle.

    Takes heat maps (1, 3, h, w) of the soft-argmax head, or (1, 6) coordinates in [-1, 1] of the
    fully connected one.
    """
    if output.ndim == 4:
        return np.array([soft_argmax(channel) for channel in output[0]], dtype=np.float64)
    return (output.reshape(3, 2).astype(np.float64) + 1.0) / 2.0


class FingertipFinder(Heritable["FingertipFinder"]):
    """Finds the pointing finger in a frame."""

    def __init__(self, backend: Backend, info: ModelInfo, threshold: Optional[float] = None):
        """`threshold` is the presence probability from which a hand counts; by default the model's own."""
        super().__init__(backend, info)
        self.threshold = (info.threshold or 0.5) if threshold is None else threshold
        self.offset: Optional[TipOffset] = None
        """The wearer's own correction of the tip, where there is one."""

    def locate(self, pixels: np.ndarray) -> Tuple[np.ndarray, float]:
        """Tip, pad and knuckle in frame pixels, float64 (3, 2), and the probability that a hand points."""
        height, width = self._info.input[2:]
        array = to_input(pixels, (width, height), self._info.mean, self._info.std)
        output, presence = self._backend.run(array)
        points = decode_points(output) * (pixels.shape[1], pixels.shape[0])
        return points, float(1.0 / (1.0 + np.exp(-np.float64(presence.ravel()[0]))))

    def find(self, pixels: np.ndarray) -> Optional[Fingertip]:
        """The fingertip, or None when no hand points. `pixels` is RGB uint8 (H, W, 3)."""
        tip = self.guess(pixels)
        return tip if tip.confidence >= self.threshold else None

    def guess(self, pixels: np.ndarray) -> Fingertip:
        """Where the fingertip would be if a hand points; `confidence` is the probability that one does."""
        points, confidence = self.locate(pixels)
        x, y = points[TIP].tolist()
        dx, dy = (points[TIP] - points[KNUCKLE]).tolist()
        length = float(np.hypot(dx, dy))
        # Straight up when tip and knuckle coincide: most fingers do point away from the wearer.
        direction = (dx / length, dy / length) if length > 1e-6 else (0.0, -1.0)
        tip = Fingertip(x, y, direction, confidence, length)
        return tip if self.offset is None else self.offset.correct(tip)

    def _become(self, heir: FingertipFinder) -> None:
        self.threshold = heir.threshold
