"""The file that brings an update: a zip of a release's files, its manifest, and a signature over that.

Nothing in it is believed before the signature holds, and no file before it has its checksum. A table of contents that
is made to burst the memory is refused before it is read.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import zipfile
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Iterator, List, Optional, Sequence, Tuple, Type

from ...core.errors import UpdateError
from ...launcher import parse_version
from ...memory.refusal import UNREADABLE
from ...memory.ziptable import measure_zip
from ...tomlfile import read_toml
from ...wholefile import replacing, sync_folder
from ..stick.place import DAMAGED, GONE, judge
from .keys import check_signature, read_private
from .manifest import FOLDERS, MOST_BYTES, FileFacts, Manifest, list_packages, parse_manifest, render_manifest

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
SIGNATURE_BYTES = 64
MOST_MANIFEST_BYTES = 2 << 20
CHUNK_BYTES = 1 << 16
_UPDATE = re.compile(r"fingerpost-update-(\d{1,6}(?:\.\d{1,6}){1,3})(?!\.?\d).*\.zip", re.ASCII)
"""What an update is called. A copy of it may be called so too, as in "fingerpost-update-0.2.0 (1).zip"."""
_CODE_VERSION = re.compile(r'^__version__ = "([\d.]+)"$', re.MULTILINE)
_OLDEST_DATE = (1980, 1, 1, 0, 0, 0)
_BROKEN = (*UNREADABLE, KeyError)
"""What zipfile raises over broken files, OSError among them: a broken table sends it to places before the beginning,
and may lack an entry."""


def build_update(checkout: Path, key: Path, out: Path) -> Manifest:
    """Write an update with all that belongs to the release in a checkout, signed with the private key in a file.

    The same checkout and key give the same file. Raises UpdateError and SettingsError.
    """
    private = read_private(key)
    files = collect(checkout)
    try:
        code = (checkout / "app" / "fingerpost" / "__init__.py").read_text(encoding="utf-8")
        project = read_toml(checkout / "pyproject.toml")["project"]
        contents = {name: path.read_bytes() for name, path in files}
        facts = {name: FileFacts(hashlib.sha256(data).hexdigest(), len(data)) for name, data in contents.items()}
        manifest = Manifest(_CODE_VERSION.findall(code)[0], project["requires-python"].lstrip(">="),
                            list_packages(project["dependencies"]), facts, read_store_version(checkout))
    except (OSError, KeyError, IndexError, SyntaxError, ValueError) as error:
        raise UpdateError(f"{checkout} is no checkout of Fingerpost: give its folder") from error
    signed = render_manifest(manifest)
    parse_manifest(signed)  # what no device would take is not built
    try:
        with replacing(out) as file, zipfile.ZipFile(file, "w") as archive:
            for name, data in {MANIFEST: signed, SIGNATURE: private.sign(signed), **contents}.items():
                entry = zipfile.ZipInfo(name, _OLDEST_DATE)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    except OSError as error:
        raise UpdateError(f"{out} cannot be written ({error.strerror or error}): give another file with --out"
                          ) from error
    return manifest


def collect(checkout: Path) -> List[Tuple[str, Path]]:
    """The files of a release by their names, in order; neither what Python compiles nor hidden ones."""
    found = (path for folder in FOLDERS for path in (checkout / folder).rglob("*") if path.is_file())
    named = ((path.relative_to(checkout).as_posix(), path) for path in found)
    return sorted((name, path) for name, path in named if "__pycache__" not in name and "/." not in name)


def read_store_version(checkout: Path) -> int:
    """The version in which the code of a checkout keeps what was taught: how many steps lead there. It is not run for
    that. Raises OSError, IndexError, SyntaxError, ValueError."""
    code = ast.parse((checkout / "app" / "fingerpost" / "memory" / "schema.py").read_text(encoding="utf-8"))
    return [len(ast.literal_eval(line.value)) for line in code.body
            if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == "VERSIONS"][0]


def find_update(place: Path) -> Optional[Path]:
    """The update of the newest version in a folder, going by the names; the place itself where it is a file; None where
    there is none. Raises UpdateError where the folder cannot be read."""
    if place.is_file():
        return place
    try:
        with os.scandir(str(place)) as entries:
            files = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError as error:
        raise UpdateError(f"{place} cannot be read ({error.strerror}): is the stick still there?", GONE) from error
    matches = filter(None, map(_UPDATE.fullmatch, files))
    newest = max(matches, key=lambda match: parse_version(match.group(1)), default=None)
    return place / newest.group() if newest else None


class UpdateFile:
    """An update, open and verified from the start of the block to its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.signer = ""
        """The name of the key that has signed it."""
        self._file: Optional[BinaryIO] = None

    def __enter__(self) -> UpdateFile:
        """Verify it. Raises UpdateError."""
        try:
            with self._reading():
                self._file = open(str(self.path), "rb", opener=_open_at_once)
                if measure_zip(self._file) > MOST_BYTES:
                    raise ValueError("it is larger than any update")
                self._archive = zipfile.ZipFile(self._file)
                check_packing(self._archive.infolist())
                signed = self._read(MANIFEST, MOST_MANIFEST_BYTES)
                signature = self._read(SIGNATURE, SIGNATURE_BYTES)
            self.signer = check_signature(signed, signature)
            self.manifest = parse_manifest(signed)
            if sorted(self._archive.namelist()) != sorted([MANIFEST, SIGNATURE, *self.manifest.files]):
                raise UpdateError("it does not hold what its manifest names: copy it again", DAMAGED)
        except UpdateError:
            self.close()
            raise
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it; may be called twice."""
        if self._file is not None:
            self._file.close()

    def unpack(self, folder: Path) -> None:
        """Write all its files below a folder, which must be empty, and have them on the disk. Raises UpdateError where
        one is not what it must be, and OSError where one cannot be written."""
        for name, facts in self.manifest.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                self._copy(name, facts, file)
                file.flush()
                os.fsync(file.fileno())
        for below in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
            below.chmod(0o755)  # what others can write is never run, and some let their group write everything
            sync_folder(below)

    def verify(self) -> None:
        """Read all of it. Raises UpdateError."""
        for name, facts in self.manifest.files.items():
            self._copy(name, facts, None)

    def _copy(self, name: str, facts: FileFacts, file: Optional[BinaryIO]) -> None:
        digest, left = hashlib.sha256(), facts.bytes
        with self._reading():
            entry = self._archive.open(name)
        with entry:
            while True:
                with self._reading():
                    data = entry.read(min(CHUNK_BYTES, left + 1))
                if not data or len(data) > left:
                    break
                left -= len(data)
                digest.update(data)
                if file is not None:
                    file.write(data)
        if data or left or digest.hexdigest() != facts.sha256:
            raise UpdateError(f"{name} in it is damaged: copy it again", DAMAGED)

    def _read(self, name: str, most: int) -> bytes:
        with self._archive.open(name) as entry:
            data = entry.read(most + 1)
        if len(data) > most:
            raise ValueError(f"{name} is too long")
        return data

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Tells a file that is broken from one that is no longer there."""
        try:
            yield
        except _BROKEN as error:
            if not self.path.exists() or (isinstance(error, OSError) and judge(error) == GONE):
                raise UpdateError(f"{self.path} cannot be read ({error}): is the stick still there?", GONE) from error
            raise UpdateError(f"it is damaged ({error}): copy it again", DAMAGED) from error


def _open_at_once(path: str, flags: int) -> int:
    """As open(2) does, but without waiting for a writer where it is a pipe: that fails then at being read."""
    return os.open(path, flags | os.O_NONBLOCK)


def check_packing(entries: Sequence[zipfile.ZipInfo]) -> None:
    """Raises ValueError where an entry is packed in a way of which zipfile unpacks more at once than is asked for."""
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise ValueError("it is packed in a way that no Fingerpost uses")
