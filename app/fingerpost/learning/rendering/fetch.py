"""Where the hand mesh lies, and how it gets there: it is fetched from its npm package, never committed.

The mesh is the generic hand of the WebXR input profiles (MIT, WebXR input profiles contributors).
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

from ...core.errors import DataError
from ...home import cache_home
from ...wholefile import write_whole

PACKAGE, VERSION = "@webxr-input-profiles/assets", "1.0.19"
SHA256 = {
    "left.glb": "bc67783144944ea1cda54d9247885825ea5fb9d4651469fe7d00be517a5c2b87",
    "right.glb": "291790c14f7f88a7f9bd35330c47392ed8e8d395ae6728f4bb7089f1bc1f2b96",
}
REMEDY = "set FINGERPOST_HAND_MESH to a folder with left.glb and right.glb, or connect to the network once"


def mesh_path() -> Path:
    """The folder with left.glb and right.glb: $FINGERPOST_HAND_MESH, else the cache, fetched if need be.

    Raises DataError, with the remedy, where there is none and none can be fetched.
    """
    named = os.environ.get("FINGERPOST_HAND_MESH")
    folder = Path(named) if named else cache_folder()
    if all((folder / name).is_file() for name in SHA256):
        return folder
    if named:
        raise DataError(f"FINGERPOST_HAND_MESH is {named}, which lacks left.glb or right.glb; correct it")
    fetch_mesh(folder)
    return folder


def cache_folder() -> Path:
    """Where fetched meshes are kept."""
    return cache_home() / "hand-mesh"


def registry() -> str:
    """The npm registry of this user: the environment first, then ~/.npmrc, then the public one."""
    for key in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        if os.environ.get(key):
            return os.environ[key].rstrip("/")
    settings = Path.home() / ".npmrc"
    lines = settings.read_text(encoding="utf-8").splitlines() if settings.is_file() else []
    for line in lines:
        key, _, value = line.partition("=")
        if key.strip() == "registry" and value.strip():
            return value.strip().rstrip("/")
    return "https://registry.npmjs.org"


def fetch_mesh(folder: Path) -> None:
    """Fetch the npm package, check both hands against their SHA-256 and keep them in `folder`."""
    url = f"{registry()}/{PACKAGE}/-/assets-{VERSION}.tgz"
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            hands = hands_in(answer.read())
    except (urllib.error.URLError, OSError, tarfile.TarError) as error:
        raise DataError(f"the hand mesh cannot be fetched from {url} ({error}); {REMEDY}") from error
    for name, expected in SHA256.items():
        if hashlib.sha256(hands.get(name, b"")).hexdigest() != expected:
            raise DataError(f"{name} from {url} is missing or not the mesh that was asked for; {REMEDY}")
    for name, content in hands.items():
        write_whole(folder / name, content)


def hands_in(tarball: bytes) -> dict[str, bytes]:
    """The generic hands in an npm tarball, by file name."""
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        hands = {}
        for member in archive.getmembers():
            name = Path(member.name).name
            wanted = name in SHA256 and "/generic-hand/" in member.name
            content = archive.extractfile(member) if wanted else None
            if content is not None:
                hands[name] = content.read()
        return hands
