"""What makes a file of another device one that is not taken in, and what is read of its manifest."""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import Any

UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError,
               OverflowError, struct.error)
"""What zipfile and json raise over broken or encrypted files; RecursionError is a RuntimeError."""


class Refused(Exception):
    """The file is not what it should be; the message completes "it ..."."""


class TooMuch(Refused):
    """It holds more than a device takes in."""


class Newer(Refused):
    """It is sound, as far as can be told, and of a version that is not known here yet."""


def check_version(manifest: Any, kind: str, version: int) -> None:
    """Raise Refused unless a manifest is of that kind, and of that version: there is none before it yet."""
    if read_field(manifest, "format", str) != kind or read_field(manifest, "version", int) < version:
        raise Refused("is of a kind that this Fingerpost does not know")
    if manifest["version"] > version:
        raise Newer("was made by a newer Fingerpost: update this one")


def read_field(table: Any, key: str, *kinds: type) -> Any:
    """A value of the manifest, of one of these very types (a bool is no int here)."""
    if type(table) is not dict or key not in table or type(table[key]) not in kinds:
        raise Refused(f"has a manifest without a proper '{key}'")
    return table[key]
