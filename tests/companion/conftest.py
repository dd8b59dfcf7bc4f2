"""A companion page's server for the tests of its entrance, and who comes to it."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    pytest.importorskip("aiohttp", reason="the companion needs fingerpost[companion]")
    pytest.importorskip("cryptography", reason="the companion needs fingerpost[companion]")
    from tests.visitors import run_companion

    with run_companion(tmp_path_factory.mktemp("companion")) as companion:
        (companion.folder / "key.pem").write_text("-----BEGIN PRIVATE KEY-----")
        yield companion


@pytest.fixture
def helper(running):
    """A browser that has paired, at a time when nothing is held against anybody."""
    running.await_code()
    return running.visitor()


@pytest.fixture
def stranger(running):
    """A browser that has not."""
    running.clock.at += 100.0
    return running.visitor(paired=False)
