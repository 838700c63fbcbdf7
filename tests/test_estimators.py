"""Networks and users' own estimators: what they are shown, and what is made of their answers."""

from __future__ import annotations

import io
import sys
import urllib.request
import zipfile
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

import networks
from poseflow import InputError, MissingExtra, PoseflowError, Poses, skeleton
from poseflow.estimators import RTMO, Detector, RTMPose, TwoStep, is_top_down, load, weights
from poseflow.estimators.rtmpose import decoded
from poseflow.estimators.sessions import open_session
from poseflow.estimators.warping import crops, framed, letterboxed
from poseflow.skeletons import DEFAULT_SIGMA, Skeleton

pytest.importorskip("onnxruntime", reason="onnxruntime, which runs networks, is not installed")


def image_with_dot(x: int, y: int, size: tuple[int, int] = (320, 240)) -> np.ndarray:
    """A black image of that width and height with a small red dot, reddest in its middle."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[y - 2 : y + 3, x - 2 : x + 3, 2] = 150
    image[y, x, 2] = 255
    return image


def test_letterboxed_keeps_the_shape_and_fills_up_in_gray():
    image = np.full((100, 200, 3), 7, np.uint8)
    canvas, scale = letterboxed(image, (64, 64))
    assert canvas.shape == (64, 64, 3)
    assert scale == 64 / 200
    assert (canvas[:32] == 7).all()
    assert (canvas[32:] == 114).all()


def test_framed_grows_the_side_that_is_too_short():
    # 40 x 40 about (30, 40), a fifth larger: 48 high is 36 wide in a shape of 3 to 4; 48 wide is
    # 64 high. The larger holds all.
    assert framed(np.array([[10.0, 20.0, 50.0, 60.0]]), (3, 4), 1.2).tolist() == [
        [30 - 24, 40 - 32, 30 + 24, 40 + 32]
    ]


def test_crops_are_scaled_and_black_beyond_the_image():
    image = np.zeros((20, 20, 3), np.uint8)
    image[10, 4] = 200
    made = crops(image, np.array([[0.0, 0.0, 10.0, 20.0], [-10.0, 0.0, 0.0, 20.0]]), (20, 40))
    assert made.shape == (2, 40, 20, 3)
    # Twice as large: what was at (4, 10) is at (8, 20).
    assert made[0, 20, 8].tolist() == [200, 200, 200]
    assert made[1, :, :19].max() == 0


def test_simcc_takes_the_surest_bin_and_the_less_sure_direction():
    across, down = np.zeros((1, 2, 8)), np.zeros((1, 2, 6))
    across[0, 0, 5], down[0, 0, 2] = 0.9, 0.6
    points, scores = decoded(across, down)
    assert points[0, 0].tolist() == [5 / 2, 2 / 2]
    assert scores.tolist() == [[0.6, 0.0]]
    assert np.isnan(points[0, 1]).all()


@pytest.mark.parametrize(
    ("name", "score"),
    [
        pytest.param("rtmdet.onnx", (161 - 103.53) / 57.375, id="normalised"),
        pytest.param("yolox_m.onnx", 161.0, id="as-it-is"),
    ],
)
def test_detector_prepares_pixels_as_its_network_wants(tmp_path, name, score):
    path = networks.detector(tmp_path / name, [[0, 0, 16, 32]], [0], 64)
    image = np.full((64, 64, 3), 161, np.uint8)
    image[..., 1:] = 0
    assert Detector(path)(image) == pytest.approx(np.array([[0, 0, 16, 32, score]]), abs=1e-3)


def test_detector_gives_persons_in_the_images_pixels(tmp_path):
    boxes = [[0, 0, 32, 64], [8, 8, 16, 16], [32, 16, 80, 48], [5, 5, 5, 9]]
    path = networks.detector(tmp_path / "yolox.onnx", boxes, [0, 1, 0, 0], 64)
    # 640 x 320 on a canvas of 64: ten to one; what leaves the image ends at its edges, and a box
    # without width is none.
    found = Detector(path)(np.zeros((320, 640, 3), np.uint8))
    assert found[:, :4].tolist() == [[0, 0, 320, 320], [320, 160, 640, 320]]


def test_detector_of_any_size_is_shown_multiples_of_32(tmp_path):
    path = networks.detector(tmp_path / "yolox.onnx", [[0, 0, 640, 352]], [0], "any")
    found = Detector(path)(np.zeros((540, 960, 3), np.uint8))
    # 640 / 960 of 540 is 360: up to 384.
    assert found[0, :4] == pytest.approx([0, 0, 960, 352 * 1.5])


@pytest.mark.parametrize(
    "people", [pytest.param("n", id="batch"), pytest.param(1, id="one-by-one")]
)
def test_rtmpose_finds_the_dot_in_each_box(tmp_path, people):
    model = RTMPose(networks.pose_model(tmp_path / "p.onnx", 17, (48, 64), people))
    image = np.maximum(image_with_dot(60, 50), image_with_dot(230, 200))
    points, scores = model(image, np.array([[30.0, 20, 90, 100], [200.0, 150, 290, 230]]))
    # A pixel of the crop is 100 · 1.25 / 64 and 90 · 1.25 / 48 of the image's: 2.0 and 2.3.
    assert points[0] == pytest.approx(np.tile([60, 50], (17, 1)), abs=2.0)
    assert points[1] == pytest.approx(np.tile([230, 200], (17, 1)), abs=2.4)
    assert scores.shape == (2, 17)


def test_rtmpose_is_shown_red_first_and_normalised(tmp_path):
    model = RTMPose(networks.pose_model(tmp_path / "p.onnx", 17, (48, 64)))
    image = np.zeros((64, 48, 3), np.uint8)
    image[..., 2] = 150
    _, scores = model(image, np.array([[8.0, 8, 40, 56]]))
    assert scores == pytest.approx((150 - 123.675) / 58.395, abs=1e-5)


def test_rtmpose_without_boxes_has_no_poses(tmp_path):
    model = RTMPose(networks.pose_model(tmp_path / "p.onnx", 26, (48, 64)))
    points, scores = model(image_with_dot(60, 50), np.empty((0, 4)))
    assert points.shape == (0, 26, 2)
    assert scores.shape == (0, 26)


def test_rtmo_gives_sure_people_in_the_images_pixels(tmp_path):
    people = np.array([[1, 2, 3, 4, 0.8], [1, 2, 3, 4, 0.1]])
    keypoints = np.zeros((2, 17, 3))
    keypoints[0, :] = [10, 20, 0.5]
    model = RTMO(networks.one_step(tmp_path / "o.onnx", people, keypoints, 64))
    poses = model(np.zeros((128, 128, 3), np.uint8))
    assert model.skeleton == skeleton("coco-17")
    assert poses.keypoints.tolist() == [[[20, 40]] * 17]
    assert poses.boxes.tolist() == [[2, 4, 6, 8]]
    assert poses.scores == pytest.approx([0.8])
    assert poses.keypoint_scores == pytest.approx(0.5)


def two_step(boxes: list[list[float]]) -> TwoStep:
    """Finds these boxes, and in each one keypoint of score 1 in the corner and one of score 0.5."""
    corners = Skeleton("corners", ("a", "b"), (), np.arange(2), np.full(2, DEFAULT_SIGMA))

    def keypoints(image, where):
        points = np.stack([where[:, :2], where[:, 2:]], axis=1)
        return points, np.tile([1.0, 0.5], (len(where), 1))

    return TwoStep(lambda image: np.array(boxes).reshape(-1, 5), keypoints, corners)


def test_two_step_takes_the_sure_boxes_and_scores_as_alphapose():
    estimator = two_step([[0, 0, 10, 20, 0.6], [5, 5, 9, 9, 0.29]])
    poses = estimator(np.zeros((30, 30, 3), np.uint8))
    assert is_top_down(estimator)
    assert len(estimator.detect(np.zeros((30, 30, 3), np.uint8))) == 2
    assert poses.scores == pytest.approx([(0.6 + 0.75 + 1.25 * 1.0) / 3.25])
    assert poses.boxes.tolist() == [[0, 0, 10, 20]]


def test_two_step_gives_the_surer_of_two_poses_of_one_person():
    # The second's corners are a pixel from the first's, of which the detector is less sure; the
    # third is somebody else, of whom it is less sure still.
    boxes = [[0, 0, 100, 200, 0.6], [1, 0, 101, 200, 0.9], [80, 0, 180, 200, 0.4]]
    estimator = two_step(boxes)
    image = np.zeros((300, 300, 3), np.uint8)
    assert estimator(image).boxes.tolist() == [[1, 0, 101, 200], [80, 0, 180, 200]]
    # Whoever brings the boxes gets a pose for each.
    assert len(estimator.poses_in(image, np.array(boxes))) == 3


def test_two_step_without_people():
    assert len(two_step([])(np.zeros((30, 30, 3), np.uint8))) == 0


# ------------------------------------------------------------------------------ which is meant


def test_load_of_files_at_hand(tmp_path):
    detector = networks.detector(tmp_path / "yolox.onnx", [[20, 10, 60, 60]], [0], 64)
    pose = networks.pose_model(tmp_path / "pose.onnx", 17, (48, 64))
    estimator = load(detector_model=detector, pose_model=pose)
    image = image_with_dot(40, 30, (64, 64))
    image[..., 0] = 1
    poses = estimator(image)
    assert estimator.skeleton == skeleton("coco-17")
    assert poses.keypoints == pytest.approx(np.tile([40, 30], (1, 17, 1)), abs=1.5)
    one = networks.one_step(tmp_path / "o.onnx", np.zeros((1, 5)), np.zeros((1, 17, 3)), 64)
    assert isinstance(load(pose_model=one), RTMO)


def test_load_says_what_does_not_fit(tmp_path):
    detector = networks.detector(tmp_path / "yolox.onnx", [[20, 10, 60, 60]], [0], 64)
    pose = networks.pose_model(tmp_path / "pose.onnx", 12, (48, 64))
    with pytest.raises(InputError, match=r"pose\.onnx: expected a detector with this pose model"):
        load(pose_model=pose)
    with pytest.raises(InputError, match=r"yolox\.onnx: expected a pose model with this detector"):
        load(detector_model=detector)
    with pytest.raises(
        InputError, match=r"expected a detector, .* got RTMPose: outputs simcc_x \(n, 12, 96"
    ):
        Detector(pose)
    with pytest.raises(
        InputError, match=r"expected RTMPose, .* got a detector: outputs dets \(1, 1"
    ):
        load(detector_model=detector, pose_model=detector)
    with pytest.raises(InputError, match=r"yolox\.onnx: .* pose model, .* got a detector: outputs"):
        load(pose_model=detector)
    with pytest.raises(InputError, match=r"pose\.onnx: 12 keypoints, for which we ship no"):
        load(detector_model=detector, pose_model=pose)
    with pytest.raises(InputError, match=r"expected the 16 keypoints of mpii-16, got 12"):
        load(detector_model=detector, pose_model=pose, skeleton=skeleton("mpii-16"))
    with pytest.raises(InputError, match="expected without detector and pose model"):
        load(estimator="a:b", pose_model=pose)
    with pytest.raises(InputError, match="model: expected one of light, balanced, accurate"):
        load("best")
    with pytest.raises(InputError, match="expected one of the skeletons coco-17"):
        load(skeleton=skeleton("mpii-16"))


def test_a_file_that_is_no_model(tmp_path):
    path = tmp_path / "pose.onnx"
    with pytest.raises(InputError, match=r"pose\.onnx: expected a model .* no such file"):
        load(pose_model=path)
    path.write_bytes(b"no model")
    with pytest.raises(InputError, match=r"pose\.onnx: expected a model .*ONNX Runtime says"):
        load(pose_model=path)
    with pytest.raises(InputError, match=r"device: expected one .*\(.*cpu.*\), got 'abacus'"):
        load(pose_model=path, device="abacus")


def test_sessions_let_go_of_the_processor_while_they_wait(tmp_path):
    session = open_session(networks.pose_model(tmp_path / "p.onnx", 17, (48, 64)))
    entry = "session.intra_op.allow_spinning"
    assert session.get_session_options().get_session_config_entry(entry) == "0"


def test_without_the_runtime_nothing_is_fetched(monkeypatch):
    host = Host(monkeypatch, {})
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r"pip install 'poseflow\[estimate\]'"):
        load()
    assert not host.asked


def test_for_a_device_that_is_not_there_nothing_is_fetched(monkeypatch):
    host = Host(monkeypatch, {})
    with pytest.raises(InputError, match=r"device: expected one .* got 'abacus'"):
        load(device="abacus")
    assert not host.asked


# ------------------------------------------------------------------------------ fetched ones


class Host:
    """Stands in for the network: what it is asked, and what it has."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, has: dict[str, bytes]) -> None:
        self.asked: list[str] = []
        self._has = has
        monkeypatch.setattr(urllib.request, "urlopen", self.answer)

    def answer(self, request, timeout):
        self.asked.append(request.full_url)
        for end, content in self._has.items():
            if request.full_url.startswith(end):
                return io.BytesIO(content)
        raise URLError("nobody is there")


def archive(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        for name, content in files.items():
            opened.writestr(name.replace("__", "."), content)
    return made.getvalue()


def test_models_are_fetched_once_and_kept(tmp_path, monkeypatch):
    content = archive(end2end__onnx=b"the model", deploy__json=b"{}")
    host = Host(monkeypatch, {weights.HOSTS[1]: content})
    files = weights.model_files("light", folder=tmp_path / "models")
    assert [f.name.split("_")[0] for f in files] == ["yolox", "rtmpose-s"]
    assert [f.read_bytes() for f in files] == [b"the model"] * 2
    # Each from the first host, which does not answer, then from its mirror.
    assert len(host.asked) == 4
    assert weights.model_files("light", folder=tmp_path / "models") == files
    assert len(host.asked) == 4


def test_offline_ends_in_a_sentence(tmp_path, monkeypatch):
    Host(monkeypatch, {})
    monkeypatch.setenv("POSEFLOW_CACHE", str(tmp_path))
    with pytest.raises(
        PoseflowError,
        match=r"yolox_m_.*onnx and rtmpose-m_.*onnx are not in .*models and could not be "
        r"fetched \(.*nobody is there.*\): put them there, or name files at hand",
    ):
        load()
    assert not (tmp_path / "models").exists()


def test_offline_only_what_is_missing_is_named(tmp_path, monkeypatch):
    Host(monkeypatch, {})
    (tmp_path / "yolox_tiny_8xb8-300e_humanart-6f3252f9.onnx").write_bytes(b"the model")
    with pytest.raises(PoseflowError, match=r"^rtmpose-s_\S* is not in .*: put it there, or"):
        weights.model_files("light", folder=tmp_path)


def test_a_damaged_archive_is_not_kept(tmp_path, monkeypatch):
    Host(monkeypatch, {weights.HOSTS[0]: b"<html>", weights.HOSTS[1]: archive(a__txt=b"")})
    with pytest.raises(PoseflowError, match=r"not a zip file.*expected one model in the archive"):
        weights.model_files("light", folder=tmp_path)
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------------------ users' own

OWN = """
import numpy as np
import poseflow

def people(image):
    return poseflow.Poses.from_keypoints(np.full((1, 17, 2), float(image.shape[1])))

def few(image):
    return poseflow.Poses.from_keypoints(np.zeros((1, 3, 2)))

def told(image):
    return few(image)
told.skeleton = "mpii-16"

def nothing(image):
    return None

number = 3
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "people_of_mine.py").write_text(OWN)
    (tmp_path / "needy.py").write_text("import a_package_that_is_not_there")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_own_estimator_from_the_current_folder(here):
    estimator = load(estimator="people_of_mine:people")
    poses = estimator(np.zeros((10, 20, 3), np.uint8))
    assert isinstance(poses, Poses)
    assert (poses.keypoints == 20).all()
    assert estimator.skeleton == skeleton("coco-17")
    assert not is_top_down(estimator)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param("people_of_mine", "expected MODULE:NAME", id="no-colon"),
        pytest.param("nobodys:people", "no module 'nobodys' in", id="no-module"),
        pytest.param("needy:people", "needy needs the package a_package_that", id="no-package"),
        pytest.param("people_of_mine:dogs", "people_of_mine .* has no 'dogs'", id="no-name"),
        pytest.param("people_of_mine:number", "expected something to call, got int", id="a-number"),
        pytest.param("people_of_mine:nothing", "expected poseflow.Poses, got NoneType", id="none"),
        pytest.param("people_of_mine:few", "3 keypoints, for which we ship no", id="few"),
    ],
)
def test_own_estimator_that_is_none(here, spec, said):
    with pytest.raises(InputError, match=said):
        load(estimator=spec)


def test_own_estimator_is_held_to_its_skeleton(here):
    estimator = load(estimator="people_of_mine:told")
    assert estimator.skeleton == skeleton("mpii-16")
    with pytest.raises(InputError, match="told: expected the 16 keypoints of mpii-16, got 3"):
        estimator(np.zeros((10, 20, 3), np.uint8))


def test_own_estimator_of_two_steps_is_seen_as_one():
    from poseflow.estimators.own import Own

    assert is_top_down(Own(two_step([]), "mine"))
