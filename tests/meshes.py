"""The hand mesh, which tests do not fetch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fingerpost.learning.rendering import fetch


def need_mesh():
    """Skips the test where this machine has no hand mesh yet."""
    folder = Path(os.environ.get("FINGERPOST_HAND_MESH") or fetch.cache_folder())
    if not all((folder / name).is_file() for name in fetch.SHA256):
        pytest.skip("no hand mesh here; `fingerpost data walk --out DIR` fetches it")
