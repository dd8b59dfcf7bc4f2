"""What an update says of itself: its version, what it needs, and each of its files. It is this that is signed."""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

from ...core.errors import UpdateError
from ...launcher import parse_version
from ...memory.schema import VERSIONS
from ..stick.place import DAMAGED

FORMAT, FORMAT_VERSION = "fingerpost-update", 1
FOLDERS = ("app/fingerpost", "models", "assets", "calibration", "hardware", "systemd")
"""An update has files in these folders and nowhere else."""
MOST_FILES, MOST_BYTES = 4000, 256 << 20
"""Today's are about 600, with 17 MB."""
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}"
"""The name of a file or folder: never "..", nothing hidden."""
_NAME = re.compile(rf"({'|'.join(FOLDERS)})(/{_PART}){{1,8}}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PACKAGE = re.compile(r"([A-Za-z0-9_.-]{1,60})>=([0-9][0-9.]{0,20})", re.ASCII)


class FileFacts(NamedTuple):
    """What a file must be."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """All that an update says of itself."""

    version: str
    python: str
    """The oldest Python that it runs on."""
    packages: Mapping[str, str]
    """The packages that it needs, each with the oldest release that will do."""
    files: Mapping[str, FileFacts]
    """By their names below the release's folder, with slashes."""
    store: int = len(VERSIONS)
    """The version in which it keeps what was taught (memory/schema.py)."""

    @property
    def bytes(self) -> int:
        """Of all its files together."""
        return sum(facts.bytes for facts in self.files.values())


def render_manifest(manifest: Manifest) -> bytes:
    """It as JSON, the same each time."""
    table = {"format": FORMAT, "format_version": FORMAT_VERSION, "version": manifest.version,
             "python": manifest.python, "packages": dict(manifest.packages), "store": manifest.store,
             "files": {name: {"sha256": facts.sha256, "bytes": facts.bytes} for name, facts in manifest.files.items()}}
    return (json.dumps(table, indent=1, sort_keys=True) + "\n").encode()


def parse_manifest(content: bytes) -> Manifest:
    """The manifest in this JSON, everything in it checked. Raises UpdateError."""
    try:
        table = json.loads(content.decode("utf-8"))
        if (table["format"], table["format_version"]) != (FORMAT, FORMAT_VERSION):
            raise UpdateError("it is of a kind that this Fingerpost does not know: build it anew", "unfit")
        files = {str(name): FileFacts(facts["sha256"], facts["bytes"]) for name, facts in table["files"].items()}
        packages = {str(name): str(release) for name, release in table["packages"].items()}
        parse_version(table["version"])
        parse_version(table["python"])
        store = int(table["store"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged("its manifest is none") from error
    _check_files(files)
    return Manifest(table["version"], table["python"], packages, files, store)


def list_packages(requirements: List[Any]) -> Dict[str, str]:
    """The packages that pyproject.toml names with the oldest release that will do. Those for some machines only are
    left to the self-test, which a release must pass where it is to run."""
    found = (_PACKAGE.fullmatch(str(requirement).replace(" ", "")) for requirement in requirements)
    return {match.group(1): match.group(2) for match in found if match}


def find_obstacle(manifest: Manifest) -> str:
    """What this machine lacks for the release to run, and to be taken back; empty for nothing."""
    if manifest.store > len(VERSIONS):
        return "it keeps what was taught in a way that no version could read that is here to go back to"
    if sys.version_info[:2] < parse_version(manifest.python)[:2]:
        return f"it needs Python {manifest.python}"
    for name, oldest in manifest.packages.items():
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return f"it needs the package {name}"
        if _numbers(found) < _numbers(oldest):
            return f"it needs the package {name} {oldest}, and here is {found}"
    return ""


def _check_files(files: Mapping[str, FileFacts]) -> None:
    for name, facts in files.items():
        if not _NAME.fullmatch(name):
            raise _damaged(f"it holds the foreign file {name[:60]!r}")
        if type(facts.bytes) is not int or facts.bytes < 0 or not _DIGEST.fullmatch(str(facts.sha256)):
            raise _damaged(f"its manifest does not say what {name} is")
    if len(files) > MOST_FILES or sum(facts.bytes for facts in files.values()) > MOST_BYTES:
        raise _damaged("it is larger than any release")
    folders = {name.rsplit("/", depth)[0] for name in files for depth in range(1, name.count("/") + 1)}
    if folders & set(files):
        raise _damaged("it has a file and a folder of one name")


def _damaged(what: str) -> UpdateError:
    return UpdateError(f"{what}: build it anew", DAMAGED)


def _numbers(release: str) -> Tuple[int, ...]:
    """The leading numbers of a package's release, as of 4.11.0.86 or 2.0rc1."""
    match = re.match(r"\d+(\.\d+)*", release)
    return tuple(int(number) for number in match.group().split(".")) if match else ()
