"""The models of this machine: what was fetched or retrained here, over what ships.

They lie in the state folder with a manifest of their own, so that what ships never changes. A file bears its checksum
in its name and is never written twice, and the manifest is replaced as a whole once the file is on the disk: so at
every instant it lists whole files only. Where one has been damaged since, the model before it is used.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from .core.errors import ModelError
from .downloads import hash_file
from .home import state_home
from .models import ModelInfo, ModelStore, check_anew, find_problem, name_remedy, parse_entry, read_entries
from .packed import SUFFIX, is_packed
from .wholefile import write_whole

log = logging.getLogger(__name__)

GENERATIONS = 2
"""How many of one model are kept here: the live one, and the one before it."""
FETCHED = "fingerpost models fetch"
"""How the command begins that makes a fetched model again; one that was trained here has another."""
_OWN_FILE = re.compile(rf"-[0-9a-f]{{12}}(\.onnx|{re.escape(SUFFIX)})$|\.\d+-\d+\.part$")
"""A model, or what a killed process has left of a file."""


class InstalledModels:
    """The models that run: the newest installed one of each name, else the one that ships."""

    def __init__(self) -> None:
        """Raises ModelError when it cannot be told what ships."""
        self._folder = state_home() / "models"
        self._shipped = ModelStore()
        self._warned = False

    def names(self) -> Tuple[str, ...]:
        """All models there are, those that ship first."""
        shipped = [info.name for info in self._shipped.infos()]
        installed = sorted({info.name for info in self._installed()} - set(shipped))
        return (*shipped, *installed)

    def generations(self, name: str) -> Tuple[ModelInfo, ...]:
        """All that there are of one model, newest first, whatever the state of their files. Raises ModelError."""
        found = [info for info in reversed(self._installed()) if info.name == name]
        found += [info for info in self._shipped.infos() if info.name == name]
        if not found:
            raise ModelError(f"there is no model '{name}': choose one of {', '.join(self.names())}")
        return tuple(found)

    def load(self, name: str) -> ModelInfo:
        """The live model: the newest whose file is whole. Raises ModelError with its remedy when there is none."""
        complaints: List[str] = []
        for info in self.generations(name):
            problem = find_problem(info)
            if problem is None:
                for complaint in complaints:
                    log.warning("%s. Until then an older one is used.", complaint)
                return info
            complaints.append(f"the model '{name}' is {problem} ({info.path}): {name_remedy(info)}")
        raise ModelError(complaints[0])

    def lineage(self, name: str, sha256: str) -> Tuple[str, ...]:
        """The checksums of one model and of those before it, newest first; its own alone where it is gone by now."""
        order = [info.sha256 for info in self.generations(name)]
        return tuple(order[order.index(sha256):]) if sha256 in order else (sha256,)

    def stamp(self) -> Tuple[int, ...]:
        """What changes whenever a model is installed or rolled back; cheap enough to be asked for all the time."""
        try:
            stat = self._manifest.stat()
        except OSError:
            return ()
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def verify(self) -> List[Tuple[ModelInfo, Optional[str]]]:
        """Check every file anew, older generations among them: each model with what is wrong with it."""
        check_anew()
        return [(info, find_problem(info)) for name in self.names() for info in self.generations(name)]

    def install(self, source: Path, entry: Mapping[str, Any]) -> ModelInfo:
        """Let a model go live: a copy of the file `source`, described by a manifest's `entry`.

        The one that was live is kept. Raises ModelError, and leaves all as it was, where there is no room.
        """
        digest = hash_file(source)
        suffix = SUFFIX if is_packed(source) else ".onnx"
        entry = {**entry, "file": f"{entry['name']}-{digest[:12]}{suffix}", "sha256": digest,
                 "bytes": source.stat().st_size}
        info = self._place(entry)
        with self._alone():
            write_whole(info.path, source.read_bytes())
            # The same file once more is no new generation.
            older = [old for old in self._entries() if old["sha256"] != digest]
            surplus = [old for old in older if old["name"] == info.name][:-(GENERATIONS - 1)]
            self._write([old for old in older if old not in surplus] + [entry])
        return info

    def rollback(self, name: str) -> Optional[ModelInfo]:
        """Drop the newest installed model of that name; returns which one is live then, None where none is left.

        Raises ModelError when none is installed: one that ships cannot be dropped.
        """
        shipped = self.generations(name)[-1]
        with self._alone():
            entries = self._entries()
            installed = [entry for entry in entries if entry["name"] == name]
            if not installed:
                raise ModelError(f"the model '{name}' that ships is live ({shipped.path}): there is none before it")
            entries.remove(installed[-1])
            self._write(entries)
        return self.load(name) if name in self.names() else None

    def forget_trained(self) -> None:
        """Drop every model that was trained here; those that were fetched stay. Raises ModelError."""
        if self._folder.is_dir():
            with self._alone():
                self._write([entry for entry in self._entries() if str(entry["rebuild"]).startswith(FETCHED)])

    def _installed(self) -> List[ModelInfo]:
        """What the manifest here lists, oldest first."""
        return [self._place(entry) for entry in self._entries()]

    def _place(self, entry: Dict[str, Any]) -> ModelInfo:
        info = parse_entry(entry, str(self._manifest))
        return replace(info, path=self._folder / info.path.name, installed=True)

    @property
    def _manifest(self) -> Path:
        return self._folder / "manifest.json"

    def _entries(self) -> List[Dict[str, Any]]:
        """The entries of the manifest; none where it is missing or, which is said once, spoilt."""
        try:
            entries = read_entries(self._manifest)
            for entry in entries:
                self._place(entry)
            return entries
        except ModelError:
            if self._manifest.exists() and not self._warned:
                self._warned = True
                log.warning("%s is spoilt: the models that ship are used until others are fetched or trained again",
                            self._manifest)
            return []

    def _write(self, entries: List[Dict[str, Any]]) -> None:
        """Replace the manifest, then remove the files that it no longer lists."""
        write_whole(self._manifest, (json.dumps({"models": entries}, indent=2) + "\n").encode())
        listed = {entry["file"] for entry in entries}
        for path in self._folder.iterdir():
            if _OWN_FILE.search(path.name) and path.name not in listed:
                path.unlink()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other process change the folder meanwhile. Raises ModelError where it cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(str(self._folder), os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)
        except OSError as error:
            raise ModelError(f"{self._folder} cannot be written ({error.strerror or error}): free some space there, "
                             "or set FINGERPOST_STATE to another folder") from error
