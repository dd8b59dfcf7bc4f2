"""What the companion page asks of the eyes. It holds pictures, so the decision (core/actions.py) does not ask it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple, Union

import numpy as np


@dataclass(frozen=True, eq=False)
class TeachThing:
    """Learn a thing of that name from pictures, RGB uint8 (height, width, 3), apart from any samples that wait."""

    name: str
    pictures: Tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Reread:
    """Another process has changed what was taught: read it again."""


PageRequest = Union[TeachThing, Reread]
