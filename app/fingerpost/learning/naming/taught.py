"""What the wearer has taught as class folders, and class folders parted into what is learned from and what examines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...core.errors import DataError
from ...memory.objects import ObjectStore
from ...memory.samples import decode_crop
from ..datasets import list_classes, list_pictures

FEWEST = 3
"""Of so many pictures of a thing, one can be spared to examine."""

Labelled = list[tuple[Path, str]]
"""Pictures with what they show; empty for a stranger."""


def export_taught(store: Path, folder: Path) -> None:
    """Write the samples of the store as pictures, a folder for each thing, called by its object id.

    The store is only read; samples that wait for a name stay out. Raises DataError when nothing was taught.
    """
    if not store.is_file():
        raise DataError(f"there is no store of taught things at {store}: teach something first, or give --taught")
    with ObjectStore(store) as memory:
        ids = {thing.name: thing.object_id for thing in memory.objects()}
        for lesson in memory.lessons():
            crops = [sample.crop for sample in lesson.samples if decode_crop(sample.crop) is not None]
            for number, crop in enumerate(crops):
                path = folder / ids[lesson.name] / f"{number:05}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(crop)
    if not folder.is_dir():
        raise DataError(f"nothing has been taught yet ({store}): teach something first, or give --taught")


def part_classes(sources: Iterable[Path], learn: Path, held: Path, share: float) -> None:
    """Link the pictures of all class folders into `learn`, but the last `share` of each class by name into `held`.

    The last are the newest of a taught thing, and of photos mostly those of another place than the first.
    """
    for source in sources:
        for label in list_classes(source):
            pictures = list_pictures(source / label)
            kept_back = max(int(share * len(pictures)), len(pictures) >= FEWEST)
            _link(pictures[:len(pictures) - kept_back], learn / label)
            _link(pictures[len(pictures) - kept_back:], held / label)


def list_all(folder: Path) -> Labelled:
    """Every picture of the class folders with its label."""
    return [(path, label) for label in list_classes(folder) for path in list_pictures(folder / label)]


def _link(pictures: Sequence[Path], folder: Path) -> None:
    for number, picture in enumerate(pictures):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:05}{picture.suffix}").symlink_to(picture.resolve())
