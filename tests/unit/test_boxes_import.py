"""`fingerpost data import`: three formats become one."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("cv2")
if sys.version_info < (3, 10):
    pytest.skip("pictures are brought in where networks learn, which takes Python 3.10", allow_module_level=True)

from fingerpost.cli import main  # noqa: E402
from fingerpost.learning.boxes.pictures import Labelled  # noqa: E402
from fingerpost.learning.boxes.voc import list_names, read_labels, read_voc  # noqa: E402
from tests.boxes import ACE, EASY, KING, make_coco, make_picture, make_voc, make_xml  # noqa: E402


def bring(source, kind, out, *options):
    return main(["data", "import", str(source), "--format", kind, "--out", str(out), *options])


def names(folder, split):
    return [picture.path.name for picture in read_voc(folder, split)]


def test_voc_keeps_its_own_lists(tmp_path, capsys):
    source = make_voc(tmp_path / "in", {"train": {"a": [KING], "b": [EASY]}, "val": {"c": [KING]}, "test": {"d": []}})
    assert bring(source, "voc", tmp_path / "out") == 0
    assert "2 classes, 2 train, 1 val, 1 test pictures" in capsys.readouterr().out
    assert [picture.boxes for picture in read_voc(tmp_path / "out", "train")] == [(KING,), (EASY,)]
    assert [names(tmp_path / "out", split) for split in ("val", "test")] == [["c.jpg"], ["d.jpg"]]
    assert main(["data", "check", str(tmp_path / "out")]) == 0


def test_what_a_labelling_tool_left_in_one_folder_is_split_by_class(tmp_path):
    for index in range(10):
        make_picture(tmp_path / "in" / f"{index}.jpg")
        name = "king" if index < 5 else "ace"
        (tmp_path / "in" / f"{index}.xml").write_text(make_xml((name, 4, 4, 20, 20), filename=f"{index}.jpg"))
    assert bring(tmp_path / "in", "voc", tmp_path / "out", "--split", "0.4") == 0
    assert sorted(names(tmp_path / "out", "val")) == ["3.jpg", "4.jpg", "8.jpg", "9.jpg"]
    assert len(names(tmp_path / "out", "train")) == 6


def test_faults_are_mended_or_left_out_and_counted(tmp_path, capsys):
    source = make_voc(tmp_path / "in", {"train": {name: [KING] for name in "abcd"}, "val": {"e": [KING]}})
    (source / "Annotations" / "a.xml").write_text(make_xml(("king", 50, 4, 80, 30), ("king", 9, 4, 9, 30)))
    (source / "Annotations" / "b.xml").write_text(make_xml(("king", 4, 4, 80, 30), size=(640, 480), filename="b.jpg"))
    (source / "JPEGImages" / "c.jpg").write_bytes(b"no picture")
    (source / "JPEGImages" / "d.jpg").unlink()
    assert bring(source, "voc", tmp_path / "out") == 0
    out = capsys.readouterr().out
    assert "1 faulty boxes" in out
    assert "1 pictures of another size" in out
    assert "2 pictures that are missing or broken" in out
    assert read_voc(tmp_path / "out", "train")[0].boxes == (Labelled("king", 50, 4, 64, 30),)
    assert main(["data", "check", str(tmp_path / "out")]) == 0


def test_brought_in_again_without_validation_no_list_shares_a_picture(tmp_path):
    source = make_voc(tmp_path / "in", {"train": {f"x{index}": [KING] for index in range(5)}, "test": {"y": [KING]}})
    assert bring(source, "voc", tmp_path / "out") == 0
    assert names(tmp_path / "out", "val") == ["x4.jpg"]
    assert bring(source, "voc", tmp_path / "out", "--split", "0") == 0
    assert len(names(tmp_path / "out", "train")) == 5
    assert list_names(tmp_path / "out", "val") == []
    assert list_names(tmp_path / "out", "test") == ["y"]
    assert main(["data", "check", str(tmp_path / "out")]) == 0


@pytest.mark.parametrize("splits", [{}, {"val": {}}])
def test_few_pictures_still_hold_one_of_each_class_back(tmp_path, splits):
    train = {"a": [KING], "b": [KING], "c": [KING], "d": [KING], "e": [EASY], "f": [EASY], "g": []}
    source = make_voc(tmp_path / "in", {"train": train, **splits})
    assert bring(source, "voc", tmp_path / "out") == 0
    assert names(tmp_path / "out", "val") == ["f.jpg", "d.jpg"]
    assert names(tmp_path / "out", "train") == ["g.jpg", "e.jpg", "a.jpg", "b.jpg", "c.jpg"]


def make_tables(folder, *rows):
    folder.mkdir()
    (folder / "class-descriptions-boxable.csv").write_text("/m/01,King\n/m/02,Ace\n")  # as before V7: no header
    lines = ["ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf", *rows]
    (folder / "sub-train-annotations-bbox.csv").write_text("\n".join(lines) + "\n")


def test_open_images_tables_with_the_pictures_beside_them(tmp_path, capsys):
    make_tables(tmp_path / "in", "aa,xclick,/m/01,1,0.25,0.5,0,1,0,0,0", "aa,xclick,/m/02,1,0,1,0,0.5,0,0,1",
                "bb,xclick,/m/01,1,0,1,0,1,0,0,0")
    make_picture(tmp_path / "in" / "train" / "aa.jpg")
    assert bring(tmp_path / "in", "openimages", tmp_path / "out") == 0
    assert "1 pictures that are missing or broken" in capsys.readouterr().out
    assert read_voc(tmp_path / "out", "train")[0].boxes == (
        Labelled("King", 16, 0, 32, 48), Labelled("Ace", 0, 0, 64, 24, difficult=True))


@pytest.mark.parametrize("row", ["../aa,x,/m/01,1,0,1,0,1,0,0,0", "aa,x,/m/01,1,0,x,0,1,0,0,0", "aa,x,/m/01,1"])
def test_a_row_that_is_no_box_is_one_line(tmp_path, capsys, row):
    make_tables(tmp_path / "in", row)
    assert bring(tmp_path / "in", "openimages", tmp_path / "out") == 1
    assert "has a row" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_coco_folders_by_split(tmp_path):
    make_coco(tmp_path / "in" / "annotations" / "instances_train2017.json", ["1.jpg", "empty.jpg"],
              [(0, 3, [4, 6, 26, 34], 0), (0, 7, [20, 8, 40, 36], 1)])
    make_coco(tmp_path / "in" / "annotations" / "instances_val2017.json", ["1.jpg"], [(0, 3, [4, 6, 26, 34], 0)])
    make_coco(tmp_path / "in" / "annotations" / "captions_val2017.json", [], [])
    for name in ("train2017/1", "train2017/empty", "val2017/1"):
        make_picture(tmp_path / "in" / f"{name}.jpg")
    assert bring(tmp_path / "in", "coco", tmp_path / "out") == 0
    assert [picture.boxes for picture in read_voc(tmp_path / "out", "train")] == [(KING, ACE), ()]
    assert names(tmp_path / "out", "val") == ["1-2.jpg"]
    assert read_labels(tmp_path / "out") == ["ace", "king"]


def test_what_two_coco_files_box_in_one_picture_is_put_together(tmp_path):
    kings, aces = (0, 3, [4, 6, 26, 34], 0), (0, 7, [20, 8, 40, 36], 1)
    make_coco(tmp_path / "in" / "kings.json", ["1.jpg", "2.jpg"], [kings])
    make_coco(tmp_path / "in" / "more.json", ["1.jpg"], [kings, aces])
    for name in "12":
        make_picture(tmp_path / "in" / "images" / f"{name}.jpg")
    assert bring(tmp_path / "in", "coco", tmp_path / "out", "--split", "0") == 0
    assert [(picture.path.name, picture.boxes) for picture in read_voc(tmp_path / "out", "train")] == [
        ("1.jpg", (KING, ACE)), ("2.jpg", ())]


def test_some_classes_of_one_coco_file(tmp_path, capsys):
    files = [f"{index}.jpg" for index in range(6)]
    make_coco(tmp_path / "in" / "all.json", files, [(index, 7 if index < 5 else 3, [4, 6, 26, 34], 0)
                                                    for index in range(6)])
    for name in files:
        make_picture(tmp_path / "in" / "images" / name)
    assert bring(tmp_path / "in" / "all.json", "coco", tmp_path / "out", "--classes", "ace") == 0
    assert names(tmp_path / "out", "train") == files[:4]
    assert names(tmp_path / "out", "val") == files[4:5]
    assert bring(tmp_path / "in" / "all.json", "coco", tmp_path / "new", "--classes", "ace", "queen") == 1
    assert "has ace, and not what was asked for" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "message"), [
    ("{", "cannot be read as JSON"), ("[]", "not COCO's"), ('{"images": [], "annotations": []}', "not COCO's"),
    ('{"images": [], "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1]}], "categories": []}', "not COCO's"),
    ('{"images": [{"id": 1, "file_name": "../a.jpg", "width": 1, "height": 1}], "annotations": [], "categories": []}',
     "leads out"),
])
def test_foreign_json_is_one_clear_line(tmp_path, capsys, text, message):
    (tmp_path / "a.json").write_text(text)
    assert bring(tmp_path / "a.json", "coco", tmp_path / "out") == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_the_source_stays_as_it_is(tmp_path, capsys):
    source = make_voc(tmp_path, {"train": {"a": [KING]}})
    assert bring(source, "voc", source) == 1
    assert bring(source, "voc", tmp_path / "out", "--split", "1.5") == 1
    assert bring(tmp_path / "none", "openimages", tmp_path / "out") == 1
    errors = capsys.readouterr().err.splitlines()
    assert [part in error for part, error in zip(("name another folder", "give a share", "no table of classes"), errors)
            ] == [True] * 3
