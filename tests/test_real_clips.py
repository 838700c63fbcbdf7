"""Real clips with real detections, in which we counted the people by eye."""

from __future__ import annotations

from collections import Counter

import pytest

from conftest import shared
from poseflow.appearance import colours
from poseflow.correspondence import dis
from poseflow.formats import load
from poseflow.pipeline import on_video, track
from poseflow.tracking import Tracker
from poseflow.video import open_video, read_frames


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        # A girl in every frame; a boy, whom she hides for 69 frames on end.
        pytest.param("bedroom", {1: 200, 2: 116}, id="bedroom"),
        # A woman and a man in every frame; one on a treadmill, missed in 14 frames, seen twice
        # in others.
        pytest.param("treadmill", {1: 100, 2: 86, 3: 100}, id="treadmill"),
    ],
)
def test_everybody_has_one_id_and_nobody_shares_it(name, seen):
    video = open_video(shared("data", "videos", f"{name}.mp4"))
    sequence = on_video(load(shared("data", "detections", f"{name}.json")), video)
    look = colours(sequence.skeleton)
    tracker = Tracker(sequence.skeleton, fps=video.fps, matcher=dis(), appearance=look)

    tracked = track(sequence, tracker, read_frames(video, color=True))

    frames = Counter(i for poses in tracked.frames for i in poses.track_ids.tolist() if i > 0)
    assert frames == seen
