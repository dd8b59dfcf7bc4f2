"""The detectors: shapes, loss, starting points, and what the export makes of them."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from torchvision.models.detection import ssdlite320_mobilenet_v3_large  # noqa: E402
from torchvision.models.detection._utils import BoxCoder  # noqa: E402
from torchvision.ops import box_convert  # noqa: E402

from fingerpost.cli import main  # noqa: E402
from fingerpost.core.errors import ModelError  # noqa: E402
from fingerpost.learning import export  # noqa: E402
from fingerpost.learning.checkpoints import save_checkpoint  # noqa: E402
from fingerpost.learning.detection import starts  # noqa: E402
from fingerpost.learning.detection.mobilenet import MobileNetV1Classifier  # noqa: E402
from fingerpost.learning.detection.ssd import NETS, build_detector  # noqa: E402
from fingerpost.learning.nets import fill_folded, limit_scope  # noqa: E402
from fingerpost.learning.shipped import read_weights  # noqa: E402
from fingerpost.vision.detect import make_anchors  # noqa: E402
from fingerpost.vision.preprocess import to_input  # noqa: E402

SIDE = 64
TENSORRT_8_2 = {"Clip", "Concat", "Constant", "Conv", "HardSigmoid", "Identity", "Mul", "Add", "Relu", "Reshape",
                "Transpose", "GlobalAveragePool"}
"""The operators of our graphs, all among those that the ONNX parser of TensorRT 8.2 supports without conditions on
shapes known only at run time (onnx-tensorrt, docs/operators.md of release 8.2)."""


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def build(net="ssd-mobilenet-v1", classes=3):
    return build_detector(net, classes, 0.25, SIDE)


def disturb(net):
    """Statistics such as a training leaves, where a new network has zeros and ones."""
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.1)
    return net.eval()


def look(net, side=SIDE):
    """What the network says of a picture drawn at random."""
    with torch.no_grad():
        return net.eval()(torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(1)))


def assert_same(given, wanted, tolerance=1e-4):
    for ours, theirs in zip(given, wanted, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs),
                                   atol=tolerance * max(1.0, float(np.abs(np.asarray(theirs)).max())))


@pytest.mark.parametrize(("name", "side", "count"), [("ssd-mobilenet-v1", 300, 2278), ("ssdlite320", 320, 3234)])
def test_every_place_of_six_levels_speaks_of_each_of_its_anchors(name, side, count):
    net = build_detector(name, 2, 0.25)
    assert net.side == side
    assert net.anchors["grids"] == [-(-side // 16), 10, 5, 3, 2, 1]
    deltas, logits = look(net, side)
    assert deltas.shape == (1, count, 4)
    assert logits.shape == (1, count, 3)


@pytest.mark.parametrize("name", NETS)
def test_the_wearable_makes_the_anchors_from_their_description(name):
    net = build(name)
    ours = make_anchors(json.loads(json.dumps(net.anchors)), SIDE)
    theirs = box_convert(net.boxes, "xyxy", "cxcywh").numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def answer(net, boxes, labels):
    """Deltas and logits that say of every anchor exactly what a target wants it to say."""
    match = net.match(boxes)
    taken = match >= 0
    deltas, logits = torch.zeros(1, len(net.boxes), 4), torch.zeros(1, len(net.boxes), 4)
    deltas[0, taken] = BoxCoder((10.0, 10.0, 5.0, 5.0)).encode_single(boxes[match[taken]], net.boxes[taken])
    logits[0, :, 0] = 20.0
    logits[0, taken, 0] = 0.0
    logits[0, taken, labels[match[taken]]] = 20.0
    return deltas, logits


def test_who_says_what_the_targets_say_loses_nothing_and_finds_them():
    net = build()
    boxes, labels = torch.tensor([[4.0, 6.0, 40.0, 30.0], [30.0, 30.0, 60.0, 62.0]]), torch.tensor([2, 1])
    deltas, logits = answer(net, boxes, labels)
    target = [{"boxes": boxes, "labels": labels}]
    assert net.loss(deltas, logits, target) < 1e-4
    assert net.loss(deltas, logits.roll(1, 2), target) > 1.0
    assert net.loss(deltas + 0.5, logits, target) > 0.1
    found = net.detect(deltas, logits)[0]
    order = found["labels"].argsort(descending=True)
    assert found["labels"][order].tolist() == [2, 1]
    np.testing.assert_allclose(found["boxes"][order], boxes, atol=1e-3)


def test_a_picture_without_things_has_no_loss_and_can_be_learned_from():
    net = build()
    nothing = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}
    loss = net.loss(*net(torch.randn(2, 3, SIDE, SIDE)), [nothing, nothing])
    loss.backward()
    assert loss == 0


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize(("scope", "parts"), [("head", set()), ("last", {"layer4"})])
def test_scope_freezes_the_body(name, scope, parts):
    net = build(name)
    limit_scope(net, scope)
    learning = {key for key, parameter in net.named_parameters() if parameter.requires_grad}
    assert {key.split(".")[1] for key in learning if key.startswith("body.")} == parts
    assert {key.split(".")[0] for key in learning} >= {"extra", "head"}


def save(path, name, net, labels):
    settings = {"kind": "detector", "net": name, "labels": labels, "width": 0.25, "image_size": SIDE}
    save_checkpoint(path, {"model": net.state_dict(), "settings": settings})


@pytest.mark.parametrize("name", NETS)
def test_export_packs_a_graph_for_tensorrt_and_says_what_it_is(tmp_path, name):
    net = disturb(build(name))
    labels = ["cup", "key", "pen"]
    save(tmp_path / "detector.pt", name, net, labels)
    parser = export.argparse.ArgumentParser()
    export.add_arguments(parser)
    assert export.main(parser.parse_args([str(tmp_path), "--out", str(tmp_path / "models")])) == 0
    entry = json.loads((tmp_path / "models" / "manifest.json").read_text())["models"][0]
    assert entry["name"] == "detector"
    assert entry["outputs"] == ["boxes", "scores"]
    assert entry["labels"] == labels
    assert entry["mean"] == entry["std"] == [0.5, 0.5, 0.5]
    assert entry["anchors"] == net.anchors
    picture = np.random.default_rng(0).normal(size=(1, 3, SIDE, SIDE)).astype(np.float32)
    packed = export.run_onnx(tmp_path / "models" / "detector.onnx", picture)
    with torch.no_grad():
        whole = net(torch.from_numpy(picture))
    assert_same(packed, whole, 0.1)
    graph = onnx.load(tmp_path / "models" / "detector.onnx").graph
    assert {node.op_type for node in graph.node} <= TENSORRT_8_2 | {"DequantizeLinear"}


@pytest.mark.parametrize("name", NETS)
def test_the_graph_says_what_torch_says_and_its_weights_come_back(tmp_path, name):
    net = disturb(build(name))
    save(tmp_path / "detector.pt", name, net, ["cup", "key", "pen"])
    finished = export.finish(tmp_path / "detector.pt")
    export.export(finished, tmp_path / "whole.onnx")
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in finished.net.modules())
    picture = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    assert_same(export.run_onnx(tmp_path / "whole.onnx", picture.numpy()), look(net))
    model = onnx.load(tmp_path / "whole.onnx")
    assert model.opset_import[0].version == 13
    assert {node.op_type for node in model.graph.node} <= TENSORRT_8_2
    again = build(name)
    fill_folded(again, read_weights(tmp_path / "whole.onnx"))
    assert_same(look(again), look(net))


def test_a_calibrated_export_computes_in_bytes_and_says_nearly_the_same(tmp_path, capfd):
    net = disturb(build())
    save(tmp_path / "detector.pt", "ssd-mobilenet-v1", net, ["cup", "key", "pen"])
    pictures = np.random.default_rng(0).integers(0, 256, (4, SIDE, SIDE, 3), np.uint8)
    (tmp_path / "pictures").mkdir()
    for index, picture in enumerate(pictures):
        cv2.imwrite(str(tmp_path / "pictures" / f"{index}.png"), picture[..., ::-1])
    assert main(["export", str(tmp_path), "--out", str(tmp_path), "--calibrate", str(tmp_path / "pictures")]) == 0
    assert capfd.readouterr().err == ""
    graph = onnx.load(tmp_path / "detector.onnx").graph
    assert [node.op_type for node in graph.node].count("QuantizeLinear") >= 40
    picture = to_input(pictures[0], (SIDE, SIDE), (0.5,) * 3, (0.5,) * 3)
    with torch.no_grad():
        whole = net(torch.from_numpy(picture))
    for ours, theirs in zip(export.run_onnx(tmp_path / "detector.onnx", picture), whole, strict=True):
        assert np.corrcoef(ours.ravel(), theirs.numpy().ravel())[0, 1] > 0.98
    again = build()
    fill_folded(again, read_weights(tmp_path / "detector.onnx"))
    assert_same(look(again), look(net), 0.1)


def test_torchvisions_weights_say_what_torchvision_says():
    theirs = disturb(ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=4))
    ours = build("ssdlite320")
    starts.fill_torchvision(ours, theirs.state_dict())
    with torch.no_grad():
        picture = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
        said = theirs.head(list(theirs.backbone(picture).values()))
    assert_same(look(ours), [said["bbox_regression"], said["cls_logits"]])
    others = build("ssdlite320", classes=7)
    starts.fill_torchvision(others, theirs.state_dict())
    assert torch.equal(others.body.layer4[0][0][0].weight, ours.body.layer4[0][0][0].weight)
    with pytest.raises(ModelError, match="ssdlite320"):
        starts.fill_torchvision(build(), theirs.state_dict())


def test_timms_weights_start_the_other_network(monkeypatch):
    theirs = disturb(MobileNetV1Classifier(10, 0.25))
    monkeypatch.setitem(sys.modules, "timm", SimpleNamespace(create_model=lambda name, pretrained: theirs))
    net = build()
    assert starts.initialise(net, "timm") is False
    picture = torch.randn(1, 3, SIDE, SIDE)
    with torch.no_grad():
        assert_same(net.eval().body(picture), theirs.body(picture), 1e-6)


def test_weights_that_cannot_be_had_are_one_clear_line(monkeypatch, tmp_path):
    def fail(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(starts.COCO.__class__, "get_state_dict", fail)
    with pytest.raises(ModelError, match="--init scratch"):
        starts.initialise(build("ssdlite320"), "torchvision")
    monkeypatch.setitem(sys.modules, "timm", SimpleNamespace(create_model=fail))
    with pytest.raises(ModelError, match="--init scratch"):
        starts.initialise(build(), "timm")
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ModelError, match="pip install timm"):
        starts.initialise(build(), "timm")
    with pytest.raises(ModelError, match="--init"):
        starts.initialise(build(), str(tmp_path / "nothing.pt"))
