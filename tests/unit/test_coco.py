"""`fingerpost models fetch coco`, from a server on this machine, with weights drawn at random."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest

from tests.server import serve

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

from torchvision.models.detection import ssdlite320_mobilenet_v3_large  # noqa: E402

from fingerpost import downloads  # noqa: E402
from fingerpost.cli import main  # noqa: E402
from fingerpost.core.errors import ModelError  # noqa: E402
from fingerpost.inference.onnx import OnnxBackend  # noqa: E402
from fingerpost.installed import InstalledModels  # noqa: E402
from fingerpost.learning import coco, imagenet  # noqa: E402


def build():
    return ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=91)


@pytest.fixture(scope="module")
def weights():
    """A file as torchvision gives it."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(build().state_dict(), file)
    return file.getvalue()


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(downloads, "PAUSES_SECONDS", (0.0,))
    monkeypatch.setenv("no_proxy", "*")


def fetch(script):
    name = f"ssdlite320-{hashlib.sha256(script.content).hexdigest()[:8]}.pth"
    return main(["models", "fetch", "coco", "--url", f"{script.root}/{name}"])


def test_the_default_is_the_address_of_torchvisions_own_weights():
    assert coco.COCO.url.startswith("https://download.pytorch.org/")
    assert imagenet.find_checksum(coco.COCO.url) == "a79551df"


def test_a_fetch_that_breaks_off_goes_on_and_the_detector_finds_eighty_things(weights, capsys):
    with serve(weights) as script:
        script.breaks = [5_000_000, 6_000_000]
        assert fetch(script) == 1
        assert "goes on where it stopped" in capsys.readouterr().err
        assert fetch(script) == 0
        assert script.asked == [None, "bytes=5000000-", "bytes=6000000-"]
        assert fetch(script) == 0  # it is live: nobody is asked
        assert len(script.asked) == 3
    info = InstalledModels().load("detector")
    assert info.rebuild == "fingerpost models fetch coco"
    assert len(set(info.labels)) == 80
    assert {"person", "cup", "toothbrush"} < set(info.labels)
    assert info.input == (1, 3, 320, 320)
    assert info.anchors is not None
    assert info.bytes < 5e6
    check_outputs(info, weights)


def check_outputs(info, weights):
    """What is installed says what torchvision does, within what 8 bits cost, and leaves out what has no name."""
    net = build().eval()
    net.load_state_dict(torch.load(io.BytesIO(weights)))
    picture = np.random.default_rng(0).normal(size=info.input).astype(np.float32)
    with OnnxBackend(info.path, 1) as backend, torch.no_grad():
        boxes, scores = backend.run(picture)
        wanted = net.head(list(net.backbone(torch.from_numpy(picture)).values()))
    assert scores.shape == (1, 3234, 81)
    for ours, theirs in ((boxes, wanted["bbox_regression"]), (scores, wanted["cls_logits"][..., coco.KEPT])):
        assert np.abs(ours - theirs.numpy()).max() < 0.1 * np.abs(theirs.numpy()).max()


def test_other_networks_are_one_clear_line(tmp_path):
    path = tmp_path / "weights.pth"
    for state in ({"fc.weight": torch.zeros(10, 512)},
                  {"head.classification_head.module_list.0.1.weight": torch.zeros(10, 512)}):
        torch.save(state, path)
        with pytest.raises(ModelError, match="not those of an ssdlite320"):
            coco.install(path, InstalledModels())
