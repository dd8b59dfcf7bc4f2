"""`fingerpost data open-images`: the pictures of some classes of Open Images V7, with their boxes, as Pascal VOC."""

from __future__ import annotations

import argparse
import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ...core.errors import DataError
from ...downloads import MissingFile
from ...wholefile import write_whole
from .faults import mend
from .mirror import BOXES, FETCHED, THERE, Brought, Mirror
from .pictures import Labelled, Picture, resize
from .tables import Author, read_authors, read_boxes, read_classes
from .voc import check_labels, write_voc

LISTS = {"train": "train", "validation": "val", "test": "test"}
"""What Pascal VOC calls the splits of Open Images."""
LICENCE = ("Open Images V7, https://storage.googleapis.com/openimages/web/: the boxes are by Google LLC, CC BY 4.0; "
           "the pictures are listed as CC BY 2.0 by their authors. Look before you publish one: nobody vouches for it.")
ALIKE = 0.4
"""From here on, of 1, a name is offered in place of a wrong one."""

Boxes = Mapping[str, tuple[Labelled, ...]]
"""The boxes of every picture, by its ImageID."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--classes", nargs="+", required=True, metavar="NAME",
                        help="of the 600 things that Open Images has boxes for, such as \"Vehicle registration plate\"")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures; run again to go on")
    parser.add_argument("--limit", type=int, metavar="N",
                        help="at most so many pictures, shared among splits and classes (default all)")
    parser.add_argument("--splits", nargs="+", choices=list(BOXES), default=list(BOXES), metavar="SPLIT",
                        help="of train, validation and test (default all; the boxes of train are a table of 2 GB)")
    parser.add_argument("--table-only", action="store_true", help="only print how much there is")
    parser.add_argument("--no-authors", action="store_true",
                        help="leave the authors out of LICENCES.txt, and their table of 640 MB unfetched; "
                        "whoever publishes pictures must name them")
    parser.add_argument("--jobs", type=int, default=16, help="pictures that are fetched at a time (default 16)")
    parser.add_argument("--base-url", metavar="URL", help="another server with the same files, tables and pictures")


def main(args: argparse.Namespace) -> int:
    """Print what there is, fetch what is wanted, write it down."""
    if args.jobs < 1 or (args.limit is not None and args.limit < 1):
        raise DataError("--jobs and --limit must be at least 1; give a larger number")
    mirror = Mirror(args.base_url)
    classes = find_classes(args.classes, read_classes(mirror.classes()))
    labels = list(classes.values())
    check_labels(args.out, labels)
    available = {split: read_boxes(mirror.boxes(split), classes) for split in dict.fromkeys(args.splits)}
    wanted = choose(available, args.limit)
    print("\n".join(format_table(labels, available, wanted)))
    if args.table_only:
        return 0
    print(LICENCE)
    splits = gather(mirror, wanted, args.out, args.jobs)
    write_voc(args.out, {LISTS[split]: pictures for split, pictures in splits.items()}, labels)
    write_licences(args.out, splits, {} if args.no_authors else find_authors(mirror, splits))
    return 0


def find_classes(names: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """The classes of those names, by their ids. Raises DataError with the nearest names for one that is not there."""
    keys = {name.lower(): key for key, name in known.items()}
    wrong = [name for name in names if name.lower() not in keys]
    if wrong:
        raise DataError("; ".join(f"Open Images has no class {name!r}, {_offer(name, keys, known)}" for name in wrong))
    return {keys[name.lower()]: known[keys[name.lower()]] for name in names}


def choose(available: Mapping[str, Boxes], limit: int | None) -> dict[str, Boxes]:
    """The pictures to take: all, or `limit` of them, a fair share of every split, at least one.

    The same ones every time, and a larger limit takes the same ones and more.
    """
    left = sum(map(len, available.values()))
    room = left if limit is None else min(limit, left)
    shares = {}
    for split in sorted(available, key=lambda split: len(available[split])):  # what is rounded off goes to the largest
        size = len(available[split])
        shares[split] = min(room, size, max(1, room * size // max(1, left)))
        room, left = room - shares[split], left - size
    return {split: pick(boxes, shares[split]) for split, boxes in available.items()}


def pick(boxes: Boxes, count: int) -> Boxes:
    """So many of the pictures, as evenly from all classes as can be: a rare one is not lost among the others."""
    seen: Counter[str] = Counter()
    ranks = {}
    for image in sorted(boxes):  # ids are checksums: their order is as good as drawn by lot
        names = {box.name for box in boxes[image]}
        ranks[image] = min(seen[name] for name in names)
        seen.update(names)
    return {image: boxes[image] for image in sorted(ranks, key=ranks.__getitem__)[:count]}


def format_table(labels: Sequence[str], available: Mapping[str, Boxes], wanted: Mapping[str, Boxes]) -> list[str]:
    """How many pictures and boxes of every class every split has, and how many of them are taken."""
    width = max(map(len, (*labels, "all")))
    lines = [f"{'class':<{width}}  {'split':<10}  {'pictures':>9}  {'boxes':>9}  {'taken':>9}  {'boxes':>9}"]
    for label in [*labels, *(["all"] if len(labels) > 1 else [])]:
        for split in available:
            numbers = [*_count(label, available[split]), *_count(label, wanted[split])]
            lines.append(f"{label:<{width}}  {split:<10}  " + "  ".join(f"{number:>9,}" for number in numbers))
    return lines


def gather(mirror: Mirror, wanted: Mapping[str, Boxes], folder: Path, jobs: int) -> dict[str, list[Picture]]:
    """Fetch the pictures into the folder; those that came, by split. Raises DataError where none did."""
    images = [(split, image) for split, boxes in wanted.items() for image in boxes]
    pictures = folder / "JPEGImages"
    brought = mirror.bring_pictures(images, pictures, jobs)
    print(format_outcomes(brought, folder))
    splits: dict[str, list[Picture]] = {split: [] for split in wanted}
    for (split, image), (_, size) in zip(images, brought):
        if size:
            shares = Picture(pictures / f"{image}.jpg", 1, 1, wanted[split][image])
            splits[split].append(mend(resize(shares, *size)))
    if not any(splits.values()):
        raise DataError("none of the pictures came: choose other classes, or another server with --base-url")
    return splits


def format_outcomes(brought: Iterable[Brought], folder: Path) -> str:
    """One line that tells what became of all of them."""
    counts = Counter(outcome for outcome, _ in brought)
    faults = [f"{number:,} {outcome}" for outcome, number in counts.items() if outcome not in (FETCHED, THERE)]
    left_out = f"; left out: {', '.join(faults)}" if faults else ""
    return (f"{counts[FETCHED] + counts[THERE]:,} pictures in {folder}, {counts[THERE]:,} of them there before"
            + left_out)


def find_authors(mirror: Mirror, splits: Mapping[str, Sequence[Picture]]) -> dict[str, Author]:
    """Who made the pictures, by ImageID, as far as the server tells."""
    found: dict[str, Author] = {}
    for split, pictures in splits.items():
        try:
            found.update(read_authors(mirror.authors(split), {picture.path.stem for picture in pictures}))
        except MissingFile as error:
            print(f"the authors of {split} stay unknown: {error}")
    return found


def write_licences(folder: Path, splits: Mapping[str, Iterable[Picture]], authors: Mapping[str, Author]) -> None:
    """LICENCES.txt: the terms, then a line for every picture. Raises DataError."""
    stems = [picture.path.stem for pictures in splits.values() for picture in pictures]
    unknown = Author("author not looked up", "", "", "")
    rows = [" | ".join((f"{stem}.jpg", *authors.get(stem, unknown))).rstrip(" |") for stem in stems]
    try:
        write_whole(folder / "LICENCES.txt", "\n".join((LICENCE, "", *rows, "")).encode())
    except OSError as error:
        raise DataError(f"{folder} cannot be written ({error.strerror or error}): free some space there") from error


def _offer(name: str, keys: Mapping[str, str], known: Mapping[str, str]) -> str:
    close = difflib.get_close_matches(name.lower(), keys, 4, ALIKE)
    nearest = ", ".join(known[keys[match]] for match in close)
    return f"nearest are: {nearest}" if close else "nor one that is called alike: try a more general word"


def _count(label: str, boxes: Boxes) -> tuple[int, int]:
    """Pictures that show the class (`all`: any), and its boxes in them."""
    each = [sum(box.name == label or label == "all" for box in marked) for marked in boxes.values()]
    return sum(map(bool, each)), sum(each)
