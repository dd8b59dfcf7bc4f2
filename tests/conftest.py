"""Every test keeps its state in a folder of its own session: no test touches what a user has taught."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def _state_folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINGERPOST_STATE", str(tmp_path_factory.mktemp("state")))
        patch.delenv("FINGERPOST_HOME", raising=False)
        yield


@pytest.fixture
def stick(tmp_path):
    """An empty folder that stands for the USB stick."""
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"
