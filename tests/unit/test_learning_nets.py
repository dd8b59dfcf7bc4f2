"""The networks: shapes, scopes, starting points, and what the export makes of them."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from fingerpost.core.errors import ModelError  # noqa: E402
from fingerpost.inference.onnx import OnnxBackend  # noqa: E402
from fingerpost.learning import export, quantisation  # noqa: E402
from fingerpost.learning.checkpoints import save_checkpoint  # noqa: E402
from fingerpost.learning.nets import (  # noqa: E402
    FingertipMaps,
    FingertipPoints,
    ObjectNet,
    fill_folded,
    initialise,
    limit_scope,
    set_training,
)
from fingerpost.learning.shipped import read_weights  # noqa: E402
from fingerpost.models import ModelStore  # noqa: E402

PICTURE = (1, 3, 120, 160)


def save(path, net, **settings):
    save_checkpoint(path, {"model": net.state_dict(), "settings": settings})
    return path


def disturb(net):
    """Weights and statistics such as a training leaves, where a new network has zeros and ones."""
    generator = torch.Generator().manual_seed(0)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
            torch.nn.init.normal_(module.bias, generator=generator)
    if isinstance(net, FingertipMaps):
        torch.nn.init.normal_(net.presence_at_tip.weight, generator=generator)
    return net.eval()


def test_maps_have_stride_8_and_the_textbook_head_has_6_coordinates():
    maps, presence = FingertipMaps().eval()(torch.zeros(PICTURE))
    points, _ = FingertipPoints().eval()(torch.zeros(PICTURE))
    assert maps.shape == (1, 3, 15, 20)
    assert presence.shape == (1, 1)
    assert points.shape == (1, 6)


def test_the_object_net_gives_logits_and_embedding():
    logits, embedding = ObjectNet(82).eval()(torch.zeros(2, 3, 64, 64))
    assert logits.shape == (2, 82)
    assert embedding.shape == (2, 512)


@pytest.mark.parametrize(("scope", "learning"), [("head", {"head"}), ("last", {"head", "body.layer4"})])
def test_scope_freezes_the_rest_and_its_batch_norm(scope, learning):
    net = ObjectNet(3)
    limit_scope(net, scope)
    names = {name for name, parameter in net.named_parameters() if parameter.requires_grad}
    assert all(any(name.startswith(part) for part in learning) for name in names)
    assert any(name.startswith("body.layer4") for name in names) == (scope == "last")
    set_training(net)
    assert not net.body.bn1.training
    assert net.body.layer4[0].bn1.training == (scope == "last")


def test_a_checkpoint_of_the_other_network_gives_its_body(tmp_path):
    objects = ObjectNet(3)
    path = save(tmp_path / "objects.pt", objects)
    fingertip = FingertipMaps()
    initialise(fingertip, str(path))
    assert torch.equal(fingertip.body.conv1.weight, objects.body.conv1.weight)


def test_a_missing_checkpoint_is_one_clear_line(tmp_path):
    with pytest.raises(ModelError, match="--init"):
        initialise(ObjectNet(3), str(tmp_path / "nothing.pt"))


def test_no_network_for_the_torchvision_weights_is_one_clear_line(monkeypatch):
    def fail(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr("fingerpost.learning.nets.ResNet18_Weights.get_state_dict", fail)
    with pytest.raises(ModelError, match="--init scratch"):
        initialise(ObjectNet(3), "torchvision")


def test_folding_batch_norm_changes_nothing():
    net = disturb(FingertipMaps())
    picture = torch.randn(PICTURE)
    folded = export.fold_batch_norm(net)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    torch.testing.assert_close(folded(picture)[0], net(picture)[0], rtol=1e-3, atol=1e-3)


def assert_same_as_onnx(net, path, shape):
    picture = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    with torch.no_grad():
        outputs = net.eval()(torch.from_numpy(picture))
    with OnnxBackend(path) as backend:
        said = backend.run(picture)
    for wanted, given in zip(said, outputs):
        np.testing.assert_allclose(given.numpy(), wanted, atol=1e-3 * max(1.0, np.abs(wanted).max()))


@pytest.mark.parametrize("kind", [FingertipMaps, FingertipPoints, partial(ObjectNet, 3)])
def test_packed_weights_come_back_as_a_torch_network(tmp_path, kind):
    net = export.fold_batch_norm(disturb(kind()))
    if isinstance(net, ObjectNet):
        net.centre = torch.rand(512)
    shape = (1, 3, 48, 64)
    export.export(export.Finished("net", net, shape, ["first", "second"], None, None), tmp_path / "whole.onnx")
    export.pack(tmp_path / "whole.onnx", tmp_path / "packed.onnx")
    again = disturb(kind())
    fill_folded(again, read_weights(tmp_path / "packed.onnx"))
    assert_same_as_onnx(again, tmp_path / "packed.onnx", shape)


@pytest.mark.parametrize("name", ["fingertip", "objects"])
def test_the_shipped_weights_say_what_the_shipped_model_says(name):
    info = ModelStore().load(name)
    net = FingertipMaps() if name == "fingertip" else ObjectNet(len(info.labels))
    assert initialise(net, "shipped") is True
    assert_same_as_onnx(net, info.path, info.input)


def test_shipped_weights_without_their_head_start_other_classes():
    known, other = ObjectNet(len(ModelStore().info("objects").labels)), ObjectNet(3)
    initialise(known, "shipped")
    initialise(other, "shipped")
    assert torch.equal(other.body.conv1.weight, known.body.conv1.weight)
    assert torch.equal(other.body.bn1.bias, known.body.bn1.bias)


def test_a_damaged_network_is_one_clear_line(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match="models verify"):
        read_weights(tmp_path / "net.onnx")


def test_frozen_norms_stay_frozen_through_a_checkpoint(tmp_path):
    assert initialise(ObjectNet(3), str(save(tmp_path / "frozen.pt", ObjectNet(3), freeze_norms=True))) is True
    assert initialise(ObjectNet(3), str(save(tmp_path / "free.pt", ObjectNet(3)))) is False
    net = ObjectNet(3)
    set_training(net, freeze_norms=True)
    assert net.training
    assert not any(module.training for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d))


def test_export_packs_to_a_quarter_and_says_what_it_is(tmp_path):
    labels = ["Apple", "Leek", "other"]
    save(tmp_path / "objects.pt", ObjectNet(3), labels=labels, image_size=64, temperature=2.0)
    parser = export.argparse.ArgumentParser()
    export.add_arguments(parser)
    assert export.main(parser.parse_args([str(tmp_path), "--out", str(tmp_path / "models")])) == 0
    entry = json.loads((tmp_path / "models" / "manifest.json").read_text())["models"][0]
    assert entry["labels"] == labels
    assert entry["input"] == [1, 3, 64, 64]
    assert entry["bytes"] <= 11.9e6
    assert entry["parameters"] == pytest.approx(11.18e6, rel=0.01)
    picture = np.random.default_rng(0).normal(size=(1, 3, 64, 64)).astype(np.float32)
    packed = export.run_onnx(tmp_path / "models" / "objects.onnx", picture)
    with torch.no_grad():
        whole = export.finish(tmp_path / "objects.pt").net(torch.from_numpy(picture))
    assert np.abs(packed[1] - whole[1].numpy()).max() < 0.05 * np.abs(whole[1].numpy()).max()


def test_quantised_weights_are_within_half_a_step():
    weight = np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32)
    bytes_, scale = quantisation.quantise(weight)
    assert np.abs(bytes_ * scale[:, None, None, None] - weight).max() <= 0.5 * scale.max() + 1e-7


def test_multiply_adds_of_resnet18_are_the_known_ones():
    _, multiply_adds = export.count_cost(ObjectNet(1000).eval(), (1, 3, 224, 224))
    assert multiply_adds == pytest.approx(1.814e9, rel=0.01)  # He et al., 2015: 1.8e9


@pytest.mark.parametrize("head", ["maps", "fc"])
def test_fingertip_exports_and_runs_without_torch(tmp_path, head):
    net = FingertipMaps() if head == "maps" else FingertipPoints()
    save(tmp_path / "fingertip.pt", net, image_size=[160, 120], head=head, threshold=0.4)
    finished = export.finish(tmp_path / "fingertip.pt")
    export.export(finished, tmp_path / "whole.onnx")
    output, presence = export.run_onnx(tmp_path / "whole.onnx", np.zeros(PICTURE, np.float32))
    assert output.shape == ((1, 3, 15, 20) if head == "maps" else (1, 6))
    assert presence.shape == (1, 1)
    assert finished.threshold == 0.4
