"""`fingerpost data open-images`, from start to end, against a server on this machine with small tables and pictures."""

from __future__ import annotations

import importlib
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("cv2")
if sys.version_info < (3, 10):
    pytest.skip("pictures are brought in where networks learn, which takes Python 3.10", allow_module_level=True)

from fingerpost import downloads  # noqa: E402
from fingerpost.cli import COMMANDS, find_command, main  # noqa: E402
from fingerpost.core.errors import DataError  # noqa: E402
from fingerpost.learning.boxes import mirror  # noqa: E402
from fingerpost.learning.boxes.openimages import choose, find_classes  # noqa: E402
from fingerpost.learning.boxes.pictures import Labelled  # noqa: E402
from fingerpost.learning.boxes.voc import read_labels, read_voc  # noqa: E402
from tests.boxes import make_picture  # noqa: E402
from tests.disk import little_room  # noqa: E402
from tests.dots import parse  # noqa: E402
from tests.server import serve  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs" / "examples" / "number-plates.md"
PLATE, CAR = "/m/01jfm_", "/m/0k4j"
CLASSES = f"LabelName,DisplayName\n{CAR},Car\n{PLATE},Vehicle registration plate\n/m/050gv4,Plate\n/m/0199g,Bicycle\n"
TRAIN_COLUMNS = ("ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,"
                 "IsInside,XClick1X,XClick2X,XClick3X,XClick4X,XClick1Y,XClick2Y,XClick3Y,XClick4Y")
COLUMNS = TRAIN_COLUMNS.partition(",XClick1X")[0]
AUTHOR_COLUMNS = ("ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,OriginalSize,"
                  "OriginalMD5,Thumbnail300KURL,Rotation")
NAME = "vehicle registration plate"
STALLED = "/train/000000000000000c.jpg"


def image_id(letter):
    return letter.rjust(16, "0")


def make_boxes(header, *rows):
    """A table as Open Images has it; a row is a letter for the picture, a class, and whether it is a group."""
    clicks = ",0" * (header.count(",") - COLUMNS.count(","))
    lines = [f"{image_id(letter)},xclick,{label},1,0.25,0.5,0.125,0.75,0,0,{group},0,0{clicks}"
             for letter, label, group in rows]
    return "\n".join([header, *lines, ""]).encode()


def make_authors(split, letters):
    rows = [f'{image_id(letter)},{split},u,https://flickr/{letter},https://cc/by/,p,"Doe, Jane",Street {letter},1,m,t,'
            for letter in letters]
    return "\n".join([AUTHOR_COLUMNS, *rows, ""]).encode()


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A server of eight pictures in three splits; one of them is broken there, and one missing."""
    monkeypatch.setattr(downloads, "PAUSES_SECONDS", (0.0,))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = make_picture(tmp_path / "picture.jpg").path.read_bytes()
    train = [("a", PLATE, 0), ("a", CAR, 1), ("a", PLATE, 0), ("b", "/m/0199g", 0), *((x, PLATE, 0) for x in "bcdef")]
    with serve(b"") as script:
        script.files = {
            f"/{mirror.CLASSES}": CLASSES.encode(),
            f"/{mirror.BOXES['train']}": make_boxes(TRAIN_COLUMNS, *train),
            f"/{mirror.BOXES['validation']}": make_boxes(COLUMNS, ("1", PLATE, 1), ("2", CAR, 0)),
            f"/{mirror.BOXES['test']}": make_boxes(COLUMNS, ("3", PLATE, 0)),
            f"/{mirror.AUTHORS['train']}": make_authors("train", "abcdef"),
            f"/{mirror.AUTHORS['validation']}": make_authors("validation", "12"),
            **{f"/train/{image_id(letter)}.jpg": data for letter in "abcde"},
            f"/train/{image_id('b')}.jpg": data[:-300],
            f"/validation/{image_id('1')}.jpg": data, f"/validation/{image_id('2')}.jpg": data,
            f"/test/{image_id('3')}.jpg": data,
        }
        yield script


def command(script, out, *options):
    return ["data", "open-images", "--classes", NAME, "--out", str(out), "--base-url", script.root, *options]


def pictures_asked(script):
    return sorted(path for path in script.paths if path.endswith(".jpg"))


def stems(folder, split):
    return "".join(sorted(picture.path.stem[-1] for picture in read_voc(folder, split)))


def test_a_class_becomes_a_voc_folder(script, tmp_path, capsys):
    out = tmp_path / "plates"
    assert main(command(script, out)) == 0
    assert [stems(out, split) for split in ("train", "val", "test")] == ["acde", "1", "3"]
    box = Labelled("Vehicle registration plate", 16, 6, 32, 36)
    assert read_voc(out, "train")[0].boxes == (box, box)
    assert read_voc(out, "val")[0].boxes == (box._replace(difficult=True),)
    assert read_labels(out) == ["Vehicle registration plate"]
    printed = capsys.readouterr().out
    assert [line.split()[-5:] for line in printed.splitlines()[1:4]] == [
        ["train", "6", "7", "6", "7"], ["validation", "1", "1", "1", "1"], ["test", "1", "1", "1", "1"]]
    assert "6 pictures in" in printed
    assert "1 broken on the server" in printed
    assert "1 missing on the server" in printed
    assert printed.count("CC BY 4.0") == 1
    assert main(["data", "check", str(out)]) == 0


def test_the_authors_are_named_where_the_server_tells(script, tmp_path, capsys):
    assert main(command(script, tmp_path / "plates")) == 0
    assert "authors of test stay unknown" in capsys.readouterr().out
    lines = (tmp_path / "plates" / "LICENCES.txt").read_text().splitlines()
    assert "CC BY 2.0" in lines[0]
    assert f"{image_id('a')}.jpg | Doe, Jane | Street a | https://cc/by/ | https://flickr/a" in lines
    assert f"{image_id('3')}.jpg | author not looked up" in lines
    assert len(lines) == 2 + 6
    assert main(command(script, tmp_path / "plain", "--no-authors")) == 0
    assert (tmp_path / "plain" / "LICENCES.txt").read_text().count("not looked up") == 6


def test_run_again_only_what_is_missing_is_fetched(script, tmp_path, capsys):
    assert main(command(script, tmp_path / "plates")) == 0
    script.paths.clear()
    script.files[f"/train/{image_id('b')}.jpg"] = script.files[f"/train/{image_id('a')}.jpg"]  # mended meanwhile
    assert main(command(script, tmp_path / "plates")) == 0
    assert [path[-5] for path in pictures_asked(script)] == ["b", "f"]
    assert not [path for path in script.paths if "annotations-bbox" in path]  # the tables are kept
    assert "7 pictures in" in capsys.readouterr().out
    assert stems(tmp_path / "plates", "train") == "abcde"


def test_a_limit_takes_a_share_of_every_split_and_a_larger_one_more(script, tmp_path, capsys):
    out = tmp_path / "plates"
    assert main(command(script, out, "--limit", "3")) == 0
    assert [stems(out, split) for split in ("train", "val", "test")] == ["a", "1", "3"]
    assert capsys.readouterr().out.splitlines()[1].split()[-5:] == ["train", "6", "7", "1", "2"]
    script.paths.clear()
    assert main(command(script, out, "--limit", "6", "--splits", "train", "test")) == 0
    assert set(stems(out, "train")) <= set("acde")
    assert f"/train/{image_id('a')}.jpg" not in script.paths


def test_the_table_alone_fetches_no_picture(script, tmp_path, capsys):
    assert main([*command(script, tmp_path / "plates", "--table-only"), "--classes", "car", NAME]) == 0
    lines = [line.split()[-5:-2] for line in capsys.readouterr().out.splitlines()]
    assert ["train", "1", "1"] in lines
    assert ["validation", "2", "2"] in lines  # all classes together
    assert not pictures_asked(script)
    assert not (tmp_path / "plates").exists()


def test_rare_classes_come_first_when_there_is_a_limit():
    boxes = {f"{index:02}": (Labelled("car", 0, 0, 1, 1),) for index in range(50)}
    boxes["99"] = (Labelled("plate", 0, 0, 1, 1),)
    assert set(choose({"train": boxes}, 4)["train"]) == {"00", "01", "02", "99"}
    assert set(choose({"train": boxes}, 3)["train"]) < set(choose({"train": boxes}, 4)["train"])
    assert choose({"train": boxes}, None) == {"train": boxes}


@pytest.mark.parametrize("limit", range(2, 54))
def test_a_limit_is_kept_and_every_split_has_its_part(limit):
    boxes = {f"{index:02}": (Labelled("car", 0, 0, 1, 1),) for index in range(50)}
    taken = choose({"train": boxes, "validation": dict(list(boxes.items())[:3]), "test": {}}, limit)
    assert sum(map(len, taken.values())) == limit
    assert len(taken["validation"]) == max(1, limit * 3 // 53)


@pytest.mark.parametrize(("name", "nearest"), [
    ("licence plate", "Plate"), ("registration plate", "Vehicle registration plate"), ("bycicle", "Bicycle"),
    ("zzzz", "a more general word"),
])
def test_wrong_names_get_the_nearest_ones(name, nearest):
    known = dict(line.split(",") for line in CLASSES.splitlines()[1:])
    with pytest.raises(DataError, match=nearest) as raised:
        find_classes([name, "Car"], known)
    assert "\n" not in str(raised.value)
    assert find_classes(["CAR"], known) == {CAR: "Car"}


def test_an_interrupted_table_goes_on_where_it_stopped(script, tmp_path, capsys):
    table = f"/{mirror.BOXES['train']}"
    script.files = {path: data for path, data in script.files.items() if path in (table, f"/{mirror.CLASSES}")}
    script.breaks = [1000, 300, 500]
    assert main(command(script, tmp_path / "plates")) == 1
    assert "goes on where it stopped" in capsys.readouterr().err
    assert main(command(script, tmp_path / "plates", "--table-only", "--splits", "train")) == 0
    assert script.asked == [None, None, "bytes=300-", "bytes=500-"]


def test_other_columns_are_told_and_not_kept(script, tmp_path, capsys):
    table = f"/{mirror.BOXES['train']}"
    whole = script.files[table]
    script.files[table] = b"<html>Please sign in</html>"
    assert main(command(script, tmp_path / "plates")) == 1
    assert "has other columns" in capsys.readouterr().err
    script.files[table] = whole.replace(b"IsGroupOf", b"IsCrowd")
    assert main(command(script, tmp_path / "plates")) == 1
    script.files[table] = whole
    assert main(command(script, tmp_path / "plates")) == 0


def test_interrupted_pictures_count_not_and_are_fetched_next_time(script, tmp_path, monkeypatch):
    out = tmp_path / "plates"
    fetch = mirror.fetch

    def stop_at_last(url):
        if url.endswith("3.jpg"):
            raise KeyboardInterrupt
        return fetch(url)
    monkeypatch.setattr(mirror, "fetch", stop_at_last)
    assert main(command(script, out, "--jobs", "1")) == 130
    assert not (out / "ImageSets").exists()
    monkeypatch.setattr(mirror, "fetch", fetch)
    script.paths.clear()
    assert main(command(script, out)) == 0
    assert [path[-5] for path in pictures_asked(script)] == ["3", "b", "f"]
    assert main(["data", "check", str(out)]) == 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_is_killed_in_the_midst_of_a_picture_leaves_no_half_of_it(script, tmp_path, how):
    out = tmp_path / "plates"
    script.stalls = STALLED
    child = subprocess.Popen([sys.executable, "-m", "fingerpost", *command(script, out)], stderr=subprocess.DEVNULL,
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # it may be ignored here
    while STALLED not in script.paths:
        assert child.poll() is None
        time.sleep(0.05)
    child.send_signal(how)
    script.stalls = ""
    if how == signal.SIGINT:
        script.over.set()  # what is under way ends, what is queued never begins
    assert child.wait() == (130 if how == signal.SIGINT else -how)
    assert not (out / "ImageSets").exists()
    assert main(command(script, out)) == 0
    assert stems(out, "train") == "acde"
    assert not list(out.rglob("*.part"))


def test_a_full_disk_is_told_and_the_next_run_goes_on(script, tmp_path, capsys):
    out = tmp_path / "plates"
    assert main(command(script, out, "--table-only")) == 0
    with little_room(100):
        assert main(command(script, out)) == 1
    assert "free some space" in capsys.readouterr().err
    assert main(command(script, out)) == 0


def test_a_lost_network_is_one_line_and_no_missing_picture(script, tmp_path, capsys):
    assert main(command(script, tmp_path / "plates", "--table-only")) == 0
    script.codes = [503] * 100
    assert main(command(script, tmp_path / "plates")) == 1
    error = capsys.readouterr().err
    assert "check the network" in error
    assert error.count("\n") == 1


def test_a_row_that_would_leave_the_folder_is_refused(script, tmp_path, capsys):
    table = f"/{mirror.BOXES['train']}"
    script.files[table] = script.files[table].replace(image_id("e").encode(), b"../../evil")
    assert main(command(script, tmp_path / "plates")) == 1
    assert "no name for a file" in capsys.readouterr().err
    assert not pictures_asked(script)


def test_a_folder_of_other_classes_is_left_alone(script, tmp_path, capsys):
    assert main(command(script, tmp_path / "plates")) == 0
    assert main([*command(script, tmp_path / "plates"), "--classes", "Car"]) == 1
    assert "name another folder" in capsys.readouterr().err


def test_the_commands_of_the_example_do_what_its_page_says(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("torch")
    lines = re.findall(r"^fingerpost (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    for words in map(shlex.split, lines):
        name, rest = find_command(words)
        if name == "data open-images":
            assert main([*words, "--base-url", script.root]) == 0
        elif name == "data check":
            assert main(words) == 0
        else:
            parse(importlib.import_module(f"fingerpost.{COMMANDS[name].module}"), *rest)
    assert stems(tmp_path / "plates", "test") == "3"
