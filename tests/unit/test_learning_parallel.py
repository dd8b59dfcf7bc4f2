"""Two processes that share a training learn what one learns."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys

import pytest

from tests.dots import parse, write_empty, write_hands

torch = pytest.importorskip("torch")

from fingerpost.core.errors import DataError  # noqa: E402
from fingerpost.learning import parallel  # noqa: E402
from fingerpost.learning.checkpoints import load_checkpoint  # noqa: E402
from fingerpost.learning.pointing import train as fingertip  # noqa: E402


def training_words(folder, out):
    return ["--data", f"{write_hands(folder, 16)}", "--negatives", f"{write_empty(folder / 'empty', 10)}",
            "--init", "shipped", "--scope", "all", "--image-size", "64", "48", "--batch", "8", "--epoch-views", "40",
            "--epochs", "3", "--patience", "1", "--rate", "0.00003", "--hold-out", "0.25",
            "--threads", "1", "--out", f"{out}"]


def process_environment(rank):
    """What torchrun sets for each of two processes, on the loopback interface."""
    return {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
            "GLOO_SOCKET_IFNAME": "lo", "CUDA_VISIBLE_DEVICES": ""}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def last_epoch(out):
    return load_checkpoint(out / "fingertip.pt")["history"][-1]


def worsening(validate):
    """The same figures, but a score that grows with every call, so that patience runs out."""
    calls = itertools.count()
    return lambda *args, **options: {**validate(*args, **options), "score": float(next(calls))}


def test_two_processes_reach_the_loss_of_one_and_lose_patience_together(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(fingertip, "validate", worsening(fingertip.validate))
    fingertip.main(parse(fingertip, *training_words(tmp_path, tmp_path / "one")))

    port = free_port()
    words = training_words(tmp_path, tmp_path / "two")
    second = subprocess.Popen([sys.executable, "-m", "fingerpost", "train", "fingertip", *words],
                              env={**os.environ, **process_environment(1), "MASTER_PORT": port})
    try:
        for name, value in {**process_environment(0), "MASTER_PORT": port}.items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        assert fingertip.main(parse(fingertip, *words)) == 0
        assert second.wait(60) == 0
    finally:
        second.kill()
    assert capfd.readouterr().out.count("epoch") == 2  # only the first process reports
    one, two = last_epoch(tmp_path / "one"), last_epoch(tmp_path / "two")
    assert one["epoch"] == two["epoch"] == 2.0
    assert two["loss"] == pytest.approx(one["loss"], rel=0.02)
    assert two["px0"] == pytest.approx(one["px0"], abs=0.3)  # pixels of 640: the sums of two processes round otherwise
    assert not torch.distributed.is_initialized()


def test_a_single_process_agrees_with_itself():
    assert parallel.is_first()
    assert parallel.agree(0.25) == parallel.average(0.25) == 0.25
    assert list(parallel.own_slice(4)) == [0, 1, 2, 3]


def test_a_batch_that_cannot_be_shared_is_one_clear_line(monkeypatch):
    monkeypatch.setattr(parallel, "count", lambda: 3)
    with pytest.raises(DataError, match="multiple of 3"):
        parallel.own_slice(64)
