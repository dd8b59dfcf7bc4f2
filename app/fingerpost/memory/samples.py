"""One sample as it is kept: the picture as PNG, its embedding as little-endian float32, and a checksum over both."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple, Optional

import cv2
import numpy as np

from ..core.errors import StoreError
from ..core.types import Clip, Quality

LONGEST_SIDE = 768
"""Of the pictures that are kept, in pixels. No crop of the camera is that long, and the network sees less; but a photo
of 12 million pixels would fill the card, and no archive would hold many of them."""


class Sample(NamedTuple):
    """What is known of one look at a thing."""

    backbone: str
    """sha256 of the model that made the embedding."""
    embedding: bytes
    crop: bytes
    taken_at: Optional[float] = None
    """Unix seconds; None where nobody noted it."""
    quality: Optional[str] = None
    """The crop's Quality as JSON; None where nobody noted it."""

    @property
    def checksum(self) -> str:
        """sha256 of `backbone`, `taken_at` and `quality`, each with a line end, then the embedding and the crop."""
        digest = hashlib.sha256(f"{self.backbone}\n{self.taken_at}\n{self.quality}\n".encode())
        digest.update(self.embedding)
        digest.update(self.crop)
        return digest.hexdigest()


COLUMNS = ", ".join(Sample._fields)
"""The columns of the samples table that make a Sample."""


def make_sample(crop: np.ndarray, embedding: np.ndarray, backbone: str, quality: Optional[Quality] = None,
                taken_at: Optional[float] = None) -> Sample:
    """The sample of an RGB uint8 crop and its embedding, float32 (d,). Raises StoreError."""
    return Sample(backbone, pack(embedding), encode_crop(crop), None if taken_at is None else float(taken_at),
                  None if quality is None else json.dumps(vars(quality)))


def encode_crop(crop: np.ndarray) -> bytes:
    """An RGB uint8 picture as PNG, shrunk to LONGEST_SIDE where it is longer. Raises StoreError."""
    height, width = crop.shape[:2]
    scale = LONGEST_SIDE / max(height, width, 1)
    if scale < 1.0:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        crop = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    done, encoded = cv2.imencode(".png", np.ascontiguousarray(crop[:, :, ::-1]))
    if not done:
        raise StoreError("the sample's picture could not be encoded; take it again")
    return encoded.tobytes()


def decode_crop(data: object) -> Optional[np.ndarray]:
    """The RGB uint8 picture in a PNG; None when it is none."""
    if not isinstance(data, bytes):
        return None
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if decoded is None else np.ascontiguousarray(decoded[:, :, ::-1])


def pack(embedding: np.ndarray) -> bytes:
    """An embedding as little-endian float32."""
    return np.asarray(embedding).astype("<f4").tobytes()


def unpack(data: object) -> Optional[np.ndarray]:
    """The embedding, float32 (d,); None when it is none: no bytes, an odd number of them, or not finite."""
    if not isinstance(data, bytes) or not data or len(data) % 4:
        return None
    embedding = np.frombuffer(data, "<f4")
    return embedding if np.isfinite(embedding).all() else None


def pack_label(clip: Clip) -> bytes:
    """The sound of a label as little-endian int16."""
    return np.asarray(clip.samples).astype("<i2").tobytes()


def label_checksum(rate: int, data: bytes) -> str:
    """sha256 of a label's rate, with a line end, and its sound."""
    return hashlib.sha256(f"{rate}\n".encode() + data).hexdigest()


def unpack_label(rate: int, data: bytes, checksum: str) -> Optional[Clip]:
    """The clip of a label; None when it is spoilt."""
    sound = isinstance(data, bytes) and label_checksum(rate, data) == checksum
    return Clip(np.frombuffer(data, "<i2"), rate) if sound else None
