"""Small releases, and a stick to bring them: a whole one takes seconds to build, to unpack and to test.

Their code is the launcher and what that needs, and a `__main__` of the test's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from textwrap import dedent

import fingerpost
from fingerpost.launcher import CHOSEN
from fingerpost.upkeep.releases.file import MANIFEST, SIGNATURE, build_update
from fingerpost.upkeep.releases.keys import make_keys, read_private, trust

CODE = Path(fingerpost.__file__).parent
NEEDED = ("launcher.py", "home.py", "wholefile.py", "core/__init__.py", "core/errors.py", "upkeep/__init__.py",
          "upkeep/laststop.py", "upkeep/notes.py", "memory/schema.py")
PASSES = "import sys\nif sys.argv[1] == 'selftest':\n    sys.exit(0)\n"
REPORTS = """
import json, os
from fingerpost import launcher
names = ("PYTHONPATH", "FINGERPOST_HOME", "FINGERPOST_RELEASE")
print(json.dumps({"pid": os.getpid(), "words": sys.argv[1:], **{name: os.environ.get(name) for name in names}}),
      flush=True)
"""
"""The end of a release's `__main__` that tells what it was started with."""


class Maker:
    """Somebody who makes updates: has a pair of keys, and a stick."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stick = folder, folder / "stick"
        self.stick.mkdir(parents=True)
        self.private, self.public = make_keys(folder / "keys")

    def trusted(self) -> Maker:
        """This device trusts the maker's key."""
        trust(self.public)
        return self

    def checkout(self, version: str = "9.0.0", main: str = "", requires: str = ">=3.8", packages: str = "") -> Path:
        """A small release; `main` is what it does when it is started, but for the self-test, which it passes."""
        checkout = self.folder / f"checkout-{version}"
        code = checkout / "app" / "fingerpost"
        for name in NEEDED:
            (code / name).parent.mkdir(parents=True, exist_ok=True)
            (code / name).write_bytes((CODE / name).read_bytes())
        (code / "__init__.py").write_text(f'__version__ = "{version}"\n')
        (code / "__main__.py").write_text(PASSES + dedent(main))
        (code / "cli.py").write_text("def main():\n    from . import __main__\n")
        (checkout / "models").mkdir(exist_ok=True)
        (checkout / "models" / "manifest.json").write_text('{"models": []}')
        (checkout / "pyproject.toml").write_text(f'[project]\nrequires-python = "{requires}"\n'
                                                 f"dependencies = [{packages}]\n")
        return checkout

    def build(self, version: str = "9.0.0", **options: str) -> Path:
        """An update on the stick, made from such a release."""
        out = self.stick / f"fingerpost-update-{version}.zip"
        build_update(self.checkout(version, **options), self.private, out)
        return out

    def forge(self, update: Path, change) -> Path:
        """The update with what it holds changed, a dict of names and contents, and signed anew where it is still to
        be signed."""
        with zipfile.ZipFile(update) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        change(entries)
        entries.setdefault(SIGNATURE, read_private(self.private).sign(entries[MANIFEST]))
        with zipfile.ZipFile(update, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in entries.items():
                archive.writestr(name, data)
        return update


def open_shop(folder: Path, monkeypatch) -> Maker:
    """A maker whom this device trusts; it has a state folder of its own, in which nothing was taken in yet."""
    monkeypatch.setenv("FINGERPOST_STATE", str(folder / "state"))
    monkeypatch.delenv(CHOSEN, raising=False)
    return Maker(folder / "maker").trusted()


def start(*words: str, before: str = "", timeout: float = 60, **variables: str) -> subprocess.CompletedProcess:
    """Start the installed version as systemd does, with these words of the command line; `before` is Python that goes
    first."""
    code = f"import sys\nfrom fingerpost import cli, launcher\n{before}\nsys.exit(cli.main())"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run([sys.executable, "-c", code, *words], cwd="/", env={**environment, **variables},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout)
