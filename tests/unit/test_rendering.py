"""The renderer: the mesh is fetched and checked, labels are exact, and the same seed gives the same bytes."""

from __future__ import annotations

import csv
import functools
import hashlib
import http.server
import io
import json
import struct
import tarfile
import threading
from pathlib import Path

import pytest

cv2 = pytest.importorskip("cv2")
pytest.importorskip("numba", reason="rendering needs the [train] extra")
np = pytest.importorskip("numpy")

from fingerpost.core.errors import DataError  # noqa: E402
from fingerpost.learning.rendering import (  # noqa: E402
    backgrounds,
    chain,
    fetch,
    frames,
    mesh,
    shapes,
    stories,
    table,
    things,
)
from fingerpost.learning.rendering.compose import composed, stands_out, streak  # noqa: E402
from fingerpost.learning.rendering.hand import LAST_SEGMENT, OVERSAMPLING, random_hand  # noqa: E402
from fingerpost.learning.rendering.pose import about, idle_pose, pointing_pose, posed, rotation  # noqa: E402
from fingerpost.learning.rendering.raster import Camera, draw  # noqa: E402
from fingerpost.learning.rendering.story import AWAY  # noqa: E402
from tests.meshes import need_mesh  # noqa: E402


@pytest.fixture(scope="module")
def real_mesh():
    need_mesh()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A local npm registry with a tiny package of two files that stand for the hands."""
    hands = {"left.glb": b"left hand", "right.glb": b"right hand"}
    served = tmp_path / "registry"
    place = served / fetch.PACKAGE / "-" / f"assets-{fetch.VERSION}.tgz"
    place.parent.mkdir(parents=True)
    with tarfile.open(place, "w:gz") as archive:
        for name, content in hands.items():
            entry = tarfile.TarInfo(f"package/dist/profiles/generic-hand/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    handler = functools.partial(QuietHandler, directory=str(served))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.delenv("NPM_CONFIG_REGISTRY", raising=False)
    monkeypatch.delenv("FINGERPOST_HAND_MESH", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in hands.items()}
    monkeypatch.setattr(fetch, "SHA256", sums)
    yield hands
    server.shutdown()
    server.server_close()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without writing to the terminal."""

    def log_message(self, *_args):
        pass


def test_mesh_is_fetched_once_and_kept(registry, monkeypatch):
    folder = fetch.mesh_path()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == registry
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    assert fetch.mesh_path() == folder


def test_wrong_mesh_is_refused_and_not_kept(registry, monkeypatch):
    monkeypatch.setitem(fetch.SHA256, "right.glb", "0" * 64)
    with pytest.raises(DataError, match=r"right\.glb .* FINGERPOST_HAND_MESH"):
        fetch.mesh_path()
    assert not fetch.cache_folder().exists()


def test_without_network_the_remedy_is_named(registry, monkeypatch):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    with pytest.raises(DataError, match="FINGERPOST_HAND_MESH"):
        fetch.mesh_path()


def test_npm_settings_are_honoured(tmp_path, monkeypatch):
    for key in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert fetch.registry() == "https://registry.npmjs.org"
    (tmp_path / ".npmrc").write_text("fund=false\nregistry = http://mirror.example/npm/\n", encoding="utf-8")
    assert fetch.registry() == "http://mirror.example/npm"


def test_a_named_folder_without_hands_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("FINGERPOST_HAND_MESH", str(tmp_path))
    with pytest.raises(DataError, match="lacks left.glb"):
        fetch.mesh_path()


def test_broken_mesh_says_so(tmp_path):
    (tmp_path / "right.glb").write_bytes(b"not a mesh at all, but long enough to read a header from")
    with pytest.raises(DataError, match="no rigged WebXR hand"):
        mesh.load_hand("right", str(tmp_path))


def test_glb_is_split_into_document_and_buffer(tmp_path):
    text = json.dumps({"asset": {"version": "2.0"}}).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sIII4s", b"glTF", 2, 0, len(text), b"JSON")
    (tmp_path / "tiny.glb").write_bytes(head + text + struct.pack("<I4s", 4, b"BIN\0") + b"abcd")
    assert mesh.read_glb(tmp_path / "tiny.glb") == ({"asset": {"version": "2.0"}}, b"abcd")


def test_rotation_about_a_point_keeps_the_point():
    motion = about(np.array([1.0, 2.0, 3.0]), rotation(np.array([0.0, 0.0, 1.0]), 90))
    assert np.allclose(motion @ [1, 2, 3, 1], [1, 2, 3, 1])
    assert np.allclose(motion @ [2, 2, 3, 1], [1, 3, 3, 1])


def test_nearer_triangle_hides_the_farther():
    camera = Camera(40, 40, 40.0)
    square = np.array([[-1, -1, 0], [1, -1, 0], [0, 1, 0]], float)
    vertices = np.concatenate([square * 0.5 + [0, 0, -2], square + [0, 0, -4]])
    triangles = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    attributes = np.repeat([[1.0], [2.0]], 3, axis=0)
    buffers = draw(camera, vertices, triangles[::-1].copy(), np.array([7, 3], np.uint8), attributes)
    assert buffers.part[20, 20] == 3
    assert buffers.depth[20, 20] == pytest.approx(2.0)
    assert buffers.attributes[20, 20, 0] == pytest.approx(1.0)
    assert buffers.part[0, 0] == 0


def test_interpolation_is_perspective_correct():
    camera = Camera(100, 100, 50.0)
    corners = np.array([[-1, -1, -1], [-1, 1, -1], [3, 3, -3], [3, -3, -3]], float)  # a wall that runs away
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    buffers = draw(camera, corners, triangles, np.ones(2, np.uint8), corners[:, :1].copy())
    row = buffers.part[50] > 0
    columns = np.flatnonzero(row)
    x = (columns + 0.5 - 50) / 50 * buffers.depth[50][row]  # where the ray truly meets the wall
    assert np.allclose(buffers.attributes[50][row][:, 0], x, atol=1e-4)


def test_what_is_behind_the_camera_is_left_out():
    triangle = np.array([[-1, -1, 1], [1, -1, 1], [0, 1, -2]], float)
    numbers, parts = np.array([[0, 1, 2]], np.int32), np.ones(1, np.uint8)
    buffers = draw(Camera(20, 20, 20.0), triangle, numbers, parts, np.zeros((3, 1)))
    assert not buffers.part.any()


@pytest.mark.parametrize("side", ["left", "right"])
def test_both_hands_share_one_frame(real_mesh, side):
    hand = mesh.load_hand(side)
    names = ("wrist", "index-finger-tip", "thumb-tip", "pinky-finger-tip")
    wrist, index, thumb, pinky = (hand.rest[hand.joint(name), :3, 3] for name in names)
    assert index[1] > wrist[1] + 0.15
    assert thumb[0] < index[0] < pinky[0]
    assert np.allclose(hand.weights.sum(1), 1, atol=1e-3)
    away = hand.vertices - hand.vertices.mean(0)
    outward = (mesh.normals_of(hand.vertices, hand.triangles) * away).sum(1)
    assert (outward > 0).mean() > 0.7  # the surface is not inside out


def test_a_pointing_hand_points(real_mesh):
    hand = mesh.load_hand("right")
    for seed in range(20):
        bent = posed(hand, pointing_pose(np.random.default_rng(seed)))
        reach = {finger: bent.joints[hand.chain(finger)[-1]][1] for finger in ("index", "middle", "ring")}
        assert reach["index"] > max(reach["middle"], reach["ring"]) + 0.01


@pytest.mark.parametrize("seed", range(12))
def test_labels_agree_with_the_pixels(real_mesh, seed):
    picture = random_hand((320, 240), np.random.default_rng(seed))
    rows, columns = np.nonzero(picture.buffers.part == LAST_SEGMENT)
    seen = np.stack([columns, rows], axis=1) / OVERSAMPLING
    assert np.hypot(*(seen - picture.tip).T).min() < 2
    left, top, right, bottom = picture.box
    assert left - 1 <= picture.tip[0] <= right + 1
    assert top - 1 <= picture.tip[1] <= bottom + 1
    along = (picture.tip - picture.pad) / np.linalg.norm(picture.tip - picture.pad)
    assert ((seen - picture.tip) @ along).max() < 3  # nothing of the finger lies outside the outermost point


def test_a_blur_moves_no_label():
    for length, angle in ((2.0, 0.1), (7.3, 1.0), (11.0, 2.4)):
        kernel = streak(length, angle)
        assert np.allclose(kernel, kernel[::-1, ::-1])
        assert kernel.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("surface", backgrounds.SURFACES, ids=lambda surface: surface.__name__)
def test_made_up_surfaces(surface):
    pixels = surface((64, 48), np.random.default_rng(3))
    assert pixels.shape == (48, 64, 3)
    assert np.isfinite(pixels).all()


def test_every_fifth_photo_is_held_back(tmp_path):
    for number in range(11):
        (tmp_path / f"{number:02d}.jpg").write_bytes(b"")
    assert [path.stem for path in backgrounds.photo_paths(tmp_path, held_back=True)] == ["00", "05", "10"]
    assert len(backgrounds.photo_paths(tmp_path)) == 8
    assert [path.stem for path in backgrounds.photo_paths(tmp_path, skipped={"01.jpg", "02.jpg"})][:3] == [
        "03", "04", "06"]


def test_a_folder_without_enough_photos_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no pictures"):
        backgrounds.photo_paths(tmp_path)
    (tmp_path / "only.jpg").write_bytes(b"")
    with pytest.raises(DataError, match="too few photos"):
        backgrounds.photo_paths(tmp_path)


def test_composed_without_hand_is_a_picture():
    rng = np.random.default_rng(0)
    pixels = composed(None, backgrounds.random_surface((320, 240), rng), rng)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (240, 320, 3)


def test_same_seed_same_bytes(real_mesh, tmp_path):
    for name, processes in (("one", 1), ("two", 2)):
        recipe = frames.Recipe(tmp_path / name, 0, (), (), size=(160, 120), masks=True)
        frames.synthesize(12, recipe, processes)
    first, second = (sorted(p for p in (tmp_path / n).rglob("*") if p.is_file()) for n in ("one", "two"))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    with (tmp_path / "one" / "fingertips.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(frames.COLUMNS)
    for row in rows:
        number = Path(row["image"]).stem
        mask = cv2.imread(str(tmp_path / "one" / "masks" / f"{number}.png"), cv2.IMREAD_GRAYSCALE)
        assert mask.shape == (120, 160)
        assert mask.any() or row["x"] == ""
    empty = [Path(row["image"]).stem for row in rows if row["x"] == ""]
    drawn = [cv2.imread(str(tmp_path / "one" / "masks" / f"{n}.png"), cv2.IMREAD_GRAYSCALE).any() for n in empty]
    assert set(drawn) == {True, False}  # hands that do not point, and no hands


def test_an_idle_hand_has_no_straight_index_beside_curled_fingers():
    rng = np.random.default_rng(3)
    for _ in range(200):
        flexion = idle_pose(rng).flexion
        index, middle = sum(flexion["index"]), sum(flexion["middle"])
        assert index > 150 or middle < 200  # a fist, or a hand whose other fingers are open as well


def test_an_ornament_repeats_itself_in_the_size_asked_for():
    rng = np.random.default_rng(5)
    photo = rng.integers(0, 255, (120, 160, 3), np.uint8)
    pattern = backgrounds.ornament(photo, (320, 240), rng)
    assert pattern.shape == (240, 320, 3)
    assert pattern.std() > 10


def test_tones_of_skin_keep_the_figure():
    rng = np.random.default_rng(6)
    photo = rng.integers(0, 255, (48, 64, 3), np.uint8)
    photo[:, :32] //= 8
    changed = backgrounds.toned(photo, rng).astype(int)
    assert np.abs(changed[:, :32].mean((0, 1)) - changed[:, 32:].mean((0, 1))).max() > 10
    assert len(np.unique(changed.reshape(-1, 3), axis=0)) > 20


def test_a_finger_in_the_colour_of_what_lies_around_it_does_not_stand_out(real_mesh):
    picture = random_hand((160, 120), np.random.default_rng(4))
    seen = picture.buffers.part[::OVERSAMPLING, ::OVERSAMPLING] == LAST_SEGMENT
    pixels = np.full((120, 160, 3), 90, np.uint8)
    assert not stands_out(pixels, picture)
    pixels[cv2.dilate(seen.astype(np.uint8), np.ones((3, 3))) > 0] = (140, 90, 90)
    assert stands_out(pixels, picture)


def things_folder(tmp_path: Path, count: int = 6) -> Path:
    """Two classes of photos that are nothing but noise."""
    rng = np.random.default_rng(1)
    for name in ("apple", "pear"):
        (tmp_path / "things" / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 255, (80, 60, 3), np.uint8)
            cv2.imwrite(str(tmp_path / "things" / name / f"{number}.jpg"), pixels)
    return tmp_path / "things"


def test_chain_frames_name_what_is_pointed_at(real_mesh, tmp_path):
    folder = things_folder(tmp_path)
    stock = chain.Stock(things.named_photos(folder), things.stranger_paths(folder), Path(), [])
    tables = [chain.compose(4, stock, tmp_path / name, 3) for name in ("a", "b")]
    assert tables[0].read_bytes() == tables[1].read_bytes()
    with tables[0].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["image", "x", "y", "name"]
    for row in rows:
        assert row["name"] in ("apple", "pear", "")
        assert 0 < float(row["x"]) < 640
        assert cv2.imread(str(tmp_path / "a" / row["image"])).shape == (480, 640, 3)


def test_a_patch_reaches_to_its_edge():
    patch = things.Patch(np.zeros((50, 100, 4), np.float32), 0.0, "")
    assert patch.reach(np.array([1.0, 0.0])) == pytest.approx(50)
    assert patch.reach(np.array([0.0, -1.0])) == pytest.approx(25)


def test_the_lesson_tells_a_story_the_device_can_follow():
    story = stories.TEACHING
    times = [at for at, _, _ in story.presses]
    assert times == sorted(times)
    samples = [at for at, button, kind in story.presses if (button, kind) == ("action", "short")]
    assert min(b - a for a, b in zip(samples, samples[1:])) > 1.2
    for at in samples:  # the finger rests on the thing while a sample is taken
        here, following, _ = story.between(at)
        assert here is following
        assert here.thing in (stories.MUG, stories.BOX)


@pytest.mark.parametrize("story", stories.STORIES.values(), ids=stories.STORIES)
def test_a_walk_points_at_what_lies_there(story):
    assert all(after.since > before.until for before, after in zip(story.stops, story.stops[1:]))
    assert story.stops[-1].until == story.end
    tables = [draw() for draw in story.tables]
    for stop in story.stops:
        if stop.thing != AWAY:
            drawn = tables[story.table_at(stop.since)]
            assert (drawn.part == stop.thing).sum() > 500
            assert ((drawn.middle(stop.thing) > 30) & (drawn.middle(stop.thing) < np.array(table.SIZE) - 30)).all()


def test_the_drawn_table_knows_its_things():
    drawn = table.drawn_table(shapes.moved(shapes.mug(stories.MUG), 0, -0.1), 1)
    left, right = drawn.middle(stories.MUG)
    assert 200 < left < 440
    assert 100 < right < 400
    edge = drawn.near_edge(stories.MUG, np.array([0.0, -1.0]))
    assert edge[1] > right  # pointing up, the near edge is the lower one
