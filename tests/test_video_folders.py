"""Reading folders of images, and fetching frames ahead."""

from __future__ import annotations

import math
import struct
import threading
import time

import cv2
import numpy as np
import pytest

from films import drifting, film
from poseflow.errors import InputError
from poseflow.video import open_video, read_frames
from poseflow.video import reading as reading_module


def reading_threads():
    return [thread for thread in threading.enumerate() if "poseflow-frames" in thread.name]


# Folders.


def write_png(path, value, shape=(6, 8)):
    cv2.imwrite(str(path), np.full((*shape, 3), value, np.uint8))


def test_a_folder_of_images(tmp_path):
    for name, value in [("10.png", 10), ("2.PNG", 2), ("1.bmp", 1), ("a3.tiff", 30)]:
        write_png(tmp_path / name, value)
    write_png(tmp_path / "a12.png", 120, shape=(4, 20))
    for other in (".1.png", "Thumbs.db", "poses.json"):
        (tmp_path / other).write_bytes(b"no image")
    (tmp_path / "5.png").mkdir()

    video = open_video(tmp_path)
    frames = list(read_frames(video, color=False))

    assert video.names == ("1.bmp", "2.PNG", "10.png", "a3.tiff", "a12.png")
    assert (video.size, video.n_frames, video.fps, video.is_folder) == ((8, 6), 5, None, True)
    assert [frame.image[0, 0] for frame in frames] == [1, 2, 10, 30, 120]
    assert [frame.image.shape for frame in frames] == [(6, 8)] * 4 + [(4, 20)]
    assert [frame.name for frame in frames] == list(video.names)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert all(math.isnan(frame.time) for frame in frames)
    colored = list(read_frames(video, color=True))
    assert [frame.image.shape for frame in colored] == [(6, 8, 3)] * 4 + [(4, 20, 3)]


@pytest.mark.parametrize("color", [False, True])
def test_the_exif_orientation_is_heeded(tmp_path, color):
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[:16, :24] = 255
    content = cv2.imencode(".jpg", picture)[1].tobytes()
    # One entry: tag 0x112, orientation, a short, 6 = to be turned by 90° clockwise.
    directory = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x112, 3, 1, 6, 0)
    marker = b"\xff\xe1" + struct.pack(">H", len(directory) + 8) + b"Exif\0\0" + directory
    (tmp_path / "1.jpg").write_bytes(content[:2] + marker + content[2:])

    video = open_video(tmp_path)
    (frame,) = read_frames(video, color=color)

    assert video.size == (32, 48)
    assert frame.image.shape[:2] == (48, 32)
    assert frame.image[5, 27].mean() > 200 > 50 > frame.image[5, 5].mean()


def test_one_image_is_a_video_of_one_frame(tmp_path):
    write_png(tmp_path / "a.png", 90)

    video = open_video(tmp_path / "a.png")

    assert (video.size, video.n_frames) == ((8, 6), 1)
    (frame,) = read_frames(video, color=True)
    assert frame.time == 0
    assert (frame.image == 90).all()


# Fetching ahead.


@pytest.mark.parametrize("ahead", [1, 3, 4, 50])
def test_fetching_ahead_changes_nothing(tmp_path, ahead):
    video = open_video(film(tmp_path / "a.mkv", drifting(12)))
    expected = list(read_frames(video, color=True, ahead=0))

    got = list(read_frames(video, color=True, ahead=ahead))

    assert [(f.index, f.time) for f in got] == [(f.index, f.time) for f in expected]
    assert all((a.image == b.image).all() for a, b in zip(got, expected, strict=True))
    assert not reading_threads()


@pytest.mark.parametrize("ahead", [0, 1, 4])
@pytest.mark.parametrize("taken", [0, 1, 5])
def test_closing_early_leaves_no_thread_and_no_open_file(tmp_path, ahead, taken):
    path = film(tmp_path / "a.mkv", drifting(40))
    frames = read_frames(open_video(path), color=False, ahead=ahead)
    for _ in range(taken):
        next(frames)

    frames.close()

    assert not reading_threads()
    with pytest.raises(StopIteration):
        next(frames)


def test_no_more_frames_wait_than_asked_for(tmp_path, monkeypatch):
    for index in range(20):
        write_png(tmp_path / f"{index}.png", index)
    video = open_video(tmp_path)
    read = []

    def counting(path, color):
        read.append(path.name)
        return np.zeros((2, 2), np.uint8)

    monkeypatch.setattr(reading_module, "read_image", counting)
    frames = read_frames(video, color=False, ahead=3)
    for index in range(6):
        next(frames)
        # Those handed out and three that wait; and no more, however long one tarries.
        deadline = time.monotonic() + 5
        while len(read) < index + 1 + 3 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.01)
        assert len(read) == index + 1 + 3
    frames.close()


def test_a_broken_image_is_told_of_in_its_turn(tmp_path):
    for index in range(6):
        write_png(tmp_path / f"{index}.png", index)
    whole = (tmp_path / "3.png").read_bytes()
    (tmp_path / "3.png").write_bytes(whole[: len(whole) // 2])
    frames = read_frames(open_video(tmp_path), color=False)

    assert [next(frames).index for _ in range(3)] == [0, 1, 2]
    with pytest.raises(InputError, match=r"3\.png: expected an image"):
        next(frames)
    assert not reading_threads()


# Bad input.


def test_a_folder_without_images(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(InputError, match=r"expected images in this folder \(.*\), found none"):
        open_video(tmp_path)


def test_an_empty_image(tmp_path):
    (tmp_path / "1.jpg").touch()
    with pytest.raises(InputError, match=r"1\.jpg: expected an image"):
        open_video(tmp_path)
