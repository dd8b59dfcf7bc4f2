"""`fingerpost models fetch imagenet`, from a server on this machine, with weights drawn at random."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest

from tests.disk import little_room
from tests.server import serve

torch = pytest.importorskip("torch")

from torchvision.models import resnet18  # noqa: E402

from fingerpost import downloads  # noqa: E402
from fingerpost.cli import main  # noqa: E402
from fingerpost.core.errors import ModelError  # noqa: E402
from fingerpost.home import state_home  # noqa: E402
from fingerpost.inference.onnx import OnnxBackend  # noqa: E402
from fingerpost.installed import InstalledModels  # noqa: E402
from fingerpost.learning import imagenet  # noqa: E402
from fingerpost.models import ModelStore  # noqa: E402


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file as torchvision gives it."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(resnet18().state_dict(), path)
    return path.read_bytes()


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(downloads, "PAUSES_SECONDS", (0.0,))
    monkeypatch.setenv("no_proxy", "*")


def address(script):
    return f"{script.root}/resnet18-{hashlib.sha256(script.content).hexdigest()[:8]}.pth"


def fetch(url):
    return main(["models", "fetch", "imagenet", "--url", url])


def test_the_default_is_the_address_of_torchvisions_own_weights():
    assert imagenet.WEIGHTS.url.startswith("https://download.pytorch.org/")
    assert imagenet.find_checksum(imagenet.WEIGHTS.url) == "f37072fd"


def test_a_fetch_that_breaks_off_goes_on_and_the_model_names_a_thousand_things(weights, capsys):
    with serve(weights) as script:
        script.breaks = [10_000_000, 20_000_000]
        assert fetch(address(script)) == 1
        assert "goes on where it stopped" in capsys.readouterr().err
        with little_room(1_000_000):
            assert fetch(address(script)) == 1
        assert "free some space" in capsys.readouterr().err
        assert "imagenet" not in InstalledModels().names()
        assert fetch(address(script)) == 0
        assert script.asked == [None, "bytes=10000000-", "bytes=20000000-", "bytes=20000000-"]
        assert fetch(address(script)) == 0  # it is there: nobody is asked
        assert len(script.asked) == 4
    info = InstalledModels().load("imagenet")
    assert {"coffee mug", "cup", "sunglasses"} < set(info.labels)
    assert len(set(info.labels)) == 1000
    assert info.bytes < 13e6
    assert sorted(path.name for path in (state_home() / "models").iterdir()) == [info.path.name, "manifest.json"]
    check_outputs(info, weights)
    assert main(["models", "list"]) == 0
    assert "imagenet" in capsys.readouterr().out


def check_outputs(info, weights):
    """What is installed computes what torchvision does, within what 8 bits cost."""
    net = resnet18().eval()
    net.load_state_dict(torch.load(io.BytesIO(weights)))
    picture = np.random.default_rng(0).normal(size=info.input).astype(np.float32)
    with OnnxBackend(info.path, 1) as backend, torch.no_grad():
        logits, embedding = backend.run(picture)
        wanted = net(torch.from_numpy(picture)).numpy()
    assert embedding.shape == (1, 512)
    assert np.abs(logits - wanted).max() < 0.05 * np.abs(wanted).max()


def test_a_wrong_checksum_is_refused(weights, capsys):
    with serve(weights[:-1] + b"X") as script:
        assert fetch(f"{script.root}/resnet18-{hashlib.sha256(weights).hexdigest()[:8]}.pth") == 1
    assert "not the file that was expected" in capsys.readouterr().err
    assert InstalledModels().names() == tuple(info.name for info in ModelStore().infos())


@pytest.mark.parametrize("name", ["resnet18.pth", "resnet18-.pth", "resnet18-12.pth"])
def test_a_file_whose_name_has_no_checksum_is_refused(name, capsys):
    assert fetch(f"http://127.0.0.1:9/{name}") == 1
    assert "no checksum in its name" in capsys.readouterr().err


def test_foreign_bytes_and_other_networks_are_one_clear_line(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"no weights at all")
    with pytest.raises(ModelError, match="holds no weights"):
        imagenet.install(path, InstalledModels())
    torch.save({"fc.weight": torch.zeros(10, 512)}, path)
    with pytest.raises(ModelError, match="not those of a ResNet-18"):
        imagenet.install(path, InstalledModels())
