"""One run of a network that tells classes apart."""

from __future__ import annotations

from typing import Tuple

import numpy as np

from ..core.ports import Backend
from ..models import ModelInfo
from .preprocess import to_input


def classify(backend: Backend, info: ModelInfo, crop: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Class probabilities (n,), in the order of `info.labels`, and the embedding (d,) of an RGB uint8 crop."""
    height, width = info.input[2:]
    logits, embedding = backend.run(to_input(crop, (width, height), info.mean, info.std))
    exponentials = np.exp(logits[0].astype(np.float64) - logits.max())
    return exponentials / exponentials.sum(), embedding[0]
