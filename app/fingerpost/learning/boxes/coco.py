"""COCO's JSON: all pictures, boxes and names of a split in one file (format: https://cocodataset.org/#format-data)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...core.errors import DataError
from .pictures import Labelled, Picture, path_inside


def read_coco(path: Path) -> list[Picture]:
    """The pictures of one JSON file, boxes as they stand; a crowd in one box is difficult.

    The files are looked for where COCO and the usual tools put them: beside the JSON, in `images`, or in a folder of
    the split's name. Raises DataError for what is no such JSON, and for a file name that leads out of its folder.
    """
    content = _load(path)
    try:
        names = {item["id"]: " ".join(str(item["name"]).split()) for item in content["categories"]}
        boxes = _group_boxes(content["annotations"], names)
        folders = _list_folders(path)
        return [Picture(_find_file(folders, str(item["file_name"])), int(item["width"]), int(item["height"]),
                        tuple(boxes[item["id"]])) for item in content["images"]]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{path} is not COCO's JSON for boxes ({type(error).__name__}: {error}): it needs images, "
                        "annotations and categories as cocodataset.org describes them") from None


def list_coco(folder: Path) -> list[Path]:
    """The JSON files below a folder, sorted, but for those that COCO gives for captions, key points and the like."""
    return [path for path in sorted(folder.rglob("*.json"))
            if not path.name.startswith(("captions", "person_keypoints", "panoptic", "image_info", "stuff"))]


def _load(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read as JSON ({getattr(error, 'strerror', None) or error}): "
                        "give the file that holds COCO's annotations") from error
    return content if isinstance(content, dict) else {}


def _group_boxes(annotations: Iterable[Mapping[str, Any]], names: Mapping[Any, str]) -> dict[Any, list[Labelled]]:
    """The boxes of every picture, by its id: COCO gives left, top, width and height."""
    boxes: dict[Any, list[Labelled]] = defaultdict(list)
    for item in annotations:
        left, top, width, height = map(float, item["bbox"])
        boxes[item["image_id"]].append(Labelled(names[item["category_id"]], left, top, left + width, top + height,
                                                bool(item.get("iscrowd", 0))))
    return boxes


def _list_folders(path: Path) -> list[Path]:
    """Where the pictures of a JSON file may lie: COCO's instances_val2017.json tells of val2017."""
    above = path.parent.parent
    return [path.parent, path.parent / "images", above / "images", above / path.stem.split("_", 1)[-1]]


def _find_file(folders: Iterable[Path], name: str) -> Path:
    """The file of that name in the first folder that has it; else where it should be."""
    candidates = [path_inside(folder, name) for folder in folders]
    return next((path for path in candidates if path.is_file()), candidates[0])
