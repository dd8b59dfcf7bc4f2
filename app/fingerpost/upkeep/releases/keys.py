"""The keys of updates: Ed25519 (RFC 8032). Who holds the private half decides what may run on the devices that trust
the public one. Files are PEM, as OpenSSL reads and writes them."""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from pathlib import Path
from typing import List, Tuple

from ...core.errors import UpdateError
from ...home import asset_home, state_home
from ...wholefile import write_whole

try:
    # It complains of Python 3.8; the first Jetson Nano has none that is newer.
    warnings.filterwarnings("ignore", "Python 3.8 is no longer supported")
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
except ImportError as error:
    raise UpdateError("no signature can be checked without the package cryptography: pip install cryptography",
                      "untrusted") from error

log = logging.getLogger(__name__)

PRIVATE, PUBLIC = "fingerpost-update.key", "fingerpost-update.pub"
TRUSTED = "trusted"
"""The folder in the state folder with the public keys that were trusted on this machine."""
LONGEST = 4096
"""Of a key's file, in bytes; one has about 120."""


def make_keys(folder: Path) -> Tuple[Path, Path]:
    """Make a pair; returns the files of its private and its public half. Raises UpdateError, also where there is one
    already."""
    private, public = folder / PRIVATE, folder / PUBLIC
    if private.exists() or public.exists():
        raise UpdateError(f"there is a key in {folder} already: give another folder with --out")
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                               serialization.NoEncryption())
    before = os.umask(0o077)  # from its first byte on
    try:
        write_whole(private, secret)
    except OSError as error:
        raise _no_room(folder, error) from error
    finally:
        os.umask(before)
    _write_public(public, key.public_key())
    return private, public


def read_private(path: Path) -> Ed25519PrivateKey:
    """The private half in a file. Raises UpdateError."""
    try:
        key = serialization.load_pem_private_key(_read(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UpdateError(f"{path} is no private key: make one with `fingerpost update key`") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UpdateError(f"{path} is a key of another kind: make one with `fingerpost update key`")
    return key


def read_public(path: Path) -> Ed25519PublicKey:
    """The public half in a file. Raises UpdateError."""
    try:
        key = serialization.load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UpdateError(f"{path} is no public key: give the .pub file of `fingerpost update key`") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UpdateError(f"{path} is a key of another kind: give the .pub file of `fingerpost update key`")
    return key


def list_trusted() -> List[Path]:
    """The files of the keys that may sign updates for this device: those that ship with it, and those that were trusted
    here."""
    return sorted((asset_home() / "assets" / "keys").glob("*.pub")) + sorted((state_home() / TRUSTED).glob("*.pub"))


def trust(path: Path) -> Path:
    """Let the key in this file sign updates for this device from now on; returns where that is kept. Raises
    UpdateError."""
    key = read_public(path)
    kept = state_home() / TRUSTED / f"{name_key(key)}.pub"
    _write_public(kept, key)
    return kept


def name_key(key: Ed25519PublicKey) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a public half: enough to tell keys apart, not to trust one."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def check_signature(content: bytes, signature: bytes) -> str:
    """The name of the trusted key that has signed this. Raises UpdateError where none has."""
    files = list_trusted()
    for path in files:
        try:
            key = read_public(path)
            key.verify(signature, content)
            return name_key(key)
        except InvalidSignature:
            continue
        except UpdateError as error:
            log.warning("%s", error)
    raise UpdateError("it is signed by none of the keys that are trusted here: "
                      "`fingerpost update trust FILE.pub` trusts one" if files else
                      "no key is trusted on this device: `fingerpost update trust FILE.pub` trusts one", "untrusted")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST)
    except OSError as error:
        raise UpdateError(f"{path} cannot be read ({error.strerror}): check the path") from error


def _write_public(path: Path, key: Ed25519PublicKey) -> None:
    try:
        write_whole(path, key.public_bytes(serialization.Encoding.PEM,
                                           serialization.PublicFormat.SubjectPublicKeyInfo))
    except OSError as error:
        raise _no_room(path.parent, error) from error


def _no_room(folder: Path, error: OSError) -> UpdateError:
    return UpdateError(f"{folder} cannot be written ({error.strerror or error}): free some space there, or give "
                       "another folder")
