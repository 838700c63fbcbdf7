"""What users' estimators may do wrong: each a sentence with its name, the frame and the reason."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from conftest import person
from poseflow import InputError, Poses, skeleton
from poseflow.cli import main
from poseflow.estimation import estimate
from poseflow.estimators import Following, TwoStep
from poseflow.video import open_video, write_images

MODULE = """
import numpy as np
from conftest import person
from poseflow import Poses

def one(image):
    return Poses.from_keypoints(person(60, 60)[None], np.full((1, 17), 0.9))

def frame(image):
    return int(image[0, 0, 0]) // 10

def index_error(image):
    return [one][frame(image) and 1](image)

def at_once(image):
    raise IndexError

def stop(image):
    raise StopIteration("no more")

def pipe(image):
    raise BrokenPipeError(32, "Broken pipe")

def wrong_shape(image):
    return Poses.from_keypoints(np.zeros((17, 2)))

def infinite(image):
    return Poses.from_keypoints(np.full((1, 17, 2), np.inf))

def percents(image):
    return Poses.from_keypoints(np.zeros((1, 17, 2)), np.full((1, 17), 87.5))

def nobody(image):
    return Poses.from_keypoints(np.full((1, 17, 2), np.nan), boxes=[[0, 0, 5, 5]])

for function in (index_error, at_once, stop, pipe, wrong_shape, infinite, percents, nobody):
    function.skeleton = "coco-17"

def numbered(image):
    return one(image)
numbered.skeleton = 17

def of_two(image, boxes):
    return one(image)

class Class:
    skeleton = "coco-17"
    def __call__(self, image):
        return one(image)

class Several(Class):
    batch = 2
    def __init__(self, answer, batch=2):
        self.answer, self.batch = answer, batch
    def many(self, images):
        return self.answer(images)

none = Several(lambda images: None)
lazy = Several(lambda images: (one(image) for image in images))
others = Several(lambda images: [Poses.empty(3) for image in images])
failing = Several(lambda images: [images[5]])
zero, text = Several(list, 0), Several(list, "8")

class Steps(Class):
    sure = 0.3
    def __init__(self, boxes, poses=one):
        self.boxes, self.poses = boxes, poses
    def detect(self, image):
        return self.boxes
    def poses_in(self, image, boxes):
        return self.poses(image)

two = np.array([[0, 0, 50, 90, 0.9], [90, 0, 150, 90, 0.9]])
no_boxes, words, four = Steps(None), Steps(["a"]), Steps(two[:, :4])
fewer, no_poses = Steps(two), Steps(two, lambda image: 3)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with users' estimators and three images, whose brightness tells the frame."""
    images = [(np.full((120, 200, 3), 10 * t, np.uint8), np.nan) for t in range(3)]
    write_images(tmp_path / "images", images, [f"{t}.png" for t in range(3)])
    (tmp_path / "slips.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("raise RuntimeError('no GPU')")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one sentence of a run that cannot be; nothing is left behind."""
    before = sorted(Path().glob("*[!_]"))
    assert main(["track", "images", "--out", "results", *words]) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(r"poseflow: [^\n]+\n", said)
    assert sorted(Path().glob("*[!_]")) == before
    return said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("index_error", r"frame 1: slips:index_error: IndexError: list .* \(slips.py, line 13\)"),
        ("at_once", r"frame 0: slips:at_once: IndexError \(slips.py, line 16\)"),
        ("stop", r"frame 0: slips:stop: StopIteration: no more \(slips.py"),
        ("pipe", r"frame 0: slips:pipe: BrokenPipeError: \[Errno 32\] Broken pipe \(slips.py"),
        ("wrong_shape", r"frame 0: slips:wrong_shape: keypoints: expected shape .* got \(17, 2\)"),
        ("infinite", "frame 0: slips:infinite: keypoints: expected pixels, .* got inf"),
        ("percents", r"frame 0: slips:percents: keypoint_scores: expected 0 to 1, got 87\.5"),
        ("numbered", "slips:numbered: skeleton: expected a name, a file or .*, got 17"),
        ("of_two", r"slips:of_two: expected .* with one image, got the parameters \(image, boxes"),
        ("Class", r"slips:Class: expected .* got the class Class: name an object .* Class\("),
        ("none", "frames 0 to 1: slips:none: many: expected a list .* got NoneType"),
        ("lazy", "frames 0 to 1: slips:lazy: many: expected a list .* got generator"),
        ("others", "frames 0 to 1: slips:others: expected the 17 keypoints of coco-17, got 3"),
        ("failing", "frames 0 to 1: slips:failing: many: IndexError: list index"),
        ("zero", "slips:zero: batch: expected a number of images, 1 or more, got 0"),
        ("text", "slips:text: batch: expected a number of images, 1 or more, got '8'"),
    ],
)
def test_a_slip_is_a_sentence(here, capsys, name, said):
    assert re.search(said, told(capsys, "--estimator", f"slips:{name}"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_boxes", r"frame 0: slips:no_boxes: detect: expected boxes \(N, 5\), got NoneType"),
        ("words", r"slips:words: detect: expected boxes \(N, 5\), got list"),
        ("four", r"slips:four: detect: expected boxes \(N, 5\), got an array \(2, 4\)"),
        ("fewer", "slips:fewer: poses_in: expected a pose for each of 2 boxes, got 1"),
        ("no_poses", "slips:no_poses: poses_in: expected poseflow.Poses, got int"),
    ],
)
def test_a_slip_of_two_steps_is_a_sentence(here, capsys, name, said):
    assert re.search(said, told(capsys, "--estimator", f"slips:{name}", "--detect-every", "2"))


def test_a_module_that_fails_is_a_sentence(here, capsys):
    said = told(capsys, "--estimator", "broken:estimator")
    assert "estimator: broken: RuntimeError: no GPU (broken.py, line 1)" in said


def test_people_without_a_keypoint_are_none(here, capsys):
    assert main(["track", "images", "--out", "r", "--estimator", "slips:nobody"]) == 0
    assert capsys.readouterr().out.startswith("0 people in 3 frames, 0 poses")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pipe", "images: frame 0: slips:pipe: BrokenPipeError"),
        # Frame 1 may have been overtaken.
        ("index_error", "images: frame [12]: slips:index_error: IndexError"),
    ],
)
def test_live_names_the_frame_and_does_not_take_it_for_a_reader_who_left(here, capfd, name, said):
    assert main(["live", "images", "--json", "-", "--estimator", f"slips:{name}"]) == 2
    assert re.search(said, capfd.readouterr().err)


def test_in_python_the_exception_itself_is_the_cause(here):
    def mine(image: np.ndarray) -> Poses:
        raise KeyError("weights")

    mine.skeleton = skeleton("coco-17")
    frames = estimate(open_video("images"), mine).frames
    with pytest.raises(InputError, match=r"frame 0: .*mine: KeyError: 'weights'") as caught:
        list(frames)
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.__cause__.__traceback__ is not None
    with pytest.raises(InputError, match=r"frame 0: expected poses, got none: .* before"):
        list(frames)


def test_rows_of_a_list_are_boxes_and_none_is_nobody():
    def keypoints(image, boxes):
        people = [person(x, 60) for x in boxes[:, 0]]
        return np.reshape(people, (-1, 17, 2)), np.full((len(boxes), 17), 0.9)

    image = np.zeros((120, 200, 3), np.uint8)
    for boxes, found in (([[40.0, 0, 80, 90, 0.9]], 1), ([], 0)):
        mine = TwoStep(lambda image, boxes=boxes: boxes, keypoints, skeleton("coco-17"))
        assert len(mine(image)) == len(Following(mine, 1)(image)) == found
