"""Pictures with boxes: what a box may be, Pascal VOC written and read, and `fingerpost data check`."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("cv2")
if sys.version_info < (3, 10):
    pytest.skip("pictures are brought in where networks learn, which takes Python 3.10", allow_module_level=True)

from fingerpost.cli import main  # noqa: E402
from fingerpost.core.errors import DataError  # noqa: E402
from fingerpost.learning.boxes.faults import find_fault, mend  # noqa: E402
from fingerpost.learning.boxes.pictures import Labelled, Picture, measure, path_inside, resize  # noqa: E402
from fingerpost.learning.boxes.voc import check_labels, read_annotation, read_labels, read_voc, write_voc  # noqa: E402
from tests.boxes import ACE, EASY, HEIGHT, KING, WIDTH, make_picture, make_voc, make_xml  # noqa: E402

BOMB = ('<!DOCTYPE annotation [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
        "<annotation><filename>&b;</filename></annotation>")


@pytest.mark.parametrize(("corners", "fault"), [
    ((0, 0, 64, 48), ""), ((4, 4, 6, 6), ""), ((4, 4, 5, 20), "smaller"), ((9, 4, 9, 8), "empty"),
    ((20, 4, 10, 8), "inverted"), ((4, 20, 10, 8), "inverted"), ((-1, 0, 9, 9), "outside"), ((50, 4, 65, 9), "outside"),
    ((4, 4, 9, 49), "outside"), ((float("nan"), 4, 9, 9), "no number"), ((4, 4, float("inf"), 9), "no number"),
])
def test_every_fault_of_a_box_is_told(corners, fault):
    found = find_fault(Labelled("king", *corners), WIDTH, HEIGHT)
    assert fault in found
    assert bool(found) == bool(fault)


def test_mending_cuts_what_hangs_over_and_leaves_out_what_is_lost(tmp_path):
    boxes = [Labelled("king", -5, 4, 200, 30), Labelled("king", 70, 4, 90, 30), Labelled("ace", 9, 9, 9, 9),
             Labelled("ace", float("nan"), 9, 20, 20)]
    assert mend(Picture(tmp_path, WIDTH, HEIGHT, tuple(boxes))).boxes == (Labelled("king", 0, 4, 64, 30),)


def test_boxes_keep_their_place_at_another_size(tmp_path):
    picture = resize(Picture(tmp_path, 1, 1, (Labelled("king", 0.25, 0.5, 0.75, 1.0),)), 400, 200)
    assert picture.boxes == (Labelled("king", 100, 100, 300, 200),)


def test_a_picture_that_ends_too_early_is_none(tmp_path):
    data = make_picture(tmp_path / "a.jpg").path.read_bytes()
    assert measure(data) == (WIDTH, HEIGHT)
    assert measure(data + b"\0" * 20) == (WIDTH, HEIGHT)
    assert [measure(bad) for bad in (data[:-200], b"", b"<html>no picture</html>")] == [None] * 3


@pytest.mark.parametrize("name", ["../a.jpg", "b/../../a.jpg", "/etc/passwd", "..\\a.jpg", "", "a\0.jpg"])
def test_no_name_leads_out_of_its_folder(tmp_path, name):
    with pytest.raises(DataError, match="leads out"):
        path_inside(tmp_path, name)
    assert path_inside(tmp_path, "train/a.jpg") == tmp_path / "train" / "a.jpg"


def test_what_is_written_is_read_again(tmp_path):
    splits = {"train": {"one": [KING, ACE], "two": [], "three": [EASY]}, "val": {"four": [KING]}}
    folder = make_voc(tmp_path / "cards", splits)
    assert [picture.boxes for picture in read_voc(folder, "train")] == [(KING, ACE), (), (EASY,)]
    assert read_voc(folder, "val") == [Picture(folder / "JPEGImages" / "four.jpg", WIDTH, HEIGHT, (KING,))]
    assert read_labels(folder) == ["king", "ace"]
    (folder / "labels.txt").unlink()
    assert read_labels(folder) == ["ace", "king"]
    assert main(["data", "check", str(folder)]) == 0


def test_pictures_of_one_name_are_kept_apart(tmp_path):
    pictures = [make_picture(tmp_path / place / "1.jpg", box) for place, box in (("a", KING), ("b", ACE))]
    write_voc(tmp_path / "out", {"train": pictures}, ["ace", "king"])
    read = read_voc(tmp_path / "out", "train")
    assert [picture.path.name for picture in read] == ["1.jpg", "1-2.jpg"]
    assert [picture.boxes for picture in read] == [(KING,), (ACE,)]


def test_writing_the_same_pictures_again_changes_no_name(tmp_path):
    pictures = [make_picture(tmp_path / place / "1.jpg", KING) for place in "ab"]
    for order in (pictures, pictures[::-1]):
        write_voc(tmp_path / "out", {"train": order}, ["king"])
        assert [picture.path.name for picture in read_voc(tmp_path / "out", "train")] == ["1.jpg", "1-2.jpg"]
    assert len(list((tmp_path / "out" / "JPEGImages").iterdir())) == 2


@pytest.mark.parametrize("name", ["1.jpg", "1.png"])
def test_another_picture_of_the_same_name_is_written_beside_it(tmp_path, name):
    write_voc(tmp_path / "out", {"train": [make_picture(tmp_path / "a" / "1.jpg", KING)]}, ["king"])
    other = make_picture(tmp_path / "b" / name, KING._replace(left=1))
    other.path.write_bytes(other.path.read_bytes() + b"another source")
    for _ in range(2):
        write_voc(tmp_path / "out", {"val": [other]}, ["king"])
    first, = read_voc(tmp_path / "out", "train")
    second, = read_voc(tmp_path / "out", "val")
    assert first == Picture(tmp_path / "out" / "JPEGImages" / "1.jpg", WIDTH, HEIGHT, (KING,))
    assert first.path.read_bytes() == (tmp_path / "a" / "1.jpg").read_bytes()
    assert second.path.stem == "1-2"
    assert second.path.read_bytes() == other.path.read_bytes()
    assert second.boxes == other.boxes


def write_annotation(folder, text):
    path = make_picture(folder / "a.jpg").path.with_suffix(".xml")
    path.write_text(text, encoding="utf-8")
    return path


def test_annotations_may_lie_beside_their_pictures_and_lack_the_size(tmp_path):
    path = write_annotation(tmp_path, make_xml(("king", 1.5, 2, 30, 40), size=(0, 0), filename="renamed since.png"))
    assert read_annotation(path, tmp_path) == Picture(
        tmp_path / "a.jpg", WIDTH, HEIGHT, (Labelled("king", 1.5, 2, 30, 40),))


@pytest.mark.parametrize(("text", "message"), [
    (BOMB, "DOCTYPE"), ("<annotation>", "XML"), ("", "XML"), (make_xml(filename="../b.jpg"), "leads out"),
    (make_xml(("", 1, 2, 3, 4)), "no Pascal VOC"), (make_xml(("king", 1, 2, 3, "x")), "no Pascal VOC"),
    (make_xml("<object><name>king</name></object>"), "no Pascal VOC"), (make_xml(size=("w", 9)), "no Pascal VOC"),
])
def test_a_foreign_annotation_is_one_clear_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as raised:
        read_annotation(write_annotation(tmp_path, text), tmp_path)
    assert "\n" not in str(raised.value)


def test_boxes_to_learn_from_are_cut_at_the_edges_and_never_empty(tmp_path):
    folder = make_voc(tmp_path, {"train": {"a": []}})
    annotation = folder / "Annotations" / "a.xml"
    annotation.write_text(make_xml(("king", -3, 4, 70, 30)))
    assert read_voc(folder, "train")[0].boxes == (Labelled("king", 0, 4, 64, 30),)
    annotation.write_text(make_xml(("king", 70, 4, 80, 30)))
    with pytest.raises(DataError, match="fingerpost data check"):
        read_voc(folder, "train")


def test_missing_lists_and_pictures_name_their_remedy(tmp_path):
    folder = make_voc(tmp_path, {"train": {"a": [KING]}, "test": {}})
    with pytest.raises(DataError, match="val.txt cannot be read .*fingerpost data import"):
        read_voc(folder, "val")
    with pytest.raises(DataError, match="lists no pictures"):
        read_voc(folder, "test")
    (folder / "labels.txt").write_bytes(b"K\xf6nig\n")
    with pytest.raises(DataError, match="it is no text.*one name a line"):
        read_labels(folder)
    (folder / "JPEGImages" / "a.jpg").unlink()
    with pytest.raises(DataError, match="a.jpg is not there"):
        read_voc(folder, "train")
    (folder / "ImageSets" / "Main" / "train.txt").write_text("../../secret\n")
    with pytest.raises(DataError, match="leads out"):
        read_voc(folder, "train")


def test_other_classes_do_not_mix(tmp_path):
    folder = make_voc(tmp_path, {"train": {"a": [KING]}})
    check_labels(folder, ["king", "ace"])
    with pytest.raises(DataError, match="another folder"):
        check_labels(folder, ["plate"])


def spoil(folder):
    """Everything that can be wrong, once."""
    boxes = [("king", 50, 4, 70, 30), ("king", 9, 4, 9, 30), ("king", 30, 4, 9, 30), ("king", 4, 4, 5, 30),
             ("joker", 4, 4, 9, 9)]
    pictures, annotations = folder / "JPEGImages", folder / "Annotations"
    (annotations / "a.xml").write_text(make_xml(*boxes, size=(640, 480)).replace("640", "64").replace("480", "48"))
    (annotations / "b.xml").write_text(make_xml(("king", 4, 4, 9, 9), size=(640, 480), filename="b.jpg"))
    (annotations / "c.xml").write_text("no xml")
    (pictures / "d.jpg").write_bytes((pictures / "d.jpg").read_bytes()[:-100])
    (pictures / "e.jpg").unlink()
    make_picture(pictures / "alone.jpg")
    with (folder / "ImageSets" / "Main" / "val.txt").open("a") as file:
        file.write("a\nnowhere\n")


def test_a_check_finds_everything_that_is_wrong(tmp_path, capsys):
    folder = make_voc(tmp_path, {"train": {name: [KING] for name in "abcde"}, "val": {}})
    spoil(folder)
    assert main(["data", "check", str(folder)]) == 1
    out = capsys.readouterr().out
    for wanted in ("lies outside", "is empty", "is inverted", "smaller than 2", "'joker' is not in labels.txt",
                   "'ace', which labels.txt lists, has no box to learn from",
                   "b.jpg has 64 x 48 pixels, its annotation says 640 x 480",
                   "c.xml cannot be read as XML", "d.jpg cannot be read, or ends too early",
                   "e.xml has no picture", "alone.jpg has no annotation", "a is in both train.txt and val.txt",
                   "names nowhere, which has no annotation"):
        assert out.count(wanted) == 1, wanted
    assert "13 faults in 5 annotations" in out


def test_many_faults_of_one_kind_are_few_lines(tmp_path, capsys):
    folder = make_voc(tmp_path, {"train": {"a": []}}, ["king"])
    (folder / "Annotations" / "a.xml").write_text(make_xml(*[("king", 9, 4, 9, 30)] * 40))
    assert main(["data", "check", str(folder), "--most", "3"]) == 1
    assert capsys.readouterr().out.splitlines()[3:] == [
        "box: and 37 more (--most 40 lists them)", "40 faults in 1 annotations"]


def test_a_folder_without_annotations_is_one_line(tmp_path, capsys):
    assert main(["data", "check", str(tmp_path)]) == 1
    assert "give a folder in Pascal VOC format" in capsys.readouterr().err
