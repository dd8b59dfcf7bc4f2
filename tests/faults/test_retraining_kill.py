"""kill -9 during `train taught`: a whole model is live, the one before or the one that passed; what was taught is as it
was; no process goes on training; and what is left behind does not hinder the next run.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
from functools import partial

import numpy as np
import pytest

from tests.dots import parse, write_dot
from tests.generations import ENTRY, install, open_models, read_live
from tests.kills import KILLS, Victim, live_until_killed, patient, work_until_killed
from tests.teaching_day import read_state

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from fingerpost.home import state_home  # noqa: E402
from fingerpost.inference.onnx import OnnxBackend  # noqa: E402
from fingerpost.installed import InstalledModels  # noqa: E402
from fingerpost.learning import export  # noqa: E402
from fingerpost.learning.naming import retrain  # noqa: E402
from fingerpost.memory.objects import ObjectStore  # noqa: E402
from tests.retraining import settle, ship_network, teach_mug, write_data  # noqa: E402

WHOLE_RUNS = max(1, KILLS // 25)
"""How many runs are killed in which the training is real too: each takes seconds."""
PHASES = ("lay_out", "run_apart", "run_apart", "examine", "examine", "main")
"""The functions of a run in the order in which they end."""


def arguments(folder, *words):
    return parse(retrain, "--data", folder / "data", "--threads", 1, *words)


def read_taught():
    """All that was taught, of which nothing may be broken."""
    with ObjectStore(state_home() / "objects.sqlite") as store:
        assert store.verify() == []
        return read_state(store)


def run_live(models):
    """Run the live network once; all models must be whole."""
    assert all(problem is None for _, problem in models.verify())
    info = models.load("objects")
    with OnnxBackend(info.path, threads=1) as backend:
        assert all(np.isfinite(output).all() for output in backend.run(np.zeros(info.input, np.float32)))


# The training is replaced by a network that is ready: so all the rest of a run can be killed often.

def make_network(number):
    """A tiny network as the bytes of an ONNX file, of which no two are alike: it adds up each colour."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weights = [onnx.numpy_helper.from_array(np.float32([[1, 0], [0, 1], [0, 1]]), "weights"),
               onnx.numpy_helper.from_array(np.array([1, 3]), "shape")]
    nodes = [helper.make_node("GlobalAveragePool", ["picture"], ["colours"]),
             helper.make_node("Reshape", ["colours", "shape"], ["embedding"]),
             helper.make_node("MatMul", ["embedding", "weights"], ["logits"])]
    graph = helper.make_graph(nodes, "tiny", [helper.make_tensor_value_info("picture", kind, ENTRY["input"])],
                              [helper.make_tensor_value_info(name, kind, None) for name in ENTRY["outputs"]], weights)
    opset = helper.make_opsetid("", 13)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8, doc_string=str(number)).SerializeToString()


def retrain_to(content, args):
    """A run whose training ends with a network of that content."""
    def hand_over(args, live, room):
        (room / "model").mkdir()
        (room / "model" / "objects.onnx").write_bytes(content)
        file = {"file": "objects.onnx", "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        export.write_entry(room / "model" / "manifest.json", {**ENTRY, **file})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrain, "retrain", hand_over)
        assert retrain.main(args) == 0


@patient
def test_kill_9_around_the_training_leaves_a_whole_model_live(tmp_path, monkeypatch):
    models = open_models(tmp_path, monkeypatch)
    install(models, make_network("first"))
    for number in range(6):
        write_dot(tmp_path / "data" / "Kiwi" / f"{number}.png", 20 + number, 24)
    teach_mug()
    taught, args, dice = read_taught(), arguments(tmp_path), random.Random(0)
    for kill in range(KILLS):
        contents = [read_live(models), *(make_network(f"{kill} {number}") for number in range(3))]
        steps = [partial(retrain_to, content, args) for content in contents[1:]]
        done = live_until_killed(steps, dice, 3, 0.05)
        assert read_live(models) in contents[done:done + 2], f"kill {kill}"
        run_live(models)
        assert read_taught() == taught
    retrain_to(make_network("last"), args)
    assert read_live(models) == make_network("last")
    assert not (state_home() / "retraining").exists()


# The training is real.

@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return ship_network(tmp_path_factory.mktemp("network"))


@pytest.fixture
def home(network, tmp_path, monkeypatch):
    """A home in which a network ships that learns in seconds, and where every network passes the examination."""
    monkeypatch.setattr(retrain, "NICENESS", 0)  # a test must not wait for whatever else runs here
    monkeypatch.setattr(retrain, "is_no_worse", lambda new, live: True)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    return settle(network, tmp_path, monkeypatch)


def run_whole(home, seed, acknowledge):
    """A run that acknowledges each of its PHASES; no two seeds give the same network."""
    def announced(function):
        def announce(*given):
            result = function(*given)
            acknowledge()
            return result
        return announce

    with pytest.MonkeyPatch.context() as patch:
        for name in set(PHASES):
            patch.setattr(retrain, name, announced(getattr(retrain, name)))
        options = ["--", "--epochs", 1, "--batch", 8, "--hold-out", 0.2, "--seed", seed]
        assert retrain.main(arguments(home, "--scope", "last", *options)) == 0


@pytest.mark.timeout(300 * (WHOLE_RUNS + 1))  # a run loads torch twice, on a machine that may be busy
def test_kill_9_during_a_whole_run_leaves_a_whole_model_live(home):
    write_data(home / "data")
    teach_mug()
    models, taught = InstalledModels(), read_taught()
    dice = random.Random(124)  # the first kill comes during the export, the second during the training
    for seed in range(WHOLE_RUNS):
        before = models.generations("objects")
        done = work_until_killed(partial(run_whole, home, seed), dice, len(PHASES), 2.0)
        after = models.generations("objects")
        assert after[int(after != before)] == before[0], "more than one network went live, or the old one is lost"
        assert after == before or done >= len(PHASES) - 1, "live before it was examined"
        assert after != before or done < len(PHASES)
        run_live(models)
        assert read_taught() == taught
        assert not list((home / "temporary").iterdir())
    before = models.load("objects")
    run_whole(home, WHOLE_RUNS, lambda: None)
    assert models.generations("objects")[1] == before
    assert not (state_home() / "retraining").exists()


def test_a_training_whose_parent_dies_first_does_not_begin(tmp_path, monkeypatch):
    def lose_parent(step):
        parent = os.getppid()
        os.kill(parent, signal.SIGKILL)
        while os.getppid() == parent:
            time.sleep(0.001)

    monkeypatch.setattr(os, "nice", lose_parent)
    victim = Victim(lambda acknowledge: retrain.run_apart(["--version"], 1000, tmp_path))
    victim.wait()
    assert victim.kill() == 0
