"""Machines with a fake TensorRT."""

from __future__ import annotations

import pytest

from tests.fakes.tensorrt_desk import GENERATIONS
from tests.fakes.tensorrt_machine import Machine


@pytest.fixture(params=GENERATIONS)
def desk(request, monkeypatch, tmp_path):
    """A machine with each generation of TensorRT."""
    desk = Machine(monkeypatch, tmp_path, request.param)
    yield desk
    desk.close()


@pytest.fixture
def nano(monkeypatch, tmp_path):
    """A machine as the first Jetson Nano."""
    desk = Machine(monkeypatch, tmp_path)
    yield desk
    desk.close()
