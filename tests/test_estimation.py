"""From a video to poses, and from a video alone to people with ids."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from conftest import person
from poseflow import InputError, Poses, Tracker, load, skeleton
from poseflow.cli import main
from poseflow.estimation import estimate
from poseflow.estimators import Following
from poseflow.pipeline import track
from poseflow.video import open_video, write_images, write_video


class Dots:
    """People are where a dot is: one at each white pixel of the top row; counts what it is asked.

    Their keypoints are those of `person`, a third of a pixel to the right.
    """

    skeleton = skeleton("coco-17")

    def __init__(self) -> None:
        self.asked = 0
        self.threads: set[str] = set()

    def __call__(self, image: np.ndarray) -> Poses:
        self.asked += 1
        self.threads.add(threading.current_thread().name)
        people = [person(x + 1 / 3, 60) for x in np.flatnonzero(image[0, :, 1] > 200)]
        if not people:
            return Poses.empty(17)
        return Poses.from_keypoints(np.stack(people), np.full((len(people), 17), 0.9))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six images: nobody, then one who walks, joined by another in the last two."""
    images = []
    for index in range(6):
        image = np.zeros((120, 200, 3), np.uint8)
        image[0, [[], [40], [44], [48], [52, 150], [56, 150]][index]] = 255
        images.append((image, np.nan))
    write_images(tmp_path / "images", images, [f"{i}.png" for i in range(6)])
    return tmp_path / "images"


@pytest.mark.parametrize("ahead", [0, 1, 9])
def test_estimate_asks_for_each_frame_once_and_in_order(folder, ahead):
    dots = Dots()
    clip = estimate(open_video(folder), dots, ahead=ahead)
    assert [len(poses) for poses in clip.frames] == [0, 1, 1, 1, 2, 2]
    assert [round(p.keypoints[0, 0, 0]) for p in clip.frames[1:]] == [40, 44, 48, 52, 56]
    assert dots.asked == 6
    assert len(dots.threads) == 1
    assert clip.image_names == ("0.png", "1.png", "2.png", "3.png", "4.png", "5.png")
    assert clip.image_size == (200, 120)


class Several(Dots):
    """Dots that are asked for several images at once, and remember how many."""

    def __init__(self, batch: int, forgetful: bool = False) -> None:
        super().__init__()
        self.batch, self.forgetful = batch, forgetful
        self.sizes: list[int] = []

    def many(self, images: list[np.ndarray]) -> list[Poses]:
        self.sizes.append(len(images))
        return [self(image) for image in images][self.forgetful :]


@pytest.mark.parametrize(
    ("batch", "sizes"), [(1, [1] * 6), (2, [2, 2, 2]), (4, [4, 2]), (100, [6])]
)
def test_several_images_at_once_are_the_images_one_by_one(folder, batch, sizes):
    video, several = open_video(folder), Several(batch)
    together, alone = estimate(video, several), estimate(video, Dots())
    for a, b in zip(together.frames, alone.frames, strict=True):
        assert np.array_equal(a.keypoints, b.keypoints)
        assert np.array_equal(a.scores, b.scores, equal_nan=True)
    assert several.sizes == sizes


def test_who_forgets_one_of_several_images_is_told(folder):
    expected = r"images: frames 0 to 3: Several: many: expected a list .* each of 4 images, got 3"
    with pytest.raises(InputError, match=expected):
        list(estimate(open_video(folder), Several(4, forgetful=True)).frames)


def test_estimate_keeps_hundredths_of_pixels(folder):
    clip = estimate(open_video(folder), Dots())
    assert clip.frames[1].keypoints[0, 0, 0] == 40.33


def test_estimate_is_lazy(folder):
    dots = Dots()
    clip = estimate(open_video(folder), dots, ahead=0)
    assert dots.asked == 0
    assert len(clip.frames[2]) == 1
    assert dots.asked == 3


def test_estimating_while_tracking_is_estimating_before(folder):
    video = open_video(folder)
    before = estimate(video, Dots())
    _ = list(before.frames)
    one, other = (track(clip, Tracker(clip.skeleton)) for clip in (before, estimate(video, Dots())))
    for a, b in zip(one.frames, other.frames, strict=True):
        assert a.track_ids.tolist() == b.track_ids.tolist()
        assert np.array_equal(a.keypoints, b.keypoints)


def test_a_wrong_answer_names_the_frame(folder):
    def wrong(image):
        raise InputError("mine: expected poseflow.Poses, got dict")

    wrong.skeleton = skeleton("coco-17")
    with pytest.raises(InputError, match=r"images: frame 0: mine: expected poseflow.Poses"):
        list(estimate(open_video(folder), wrong).frames)


def test_no_thread_is_left(folder):
    list(estimate(open_video(folder), Dots()).frames)
    clip = estimate(open_video(folder), Dots())
    _ = clip.frames[0]
    del clip
    assert not [t for t in threading.enumerate() if t.name.startswith("poseflow-estimator")]


# ------------------------------------------------------------------------------ the verbs

MODULE = """
from test_estimation import Dots
dots = Dots()
def one_step(image):
    return dots(image)
"""


DRAWN = """
import numpy as np
from conftest import person
from poseflow import Poses

def people(image):
    t = int(image[8, 8, 0])
    rng = np.random.default_rng(t)
    middles = [(40 + t / 7, 60), (150 - t / 7, 55)]
    points = np.stack([person(*middle) for middle in middles]) + rng.normal(0, 1, (2, 17, 2))
    points[0, t % 17] = np.nan
    low = points[:, 5] - rng.uniform(5, 60, (2, 2))
    boxes = np.concatenate([low, low + rng.uniform(50, 300, (2, 2))], axis=1)
    return Poses.from_keypoints(points, rng.uniform(0.5, 1, (2, 17)), rng.uniform(0.6, 1, 2), boxes)

people.skeleton = "coco-17"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    (tmp_path / "dots_of_mine.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_estimate_verb_writes_any_format(here, capsys):
    common = ["estimate", "images", "--estimator", "dots_of_mine:dots", "--out"]
    assert main([*common, "poses.json"]) == 0
    assert capsys.readouterr().out.startswith("7 poses in 6 frames")
    rows = json.loads((here / "poses.json").read_text())
    assert [row["image_id"] for row in rows] == [
        *("1.png", "2.png", "3.png", "4.png", "4.png", "5.png", "5.png")
    ]
    assert main([*common, "poses.csv"]) == 0
    assert main([*common, "open", "--to", "openpose"]) == 0
    assert len(list((here / "open").iterdir())) == 6
    assert [len(p) for p in load(here / "poses.csv").frames] == [0, 1, 1, 1, 2, 2]


def test_estimate_verb_refuses_before_the_work(here, capsys):
    common = ["estimate", "images", "--estimator", "dots_of_mine:dots"]
    for arguments, said in (
        (["--out", "poses"], "poses: expected a file ending in .json"),
        (["--out", "poses.xml"], "got the suffix '.xml'"),
        (["--out", "poses.json", "--to", "csv"], "expected a file ending in .csv"),
        (["--out", "poses.json", "--to", "csx"], "--to: expected one of alphapose,"),
        (["--out", "p.json", "--detect-every", "0"], "--detect-every: expected 1 or more, got 0"),
        (["--out", "p.json", "--detect-every", "2"], "expected an estimator of two steps"),
        (["--out", "p.json", "--model", "light"], "--model: expected without --estimator"),
        (["--out", "p.json", "--device", "cpu"], "--device: expected without --estimator"),
        (["--out", "p.json", "--pose-model", "p"], "--pose-model: expected without --estimator"),
    ):
        assert main([*common, *arguments]) == 2
        assert said in capsys.readouterr().err
    files = ["estimate", "images", "--out", "p.json", "--model", "light", "--pose-model", "p.onnx"]
    assert main(files) == 2
    assert "--model: expected without --detector-model and" in capsys.readouterr().err
    assert sorted(p.name for p in here.iterdir()) == ["dots_of_mine.py", "images"]


# ------------------------------------------------------------------------------ following


class Boxes:
    """An estimator of two steps in a world of rectangles: gray ones are people.

    The detector finds the rectangles of the frame with the scores of `scores` (x -> score), and
    notes in `looked` at which frames it was asked; keypoints are where a rectangle is near a box.
    """

    skeleton = skeleton("coco-17")
    sure = 0.3

    def __init__(
        self, world: list[dict[float, float]], lamp: tuple[float, list[float]] = (0, [])
    ) -> None:
        self.world = world
        # Where something without keypoints stands, and what the detector gives it.
        self.lamp = lamp
        self.frame = -1
        self.looked: list[int] = []

    def image(self, index: int) -> np.ndarray:
        """The frame's picture; to draw it is to go there."""
        self.frame = index
        image = np.zeros((360, 640, 3), np.uint8)
        for x in self.world[index]:
            image[100:220, int(x) - 25 : int(x) + 25] = 200
        return image

    def detect(self, image):
        self.looked.append(self.frame)
        people = [*self.world[self.frame].items()]
        if self.lamp[1]:
            people.append((self.lamp[0], self.lamp[1][self.frame]))
        found = [[x - 30, 95, x + 30, 225, s] for x, s in people if s]
        return np.array(found).reshape(-1, 5)

    def poses_in(self, image, boxes):
        people = np.array([*self.world[self.frame], -999.0])
        middle = (boxes[:, 0] + boxes[:, 2]) / 2
        nearest = people[np.abs(people[None] - middle[:, None]).argmin(axis=1)]
        there = np.abs(nearest - middle) < 40
        x = np.where(there, nearest, middle)
        points = np.stack([person(at, 160, 120) for at in x]) if len(x) else np.empty((0, 17, 2))
        scores = np.where(there, 0.8, 0.2)[:, None] * np.ones((1, 17))
        return Poses.from_keypoints(points, scores, (scores[:, 0] + boxes[:, 4]) / 2, boxes[:, :4])

    def __call__(self, image):
        boxes = self.detect(image)
        return self.poses_in(image, boxes[boxes[:, 4] >= self.sure])


def followed(world: list[dict[float, float]], every: int) -> tuple[list[list[int]], list[int]]:
    """Where people are found in each frame, and the frames at which the detector looked."""
    boxes = Boxes(world)
    following = Following(boxes, every)
    found = []
    for index in range(len(world)):
        poses = following(boxes.image(index))
        found.append(sorted(round(x) for x in poses.keypoints[:, 0, 0]))
    return found, boxes.looked


def test_following_goes_with_people_between_looks():
    world = [{100 + 8 * t: 0.9, 400: 0.9} for t in range(9)]
    found, looked = followed(world, every=4)
    assert found == [[100 + 8 * t, 400] for t in range(9)]
    assert looked == [0, 4, 8]


def test_following_knows_how_fast_people_go_and_how_large_they_are():
    # Faster and faster: 20 pixels further than expected each time, 40 would be another's place.
    way = [100, 130, 180, 250, 340, 450]
    boxes = Boxes([{x: 0.9} for x in way])
    following = Following(boxes, 10)
    answers = [following(boxes.image(index)) for index in range(len(way))]
    assert [round(a.keypoints[0, 0, 0]) for a in answers] == way
    assert boxes.looked == [0]
    # Box 4 is as far from 3 as 3 was from 2, and as large as the detector's.
    assert answers[4].boxes[0] == pytest.approx([320 - 30, 95, 320 + 30, 225])


def test_following_is_not_startled_by_a_place_that_someone_left():
    world = [{100 + 8 * t: 0.9} for t in range(10)]
    assert followed(world, every=20)[1] == [0]


def test_following_leaves_what_the_pose_model_does_not_believe_in():
    boxes = Boxes([{100: 0.9}] * 4, lamp=(500, [0.9, 0.2, 0.2, 0.0]))
    following = Following(boxes, 1)
    assert [len(following(boxes.image(index))) for index in range(4)] == [2, 1, 1, 1]


def test_following_looks_at_once_where_someone_is_lost():
    world = [{100: 0.9, 400: 0.9}, {100: 0.9, 400: 0.9}, {100: 0.9}, {100: 0.9}]
    found, looked = followed(world, every=10)
    assert found[-2:] == [[100], [100]]
    assert looked == [0, 2]


def test_following_looks_where_someone_enters():
    world = [{100: 0.9}, {100: 0.9}, {100: 0.9, 500: 0.9}, {100: 0.9, 500: 0.9}]
    found, looked = followed(world, every=10)
    assert found == [[100], [100], [100, 500], [100, 500]]
    assert looked == [0, 2]


def test_following_keeps_weak_boxes_of_people_it_knows():
    world = [{100: 0.9, 400: 0.2}, {100: 0.2, 400: 0.2}, {100: 0.9, 400: 0.2}]
    assert followed(world, every=1)[0] == [[100], [100], [100]]


def test_following_keeps_people_whom_the_detector_misses_for_a_while():
    world = [{100: 0.9}, *[{100: 0.0}] * 4]
    assert followed(world, every=1)[0] == [[100], [100], [100], [], []]


def test_following_drops_the_second_of_two_on_one_person():
    # Two walk into one place: from there on only one can be seen.
    world = [{100 + 20 * t: 0.9, 180 - 20 * t: 0.9} for t in range(2)] + [{140: 0.9}] * 3
    found, _ = followed(world, every=10)
    assert found[2:] == [[140]] * 3


def test_following_nobody():
    found, looked = followed([{}] * 5, every=2)
    assert found == [[]] * 5
    assert looked == [0, 2, 4]


@pytest.mark.parametrize("every", [1, 3])
def test_following_takes_what_is_there_from_another_size_of_image(every):
    boxes = Boxes([{100: 0.9}] * 2)
    following = Following(boxes, every)
    assert len(following(boxes.image(0))) == 1
    assert len(following(boxes.image(1)[:300])) == 1


def test_a_video_alone_gives_the_same_as_its_poses_file(here):
    frames = []
    for index in range(8):
        image = np.zeros((120, 200, 3), np.uint8)
        # As wide and high as a block of the codec, or it is lost.
        image[:16, 40 + 4 * index : 56 + 4 * index] = 255
        frames.append((image, index / 25))
    write_video(here / "clip.mp4", frames, fps=25)
    common = ["--matcher", "dis", "--quiet"]
    typed = ["--estimator", "dots_of_mine:one_step"]
    assert main(["track", "clip.mp4", *typed, "--out", "alone.json", *common]) == 0
    assert main(["estimate", "clip.mp4", *typed, "--out", "poses.json", "--quiet"]) == 0
    poses = ["--poses", "poses.json", "--out", "two.json"]
    assert main(["track", "clip.mp4", *poses, *common]) == 0
    one, two = (json.loads((here / f"{name}.json").read_text()) for name in ("alone", "two"))
    assert one == two
    assert len(one) >= 8


def test_a_folder_of_a_video_alone_is_that_of_its_poses_file_byte_for_byte(here):
    """Of boxes with all digits a file has x, y, width and height, of which the sum may differ."""
    (here / "drawn.py").write_text(DRAWN)
    frames = [(np.full((120, 200, 3), 10 * t, np.uint8), t / 25) for t in range(12)]
    write_video(here / "clip.mp4", frames, fps=25)
    typed = ["clip.mp4", "--estimator", "drawn:people"]
    assert main(["track", *typed, "--out", "alone", "--quiet"]) == 0
    assert main(["estimate", *typed, "--out", "poses.json", "--quiet"]) == 0
    assert main(["track", "clip.mp4", "--poses", "poses.json", "--out", "two", "--quiet"]) == 0
    names = sorted(path.name for path in (here / "alone").iterdir())
    assert names == ["summary.json", "tracked.json", "tracked.mp4", "tracks.csv"]
    for name in names:
        assert (here / "alone" / name).read_bytes() == (here / "two" / name).read_bytes(), name


def test_track_wants_a_video_or_poses(here, capsys):
    assert main(["track", "--out", "a.json"]) == 2
    assert "expected --poses, or a video to estimate them on" in capsys.readouterr().err
    arguments = ["track", "images", "--poses", "p.json", "--out", "a.json", "--model", "light"]
    assert main(arguments) == 2
    assert "--model: expected without --poses" in capsys.readouterr().err
    assert main(["track", "images", "--format", "coco", "--out", "a.json"]) == 2
    assert "--format: expected with --poses" in capsys.readouterr().err
