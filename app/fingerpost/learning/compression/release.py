"""Where a packed model lies while it is on trial, and how it takes its place afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from ...core.errors import ModelError
from ...downloads import hash_file
from ...home import asset_home
from ...models import ModelInfo, read_entries
from ...packed import SUFFIX, CodedWeight
from ..export import write_entry
from .packing import pack

MANIFEST = "manifest.json"
_OF_THE_FILE = ("url",)
"""What an entry says of the old file only."""


def find_entry(info: ModelInfo) -> dict[str, Any]:
    """The manifest's entry of that very file. Raises ModelError where there is none."""
    manifests = [info.path.parent / MANIFEST, asset_home() / "models" / MANIFEST]  # a fetched one lies elsewhere
    for manifest in manifests:
        entries = read_entries(manifest) if manifest.is_file() else []
        for entry in entries:
            if (entry["name"], entry["sha256"]) == (info.name, info.sha256):
                return dict(entry)
    raise ModelError(f"{info.path.parent} has no manifest that lists {info.path.name}: give the folder that `export` "
                     "wrote")


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Raises ModelError in place of the system's errors while files are written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise ModelError(f"{folder} cannot be written ({error.strerror or error}): free some space there, or give "
                         "another --out") from error


class Trial:
    """A folder in which a packed model of one name is measured before it may take its place in the folder above."""

    def __init__(self, out: Path, info: ModelInfo):
        """Raises ModelError where `out` cannot be written, or the model itself lies on trial there."""
        self.folder, self._out, self._info = out / f"trial-{info.name}", out, info
        if info.path.resolve().parent == self.folder.resolve():
            raise ModelError(f"{info.path} would be overwritten: give another --out")
        with writing(self.folder):
            (self.folder / MANIFEST).touch()
            (self.folder / MANIFEST).unlink()

    @property
    def _file(self) -> Path:
        return self.folder / f"{self._info.name}{SUFFIX}"

    def write(self, net: nn.Module, coded: Mapping[str, CodedWeight], metadata: Mapping[str, Any],
              entry: Mapping[str, Any]) -> dict[str, Any]:
        """Pack the network; returns its entry: what `entry` says of the model, and what is true of this file."""
        with writing(self.folder):
            pack(net, coded, self._info, metadata, self._file)
            (self.folder / MANIFEST).unlink(missing_ok=True)
            new = {**{key: value for key, value in entry.items() if key not in _OF_THE_FILE},
                   "file": self._file.name, "bytes": self._file.stat().st_size, "sha256": hash_file(self._file)}
            write_entry(self.folder / MANIFEST, new)
        return new

    def release(self, entry: Mapping[str, Any]) -> Path:
        """Put the file in its place; one that was there is kept under a name with its checksum. Returns where it is."""
        target = self._out / self._file.name
        with writing(self._out):
            if target.exists():
                keep(target)
            self._file.replace(target)
            write_entry(self._out / MANIFEST, dict(entry))
            (self.folder / MANIFEST).unlink()
            if not any(self.folder.iterdir()):
                self.folder.rmdir()
        return target


def keep(path: Path) -> None:
    """Give a file a second name, with its checksum."""
    kept = path.with_name(f"{path.stem}-{hash_file(path)[:12]}{path.suffix}")
    if not kept.exists():
        os.link(path, kept)
