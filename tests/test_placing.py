"""Which frame of a video, or which image of a folder, poses belong to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conftest import frame_of, person
from poseflow.errors import InputError
from poseflow.pipeline import on_video
from poseflow.poses import Sequence
from poseflow.skeletons import skeleton
from poseflow.video import Video, open_video, write_images, write_video

SHADES = [(np.full((40, 60, 3), 10 * t, dtype=np.uint8), t / 25) for t in range(6)]


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Video:
    """Six frames."""
    path = tmp_path_factory.mktemp("placing") / "clip.mp4"
    write_video(path, SHADES, fps=25)
    return open_video(path)


def named(*names: str, empty: tuple[str, ...] = ()) -> Sequence:
    """A person in each frame, at x = 1, 2, …, so that frames are told apart."""
    frames = [
        frame_of() if name in empty else frame_of(person(i, 20))
        for i, name in enumerate(names, start=1)
    ]
    return Sequence(skeleton("coco-17"), frames, names, name="mine")


def placed(sequence: Sequence, video: Video) -> tuple[list[int], list[str]]:
    """Which person is in each frame, 0 = nobody; and what is said of it."""
    said: list[str] = []
    clip = on_video(sequence, video, said.append)
    middles = (poses.boxes[:, [0, 2]].mean(axis=1) for poses in clip.frames)
    return [round(float(x[0])) if len(x) else 0 for x in middles], said


def test_numbers_are_frames_counted_from_0(video):
    assert placed(named("0.jpg", "5.jpg", "2.jpg"), video) == ([1, 0, 3, 0, 0, 2], [])


def test_the_number_of_frames_is_the_last_frame_counted_from_1(video):
    assert placed(named("1.jpg", "6.jpg"), video) == ([1, 0, 0, 0, 0, 2], [])


def test_what_may_count_from_1_counts_from_0_and_says_so(video):
    where, said = placed(named("1.jpg", "3.jpg"), video)
    assert where == [0, 1, 0, 2, 0, 0]
    assert said == [
        "mine: images are numbered 1 to 3 and the video has 6 frames: taken as counted from 0; if "
        "they count from 1, all poses are a frame late"
    ]


def test_poses_without_any_names_belong_to_the_frames_in_order(video):
    assert placed(named("", "", ""), video) == ([1, 2, 3, 0, 0, 0], [])


def test_a_name_that_tells_no_frame_matters_only_if_there_are_people(video):
    assert placed(named("cover.jpg", "0.jpg", empty=("cover.jpg",)), video)[0] == [2] + [0] * 5


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("foo.jpg", "bar.jpg"), "frame 1: image: expected a name with a number.*got 'foo.jpg'"),
        (("0.jpg", "1.jpg", "x.jpg"), "frame 3: image: expected a name .* got 'x.jpg'"),
        (("0.jpg", ""), "frame 2: image: expected a name with a number.*got ''"),
        (("0.jpg", "6.jpg"), "image '6.jpg': poses for frame 6, but .* has 6 frames"),
        (("0.jpg", f"{10**30}.jpg"), "poses for frame .*, but .* has 6 frames"),
        (("a/1.jpg", "b/1.jpg"), "belongs to the same frame as 'a/1.jpg'"),
        (("",) * 7, "poses for 7 frames, but .* has 6"),
    ],
)
def test_poses_of_no_frame_are_refused(video, names, message):
    with pytest.raises(InputError, match=message):
        on_video(named(*names), video)


def test_numbers_find_images_of_a_folder(tmp_path: Path):
    names = [f"{10 * t:012d}.jpg" for t in range(3)]
    write_images(tmp_path / "images", SHADES[:3], names)
    folder = open_video(tmp_path / "images")
    assert placed(named("20", "0"), folder) == ([2, 0, 1], [])
    with pytest.raises(InputError, match="image '7': no such file among the 3 images"):
        on_video(named("7"), folder)
    write_images(tmp_path / "two", SHADES[:2], ["a1.jpg", "b1.jpg"])
    with pytest.raises(InputError, match="image '1': no such file among the 2 images"):
        on_video(named("1"), open_video(tmp_path / "two"))
