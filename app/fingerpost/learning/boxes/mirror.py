"""Where Open Images lies, and how it gets here: tables once, into a cache, pictures many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from ...core.errors import DataError
from ...downloads import MissingFile, ask_size, download, fetch, show_progress
from ...home import cache_home
from ...progress import Progress
from ...wholefile import write_whole
from .pictures import measure, measure_file
from .tables import AUTHOR_COLUMNS, BOX_COLUMNS, CLASS_COLUMNS, check_columns

TABLES = "https://storage.googleapis.com/openimages"
PICTURES = "https://open-images-dataset.s3.amazonaws.com"
CLASSES = "v7/oidv7-class-descriptions-boxable.csv"
BOXES = {
    "train": "v6/oidv6-train-annotations-bbox.csv",
    "validation": "v5/validation-annotations-bbox.csv",
    "test": "v5/test-annotations-bbox.csv",
}
"""V7 has the boxes of V6 and V5, and the authors of 2018: its own page points there."""
AUTHORS = {
    "train": "2018_04/train/train-images-boxable-with-rotation.csv",
    "validation": "2018_04/validation/validation-images-with-rotation.csv",
    "test": "2018_04/test/test-images-with-rotation.csv",
}
LARGE_BYTES = 100_000_000

FETCHED, THERE, MISSING, BROKEN = "fetched", "there already", "missing on the server", "broken on the server"


class Brought(NamedTuple):
    """What became of a picture (FETCHED, THERE, MISSING or BROKEN), and its width and height where it is here."""

    outcome: str
    size: tuple[int, int] | None = None


class Mirror:
    """Open Images as its public servers, or another one, have it."""

    def __init__(self, base_url: str | None = None) -> None:
        """`base_url` is a server that has both tables and pictures, under the paths of the public ones."""
        self._tables, self._pictures = base_url or TABLES, base_url or PICTURES
        host = urlsplit(self._tables).netloc.replace(":", "-") or "nowhere"
        self._cache = cache_home() / "open-images" / host

    def classes(self) -> Path:
        """The table of classes. Raises FingerpostError, as the next two do."""
        return self._fetch_table(CLASSES, CLASS_COLUMNS)

    def boxes(self, split: str) -> Path:
        """The table of boxes of a split: train, validation or test."""
        return self._fetch_table(BOXES[split], BOX_COLUMNS)

    def authors(self, split: str) -> Path:
        """The table of the authors of a split."""
        return self._fetch_table(AUTHORS[split], AUTHOR_COLUMNS)

    def bring_pictures(self, images: Sequence[tuple[str, str]], folder: Path, jobs: int) -> list[Brought]:
        """Fetch what the folder lacks of the pictures (split, ImageID), so many at a time.

        Raises ModelError where the network fails for good, DataError where the disk is full.
        """
        sweep(folder)
        with ThreadPoolExecutor(jobs) as pool:
            try:
                brought = pool.map(partial(self._bring, folder), images)
                return list(Progress(brought, "pictures", len(images)))
            except OSError as error:
                raise DataError(f"{folder} cannot be written ({error.strerror or error}): free some space there, "
                                "then run the same command again; it goes on where it stopped") from error
            finally:
                pool.shutdown(cancel_futures=True)  # whoever stops it must not wait for all that is queued

    def _bring(self, folder: Path, image: tuple[str, str]) -> Brought:
        split, name = image
        path = folder / f"{name}.jpg"
        there = measure_file(path)
        if there:
            return Brought(THERE, there)
        try:
            data = fetch(f"{self._pictures}/{split}/{name}.jpg")
        except MissingFile:
            return Brought(MISSING)
        size = measure(data)
        if not size:
            return Brought(BROKEN)
        write_whole(path, data)
        return Brought(FETCHED, size)

    def _fetch_table(self, address: str, columns: Sequence[str]) -> Path:
        target = self._cache / Path(address).name
        if target.is_file():
            return target
        url = f"{self._tables}/{address}"
        size = ask_size(url)
        if size > LARGE_BYTES:
            print(f"{target.name} has {size / 1e6:,.0f} MB; it is fetched once and kept in {target.parent}")
        download(url, target, size, "", show_progress())
        try:
            check_columns(target, columns)
        except DataError as error:
            target.unlink()
            raise DataError(f"{url} has other columns than {','.join(columns)}: check that the network needs no "
                            "sign-in, or update Fingerpost; then run the same command again") from error
        return target


def sweep(folder: Path) -> None:
    """Remove what a process that was killed left half-written."""
    for part in folder.glob("*.part"):
        part.unlink()
