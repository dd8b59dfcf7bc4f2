"""A plain torchvision ResNet-18 from a .pth file, for measuring only: the weights that one would start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Tuple

import numpy as np

from ...core.errors import ModelError
from ...core.ports import Backend
from ...models import ModelInfo
from ...vision.heads import TaughtHead
from ...vision.recognise import Recogniser

SIDE = 224
"""Pixels of the square input that torchvision's weights were trained with."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class PlainBackend(Backend):
    """The network behind the port of the wearable: logits, and the pooled features less `centre` as embedding."""

    def __init__(self, path: Path, threads: int) -> None:
        self._path, self._threads = path, threads
        self._body: Any = None
        self._head: Any = None
        self.centre = np.zeros(512, np.float32)

    def open(self) -> None:
        """Read the weights, at whatever precision. Raises ModelError for a file of another kind."""
        import torch
        from torchvision.models import resnet18

        torch.set_num_threads(self._threads)
        net = resnet18().eval()
        try:
            weights = torch.load(self._path, map_location="cpu", weights_only=True)
            net.load_state_dict({key: value.float() if value.is_floating_point() else value
                                 for key, value in weights.items()})
        except Exception as error:  # foreign bytes trip the reader in many ways: UnpicklingError, RuntimeError ...
            raise ModelError(f"{self._path} holds no torchvision ResNet-18: give its state dictionary") from error
        *body, self._head = net.children()
        self._body = torch.nn.Sequential(*body)

    def run(self, array: np.ndarray) -> Tuple[np.ndarray, ...]:
        """Logits (1, 1000) and embedding (1, 512) of an input (1, 3, H, W)."""
        import torch

        with torch.no_grad():
            features = self._body(torch.from_numpy(array)).flatten(1)
            return self._head(features).numpy(), features.numpy() - self.centre


def wrap_plain(backend: PlainBackend, squares: list[np.ndarray]) -> Recogniser:
    """A recogniser around an open backend, whose centre becomes the mean embedding of some RGB uint8 pictures."""
    info = ModelInfo("plain", Path(), "", 0, (1, 3, SIDE, SIDE), MEAN, STD, ("logits", "embedding"), None, None, 0, 0,
                     "", "", {}, "")
    recogniser = Recogniser(backend, info, TaughtHead())
    backend.centre = np.mean([recogniser.embed(square)[1] for square in squares], axis=0)
    return recogniser
