"""The printed page and the finger on it: where the targets are, what is learned from touching them, what is refused."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import List

import cv2
import numpy as np
import pytest

from fingerpost.calibrating import markers
from fingerpost.calibrating.offsetfit import fit_offset
from fingerpost.calibrating.session import Session, converse
from fingerpost.calibrating.sheets import CAMERA_BOARD, FINGER_PAGE
from fingerpost.calibrating.touches import PLACES, Touch, Unseen, find_targets, find_touch, name_targets
from fingerpost.cli import main
from fingerpost.commands import calibrate_fingertip
from fingerpost.commands.calibrate_page import draw_sheet
from fingerpost.core.errors import CameraError, DataError, DeviceError, StaleFrame
from fingerpost.core.ports import Camera as CameraPart
from fingerpost.core.types import ACTION, LONG, MODE, SHORT, Fingertip, Frame, Press
from fingerpost.devices.clocks import SimulatedClock
from fingerpost.home import asset_home
from fingerpost.vision.lens import Lens
from fingerpost.vision.offset import TipOffset, measure_offset, read_offset, write_offset
from tests.paper import DPMM, MARGIN, Camera, cut_out, photograph, pose, print_page
from tests.parts import SilentSpeaker, TonguelessVoice, english

SIZE = (FINGER_PAGE.width, FINGER_PAGE.height)
CAMERA = Camera()
LAID = pose(SIZE, (10.0, -5.0, 420.0), tilt=-32.0, swing=6.0, spin=8.0)
LENGTH = 110.0


@pytest.fixture(scope="module")
def page():
    return cut_out(print_page(draw_sheet(FINGER_PAGE)))


def grey(pixels):
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


def targets_of(laid=LAID, camera=CAMERA):
    return camera.project(laid.place(np.array(FINGER_PAGE.points)))


def test_the_pages_that_ship_are_those_that_the_command_draws(tmp_path):
    for name in ("camera", "fingertip"):
        assert main(["calibrate", "page", name, "--out", str(tmp_path / "page.svg")]) == 0
        shipped = asset_home() / "calibration" / f"{name}-page.svg"
        assert (tmp_path / "page.svg").read_text() == shipped.read_text(), f"draw {shipped.name} anew"


def test_a_page_is_svg_and_can_be_written(tmp_path, capsys):
    assert main(["calibrate", "page", "camera", "--out", str(tmp_path / "page.pdf")]) == 1
    assert ".svg" in capsys.readouterr().err


def test_both_pages_fit_on_a4_and_letter_with_a_printers_margins():
    for sheet in (CAMERA_BOARD, FINGER_PAGE):
        assert sheet.width + 2 * MARGIN <= 210 - 2 * 6
        assert sheet.height + 2 * MARGIN <= 279.4 - 2 * 6
    assert not set(CAMERA_BOARD.markers) & set(FINGER_PAGE.markers)


@pytest.mark.parametrize("spin", [0.0, 90.0, 180.0, 200.0])
def test_hidden_targets_are_found_by_the_markers_in_sight(page, spin):
    laid = pose(SIZE, (10.0, -5.0, 440.0), tilt=-32.0, spin=spin)
    pixels = photograph(page, laid, CAMERA, np.random.default_rng(1))
    truth = targets_of(laid)
    cv2.rectangle(pixels, (260, 250), (400, 480), (150, 110, 90), -1)  # a hand
    assert np.abs(find_targets(grey(pixels)) - truth).max() < 1.0


def test_a_wide_lens_moves_no_target_once_it_is_calibrated(page):
    camera = Camera(focal=340.0, wide=True)
    laid = pose(SIZE, (40.0, -15.0, 240.0), tilt=-30.0)
    pixels = grey(photograph(page, laid, camera))
    lens = Lens(1280, 960, (680.0, 680.0), (640.0, 480.0), (0.0, 0.0, 0.0, 0.0), 0.1)
    assert np.abs(find_targets(pixels, lens.scaled(640, 480)) - targets_of(laid, camera)).max() < 1.0
    with pytest.raises(Unseen, match="calibrate camera"):
        find_targets(pixels)


def cell_of(number):
    left, top = ((place + MARGIN) * DPMM for place in FINGER_PAGE.markers[number])
    return np.s_[round(top):round(top + FINGER_PAGE.side * DPMM), round(left):round(left + FINGER_PAGE.side * DPMM)]


def permute(page):
    moved = page.copy()
    for number in FINGER_PAGE.markers:
        moved[cell_of(number)] = page[cell_of((number * 7 + 3) % 17)]
    return moved


def other_dictionary(page):
    drawn = page.copy()
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_6X6_250)
    draw = getattr(cv2.aruco, "generateImageMarker", None) or cv2.aruco.drawMarker
    for number in FINGER_PAGE.markers:
        drawn[cell_of(number)] = draw(dictionary, number, round(FINGER_PAGE.side * DPMM))
    return drawn


def bow(page):
    """The page bent up in its middle by 25 mm of its height, as a print that was rolled."""
    rows = np.linspace(-1, 1, page.shape[0], dtype=np.float32)
    columns = np.arange(page.shape[1], dtype=np.float32)
    shift = 0.06 * page.shape[0] * (1 - rows ** 2)
    where = np.arange(page.shape[0], dtype=np.float32) + shift
    return cv2.remap(page, *np.meshgrid(columns, where.astype(np.float32)), cv2.INTER_LINEAR)


@pytest.mark.parametrize(("spoil", "phrase"), [
    (permute, "calibrate_wrong_page"),
    (bow, "calibrate_wrong_page"),
    (other_dictionary, "calibrate_no_page"),
    (lambda page: page[:, ::-1].copy(), "calibrate_wrong_page"),
    (lambda page: np.full_like(page, 200), "calibrate_no_page"),
], ids=["permuted", "not flat", "another dictionary", "mirrored", "bare"])
def test_a_wrong_page_is_refused(page, spoil, phrase):
    pixels = photograph(spoil(page), LAID, CAMERA)
    with pytest.raises(Unseen) as refused:
        find_targets(grey(pixels))
    assert refused.value.phrase == phrase


def test_the_board_of_the_camera_is_told_from_the_page_of_the_finger():
    pixels = photograph(print_page(draw_sheet(CAMERA_BOARD)), LAID, CAMERA)
    with pytest.raises(Unseen, match="another page"):
        find_targets(grey(pixels))


@pytest.mark.parametrize("hidden", [np.s_[:, 250:], np.s_[:340]], ids=["the right", "the far end"])
def test_a_covered_page_is_refused(page, hidden):
    pixels = photograph(page, LAID, CAMERA)
    pixels[hidden] = 90
    with pytest.raises(Unseen) as refused:
        find_targets(grey(pixels))
    assert refused.value.phrase in ("calibrate_covered", "calibrate_no_page")


def test_targets_have_their_names_as_seen_by_the_wearer_however_the_page_lies():
    assert name_targets(targets_of())[0] == "far_left"
    for quarter in range(4):
        targets = targets_of(pose(SIZE, (0.0, 0.0, 420.0), tilt=-20.0, spin=90.0 * quarter))
        by_name = {place: targets[target] for target, place in name_targets(targets).items()}
        assert by_name["far_left"][0] < by_name["far_right"][0]
        assert by_name["far_left"][1] < by_name["near_left"][1]
        assert by_name["left_middle"][0] < by_name["right_middle"][0]
        assert by_name["far_middle"][1] < by_name["near_middle"][1]


class BiasedFinder:
    """Finds the finger off by the same share of its length every time, and shakes."""

    threshold = 0.5

    def __init__(self, bias=(0.0, 0.0), shake_px=0.0):
        self._bias = TipOffset(*bias)
        self._shake_px, self._rng = shake_px, np.random.default_rng(3)
        self.tip = Fingertip(0.0, 0.0, (0.0, -1.0), 0.9, LENGTH)

    def point(self, place, degrees=0.0):
        angle = np.radians(degrees)
        direction = (float(np.sin(angle)), -float(np.cos(angle)))
        self.tip = Fingertip(float(place[0]), float(place[1]), direction, 0.9, LENGTH)

    def guess(self, pixels):
        wrong = self._bias.correct(self.tip)
        shake = self._rng.normal(0, self._shake_px, 2) if self._shake_px else (0.0, 0.0)
        return Fingertip(wrong.x + shake[0], wrong.y + shake[1], wrong.direction, wrong.confidence, wrong.length)


def touch_all(page, finder, targets=range(8), frames=3, lens=None) -> List[Touch]:
    pixels = photograph(page, LAID, CAMERA)
    touches = []
    for target in targets:
        finder.point(targets_of()[target], degrees=target * 9.0 - 30.0)
        touches += [find_touch(Frame(0, 0.0, pixels), finder, lens) for _ in range(frames)]
    return touches


def test_a_known_bias_is_found_and_taken_away(page):
    fitted = fit_offset(touch_all(page, BiasedFinder((0.12, -0.08), shake_px=2.0)))
    assert fitted.targets == 8
    assert (fitted.offset.along, fitted.offset.across) == pytest.approx((-0.12, 0.08), abs=0.015)
    assert fitted.before_px == pytest.approx(110 * np.hypot(0.12, 0.08), abs=2.0)
    assert fitted.after_px < 4.0


def test_one_target_that_was_missed_does_not_move_the_rest(page):
    touches = touch_all(page, BiasedFinder((0.15, 0.1)))
    spoilt = [Touch(touch.target, TipOffset(-0.3, 0.0).correct(touch.tip), touch.truth, touch.width, touch.place)
              if touch.target == 2 else touch for touch in touches]
    fitted = fit_offset(spoilt)
    assert (fitted.offset.along, fitted.offset.across) == pytest.approx((-0.15, -0.1), abs=0.02)


@pytest.mark.parametrize(("bias", "shake_px", "targets", "words"), [
    ((0.1, 0.1), 0.0, range(4), "5 are needed"),
    ((0.0, 0.0), 3.0, range(8), "no better for certain"),
], ids=["too few", "nothing to gain"])
def test_a_bad_fit_is_refused(page, bias, shake_px, targets, words):
    with pytest.raises(DataError, match=words):
        fit_offset(touch_all(page, BiasedFinder(bias, shake_px), targets))


def touch(target, off_along, off_across, width=640):
    tip = Fingertip(300.0, 200.0, (0.0, -1.0), 0.9, 100.0)
    right = TipOffset(off_along, off_across).correct(tip)
    return Touch(target, tip, (right.x, right.y), width)


def test_touches_that_do_not_agree_are_refused():
    rng = np.random.default_rng(5)
    with pytest.raises(DataError, match="still be off"):
        fit_offset([touch(target, *rng.uniform(-0.45, 0.45, 2)) for target in range(8)])


def test_who_touches_with_another_part_of_the_finger_is_refused():
    with pytest.raises(DataError, match="more than half"):
        fit_offset([touch(target, -0.7, 0.0) for target in range(8)])


def test_an_offset_turns_and_grows_with_the_finger():
    tip = Fingertip(100.0, 100.0, (1.0, 0.0), 0.9, 50.0)
    moved = TipOffset(0.2, 0.1).correct(tip)
    assert (moved.x, moved.y) == pytest.approx((110.0, 105.0)), "a finger to the right has its right below it"
    assert measure_offset(tip, (110.0, 105.0)) == pytest.approx((0.2, 0.1))
    assert TipOffset(0.2, 0.1).correct(Fingertip(1.0, 2.0, (1.0, 0.0), 0.9)).x == 1.0


def test_an_offset_is_kept_and_a_spoilt_file_is_refused(tmp_path):
    path = tmp_path / "state" / "fingertip.json"
    assert read_offset(path) is None
    write_offset(path, TipOffset(0.1, -0.2), 20.0, 3.0)
    assert read_offset(path) == TipOffset(0.1, -0.2)
    for spoilt in ('{"along": 0.1', '{"along": 9.0, "across": 0.0}', '{"along": NaN, "across": 0.0}', "[]"):
        path.write_text(spoilt)
        with pytest.raises(DataError, match="calibrate fingertip"):
            read_offset(path)


def test_a_finger_in_mid_page_or_in_no_place_is_no_touch(page):
    finder, pixels = BiasedFinder(), photograph(page, LAID, CAMERA)
    finder.point(targets_of().mean(axis=0))
    with pytest.raises(Unseen) as refused:
        find_touch(Frame(0, 0.0, pixels), finder)
    assert refused.value.phrase == "calibrate_off"
    finder.threshold = 0.95
    with pytest.raises(Unseen) as refused:
        find_touch(Frame(0, 0.0, pixels), finder)
    assert refused.value.phrase == "no_hand"


def test_the_lens_of_another_camera_is_refused(page):
    lens = Lens(640, 480, (520.0, 520.0), (320.0, 240.0), (0.0, 0.0, 0.0, 0.0), 0.1, "csi:0")
    with pytest.raises(DataError, match="calibrate camera"):
        find_touch(Frame(0, 0.0, photograph(page, LAID, CAMERA), "/dev/video0"), BiasedFinder(), lens)


@pytest.fixture
def command(page, monkeypatch, tmp_path):
    """Runs the command on a folder of pictures, one for each target in that order."""
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path / "state"))
    folder = tmp_path / "pictures"
    folder.mkdir()

    def run(finder, targets, spoil=lambda page: page):
        pixels = photograph(spoil(page), LAID, CAMERA)
        for number in range(len(targets)):
            cv2.imwrite(str(folder / f"{number}.png"), pixels)
        order = iter(targets)

        def guess(pixels, find=finder.guess):
            finder.point(targets_of()[next(order)])
            return find(pixels)

        finder.guess = guess
        monkeypatch.setattr(calibrate_fingertip, "open_finder", lambda stack, settings: finder)
        return main(["calibrate", "fingertip", str(folder)])
    return run


def test_from_pictures_in_any_order_the_offset_is_fitted_and_kept(command, tmp_path, capsys):
    assert command(BiasedFinder((0.15, 0.0), shake_px=1.0), [5, 0, 3, 1, 7, 2]) == 0
    kept = json.loads((tmp_path / "state" / "fingertip.json").read_text())
    assert kept["along"] == pytest.approx(-0.15, abs=0.02)
    assert kept["after_px"] < kept["before_px"] / 3
    assert "6 targets" in capsys.readouterr().out


def test_what_was_kept_before_stays_where_the_new_pictures_do_not_do(command, tmp_path, capsys):
    write_offset(tmp_path / "state" / "fingertip.json", TipOffset(0.1, 0.1), 9.0, 2.0)
    before = (tmp_path / "state" / "fingertip.json").read_text()
    assert command(BiasedFinder((0.15, 0.0)), range(8), permute) == 1
    message = capsys.readouterr().err
    assert "of 8 frames 8 are of no use" in message
    assert message.count("\n") == 1
    assert (tmp_path / "state" / "fingertip.json").read_text() == before


def test_in_a_video_only_a_finger_that_rests_counts():
    places = [(0, 10.0), (0, 11.0), (0, 60.0), (1, 61.0), (1, 62.0)]
    script = iter(Touch(target, Fingertip(x, 0.0, (0.0, -1.0), 0.9, 50.0), (0.0, 0.0), 640) for target, x in places)
    frames = [Frame(index, index / 10, np.zeros((2, 2, 3), np.uint8)) for index in range(len(places))]
    taken = calibrate_fingertip.gather(frames, lambda pixels: next(script), apart=False)
    assert [touch.tip.x for touch in taken] == [11.0, 62.0]


class Wearer:
    """Presses one press after the other, and puts the finger somewhere before each."""

    def __init__(self, *presses):
        self._presses = list(presses)
        self.target = None

    def presses(self):
        if not self._presses:
            return []
        button, kind, self.target = self._presses.pop(0)
        return [Press(button, kind, 0.0)]


class StillCamera(CameraPart):
    """A new frame every tenth of a second, or none where it has a fault."""

    def __init__(self, clock, fault=None):
        self._clock, self._fault = clock, fault

    def latest(self, max_age):
        if self._fault is not None:
            raise self._fault
        return Frame(int(self._clock.now() * 10), self._clock.now(), np.zeros((2, 2, 3), np.uint8))


def talk(*presses, fault=None):
    """A whole talk: what came of it, and what was said."""
    wearer, clock, said = Wearer(*presses), SimulatedClock(), []

    def find(frame):
        if wearer.target is None:
            raise Unseen("calibrate_covered", "the hand covers it")
        return Touch(wearer.target, Fingertip(0.0, 0.0, (0.0, -1.0), 0.9, 50.0), (0.0, 0.0), 640, PLACES[wearer.target])

    session = Session(find, english())
    mouth = SimpleNamespace(say=lambda utterance: said.append(english().text(utterance)), step=lambda: None,
                            hush=lambda: None)
    return converse(session, StillCamera(clock, fault), wearer, mouth, clock), session, said


def test_the_wearer_hears_how_many_are_done_and_which_is_next():
    done, session, said = talk(*[(ACTION, SHORT, target) for target in (0, 1, 4, 4, 2, 3, 5, 6, 7)])
    assert done
    assert said[0].startswith("Put the tip of your finger on a corner")
    assert said[1:5] == ["1 done. Now the middle of the far edge.", "2 done. Now the far right corner.",
                         "3 done. Now the middle of the near edge.", "3 done. Now the middle of the near edge."]
    assert said[-1] == "All done."
    assert {touch.target for touch in session.touches} == set(range(8))


def test_what_is_not_seen_is_said_and_nothing_is_taken():
    done, session, said = talk((ACTION, SHORT, None), (ACTION, LONG, None), (MODE, SHORT, None))
    assert not done
    assert session.touches == []
    assert said[1:] == ["I see too little of the page. Move back, or take your hand to the side.",
                        "Touch at least 5 places.", "Stopped. Nothing has changed."]


def test_five_targets_are_enough_for_who_wants_to_end():
    done, session, _ = talk(*[(ACTION, SHORT, target) for target in range(5)], (ACTION, LONG, None))
    assert done
    assert len({touch.target for touch in session.touches}) == 5


@pytest.mark.parametrize(("fault", "words"), [
    (CameraError("the camera has gone"), "I cannot see: the camera is gone."),
    (StaleFrame("no frame yet"), "I cannot see right now. Press again."),
])
def test_a_camera_that_is_lost_or_that_begins_late_is_said(fault, words):
    _, _, said = talk((ACTION, SHORT, 0), (MODE, SHORT, 0), fault=fault)
    assert said[1] == words


@pytest.mark.parametrize(("bias", "result", "last"), [
    ((0.2, 0.0), 0, "Your finger is found better now: 0 pixels off, 22 before."),
    ((0.0, 0.0), 1, "That did not help. Nothing has changed."),
], ids=["a bias", "none"])
def test_live_what_came_of_it_is_said(page, monkeypatch, tmp_path, capsys, bias, result, last):
    monkeypatch.setenv("FINGERPOST_STATE", str(tmp_path))
    finder, clock = BiasedFinder(bias), SimulatedClock()
    wearer = Wearer(*[(ACTION, SHORT, target) for target in range(5)], (ACTION, LONG, 4))
    guess, pixels = finder.guess, photograph(page, LAID, CAMERA)

    def find(seen):
        finder.point(targets_of()[wearer.target])
        return guess(seen)

    class PageCamera(StillCamera):
        def latest(self, max_age):
            return Frame(int(self._clock.now() * 5), self._clock.now(), pixels)

    finder.guess = find
    parts = {"open_finder": lambda stack, settings: finder, "open_camera": lambda settings: PageCamera(clock),
             "open_buttons": lambda settings, stack: wearer, "open_voice": lambda settings: TonguelessVoice(),
             "open_speaker": lambda settings, stack: SilentSpeaker(clock), "RealClock": lambda: clock}
    for name, part in parts.items():
        monkeypatch.setattr(calibrate_fingertip, name, part)
    assert main(["calibrate", "fingertip"]) == result
    said = capsys.readouterr().out
    assert last in said
    assert (tmp_path / "fingertip.json").exists() == (result == 0)


def test_an_older_opencv_is_asked_in_its_own_way(page, monkeypatch):
    """The functions of opencv-contrib before 4.7, by the documentation of 4.5's aruco module."""
    new = cv2.aruco
    if not hasattr(new, "ArucoDetector"):
        pytest.skip(f"this OpenCV {cv2.__version__} is old itself")

    def detect(grey, dictionary, parameters):
        settings = new.DetectorParameters()
        settings.cornerRefinementMethod = parameters.cornerRefinementMethod
        return new.ArucoDetector(dictionary, settings).detectMarkers(grey)

    old = SimpleNamespace(
        DICT_4X4_50=new.DICT_4X4_50, CORNER_REFINE_SUBPIX=new.CORNER_REFINE_SUBPIX,
        getPredefinedDictionary=new.getPredefinedDictionary, detectMarkers=detect,
        DetectorParameters_create=lambda: SimpleNamespace(cornerRefinementMethod=0),
        drawMarker=lambda dictionary, number, side: new.generateImageMarker(dictionary, number, side))
    pixels, drawn = grey(photograph(page, LAID, CAMERA)), draw_sheet(FINGER_PAGE)
    monkeypatch.setattr(markers.cv2, "aruco", old)
    assert np.abs(find_targets(pixels) - targets_of()).max() < 1.0
    assert draw_sheet(FINGER_PAGE) == drawn


def test_an_opencv_without_markers_names_the_remedy(monkeypatch):
    monkeypatch.delattr(markers.cv2, "aruco")
    with pytest.raises(DeviceError, match="opencv-python-headless>=4.7"):
        markers.find_markers(np.zeros((9, 9), np.uint8))
