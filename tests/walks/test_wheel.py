"""A wheel built from the tree, installed where there is no checkout, plays the same demo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


CLEAN = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "FINGERPOST_HOME")}


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=CLEAN, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """An environment that holds the wheel, with the other packages borrowed from this one (no network in tests)."""
    pytest.importorskip("setuptools", minversion="64", reason="building a wheel needs setuptools 64")
    pytest.importorskip("wheel", reason="building a wheel needs the package wheel")
    if not (ROOT / "setup.py").is_file():
        pytest.skip("the tests do not lie in a checkout")
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"  # a copy, since building leaves its traces in the tree
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "build", "out", "*.egg-info", "__pycache__"))
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", folder, tree)
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env")
    python = folder / "env" / "bin" / "python"
    wheel = next(folder.glob("*.whl"))
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder, python


def test_the_demo_of_the_wheel_says_what_is_expected(installed):
    folder, python = installed
    printed = run(python.parent / "fingerpost", "demo", "--out", folder / "out", cwd=folder)
    where = run(python, "-c", "import fingerpost; print(fingerpost.__file__)", cwd=folder)
    assert str(folder) in where
    expected = (ROOT / "assets" / "walks" / "teaching" / "expected.txt").read_text(encoding="utf-8").splitlines()
    said = [line.split("device   ")[1] for line in printed.splitlines() if "device   " in line]
    assert [text for text in said if not text.startswith("[")] == expected
    assert (folder / "out" / "narration.wav").is_file()
    assert (folder / "out" / "overlay.mp4").is_file()
