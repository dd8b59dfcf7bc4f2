"""`fingerpost models info --compare`: what the networks cost, counted."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("onnx")

from fingerpost.cli import main  # noqa: E402
from fingerpost.learning import comparison  # noqa: E402


@pytest.mark.parametrize("net", comparison.NETS, ids=lambda net: net.name)
def test_the_counts_are_those_of_the_paper(net):
    for ours, theirs in zip(comparison.count(net), net.paper, strict=True):
        assert ours / 1e6 == pytest.approx(theirs, rel=0.035 if net.name == "GoogLeNet" else 0.015)


def test_one_line_per_network(capsys):
    assert main(["models", "info", "--compare"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["MobileNet-V1", "GoogLeNet", "VGG-16", "MobileNet-V1"]
    assert "4,231,976      568,740,352   4.2 M (+0.8%) and 569 M (-0.0%)" in lines[1]
    assert "without its two auxiliary heads" in lines[-2]
