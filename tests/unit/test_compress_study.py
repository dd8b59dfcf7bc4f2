"""`fingerpost compress study`: what few values in one layer cost, on networks made here."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from tests.dots import write_hands

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnx")

from fingerpost.cli import main  # noqa: E402
from fingerpost.learning import training  # noqa: E402
from fingerpost.learning.checkpoints import save_checkpoint  # noqa: E402
from fingerpost.learning.compression import study  # noqa: E402
from fingerpost.learning.datasets import Hands  # noqa: E402
from fingerpost.learning.nets import FingertipMaps, FingertipPoints, ObjectNet  # noqa: E402

SIZE = (64, 48)


class Dots(torch.nn.Module):
    """Finds a dot with one fully connected layer on a picture made small."""

    def __init__(self):
        super().__init__()
        self.points = torch.nn.Linear(16 * 12, 6)

    def embed(self, pictures):
        return torch.nn.functional.avg_pool2d(pictures.mean(1, keepdim=True), 4).flatten(1)

    def forward(self, pictures):
        return self.points(self.embed(pictures)), torch.zeros(len(pictures), 1)


def draw_dots(count, seed):
    """Frames with a dot whose middle is labelled as the tip."""
    places = np.random.default_rng(seed).uniform(0.15, 0.85, (count, 2))
    y, x = np.indices(SIZE[::-1])
    frames = [(40 + 200 * np.exp(-((x - px * 64) ** 2 + (y - py * 48) ** 2) / 18)).astype(np.uint8)
              for px, py in places]
    points = np.full((count, 3, 2), np.nan, np.float32)
    points[:, 0] = places
    return Hands([np.repeat(frame[..., None], 3, axis=2) for frame in frames], points, np.ones(count, bool))


@pytest.fixture(scope="module")
def dots():
    """A network that has learned to find dots, by regularised least squares."""
    net, hands = Dots().eval(), draw_dots(400, seed=1)
    with torch.no_grad():
        seen = net.embed(training.normalise(training.to_tensor(np.stack(hands.pictures), "cpu"))).double().numpy()
        seen = np.hstack([seen, np.ones((len(seen), 1))])
        wanted = np.tile(2 * hands.points[:, 0] - 1, 3)
        solved = np.linalg.solve(seen.T @ seen + 0.1 * np.eye(seen.shape[1]), seen.T @ wanted).T
        net.points.weight.copy_(torch.from_numpy(solved[:, :-1]))
        net.points.bias.copy_(torch.from_numpy(solved[:, -1]))
    return net


def test_sixteen_clusters_are_close_to_untouched_and_two_without_the_smallest_break(dots):
    weight = dots.points.weight.detach().clone()
    versions = study.share_all(weight.numpy(), [2, 3, 8, 16], zero_smallest=True)
    table = study.measure_all(dots, dots.points, versions, [draw_dots(60, seed=2)], SIZE)
    whole, good, broken = table["untouched"], table["16 clusters"], table["2, smallest zero"]
    assert list(table) == ["untouched", *versions]
    assert whole["median_px"] < 8
    assert whole["weight_error"] == whole["moved_px"] == 0
    assert good["median_px"] < whole["median_px"] + 4
    assert broken["median_px"] > 10 * good["median_px"]
    assert broken["rmse"] > 10 * good["rmse"]
    errors = [table[f"{count} clusters"]["weight_error"] for count in (2, 3, 8, 16)]
    assert errors == sorted(errors, reverse=True)
    assert torch.equal(dots.points.weight, weight)  # the network is left as it was


def test_figures_are_those_of_a_known_mistake():
    hands = draw_dots(10, seed=3)
    labels = np.nan_to_num(hands.points)
    seen = labels + np.array([0.01, 0.0])
    ones = torch.ones(2, 8)
    figures = study.describe([hands, hands], [seen, labels], [labels, labels], 1.1 * ones, ones)
    assert figures["weight_error"] == pytest.approx(0.1)
    assert figures["rmse"] == pytest.approx(0.02 / 2, abs=1e-4)  # half the frames, one of two coordinates
    assert figures["mean_px"] == figures["moved_px"] == pytest.approx(3.2)
    assert figures["p95_px"] == pytest.approx(6.4)


def save(path, net, **settings):
    save_checkpoint(path, {"model": net.state_dict(), "settings": settings})
    return path.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What a training would have left, and what it learned from."""
    folder = tmp_path_factory.mktemp("study")
    table = write_hands(folder / "frames", 10)
    torch.manual_seed(0)
    return save(folder / "fingertip.pt", FingertipPoints(), head="fc", image_size=[*SIZE], threshold=0.5,
                data=[f"{table}:pad"], point="tip", hold_out=0.4, validate=[])


def run(folder, *words):
    return main(["compress", "study", str(folder), "--threads", "1", *map(str, words)])


def test_the_command_measures_every_combination_and_draws_it(folder, tmp_path, capsys):
    assert run(folder, "--clusters", "16", "--zero-smallest", "--out", tmp_path / "out", "--json",
               "--data", f"{folder / 'frames' / 'hands.csv'}:pad") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["layer"], figures["outputs"], figures["weights"], figures["n"]) == ("fc", 6, 512, 10)
    names = ["16 clusters", "16, smallest zero"]
    assert list(figures["table"]) == ["untouched", *names]
    for name in names:
        for suffix in (".png", ".svg"):
            assert (tmp_path / "out" / (study.name_picture(name) + suffix)).stat().st_size > 1000
    report = (tmp_path / "out" / "table.md").read_text()
    assert len(re.findall(r"^\| (?:untouched|\d)", report, re.M)) == 3
    linked = re.findall(r"\((.*\.png)\)", report)
    assert len(linked) == 2
    assert all((tmp_path / "out" / name).is_file() for name in linked)


def test_without_data_it_takes_what_the_training_held_out(folder, tmp_path, capsys):
    assert run(folder, "--clusters", "2", "--layer", "presence", "--out", tmp_path) == 0
    printed = capsys.readouterr().out.splitlines()
    assert ["n", "4"] in [line.split() for line in printed]
    assert printed[-1].startswith("            2 clusters")


@pytest.mark.parametrize(("layer", "offered"), [("fcc", "fc"), ("body.layer4.1.conv", "body.layer4.1.conv1"),
                                                ("zzz", "points, presence, fc")])
def test_a_layer_that_is_not_there_gets_the_nearest_names(folder, tmp_path, capsys, layer, offered):
    assert run(folder, "--layer", layer, "--out", tmp_path) == 1
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert repr(layer) in printed
    assert offered in printed


def test_a_network_with_another_head_is_told_what_to_train(tmp_path, capsys):
    save(tmp_path / "fingertip.pt", FingertipMaps(), head="maps", image_size=[*SIZE], threshold=0.5)
    assert run(tmp_path, "--out", tmp_path) == 1
    assert "--head fc" in capsys.readouterr().err


def test_a_network_that_names_things_is_refused(tmp_path, capsys):
    save(tmp_path / "objects.pt", ObjectNet(3), labels=["a", "b", "c"], image_size=64)
    assert run(tmp_path, "--out", tmp_path) == 1
    assert "train fingertip" in capsys.readouterr().err


def test_frames_without_a_label_are_no_measure(folder, tmp_path, capsys):
    (tmp_path / "none.csv").write_text(f"image,x,y\n{folder / 'frames' / '0.png'},,\n")
    assert run(folder, "--data", tmp_path / "none.csv", "--out", tmp_path) == 1
    assert "--data" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "2,x", "300", ""])
def test_numbers_of_clusters_that_make_no_sense_are_refused(folder, tmp_path, capsys, text):
    with pytest.raises(SystemExit):
        run(folder, "--clusters", text, "--out", tmp_path)
    assert "1 to 256" in capsys.readouterr().err
