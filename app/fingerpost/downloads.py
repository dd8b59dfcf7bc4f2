"""Fetching files over HTTP: resumed where they broke off, tried again, checked, and put in place at once."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Callable, Dict, Optional, TypeVar

from .core.errors import ModelError
from .wholefile import put_in_place

TIMEOUT_SECONDS = 15.0
PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)  # before each new attempt
CHUNK_BYTES = 1 << 16
BAR_WIDTH = 30
NOT_THERE = (http.client.FORBIDDEN, http.client.NOT_FOUND, http.client.GONE)
"""S3 answers 403 for what it does not have where its lists are closed."""
IN_MEMORY_BYTES = 1 << 26
"""The largest file that `fetch` takes: no picture is as big."""

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Told the bytes that are there and the bytes that there will be."""


class MissingFile(ModelError):
    """The server has no such file, or shows it to nobody."""


class _Broken(Exception):
    """An attempt failed in a way that another one may mend."""


class _CannotResume(_Broken):
    """The server has nothing beyond what is there already."""


def download(url: str, target: Path, size: int, sha256: str, progress: Optional[Progress] = None) -> None:
    """Fetch `url` to `target`, `size` bytes whose checksum is `sha256` or begins with it.

    What has come stays in `target` with `.part` appended until the file is whole, so that a later call
    resumes there; `target` itself is only ever the whole, checked file. Raises ModelError with its remedy.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _complete(url, part, size, sha256, progress or _ignore)
        put_in_place(part, target)
    except OSError as error:
        raise ModelError(f"{target} cannot be written ({error.strerror or error}): free some space there, or "
                         "set FINGERPOST_STATE (models) or XDG_CACHE_HOME (tables) to another folder") from error


def fetch(url: str) -> bytes:
    """A small file, whole, in memory. Raises MissingFile, else ModelError with its remedy."""
    return _persist(url, lambda: _fetch(url))


def ask_size(url: str) -> int:
    """How many bytes the file at `url` has, by its server. Raises ModelError with its remedy."""
    return _persist(url, lambda: _ask(url))


def show_progress() -> Optional[Progress]:
    """A bar on the terminal; None, which nobody watches, where the output is none."""
    return _draw_bar if sys.stderr.isatty() else None


def hash_file(path: Path) -> str:
    """The sha256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def _complete(url: str, part: Path, size: int, sha256: str, progress: Progress) -> None:
    """Fill `part` until it is the file that is wanted."""
    resumed = part.exists()
    _persist(url, lambda: _attempt(url, part, size, progress))
    if hash_file(part).startswith(sha256):
        return
    part.unlink()
    if not resumed:
        raise _stranger(url)
    # The beginning may have been left by another version of the file.
    _complete(url, part, size, sha256, progress)


def _persist(url: str, attempt: Callable[[], T]) -> T:
    """Attempt after attempt; one that fetches goes on from where the last one broke off."""
    for pause in PAUSES_SECONDS:
        try:
            return attempt()
        except _Broken:
            time.sleep(pause)
    try:
        return attempt()
    except _Broken as error:
        raise ModelError(f"{url} does not come ({error}): check the network and run the same command "
                         "again; it goes on where it stopped") from error


def _attempt(url: str, part: Path, size: int, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have > size:  # not a beginning of this file
        part.unlink()
        have = 0
    if have == size:
        return
    try:
        response = _open(url, {"Range": f"bytes={have}-"} if have else {})
    except _CannotResume:
        if have:
            part.unlink()  # what is there is not a beginning of the server's file
        raise
    with response:
        _append(response, part, _start_of(response, url, have, size), size, progress)
    if part.stat().st_size < size:
        raise _Broken("the connection broke off")


def _ask(url: str) -> int:
    with _open(url, {}, "HEAD") as response:
        size = response.headers.get("Content-Length", "")
    if not size.isdigit():
        raise _stranger(url)
    return int(size)


def _fetch(url: str) -> bytes:
    with _open(url, {}) as response:
        size = int(response.headers.get("Content-Length", "-1"))
        data = _receive(response, IN_MEMORY_BYTES + 1)
    if len(data) > IN_MEMORY_BYTES:
        raise _stranger(url)
    if len(data) < size:
        raise _Broken("the connection broke off")
    return data


def _open(url: str, headers: Dict[str, str], method: str = "GET") -> http.client.HTTPResponse:
    """The server's answer. Raises _Broken where another attempt may help, else ModelError."""
    if not url.startswith(("https://", "http://")):
        raise ModelError(f"{url} is no web address: give one that begins with https:// or http://")
    request = urllib.request.Request(url, headers=headers, method=method)
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        raise _judge(error, url) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(str(getattr(error, "reason", error)) or type(error).__name__) from error


def _start_of(response: http.client.HTTPResponse, url: str, have: int, size: int) -> int:
    """The first byte that the server sends: `have`, or 0 from a server that cannot resume."""
    if response.status != http.client.PARTIAL_CONTENT:
        # A portal that asks for a password in a hotel, say, answers everything with its own page.
        if response.headers.get("Content-Length", str(size)) != str(size):
            raise _stranger(url)
        return 0
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if match is None or int(match.group(1)) != have:
        raise _Broken("the server sent another part than was asked for")
    return have


def _append(response: http.client.HTTPResponse, part: Path, start: int, size: int,
            progress: Progress) -> None:
    with part.open("r+b" if start else "wb") as file:
        file.seek(start)
        done = start
        progress(done, size)
        while done <= size:  # a server that sends more must not fill the disk
            chunk = _receive(response, CHUNK_BYTES)
            if not chunk:
                break
            file.write(chunk)
            done += len(chunk)
            progress(min(done, size), size)
        file.flush()
        os.fsync(file.fileno())


def _receive(response: http.client.HTTPResponse, most: int) -> bytes:
    try:
        return response.read(most)
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(str(error) or type(error).__name__) from error


def _judge(error: urllib.error.HTTPError, url: str) -> Exception:
    """Tell a server that may recover from one that will not."""
    if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
        return _CannotResume("the server cannot resume")
    if error.code >= 500 or error.code in (http.client.REQUEST_TIMEOUT, http.client.TOO_MANY_REQUESTS):
        return _Broken(f"the server answers {error.code}")
    kind = MissingFile if error.code in NOT_THERE else ModelError
    return kind(f"{url} cannot be fetched (the server answers {error.code} {error.reason}): "
                "check the address, or update Fingerpost")


def _stranger(url: str) -> ModelError:
    return ModelError(f"{url} is not the file that was expected: check that the network needs no sign-in, "
                      "update Fingerpost, then fetch it again")


def _draw_bar(done: int, size: int) -> None:
    bar = "#" * (BAR_WIDTH * done // max(1, size))
    line = f"\r[{bar:{BAR_WIDTH}}] {done / 1e6:.1f} of {size / 1e6:.1f} MB"
    print(line, end="\n" if done == size else "", file=sys.stderr, flush=True)


def _ignore(done: int, size: int) -> None:
    """Progress that nobody watches."""
