"""`fingerpost data import`: pictures with boxes in any of three formats become one Pascal VOC folder, mended."""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from ...core.errors import DataError
from ...progress import Progress
from .coco import list_coco, read_coco
from .faults import mend
from .pictures import Picture, measure_file, resize
from .tables import read_boxes, read_classes
from .voc import SPLITS, check_labels, list_annotations, pictures_in, read_annotation, read_split, split_file, write_voc

TRAIN, VAL, TEST = SPLITS
UNMEASURED = (1, 1)
"""The size of a picture whose boxes are shares of its width and height, as Open Images gives them."""
OPEN_IMAGES = {TRAIN: "train", VAL: "validation", TEST: "test"}
"""What Open Images calls the splits."""

Splits = dict[str, list[Picture]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("source", type=Path, help="voc, openimages: a folder; coco: a JSON file, or a folder of them")
    parser.add_argument("--format", choices=list(READERS), required=True, help="what the source is")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures, in Pascal VOC format")
    parser.add_argument("--classes", nargs="+", default=[], metavar="NAME", help="take only these (default all)")
    parser.add_argument("--split", type=float, default=0.2, metavar="SHARE",
                        help="of the pictures, the last of each class by name, held back for validation where the "
                        "source holds none back itself (default 0.2)")


def main(args: argparse.Namespace) -> int:
    """Read, mend, write, and tell what was left out."""
    if not 0 <= args.split < 1:
        raise DataError(f"--split is {args.split}: give a share from 0 up to 1, such as 0.2")
    if args.out.resolve() == args.source.resolve():
        raise DataError("--out is the source itself, which stays as it is: name another folder")
    counts: Counter[str] = Counter()
    read = READERS[args.format](args.source)
    if args.classes:
        read = {split: keep_classes(pictures, args.classes) for split, pictures in read.items()}
    splits = {split: admit(put_together(pictures), counts) for split, pictures in read.items()}
    labels = list_labels(splits)
    if not labels or not labels.issuperset(args.classes):
        raise DataError(f"{args.source} has {', '.join(sorted(labels)[:9]) or 'no boxes'}, and not what was asked for"
                        f"{tell_left_out(counts)}: check --format, --classes, and where the pictures lie")
    check_labels(args.out, sorted(labels))
    splits = hold_back(splits, args.split)
    write_voc(args.out, splits, sorted(labels))
    sizes = ", ".join(f"{len(pictures):,} {split}" for split, pictures in splits.items())
    print(f"{len(labels)} classes, {sizes} pictures in {args.out}{tell_left_out(counts)}")
    return 0


def keep_classes(pictures: Iterable[Picture], names: Collection[str]) -> list[Picture]:
    """The pictures that show one of the classes, with the boxes of those classes."""
    kept = (picture._replace(boxes=tuple(box for box in picture.boxes if box.name in names)) for picture in pictures)
    return [picture for picture in kept if picture.boxes]


def put_together(pictures: Iterable[Picture]) -> list[Picture]:
    """Every picture once, with all boxes that are drawn in it: two files may tell of the same one."""
    merged: dict[tuple[Path, int, int], Picture] = {}
    for picture in pictures:
        known = merged.setdefault(picture[:3], picture)
        merged[picture[:3]] = known._replace(boxes=tuple(dict.fromkeys(known.boxes + picture.boxes)))
    return list(merged.values())


def admit(pictures: Iterable[Picture], counts: Counter[str]) -> list[Picture]:
    """The pictures whose file is there and whole, with their sound boxes; what is left out is counted."""
    admitted = []
    for picture in Progress(pictures, "pictures"):
        size = measure_file(picture.path)
        if size is None:
            counts["pictures that are missing or broken"] += 1
            continue
        declared = picture.width, picture.height
        if size != declared and declared != UNMEASURED:  # turned by a camera's mark, or scaled since
            counts["pictures of another size than their boxes were drawn at"] += 1
            continue
        mended = mend(resize(picture, *size) if declared == UNMEASURED else picture)
        if len(mended.boxes) < len(picture.boxes):
            counts["faulty boxes"] += len(picture.boxes) - len(mended.boxes)
        admitted.append(mended)
    return admitted


def hold_back(splits: Splits, share: float) -> Splits:
    """The splits with a part of `train` as `val`, unless that has pictures already.

    A picture counts as of its first box's class. Of each class that has two or more, the last by name are held back,
    at least one: neighbours are often alike.
    """
    if not share or splits.get(VAL) or TRAIN not in splits:
        return splits
    by_class: dict[str, list[Picture]] = defaultdict(list)
    for picture in sorted(splits[TRAIN], key=lambda picture: picture.path):
        by_class[picture.boxes[0].name if picture.boxes else ""].append(picture)
    parts: Splits = {TRAIN: [], VAL: []}
    for _, pictures in sorted(by_class.items()):
        kept = len(pictures) - max(int(share * len(pictures)), min(1, len(pictures) - 1))
        parts[TRAIN] += pictures[:kept]
        parts[VAL] += pictures[kept:]
    return {**parts, **{split: splits[split] for split in splits if split not in parts}}


def list_labels(splits: Splits) -> set[str]:
    """The names of all that is boxed."""
    return {box.name for pictures in splits.values() for picture in pictures for box in picture.boxes}


def tell_left_out(counts: Counter[str]) -> str:
    """What was left out, as the end of a sentence."""
    parts = ", ".join(f"{number:,} {what}" for what, number in counts.items())
    return f"; left out: {parts}" if parts else ""


def read_voc_splits(folder: Path) -> Splits:
    """A Pascal VOC folder by its lists; all of it as `train` where it has none. Raises DataError."""
    listed = [split for split in SPLITS if split_file(folder, split).is_file()]
    if listed:
        return {split: read_split(folder, split) for split in listed}
    return {TRAIN: [read_annotation(path, pictures_in(folder)) for path in list_annotations(folder)]}


def read_open_images(folder: Path) -> Splits:
    """A folder with a table of classes, `*SPLIT-annotations-bbox.csv`, and the pictures in SPLIT/. Raises DataError."""
    classes = read_classes(_find_table(folder, "class-descriptions-boxable"))
    tables = {split: sorted(folder.glob(f"*{name}-annotations-bbox.csv")) for split, name in OPEN_IMAGES.items()}
    if not any(tables.values()):
        raise DataError(f"{folder} has no table of boxes: put train-annotations-bbox.csv (or validation-, test-) there")
    return {split: [Picture(folder / OPEN_IMAGES[split] / f"{image}.jpg", *UNMEASURED, boxes)
                    for image, boxes in read_boxes(paths[0], classes).items()]
            for split, paths in tables.items() if paths}


def read_coco_splits(source: Path) -> Splits:
    """A JSON file as `train`; of a folder, every JSON as the split that its path names. Raises DataError."""
    if not source.is_dir():
        return {TRAIN: read_coco(source)}
    splits: Splits = {}
    for path in list_coco(source):
        splits.setdefault(_guess_split(path.relative_to(source)), []).extend(read_coco(path))
    return splits


def _find_table(folder: Path, name: str) -> Path:
    found = sorted(folder.glob(f"*{name}*.csv"))
    if not found:
        raise DataError(f"{folder} has no table of classes: put {name}.csv of Open Images there")
    return found[0]


def _guess_split(path: Path) -> str:
    words = str(path).lower()
    return next((split for split in SPLITS if split in words), TRAIN)


READERS: dict[str, Callable[[Path], Splits]] = {
    "voc": read_voc_splits,
    "openimages": read_open_images,
    "coco": read_coco_splits,
}
