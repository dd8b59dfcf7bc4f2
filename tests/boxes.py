"""Pictures with boxes, made up: a grey picture of 64 x 48, and whatever boxes a test needs."""

from __future__ import annotations

import json

from fingerpost.learning.boxes.pictures import Labelled, Picture
from fingerpost.learning.boxes.voc import write_voc
from tests.dots import write_dot

WIDTH, HEIGHT = 64, 48
KING, ACE = Labelled("king", 4, 6, 30, 40), Labelled("ace", 20, 8, 60, 44, difficult=True)
EASY = ACE._replace(difficult=False)


def make_picture(path, *boxes):
    """A picture in a file, with those boxes."""
    write_dot(path, 20, 24)
    return Picture(path, WIDTH, HEIGHT, boxes)


def make_voc(folder, splits, labels=("king", "ace")):
    """A Pascal VOC folder: the boxes of every picture of every split, by their names."""
    write_voc(folder, {split: [make_picture(folder / "JPEGImages" / f"{name}.jpg", *boxes)
                               for name, boxes in named.items()] for split, named in splits.items()}, labels)
    return folder


def make_xml(*objects, size=(WIDTH, HEIGHT), filename="a.jpg"):
    """An annotation as text; an object is a name and four corners, or text of its own."""
    items = [item if isinstance(item, str) else
             "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>"
             "</object>".format(*item) for item in objects]
    return (f"<annotation><filename>{filename}</filename><size><width>{size[0]}</width><height>{size[1]}</height>"
            f"</size>{''.join(items)}</annotation>")


def make_coco(path, files, annotations, categories=(("king", 3), ("ace", 7))):
    """COCO's JSON: file names, (index of the file, id of the category, bbox, iscrowd), and the categories."""
    content = {
        "images": [{"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT}
                   for number, name in enumerate(files)],
        "annotations": [{"id": number, "image_id": image, "category_id": category, "bbox": bbox, "iscrowd": crowd}
                        for number, (image, category, bbox, crowd) in enumerate(annotations)],
        "categories": [{"id": number, "name": name} for name, number in categories],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
