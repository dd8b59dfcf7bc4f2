"""Pascal VOC folders: JPEGImages, Annotations (one XML a picture), ImageSets/Main/{train,val,test}.txt, labels.txt.

The layout is that of the Pascal VOC challenges (http://host.robots.ox.ac.uk/pascal/VOC/); labels.txt, one name a line,
is what training adds to it. Corners are taken as labelImg and its kind write them: from 0, the lower right one outside.
"""

from __future__ import annotations

import filecmp
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ...core.errors import DataError
from ...wholefile import write_whole
from ..datasets import SUFFIXES
from .faults import clip
from .pictures import Labelled, Picture, measure_file, path_inside

SPLITS = ("train", "val", "test")
CORNERS = ("xmin", "ymin", "xmax", "ymax")
LABELS = "labels.txt"


def read_voc(folder: Path, split: str) -> list[Picture]:
    """The pictures of a split (train, val or test), in the order of its list; their boxes are cut at the edges.

    Raises DataError, with the remedy, for what is missing or cannot be read, and for a box with nothing in it.
    """
    pictures = [_check(picture, folder) for picture in read_split(folder, split)]
    if not pictures:
        raise DataError(f"{split_file(folder, split)} lists no pictures: "
                        f"`fingerpost data import {folder} --format voc --out DIR` makes a new split")
    return pictures


def read_split(folder: Path, split: str) -> list[Picture]:
    """The pictures of a split with boxes as they stand, whether the picture's own file is there or not."""
    return [read_annotation(path_inside(annotations_in(folder), f"{name}.xml"), pictures_in(folder))
            for name in list_names(folder, split)]


def list_names(folder: Path, split: str) -> list[str]:
    """The names that a split lists, without suffix. Raises DataError where the list is missing."""
    return _read_lines(split_file(folder, split), f"`fingerpost data import {folder} --format voc --out DIR` makes one")


def read_labels(folder: Path) -> list[str]:
    """The names of the classes: those in labels.txt or, without one, all that are boxed, sorted. Raises DataError."""
    if (folder / LABELS).is_file():
        return _read_lines(folder / LABELS, "write one name a line, or remove it")
    names = {box.name for file in list_annotations(folder) for box in read_annotation(file, pictures_in(folder)).boxes}
    return sorted(names)


def list_annotations(folder: Path) -> list[Path]:
    """All annotations of a VOC folder, sorted. Raises DataError where there are none."""
    found = sorted(annotations_in(folder).glob("*.xml"))
    if not found:
        raise DataError(f"no annotations in {annotations_in(folder)}: give a folder in Pascal VOC format, "
                        "with Annotations/*.xml and JPEGImages")
    return found


def annotations_in(folder: Path) -> Path:
    """Where the XML files lie; labelling tools often leave them beside the pictures."""
    return folder / "Annotations" if (folder / "Annotations").is_dir() else folder


def pictures_in(folder: Path) -> Path:
    """Where the pictures lie."""
    return folder / "JPEGImages" if (folder / "JPEGImages").is_dir() else folder


def split_file(folder: Path, split: str) -> Path:
    """The list of the pictures in a split."""
    return folder / "ImageSets" / "Main" / f"{split}.txt"


def read_annotation(path: Path, pictures: Path) -> Picture:
    """One XML file, its boxes as they stand; the picture is the one of its name in the folder `pictures`.

    Raises DataError for what is no annotation, and for a file name that leads out of the folder.
    """
    root = _parse(path)
    named = root.findtext("filename", "").strip()
    picture = _find_picture(path.stem, path_inside(pictures, named) if named else pictures / f"{path.stem}.jpg")
    try:
        boxes = tuple(map(_read_object, root.findall("object")))
        size = int(root.findtext("size/width", "0")), int(root.findtext("size/height", "0"))
    except (TypeError, ValueError):
        raise DataError(f"{path} is no Pascal VOC annotation: each object needs a name and a bndbox with "
                        f"{', '.join(CORNERS)} in pixels") from None
    # Some tools leave the size out, or write 0.
    width, height = size if min(size) > 0 else measure_file(picture) or (0, 0)
    return Picture(picture, width, height, boxes)


def write_voc(folder: Path, splits: Mapping[str, Sequence[Picture]], labels: Sequence[str]) -> None:
    """Write a VOC folder; pictures that lie elsewhere are copied into it, under names that are kept apart.

    Corners are rounded to whole pixels. The lists come last: what an interruption leaves behind is in none of them.
    A list that is there already, and is not written now, loses what is listed now: no picture is in two of them.
    Raises DataError where the disk is full or the folder cannot be written.
    """
    try:
        names = iter(_tell_apart([picture.path for pictures in splits.values() for picture in pictures], folder))
        lists = {split: [_write_picture(folder, picture, next(names)) for picture in pictures]
                 for split, pictures in splits.items()}
        for split, listed in {**_shorten_others(folder, lists), **lists}.items():
            _write_lines(split_file(folder, split), listed)
        _write_lines(folder / LABELS, labels)
    except OSError as error:
        raise DataError(f"{folder} cannot be written ({error.strerror or error}): free some space there, "
                        "or name another folder with --out") from error


def check_labels(folder: Path, labels: Sequence[str]) -> None:
    """Raises DataError where the folder already holds pictures of other classes: lists and labels would not fit."""
    if (folder / LABELS).is_file() and read_labels(folder) != list(labels):
        raise DataError(f"{folder} holds pictures of other classes ({', '.join(read_labels(folder)[:5])}): "
                        "name another folder with --out")


def _read_lines(path: Path, remedy: str) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({getattr(error, 'strerror', 'it is no text')}): {remedy}") from error
    return [line.strip() for line in lines if line.strip()]


def _check(picture: Picture, folder: Path) -> Picture:
    """The picture with its boxes cut at its edges, fit to be learned from."""
    remedy = f"`fingerpost data check {folder}` lists all that is wrong, `fingerpost data import` leaves it out"
    if not picture.path.is_file():
        raise DataError(f"{picture.path} is not there, but annotated: {remedy}")
    boxes = tuple(clip(box, picture.width, picture.height) for box in picture.boxes)
    for box in boxes:
        if not (box.left < box.right and box.top < box.bottom):
            raise DataError(f"{picture.path}: there is nothing in the box of {box.name!r}; {remedy}")
    return picture._replace(boxes=boxes)


class _Builder(ET.TreeBuilder):
    """Builds the tree, but of no document with a type of its own: nobody writes one, and its entities can be bombs."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise DataError("it declares a DOCTYPE")


def _parse(path: Path) -> ET.Element:
    try:
        root = ET.fromstring(path.read_bytes(), ET.XMLParser(target=_Builder()))
    except (OSError, ET.ParseError, DataError, ValueError, LookupError) as error:
        raise DataError(f"{path} cannot be read as XML ({getattr(error, 'strerror', None) or error}): "
                        "label the picture again, or take it out of the lists in ImageSets/Main") from error
    return root


def _read_object(element: ET.Element) -> Labelled:
    name = element.findtext("name", "").strip()
    if not name:
        raise ValueError("no name")
    # findtext gives None for a missing corner, on which float raises TypeError.
    left, top, right, bottom = (float(element.findtext(f"bndbox/{corner}")) for corner in CORNERS)  # type: ignore[arg-type]
    return Labelled(name, left, top, right, bottom, element.findtext("difficult", "0").strip() == "1")


def _find_picture(stem: str, named: Path) -> Path:
    """The picture called `stem`; else the one that the annotation names, which may have had another name since."""
    suffixes = [named.suffix, *SUFFIXES, *(suffix.upper() for suffix in SUFFIXES)]
    candidates = [*(named.parent / f"{stem}{suffix}" for suffix in suffixes), named]
    return next((path for path in candidates if path.is_file()), named)


def _tell_apart(paths: Iterable[Path], folder: Path) -> list[str]:
    """File names for them, no two with one stem: train/1.jpg and val/1.jpg become 1.jpg and 1-2.jpg.

    Nor do they have the stem of another picture that is in the folder already.
    """
    there = {path.stem.lower(): path for path in (folder / "JPEGImages").glob("*")}
    taken: set[str] = set()
    names = []
    for path in paths:
        stem, number = path.stem, 2
        while stem.lower() in taken or not _is_same(path, there.get(stem.lower(), path)):
            stem, number = f"{path.stem}-{number}", number + 1
        taken.add(stem.lower())
        names.append(stem + path.suffix)
    return names


def _is_same(path: Path, other: Path) -> bool:
    """Do both files hold the same picture?"""
    return path == other or filecmp.cmp(path, other, shallow=False)


def _shorten_others(folder: Path, lists: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The lists that are in the folder but not among those, without the names that those have."""
    listed = {name for names in lists.values() for name in names}
    others = [split for split in SPLITS if split not in lists and split_file(folder, split).is_file()]
    return {split: [name for name in list_names(folder, split) if name not in listed] for split in others}


def _write_picture(folder: Path, picture: Picture, name: str) -> str:
    """Put picture and annotation in place; returns the name without suffix."""
    target = folder / "JPEGImages" / name
    if target != picture.path:
        write_whole(target, picture.path.read_bytes(), sync=False)
    write_whole(folder / "Annotations" / f"{target.stem}.xml", _format(picture, name), sync=False)
    return target.stem


def _format(picture: Picture, name: str) -> bytes:
    root = ET.Element("annotation")
    ET.SubElement(root, "folder").text = "JPEGImages"
    ET.SubElement(root, "filename").text = name
    _add_numbers(ET.SubElement(root, "size"), {"width": picture.width, "height": picture.height, "depth": 3})
    for box in picture.boxes:
        item = ET.SubElement(root, "object")
        ET.SubElement(item, "name").text = box.name
        _add_numbers(item, {"difficult": int(box.difficult)})
        _add_numbers(ET.SubElement(item, "bndbox"), dict(zip(CORNERS, map(round, box[1:5]))))
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8") + b"\n"


def _add_numbers(element: ET.Element, numbers: Mapping[str, int]) -> None:
    for tag, number in numbers.items():
        ET.SubElement(element, tag).text = str(number)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    write_whole(path, "".join(f"{line}\n" for line in lines).encode())
